//! Transfer: what was learned on a source helps a target with few rows. The regulariser of the one formula, measured in parameter space.
//!
//! | method | R, or what it does |
//! |---|---|
//! | [`BiasedRidge`], [`BiasedLogistic`] | `lambda/2 |w - phi|^2` towards given weights, to the optimum; gradients by phi and lambda |
//! | [`L2Sp`] | the same pull added to any objective, a strength a span (Li, Grandvalet and Davoine 2018) |
//! | [`Tuning`] | a rate a span and stage: frozen spans, linear probe, probe then fine-tune, discriminative rates, gradual unfreezing, biases |
//! | [`FineTuning`] | a warm start, L2-SP or LP-FT, of a network by mini-batches, with a new head where the targets are new |
//! | [`ImportanceWeights`] | weighs source rows by how much they look like the target's (classifier odds) |
//! | [`augment`] | a shared copy of the features and one a task (Daume 2007): transfer by plain ridge |
//!
//! Does transfer help here? The leave-one-out errors of the biased models say, without rows set aside: their penalties are chosen by it.

mod augment;
mod biased_logistic;
mod biased_ridge;
mod fine_tuning;
mod importance;
mod l2sp;
mod tuning;

pub use augment::{augment, augmented_span};
pub use biased_logistic::BiasedLogistic;
pub use biased_ridge::{BiasedRidge, BiasedRidgeFit};
pub use fine_tuning::{FineTuning, FineTuningReport, with_new_head};
pub use importance::{ImportanceModel, ImportanceWeights};
pub use l2sp::L2Sp;
pub use tuning::{Stage, Tuning, TuningState, layer_spans};

use alloc::vec::Vec;

use crate::check;
use crate::error::Result;

/// The gradient of a loss of a fitted model by what it was fitted towards.
#[derive(Clone, Debug, PartialEq)]
pub struct PriorGradient<T> {
    /// By the prior's flat parameters, as [`LinearModel::params`](crate::model::LinearModel::params) has them; 0 for intercepts that are
    /// free.
    pub prior: Vec<T>,
    /// By the penalty.
    pub penalty: T,
}

/// The candidate of the smallest error, of equal ones the first, and all errors.
fn least(candidates: &[f64], error: impl FnMut(f64) -> Result<f64>) -> Result<(f64, Vec<f64>)> {
    check::not_empty("penalties", candidates.len())?;
    let errors: Vec<f64> = candidates
        .iter()
        .copied()
        .map(error)
        .collect::<Result<_>>()?;
    let better = |best: usize, i: usize| if errors[i] < errors[best] { i } else { best };
    let best = (1..errors.len()).fold(0, better);
    Ok((candidates[best], errors))
}
