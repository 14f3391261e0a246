//! Smooth Tchebycheff scalarisation (Lin et al. 2024): a smooth maximum of the losses, which reaches every Pareto optimum as the
//! preferences vary, also where the front is not convex.
//! ```text
//! mu log sum_t exp(lambda_t (L_t - z_t) / mu)          w_t = lambda_t softmax(lambda (L - z) / mu)_t
//! ```

use alloc::vec::Vec;

use super::rule::{Answer, Needs, Rule, Scratch, View};
use super::softmax::softmax;
use crate::{Result, check};

/// Settings of the smooth Tchebycheff scalarisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Tchebycheff {
    /// Smoothness: towards 0 only the worst task counts. Default 1.
    pub mu: f64,
    /// lambda, one for each task, positive; empty for `1/T` each. Default empty.
    pub preferences: Vec<f64>,
    /// z, the best loss that each task could have; empty for 0 each. Default empty.
    pub ideal: Vec<f64>,
}

impl Default for Tchebycheff {
    fn default() -> Self {
        Self {
            mu: 1.0,
            preferences: Vec::new(),
            ideal: Vec::new(),
        }
    }
}

impl Rule for Tchebycheff {
    fn needs(&self) -> Needs {
        Needs::Losses
    }

    fn check(&self, tasks: usize) -> Result<()> {
        check::setting("mu", "positive", self.mu, self.mu > 0.0)?;
        if !self.preferences.is_empty() {
            check::shape("preferences", (self.preferences.len(), 1), (tasks, 1))?;
        }
        for &p in &self.preferences {
            check::setting("preferences", "positive", p, p > 0.0)?;
        }
        if !self.ideal.is_empty() {
            check::shape("ideal", (self.ideal.len(), 1), (tasks, 1))?;
        }
        let mut ideal = self.ideal.iter();
        ideal.try_for_each(|&z| check::setting("ideal", "finite", z, true))
    }

    fn weights(&self, view: &View<'_>, _: &mut [f64], _: &mut Scratch, w: &mut [f64]) -> Answer {
        let equal = 1.0 / view.len() as f64;
        let preference = |id: usize| self.preferences.get(id).copied().unwrap_or(equal);
        for (i, &id) in view.ids.iter().enumerate() {
            let ideal = self.ideal.get(id).copied().unwrap_or(0.0);
            w[i] = preference(id) * (view.losses[i] - ideal) / self.mu;
        }
        let value = self.mu * softmax(w);
        for (w, &id) in w.iter_mut().zip(view.ids) {
            *w *= preference(id);
        }
        Answer::Derivative(value)
    }
}
