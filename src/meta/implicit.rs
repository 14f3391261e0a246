//! Implicit MAML (Rajeswaran, Finn, Kakade and Levine 2019): the gradient through the optimum that the inner steps lead to.
//!
//! With `phi* = argmin L_S(phi) + mu / 2 ||phi - theta||^2` over the adapted parameters A, the others B being shared, and H the
//! Hessian of `L_S` at `phi*`,
//! ```text
//! (H_AA + mu I) v = grad_A L_Q(phi*)                                     by conjugate gradients on exact products
//! grad_A = mu v          grad_B = grad_B L_Q(phi*) - H_BA v              dL/dmu = -v'(phi* - theta)
//! ```
//! The way the steps took does not matter, so memory does not grow with them; but the formula holds only at the optimum. How far the
//! steps are from it is measured, `max |grad_A L_S + mu (phi* - theta)|`, and a task beyond [`Implicit::tol`] is counted.
//!
//! With the Gauss-Newton matrix in the place of H the system is always positive definite, and the gradient approximate.

use cognate_kernels::{Level, Real, axpy, max_abs, scale};

use super::learner::InnerLoop;
use super::rates::runs;
use crate::linalg::{Cg, CgStop, cg_scratch};
use crate::objective::Objective;
use crate::optim::Curvature;
use crate::workspace::{Need, Work, cut_mut};

/// Settings of the implicit gradient; the pull `mu` is [`InnerLoop::proximal`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Implicit {
    /// The matrix of the system. Default: the Hessian.
    pub curvature: Curvature,
    /// Most products with it. Default 20.
    pub max_products: usize,
    /// The system is solved when its residual is this much smaller than the query gradient. Default 1e-6.
    pub cg_tol: f64,
    /// The inner problem is solved when no entry of its gradient is larger. Default 1e-3.
    pub tol: f64,
}

impl Default for Implicit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How well the two problems were solved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solved<T> {
    /// The query loss at the optimum.
    pub query_loss: T,
    /// `dL/dmu`.
    pub by_proximal: T,
    /// `max |grad_A L_S + mu (phi* - theta)|`.
    pub residual: f64,
    /// Whether that and the residual of the linear system are as small as was asked.
    pub converged: bool,
}

/// An optimum of the inner problem, however it was found.
#[derive(Clone, Copy, Debug)]
pub struct Optimum<'t, T, S, Q> {
    /// What adapts, and the pull.
    pub inner: &'t InnerLoop<'t>,
    /// `L_S`.
    pub support: S,
    /// `L_Q`.
    pub query: Q,
    /// `theta`.
    pub start: &'t [T],
    /// `phi*`.
    pub end: &'t [T],
}

impl Implicit {
    /// The default settings.
    pub const DEFAULT: Self = Self {
        curvature: Curvature::Hessian,
        max_products: 20,
        cg_tol: 1e-6,
        tol: 1e-3,
    };

    /// Elements of slab for `n` parameters and objectives of these needs.
    pub fn need(n: usize, support: Need, query: Need) -> usize {
        support.saved + query.saved + 2 * n + cg_scratch(n)
    }

    /// The gradient by the start into `out`, as long as the start; `slab` has [`Implicit::need`] elements.
    ///
    /// # Panics
    /// If a length does not fit.
    #[track_caller]
    pub fn gradient<T: Real, S: Objective<T>, Q: Objective<T>>(
        &self,
        at: &Optimum<'_, T, S, Q>,
        out: &mut [T],
        slab: &mut [T],
        w: &mut Work<'_, T>,
    ) -> Solved<T> {
        let (level, n) = (w.level(), at.start.len());
        let sizes = [at.support.need().saved, at.query.need().saved, n, n];
        let ([point, judged, v, b], room) = cut_mut(slab, sizes);
        at.support.value_grad(at.end, Some(v), point, &mut w.rb());
        let residual = at.residual(v, level);
        let query_loss = at.query.value_grad(at.end, Some(out), judged, &mut w.rb());
        b.fill(T::ZERO);
        at.add_adapted(T::ONE, out, b, level);
        let cg = Cg {
            max_iter: self.max_products,
            tol: self.cg_tol,
            inverse_diagonal: None,
        };
        let mu = T::from_f64(at.inner.proximal);
        let apply = |x: &[T], hx: &mut [T]| {
            self.product(at, point, x, hx, w);
            at.keep_adapted(hx);
            axpy(level, mu, x, hx);
        };
        let report = cg.solve(level, apply, b, v, room);
        let apart = v.iter().zip(at.end).zip(at.start);
        let along = apart.map(|((&v, &end), &start)| (v * (end - start)).to_f64());
        let by_proximal = T::from_f64(-along.sum::<f64>());
        self.product(at, point, v, b, w);
        axpy(level, -T::ONE, b, out);
        for run in runs(at.inner.adapts) {
            out[run.clone()].copy_from_slice(&v[run.clone()]);
            scale(level, mu, &mut out[run]);
        }
        Solved {
            query_loss,
            by_proximal,
            residual,
            converged: residual <= self.tol && report.stopped == CgStop::Converged,
        }
    }

    /// The product with the matrix at the optimum that `point` holds.
    fn product<T: Real, S: Objective<T>, Q: Objective<T>>(
        &self,
        at: &Optimum<'_, T, S, Q>,
        point: &[T],
        x: &[T],
        out: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        match self.curvature {
            Curvature::Hessian => at.support.hvp(at.end, point, x, out, &mut w.rb()),
            Curvature::GaussNewton => at.support.gnvp(at.end, point, x, out, &mut w.rb()),
        }
    }
}

impl<T: Real, S, Q> Optimum<'_, T, S, Q> {
    /// `max |g + mu (phi* - theta)|` on the adapted spans; `g` is overwritten.
    fn residual(&self, g: &mut [T], level: Level) -> f64 {
        let mu = T::from_f64(self.inner.proximal);
        let apart = self.end.iter().zip(self.start);
        for (g, (&end, &start)) in g.iter_mut().zip(apart) {
            *g += mu * (end - start);
        }
        let tops = runs(self.inner.adapts).map(|run| max_abs(level, &g[run]).to_f64());
        // A NaN stays.
        tops.fold(0.0, |top, part| if part <= top { top } else { part })
    }

    /// `out += a x` on the adapted spans.
    fn add_adapted(&self, a: T, x: &[T], out: &mut [T], level: Level) {
        for run in runs(self.inner.adapts) {
            axpy(level, a, &x[run.clone()], &mut out[run]);
        }
    }

    /// Zeroes what is not adapted.
    fn keep_adapted(&self, x: &mut [T]) {
        let mut next = 0;
        for run in runs(self.inner.adapts) {
            x[next..run.start].fill(T::ZERO);
            next = run.end;
        }
        x[next..].fill(T::ZERO);
    }
}
