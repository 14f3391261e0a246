//! Stochastic gradient descent, with momentum (Polyak 1964) or Nesterov's look ahead (Sutskever and others 2013).
//!
//! ```text
//! u = momentum u - rate g
//! p = (1 - rate weight_decay) p + u                        or, looking ahead, + momentum u - rate g
//! ```
//! The velocity holds rates already (as in scikit-learn, unlike PyTorch), so a rate that changes acts on new gradients alone. Without
//! momentum there is no velocity and no memory. Weight decay acts beside the gradient (Loshchilov and Hutter 2019).

use cognate_kernels::{Level, Real, SgdStep, axpy, scale, sgd};

/// The settings of stochastic gradient descent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Part of the velocity that stays, in [0, 1). Default 0.
    pub momentum: f64,
    /// Evaluate the step where the velocity leads. Default false.
    pub nesterov: bool,
    /// Decay of the parameters, in units of the rate. Default 0.
    pub weight_decay: f64,
}

impl Default for Sgd {
    /// Plain gradient descent.
    fn default() -> Self {
        Self {
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        }
    }
}

impl Sgd {
    /// Sets [`Sgd::momentum`].
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Sets [`Sgd::nesterov`].
    pub fn with_nesterov(self, nesterov: bool) -> Self {
        Self { nesterov, ..self }
    }

    /// Sets [`Sgd::weight_decay`].
    pub fn with_weight_decay(self, weight_decay: f64) -> Self {
        Self {
            weight_decay,
            ..self
        }
    }

    /// Elements of memory for `n` parameters.
    pub fn memory(&self, n: usize) -> usize {
        if self.momentum == 0.0 { 0 } else { n }
    }

    /// One step; `memory` is the velocity.
    pub(super) fn step<T: Real>(
        &self,
        level: Level,
        rate: f64,
        p: &mut [T],
        g: &[T],
        memory: &mut [T],
    ) {
        let shrink = T::from_f64(1.0 - rate * self.weight_decay);
        if self.momentum == 0.0 {
            if self.weight_decay != 0.0 {
                scale(level, shrink, p);
            }
            axpy(level, T::from_f64(-rate), g, p);
            return;
        }
        let step = SgdStep {
            rate: T::from_f64(rate),
            momentum: T::from_f64(self.momentum),
            nesterov: self.nesterov,
            shrink,
        };
        sgd(level, &step, p, g, memory);
    }
}
