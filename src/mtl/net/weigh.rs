//! From a visited batch to the tasks' weights.

use alloc::{vec, vec::Vec};

use cognate_kernels::Real;

use super::{TaskBatch, TaskNet, TaskNetObjective, Watch};
use crate::layer::Gram;
use crate::mtl::balance::{Balance, BalanceState, Needs, Outcome, Signals};
use crate::workspace::Work;

/// What a batch says about each task, and what follows for its weight.
#[derive(Clone, Debug)]
pub(super) struct TaskRoom {
    pub(super) values: Vec<f64>,
    /// `T x T`; nothing where the rule does not look at gradients.
    gram: Vec<f64>,
    norms: Vec<f64>,
    /// In this batch, and not one that has left.
    present: Vec<bool>,
    /// The last weights.
    pub(super) weights: Vec<f64>,
}

impl TaskRoom {
    pub(super) fn new(tasks: usize, needs: Needs) -> Self {
        let square = match needs {
            Needs::Gram | Needs::Norms => tasks * tasks,
            Needs::Losses | Needs::LossesAfter => 0,
        };
        Self {
            values: vec![0.0; tasks],
            gram: vec![0.0; square],
            norms: vec![0.0; tasks],
            present: vec![false; tasks],
            weights: vec![0.0; tasks],
        }
    }

    /// Marks the tasks that have a say.
    pub(super) fn mark<T: Real>(&mut self, batch: &TaskBatch<T>, watched: &[Watch]) {
        let tasks = batch.present().iter().zip(watched);
        let say = tasks.map(|(&here, watch)| here && watch.left.is_none());
        self.present
            .iter_mut()
            .zip(say)
            .for_each(|(p, say)| *p = say);
    }

    /// The gradients' products, or their norms on the last shared layer, as far as they are needed.
    pub(super) fn look<T: Real, L: TaskNet<T>>(
        &mut self,
        needs: Needs,
        objective: &TaskNetObjective<'_, T, L>,
        p: &[T],
        saved: &[T],
        w: &mut Work<'_, T>,
    ) {
        let tasks = self.norms.len();
        match needs {
            Needs::Losses | Needs::LossesAfter => {}
            Needs::Gram => objective.gram(p, saved, &mut Gram::new(&mut self.gram, tasks), w),
            Needs::Norms => {
                let mut last = Gram::new(&mut self.gram, tasks).last_layer();
                objective.gram(p, saved, &mut last, w);
                let square = |t: usize| self.gram[t * tasks + t].max(0.0);
                for (t, norm) in self.norms.iter_mut().enumerate() {
                    *norm = Real::sqrt(square(t));
                }
            }
        }
    }

    /// The rule's weights; none if what it looks at is not finite.
    #[inline]
    pub(super) fn weigh(
        &mut self,
        rule: &Balance,
        state: &mut BalanceState,
        precision: f64,
    ) -> Option<Outcome> {
        let signals = Signals::new(&self.values)
            .with_gram(&self.gram)
            .with_norms(&self.norms)
            .with_present(&self.present)
            .with_precision(precision);
        let balanced = rule.weights(state, &signals, &mut self.weights);
        balanced.ok().map(|balanced| balanced.outcome)
    }
}
