//! Baseline (Chen, Liu, Kira, Wang and Huang 2019): no episodes at all.
//!
//! A network learns the classes of all tasks at once, or all tasks' numbers; its last layer is thrown away, and every new task gets a head
//! on what is left: logistic regression of each class against the others, or ridge regression. It is what a meta-learner has to beat, and
//! often it does not.

use alloc::vec::Vec;

use cognate_kernels::{Activation, MatRef, Real};

use super::{EmbeddingHead, EmbeddingLearner, EmbeddingModel};
use crate::error::Result;
use crate::loss::{Target, Targets};
use crate::meta::episodes::{Shape, TargetKind};
use crate::meta::heads::{LogisticHead, RidgeHead};
use crate::meta::transfer::FineTuning;
use crate::meta::{MetaReport, MiniBatches};
use crate::model::{MlpRegressor, logits};
use crate::optim::Callback;

/// A network to be trained on all tasks at once, for the sake of its hidden layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// Units of the hidden layers, at least one; the last one's are the features. Default 40, 40.
    pub hidden: Vec<usize>,
    /// Of the hidden layers. Default relu.
    pub activation: Activation,
    /// Steps at least: epochs are not cut. Default 20,000.
    pub steps: u64,
    /// Rows of a step. Default 200.
    pub batch_size: usize,
    /// Adam's rate. Default 1e-3.
    pub learning_rate: f64,
    /// Seed of the start and the orders. Default 0.
    pub seed: u64,
    /// Threads that training may use; the result does not depend on it. Default 1.
    pub threads: usize,
}

impl Default for Baseline {
    fn default() -> Self {
        Self {
            hidden: [40, 40].to_vec(),
            activation: Activation::Relu,
            steps: 20_000,
            batch_size: 200,
            learning_rate: 1e-3,
            seed: 0,
            threads: 1,
        }
    }
}

impl Baseline {
    /// A learner with the head that new tasks solve for.
    pub fn learner(&self, targets: TargetKind) -> EmbeddingLearner {
        let head = match targets {
            TargetKind::Numbers(_) => EmbeddingHead::Ridge(RidgeHead::default()),
            TargetKind::Classes(_) => EmbeddingHead::Logistic(LogisticHead::default()),
        };
        EmbeddingLearner {
            activation: self.activation,
            ..EmbeddingLearner::new(head)
                .with_hidden(&self.hidden)
                .with_seed(self.seed)
        }
    }

    /// Trains on rows `x: n x d` with targets `y`: numbers, or the classes of all tasks, each counted for itself. A task of the model's has
    /// targets like `of_a_task`.
    ///
    /// # Errors
    /// If a setting is not allowed, there are no rows, a number is not finite, or training ends in numbers that are not.
    pub fn fit<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: Targets<'_, T>,
        of_a_task: TargetKind,
        callback: Callback<'_>,
    ) -> Result<(EmbeddingModel<T>, MetaReport)> {
        let shape = Shape {
            features: x.cols(),
            targets: of_a_task,
        };
        let start = EmbeddingModel::<T>::start(&self.learner(of_a_task), shape)?;
        let outputs = match y.target {
            Target::Values(y) => y.cols(),
            Target::Classes(labels) => {
                logits(labels.iter().max().map_or(0, |&top| top as usize + 1))
            }
        };
        let network = MlpRegressor::default()
            .with_hidden_layer_sizes(&self.hidden)
            .with_activation(self.activation)
            .with_seed(self.seed)
            .start(x.cols(), outputs)?
            .network();
        let tuning = FineTuning {
            training: self.training(x.rows()),
            ..FineTuning::default()
        };
        let (network, report) = tuning.fit((&network, false), (x, y), callback)?;
        let body = start.layout().len();
        let mut params = network.params()[..body].to_vec();
        params.extend_from_slice(&start.params()[body..]);
        let model = EmbeddingModel::new(start.settings(), shape, params)?;
        let report = report.training;
        let report = MetaReport {
            steps: report.evaluations as u64,
            skipped: 0,
            unsolved: 0,
            history: report.history,
            stopped: report.stopped,
        };
        Ok((model, report))
    }

    /// As many whole epochs as make up the steps.
    fn training(&self, rows: usize) -> MiniBatches {
        let steps = rows.div_ceil(self.batch_size.max(1)).max(1) as u64;
        MiniBatches {
            batch_size: Some(self.batch_size),
            learning_rate_init: self.learning_rate,
            max_iter: self.steps.div_ceil(steps) as usize,
            n_iter_no_change: usize::MAX,
            seed: self.seed,
            threads: self.threads,
            ..MiniBatches::default()
        }
    }
}
