//! One step from one gradient: what a training loop calls, whichever method it was given.

use cognate_kernels::{Level, Real};

use super::adam::Adam;
use super::sgd::Sgd;

/// A method that steps along single, possibly noisy, gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Stochastic gradient descent.
    Sgd(Sgd),
    /// Adam or AdamW.
    Adam(Adam),
}

/// What a method remembers between steps: plain data, to be kept, saved and resumed. `M` is the caller's buffer (an array, a slice, a
/// `Vec`) of [`Method::memory`] elements, zero at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepState<M> {
    /// Steps taken.
    pub steps: u64,
    /// Velocity, or means.
    pub memory: M,
}

impl<M> StepState<M> {
    /// Before the first step; `memory` holds zeros.
    pub fn new(memory: M) -> Self {
        Self { steps: 0, memory }
    }
}

impl Method {
    /// Elements of memory for `n` parameters.
    pub fn memory(&self, n: usize) -> usize {
        match self {
            Self::Sgd(sgd) => sgd.memory(n),
            Self::Adam(adam) => adam.memory(n),
        }
    }

    /// Moves `p` one step down the gradient `g` at learning rate `rate`.
    ///
    /// ```
    /// use cognate::Level;
    /// use cognate::optim::{Adam, Method, StepState};
    /// let method = Method::Adam(Adam::default());
    /// let (mut p, mut state) = ([1.0f32, -1.0], StepState::new([0.0; 4]));
    /// for _ in 0..400 {
    ///     let g = p; // the gradient of |p|^2 / 2
    ///     method.step(Level::detect(), 0.01, &mut p, &g, &mut state);
    /// }
    /// assert!(p[0].abs() < 0.01);
    /// ```
    ///
    /// # Panics
    /// If `g` or the memory has another length than `p` asks for.
    #[track_caller]
    pub fn step<T: Real, M: AsMut<[T]>>(
        &self,
        level: Level,
        rate: f64,
        p: &mut [T],
        g: &[T],
        state: &mut StepState<M>,
    ) {
        let memory = state.memory.as_mut();
        assert_eq!(memory.len(), self.memory(p.len()), "memory of the method");
        state.steps += 1;
        match self {
            Self::Sgd(sgd) => sgd.step(level, rate, p, g, memory),
            Self::Adam(adam) => adam.step(level, (rate, state.steps), p, g, memory),
        }
    }
}

/// `base^t` by repeated squaring.
pub(super) fn power(mut base: f64, mut t: u64) -> f64 {
    let mut result = 1.0;
    while t > 0 {
        if t % 2 == 1 {
            result *= base;
        }
        base *= base;
        t /= 2;
    }
    result
}
