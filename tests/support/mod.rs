//! Reference implementations that import nothing of ours: what a formula says, written down naively.
//!
//! A function is written once, over [`Scalar`]. On `f64` it gives the value; on [`Dual`] a directional derivative; on `Dual<Dual<_>>`
//! a second one, all exact (no step size); and with [`Bounded`] at the bottom each result brings a bound on the rounding error that
//! any order of the same sums and products may make, so that a tolerance is computed, never chosen.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod bounded;
pub mod dual;
pub mod layers;
pub mod losses;
pub mod nets;
pub mod random;
pub mod scalar;

pub use bounded::Bounded;
pub use dual::Dual;
pub use random::Random;
pub use scalar::Scalar;
