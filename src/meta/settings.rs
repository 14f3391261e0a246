//! The settings of a gradient-based meta-learner on a network.

use alloc::{vec, vec::Vec};

use cognate_kernels::Activation;

use super::methods::{MAML, Part, Rule};
use crate::check;
use crate::error::Result;
use crate::layer::Init;
use crate::optim::{Adam, Method, Schedule};

/// Query losses after every step (MAML++): the weights `w_k` of `theta_1 .. theta_K` begin equal, and in `anneal` meta-steps move evenly
/// to the last step alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultiStep {
    /// Meta-steps until only the last step counts.
    pub anneal: u64,
}

/// A meta-learner: method, network, inner loop, outer loop. [`MetaLearner::fit`] trains it on a distribution of tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct MetaLearner {
    /// The method.
    pub rule: Rule,
    /// Units of the hidden layers. Default 40, 40.
    pub hidden: Vec<usize>,
    /// Of the hidden layers. Default relu.
    pub activation: Activation,
    /// How the network starts. Default [`Init::HeNormal`]; [`Init::Linear`] is smaller, and steadier over several steps.
    pub init: Init,
    /// Numbers of the context, for [`Part::Context`]. Default 5.
    pub context: usize,
    /// Inner steps. Default 1.
    pub inner_steps: usize,
    /// Inner rate. Default: the method's.
    pub inner_rate: f64,
    /// Momentum of the inner steps. Default 0.
    pub momentum: f64,
    /// Pull towards the start. Default: the method's.
    pub proximal: f64,
    /// The longest inner gradient. Default: any.
    pub inner_clip: Option<f64>,
    /// Query losses after every step. Default: after the last one alone.
    pub multi_step: Option<MultiStep>,
    /// Meta-steps at the start that are of first order, whatever the method's way back (MAML++'s annealing). Default 0.
    pub first_order_steps: u64,
    /// Meta-steps. Default 20,000.
    pub meta_steps: u64,
    /// Tasks of a meta-step. Default 25.
    pub tasks_per_step: usize,
    /// The outer rate. Default 1e-3, constant.
    pub schedule: Schedule,
    /// The outer method. Default Adam.
    pub outer: Method,
    /// The longest meta-gradient. Default: any.
    pub outer_clip: Option<f64>,
    /// Seed of the network's start. Tasks have a seed of their own.
    pub seed: u64,
    /// Threads that training may use; results do not depend on it. Default 1.
    pub threads: usize,
}

impl Default for MetaLearner {
    /// MAML in Finn's sinusoid protocol.
    fn default() -> Self {
        Self::new(MAML)
    }
}

impl MetaLearner {
    /// The method with its defaults.
    pub fn new(rule: Rule) -> Self {
        Self {
            rule,
            hidden: vec![40, 40],
            activation: Activation::Relu,
            init: Init::HeNormal,
            context: 5,
            inner_steps: 1,
            inner_rate: rule.inner_rate,
            momentum: 0.0,
            proximal: rule.proximal,
            inner_clip: None,
            multi_step: None,
            first_order_steps: 0,
            meta_steps: 20_000,
            tasks_per_step: 25,
            schedule: Schedule::constant(1e-3),
            outer: Method::Adam(Adam::default()),
            outer_clip: None,
            seed: 0,
            threads: 1,
        }
    }

    /// Sets [`MetaLearner::hidden`].
    pub fn with_hidden(self, hidden: &[usize]) -> Self {
        Self {
            hidden: hidden.to_vec(),
            ..self
        }
    }

    /// Sets [`MetaLearner::activation`].
    pub fn with_activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// Sets [`MetaLearner::init`].
    pub fn with_init(self, init: Init) -> Self {
        Self { init, ..self }
    }

    /// Sets [`MetaLearner::context`].
    pub fn with_context(self, context: usize) -> Self {
        Self { context, ..self }
    }

    /// Sets [`MetaLearner::inner_steps`] and [`MetaLearner::inner_rate`].
    pub fn with_inner(self, inner_steps: usize, inner_rate: f64) -> Self {
        Self {
            inner_steps,
            inner_rate,
            ..self
        }
    }

    /// Sets [`MetaLearner::meta_steps`].
    pub fn with_meta_steps(self, meta_steps: u64) -> Self {
        Self { meta_steps, ..self }
    }

    /// Sets [`MetaLearner::tasks_per_step`].
    pub fn with_tasks_per_step(self, tasks_per_step: usize) -> Self {
        Self {
            tasks_per_step,
            ..self
        }
    }

    /// Sets [`MetaLearner::schedule`].
    pub fn with_schedule(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// Sets [`MetaLearner::seed`].
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets [`MetaLearner::threads`].
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Numbers beside the inputs: those of the context, where the method has one.
    pub(super) fn context_width(&self) -> usize {
        match self.rule.part {
            Part::Context => self.context,
            _ => 0,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let positive = |name, found: f64| check::setting(name, "above 0", found, found > 0.0);
        let part = |name, found: f64| {
            check::setting(name, "in [0, 1)", found, (0.0..1.0).contains(&found))
        };
        positive("inner_rate", self.inner_rate)?;
        positive("tasks_per_step", self.tasks_per_step as f64)?;
        positive("learning_rate", self.schedule.rate)?;
        part("momentum", self.momentum)?;
        check::setting(
            "proximal",
            "not negative",
            self.proximal,
            self.proximal >= 0.0,
        )?;
        for (name, clip) in [
            ("inner_clip", self.inner_clip),
            ("outer_clip", self.outer_clip),
        ] {
            clip.map_or(Ok(()), |limit| positive(name, limit))?;
        }
        if self.rule.part == Part::Context {
            positive("context", self.context as f64)?;
        }
        if let super::MetaGradient::Implicit(_) = self.rule.gradient {
            positive("proximal", self.proximal)?;
        }
        self.hidden
            .iter()
            .try_for_each(|&units| positive("every hidden layer", units as f64))
    }
}
