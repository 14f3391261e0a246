//! Many tasks at once: `min over theta, phi of sum_t L_t(theta_t, phi) + lambda R(theta, phi)`, where `phi` is what they share.
//!
//! A [`TaskSet`] describes the tasks, whatever learns them, and [`Summaries`] hold what the squared loss needs of their rows. [`linear`]
//! has the convex methods, with certificates; [`balance`] says how much each task counts in a step of a network that all share; [`net`]
//! has the networks. Labels that are nodes of a [`ClassTree`] are tasks too, of either.

pub mod balance;
pub mod linear;
mod nested;
pub mod net;
mod summaries;
mod tasks;

pub use nested::ClassTree;
pub use summaries::{Summaries, TaskFactors, TaskSummary};
pub use tasks::{Kind, Task, TaskSet};
