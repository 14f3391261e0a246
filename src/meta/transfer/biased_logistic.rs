//! Logistic regression towards given weights: hypothesis transfer for classes (Chelba and Acero 2006).
//!
//! ```text
//! W = argmin sum_i u_i l(x_i W + b, y_i) + lambda/2 |W - Phi|^2
//! ```
//! with the logistic loss for two classes and softmax cross-entropy for more; the intercept b is free. The fit is [`L2Sp`] around a linear
//! objective, minimised by Newton's method. At its optimum `F(W, b) = 0`, so a loss L of it has, with `H` the Hessian there (exact, by
//! products) and one factorisation of it,
//! ```text
//! v = H^-1 dL/d[W, b]        dL/dPhi = lambda v_W        dL/dlambda = - sum (W - Phi) v_W
//! ```
//! The softmax of more than two classes does not feel a number added to all intercepts, nor does any loss of it: along that direction H is
//! 0, and the unit matrix is put there, which changes no v that matters.

use alloc::{vec, vec::Vec};
use core::ops::ControlFlow;

use cognate_kernels::{MatMut, MatRef, Real};

use super::{L2Sp, PriorGradient};
use crate::check;
use crate::error::{Error, Result};
use crate::linalg::{cholesky, cholesky_solve};
use crate::loss::{Logistic, Loss, Softmax, Target, Targets};
use crate::model::{ClassModel, LinearModel, LogisticModel};
use crate::objective::Objective;
use crate::objective::linear::LinearObjective;
use crate::optim::{NewtonCg, NewtonCgState, Report, Stop};
use crate::params::Span;
use crate::workspace::Workspace;

/// Logistic regression towards a prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BiasedLogistic {
    /// Lambda, above 0. Default 1.
    pub penalty: f64,
    /// Whether there is a free intercept; if not, there is none. Default true.
    pub intercept: bool,
    /// Converged when `max |gradient|` is at most this. Default 1e-9.
    pub tol: f64,
    /// Newton steps at most. Default 100.
    pub max_iter: usize,
}

impl Default for BiasedLogistic {
    fn default() -> Self {
        Self {
            penalty: 1.0,
            intercept: true,
            tol: 1e-9,
            max_iter: 100,
        }
    }
}

impl BiasedLogistic {
    /// Sets [`BiasedLogistic::penalty`].
    pub fn with_penalty(self, penalty: f64) -> Self {
        Self { penalty, ..self }
    }

    /// Sets [`BiasedLogistic::intercept`].
    pub fn with_intercept(self, intercept: bool) -> Self {
        Self { intercept, ..self }
    }

    /// Sets [`BiasedLogistic::tol`].
    pub fn with_tol(self, tol: f64) -> Self {
        Self { tol, ..self }
    }

    fn check<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: &Targets<'_, T>,
        prior: &LogisticModel<T>,
    ) -> Result<()> {
        check::setting("penalty", "above 0", self.penalty, self.penalty > 0.0)?;
        check::matrix("x", x)?;
        let n = x.rows();
        check::shape("x", (n, x.cols()), (n, prior.features()))?;
        check::shape("y", y.shape(), (n, 1))?;
        check::weight_sum(y.weights, n)?;
        if !self.intercept && prior.intercept().iter().any(|&b| b != T::ZERO) {
            return Err(Error::Setting {
                name: "the prior's intercept, where there is none",
                must: "0",
                found: f64::NAN,
            });
        }
        match y.target {
            Target::Classes(labels) => check::labels(labels, prior.classes()),
            Target::Values(_) => Err(Error::Setting {
                name: "the targets of logistic regression",
                must: "classes",
                found: f64::NAN,
            }),
        }
    }

    /// `work` with the objective of these rows.
    fn with_objective<T: Real, R>(
        &self,
        (x, y): (MatRef<'_, T>, Targets<'_, T>),
        prior: &LinearModel<T>,
        work: impl FnOnce(&dyn Objective<T>) -> R,
    ) -> R {
        let (d, k) = (prior.features(), prior.outputs());
        let strengths = [(Span::new("coef", 0, d, k), T::from_f64(self.penalty))];
        let (logistic, softmax) = (Logistic, Softmax::default());
        let loss: &(dyn Loss<T> + Sync) = if k == 1 { &logistic } else { &softmax };
        let inner = LinearObjective {
            intercept: self.intercept,
            l2: T::ZERO,
            ..LinearObjective::new(x, y, &loss, k)
        };
        work(&L2Sp {
            inner,
            anchor: prior.params(),
            strengths: &strengths,
        })
    }

    /// Fits rows `x: n x d` with class labels `y` (weights allowed) towards `prior`, of as many features and classes.
    ///
    /// # Errors
    /// If shapes or numbers are not sound. Whether the optimum was reached is for the report to say.
    pub fn fit<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: Targets<'_, T>,
        prior: &LogisticModel<T>,
    ) -> Result<(LogisticModel<T>, Report)> {
        self.check(x, &y, prior)?;
        self.fit_from((x, y), prior, prior.map().params().to_vec())
    }

    /// The fit that starts at `p`.
    fn fit_from<T: Real>(
        &self,
        rows: (MatRef<'_, T>, Targets<'_, T>),
        prior: &LogisticModel<T>,
        mut p: Vec<T>,
    ) -> Result<(LogisticModel<T>, Report)> {
        let report = self.with_objective(rows, prior.map(), |objective| {
            let newton = NewtonCg::default()
                .with_tol(self.tol)
                .with_max_iter(self.max_iter);
            let mut workspace = Workspace::new(objective.need());
            let p = &mut p[..objective.len()];
            let mut state = NewtonCgState::new(p.len());
            let slabs = workspace.slabs();
            newton.minimise(objective, p, &mut state, slabs, &mut |_| {
                ControlFlow::Continue(())
            })
        });
        if report.stopped == Stop::Diverged {
            return Err(Error::Diverged);
        }
        let (d, k) = (prior.features(), prior.map().outputs());
        let (coef, intercept) = p.split_at(d * k);
        let map = LinearModel::new(MatRef::planned(coef, d, k).t(), intercept)?;
        Ok((ClassModel::from_map(map)?, report))
    }

    /// The gradient by the prior and the penalty of a loss whose gradient by the flat parameters of `model`, the fit to these rows, is
    /// `g` (`[W, b]`, as [`LinearModel::params`]).
    ///
    /// # Errors
    /// If the Hessian at `model` is not positive definite to rounding.
    ///
    /// # Panics
    /// If `g` has another length than the model has parameters.
    pub fn adjoint<T: Real>(
        &self,
        rows: (MatRef<'_, T>, Targets<'_, T>),
        (prior, model): (&LogisticModel<T>, &LogisticModel<T>),
        g: &[T],
    ) -> Result<PriorGradient<T>> {
        let (prior, p) = (prior.map(), model.map().params());
        assert_eq!(g.len(), p.len(), "a gradient by all parameters");
        let coefficients = prior.features() * prior.outputs();
        let mut v = self.solve_hessian(rows, prior, p, g)?;
        v.resize(p.len(), T::ZERO);
        v[coefficients..].fill(T::ZERO);
        let mut penalty = T::ZERO;
        for (i, v) in v[..coefficients].iter_mut().enumerate() {
            penalty += (prior.params()[i] - p[i]) * *v;
            *v *= T::from_f64(self.penalty);
        }
        Ok(PriorGradient { prior: v, penalty })
    }

    /// `H^-1 g` at `p`.
    fn solve_hessian<T: Real>(
        &self,
        rows: (MatRef<'_, T>, Targets<'_, T>),
        prior: &LinearModel<T>,
        p: &[T],
        g: &[T],
    ) -> Result<Vec<T>> {
        self.with_objective(rows, prior, |objective| {
            let side = objective.len();
            let mut workspace = Workspace::new(objective.need());
            let (mut hessian, mut unit) = (vec![T::ZERO; side * side], vec![T::ZERO; side]);
            let mut slabs = workspace.slabs();
            let w = &mut slabs.work;
            objective.value_grad(p, Some(&mut unit), slabs.saved, w);
            for i in 0..side {
                unit.fill(T::ZERO);
                unit[i] = T::ONE;
                let row = &mut hessian[i * side..][..side];
                objective.hvp(p, slabs.saved, &unit, row, w);
            }
            let k = prior.outputs();
            if self.intercept && k > 1 {
                fill_shift(MatMut::planned(&mut hessian, side, side), k);
            }
            let mut v = g[..side].to_vec();
            cholesky(MatMut::planned(&mut hessian, side, side), w)?;
            cholesky_solve(MatRef::planned(&hessian, side, side), &mut v, w.level());
            Ok(v)
        })
    }

    /// The penalty with the smallest mean leave-one-out log loss, and that of each. Exact: a fit a row and penalty, each from the fit to
    /// all rows.
    ///
    /// # Errors
    /// If there are none, or one does not fit.
    pub fn choose_penalty<T: Real>(
        &self,
        penalties: &[f64],
        x: MatRef<'_, T>,
        y: Targets<'_, T>,
        prior: &LogisticModel<T>,
    ) -> Result<(f64, Vec<f64>)> {
        super::least(penalties, |penalty| {
            self.with_penalty(penalty).leave_one_out_loss(x, y, prior)
        })
    }

    /// The weighted mean, over the rows, of the log loss of each under the fit to all the others.
    ///
    /// # Errors
    /// Those of [`BiasedLogistic::fit`].
    pub fn leave_one_out_loss<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: Targets<'_, T>,
        prior: &LogisticModel<T>,
    ) -> Result<f64> {
        let start = self.fit(x, y, prior)?.0;
        let mut weights: Vec<T> = (0..x.rows()).map(|i| y.weight(i, 0)).collect();
        let (mut sum, mut total) = (0.0, 0.0);
        for i in 0..x.rows() {
            let weight = core::mem::take(&mut weights[i]);
            if weight == T::ZERO {
                continue;
            }
            let others = y.weighted(Some(&weights)).masked(None);
            let p = start.map().params().to_vec();
            let model = self.fit_from((x, others), prior, p)?.0;
            sum += weight.to_f64() * log_loss(&model, x.rows_range(i..i + 1), &y.rows(i..i + 1))?;
            total += weight.to_f64();
            weights[i] = weight;
        }
        Ok(sum / total)
    }
}

/// The log loss of one row.
fn log_loss<T: Real>(
    model: &LogisticModel<T>,
    x: MatRef<'_, T>,
    y: &Targets<'_, T>,
) -> Result<f64> {
    let z = model.decision_function(x)?;
    let Target::Classes(&[label]) = y.target else {
        unreachable!("one label a row");
    };
    if let [z] = z[..] {
        let against = if label == 1 { -z } else { z };
        return Ok(against.softplus().to_f64());
    }
    let top = z.iter().fold(z[0], |top, &z| top.max(z));
    let sum = z.iter().fold(T::ZERO, |sum, &z| sum + (z - top).exp());
    Ok((sum.ln() + top - z[label as usize]).to_f64())
}

/// `H += e e'`, e the unit vector along all k intercepts, the last unknowns.
fn fill_shift<T: Real>(mut hessian: MatMut<'_, T>, k: usize) {
    let side = hessian.rows();
    let part = T::ONE / T::from_usize(k);
    for i in side - k..side {
        for j in side - k..side {
            let sum = hessian.at(i, j) + part;
            hessian.set(i, j, sum);
        }
    }
}
