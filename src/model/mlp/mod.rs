//! Multilayer perceptrons, with scikit-learn's names, defaults and scale of the loss.
//!
//! On a mini-batch of rows with total weight `s` the objective is
//! ```text
//! 1/s (sum_i w_i loss(net(x_i), y_i) + alpha / 2 ||W||^2)             all weights W, no bias
//! ```
//! with the logistic loss for two classes, softmax cross-entropy for more, and `1/2 ||z - y||^2` for numbers. An epoch takes all rows
//! once, in an order that is a function of the seed and the epoch, a step a mini-batch. Training ends after `max_iter` epochs, or when
//! for more than `n_iter_no_change` of them the loss (with early stopping: the score on rows set aside) was no better by `tol`.
//!
//! What training needs to go on is a [`Training`]: parameters, the optimiser's memory, how far it is. [`Mlp::fit`] makes one and runs
//! it; kept by the caller, it can be resumed, whereupon the result is that of an uninterrupted run to the bit, or fed rows as they come
//! ([`Mlp::partial_fit`]). It also holds all buffers: after its first step, steps allocate nothing.

mod batch;
mod fit;
mod head;
mod network;
mod run;
mod settings;
mod training;

pub(crate) use self::batch::{Batch, Data, gather_rows};
pub use self::fit::{Classes, Values};
pub(crate) use self::head::Head;
pub use self::network::Network;
pub use self::settings::{LearningRate, Mlp, MlpSolver};
pub use self::training::Training;

/// A multilayer perceptron for classes.
pub type MlpClassifier = Mlp<Classes>;

/// A multilayer perceptron for numbers, one or several.
pub type MlpRegressor = Mlp<Values>;
