//! FAMO (Liu et al. 2023): all log losses shall fall at the same rate, at the price of one more forward pass and no gradient a task.
//! ```text
//! z = softmax(xi)          w_t = c z_t / L_t,   c = 1 / sum_t z_t / L_t          so that sum w_t = 1
//! xi = Adam(xi, J_softmax(xi)' (log L before the step - log L after it) + decay xi)          on the same batch
//! ```
//! where `(J' d)_t = z_t (d_t - z'd)`. xi learns in [`Balance::stepped`](super::Balance::stepped); without that call it rests. Losses must
//! be positive, else the rule is undefined and weights are `1/T`. As in the authors' code 1e-8 is added to every loss.
//!
//! The memory is a count, xi, Adam's own, and last the losses before the step: -1 for a task that was not in the batch.

use cognate_kernels::Real;

use super::learned::Learned;
use super::rule::{Answer, Needs, Rule, Scratch, View};
use super::softmax::softmax;
use crate::{Result, check};

/// Added to every loss.
const EPSILON: f64 = 1e-8;

/// Settings of FAMO.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Famo {
    /// Adam's learning rate for xi. Default 0.025.
    pub rate: f64,
    /// Decay of xi, as part of its gradient. Default 0.001.
    pub decay: f64,
}

impl Default for Famo {
    fn default() -> Self {
        Self {
            rate: 0.025,
            decay: 1e-3,
        }
    }
}

impl Rule for Famo {
    fn needs(&self) -> Needs {
        Needs::LossesAfter
    }

    fn check(&self, _: usize) -> Result<()> {
        check::setting("rate", "not negative", self.rate, self.rate >= 0.0)?;
        check::setting("decay", "not negative", self.decay, self.decay >= 0.0)
    }

    fn memory(&self, tasks: usize) -> usize {
        Learned::memory(tasks) + tasks
    }

    fn start(&self, memory: &mut [f64]) {
        split(memory).1.fill(-1.0);
    }

    fn weights(
        &self,
        view: &View<'_>,
        memory: &mut [f64],
        _: &mut Scratch,
        w: &mut [f64],
    ) -> Answer {
        let (xi, before) = split(memory);
        before.fill(-1.0);
        if view.losses.iter().any(|&loss| loss <= 0.0) {
            w.fill(1.0 / view.len() as f64);
            return Answer::Undefined;
        }
        for (i, &id) in view.ids.iter().enumerate() {
            before[id] = view.losses[i];
            // softmax(xi - log L) is z / L over its sum.
            w[i] = xi.values[id] - Real::ln(view.losses[i] + EPSILON);
        }
        softmax(w);
        Answer::Solved(0.0)
    }

    fn stepped(&self, memory: &mut [f64], losses: &[f64]) {
        let (xi, before) = split(memory);
        let known = |t: usize| before[t] > 0.0 && losses[t] > 0.0;
        let top = xi.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let share = |t: usize| Real::exp(xi.values[t] - top);
        let fall = |t: usize| Real::ln(before[t] + EPSILON) - Real::ln(losses[t] + EPSILON);
        let tasks = || (0..losses.len()).filter(|&t| known(t));
        let sum: f64 = tasks().map(share).sum();
        let mean: f64 = tasks().map(|t| share(t) / sum * fall(t)).sum();
        for t in 0..losses.len() {
            xi.gradient[t] = if known(t) {
                share(t) / sum * (fall(t) - mean) + self.decay * xi.values[t]
            } else {
                0.0
            };
        }
        before.fill(-1.0);
        xi.step(self.rate);
    }
}

/// xi, and the losses before the step.
fn split(memory: &mut [f64]) -> (Learned<'_>, &mut [f64]) {
    let tasks = (memory.len() - 1) / 5;
    let (learned, before) = memory.split_at_mut(Learned::memory(tasks));
    (Learned::of(learned), before)
}
