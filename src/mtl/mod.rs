//! Many tasks at once: `min over theta, phi of sum_i L_i(theta_i, phi) + lambda R(theta, phi)`, where `phi` is what they share.

pub mod balance;
