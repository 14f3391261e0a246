//! The walk that L-BFGS and Newton-CG share: they choose directions, this takes the steps, keeps the best point and decides to stop.
//!
//! ```text
//! until max |g| <= tol:
//!     d = direction(p, g)
//!     a = line search along d;  without success: forget, and once more along -g
//!     p += a d
//! ```
//! **Rounding.** A value carries a rounding of about `band = 64 eps |f|` (eps of the element type). Steps that lower the value by more
//! than that since the `anchor`, the last such value, are progress that needs no further test. Within the band values mean nothing and
//! gradients decide: the point with the smallest gradient is kept, and after some steps that made it no tenth smaller the walk ends. So
//! a walk goes on to where gradients drown in rounding too, and never ends above the value of its start.

use alloc::{vec, vec::Vec};

use cognate_kernels::{Level, Real, dot, max_abs};

use super::curvature::Curvature;
use super::line_search::{LineSearch, Next, Rule};
use super::report::{Callback, Progress, Report, Stop};
use crate::objective::Objective;
use crate::workspace::Slabs;

/// Values of [`Report::history`] at most.
const HISTORY: usize = 10_000;
/// Rounding of a value, in units of `eps |f|`.
const BAND: f64 = 64.0;

/// When to stop and how to search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_iter: usize,
    pub(super) tol: f64,
    pub(super) ftol: f64,
    /// Steps within rounding, none of which makes the gradient a tenth smaller, after which the rest is rounding.
    pub(super) patience: usize,
    pub(super) rule: Rule,
}

/// The vectors of a walk, each as long as `p`.
#[derive(Clone, Debug, Default)]
pub(super) struct Vectors<T> {
    /// At `p`.
    pub(super) gradient: Vec<T>,
    pub(super) direction: Vec<T>,
    /// The point last evaluated along the direction, and its gradient.
    pub(super) trial: Vec<T>,
    pub(super) trial_gradient: Vec<T>,
    best: Vec<T>,
}

impl<T: Real> Vectors<T> {
    pub(super) fn new(n: usize) -> Self {
        let zeros = || vec![T::ZERO; n];
        Self {
            gradient: zeros(),
            direction: zeros(),
            trial: zeros(),
            trial_gradient: zeros(),
            best: zeros(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.gradient.len()
    }
}

/// An objective with its memory, counting what is asked of it.
pub(super) struct Oracle<'a, T, O: ?Sized> {
    objective: &'a O,
    slabs: Slabs<'a, T>,
    evaluations: usize,
    products: usize,
}

impl<T: Real, O: Objective<T> + ?Sized> Oracle<'_, T, O> {
    pub(super) fn level(&self) -> Level {
        self.slabs.work.level()
    }

    fn value_grad(&mut self, p: &[T], g: &mut [T]) -> f64 {
        self.evaluations += 1;
        let Slabs { saved, work, .. } = &mut self.slabs;
        self.objective.value_grad(p, Some(g), saved, work).to_f64()
    }

    /// `v = P v`, if the objective knows an estimate P of its inverse Hessian.
    pub(super) fn precondition(&mut self, v: &mut [T]) -> bool {
        self.objective.precondition(v, &mut self.slabs.work)
    }

    /// `out = H x` or `G x` at `p`, where `saved` is.
    pub(super) fn product(&mut self, curvature: Curvature, p: &[T], x: &[T], out: &mut [T]) {
        self.products += 1;
        let Slabs { saved, work, .. } = &mut self.slabs;
        match curvature {
            Curvature::Hessian => self.objective.hvp(p, saved, x, out, work),
            Curvature::GaussNewton => self.objective.gnvp(p, saved, x, out, work),
        }
    }
}

/// A rule for directions.
pub(super) trait Director<T, O: ?Sized> {
    /// Writes `v.direction` from `p`, where the gradient is `v.gradient`; returns the first step to try. The oracle's `saved` is at `p`,
    /// except after `forget`.
    fn direct(&mut self, oracle: &mut Oracle<'_, T, O>, p: &[T], v: &mut Vectors<T>) -> f64;
    /// Learns from the step from `p` to `v.trial`.
    fn learn(&mut self, oracle: &mut Oracle<'_, T, O>, p: &[T], v: &Vectors<T>);
    /// Forgets what it learned, what it knew at first as the last: the next direction is `-g`. False if the last one was.
    fn forget(&mut self) -> bool;
}

/// A walk under way.
pub(super) struct Descent<'a, T, O: ?Sized> {
    limits: Limits,
    oracle: Oracle<'a, T, O>,
    p: &'a mut [T],
    v: &'a mut Vectors<T>,
    value: f64,
    gradient_norm: f64,
    iterations: usize,
    history: Vec<f64>,
    start_value: f64,
    anchor: f64,
    /// The smallest gradient since the anchor, and the value there; the point is `p`, or `v.best` if `kept`.
    best_norm: f64,
    best_value: f64,
    kept: bool,
    stalled: usize,
}

impl<'a, T: Real, O: Objective<T> + ?Sized> Descent<'a, T, O> {
    /// Evaluates the start.
    #[track_caller]
    pub(super) fn start(
        limits: Limits,
        objective: &'a O,
        p: &'a mut [T],
        v: &'a mut Vectors<T>,
        slabs: Slabs<'a, T>,
    ) -> Self {
        assert_eq!(p.len(), objective.len(), "p has another length");
        let mut oracle = Oracle {
            objective,
            slabs,
            evaluations: 0,
            products: 0,
        };
        let value = oracle.value_grad(p, &mut v.gradient);
        let gradient_norm = max_abs(oracle.level(), &v.gradient).to_f64();
        let mut history = Vec::with_capacity(limits.max_iter.min(HISTORY) + 1);
        history.push(value);
        Self {
            limits,
            oracle,
            p,
            v,
            value,
            gradient_norm,
            iterations: 0,
            history,
            start_value: value,
            anchor: value,
            best_norm: gradient_norm,
            best_value: value,
            kept: false,
            stalled: 0,
        }
    }

    /// Walks to the end; `p` then holds the best point.
    pub(super) fn run(
        mut self,
        director: &mut impl Director<T, O>,
        callback: Callback<'_>,
    ) -> Report {
        let stopped = self.walk(director, callback);
        if self.kept {
            self.p.copy_from_slice(&self.v.best);
            (self.value, self.gradient_norm) = (self.best_value, self.best_norm);
        }
        Report {
            iterations: self.iterations,
            evaluations: self.oracle.evaluations,
            products: self.oracle.products,
            value: self.value,
            gradient_norm: self.gradient_norm,
            stopped,
            history: self.history,
        }
    }

    fn walk(&mut self, director: &mut impl Director<T, O>, callback: Callback<'_>) -> Stop {
        if !(self.value.is_finite() && self.gradient_norm.is_finite()) {
            return Stop::Diverged;
        }
        if self.gradient_norm <= self.limits.tol {
            return Stop::Converged;
        }
        while self.iterations < self.limits.max_iter {
            let before = self.value;
            if let Err(stop) = self.step(director) {
                return stop;
            }
            let cancelled = callback(&self.progress()).is_break();
            if self.gradient_norm <= self.limits.tol {
                return Stop::Converged;
            }
            if cancelled {
                return Stop::Cancelled;
            }
            if self.stalled >= self.limits.patience {
                return Stop::Rounding;
            }
            let scale = before.abs().max(self.value.abs()).max(1.0);
            if before - self.value <= self.limits.ftol * scale && self.limits.ftol > 0.0 {
                return Stop::SmallImprovement;
            }
        }
        Stop::MaxIterations
    }

    fn progress(&self) -> Progress {
        Progress {
            iteration: self.iterations,
            max_iter: self.limits.max_iter,
            evaluations: self.oracle.evaluations,
            value: self.value,
            gradient_norm: self.gradient_norm,
        }
    }

    /// One iteration: along the director's direction, else along the gradient.
    fn step(&mut self, director: &mut impl Director<T, O>) -> Result<(), Stop> {
        let mut promised: Option<f64> = None;
        loop {
            let first = director.direct(&mut self.oracle, self.p, self.v);
            let level = self.oracle.level();
            let slope = dot(level, &self.v.gradient, &self.v.direction).to_f64();
            if slope < 0.0 && slope.is_finite() {
                promised.get_or_insert(-0.5 * slope * first);
                if let Some(value) = self.search(first, slope) {
                    director.learn(&mut self.oracle, self.p, self.v);
                    self.advance(value);
                    return Ok(());
                }
            }
            if !director.forget() {
                let gain = promised.unwrap_or(0.0);
                return Err(if gain <= self.band() {
                    Stop::Rounding
                } else {
                    Stop::LineSearch
                });
            }
        }
    }

    fn band(&self) -> f64 {
        BAND * T::EPSILON.to_f64() * self.anchor.abs()
    }

    /// Searches along `v.direction`; on success `v.trial` and the oracle's `saved` are at the step taken, whose value it returns.
    fn search(&mut self, first: f64, slope: f64) -> Option<f64> {
        let (band, rule) = (self.band(), self.limits.rule);
        let ceiling = self.start_value.min(self.anchor + band);
        let mut search = LineSearch::new(rule, self.value, slope, band, ceiling);
        let mut next = search.first(first);
        let (mut tried, mut value) = (0.0, f64::NAN);
        loop {
            match next {
                Next::Try(step) => {
                    let slope;
                    (value, slope) = self.evaluate(step);
                    tried = step;
                    next = search.tell(value, slope);
                }
                Next::Take(step) if step == tried => return Some(value),
                Next::Take(step) => return Some(self.evaluate(step).0),
                Next::Fail => return None,
            }
        }
    }

    /// Value and slope at `p + step d`.
    fn evaluate(&mut self, step: f64) -> (f64, f64) {
        let a = T::from_f64(step);
        let v = &mut *self.v;
        for i in 0..v.trial.len() {
            v.trial[i] = self.p[i] + a * v.direction[i];
        }
        let value = self.oracle.value_grad(&v.trial, &mut v.trial_gradient);
        let slope = dot(self.oracle.level(), &v.trial_gradient, &v.direction);
        (value, slope.to_f64())
    }

    /// Moves to the trial, and keeps account of the best point.
    fn advance(&mut self, value: f64) {
        let norm = max_abs(self.oracle.level(), &self.v.trial_gradient).to_f64();
        if value < self.anchor - self.band() {
            self.anchor = value;
            self.stalled = 0;
            self.set_best(value, norm);
        } else {
            let smaller = norm < 0.9 * self.best_norm;
            self.stalled = if smaller { 0 } else { self.stalled + 1 };
            if norm < self.best_norm {
                self.set_best(value, norm);
            } else if !self.kept {
                self.v.best.copy_from_slice(self.p);
                self.kept = true;
            }
        }
        let v = &mut *self.v;
        self.p.copy_from_slice(&v.trial);
        core::mem::swap(&mut v.gradient, &mut v.trial_gradient);
        (self.value, self.gradient_norm) = (value, norm);
        self.iterations += 1;
        if self.history.len() < self.history.capacity() {
            self.history.push(value);
        }
    }

    /// The point to which the walk moves now is the best.
    fn set_best(&mut self, value: f64, norm: f64) {
        (self.best_value, self.best_norm, self.kept) = (value, norm, false);
    }
}
