//! GradNorm (Chen et al. 2018): weighted gradients of like norm, larger for tasks that lag behind. With `n_t` the norm of task t's
//! gradient on the last shared layer and `L_t(0)` its first loss,
//! ```text
//! G_t = w_t n_t          r_t = (L_t / L_t(0)) / mean          target_t = mean(G) r_t^alpha      (held constant)
//! w_t -= rate sign(G_t - target_t) n_t                        then w = T w / sum w
//! ```
//! the last two lines being the gradient of `sum_t |G_t - target_t|` and a return to sum T. A weight is kept from falling below a
//! thousandth of the mean weight, since the step may be larger than it. Weights are used, then moved.
//!
//! The memory is w, then the first losses: 0 for a task that has not been seen.

use cognate_kernels::Real;

use super::rule::{Answer, Needs, Rule, Scratch, View};
use crate::{Result, check};

/// The least weight.
const LEAST: f64 = 1e-3;

/// Settings of GradNorm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradNorm {
    /// How strongly tasks that lag behind are pulled. Default 1.5.
    pub alpha: f64,
    /// Learning rate of the weights. Default 0.025.
    pub rate: f64,
}

impl Default for GradNorm {
    fn default() -> Self {
        Self {
            alpha: 1.5,
            rate: 0.025,
        }
    }
}

impl Rule for GradNorm {
    fn needs(&self) -> Needs {
        Needs::Norms
    }

    fn check(&self, _: usize) -> Result<()> {
        check::setting("alpha", "not negative", self.alpha, self.alpha >= 0.0)?;
        check::setting("rate", "not negative", self.rate, self.rate >= 0.0)
    }

    fn memory(&self, tasks: usize) -> usize {
        2 * tasks
    }

    fn start(&self, memory: &mut [f64]) {
        let tasks = memory.len() / 2;
        memory[..tasks].fill(1.0);
    }

    fn weights(
        &self,
        view: &View<'_>,
        memory: &mut [f64],
        _: &mut Scratch,
        w: &mut [f64],
    ) -> Answer {
        let (weights, first) = memory.split_at_mut(memory.len() / 2);
        for (i, &id) in view.ids.iter().enumerate() {
            w[i] = weights[id];
            if first[id] == 0.0 {
                first[id] = view.losses[i];
            }
        }
        if (0..w.len()).any(|i| view.losses[i] <= 0.0 || first[view.ids[i]] <= 0.0) {
            return Answer::Undefined;
        }
        let tasks = view.len() as f64;
        let norms = view.gradients.norms;
        let ratio = |i: usize| view.losses[i] / first[view.ids[i]];
        let mean_ratio = (0..w.len()).map(ratio).sum::<f64>() / tasks;
        let mean_norm = (0..w.len()).map(|i| w[i] * norms[i]).sum::<f64>() / tasks;
        for (i, &id) in view.ids.iter().enumerate() {
            let target = mean_norm * Real::exp(self.alpha * Real::ln(ratio(i) / mean_ratio));
            let excess = w[i] * norms[i] - target;
            if excess != 0.0 {
                weights[id] = (w[i] - self.rate * excess.signum() * norms[i]).max(LEAST);
            }
        }
        let sum: f64 = weights.iter().sum();
        for weight in weights.iter_mut() {
            *weight *= first.len() as f64 / sum;
        }
        Answer::Solved(0.0)
    }
}
