//! The settings of a multilayer perceptron.

use alloc::{vec, vec::Vec};
use core::marker::PhantomData;

use cognate_kernels::Activation;

use crate::check;
use crate::error::{Error, Result};
use crate::optim::{Adam, Decay, Method, Plateau, Schedule, Sgd};

/// How the objective is minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MlpSolver {
    /// Adam on mini-batches.
    #[default]
    Adam,
    /// Gradient descent with momentum on mini-batches.
    Sgd,
    /// L-BFGS on all rows at once: good for small sets.
    Lbfgs,
}

/// How the learning rate of [`MlpSolver::Sgd`] changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LearningRate {
    /// Not at all.
    #[default]
    Constant,
    /// As the power `-power_t` of the number of rows seen, from epoch to epoch.
    InvScaling,
    /// Divided by 5 wherever training would end for lack of improvement, until it is below 1e-6.
    Adaptive,
}

/// The settings of a multilayer perceptron for targets of kind `K`: [`MlpClassifier`](super::MlpClassifier), [`MlpRegressor`](super::MlpRegressor).
///
/// ```
/// use cognate::{MatRef, model::MlpClassifier};
/// let x = [0.0f32, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
/// let x = MatRef::new(&x, 4, 2)?;
/// let (model, _) = MlpClassifier::default()
///     .with_hidden_layer_sizes(&[8])
///     .with_learning_rate_init(0.05)
///     .fit(x, &[0, 1, 1, 0], None)?;
/// assert_eq!(model.predict(x)?, [0, 1, 1, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp<K> {
    /// Units of each hidden layer; none for a linear model. Default one layer of 100.
    pub hidden_layer_sizes: Vec<usize>,
    /// Of the hidden layers. Default relu.
    pub activation: Activation,
    /// Default Adam.
    pub solver: MlpSolver,
    /// Strength of the penalty on weights, at least 0. Default 1e-4.
    pub alpha: f64,
    /// Rows of a mini-batch; `None` for 200, or all rows if they are fewer. Default `None`.
    pub batch_size: Option<usize>,
    /// How the rate of SGD changes. Default: constant.
    pub learning_rate: LearningRate,
    /// The first learning rate, above 0. Default 1e-3.
    pub learning_rate_init: f64,
    /// The power of [`LearningRate::InvScaling`]. Default 0.5.
    pub power_t: f64,
    /// Most epochs (iterations of L-BFGS). Default 200.
    pub max_iter: usize,
    /// Whether every epoch has an order of its own. Default true.
    pub shuffle: bool,
    /// Seed of the start, the orders and the validation split (scikit-learn's `random_state`). Default 0.
    pub seed: u64,
    /// What counts as an improvement; for L-BFGS the bound on the gradient. Default 1e-4.
    pub tol: f64,
    /// Of SGD, in [0, 1). Default 0.9.
    pub momentum: f64,
    /// Whether SGD looks ahead along its momentum. Default true.
    pub nesterovs_momentum: bool,
    /// Whether training ends by the score on rows set aside. Default false.
    pub early_stopping: bool,
    /// Share of the rows set aside for early stopping. Default 0.1.
    pub validation_fraction: f64,
    /// Decay of Adam's mean of gradients, in [0, 1). Default 0.9.
    pub beta_1: f64,
    /// Decay of Adam's mean of squared gradients, in [0, 1). Default 0.999.
    pub beta_2: f64,
    /// Keeps Adam's quotient finite, above 0; as in the paper, where scikit-learn adds it before the means are corrected. Default 1e-8.
    pub epsilon: f64,
    /// Epochs without improvement that are borne. Default 10.
    pub n_iter_no_change: usize,
    /// Threads that training may use; results do not depend on it. Mini-batches are too small for more than one. Default 1.
    pub threads: usize,
    pub(super) kind: PhantomData<K>,
}

impl<K> Default for Mlp<K> {
    fn default() -> Self {
        Self {
            hidden_layer_sizes: vec![100],
            activation: Activation::Relu,
            solver: MlpSolver::Adam,
            alpha: 1e-4,
            batch_size: None,
            learning_rate: LearningRate::Constant,
            learning_rate_init: 1e-3,
            power_t: 0.5,
            max_iter: 200,
            shuffle: true,
            seed: 0,
            tol: 1e-4,
            momentum: 0.9,
            nesterovs_momentum: true,
            early_stopping: false,
            validation_fraction: 0.1,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            n_iter_no_change: 10,
            threads: 1,
            kind: PhantomData,
        }
    }
}

impl<K> Mlp<K> {
    /// Sets [`Mlp::hidden_layer_sizes`].
    pub fn with_hidden_layer_sizes(self, sizes: &[usize]) -> Self {
        Self {
            hidden_layer_sizes: sizes.to_vec(),
            ..self
        }
    }

    /// Sets [`Mlp::activation`].
    pub fn with_activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// Sets [`Mlp::solver`].
    pub fn with_solver(self, solver: MlpSolver) -> Self {
        Self { solver, ..self }
    }

    /// Sets [`Mlp::alpha`].
    pub fn with_alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// Sets [`Mlp::batch_size`].
    pub fn with_batch_size(self, batch_size: usize) -> Self {
        Self {
            batch_size: Some(batch_size),
            ..self
        }
    }

    /// Sets [`Mlp::learning_rate`].
    pub fn with_learning_rate(self, learning_rate: LearningRate) -> Self {
        Self {
            learning_rate,
            ..self
        }
    }

    /// Sets [`Mlp::learning_rate_init`].
    pub fn with_learning_rate_init(self, learning_rate_init: f64) -> Self {
        Self {
            learning_rate_init,
            ..self
        }
    }

    /// Sets [`Mlp::power_t`].
    pub fn with_power_t(self, power_t: f64) -> Self {
        Self { power_t, ..self }
    }

    /// Sets [`Mlp::max_iter`].
    pub fn with_max_iter(self, max_iter: usize) -> Self {
        Self { max_iter, ..self }
    }

    /// Sets [`Mlp::shuffle`].
    pub fn with_shuffle(self, shuffle: bool) -> Self {
        Self { shuffle, ..self }
    }

    /// Sets [`Mlp::seed`].
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets [`Mlp::tol`].
    pub fn with_tol(self, tol: f64) -> Self {
        Self { tol, ..self }
    }

    /// Sets [`Mlp::momentum`].
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Sets [`Mlp::nesterovs_momentum`].
    pub fn with_nesterovs_momentum(self, nesterovs_momentum: bool) -> Self {
        Self {
            nesterovs_momentum,
            ..self
        }
    }

    /// Sets [`Mlp::early_stopping`].
    pub fn with_early_stopping(self, early_stopping: bool) -> Self {
        Self {
            early_stopping,
            ..self
        }
    }

    /// Sets [`Mlp::validation_fraction`].
    pub fn with_validation_fraction(self, validation_fraction: f64) -> Self {
        Self {
            validation_fraction,
            ..self
        }
    }

    /// Sets [`Mlp::beta_1`].
    pub fn with_beta_1(self, beta_1: f64) -> Self {
        Self { beta_1, ..self }
    }

    /// Sets [`Mlp::beta_2`].
    pub fn with_beta_2(self, beta_2: f64) -> Self {
        Self { beta_2, ..self }
    }

    /// Sets [`Mlp::epsilon`].
    pub fn with_epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// Sets [`Mlp::n_iter_no_change`].
    pub fn with_n_iter_no_change(self, n_iter_no_change: usize) -> Self {
        Self {
            n_iter_no_change,
            ..self
        }
    }

    /// Sets [`Mlp::threads`].
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    pub(super) fn check(&self) -> Result<()> {
        check::setting("alpha", "at least 0", self.alpha, self.alpha >= 0.0)?;
        let rate = self.learning_rate_init;
        check::setting("learning_rate_init", "above 0", rate, rate > 0.0)?;
        check::setting("power_t", "at least 0", self.power_t, self.power_t >= 0.0)?;
        check::setting("tol", "at least 0", self.tol, self.tol >= 0.0)?;
        check::setting("epsilon", "above 0", self.epsilon, self.epsilon > 0.0)?;
        let decays = [
            ("momentum", self.momentum),
            ("beta_1", self.beta_1),
            ("beta_2", self.beta_2),
        ];
        for (name, value) in decays {
            check::setting(name, "in [0, 1)", value, (0.0..1.0).contains(&value))?;
        }
        let share = self.validation_fraction;
        let inside = share > 0.0 && share < 1.0;
        check::setting("validation_fraction", "between 0 and 1", share, inside)?;
        if self.batch_size == Some(0) || self.hidden_layer_sizes.contains(&0) {
            let name = match self.batch_size {
                Some(0) => "batch_size",
                _ => "hidden_layer_sizes",
            };
            return Err(Error::Setting {
                name,
                must: "at least 1",
                found: 0.0,
            });
        }
        Ok(())
    }

    /// Rows of a mini-batch out of `rows`.
    pub(super) fn batch(&self, rows: usize) -> usize {
        self.batch_size.unwrap_or(200).min(rows).max(1)
    }

    /// The method of a step.
    pub(super) fn method(&self) -> Method {
        match self.solver {
            MlpSolver::Sgd => Method::Sgd(
                Sgd::default()
                    .with_momentum(self.momentum)
                    .with_nesterov(self.nesterovs_momentum),
            ),
            _ => Method::Adam(
                Adam::default()
                    .with_betas(self.beta_1, self.beta_2)
                    .with_epsilon(self.epsilon),
            ),
        }
    }

    /// What ends training, or lowers the rate.
    pub(super) fn plateau(&self) -> Plateau {
        let adaptive =
            self.solver == MlpSolver::Sgd && self.learning_rate == LearningRate::Adaptive;
        let adaptive_end = Plateau::default().min_rate;
        Plateau {
            patience: self.n_iter_no_change,
            tol: self.tol,
            min_rate: if adaptive {
                adaptive_end
            } else {
                f64::INFINITY
            },
            ..Plateau::default()
        }
    }

    /// The rate of an epoch before which so many rows were seen; `adapted` is the plateau's.
    pub(super) fn rate(&self, rows_seen: u64, adapted: f64) -> f64 {
        match self.learning_rate {
            LearningRate::InvScaling if self.solver == MlpSolver::Sgd => {
                let power = self.power_t;
                let falling = Schedule::constant(self.learning_rate_init);
                falling
                    .with_decay(Decay::InverseScaling { power })
                    .at(rows_seen)
            }
            _ => adapted,
        }
    }
}
