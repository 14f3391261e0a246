//! Penalties that make zeros: shared features, low rank, and sums of such parts, by proximal methods with a duality gap.
//!
//! ```text
//! min over W, b of   sum_t omega_t sum_i c_i l_t(W_t' x_i + b_t, y_ti)  +  lambda sum_k a_k Omega_k(W_k)        W = sum_k W_k
//! ```
//! Here `W: d x K` has a row a feature and a column a link of a task (one a task, but for more than two classes), and intercepts are free.
//! A method is a choice of norms:
//!
//! | method | penalty | shares |
//! |---|---|---|
//! | [`L21`] | rows' 2-norms | the features that matter |
//! | [`L1`] | absolute values | nothing but the strength |
//! | [`Elastic`] | rows' 2-norms, and squares | features, correlated ones together |
//! | [`Trace`] | nuclear norm | a subspace |
//! | [`Dirty`] | absolute values + rows | features, with exceptions |
//! | [`Robust`] | nuclear norm, or rows, + columns | a subspace, or features, but for outliers |
//! | [`TreeLasso`] | 2-norms of nested groups in each row | features, the more the nearer in a tree |
//!
//! **How.** Squared losses with a norm of rows or entries: block coordinate descent on a working set (`blocks.rs`). With other
//! norms: FISTA ([`Fista`](crate::optim::Fista)) on the losses, intercepts at their best (`losses.rs`), with the norms' proximal steps
//! (`norm.rs`). Losses of classes are expanded to second order, and that is solved as squared losses are (`newton.rs`); where
//! that would take too much memory, or fails, FISTA goes on the losses themselves.
//! Either way the fit ends when the duality gap (`penalty.rs`) is at most [`FitSettings::tol`] times the objective at `W = 0`.
//!
//! **Strength.** At and above some `lambda_max`, a dual norm of the losses' gradient at 0, W is exactly 0: it is the first of
//! [`LinearMethod::grid`](super::LinearMethod::grid). A path starts each search where the last one ended.

mod blocks;
mod classes;
mod dirty;
mod elastic;
mod groups;
mod l1;
mod l21;
mod links;
mod losses;
mod newton;
mod norm;
mod nuclear;
mod parts;
mod penalty;
mod read;
mod robust;
mod solve;
mod squared;
mod trace;
mod tree;
mod tree_lasso;

pub use dirty::{Dirty, RowSize};
pub use elastic::Elastic;
pub use l1::L1;
pub use l21::L21;
pub use norm::Norm;
pub use robust::{Common, Robust};
pub use trace::Trace;
pub use tree::TaskTree;
pub use tree_lasso::{TaskGroup, TreeLasso};

use alloc::vec::Vec;

use super::convex::Source;
use super::{FitSettings, Fitted, Learned};
use crate::error::Result;
use groups::Columns;
use parts::Parts;
use penalty::Penalty;
use solve::Problem;

/// What the tolerance of these methods is by default: the gap against the objective at `W = 0`.
const TOL: f64 = 1e-8;

/// A method whose penalty is a sum of norms.
pub(super) trait Proximal {
    /// The penalty at strength 1.
    ///
    /// # Errors
    /// If a setting makes no sense for these tasks.
    fn penalty(&self, columns: &Columns<'_>) -> Result<Penalty>;

    /// What the parts of W tell.
    fn learned(&self, parts: &Parts) -> Vec<Learned>;
}

/// Strengths worth trying on these tasks.
#[inline]
pub(super) fn grid(
    method: &dyn Proximal,
    settings: FitSettings,
    source: Source<'_>,
) -> Result<Vec<f64>> {
    Ok(Problem::new(method, settings, source)?.grid())
}

/// The optima at these strengths, each searched from the one before.
#[inline]
pub(super) fn path(
    method: &dyn Proximal,
    settings: FitSettings,
    source: Source<'_>,
    lambdas: &[f64],
) -> Result<Vec<Fitted>> {
    Problem::new(method, settings, source)?.path(lambdas)
}
