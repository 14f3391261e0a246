//! Ridge regression towards given weights: hypothesis transfer for the squared loss (Chelba and Acero 2006; Kuzborskij and Orabona 2013).
//!
//! ```text
//! W = argmin sum_i u_i |x_i W + b - y_i|^2 + lambda |W - Phi|^2 = Phi + the ridge solution for Y - X Phi
//! ```
//! Phi is what the source gave. As lambda grows W tends to Phi, as it vanishes to the plain fit. The intercept b is free: rows are centred
//! first. One factorisation, of the smaller of the two systems, serves the fit, the error on each row under the fit to the others, and
//! the gradient of a loss of W by Phi and lambda (`H = X'X + lambda I`),
//! ```text
//! dL/dPhi = lambda H^-1 dL/dW            dL/dlambda = - sum (W - Phi) H^-1 dL/dW
//! ```
//! by which a prior, and how strongly to trust it, are learned over tasks.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, Real};

use super::PriorGradient;
use crate::check;
use crate::error::{Error, Result};
use crate::loss::{Target, Targets};
use crate::meta::heads::problem::{self, Problem, Solved, factor_len};
use crate::model::LinearModel;
use crate::workspace::{Need, Workspace};

/// Ridge regression towards a prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BiasedRidge {
    /// Lambda, above 0. Default 1.
    pub penalty: f64,
    /// Whether there is a free intercept; if not, it is the prior's. Default true.
    pub intercept: bool,
}

impl Default for BiasedRidge {
    fn default() -> Self {
        Self {
            penalty: 1.0,
            intercept: true,
        }
    }
}

/// A fit towards a prior, and what it was made with.
#[derive(Clone, Debug)]
pub struct BiasedRidgeFit<T> {
    model: LinearModel<T>,
    penalty: T,
    /// `n x d`: rows centred and times their factors.
    x: Vec<T>,
    /// `sqrt u_i`.
    factors: Vec<T>,
    /// `u_i / sum u` where rows were centred, else 0.
    shares: Vec<T>,
    mean_x: Vec<T>,
    factor: Vec<T>,
    /// `k x n`, see `problem.rs`.
    b: Vec<T>,
    /// `W - Phi`, `d x k`.
    apart: Vec<T>,
    workspace: Workspace<T>,
}

/// The weighted means of the columns of `x`, 0 where `shares` are; rows without weight may hold anything.
fn means<T: Real>(x: MatRef<'_, T>, shares: &[T]) -> Vec<T> {
    let mut mean = vec![T::ZERO; x.cols()];
    for (i, &share) in shares
        .iter()
        .enumerate()
        .filter(|(_, share)| **share != T::ZERO)
    {
        for (j, mean) in mean.iter_mut().enumerate() {
            *mean += share * x.at(i, j);
        }
    }
    mean
}

/// `x` less `mean`, each row times its factor.
fn centred<T: Real>(x: MatRef<'_, T>, mean: &[T], factors: &[T]) -> Vec<T> {
    let cell = |at: usize| {
        let (i, j) = (at / x.cols(), at % x.cols());
        match factors[i] == T::ZERO {
            true => T::ZERO,
            false => factors[i] * (x.at(i, j) - mean[j]),
        }
    };
    (0..x.rows() * x.cols()).map(cell).collect()
}

impl BiasedRidge {
    /// Sets [`BiasedRidge::penalty`].
    pub fn with_penalty(self, penalty: f64) -> Self {
        Self { penalty, ..self }
    }

    /// Sets [`BiasedRidge::intercept`].
    pub fn with_intercept(self, intercept: bool) -> Self {
        Self { intercept, ..self }
    }

    fn check<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: &Targets<'_, T>,
        prior: &LinearModel<T>,
    ) -> Result<()> {
        let positive = self.penalty > 0.0;
        check::setting("penalty", "above 0", self.penalty, positive)?;
        check::matrix("x", x)?;
        let (n, d, k) = (x.rows(), prior.features(), prior.outputs());
        check::shape("x", (n, x.cols()), (n, d))?;
        check::shape("y", y.shape(), (n, k))?;
        check::weight_sum(y.weights, n)?;
        match (y.target, y.mask) {
            (Target::Values(y), None) => check::finite("y", y),
            _ => Err(Error::Setting {
                name: "the targets of ridge regression",
                must: "numbers without a mask",
                found: f64::NAN,
            }),
        }
    }

    /// Fits rows `x: n x d` with targets `y` of k numbers (weights allowed) towards `prior`, of as many features and outputs.
    ///
    /// # Errors
    /// If shapes or numbers are not sound, or the penalty is too small for the rows to determine a fit.
    pub fn fit<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: Targets<'_, T>,
        prior: &LinearModel<T>,
    ) -> Result<BiasedRidgeFit<T>> {
        self.check(x, &y, prior)?;
        let (n, d, k) = (x.rows(), x.cols(), prior.outputs());
        let weights: Vec<T> = (0..n).map(|i| y.weight(i, 0)).collect();
        let total = weights.iter().fold(T::ZERO, |sum, &u| sum + u);
        let factors: Vec<T> = weights.iter().map(|u| u.sqrt()).collect();
        let share = |&u: &T| if self.intercept { u / total } else { T::ZERO };
        let shares: Vec<T> = weights.iter().map(share).collect();
        let need = problem::scratch(n, d, k) + d * k + k * n;
        let mut fit = BiasedRidgeFit {
            model: prior.clone(),
            penalty: T::from_f64(self.penalty),
            mean_x: means(x, &shares),
            x: Vec::new(),
            factors,
            shares,
            factor: vec![T::ZERO; factor_len(n, d)],
            b: vec![T::ZERO; k * n],
            apart: vec![T::ZERO; d * k],
            workspace: Workspace::new(Need::scratch(need)),
        };
        fit.x = centred(x, &fit.mean_x, &fit.factors);
        let left = self.left(x, &y, prior)?;
        let left = MatRef::planned(&left, n, k);
        let mean = means(left, &fit.shares);
        let residuals = centred(left, &mean, &fit.factors);
        let mut b = MatMut::planned(&mut fit.b, k, n);
        b.copy_from(MatRef::planned(&residuals, n, k).t());
        let x = MatRef::planned(&fit.x, n, d);
        let (penalty, work) = (fit.penalty, &mut fit.workspace.slabs().work);
        let problem = Problem { x, penalty };
        problem.factor(&mut fit.factor, work)?;
        let apart = MatMut::planned(&mut fit.apart, d, k);
        problem.solve(&fit.factor, b, apart, work);
        fit.model = self.model(prior, &fit, &mean)?;
        Ok(fit)
    }

    /// What the prior leaves: `Y - X Phi`, less the prior's intercept where it stays.
    fn left<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: &Targets<'_, T>,
        prior: &LinearModel<T>,
    ) -> Result<Vec<T>> {
        let mut left = prior.predict(x)?;
        for (at, left) in left.iter_mut().enumerate() {
            let (i, j) = (at / prior.outputs(), at % prior.outputs());
            let intercept = if self.intercept {
                prior.intercept()[j]
            } else {
                T::ZERO
            };
            let wanted = y.cell(i, j).map_or(T::ZERO, |(_, wanted)| wanted);
            *left = wanted - (*left - intercept);
        }
        Ok(left)
    }

    /// `Phi` and what was added, with the intercept that the means ask for.
    fn model<T: Real>(
        &self,
        prior: &LinearModel<T>,
        fit: &BiasedRidgeFit<T>,
        mean: &[T],
    ) -> Result<LinearModel<T>> {
        let (d, k) = (prior.features(), prior.outputs());
        let mut params = prior.params().to_vec();
        let (coef, intercept) = params.split_at_mut(d * k);
        coef.iter_mut()
            .zip(&fit.apart)
            .for_each(|(w, &apart)| *w += apart);
        for (j, b) in intercept.iter_mut().enumerate().filter(|_| self.intercept) {
            let along = |i: usize| fit.mean_x[i] * fit.apart[i * k + j];
            *b = (0..d).fold(mean[j], |rest, i| rest - along(i));
        }
        LinearModel::new(MatRef::planned(coef, d, k).t(), intercept)
    }

    /// The penalty with the smallest mean leave-one-out error, and the error of each.
    ///
    /// # Errors
    /// If there are none, or one does not fit.
    pub fn choose_penalty<T: Real>(
        &self,
        penalties: &[f64],
        x: MatRef<'_, T>,
        y: Targets<'_, T>,
        prior: &LinearModel<T>,
    ) -> Result<(f64, Vec<f64>)> {
        super::least(penalties, |penalty| {
            let mut fit = self.with_penalty(penalty).fit(x, y, prior)?;
            Ok(fit.leave_one_out_error())
        })
    }
}

impl<T: Real> BiasedRidgeFit<T> {
    /// The model.
    pub fn model(&self) -> &LinearModel<T> {
        &self.model
    }

    fn sizes(&self) -> (usize, usize, usize) {
        let (d, k) = (self.model.features(), self.model.outputs());
        (self.factors.len(), d, k)
    }

    /// What each row's residual `x_i W + b - y_i` would be under the fit to all the others: `n x k`; NaN for rows of weight 0.
    pub fn leave_one_out(&mut self) -> Vec<T> {
        let (n, d, k) = self.sizes();
        let mut columns = vec![T::ZERO; k * n];
        let solved = Solved {
            problem: Problem {
                x: MatRef::planned(&self.x, n, d),
                penalty: self.penalty,
            },
            factor: &self.factor,
            b: MatRef::planned(&self.b, k, n),
            weights: MatRef::planned(&self.apart, d, k),
        };
        let into = MatMut::planned(&mut columns, k, n);
        let work = &mut self.workspace.slabs().work;
        solved.leave_one_out(&self.shares, into, work);
        let cell = |at: usize| -columns[at % k * n + at / k] / self.factors[at / k];
        (0..n * k).map(cell).collect()
    }

    /// The weighted mean of the squares of [`BiasedRidgeFit::leave_one_out`].
    pub fn leave_one_out_error(&mut self) -> f64 {
        let (residuals, k) = (self.leave_one_out(), self.model.outputs());
        let (mut sum, mut total) = (0.0, 0.0);
        for (row, factor) in residuals.chunks(k).zip(&self.factors) {
            let weight = (*factor * *factor).to_f64();
            if weight > 0.0 {
                total += weight * k as f64;
                sum += weight * row.iter().map(|r| r.to_f64() * r.to_f64()).sum::<f64>();
            }
        }
        sum / total
    }

    /// The gradient by the prior and the penalty of a loss whose gradient by the model's flat parameters is `g` (`[W, b]`, as
    /// [`LinearModel::params`]).
    ///
    /// # Panics
    /// If `g` has another length.
    pub fn adjoint(&mut self, g: &[T]) -> PriorGradient<T> {
        let (n, d, k) = self.sizes();
        assert_eq!(g.len(), (d + 1) * k, "a gradient by all parameters");
        let free = self.shares.iter().any(|&share| share != T::ZERO);
        let mut prior = g.to_vec();
        let (e, of_intercept) = prior.split_at_mut(d * k);
        if free {
            // b = mean y - mean x W: what b gets goes on to W.
            let means = MatRef::planned(&self.mean_x, d, 1);
            let outer = Product::new(means, MatRef::planned(of_intercept, 1, k));
            let work = &mut self.workspace.slabs().work;
            work.gemm(outer.alpha(-T::ONE).beta(T::ONE), MatMut::planned(e, d, k));
            of_intercept.fill(T::ZERO);
        }
        let solved = Solved {
            problem: Problem {
                x: MatRef::planned(&self.x, n, d),
                penalty: self.penalty,
            },
            factor: &self.factor,
            b: MatRef::planned(&self.b, k, n),
            weights: MatRef::planned(&self.apart, d, k),
        };
        let mut m = vec![T::ZERO; k * n];
        let work = &mut self.workspace.slabs().work;
        let into = MatMut::planned(&mut m, k, n);
        let penalty = solved.adjoint(MatMut::planned(e, d, k), into, work);
        if !solved.problem.is_dual() {
            e.iter_mut().for_each(|v| *v *= self.penalty);
        }
        for (j, b) in of_intercept.iter_mut().enumerate().filter(|_| !free) {
            // The prior's own: what it adds, it takes from the targets.
            let pairs = m[j * n..].iter().zip(&self.factors);
            *b = pairs.fold(*b, |rest, (&m, &factor)| rest - factor * m);
        }
        PriorGradient { prior, penalty }
    }
}
