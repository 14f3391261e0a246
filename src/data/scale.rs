//! Features on a common scale: `z = (x - shift) / scale`, a column at a time.
//!
//! ```text
//! StandardScaler   shift = the mean, scale = the standard deviation: sqrt(sum w (x - mean)^2 / sum w), not that of a sample
//! MinMaxScaler     (low, high) become shift and scale such that the least number maps to `low`, the greatest to `high`
//! ```
//! A column that does not vary has scale 1. Fitting gives a [`Scaler`], which is plain data: a model file holds its numbers.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real};

use crate::{Error, Result, check};

/// A fitted scaler of `d` columns: `z = (x - shift) / scale`.
///
/// Numbers are scaled in f64 and rounded once, in f32 as well. NaN stays NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaler {
    shift: Vec<f64>,
    scale: Vec<f64>,
}

impl Scaler {
    /// A scaler of known numbers.
    ///
    /// # Errors
    /// [`Error::Shape`] if their counts differ, [`Error::NotFinite`] if one is not finite, [`Error::Setting`] if a scale is not positive.
    pub fn new(shift: Vec<f64>, scale: Vec<f64>) -> Result<Self> {
        let columns = shift.len();
        check::shape("scale", (1, scale.len()), (1, columns))?;
        check::finite("shift", MatRef::planned(&shift, 1, columns))?;
        check::finite("scale", MatRef::planned(&scale, 1, columns))?;
        match scale.iter().find(|&&s| s <= 0.0) {
            None => Ok(Self { shift, scale }),
            Some(&found) => Err(Error::Setting {
                name: "scale",
                must: "positive",
                found,
            }),
        }
    }

    /// What is subtracted from each column.
    pub fn shift(&self) -> &[f64] {
        &self.shift
    }

    /// What each column is divided by then.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// `(x - shift) / scale`, row-major; `x: n x d`.
    ///
    /// # Errors
    /// [`Error::Shape`] if `x` has another number of columns.
    pub fn transform<T: Real>(&self, x: MatRef<'_, T>) -> Result<Vec<T>> {
        let mut out = vec![T::ZERO; x.rows() * x.cols()];
        self.transform_into(x, MatMut::planned(&mut out, x.rows(), x.cols()))?;
        Ok(out)
    }

    /// As [`Scaler::transform`], into the caller's `out: n x d`.
    ///
    /// # Errors
    /// [`Error::Shape`] if `x` or `out` has another shape.
    pub fn transform_into<T: Real>(&self, x: MatRef<'_, T>, out: MatMut<'_, T>) -> Result<()> {
        self.map(x, out, |x, shift, scale| (x - shift) / scale)
    }

    /// `z * scale + shift`, row-major: the way back; `z: n x d`.
    ///
    /// # Errors
    /// [`Error::Shape`] if `z` has another number of columns.
    pub fn inverse<T: Real>(&self, z: MatRef<'_, T>) -> Result<Vec<T>> {
        let mut out = vec![T::ZERO; z.rows() * z.cols()];
        self.inverse_into(z, MatMut::planned(&mut out, z.rows(), z.cols()))?;
        Ok(out)
    }

    /// As [`Scaler::inverse`], into the caller's `out: n x d`.
    ///
    /// # Errors
    /// [`Error::Shape`] if `z` or `out` has another shape.
    pub fn inverse_into<T: Real>(&self, z: MatRef<'_, T>, out: MatMut<'_, T>) -> Result<()> {
        self.map(z, out, |z, shift, scale| z * scale + shift)
    }

    fn map<T: Real>(
        &self,
        x: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
        f: impl Fn(f64, f64, f64) -> f64,
    ) -> Result<()> {
        let expected = (x.rows(), self.shift.len());
        check::shape("x", (x.rows(), x.cols()), expected)?;
        check::shape("out", (out.rows(), out.cols()), expected)?;
        for i in 0..x.rows() {
            for (j, (&shift, &scale)) in self.shift.iter().zip(&self.scale).enumerate() {
                out.set(i, j, T::from_f64(f(x.at(i, j).to_f64(), shift, scale)));
            }
        }
        Ok(())
    }
}

/// Columns of mean 0 and variance 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandardScaler {
    /// Whether the mean is subtracted.
    pub with_mean: bool,
    /// Whether the result is divided by the standard deviation.
    pub with_std: bool,
}

impl Default for StandardScaler {
    /// Both.
    fn default() -> Self {
        Self {
            with_mean: true,
            with_std: true,
        }
    }
}

impl StandardScaler {
    /// The scaler of `x: n x d`, with a weight a row if wanted.
    ///
    /// # Errors
    /// [`Error::Empty`] without rows, [`Error::NotFinite`] if a number of `x` is not finite or a column's variance overflows,
    /// [`Error::Shape`] or [`Error::Weight`] for wrong weights.
    pub fn fit<T: Real>(&self, x: MatRef<'_, T>, weights: Option<&[f64]>) -> Result<Scaler> {
        check::not_empty("x", x.rows())?;
        check::finite("x", x)?;
        let total = check::weight_sum(weights, x.rows())?;
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let mut shift = column_sums(x, |i, _, x| weight(i) * x);
        shift.iter_mut().for_each(|s| *s /= total);
        // The mean of what is left is its rounding error: it corrects the mean and the variance (Chan, Golub and LeVeque 1983).
        let rest = column_sums(x, |i, j, x| weight(i) * (x - shift[j]));
        let squares = column_sums(x, |i, j, x| weight(i) * (x - shift[j]) * (x - shift[j]));
        let mut scale = vec![1.0; x.cols()];
        for j in 0..x.cols() {
            let rest = rest[j] / total;
            let variance = squares[j] / total - rest * rest;
            if !variance.is_finite() {
                return Err(Error::NotFinite {
                    argument: "the variance of x",
                    row: 0,
                    column: j,
                });
            }
            shift[j] += rest;
            if self.with_std && varies(variance, shift[j], x.rows()) {
                scale[j] = Real::sqrt(variance);
            }
        }
        if !self.with_mean {
            shift.fill(0.0);
        }
        Scaler::new(shift, scale)
    }
}

/// Whether a variance is more than the rounding errors of `n` equal numbers of this mean could leave (scikit-learn's rule).
fn varies(variance: f64, mean: f64, n: usize) -> bool {
    let n_eps = n as f64 * f64::EPSILON;
    variance > n_eps * variance + (n_eps * mean) * (n_eps * mean)
}

fn column_sums<T: Real>(x: MatRef<'_, T>, f: impl Fn(usize, usize, f64) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; x.cols()];
    for i in 0..x.rows() {
        for (j, sum) in sums.iter_mut().enumerate() {
            *sum += f(i, j, x.at(i, j).to_f64());
        }
    }
    sums
}

/// Columns between two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MinMaxScaler {
    /// What each column's least number becomes.
    pub low: f64,
    /// What its greatest becomes.
    pub high: f64,
}

impl Default for MinMaxScaler {
    /// From 0 to 1.
    fn default() -> Self {
        Self {
            low: 0.0,
            high: 1.0,
        }
    }
}

impl MinMaxScaler {
    /// The scaler of `x: n x d`. Later numbers beyond the range seen here leave `low..high`; a column that does not vary becomes `low`.
    ///
    /// # Errors
    /// [`Error::Empty`] without rows, [`Error::NotFinite`] if a number of `x` or a column's range is not finite, [`Error::Setting`] if
    /// `high` is not above `low`.
    pub fn fit<T: Real>(&self, x: MatRef<'_, T>) -> Result<Scaler> {
        let width = self.high - self.low;
        if !(width > 0.0 && width.is_finite()) {
            return Err(Error::Setting {
                name: "high - low",
                must: "positive",
                found: width,
            });
        }
        check::not_empty("x", x.rows())?;
        check::finite("x", x)?;
        let mut least = vec![f64::INFINITY; x.cols()];
        let mut greatest = vec![f64::NEG_INFINITY; x.cols()];
        for i in 0..x.rows() {
            for j in 0..x.cols() {
                let x = x.at(i, j).to_f64();
                least[j] = least[j].min(x);
                greatest[j] = greatest[j].max(x);
            }
        }
        let per_unit = |(low, high): (&f64, &f64)| {
            if high > low {
                (high - low) / width
            } else {
                1.0
            }
        };
        let scale: Vec<f64> = least.iter().zip(&greatest).map(per_unit).collect();
        let shift = least
            .iter()
            .zip(&scale)
            .map(|(low, s)| low - self.low * s)
            .collect();
        Scaler::new(shift, scale)
    }
}
