//! The labelled rows that a head is fitted to, as weighted regression sees them.

use cognate_kernels::{Level, MatMut, MatRef, Real, max_abs};

use crate::check;
use crate::error::{Error, Result};
use crate::loss::{Target, Targets};

/// A support set: features, targets, and how many outputs there are.
#[derive(Clone, Copy, Debug)]
pub struct Support<'a, T> {
    /// Features, `n x d`, rows contiguous.
    pub h: MatRef<'a, T>,
    /// Targets of the n rows, with weights; a row without label has weight 0.
    pub y: Targets<'a, T>,
    /// Classes, or numbers a row, `c`.
    pub outputs: usize,
}

impl<'a, T: Real> Support<'a, T> {
    /// Rows `h` with targets `y` of `outputs` classes or numbers.
    pub fn new(h: MatRef<'a, T>, y: Targets<'a, T>, outputs: usize) -> Self {
        Self { h, y, outputs }
    }

    /// The total weight of the rows.
    pub(super) fn weight(&self) -> T {
        let rows = (0..self.h.rows()).map(|i| self.y.weight(i, 0));
        rows.fold(T::ZERO, |sum, weight| sum + weight)
    }

    /// `sqrt u_i` of the rows' weights: with each row times its factor, a weighted sum of squares is a plain one.
    pub(super) fn row_factors(&self, into: &mut [T]) {
        for (i, factor) in into.iter_mut().enumerate() {
            *factor = self.y.weight(i, 0).sqrt();
        }
    }

    /// Whether there are rows, each with a target that fits; whole rows are labelled or not.
    pub(super) fn check(&self) -> Result<()> {
        let n = self.h.rows();
        check::not_empty("support", n * self.h.cols())?;
        let cells = match self.y.target {
            Target::Classes(labels) => {
                check::labels(labels, self.outputs)?;
                1
            }
            Target::Values(_) => self.outputs,
        };
        check::shape("support targets", self.y.shape(), (n, cells))?;
        check::weight_sum(self.y.weights, n)?;
        let partly = |i: usize| (1..cells).any(|j| self.y.weight(i, j) != self.y.weight(i, 0));
        if (0..n).any(partly) {
            return Err(Error::Setting {
                name: "the mask of a support set",
                must: "the same for all numbers of a row",
                found: f64::NAN,
            });
        }
        Ok(())
    }

    /// The targets as columns: `Y'`, `c x n`, one-hot for classes; each row times its entry of `factors` where there are any.
    pub(super) fn targets(&self, factors: &[T], mut into: MatMut<'_, T>) {
        for i in 0..self.h.rows() {
            let factor = factors.get(i).copied().unwrap_or(T::ONE);
            for j in 0..self.outputs {
                let value = match self.y.target {
                    Target::Classes(labels) if labels[i] as usize == j => T::ONE,
                    Target::Classes(_) => T::ZERO,
                    Target::Values(y) => y.at(i, j),
                };
                // A row without label may hold anything.
                let value = if factor == T::ZERO {
                    T::ZERO
                } else {
                    factor * value
                };
                into.set(j, i, value);
            }
        }
    }

    /// The features, each row times its factor, a column of ones behind where `bias` asks for it: `n x (d + bias)`.
    pub(super) fn inputs(&self, factors: &[T], bias: bool, into: &mut [T]) {
        let d = self.h.cols();
        let rows = into.chunks_exact_mut(d + usize::from(bias));
        for ((i, row), &factor) in rows.enumerate().zip(factors) {
            match factor {
                zero if zero == T::ZERO => row[..d].fill(T::ZERO), // Whatever stands there.
                one if one == T::ONE => row[..d].copy_from_slice(self.h.row(i)),
                _ => {
                    let pairs = row.iter_mut().zip(self.h.row(i));
                    pairs.for_each(|(to, &from)| *to = factor * from);
                }
            }
            if bias {
                row[d] = factor;
            }
        }
    }
}

/// A fit must be finite: a number in the support set that is not spoils it.
pub(super) fn finite<T: Real>(fitted: &[T], level: Level) -> Result<()> {
    if max_abs(level, fitted).is_finite() {
        return Ok(());
    }
    Err(Error::Diverged)
}
