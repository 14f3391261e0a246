//! Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019).
//!
//! With m and v the running means of gradients and their squares, at step t = 1, 2, ..
//! ```text
//! m = beta1 m + (1 - beta1) g          mhat = m / (1 - beta1^t)
//! v = beta2 v + (1 - beta2) g^2        vhat = v / (1 - beta2^t)
//! p = (1 - rate weight_decay) p - rate mhat / (sqrt(vhat) + epsilon)
//! ```
//! The corrections are the same for every parameter, so they are put into the rate and epsilon once a step.

use cognate_kernels::{AdamStep, Level, Real, adam};

use super::step::power;

/// The settings of Adam; with weight decay it is AdamW.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Decay of the mean of gradients. Default 0.9.
    pub beta1: f64,
    /// Decay of the mean of squared gradients. Default 0.999.
    pub beta2: f64,
    /// Keeps the quotient finite. Default 1e-8.
    pub epsilon: f64,
    /// Decay of the parameters beside the gradient, in units of the rate. Default 0.
    pub weight_decay: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

impl Adam {
    /// Sets [`Adam::beta1`] and [`Adam::beta2`].
    pub fn with_betas(self, beta1: f64, beta2: f64) -> Self {
        Self {
            beta1,
            beta2,
            ..self
        }
    }

    /// Sets [`Adam::epsilon`].
    pub fn with_epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// Sets [`Adam::weight_decay`].
    pub fn with_weight_decay(self, weight_decay: f64) -> Self {
        Self {
            weight_decay,
            ..self
        }
    }

    /// Elements of memory for `n` parameters.
    pub fn memory(&self, n: usize) -> usize {
        2 * n
    }

    /// Step number `t`, from 1; `memory` is m, then v.
    pub(super) fn step<T: Real>(
        &self,
        level: Level,
        (rate, t): (f64, u64),
        p: &mut [T],
        g: &[T],
        memory: &mut [T],
    ) {
        let (m, v) = memory.split_at_mut(p.len());
        let root = Real::sqrt(1.0 - power(self.beta2, t));
        let step = AdamStep {
            rate: T::from_f64(rate * root / (1.0 - power(self.beta1, t))),
            beta1: T::from_f64(self.beta1),
            beta2: T::from_f64(self.beta2),
            epsilon: T::from_f64(self.epsilon * root),
            shrink: T::from_f64(1.0 - rate * self.weight_decay),
        };
        adam(level, &step, p, g, m, v);
    }
}
