//! The geometric mean of the losses (Chennupati et al. 2019), whatever their scales:
//! ```text
//! M = (L_1 .. L_T)^(1/T) = exp(mean log L_t)          w_t = dM / dL_t = M / (T L_t)
//! ```
//! Losses must be positive, else the rule is undefined and weights are `1/T`.

use cognate_kernels::Real;

use super::rule::{Answer, Needs, Rule, Scratch, View};

/// The geometric mean; no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Geometric;

impl Rule for Geometric {
    fn needs(&self) -> Needs {
        Needs::Losses
    }

    fn weights(&self, view: &View<'_>, _: &mut [f64], _: &mut Scratch, w: &mut [f64]) -> Answer {
        let tasks = view.len() as f64;
        if view.losses.iter().any(|&loss| loss <= 0.0) {
            w.fill(1.0 / tasks);
            return Answer::Undefined;
        }
        let log_mean = view.losses.iter().map(|&loss| Real::ln(loss)).sum::<f64>() / tasks;
        for (w, &loss) in w.iter_mut().zip(view.losses) {
            *w = Real::exp(log_mean - Real::ln(loss)) / tasks;
        }
        Answer::Derivative(Real::exp(log_mean))
    }
}
