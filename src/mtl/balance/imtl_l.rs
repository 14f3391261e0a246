//! IMTL-L (Liu et al. 2021): scales that bring every loss to the same size, learned by
//! ```text
//! sum_t e^s_t L_t - s_t          w_t = e^s_t          d/ds_t = e^s_t L_t - 1
//! ```
//! At rest `e^s_t L_t = 1`. It is twice uncertainty weighting at `-s`. s starts at 0 and takes one Adam step a batch, after the weights
//! were formed. The memory is a count, then s, then Adam's own.

use cognate_kernels::Real;

use super::learned::Learned;
use super::rule::{Answer, Needs, Rule, Scratch, View};
use crate::{Result, check};

/// Settings of IMTL-L.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImtlL {
    /// Adam's learning rate for s. Default 0.01.
    pub rate: f64,
}

impl Default for ImtlL {
    fn default() -> Self {
        Self { rate: 0.01 }
    }
}

impl Rule for ImtlL {
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
            w[i] = Real::exp(s.values[id]);
            value += w[i] * view.losses[i] - s.values[id];
            s.gradient[id] = w[i] * view.losses[i] - 1.0;
        }
        s.step(self.rate);
        Answer::Derivative(value)
    }
}
