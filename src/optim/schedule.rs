//! Learning rates that change with the step.
//!
//! A [`Schedule`] is a function of the step number alone: a linear rise over `warm_up` steps, then a decay,
//! ```text
//! rate (t + 1) / (warm_up + 1)                                           t < warm_up
//! rate decay(t - warm_up)                                                from there on
//! decay(k) = 1 | factor^floor(k / every) | floor + (1 - floor) (1 + cos(pi k / steps)) / 2 | (k + 1)^-power
//! ```
//! (step: He and others 2016; cosine: Loshchilov and Hutter 2017, without restarts; inverse scaling: scikit-learn's `invscaling`). A
//! [`Plateau`] instead watches the loss and lowers the rate where it no longer falls (scikit-learn's `adaptive`).

use cognate_kernels::Real;

use super::step::power;

/// How the rate falls, by the steps since the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Decay {
    /// Not at all.
    #[default]
    Constant,
    /// By `factor` after every so many steps.
    Step {
        /// Steps between two falls, at least 1.
        every: u64,
        /// What the rate is multiplied by.
        factor: f64,
    },
    /// Along half a cosine, over `steps` steps, to `floor` times the rate, where it stays.
    Cosine {
        /// Length of the way down.
        steps: u64,
        /// The last rate, as a part of the first.
        floor: f64,
    },
    /// As `(k + 1)^-power`.
    InverseScaling {
        /// scikit-learn's default is 1/2.
        power: f64,
    },
}

/// A learning rate for each step (or epoch: whatever the caller counts).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The highest rate.
    pub rate: f64,
    /// Steps of linear rise before it.
    pub warm_up: u64,
    /// What follows.
    pub decay: Decay,
}

impl Schedule {
    /// Always `rate`.
    pub fn constant(rate: f64) -> Self {
        Self {
            rate,
            warm_up: 0,
            decay: Decay::Constant,
        }
    }

    /// Sets [`Schedule::warm_up`].
    pub fn with_warm_up(self, warm_up: u64) -> Self {
        Self { warm_up, ..self }
    }

    /// Sets [`Schedule::decay`].
    pub fn with_decay(self, decay: Decay) -> Self {
        Self { decay, ..self }
    }

    /// The rate of step `t`, from 0.
    pub fn at(&self, t: u64) -> f64 {
        match t.checked_sub(self.warm_up) {
            None => self.rate * ((t + 1) as f64 / (self.warm_up + 1) as f64),
            Some(k) => self.rate * self.decay.at(k),
        }
    }
}

impl Decay {
    fn at(self, k: u64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Step { every, factor } => power(factor, k / every.max(1)),
            Self::Cosine { steps, floor } => {
                let part = k.min(steps) as f64 / steps.max(1) as f64;
                floor + (1.0 - floor) * half_cosine(part)
            }
            Self::InverseScaling { power } => Real::exp(-power * Real::ln((k + 1) as f64)),
        }
    }
}

/// `(1 + cos(pi x)) / 2 = cos^2(pi x / 2)` for x in [0, 1], by the cosine's series (its next term is below 1e-17).
fn half_cosine(x: f64) -> f64 {
    let square = (core::f64::consts::FRAC_PI_2 * x) * (core::f64::consts::FRAC_PI_2 * x);
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..=11 {
        term *= -square / ((2 * k - 1) * (2 * k)) as f64;
        sum += term;
    }
    sum * sum
}

/// Watches a loss, and lowers the rate where it no longer falls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plateau {
    /// Losses in a row without an improvement that are borne. Default 10.
    pub patience: usize,
    /// An improvement is a fall below the best loss by more than this. Default 1e-4.
    pub tol: f64,
    /// What the rate is multiplied by. Default 1/5.
    pub factor: f64,
    /// A rate that is not above this is not lowered: the work ends. Default 1e-6; infinity makes the first plateau the end.
    pub min_rate: f64,
}

impl Default for Plateau {
    /// scikit-learn's `adaptive`.
    fn default() -> Self {
        Self {
            patience: 10,
            tol: 1e-4,
            factor: 0.2,
            min_rate: 1e-6,
        }
    }
}

/// What a [`Plateau`] has seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlateauState {
    /// The rate now.
    pub rate: f64,
    /// The smallest loss.
    pub best: f64,
    /// Losses since the last improvement.
    pub waited: usize,
}

/// What a [`Plateau`] says to a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    GoOn,
    /// Go on, at a lower rate.
    Lowered,
    /// The rate is low enough: stop.
    Stop,
}

impl PlateauState {
    /// Before the first loss.
    pub fn new(rate: f64) -> Self {
        Self {
            rate,
            best: f64::INFINITY,
            waited: 0,
        }
    }
}

impl Plateau {
    /// Takes in the next loss; one that is NaN is no improvement.
    pub fn observe(&self, loss: f64, state: &mut PlateauState) -> Verdict {
        let improved = loss <= state.best - self.tol || state.best == f64::INFINITY;
        state.waited = if improved { 0 } else { state.waited + 1 };
        state.best = state.best.min(loss);
        if state.waited <= self.patience {
            return Verdict::GoOn;
        }
        if state.rate <= self.min_rate {
            return Verdict::Stop;
        }
        state.rate *= self.factor;
        state.waited = 0;
        Verdict::Lowered
    }
}
