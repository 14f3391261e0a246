//! Scores of predicted numbers. Matrices are `n x outputs`; a score of several outputs is the mean of theirs.

use cognate_kernels::{MatRef, Real};

use crate::{Result, check};

/// The mean squared error.
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty) without rows or outputs, [`Error::Shape`](crate::Error::Shape) if shapes differ,
/// [`Error::NotFinite`](crate::Error::NotFinite) for a number that is not finite,
/// [`Error::Weight`](crate::Error::Weight) or [`Error::Setting`](crate::Error::Setting) for wrong weights.
pub fn mean_squared_error<T: Real>(
    y: MatRef<'_, T>,
    predicted: MatRef<'_, T>,
    weights: Option<&[f64]>,
) -> Result<f64> {
    let rows = Rows::new(y, predicted, weights)?;
    Ok(rows.mean_over_outputs(|j| {
        rows.sum(|i| rows.residual(i, j) * rows.residual(i, j)) / rows.total
    }))
}

/// The mean absolute error.
///
/// # Errors
/// As [`mean_squared_error`].
pub fn mean_absolute_error<T: Real>(
    y: MatRef<'_, T>,
    predicted: MatRef<'_, T>,
    weights: Option<&[f64]>,
) -> Result<f64> {
    let rows = Rows::new(y, predicted, weights)?;
    Ok(rows.mean_over_outputs(|j| rows.sum(|i| rows.residual(i, j).abs()) / rows.total))
}

/// The coefficient of determination: 1 for perfect predictions, 0 for the mean's.
///
/// An output that does not vary scores 1 if it is predicted exactly, else 0. A single row has no score: NaN.
///
/// # Errors
/// As [`mean_squared_error`].
pub fn r2<T: Real>(
    y: MatRef<'_, T>,
    predicted: MatRef<'_, T>,
    weights: Option<&[f64]>,
) -> Result<f64> {
    let rows = Rows::new(y, predicted, weights)?;
    if y.rows() < 2 {
        return Ok(f64::NAN);
    }
    Ok(rows.mean_over_outputs(|j| {
        let truth = |i: usize| y.at(i, j).to_f64();
        let mean = rows.sum(truth) / rows.total;
        let left = rows.sum(|i| rows.residual(i, j) * rows.residual(i, j));
        let spread = rows.sum(|i| (truth(i) - mean) * (truth(i) - mean));
        // The mean of equal numbers may round to another one: they do not vary for that.
        let varies = (1..y.rows()).any(|i| truth(i) != truth(0)) && spread > 0.0;
        match (left == 0.0, varies) {
            (true, _) => 1.0,
            (false, false) => 0.0,
            (false, true) => 1.0 - left / spread,
        }
    }))
}

/// Checked arguments of a score.
struct Rows<'a, T> {
    y: MatRef<'a, T>,
    predicted: MatRef<'a, T>,
    weights: Option<&'a [f64]>,
    total: f64,
}

impl<'a, T: Real> Rows<'a, T> {
    fn new(y: MatRef<'a, T>, predicted: MatRef<'a, T>, weights: Option<&'a [f64]>) -> Result<Self> {
        let (rows, outputs) = (y.rows(), y.cols());
        check::not_empty("y", rows * outputs)?;
        let found = (predicted.rows(), predicted.cols());
        check::shape("predicted", found, (rows, outputs))?;
        check::finite("y", y)?;
        check::finite("predicted", predicted)?;
        Ok(Self {
            y,
            predicted,
            weights,
            total: check::weight_sum(weights, rows)?,
        })
    }

    fn residual(&self, i: usize, j: usize) -> f64 {
        self.predicted.at(i, j).to_f64() - self.y.at(i, j).to_f64()
    }

    /// `sum_i w_i f(i)`.
    fn sum(&self, f: impl Fn(usize) -> f64) -> f64 {
        let terms = (0..self.y.rows()).map(|i| self.weights.map_or(1.0, |w| w[i]) * f(i));
        terms.sum()
    }

    fn mean_over_outputs(&self, score: impl Fn(usize) -> f64) -> f64 {
        let outputs = self.y.cols();
        (0..outputs).map(score).sum::<f64>() / outputs as f64
    }
}
