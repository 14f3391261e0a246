//! Weights that are given: `w_t`, or 1 for every task ("linear scalarisation").
//!
//! Equal weights, with the model's own settings tuned, are hard to beat (Kurin et al. 2022; Xin et al. 2022): the method to start with.

use alloc::vec::Vec;

use super::rule::{Answer, Needs, Rule, Scratch, View};
use crate::{Result, check};

/// Every weight is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Equal;

impl Rule for Equal {
    fn needs(&self) -> Needs {
        Needs::Losses
    }

    fn weights(&self, view: &View<'_>, _: &mut [f64], _: &mut Scratch, w: &mut [f64]) -> Answer {
        w.fill(1.0);
        Answer::Derivative(view.losses.iter().sum())
    }
}

/// Weights as given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fixed {
    /// One for each task, not negative.
    pub weights: Vec<f64>,
}

impl Rule for Fixed {
    fn needs(&self) -> Needs {
        Needs::Losses
    }

    fn check(&self, tasks: usize) -> Result<()> {
        check::shape("weights", (self.weights.len(), 1), (tasks, 1))?;
        let mut each = self.weights.iter();
        each.try_for_each(|&w| check::setting("weights", "finite and not negative", w, w >= 0.0))
    }

    fn weights(&self, view: &View<'_>, _: &mut [f64], _: &mut Scratch, w: &mut [f64]) -> Answer {
        let mut value = 0.0;
        for (i, &id) in view.ids.iter().enumerate() {
            w[i] = self.weights[id];
            value += w[i] * view.losses[i];
        }
        Answer::Derivative(value)
    }
}
