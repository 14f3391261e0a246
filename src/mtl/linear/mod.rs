//! Linear models of many tasks: convex problems, each solved to a certificate.
//!
//! ```text
//! min over W, b of   sum_t omega_t sum_{i in t} c_i l_t(W_t x_i + b_t, y_ti)  +  lambda R(W, b)
//! ```
//! `omega_t` is the task's weight, `c_i` the row's; `l` is `1/2 (z - y)^2`, the logistic loss or softmax cross-entropy, as the task's
//! [`Kind`](super::Kind) says, and losses are summed over rows. A method is a choice of R.
//!
//! Every method is a [`LinearMethod`]: plain settings that fit a [`TaskSet`] and give a [`TaskLinear`] with a [`Certificate`].

mod convex;
mod fitted;
mod model;
pub mod prox;
pub mod random_effects;
mod select;
mod settings;
mod soft;

pub use fitted::{Certificate, Fitted};
pub use model::{Axis, Learned, LinearTask, TaskLinear};
pub use prox::{Common, Dirty, Elastic, L1, L21, Robust, RowSize, TaskGroup, Trace, TreeLasso};
pub use random_effects::RandomEffects;
pub use select::{Choice, CrossValidation, Strength};
pub use settings::FitSettings;
pub use soft::{
    Branch, Clustered, Graph, GraphEdge, Icm, Independent, MeanRegularised, Mtrl, Pooled, Relation,
    SharedSpecific, Tree, TreeNode,
};

use alloc::{boxed::Box, vec::Vec};

use crate::error::Result;
use crate::mtl::{Summaries, TaskFactors, TaskSet};

/// A way for linear models of several tasks to share, with its settings.
pub trait LinearMethod {
    /// The method's name.
    fn name(&self) -> &'static str;

    /// The same method with the strength `lambda` of its penalty.
    fn at(&self, lambda: f64) -> Box<dyn LinearMethod>;

    /// Strengths worth trying on these tasks, the strongest first; none where the method has no strength to choose, or chooses it itself.
    ///
    /// # Errors
    /// What [`LinearMethod::fit`] says of the data.
    fn grid(&self, tasks: &TaskSet<'_, f64>) -> Result<Vec<f64>>;

    /// Fits with the settings' own strength.
    ///
    /// # Errors
    /// If a setting makes no sense, or the method cannot learn tasks of these kinds.
    fn fit(&self, tasks: &TaskSet<'_, f64>) -> Result<Fitted>;

    /// Fits every one of `lambdas`, which descend; what can be learned from one strength for the next is.
    ///
    /// # Errors
    /// As [`LinearMethod::fit`].
    fn path(&self, tasks: &TaskSet<'_, f64>, lambdas: &[f64]) -> Result<Vec<Fitted>> {
        lambdas.iter().map(|&l| self.at(l).fit(tasks)).collect()
    }

    /// The method as one that needs no rows, where it is one.
    fn summarised(&self) -> Option<&dyn Summarised> {
        None
    }

    /// The method as one that fits from factors of the rows, where it is one.
    fn careful(&self) -> Option<&dyn Careful> {
        None
    }
}

/// A method that fits tasks which predict numbers from [`Summaries`] alone: rows may have come in pieces, and be gone.
pub trait Summarised {
    /// As [`LinearMethod::path`], for tasks called `names`.
    ///
    /// # Errors
    /// As [`LinearMethod::fit`]; [`Error::Shape`](crate::Error::Shape) if there are not as many names as summaries.
    fn path_of_summaries(
        &self,
        names: &[&str],
        summaries: &Summaries,
        lambdas: &[f64],
    ) -> Result<Vec<Fitted>>;
}

/// A method that fits tasks which predict numbers from [`TaskFactors`] alone, without ever squaring them: as [`Summarised`], for features
/// that are nearly dependent.
pub trait Careful {
    /// As [`Summarised::path_of_summaries`].
    ///
    /// # Errors
    /// The same.
    fn path_of_factors(
        &self,
        names: &[&str],
        factors: &TaskFactors,
        lambdas: &[f64],
    ) -> Result<Vec<Fitted>>;
}
