//! The settings of a network of many tasks.

use alloc::{format, vec, vec::Vec};

use cognate_kernels::{Activation, Real};

use super::{Architecture, HeadRelation, Outline, Output, TaskNetwork};
use crate::mtl::balance::Balance;
use crate::optim::{Adam, Method, Plateau};
use crate::params::Span;
use crate::{Error, Result, check};

/// What ends training, beside [`MultiTaskMlp::max_iter`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarlyStopping {
    /// The summed training loss no longer falls.
    #[default]
    TrainingLoss,
    /// The tasks' mean loss on rows set aside no longer falls; each loss counts in units of what it was after the first epoch. The
    /// parameters of the best epoch are kept.
    Mean,
    /// As `Mean`, and each task is watched for itself: once its own loss on rows set aside no longer falls it leaves. What tasks share is
    /// then no longer moved by it; its own layers still follow what the others do. Training ends when all have left.
    PerTask,
}

/// A multilayer perceptron that many tasks share: its architecture, how tasks are balanced, how it is trained.
///
/// On a batch the objective is `sum_t L_t + alpha / (2 s) ||W||^2`, each `L_t` the task's weight times the mean loss of its labelled rows
/// in the batch, s the weight of the batch's rows, W all weights and no bias. What tasks share moves along the tasks' gradients weighed by
/// [`MultiTaskMlp::balance`], a task's own layers along its own gradient with weight 1; both by Adam. With one task this is
/// [`MlpClassifier`](crate::model::MlpClassifier) or [`MlpRegressor`](crate::model::MlpRegressor) but for the names of the parameters.
///
/// ```
/// use cognate::MatRef;
/// use cognate::mtl::net::MultiTaskMlp;
/// use cognate::mtl::{Kind, TaskSet};
/// let x = [0.0f32, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
/// let (x, unknown) = (MatRef::new(&x, 4, 2)?, f64::NAN);
/// let y = [0.0, 0.0, 1.0, 1.0, 1.0, unknown, 0.0, 2.0]; // exclusive or, and a sum that is missing once
/// let tasks = [("xor", Kind::Classes(2)), ("sum", Kind::Number)];
/// let set = TaskSet::wide(x, MatRef::new(&y, 4, 2)?, &tasks, None)?;
/// let mlp = MultiTaskMlp::default().with_hidden_layer_sizes(&[32]).with_learning_rate_init(0.02);
/// let (network, report) = mlp.fit(&set)?;
/// assert_eq!(network.predict(0, x)?, [0.0, 1.0, 1.0, 0.0]);
/// assert!(report.losses[1].last() < report.losses[1].first());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MultiTaskMlp {
    /// How tasks share. Default: a trunk, and a head a task.
    pub architecture: Architecture,
    /// Units of each hidden layer; none for linear models. Default one layer of 100.
    pub hidden_layer_sizes: Vec<usize>,
    /// Of the hidden layers. Default relu.
    pub activation: Activation,
    /// How much each task counts for what they share. Draws, where it has any, under [`MultiTaskMlp::seed`]. Default: equally.
    pub balance: Balance,
    /// Strength of the penalty on weights, at least 0. Default 1e-4.
    pub alpha: f64,
    /// A task precision `lambda K^-1`, `T x T`, row-major, symmetric, positive semidefinite: adds `lambda / (2 s) tr(W K^-1 W')`, W the
    /// weights of the heads, a column a link, which must be as many for all tasks. Default: heads are not related.
    pub relation: Option<Vec<f64>>,
    /// Adam's learning rate, above 0. Default 1e-3.
    pub learning_rate_init: f64,
    /// Rows of a mini-batch; `None` for 200, or all rows if they are fewer. Default `None`.
    pub batch_size: Option<usize>,
    /// Most epochs. Default 200.
    pub max_iter: usize,
    /// What ends training. Default: the training loss.
    pub early_stopping: EarlyStopping,
    /// Share of each task's rows set aside for early stopping. Default 0.1.
    pub validation_fraction: f64,
    /// What counts as an improvement. Default 1e-4.
    pub tol: f64,
    /// Epochs without improvement that are borne. Default 10.
    pub n_iter_no_change: usize,
    /// Seed of the start, the orders, the validation split and the balancing. Default 0.
    pub seed: u64,
}

impl Default for MultiTaskMlp {
    fn default() -> Self {
        Self {
            architecture: Architecture::default(),
            hidden_layer_sizes: vec![100],
            activation: Activation::Relu,
            balance: Balance::default(),
            alpha: 1e-4,
            relation: None,
            learning_rate_init: 1e-3,
            batch_size: None,
            max_iter: 200,
            early_stopping: EarlyStopping::default(),
            validation_fraction: 0.1,
            tol: 1e-4,
            n_iter_no_change: 10,
            seed: 0,
        }
    }
}

impl MultiTaskMlp {
    /// Sets [`MultiTaskMlp::architecture`].
    pub fn with_architecture(self, architecture: Architecture) -> Self {
        Self {
            architecture,
            ..self
        }
    }

    /// Sets [`MultiTaskMlp::hidden_layer_sizes`].
    pub fn with_hidden_layer_sizes(self, sizes: &[usize]) -> Self {
        Self {
            hidden_layer_sizes: sizes.to_vec(),
            ..self
        }
    }

    /// Sets [`MultiTaskMlp::activation`].
    pub fn with_activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// Sets [`MultiTaskMlp::balance`].
    pub fn with_balance(self, balance: Balance) -> Self {
        Self { balance, ..self }
    }

    /// Sets [`MultiTaskMlp::alpha`].
    pub fn with_alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// Sets [`MultiTaskMlp::relation`].
    pub fn with_relation(self, precision: &[f64]) -> Self {
        Self {
            relation: Some(precision.to_vec()),
            ..self
        }
    }

    /// Sets [`MultiTaskMlp::learning_rate_init`].
    pub fn with_learning_rate_init(self, learning_rate_init: f64) -> Self {
        Self {
            learning_rate_init,
            ..self
        }
    }

    /// Sets [`MultiTaskMlp::batch_size`].
    pub fn with_batch_size(self, batch_size: usize) -> Self {
        Self {
            batch_size: Some(batch_size),
            ..self
        }
    }

    /// Sets [`MultiTaskMlp::max_iter`].
    pub fn with_max_iter(self, max_iter: usize) -> Self {
        Self { max_iter, ..self }
    }

    /// Sets [`MultiTaskMlp::early_stopping`].
    pub fn with_early_stopping(self, early_stopping: EarlyStopping) -> Self {
        Self {
            early_stopping,
            ..self
        }
    }

    /// Sets [`MultiTaskMlp::validation_fraction`].
    pub fn with_validation_fraction(self, validation_fraction: f64) -> Self {
        Self {
            validation_fraction,
            ..self
        }
    }

    /// Sets [`MultiTaskMlp::tol`].
    pub fn with_tol(self, tol: f64) -> Self {
        Self { tol, ..self }
    }

    /// Sets [`MultiTaskMlp::n_iter_no_change`].
    pub fn with_n_iter_no_change(self, n_iter_no_change: usize) -> Self {
        Self {
            n_iter_no_change,
            ..self
        }
    }

    /// Sets [`MultiTaskMlp::seed`].
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    pub(super) fn check(&self) -> Result<()> {
        check::setting("alpha", "at least 0", self.alpha, self.alpha >= 0.0)?;
        let rate = self.learning_rate_init;
        check::setting("learning_rate_init", "above 0", rate, rate > 0.0)?;
        check::setting("tol", "at least 0", self.tol, self.tol >= 0.0)?;
        let share = self.validation_fraction;
        let inside = share > 0.0 && share < 1.0;
        check::setting("validation_fraction", "between 0 and 1", share, inside)?;
        match self.batch_size {
            Some(0) => Err(Error::Setting {
                name: "batch_size",
                must: "at least 1",
                found: 0.0,
            }),
            _ => Ok(()),
        }
    }

    /// The relation between the heads of `network`.
    pub(super) fn relation_of<T: Real>(
        &self,
        network: &TaskNetwork<T>,
    ) -> Result<Option<HeadRelation>> {
        let Some(precision) = &self.relation else {
            return Ok(None);
        };
        let layout = network.layout();
        let head = |output: &Output| layout.find(&format!("head.{}.weight", output.name));
        let heads: Vec<Span> = network.outputs().iter().filter_map(head).collect();
        HeadRelation::new(&heads, precision).map(Some)
    }

    /// What the architecture starts from.
    pub(super) fn outline<'a>(&'a self, features: usize, outputs: &'a [Output]) -> Outline<'a> {
        Outline {
            features,
            hidden: &self.hidden_layer_sizes,
            activation: self.activation,
            outputs,
        }
    }

    /// Rows of a mini-batch out of `rows`.
    pub(super) fn batch(&self, rows: usize) -> usize {
        self.batch_size.unwrap_or(200).min(rows).max(1)
    }

    /// The method of a step.
    pub(super) fn method(&self) -> Method {
        Method::Adam(Adam::default())
    }

    /// The rule, drawing under the seed.
    pub(super) fn rule(&self) -> Balance {
        self.balance.clone().with_seed(self.seed)
    }

    /// What ends training where a loss no longer falls.
    pub(super) fn plateau(&self) -> Plateau {
        Plateau {
            patience: self.n_iter_no_change,
            tol: self.tol,
            min_rate: f64::INFINITY,
            ..Plateau::default()
        }
    }
}
