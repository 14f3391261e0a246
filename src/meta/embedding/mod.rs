//! Embeddings: a network body that is shared, and a head in closed form that each task solves for.
//!
//! ```text
//! h = body(phi, x)          head = solve(h of the support set)          z = head(h of a query row)
//! ```
//! The body is meta-trained through the solution ([`heads::ClosedForm`](super::heads::ClosedForm)): one forward and one backward pass over
//! a task's rows, no Hessian, no inner rate to choose. What a task adapts is a linear map of the body's features, whatever the head, so
//! that an adapted learner is an ordinary network ([`EmbeddingModel::adapted_layers`]).
//!
//! The body's last layer has the hidden layers' activation under a ridge or logistic head; prototypes measure distances in the space of
//! its outputs, and have it linear.
//!
//! [`Baseline`] is the same without episodes: its body learned all tasks at once.

mod baseline;
mod head;
mod model;
mod training;

pub use baseline::Baseline;
pub use head::EmbeddingHead;
pub use model::{AdaptedHead, EmbeddingModel};

use alloc::{vec, vec::Vec};

use cognate_kernels::Activation;

use super::heads::{LogisticHead, RidgeHead};
use crate::check;
use crate::error::Result;
use crate::layer::Init;
use crate::optim::{Adam, Method, Schedule};

/// A body with a head, and how to meta-train it. [`EmbeddingLearner::fit`] does.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddingLearner {
    /// What a task solves for.
    pub head: EmbeddingHead,
    /// Units of the body's layers, at least one; the last one's are the features. Default 40, 40.
    pub hidden: Vec<usize>,
    /// Of the body's layers. Default relu.
    pub activation: Activation,
    /// How the body starts. Default [`Init::HeNormal`].
    pub init: Init,
    /// Meta-steps. Default 20,000.
    pub meta_steps: u64,
    /// Tasks of a meta-step. Default 25.
    pub tasks_per_step: usize,
    /// The outer rate. Default 1e-3, constant.
    pub schedule: Schedule,
    /// The outer method. Default Adam.
    pub outer: Method,
    /// Seed of the body's start. Tasks have a seed of their own.
    pub seed: u64,
    /// Threads that training may use; results do not depend on it. Default 1.
    pub threads: usize,
}

impl EmbeddingLearner {
    /// The command's names of the heads.
    pub const NAMES: [&'static str; 3] = ["ridge-head", "logistic-head", "protonet"];

    /// Defaults with this head.
    pub fn new(head: EmbeddingHead) -> Self {
        Self {
            head,
            hidden: vec![40, 40],
            activation: Activation::Relu,
            init: Init::HeNormal,
            meta_steps: 20_000,
            tasks_per_step: 25,
            schedule: Schedule::constant(1e-3),
            outer: Method::Adam(Adam::default()),
            seed: 0,
            threads: 1,
        }
    }

    /// The learner called so.
    pub fn named(name: &str) -> Option<Self> {
        let head = match name {
            "ridge-head" => EmbeddingHead::Ridge(RidgeHead::default()),
            "logistic-head" => EmbeddingHead::Logistic(LogisticHead::default()),
            "protonet" => EmbeddingHead::Prototypes,
            _ => return None,
        };
        Some(Self::new(head))
    }

    /// Sets [`EmbeddingLearner::hidden`].
    pub fn with_hidden(self, hidden: &[usize]) -> Self {
        Self {
            hidden: hidden.to_vec(),
            ..self
        }
    }

    /// Sets [`EmbeddingLearner::meta_steps`].
    pub fn with_meta_steps(self, meta_steps: u64) -> Self {
        Self { meta_steps, ..self }
    }

    /// Sets [`EmbeddingLearner::tasks_per_step`].
    pub fn with_tasks_per_step(self, tasks_per_step: usize) -> Self {
        Self {
            tasks_per_step,
            ..self
        }
    }

    /// Sets [`EmbeddingLearner::schedule`].
    pub fn with_schedule(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// Sets [`EmbeddingLearner::seed`].
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets [`EmbeddingLearner::threads`].
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    fn check(&self) -> Result<()> {
        let positive = |name, found: f64| check::setting(name, "above 0", found, found > 0.0);
        positive("tasks_per_step", self.tasks_per_step as f64)?;
        positive("learning_rate", self.schedule.rate)?;
        check::not_empty("hidden", self.hidden.len())?;
        let mut layers = self.hidden.iter();
        layers.try_for_each(|&units| positive("every hidden layer", units as f64))
    }
}
