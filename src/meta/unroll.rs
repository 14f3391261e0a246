//! The inner steps of one task, and the exact way back through them: the recurrences of [`learner`](super::learner).
//!
//! Step 0 starts from `phi`, as it does for every task of a batch: its gradient is given, and its Hessian product is left to the caller,
//! who makes both for several tasks at once.

use cognate_kernels::{Level, Real, axpy, scale};

use super::clip::Clip;
use super::learner::{Learner, MetaGradient};
use super::rates::StepRates;
use super::tape::{Tape, grad};
use crate::objective::Objective;
use crate::workspace::{Work, cut_mut};

/// A task and the learner that takes it.
pub(super) struct Task<'t, T, S, Q> {
    pub(super) learner: &'t Learner<'t>,
    /// The shared start.
    pub(super) phi: &'t [T],
    /// All learned rates.
    pub(super) rates: &'t [T],
    pub(super) support: S,
    pub(super) query: Q,
    /// `g_0`, the support gradient at `phi`.
    pub(super) first: &'t [T],
}

/// Where the way back leaves its results.
pub(super) struct Back<'s, T> {
    /// The gradient by the start, but for the Hessian product of step 0.
    pub(super) lambda: &'s mut [T],
    /// The direction of that product; empty in first order.
    pub(super) direction: &'s mut [T],
    /// The gradients of the learned rates.
    pub(super) rates: &'s mut [T],
}

impl<T: Real, S: Objective<T>, Q: Objective<T>> Task<'_, T, S, Q> {
    fn step(&self, k: usize) -> StepRates<'_, T> {
        let inner = &self.learner.inner;
        StepRates::new(inner.rates, inner.adapts, (k, inner.steps), self.rates)
    }

    /// The steps `0 .. steps`; `theta` of `steps` is where they lead.
    pub(super) fn walk(&self, steps: usize, tape: &mut Tape<'_, T>, w: &mut Work<'_, T>) {
        for k in 0..steps {
            if k > 0 {
                let (theta, g) = (tape.thetas.at(k), tape.grads.at_mut(k));
                let saved = tape.points.at_mut(k);
                self.support.value_grad(theta, Some(g), saved, &mut w.rb());
            }
            self.turn(k, tape, w.level());
            match k {
                0 => tape.thetas.at_mut(1).copy_from_slice(self.phi),
                _ => tape.thetas.carry(k + 1),
            }
            let d = match &tape.directions {
                Some(directions) => directions.at(k),
                None => grad(&tape.grads, self.first, k),
            };
            let next = tape.thetas.at_mut(k + 1);
            self.step(k).descend(w.level(), d, next);
        }
    }

    /// Writes `d_k = clipped g_k + mu (theta_k - theta_0) + beta d_(k-1)`, where it is not `g_k` itself.
    fn turn(&self, k: usize, tape: &mut Tape<'_, T>, level: Level) {
        let Some(directions) = &mut tape.directions else {
            return;
        };
        let inner = &self.learner.inner;
        if k > 0 && inner.momentum != 0.0 {
            directions.carry(k);
            scale(level, T::from_f64(inner.momentum), directions.at_mut(k));
        } else {
            directions.at_mut(k).fill(T::ZERO);
        }
        let (g, d) = (grad(&tape.grads, self.first, k), directions.at_mut(k));
        axpy(level, Clip::new(inner, g, level).factor, g, d);
        if k > 0 && inner.proximal != 0.0 {
            let mu = T::from_f64(inner.proximal);
            let apart = tape.thetas.at(k).iter().zip(self.phi);
            for (d, (&theta, &start)) in d.iter_mut().zip(apart) {
                *d += mu * (theta - start);
            }
        }
    }

    /// The way back from `theta_K`; returns `sum_k w_k L_Q(theta_k)`.
    pub(super) fn back(&self, tape: &mut Tape<'_, T>, out: Back<'_, T>, w: &mut Work<'_, T>) -> T {
        let (level, inner, n) = (w.level(), &self.learner.inner, self.phi.len());
        let slab = core::mem::take(&mut tape.back);
        let ([u, v, anchor], _) = cut_mut(&mut *slab, [n, n, n]);
        let Back {
            lambda,
            direction,
            rates,
        } = out;
        if !inner.is_uniform(n) {
            v.fill(T::ZERO);
            anchor.fill(T::ZERO);
        }
        rates.fill(T::ZERO);
        let weight = T::from_f64(self.learner.query_weight(inner.steps));
        let mut loss = weight * self.query_gradient(inner.steps, tape, lambda, w);
        if weight != T::ONE {
            scale(level, weight, lambda);
        }
        for k in (0..inner.steps).rev() {
            let d = match &tape.directions {
                Some(directions) => directions.at(k),
                None => grad(&tape.grads, self.first, k),
            };
            self.step(k).gradient(level, d, lambda, rates);
            if self.learner.gradient == MetaGradient::SecondOrder {
                match inner.uniform_rate(k, n, self.rates) {
                    Some(rate) if k > 0 => self.add_product(k, tape, -rate, None, lambda, w),
                    Some(_) => {}
                    None => {
                        let u = if k > 0 { &mut *u } else { &mut *direction };
                        self.turn_back(k, tape, lambda, (&mut *u, &mut *v), level);
                        if k > 0 {
                            self.pull(v, lambda, anchor, level);
                            self.add_product(k, tape, T::ONE, Some(u), lambda, w);
                        }
                    }
                }
            }
            let weight = T::from_f64(self.learner.query_weight(k));
            if weight != T::ZERO {
                loss += weight * self.query_gradient(k, tape, u, w);
                axpy(level, weight, u, lambda);
            }
        }
        if inner.proximal != 0.0 {
            axpy(level, T::ONE, anchor, lambda);
        }
        tape.back = slab;
        loss
    }

    /// `v = beta v - a . lambda`, and u, which is v through the clipping of `g_k`.
    fn turn_back(
        &self,
        k: usize,
        tape: &Tape<'_, T>,
        lambda: &[T],
        (u, v): (&mut [T], &mut [T]),
        level: Level,
    ) {
        let inner = &self.learner.inner;
        scale(level, T::from_f64(inner.momentum), v);
        self.step(k).descend(level, lambda, v);
        u.copy_from_slice(v);
        let g = grad(&tape.grads, self.first, k);
        Clip::new(inner, g, level).pull_back(inner, g, u, level);
    }

    /// The proximal term's part of `lambda` and of the start; at step 0 the two cancel.
    fn pull(&self, v: &[T], lambda: &mut [T], anchor: &mut [T], level: Level) {
        let mu = T::from_f64(self.learner.inner.proximal);
        if mu != T::ZERO {
            axpy(level, mu, v, lambda);
            axpy(level, -mu, v, anchor);
        }
    }

    /// `lambda += factor H_k u`, u being `lambda` itself where none is given.
    fn add_product(
        &self,
        k: usize,
        tape: &mut Tape<'_, T>,
        factor: T,
        u: Option<&[T]>,
        lambda: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        // The gradient of this step has done its work: the product takes its place.
        let (theta, point, out) = (tape.thetas.at(k), tape.points.at(k), tape.grads.at_mut(k));
        let u = u.unwrap_or(lambda);
        self.support.hvp(theta, point, u, out, &mut w.rb());
        axpy(w.level(), factor, out, lambda);
    }

    /// The query loss at `theta_k` and its gradient.
    pub(super) fn query_gradient(
        &self,
        k: usize,
        tape: &mut Tape<'_, T>,
        g: &mut [T],
        w: &mut Work<'_, T>,
    ) -> T {
        let theta = if k == 0 { self.phi } else { tape.thetas.at(k) };
        self.query
            .value_grad(theta, Some(g), tape.query, &mut w.rb())
    }
}
