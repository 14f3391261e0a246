//! Linear models with a squared loss: ordinary least squares and ridge regression, several outputs at once.
//!
//! Both minimise, with an unpenalised intercept,
//! ```text
//! sum_i w_i ||y_i - W x_i - b||^2 + alpha ||W||^2            alpha = 0 for ordinary least squares
//! ```
//! The solution is `(S_xx + alpha I) W' = S_xy`, `b = mean_y - W mean_x` over a [`Summary`] of the rows, by Cholesky of the matrix
//! scaled to a unit diagonal. Where columns repeat one another and nothing is penalised, the solution of smallest norm is taken, by
//! eigenvectors, and the report says so. With fewer rows than features the same is done with rows for columns:
//! `(Xc Xc' + alpha I) A = Yc`, `W = A' Xc`.
//!
//! Normal equations square the condition of X. Without a penalty the solution is therefore corrected once by the residuals of the rows
//! themselves, which brings most of the digits back (Björck 1996, Numerical Methods for Least Squares Problems, 2.9.3).

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, Real, axpy, dot, gemm};

use crate::check;
use crate::error::{Error, Result};
use crate::model::map::LinearModel;
use crate::model::normal::Normal;
use crate::model::summary::{BLOCK, Block, Rows, Summary};
use crate::workspace::default_level;

/// Bound on the relative rounding of a mean, taken block by block.
const MEAN_ERROR: f64 = BLOCK as f64 * f64::EPSILON;

/// Ordinary least squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearRegression {
    /// Whether there is an intercept an output. Default true.
    pub fit_intercept: bool,
    /// Threads that `fit` may use; the result does not depend on it. Default 1.
    pub threads: usize,
}

/// Ridge regression: least squares with a penalty `alpha ||W||^2` (Hoerl and Kennard 1970).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ridge {
    /// Strength of the penalty, at least 0. Default 1.
    pub alpha: f64,
    /// Whether there is an intercept an output, unpenalised. Default true.
    pub fit_intercept: bool,
    /// Threads that `fit` may use; the result does not depend on it. Default 1.
    pub threads: usize,
}

/// How a linear system was solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinearReport {
    /// Numerical rank of the system; constant columns do not count.
    pub rank: usize,
    /// Whether columns repeat one another without a penalty, so that of all best solutions the one of smallest norm was taken.
    pub singular: bool,
}

impl Default for LinearRegression {
    fn default() -> Self {
        Self {
            fit_intercept: true,
            threads: 1,
        }
    }
}

impl LinearRegression {
    /// Sets [`LinearRegression::fit_intercept`].
    pub fn with_fit_intercept(self, fit_intercept: bool) -> Self {
        Self {
            fit_intercept,
            ..self
        }
    }

    /// Sets [`LinearRegression::threads`].
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    fn as_ridge(&self) -> Ridge {
        Ridge {
            alpha: 0.0,
            fit_intercept: self.fit_intercept,
            threads: self.threads,
        }
    }

    /// Fits `x: n x d` to `y: n x k`, with a weight a row.
    ///
    /// # Errors
    /// As [`Ridge::fit`].
    pub fn fit<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: MatRef<'_, T>,
        sample_weight: Option<&[T]>,
    ) -> Result<(LinearModel<T>, LinearReport)> {
        self.as_ridge().fit(x, y, sample_weight)
    }

    /// Fits rows that are known by their summary alone; without the rows, badly conditioned systems lose twice the digits.
    ///
    /// # Errors
    /// As [`Ridge::fit_summary`].
    pub fn fit_summary<T: Real>(
        &self,
        summary: &Summary,
    ) -> Result<(LinearModel<T>, LinearReport)> {
        self.as_ridge().fit_summary(summary)
    }
}

impl Default for Ridge {
    fn default() -> Self {
        Self {
            alpha: 1.0,
            fit_intercept: true,
            threads: 1,
        }
    }
}

impl Ridge {
    /// Sets [`Ridge::alpha`].
    pub fn with_alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// Sets [`Ridge::fit_intercept`].
    pub fn with_fit_intercept(self, fit_intercept: bool) -> Self {
        Self {
            fit_intercept,
            ..self
        }
    }

    /// Sets [`Ridge::threads`].
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Fits `x: n x d` to `y: n x k`, with a weight a row.
    ///
    /// # Errors
    /// If `alpha` is negative; if there are no rows, features or outputs; if shapes do not fit, a number is not finite, a weight is
    /// negative or all weights are 0.
    pub fn fit<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: MatRef<'_, T>,
        sample_weight: Option<&[T]>,
    ) -> Result<(LinearModel<T>, LinearReport)> {
        self.check()?;
        check::matrix("x", x)?;
        check::shape("y", (y.rows(), y.cols()), (x.rows(), y.cols().max(1)))?;
        check::finite("y", y)?;
        check::weight_sum(sample_weight, x.rows())?;
        let rows = Rows {
            x,
            y,
            sample_weight,
        };
        if x.rows() < x.cols() {
            return self.fit_rows(rows);
        }
        let mut summary = Summary::new(x.cols(), y.cols());
        summary.add_checked(rows, self.threads);
        let centre = self.centre(&summary);
        let (normal, mut coef) = self.solve(&summary);
        if self.alpha == 0.0 {
            refine(rows, &centre, &normal, &mut coef);
        }
        self.finish((x.cols(), &centre), &coef, normal.rank)
    }

    /// Fits rows that are known by their summary alone.
    ///
    /// # Errors
    /// If `alpha` is negative or the summary has no weight, features or outputs.
    pub fn fit_summary<T: Real>(
        &self,
        summary: &Summary,
    ) -> Result<(LinearModel<T>, LinearReport)> {
        self.check()?;
        if summary.weight() <= 0.0 || summary.features() == 0 || summary.outputs() == 0 {
            return Err(Error::Empty {
                argument: "summary",
            });
        }
        let (normal, coef) = self.solve(summary);
        let centre = self.centre(summary);
        self.finish((summary.features(), &centre), &coef, normal.rank)
    }

    fn check(&self) -> Result<()> {
        check::setting("alpha", "at least 0", self.alpha, self.alpha >= 0.0)
    }

    /// What rows `[x, y]` are centred about: their mean, or 0 without an intercept.
    fn centre(&self, summary: &Summary) -> Vec<f64> {
        let mean = summary.mean_x().iter().chain(summary.mean_y());
        mean.map(|&m| if self.fit_intercept { m } else { 0.0 })
            .collect()
    }

    /// The system of a summary and its solution, `k x d`.
    #[inline]
    fn solve(&self, summary: &Summary) -> (Normal, Vec<f64>) {
        let (weight, mean, d) = (summary.weight(), summary.mean_x(), summary.features());
        let (mut gram, mut coef) = (to_vec(summary.xx()), to_vec(summary.yx()));
        // The products of a constant column are the rounding of its mean.
        let mut noise: Vec<f64> = mean
            .iter()
            .map(|m| weight * (MEAN_ERROR * m) * (MEAN_ERROR * m))
            .collect();
        if !self.fit_intercept {
            add_outer(&mut gram, weight, mean, mean);
            add_outer(&mut coef, weight, summary.mean_y(), mean);
            noise.fill(0.0);
        }
        let normal = Normal::new(&gram, self.alpha, &noise);
        coef.chunks_exact_mut(d).for_each(|row| normal.solve(row));
        (normal, coef)
    }

    /// Fits fewer rows than features, with an unknown a row.
    fn fit_rows<T: Real>(&self, rows: Rows<'_, T>) -> Result<(LinearModel<T>, LinearReport)> {
        let (n, d, k) = (rows.x.rows(), rows.x.cols(), rows.y.cols());
        let (level, mut centre) = (default_level(), vec![0.0; d + k]);
        let mut block = Block::new(n, d + k);
        block.load(rows, 0..n);
        if self.fit_intercept {
            block.mean(rows, &mut centre);
        }
        block.centre(rows, &centre);
        let (x, y) = block.mat().split_cols(d);
        let mut gram = vec![0.0; n * n];
        let product = Product::new(x, x.t());
        gemm(level, product, MatMut::planned(&mut gram, n, n), &mut []);
        if self.fit_intercept && self.alpha == 0.0 {
            fill_null_direction(&mut gram, &rows);
        }
        let normal = Normal::new(&gram, self.alpha, &vec![0.0; n]);
        let (mut a, mut coef) = (to_vec(y.t()), vec![0.0; k * d]);
        a.chunks_exact_mut(n).for_each(|row| normal.solve(row));
        let product = Product::new(MatRef::planned(&a, k, n), x);
        gemm(level, product, MatMut::planned(&mut coef, k, d), &mut []);
        self.finish((d, &centre), &coef, normal.rank)
    }

    /// The model of coefficients `k x d` for rows centred about `centre`, `d + k`.
    fn finish<T: Real>(
        &self,
        (d, centre): (usize, &[f64]),
        coef: &[f64],
        rank: usize,
    ) -> Result<(LinearModel<T>, LinearReport)> {
        let (mean_x, mean_y) = centre.split_at(d);
        let offset = |row: &[f64]| dot(default_level(), row, mean_x);
        let intercept = coef
            .chunks_exact(d)
            .zip(mean_y)
            .map(|(row, y)| y - offset(row));
        let intercept: Vec<T> = intercept.map(T::from_f64).collect();
        let coef: Vec<T> = coef.iter().map(|&v| T::from_f64(v)).collect();
        let model = LinearModel::new(MatRef::planned(&coef, mean_y.len(), d), &intercept);
        let report = LinearReport {
            rank,
            singular: self.alpha == 0.0 && rank < d,
        };
        Ok((model.map_err(|_| Error::Diverged)?, report))
    }
}

/// One correction of `coef: k x d` by the residuals of rows centred about `centre`: `(X'X)^-1 X'(Y - X coef')`.
fn refine<T: Real>(rows: Rows<'_, T>, centre: &[f64], normal: &Normal, coef: &mut [f64]) {
    let (d, k, level) = (rows.x.cols(), rows.y.cols(), default_level());
    let mut block = Block::new(BLOCK, d + k);
    let mut residual = vec![0.0; BLOCK * k];
    let mut step = vec![0.0; k * d];
    for range in Block::ranges(0..rows.x.rows()) {
        let mut r = MatMut::planned(&mut residual, range.len(), k);
        block.load(rows, range);
        block.centre(rows, centre);
        let (x, y) = block.mat().split_cols(d);
        r.copy_from(y);
        let fitted = Product::new(x, MatRef::planned(coef, k, d).t());
        gemm(level, fitted.alpha(-1.0).beta(1.0), r.rb_mut(), &mut []);
        let product = Product::new(r.rb().t(), x).beta(1.0);
        gemm(level, product, MatMut::planned(&mut step, k, d), &mut []);
    }
    step.chunks_exact_mut(d).for_each(|row| normal.solve(row));
    axpy(level, 1.0, &step, coef);
}

/// Centred rows (times the roots of their weights) lie in a plane that is orthogonal to `q`, those roots: adds `q q'` in the scale of
/// the matrix, which makes it regular and leaves its solutions for centred right-hand sides as they are.
fn fill_null_direction<T: Real>(gram: &mut [f64], rows: &Rows<'_, T>) {
    let n = rows.x.rows();
    let q: Vec<f64> = (0..n).map(|i| Real::sqrt(rows.weight(i))).collect();
    let trace: f64 = (0..n).map(|i| gram[i * n + i]).sum();
    let weight: f64 = q.iter().map(|q| q * q).sum();
    add_outer(gram, trace / (n as f64 * weight), &q, &q);
}

/// `m += factor u v'`.
fn add_outer(m: &mut [f64], factor: f64, u: &[f64], v: &[f64]) {
    for (row, &u) in m.chunks_exact_mut(v.len()).zip(u) {
        axpy(default_level(), factor * u, v, row);
    }
}

/// The matrix row by row.
fn to_vec(m: MatRef<'_, f64>) -> Vec<f64> {
    let mut all = vec![0.0; m.rows() * m.cols()];
    MatMut::planned(&mut all, m.rows(), m.cols()).copy_from(m);
    all
}
