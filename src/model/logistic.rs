//! Logistic regression: the classes' log-odds are linear in the features.
//!
//! Two classes have one logit, for class 1; k classes have k logits and the softmax of them (multinomial). The fit minimises
//! scikit-learn's objective, with unpenalised intercepts,
//! ```text
//! C sum_i w_i loss_i + 1/2 ||W||^2
//! ```
//! which is strictly convex in W, so that both solvers end at the same optimum. Softmax does not change when one number is added to all
//! intercepts; of those that are equally good the ones with sum 0 are taken.
//!
//! `tol` means what it means in scikit-learn: the fit has converged when no part of the gradient of the objective, divided by
//! `C sum_i w_i` (so that the losses are averaged), exceeds it.

use alloc::{vec, vec::Vec};
use core::ops::ControlFlow;

use cognate_kernels::{MatRef, Real};

use crate::check;
use crate::error::{Error, Result};
use crate::loss::{Logistic, Loss, Softmax, Targets};
use crate::model::LinearModel;
use crate::model::class_model::{LogisticModel, logits};
use crate::model::classes::{ClassWeight, class_totals, row_weights};
use crate::objective::Objective;
use crate::objective::linear::LinearObjective;
use crate::optim::{Callback, Lbfgs, LbfgsState, NewtonCg, NewtonCgState, Report, Stop};
use crate::workspace::Workspace;

/// How the objective is minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Solver {
    /// From gradients: least work an iteration.
    #[default]
    Lbfgs,
    /// From exact Hessian products: fewer iterations, which pays for hard problems and small tolerances.
    NewtonCg,
}

/// The settings of logistic regression, with scikit-learn's names and defaults.
///
/// ```
/// use cognate::{MatRef, model::LogisticRegression};
/// let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
/// let (model, report) = LogisticRegression::default()
///     .fit(MatRef::new(&x, 6, 1)?, &[0, 0, 1, 0, 1, 1], None)?;
/// assert!(report.converged());
/// assert_eq!(model.predict(MatRef::new(&[0.5, 4.5], 2, 1)?)?, [0, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticRegression {
    /// Weight of the losses against the penalty, above 0 (scikit-learn's `C`). Default 1.
    pub c: f64,
    /// Bound on the gradient of the averaged objective at which the fit has converged, at least 0. Default 1e-4.
    pub tol: f64,
    /// Most iterations. Default 100.
    pub max_iter: usize,
    /// Default: L-BFGS.
    pub solver: Solver,
    /// Whether there are intercepts. Default true.
    pub fit_intercept: bool,
    /// Factors of the rows' weights, a class. Default: none.
    pub class_weight: ClassWeight,
    /// Threads that `fit` may use; the result does not depend on it. Default 1.
    pub threads: usize,
}

impl Default for LogisticRegression {
    fn default() -> Self {
        Self {
            c: 1.0,
            tol: 1e-4,
            max_iter: 100,
            solver: Solver::Lbfgs,
            fit_intercept: true,
            class_weight: ClassWeight::None,
            threads: 1,
        }
    }
}

impl LogisticRegression {
    /// Sets [`LogisticRegression::c`].
    pub fn with_c(self, c: f64) -> Self {
        Self { c, ..self }
    }

    /// Sets [`LogisticRegression::tol`].
    pub fn with_tol(self, tol: f64) -> Self {
        Self { tol, ..self }
    }

    /// Sets [`LogisticRegression::max_iter`].
    pub fn with_max_iter(self, max_iter: usize) -> Self {
        Self { max_iter, ..self }
    }

    /// Sets [`LogisticRegression::solver`].
    pub fn with_solver(self, solver: Solver) -> Self {
        Self { solver, ..self }
    }

    /// Sets [`LogisticRegression::fit_intercept`].
    pub fn with_fit_intercept(self, fit_intercept: bool) -> Self {
        Self {
            fit_intercept,
            ..self
        }
    }

    /// Sets [`LogisticRegression::class_weight`].
    pub fn with_class_weight(self, class_weight: ClassWeight) -> Self {
        Self {
            class_weight,
            ..self
        }
    }

    /// Sets [`LogisticRegression::threads`].
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Fits `x: n x d` to the classes `y` (n labels `0..k`, each class with a row), with a weight a row.
    ///
    /// # Errors
    /// If a setting is not allowed; if there are no rows or features, shapes do not fit, a number is not finite or a weight negative;
    /// if fewer than two classes have rows of weight, or one below the highest label has none.
    pub fn fit<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: &[u32],
        sample_weight: Option<&[T]>,
    ) -> Result<(LogisticModel<T>, Report)> {
        self.fit_with(x, y, sample_weight, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`LogisticRegression::fit`], with a callback after every iteration that may stop the work; the best point is kept.
    ///
    /// # Errors
    /// As [`LogisticRegression::fit`].
    pub fn fit_with<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: &[u32],
        sample_weight: Option<&[T]>,
        callback: Callback<'_>,
    ) -> Result<(LogisticModel<T>, Report)> {
        let problem = self.check(x, y, sample_weight)?;
        self.solve(&problem, None, callback)
    }

    /// As [`LogisticRegression::fit_with`], from the parameters of `start` (scikit-learn's `warm_start`).
    ///
    /// # Errors
    /// As [`LogisticRegression::fit`], or if `start` has other features or classes.
    pub fn fit_from<T: Real>(
        &self,
        start: &LogisticModel<T>,
        x: MatRef<'_, T>,
        y: &[u32],
        sample_weight: Option<&[T]>,
        callback: Callback<'_>,
    ) -> Result<(LogisticModel<T>, Report)> {
        let problem = self.check(x, y, sample_weight)?;
        let shape = (problem.classes, x.cols());
        check::shape("start", (start.classes(), start.features()), shape)?;
        self.solve(&problem, Some(start), callback)
    }

    fn check<'a, T: Real>(
        &self,
        x: MatRef<'a, T>,
        y: &'a [u32],
        sample_weight: Option<&'a [T]>,
    ) -> Result<Problem<'a, T>> {
        check::setting("C", "above 0", self.c, self.c > 0.0)?;
        check::setting("tol", "at least 0", self.tol, self.tol >= 0.0)?;
        check::matrix("x", x)?;
        check::shape("y", (y.len(), 1), (x.rows(), 1))?;
        check::weight_sum(sample_weight, x.rows())?;
        let totals = class_totals(y, sample_weight)?;
        let factors = self.class_weight.factors(&totals)?;
        let total = match &factors {
            Some(factors) => totals.iter().zip(factors).map(|(t, f)| t * f).sum(),
            None => totals.iter().sum(),
        };
        let by_row = |factors: Vec<f64>| row_weights(&factors, y, sample_weight);
        Ok(Problem {
            x,
            y,
            classes: totals.len(),
            total,
            sample_weight,
            class_weight: factors.map(by_row),
        })
    }

    fn solve<T: Real>(
        &self,
        problem: &Problem<'_, T>,
        start: Option<&LogisticModel<T>>,
        callback: Callback<'_>,
    ) -> Result<(LogisticModel<T>, Report)> {
        let (d, k) = (problem.x.cols(), problem.logits());
        let mut p = match start {
            None => vec![T::ZERO; (d + 1) * k],
            Some(model) => model.map().params().to_vec(),
        };
        let report = match k {
            1 => self.minimise(problem, &Logistic, &mut p, callback),
            _ => self.minimise(problem, &Softmax::default(), &mut p, callback),
        };
        if report.stopped == Stop::Diverged {
            return Err(Error::Diverged);
        }
        centre(&mut p[d * k..]);
        Ok((
            LogisticModel::from_map(LinearModel::from_params(d, k, p))?,
            report,
        ))
    }

    fn minimise<T: Real, L: Loss<T> + Sync>(
        &self,
        problem: &Problem<'_, T>,
        loss: &L,
        p: &mut [T],
        callback: Callback<'_>,
    ) -> Report {
        let mut objective = LinearObjective {
            intercept: self.fit_intercept,
            scale: T::from_f64(self.c),
            ..LinearObjective::new(problem.x, problem.targets(), loss, problem.logits())
        };
        let inverse = match self.solver {
            // At even odds of two classes, or of one among k: the largest curvature, and the one at the start.
            Solver::Lbfgs => objective.inverse_hessian(match problem.classes {
                2 => 0.25,
                k => 1.0 / k as f64,
            }),
            Solver::NewtonCg => None,
        };
        objective.inverse = inverse.as_deref();
        let (p, unused) = p.split_at_mut(objective.len());
        unused.fill(T::ZERO);
        let mut workspace = Workspace::new(objective.need()).with_threads(self.threads);
        let tol = self.tol * self.c * problem.total;
        match self.solver {
            Solver::Lbfgs => {
                let mut state = LbfgsState::default();
                Lbfgs::default()
                    .with_tol(tol)
                    .with_max_iter(self.max_iter)
                    .minimise(&objective, p, &mut state, workspace.slabs(), callback)
            }
            Solver::NewtonCg => {
                let mut state = NewtonCgState::default();
                NewtonCg::default()
                    .with_tol(tol)
                    .with_max_iter(self.max_iter)
                    .minimise(&objective, p, &mut state, workspace.slabs(), callback)
            }
        }
    }
}

/// What is fitted, checked.
struct Problem<'a, T> {
    x: MatRef<'a, T>,
    y: &'a [u32],
    classes: usize,
    /// `sum_i w_i`.
    total: f64,
    sample_weight: Option<&'a [T]>,
    /// The rows' weights where class weights change them.
    class_weight: Option<Vec<T>>,
}

impl<T: Real> Problem<'_, T> {
    fn logits(&self) -> usize {
        logits(self.classes)
    }

    fn targets(&self) -> Targets<'_, T> {
        let weights = self.class_weight.as_deref().or(self.sample_weight);
        Targets::classes(self.y).weighted(weights)
    }
}

/// Takes the mean from several intercepts.
fn centre<T: Real>(intercepts: &mut [T]) {
    if intercepts.len() > 1 {
        let sum: f64 = intercepts.iter().map(|b| b.to_f64()).sum();
        let mean = T::from_f64(sum / intercepts.len() as f64);
        intercepts.iter_mut().for_each(|b| *b -= mean);
    }
}
