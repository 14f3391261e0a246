//! Heads in closed form: what a task's own part is when it is solved for, not stepped towards.
//!
//! A body gives features `h`; a head makes a map from features to outputs out of a support set at once:
//!
//! | head | the map | learned across tasks |
//! |---|---|---|
//! | [`RidgeHead`] | ridge regression to the targets (R2-D2: Bertinetto and others 2019) | penalty, scale, shift |
//! | [`LogisticHead`] | logistic regression, a class against the others, by IRLS (LR-D2, same paper) | penalty, scale, shift |
//! | [`PrototypeHead`] | nearness to the classes' means, by squared distance (Snell and others 2017) or cosine | the cosine's scale |
//! | [`CentroidHead`] | the nearest mean of centred features of length 1 (SimpleShot: Wang and others 2019) | - |
//! | [`CosineHead`] | directions learned on frozen features (baseline++: Chen and others 2019); steps, not a closed form | - |
//!
//! [`Head`] is the half that adapts; [`HeadAdjoint`] takes the cotangents of the query's outputs back to all features, support and query,
//! exactly. So a body is meta-trained by one forward and one backward pass over a task's rows ([`ClosedForm`]), without a Hessian of it;
//! an [`EmbeddingLearner`](super::embedding::EmbeddingLearner) does so on a distribution of tasks. [`Frozen`] puts a head on a body that was trained otherwise, or on raw inputs.
//! All memory is the caller's, and known from a [`Shape`] beforehand.
//!
//! In use, [`IncrementalRidge`] and [`RunningPrototypes`] take one example at a time, and forget one exactly.

mod affine;
mod batch;
mod centroid;
mod cosine;
#[cfg(feature = "alloc")]
mod frozen;
mod incremental;
mod irls;
mod learner;
mod logistic;
pub(super) mod problem;
mod prototype;
mod ridge;
mod running;
mod support;

pub use affine::affine_as_linear;
pub use batch::EpisodesReport;
pub use centroid::CentroidHead;
pub use cosine::CosineHead;
#[cfg(feature = "alloc")]
pub use frozen::Frozen;
pub use incremental::{Answer, IncrementalRidge};
pub use learner::{ClosedForm, Episode, mean_scale};
pub use logistic::LogisticHead;
pub use prototype::{Nearness, PrototypeHead, prototypes_as_linear, prototypes_as_linear_adjoint};
pub use ridge::RidgeHead;
pub use running::RunningPrototypes;
pub use support::Support;

use cognate_kernels::{MatMut, MatRef, Real};

use crate::error::Result;
use crate::workspace::{Need, Work};

/// The sizes of an episode, by which memory is planned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Support rows, `n`.
    pub support: usize,
    /// Query rows, `m`.
    pub query: usize,
    /// Features of the head, `d`.
    pub features: usize,
    /// Classes, or numbers a row, `c`.
    pub outputs: usize,
}

/// A head that a support set determines.
pub trait Head<T: Real> {
    /// Numbers learned across tasks beside the body: the head's own part of the meta-parameters.
    fn params(&self) -> usize {
        0
    }

    /// Writes where those numbers start.
    fn start(&self, _p: &mut [T]) {}

    /// Numbers that make up a fitted head.
    fn fitted(&self, shape: &Shape) -> usize;

    /// Memory: `saved` for what a fit keeps for its adjoint, scratch for every verb.
    fn need(&self, shape: &Shape) -> Need;

    /// Fits the support set into `fitted`.
    ///
    /// # Errors
    /// If the labels do not fit the head, or the fit does not exist or is not finite.
    fn fit(
        &self,
        p: &[T],
        support: &Support<'_, T>,
        fitted: &mut [T],
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> Result<()>;

    /// The outputs of features `h: m x d` into `z: m x c`.
    fn predict(
        &self,
        p: &[T],
        fitted: &[T],
        h: MatRef<'_, T>,
        z: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    );
}

/// What an adjoint starts from: a fitted support set, and a query.
#[derive(Clone, Copy, Debug)]
pub struct HeadPoint<'a, T> {
    /// The support set that was fitted.
    pub support: Support<'a, T>,
    /// What the fit gave.
    pub fitted: &'a [T],
    /// What it kept.
    pub saved: &'a [T],
    /// The query's features, `m x d`.
    pub query: MatRef<'a, T>,
}

/// Where cotangents go.
#[derive(Debug)]
pub struct HeadGradient<'a, T> {
    /// By the support features, `n x d`; overwritten.
    pub support: MatMut<'a, T>,
    /// By the query features, `m x d`; overwritten.
    pub query: MatMut<'a, T>,
    /// By the support targets as numbers (of classes: by the one-hot rows), `n x c`, overwritten; where a head has no such gradient,
    /// or nobody wants it, `None`.
    pub targets: Option<MatMut<'a, T>>,
    /// By the head's own numbers; overwritten.
    pub params: &'a mut [T],
}

impl<T: Real> HeadGradient<'_, T> {
    /// Takes the gradients by the support's rows and targets, each row times its factor.
    fn put_support(&mut self, factors: &[T], dx: MatRef<'_, T>, dy: MatRef<'_, T>) {
        for (i, &factor) in factors.iter().enumerate() {
            for j in 0..self.support.cols() {
                self.support.set(i, j, factor * dx.at(i, j));
            }
            let Some(targets) = &mut self.targets else {
                continue;
            };
            for j in 0..targets.cols() {
                targets.set(i, j, factor * dy.at(i, j));
            }
        }
    }
}

/// A head through which gradients flow.
pub trait HeadAdjoint<T: Real>: Head<T> {
    /// From `dz: m x c`, the gradient by the query's outputs, to the gradient by everything that they came from.
    fn adjoint(
        &self,
        p: &[T],
        at: &HeadPoint<'_, T>,
        dz: MatRef<'_, T>,
        into: HeadGradient<'_, T>,
        w: &mut Work<'_, T>,
    );
}
