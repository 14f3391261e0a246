//! What every balancing rule is: a function from the signals of one batch to weights.

use alloc::{vec, vec::Vec};

use crate::Result;
use crate::linalg::{Angles, Lcp, MinNorm};

/// What a rule looks at. Each needs what stands before it as well, but for the norms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The losses.
    Losses,
    /// The losses, and [`Balance::stepped`](super::Balance::stepped) with those of the same batch after the step.
    LossesAfter,
    /// The losses and the norms of the tasks' gradients.
    Norms,
    /// The Gram matrix of the tasks' gradients.
    Gram,
}

/// The signals of the n tasks that are present in a batch.
pub(super) struct View<'a> {
    /// Their places among all tasks.
    pub ids: &'a [usize],
    /// n.
    pub losses: &'a [f64],
    /// Norms of the gradients; with [`Needs::Gram`] also their cosines, `n x n`.
    pub gradients: Angles<'a>,
    /// Batches before this one.
    pub step: u64,
}

impl View<'_> {
    /// n.
    pub fn len(&self) -> usize {
        self.ids.len()
    }
}

/// How a rule's weights came about.
pub(super) enum Answer {
    /// By solving a problem, up to this residual; 0 for a formula.
    Solved(f64),
    /// As the derivatives of this function of the losses.
    Derivative(f64),
    /// By a formula, to an end that the rule is not meant for.
    Defeated,
    /// Not at all: the rule has no answer here. Weights by gradients are then those of least norm, by losses what the rule wrote.
    Undefined,
}

/// Buffers of the rules over a Gram matrix of T tasks.
#[derive(Clone, Debug)]
pub(super) struct Scratch {
    pub lcp: Lcp,
    pub min_norm: MinNorm,
    /// Four of `T x T`.
    pub matrices: [Vec<f64>; 4],
    /// Four of T.
    pub vectors: [Vec<f64>; 4],
    /// T places.
    pub order: Vec<usize>,
}

impl Scratch {
    /// For Gram matrices of `tasks` tasks; nothing for rules that look at none.
    pub fn new(tasks: usize, needs: Needs) -> Self {
        let tasks = if needs == Needs::Gram { tasks } else { 0 };
        let matrix = || vec![0.0; tasks * tasks];
        let vector = || vec![0.0; tasks];
        Self {
            lcp: Lcp::new(tasks),
            min_norm: MinNorm::new(tasks),
            matrices: [matrix(), matrix(), matrix(), matrix()],
            vectors: [vector(), vector(), vector(), vector()],
            order: vec![0; tasks],
        }
    }
}

/// A balancing rule.
pub(super) trait Rule {
    /// What `weights` looks at.
    fn needs(&self) -> Needs;

    /// Whether the settings make sense for so many tasks.
    fn check(&self, _tasks: usize) -> Result<()> {
        Ok(())
    }

    /// Numbers to remember between batches.
    fn memory(&self, _tasks: usize) -> usize {
        0
    }

    /// Fills the memory, which is zero, before the first batch.
    fn start(&self, _memory: &mut [f64]) {}

    /// Writes the weights of the tasks present to `w`, and moves the memory on.
    fn weights(
        &self,
        view: &View<'_>,
        memory: &mut [f64],
        scratch: &mut Scratch,
        w: &mut [f64],
    ) -> Answer;

    /// Takes note of all tasks' losses on the same batch after the step.
    fn stepped(&self, _memory: &mut [f64], _losses: &[f64]) {}

    /// Takes note that an epoch has ended.
    fn epoch_ended(&self, _memory: &mut [f64]) {}
}
