//! Optimisers over an [`Objective`](crate::objective::Objective), or over single gradients.
//!
//! *The whole objective, to its optimum* (with `alloc`): [`Lbfgs`], from gradients, and [`NewtonCg`], from exact Hessian products.
//! Both walk by `descent.rs`, which keeps the best point and says why it stopped, and choose each step by `line_search.rs`.
//!
//! *With a penalty that is not smooth* (with `alloc`): [`Fista`], from gradients and the penalty's [`Prox`].
//!
//! *A step a gradient*, for mini-batches: a [`Method`] ([`Sgd`], [`Adam`]) moves the parameters, a [`Schedule`] or a [`Plateau`] gives
//! the rate, [`clip_norm`] and [`clip_value`] bound the gradient. These work on the caller's buffers.

mod adam;
mod clip;
mod curvature;
#[cfg(feature = "alloc")]
mod descent;
#[cfg(feature = "alloc")]
mod lbfgs;
#[cfg(feature = "alloc")]
mod line_search;
#[cfg(feature = "alloc")]
mod newton_cg;
#[cfg(feature = "alloc")]
mod prox;
#[cfg(feature = "alloc")]
mod report;
mod schedule;
mod sgd;
mod step;

pub use adam::Adam;
pub use clip::{clip_norm, clip_value};
pub use curvature::Curvature;
#[cfg(feature = "alloc")]
pub use lbfgs::{Lbfgs, LbfgsState};
#[cfg(feature = "alloc")]
pub use newton_cg::{NewtonCg, NewtonCgState};
#[cfg(feature = "alloc")]
pub use prox::{Fista, FistaReport, Prox, Visited};
#[cfg(feature = "alloc")]
pub use report::{Callback, Progress, Report, Stop};
pub use schedule::{Decay, Plateau, PlateauState, Schedule, Verdict};
pub use sgd::Sgd;
pub use step::{Method, StepState};
