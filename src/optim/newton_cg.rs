//! Newton-CG: Newton's method whose linear systems conjugate gradients solve only as well as pays (Dembo and Steihaug 1983; Nocedal
//! and Wright 2006, algorithm 7.1).
//!
//! At a point with gradient g and Hessian H, known by exact products:
//! ```text
//! d = what CG reaches for H d = -g  until  ||H d + g|| <= eta ||g||
//! eta_k = 0.9 (||g_k|| / ||g_(k-1)||)^2, not above 1/2, and not suddenly small: Eisenstat and Walker 1996, choice 2
//! ```
//! Far from the optimum the system is solved roughly; near it the error of d shrinks with the gradient itself, so the walk converges
//! quadratically. Where CG meets a direction without positive curvature it keeps what it has, or `-g` if it has nothing: always a
//! direction of descent. With [`Curvature::GaussNewton`] the positive semidefinite `J' H_loss J` takes the place of H.
//!
//! The last system is not solved better than [`NewtonCg::tol`] asks for: `eta ||g|| >= tol / 2`.

use alloc::{vec, vec::Vec};

use cognate_kernels::{Real, dot};

use super::curvature::Curvature;
use super::descent::{Descent, Director, Limits, Oracle, Vectors};
use super::line_search::Rule;
use super::report::{Callback, Report};
use crate::linalg::{Cg, cg_scratch};
use crate::objective::Objective;
use crate::workspace::Slabs;

/// Steps without progress within rounding: near an optimum one step does what can be done.
const PATIENCE: usize = 6;

/// The settings of Newton-CG.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewtonCg {
    /// Most iterations. Default 100.
    pub max_iter: usize,
    /// Converged when `max |gradient|` is at most this. Default 1e-4.
    pub tol: f64,
    /// Stop when an iteration lowers the value by at most this, relative to the larger of both values and 1. Default 0: never.
    pub ftol: f64,
    /// Most products with the matrix in one iteration. Default 200.
    pub max_inner: usize,
    /// Most evaluations in one line search. Default 30.
    pub max_line_search: usize,
    /// The matrix. Default: the Hessian.
    pub curvature: Curvature,
}

impl Default for NewtonCg {
    fn default() -> Self {
        Self {
            max_iter: 100,
            tol: 1e-4,
            ftol: 0.0,
            max_inner: 200,
            max_line_search: 30,
            curvature: Curvature::Hessian,
        }
    }
}

impl NewtonCg {
    /// Sets [`NewtonCg::max_iter`].
    pub fn with_max_iter(self, max_iter: usize) -> Self {
        Self { max_iter, ..self }
    }

    /// Sets [`NewtonCg::tol`].
    pub fn with_tol(self, tol: f64) -> Self {
        Self { tol, ..self }
    }

    /// Sets [`NewtonCg::ftol`].
    pub fn with_ftol(self, ftol: f64) -> Self {
        Self { ftol, ..self }
    }

    /// Sets [`NewtonCg::max_inner`].
    pub fn with_max_inner(self, max_inner: usize) -> Self {
        Self { max_inner, ..self }
    }

    /// Sets [`NewtonCg::max_line_search`].
    pub fn with_max_line_search(self, max_line_search: usize) -> Self {
        Self {
            max_line_search,
            ..self
        }
    }

    /// Sets [`NewtonCg::curvature`].
    pub fn with_curvature(self, curvature: Curvature) -> Self {
        Self { curvature, ..self }
    }

    /// Minimises `objective` from `p`, which then holds the best point found; its value is never above the start's.
    ///
    /// `slabs` are those of a [`Workspace`](crate::workspace::Workspace) made for [`Objective::need`]. `state` is memory alone: every
    /// call starts afresh. Nothing is allocated after the start.
    ///
    /// # Panics
    /// If `p` has another length than the objective.
    #[track_caller]
    pub fn minimise<T: Real, O: Objective<T> + ?Sized>(
        &self,
        objective: &O,
        p: &mut [T],
        state: &mut NewtonCgState<T>,
        slabs: Slabs<'_, T>,
        callback: Callback<'_>,
    ) -> Report {
        if state.vectors.len() != p.len() {
            *state = NewtonCgState::new(p.len());
        }
        let limits = Limits {
            max_iter: self.max_iter,
            tol: self.tol,
            ftol: self.ftol,
            patience: PATIENCE,
            rule: Rule {
                decrease: 1e-4,
                curvature: 0.9,
                max_trials: self.max_line_search,
            },
        };
        let mut newton = Newton {
            settings: self,
            scratch: &mut state.scratch,
            steepest: false,
            before: None,
        };
        Descent::start(limits, objective, p, &mut state.vectors, slabs).run(&mut newton, callback)
    }
}

/// The memory of Newton-CG.
#[derive(Clone, Debug, Default)]
pub struct NewtonCgState<T> {
    vectors: Vectors<T>,
    scratch: Vec<T>,
}

impl<T: Real> NewtonCgState<T> {
    /// For `n` parameters: `9 n` elements.
    pub fn new(n: usize) -> Self {
        Self {
            vectors: Vectors::new(n),
            scratch: vec![T::ZERO; cg_scratch(n)],
        }
    }
}

struct Newton<'a, T> {
    settings: &'a NewtonCg,
    scratch: &'a mut [T],
    /// The last search failed: go along `-g` once.
    steepest: bool,
    /// `||g||` and eta of the iteration before.
    before: Option<(f64, f64)>,
}

impl<T: Real> Newton<'_, T> {
    /// How well the system is to be solved, relative to `||g||`.
    fn forcing(&mut self, norm: f64) -> f64 {
        let mut eta = match self.before {
            None => 0.5,
            Some((norm_before, eta_before)) => {
                let ratio = norm / norm_before;
                let gently = 0.9 * eta_before * eta_before;
                (0.9 * ratio * ratio).max(if gently > 0.1 { gently } else { 0.0 })
            }
        };
        eta = eta
            .max(0.5 * self.settings.tol / norm)
            .max(Real::sqrt(T::EPSILON.to_f64()))
            .min(0.5);
        self.before = Some((norm, eta));
        eta
    }
}

impl<T: Real, O: Objective<T> + ?Sized> Director<T, O> for Newton<'_, T> {
    fn direct(&mut self, oracle: &mut Oracle<'_, T, O>, p: &[T], v: &mut Vectors<T>) -> f64 {
        let level = oracle.level();
        let norm = Real::sqrt(dot(level, &v.gradient, &v.gradient).to_f64());
        // The trial is free until the search starts.
        let downhill = &mut v.trial;
        for (b, &g) in downhill.iter_mut().zip(&v.gradient) {
            *b = -g;
        }
        if !self.steepest {
            let cg = Cg {
                max_iter: self.settings.max_inner,
                tol: self.forcing(norm),
                inverse_diagonal: None,
            };
            let apply = |x: &[T], out: &mut [T]| oracle.product(self.settings.curvature, p, x, out);
            let report = cg.solve(level, apply, downhill, &mut v.direction, self.scratch);
            if report.iterations > 0 {
                return 1.0;
            }
        }
        v.direction.copy_from_slice(downhill);
        (1.0 / norm).min(1.0)
    }

    fn learn(&mut self, _: &mut Oracle<'_, T, O>, _: &[T], _: &Vectors<T>) {
        self.steepest = false;
    }

    fn forget(&mut self) -> bool {
        !core::mem::replace(&mut self.steepest, true)
    }
}
