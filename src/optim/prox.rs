//! Accelerated proximal gradient (FISTA: Beck and Teboulle 2009) for `F = f + R`: a smooth [`Objective`] f and a penalty R that need not
//! be smooth, but whose [`Prox`] is known.
//!
//! ```text
//! z     = prox_(R / L)(y - grad f(y) / L)          prox_(tau R)(v) = argmin_q tau R(q) + 1/2 ||q - v||^2
//! t'    = (1 + sqrt(1 + 4 t^2)) / 2
//! y     = z + (t - 1) / t' (z - x),    x = z
//! ```
//! L bounds the curvature of f. It begins at the largest eigenvalue of the Hessian at the start, by a few steps of power iteration with
//! exact products, and grows wherever `f(z) > f(y) + grad'(z - y) + L/2 ||z - y||^2`. Momentum is dropped where it points uphill,
//! `(y - z)'(z - x) > 0` (O'Donoghue and Candes 2015): without that the walk goes in circles around an optimum that is sharp.
//!
//! **Stopping.** Every few iterations the penalty is asked for a duality gap at x; where it knows none, the relative move of one more
//! proximal step, `||x - z|| / ||z||`, takes its place. Only that number makes a run converged.

use alloc::{vec, vec::Vec};

use cognate_kernels::{Real, axpy, dot};

use super::report::Stop;
use crate::objective::Objective;
use crate::workspace::Slabs;

/// Steps of power iteration for the first L, and the change at which they end.
const POWER_STEPS: usize = 30;
const POWER_CHANGE: f64 = 1e-2;

/// How much a refused L grows.
const GROWTH: f64 = 1.5;

/// A penalty by its proximal step.
pub trait Prox {
    /// Overwrites `p` with `argmin_q step R(q) + 1/2 ||q - p||^2`, and returns `R` there.
    fn prox(&mut self, step: f64, p: &mut [f64]) -> f64;

    /// A bound on what the objective exceeds its minimum by at `at`, where one is known.
    fn gap(&mut self, _at: &Visited<'_>) -> Option<f64> {
        None
    }
}

/// A point, and what is known there.
#[derive(Clone, Copy, Debug)]
pub struct Visited<'a> {
    /// The point.
    pub p: &'a [f64],
    /// The gradient of the smooth part.
    pub gradient: &'a [f64],
    /// What the objective saved there.
    pub saved: &'a [f64],
    /// The smooth part.
    pub value: f64,
    /// The penalty.
    pub penalty: f64,
}

/// The settings of FISTA.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fista {
    /// Most iterations. Default 10,000.
    pub max_iter: usize,
    /// Converged when the gap, or else the relative move of a proximal step, is at most this. Default 1e-8.
    pub tol: f64,
    /// Iterations between two looks at the gap. Default 10.
    pub check_every: usize,
    /// By how much rounding may have put the objective's value off, beyond its own last digits: a sum that cancels. Default 0.
    pub noise: f64,
}

impl Default for Fista {
    fn default() -> Self {
        Self {
            max_iter: 10_000,
            tol: 1e-8,
            check_every: 10,
            noise: 0.0,
        }
    }
}

/// The outcome, about the point that was left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FistaReport {
    /// Iterations done.
    pub iterations: usize,
    /// Evaluations of the smooth part.
    pub evaluations: usize,
    /// The smooth part.
    pub value: f64,
    /// The penalty.
    pub penalty: f64,
    /// The duality gap, where the penalty knows one.
    pub gap: Option<f64>,
    /// The gap, or else the relative move of a proximal step.
    pub certificate: f64,
    /// Why the work ended.
    pub stopped: Stop,
}

impl Fista {
    /// Sets [`Fista::max_iter`].
    pub fn with_max_iter(self, max_iter: usize) -> Self {
        Self { max_iter, ..self }
    }

    /// Sets [`Fista::tol`].
    pub fn with_tol(self, tol: f64) -> Self {
        Self { tol, ..self }
    }

    /// Sets [`Fista::check_every`], at least 1.
    pub fn with_check_every(self, check_every: usize) -> Self {
        Self {
            check_every: check_every.max(1),
            ..self
        }
    }

    /// Sets [`Fista::noise`].
    pub fn with_noise(self, noise: f64) -> Self {
        Self { noise, ..self }
    }

    /// Minimises `objective + penalty` from `p`, which then holds the last point: one that a proximal step made, zeros and all.
    /// `slabs.saved` is left as the objective saved it there.
    ///
    /// # Panics
    /// If `p` has another length than the objective.
    #[track_caller]
    pub fn minimise(
        &self,
        objective: &dyn Objective<f64>,
        penalty: &mut dyn Prox,
        p: &mut [f64],
        slabs: Slabs<'_, f64>,
    ) -> FistaReport {
        assert_eq!(p.len(), objective.len(), "p against the objective");
        let n = p.len();
        let mut walk = Walk {
            objective,
            penalty,
            slabs,
            x: p,
            y: vec![0.0; n],
            z: vec![0.0; n],
            gradient: vec![0.0; n],
            lipschitz: 1.0,
            noise: self.noise,
            momentum: 1.0,
            evaluations: 0,
            value: 0.0,
            at_penalty: 0.0,
        };
        walk.start();
        walk.run(self)
    }
}

struct Walk<'w> {
    objective: &'w dyn Objective<f64>,
    penalty: &'w mut dyn Prox,
    slabs: Slabs<'w, f64>,
    x: &'w mut [f64],
    /// Where the gradient is taken.
    y: Vec<f64>,
    /// Where the proximal step leads.
    z: Vec<f64>,
    gradient: Vec<f64>,
    lipschitz: f64,
    noise: f64,
    momentum: f64,
    evaluations: usize,
    /// Smooth part and penalty at `x`.
    value: f64,
    at_penalty: f64,
}

impl Walk<'_> {
    /// `y = x`, and L by power iteration there.
    fn start(&mut self) {
        self.y.copy_from_slice(self.x);
        self.evaluate_y();
        let level = self.slabs.work.level();
        let (mut v, mut hv) = (self.gradient.clone(), vec![0.0; self.x.len()]);
        let mut largest = 0.0;
        for _ in 0..POWER_STEPS {
            let size = Real::sqrt(dot(level, &v, &v));
            if size == 0.0 {
                break;
            }
            v.iter_mut().for_each(|v| *v /= size);
            let Slabs { saved, work, .. } = &mut self.slabs;
            let y = &self.y;
            self.objective.hvp(y, saved, &v, &mut hv, &mut work.rb());
            let previous = core::mem::replace(&mut largest, dot(level, &v, &hv));
            if (largest - previous).abs() <= POWER_CHANGE * largest {
                break;
            }
            core::mem::swap(&mut v, &mut hv);
        }
        self.lipschitz = if largest > 0.0 { 1.05 * largest } else { 1.0 };
    }

    fn evaluate_y(&mut self) -> f64 {
        self.evaluations += 1;
        let Slabs { saved, work, .. } = &mut self.slabs;
        self.objective
            .value_grad(&self.y, Some(&mut self.gradient), saved, &mut work.rb())
    }

    fn run(mut self, settings: &Fista) -> FistaReport {
        let mut iteration = 0;
        loop {
            iteration += 1;
            let moved = self.step();
            let last = iteration >= settings.max_iter;
            let look = iteration == 1 || last || moved != Moved::On;
            if look || iteration % settings.check_every == 0 {
                let (certificate, gap) = self.certificate();
                let converged = certificate <= settings.tol;
                let stopped = match moved {
                    Moved::Off => Some(Stop::Diverged),
                    _ if converged => Some(Stop::Converged),
                    Moved::Not => Some(Stop::Rounding),
                    Moved::On => last.then_some(Stop::MaxIterations),
                };
                if let Some(stopped) = stopped {
                    return FistaReport {
                        iterations: iteration,
                        evaluations: self.evaluations,
                        value: self.value,
                        penalty: self.at_penalty,
                        gap,
                        certificate,
                        stopped,
                    };
                }
            }
        }
    }

    /// One proximal step from `y`, and the next `y`.
    fn step(&mut self) -> Moved {
        let level = self.slabs.work.level();
        let value = self.evaluate_y();
        if !value.is_finite() {
            return Moved::Off;
        }
        let length = self.backtrack(value);
        let size = Real::sqrt(dot(level, &self.y, &self.y));
        let (mut uphill, n) = (0.0, self.x.len());
        for i in 0..n {
            uphill += (self.y[i] - self.z[i]) * (self.z[i] - self.x[i]);
        }
        let next = (1.0 + Real::sqrt(1.0 + 4.0 * self.momentum * self.momentum)) / 2.0;
        let beta = if uphill > 0.0 {
            self.momentum = 1.0;
            0.0
        } else {
            (core::mem::replace(&mut self.momentum, next) - 1.0) / next
        };
        for i in 0..n {
            self.y[i] = self.z[i] + beta * (self.z[i] - self.x[i]);
        }
        self.x.copy_from_slice(&self.z);
        match length {
            l if !l.is_finite() => Moved::Off,
            l if l <= f64::EPSILON * size => Moved::Not,
            _ => Moved::On,
        }
    }

    /// `z` by a proximal step whose L suffices; the length of the step.
    fn backtrack(&mut self, value: f64) -> f64 {
        let level = self.slabs.work.level();
        loop {
            let step = 1.0 / self.lipschitz;
            self.z.copy_from_slice(&self.y);
            axpy(level, -step, &self.gradient, &mut self.z);
            self.at_penalty = self.penalty.prox(step, &mut self.z);
            let (mut slope, mut square) = (0.0, 0.0);
            for ((z, y), g) in self.z.iter().zip(&self.y).zip(&self.gradient) {
                slope += g * (z - y);
                square += (z - y) * (z - y);
            }
            self.evaluations += 1;
            let Slabs { saved, work, .. } = &mut self.slabs;
            let reached = self
                .objective
                .value_grad(&self.z, None, saved, &mut work.rb());
            let slack = 16.0 * f64::EPSILON * (value.abs() + reached.abs()) + self.noise;
            let bound = value + slope + 0.5 * self.lipschitz * square + slack;
            // A NaN is no reason to go on either.
            let refused = reached > bound && square > 0.0;
            if !refused || !self.lipschitz.is_finite() {
                return Real::sqrt(square);
            }
            self.lipschitz *= GROWTH;
        }
    }

    /// The gap at `x`, or else the relative move of a proximal step from there.
    fn certificate(&mut self) -> (f64, Option<f64>) {
        self.evaluations += 1;
        let Slabs { saved, work, .. } = &mut self.slabs;
        let gradient = &mut self.gradient;
        self.value = self
            .objective
            .value_grad(self.x, Some(gradient), saved, &mut work.rb());
        let at = Visited {
            p: self.x,
            gradient,
            saved,
            value: self.value,
            penalty: self.at_penalty,
        };
        if let Some(gap) = self.penalty.gap(&at) {
            return (gap, Some(gap));
        }
        let step = 1.0 / self.lipschitz;
        self.z.copy_from_slice(self.x);
        axpy(work.level(), -step, &self.gradient, &mut self.z);
        self.penalty.prox(step, &mut self.z);
        let moves = self.x.iter().zip(&self.z).map(|(x, z)| (x - z) * (x - z));
        let (moved, size) = (moves.sum::<f64>(), dot(work.level(), &self.z, &self.z));
        let relative = Real::sqrt(moved / size);
        (if moved == 0.0 { 0.0 } else { relative }, None)
    }
}

/// What a step did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moved {
    On,
    /// Within rounding.
    Not,
    /// To where nothing is finite.
    Off,
}
