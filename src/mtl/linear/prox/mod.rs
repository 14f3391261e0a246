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
//! **How.** Squared losses with a norm of rows or entries: block coordinate descent on a working set (`blocks.rs`). All else: FISTA
//! ([`Fista`](crate::optim::Fista)) on the losses, intercepts at their best (`losses.rs`), with the norms' proximal steps (`norm.rs`).
//! Either way the fit ends when the duality gap (`penalty.rs`) is at most [`Settings::tol`] times the objective at `W = 0`.
//!
//! **Strength.** At and above some `lambda_max`, a dual norm of the losses' gradient at 0, W is exactly 0: it is the first of
//! [`LinearMethod::grid`]. A path starts each search where the last one ended.

mod blocks;
mod classes;
mod dirty;
mod elastic;
mod groups;
mod l1;
mod l21;
mod links;
mod losses;
mod norm;
mod nuclear;
mod parts;
mod penalty;
mod robust;
mod solve;
mod squared;
mod trace;
mod tree;
mod tree_lasso;

pub use dirty::{Dirty, RowSize};
pub use elastic::Elastic;
pub use groups::Columns;
pub use l1::L1;
pub use l21::L21;
pub use norm::Norm;
pub use parts::Parts;
pub use penalty::Penalty;
pub use robust::{Common, Robust};
pub use trace::Trace;
pub use tree::TaskTree;
pub use tree_lasso::{TaskGroup, TreeLasso};

use alloc::{boxed::Box, vec::Vec};

use crate::check;
use crate::error::Result;
use crate::mtl::linear::{Fitted, Learned, LinearMethod, Summarised};
use crate::mtl::{Summaries, TaskSet};
use solve::Problem;

/// What all these methods ask for beside their penalty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Whether each link has an intercept, unpenalised. Default: yes.
    pub intercept: bool,
    /// Converged when the duality gap is at most this times the objective at `W = 0`. Default 1e-8.
    pub tol: f64,
    /// Most passes over the features, or proximal steps. Default 10,000.
    pub max_iter: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            intercept: true,
            tol: 1e-8,
            max_iter: 10_000,
        }
    }
}

impl Settings {
    /// Sets [`Settings::intercept`].
    pub fn with_intercept(self, intercept: bool) -> Self {
        Self { intercept, ..self }
    }

    /// Sets [`Settings::tol`].
    pub fn with_tol(self, tol: f64) -> Self {
        Self { tol, ..self }
    }

    /// Sets [`Settings::max_iter`].
    pub fn with_max_iter(self, max_iter: usize) -> Self {
        Self { max_iter, ..self }
    }

    fn check(&self) -> Result<()> {
        check::setting("tol", "0 or more", self.tol, self.tol >= 0.0)?;
        check::setting(
            "max_iter",
            "1 or more",
            self.max_iter as f64,
            self.max_iter > 0,
        )
    }
}

/// A method whose penalty is a sum of norms: what is left to say of it.
pub trait Proximal: Summarised {
    /// The method's name.
    fn name(&self) -> &'static str;

    /// The strength of the penalty, above 0.
    fn lambda(&self) -> f64;

    /// The same method with another strength.
    fn at(&self, lambda: f64) -> Box<dyn LinearMethod>;

    /// The settings of the fit.
    fn settings(&self) -> Settings;

    /// The penalty at strength 1.
    ///
    /// # Errors
    /// If a setting makes no sense for these tasks.
    fn penalty(&self, columns: &Columns<'_>) -> Result<Penalty>;

    /// What the parts of W tell.
    fn learned(&self, parts: &Parts) -> Vec<Learned>;
}

impl<M: Proximal> LinearMethod for M {
    fn name(&self) -> &'static str {
        Proximal::name(self)
    }

    fn at(&self, lambda: f64) -> Box<dyn LinearMethod> {
        Proximal::at(self, lambda)
    }

    fn grid(&self, tasks: &TaskSet<'_, f64>) -> Result<Vec<f64>> {
        Ok(Problem::new(self, tasks)?.grid())
    }

    fn fit(&self, tasks: &TaskSet<'_, f64>) -> Result<Fitted> {
        Problem::new(self, tasks)?.fit(self.lambda())
    }

    fn path(&self, tasks: &TaskSet<'_, f64>, lambdas: &[f64]) -> Result<Vec<Fitted>> {
        Problem::new(self, tasks)?.path(lambdas)
    }

    fn summarised(&self) -> Option<&dyn Summarised> {
        Some(self)
    }
}

/// What [`Summarised`] asks, for any method of this kind.
///
/// # Errors
/// As [`Summarised::path_of_summaries`].
pub fn path_of_summaries(
    method: &dyn Proximal,
    names: &[&str],
    summaries: &Summaries,
    lambdas: &[f64],
) -> Result<Vec<Fitted>> {
    Problem::of_summaries(method, names, summaries)?.path(lambdas)
}
