//! Optimisers over an [`Objective`](crate::objective::Objective) alone.
//!
//! *The whole objective, to its optimum*: [`Lbfgs`], from gradients, and [`NewtonCg`], from exact Hessian products. Both walk by
//! `descent.rs`, which keeps the best point and says why it stopped, and choose each step by `line_search.rs`.

#[cfg(feature = "alloc")]
mod descent;
#[cfg(feature = "alloc")]
pub mod lbfgs;
#[cfg(feature = "alloc")]
mod line_search;
#[cfg(feature = "alloc")]
pub mod newton_cg;
#[cfg(feature = "alloc")]
mod report;

#[cfg(feature = "alloc")]
pub use lbfgs::{Lbfgs, LbfgsState};
#[cfg(feature = "alloc")]
pub use newton_cg::{Curvature, NewtonCg, NewtonCgState};
#[cfg(feature = "alloc")]
pub use report::{Callback, Progress, Report, Stop};
