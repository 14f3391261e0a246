//! Losses in link space: functions of the raw outputs `z` (logits, predictions), never of the parameters.
//!
//! A loss is `sum_i w_i l(z_i, y_i)` over the rows (and, for losses that act on each output by itself, over the outputs), times one
//! scale that the caller chooses (1 for a sum, 1 / total weight for a mean). Rows of weight 0 and masked cells add nothing, whatever
//! numbers stand there.
//!
//! A loss of one's own, here Poisson regression's `l = e^z - y z` for counts `y`:
//! ```
//! use cognate::loss::{Loss, Targets, hvp_of_outputs, sum_of_outputs};
//! use cognate::workspace::{Need, Work};
//! use cognate::{MatMut, MatRef, Real};
//!
//! struct Poisson;
//!
//! impl<T: Real> Loss<T> for Poisson {
//!     fn need(&self, _rows: usize, _outputs: usize) -> Need {
//!         Need::default() // nothing to keep
//!     }
//!     fn value_grad(&self, z: MatRef<T>, y: &Targets<T>, scale: T, dz: Option<MatMut<T>>, _: &mut [T], _: &mut Work<T>) -> T {
//!         sum_of_outputs(z, y, scale, dz, |z, y| (z.exp() - y * z, z.exp() - y))
//!     }
//!     fn hvp(&self, z: MatRef<T>, y: &Targets<T>, scale: T, _: &[T], rz: MatRef<T>, rdz: MatMut<T>, _: &mut Work<T>) {
//!         hvp_of_outputs(z, y, scale, rz, rdz, |z, _| z.exp())
//!     }
//! }
//!
//! let (z, counts) = (MatRef::new(&[0.0, 1.0], 2, 1)?, MatRef::new(&[1.0, 3.0], 2, 1)?);
//! let work = &mut cognate::workspace::Workspace::new(Need::default());
//! let mut slopes = [0.0; 2];
//! let dz = Some(MatMut::new(&mut slopes, 2, 1)?);
//! let y = Targets::values(counts).masked(Some(&[true, false]));
//! assert_eq!(Poisson.value_grad(z, &y, 1.0, dz, &mut [], &mut work.slabs().work), 1.0);
//! assert_eq!(slopes, [0.0, 0.0]); // e^0 - 1 = 0, and a masked cell adds nothing
//! # Ok::<(), cognate::ViewError>(())
//! ```

mod logistic;
mod outputs;
mod residual;
mod softmax;

pub use logistic::Logistic;
pub use outputs::{hvp_of_outputs, sum_of_outputs};
pub use residual::{Huber, Squared};
pub use softmax::Softmax;

use core::ops::{Deref, Range};

use cognate_kernels::{MatMut, MatRef, Real};

use crate::workspace::{Need, Work};

/// What a row should have given.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a, T> {
    /// A class a row: `n` labels.
    Classes(&'a [u32]),
    /// Numbers: `n x k`.
    Values(MatRef<'a, T>),
}

/// Targets with their weights and masks.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a, T> {
    /// The targets.
    pub target: Target<'a, T>,
    /// A weight a row (`n`); 1 where absent.
    pub weights: Option<&'a [T]>,
    /// Which cells are labelled, row-major: `n` for classes, `n * k` for values; all where absent.
    pub mask: Option<&'a [bool]>,
}

impl<'a, T: Real> Targets<'a, T> {
    /// Class labels, all of weight 1.
    pub fn classes(labels: &'a [u32]) -> Self {
        Self {
            target: Target::Classes(labels),
            weights: None,
            mask: None,
        }
    }

    /// Numbers, all of weight 1.
    pub fn values(y: MatRef<'a, T>) -> Self {
        Self {
            target: Target::Values(y),
            weights: None,
            mask: None,
        }
    }

    /// The same with a weight a row.
    pub fn weighted(self, weights: Option<&'a [T]>) -> Self {
        Self { weights, ..self }
    }

    /// The same with a mask.
    pub fn masked(self, mask: Option<&'a [bool]>) -> Self {
        Self { mask, ..self }
    }

    /// Rows, and cells a row: 1 for classes.
    pub fn shape(&self) -> (usize, usize) {
        match self.target {
            Target::Classes(labels) => (labels.len(), 1),
            Target::Values(y) => (y.rows(), y.cols()),
        }
    }

    /// The weight of cell `(i, j)`: its row's, or 0 where it is masked.
    pub fn weight(&self, i: usize, j: usize) -> T {
        let labelled = self.mask.is_none_or(|mask| mask[i * self.shape().1 + j]);
        match self.weights {
            _ if !labelled => T::ZERO,
            Some(weights) => weights[i],
            None => T::ONE,
        }
    }

    /// Weight and number of cell `(i, j)`, a class label counting as the number it is; `None` if the cell has no weight.
    pub fn cell(&self, i: usize, j: usize) -> Option<(T, T)> {
        let weight = self.weight(i, j);
        let number = || match self.target {
            Target::Classes(labels) => T::from_usize(labels[i] as usize),
            Target::Values(y) => y.at(i, j),
        };
        (weight != T::ZERO).then(|| (weight, number()))
    }

    /// The weights and numbers of all cells, row by row: what [`Targets::cell`] says, for passes over whole arrays.
    fn fill(&self, weights: &mut [T], numbers: &mut [T]) {
        let (rows, cells) = self.shape();
        match self.target {
            Target::Classes(labels) => {
                let pairs = numbers.iter_mut().zip(labels);
                pairs.for_each(|(number, &label)| *number = T::from_f64(f64::from(label)));
            }
            Target::Values(y) => MatMut::planned(numbers, rows, cells).copy_from(y),
        }
        match self.weights {
            None => weights.fill(T::ONE),
            Some(of_rows) => {
                let pairs = weights.chunks_mut(cells.max(1)).zip(of_rows);
                pairs.for_each(|(row, &weight)| row.fill(weight));
            }
        }
        for (weight, &labelled) in weights.iter_mut().zip(self.mask.unwrap_or_default()) {
            *weight = if labelled { *weight } else { T::ZERO };
        }
    }

    /// Writes 0 to the cells without weight: a product with a weight of 0 is not, where the other factor is no number.
    fn clear_unseen(&self, mut x: MatMut<'_, T>) {
        if self.weights.is_none() && self.mask.is_none() {
            return;
        }
        for i in 0..x.rows() {
            for j in 0..x.cols() {
                if self.weight(i, j) == T::ZERO {
                    x.set(i, j, T::ZERO);
                }
            }
        }
    }

    /// The summed weight of all cells: what a mean over labels divides by.
    pub fn labelled_weight(&self) -> f64 {
        let (rows, cells) = self.shape();
        if self.mask.is_none() && self.weights.is_none() {
            return (rows * cells) as f64;
        }
        let row = |i| {
            (0..cells)
                .map(move |j| self.weight(i, j).to_f64())
                .sum::<f64>()
        };
        (0..rows).map(row).sum()
    }

    /// Targets, weights and mask of a range of rows.
    ///
    /// # Panics
    /// If the range leaves the rows.
    #[track_caller]
    pub fn rows(&self, range: Range<usize>) -> Self {
        let (target, cells) = match self.target {
            Target::Classes(labels) => (Target::Classes(&labels[range.clone()]), 1),
            Target::Values(y) => (Target::Values(y.rows_range(range.clone())), y.cols()),
        };
        Self {
            target,
            weights: self.weights.map(|w| &w[range.clone()]),
            mask: self
                .mask
                .map(|m| &m[range.start * cells..range.end * cells]),
        }
    }
}

/// A loss in link space, twice differentiable almost everywhere.
pub trait Loss<T: Real> {
    /// Memory for up to `rows` rows of `outputs` outputs.
    fn need(&self, rows: usize, outputs: usize) -> Need;

    /// `scale * sum_i w_i l(z_i, y_i)`, and its gradient into `dz: n x k` if wanted; `saved` keeps what [`Loss::hvp`] wants.
    fn value_grad(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        dz: Option<MatMut<'_, T>>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> T;

    /// `rdz = H rz` with H the loss's Hessian by `z` at the point that `saved` holds: block by block of a row, `k x k`.
    #[expect(
        clippy::too_many_arguments,
        reason = "a point, a direction and a result"
    )]
    fn hvp(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        saved: &[T],
        rz: MatRef<'_, T>,
        rdz: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    );
}

/// A pointer to a loss is the loss.
impl<T: Real, D: Deref<Target: Loss<T>>> Loss<T> for D {
    fn need(&self, rows: usize, outputs: usize) -> Need {
        (**self).need(rows, outputs)
    }

    fn value_grad(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        dz: Option<MatMut<'_, T>>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> T {
        (**self).value_grad(z, y, scale, dz, saved, w)
    }

    fn hvp(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        saved: &[T],
        rz: MatRef<'_, T>,
        rdz: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        (**self).hvp(z, y, scale, saved, rz, rdz, w);
    }
}

/// `scale` times a sum of row losses that was made in f64, so that many small terms are not lost in `f32`.
fn scaled<T: Real>(scale: T, total: f64) -> T {
    T::from_f64(scale.to_f64() * total)
}
