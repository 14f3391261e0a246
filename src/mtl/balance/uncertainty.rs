//! Uncertainty weighting (Kendall, Gal and Cipolla 2018): each task has a learned noise `s_t = log sigma_t^2`, and the model minimises
//! ```text
//! sum_t 1/2 e^-s_t L_t + 1/2 s_t          w_t = 1/2 e^-s_t          d/ds_t = 1/2 - 1/2 e^-s_t L_t
//! ```
//! At rest `s_t = log L_t`: every task then has the same weighted loss, 1/2. The paper's factor for classification is 1, not 1/2; like
//! the common implementations this is 1/2 for every task.
//!
//! s starts at 0 and takes one Adam step a batch, after the weights were formed. The memory is a count, then s, then Adam's own.

use cognate_kernels::Real;

use super::learned::Learned;
use super::rule::{Answer, Needs, Rule, Scratch, View};
use crate::{Result, check};

/// Settings of uncertainty weighting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uncertainty {
    /// Adam's learning rate for s. Default 0.01.
    pub rate: f64,
}

impl Default for Uncertainty {
    fn default() -> Self {
        Self { rate: 0.01 }
    }
}

impl Rule for Uncertainty {
    fn needs(&self) -> Needs {
        Needs::Losses
    }

    fn check(&self, _: usize) -> Result<()> {
        check::setting("rate", "not negative", self.rate, self.rate >= 0.0)
    }

    fn memory(&self, tasks: usize) -> usize {
        Learned::memory(tasks)
    }

    fn weights(
        &self,
        view: &View<'_>,
        memory: &mut [f64],
        _: &mut Scratch,
        w: &mut [f64],
    ) -> Answer {
        let s = Learned::of(memory);
        s.gradient.fill(0.0);
        let mut value = 0.0;
        for (i, &id) in view.ids.iter().enumerate() {
            w[i] = 0.5 * Real::exp(-s.values[id]);
            value += w[i] * view.losses[i] + 0.5 * s.values[id];
            s.gradient[id] = 0.5 - w[i] * view.losses[i];
        }
        s.step(self.rate);
        Answer::Derivative(value)
    }
}
