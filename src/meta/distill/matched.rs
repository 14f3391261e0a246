//! Regression to the truth and to a teacher: of numbers, or of logits (Ba and Caruana 2014).
//!
//! ```text
//! l = alpha/2 (z - y)^2 + (1 - alpha)/2 (z - v)^2        dl/dz = alpha (z - y) + (1 - alpha) (z - v)        l'' = 1
//! ```
//! Where both are there, it has the minimiser of the plain squared loss to `alpha y + (1 - alpha) v`.

use cognate_kernels::{MatMut, MatRef, Real};

use super::answers::{Answers, weighed};
use crate::loss::{Loss, Targets};
use crate::workspace::{Need, Work};

/// Squared distances to the truth and to the teacher; targets are `n x 2k`: the teacher's links, then the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matched {
    /// The part of the truth, in [0, 1]. Default 0.5; 0 is the teacher alone.
    pub alpha: f64,
}

impl Default for Matched {
    fn default() -> Self {
        Self { alpha: 0.5 }
    }
}

impl Matched {
    /// The parts of truth and teacher.
    fn parts<T: Real>(&self) -> (T, T) {
        (T::from_f64(self.alpha), T::from_f64(1.0 - self.alpha))
    }

    /// [`Loss::value_grad`] on one task's cells.
    pub(super) fn value_grad_of<T: Real>(
        &self,
        z: MatRef<'_, T>,
        y: Answers<'_, T>,
        scale: T,
        mut dz: Option<MatMut<'_, T>>,
    ) -> f64 {
        let (alpha, beside) = self.parts::<T>();
        let mut total = 0.0;
        for i in 0..z.rows() {
            for j in 0..z.cols() {
                let mut slope = T::ZERO;
                for (part, cell) in [(alpha, y.truth(i, j)), (beside, y.teacher(i, j))] {
                    let Some((weight, wanted)) = cell else {
                        continue;
                    };
                    let residual = z.at(i, j) - wanted;
                    total += 0.5 * (part * weight * residual * residual).to_f64();
                    slope += scale * part * weight * residual;
                }
                if let Some(dz) = &mut dz {
                    dz.set(i, j, slope);
                }
            }
        }
        total
    }

    /// [`Loss::hvp`] on one task's cells.
    pub(super) fn hvp_of<T: Real>(
        &self,
        y: Answers<'_, T>,
        scale: T,
        rz: MatRef<'_, T>,
        mut rdz: MatMut<'_, T>,
    ) {
        let (alpha, beside) = self.parts::<T>();
        for i in 0..rz.rows() {
            for j in 0..rz.cols() {
                let of_truth = weighed(scale * alpha, y.truth_weight(i, j), rz.at(i, j));
                let of_teacher = weighed(scale * beside, y.teacher_weight(i, j), rz.at(i, j));
                rdz.set(i, j, of_truth + of_teacher);
            }
        }
    }
}

impl<T: Real> Loss<T> for Matched {
    fn need(&self, _rows: usize, _outputs: usize) -> Need {
        Need::default()
    }

    fn value_grad(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        dz: Option<MatMut<'_, T>>,
        _saved: &mut [T],
        _w: &mut Work<'_, T>,
    ) -> T {
        let answers = Answers::whole(y, z.rows(), z.cols(), z.cols());
        T::from_f64(scale.to_f64() * self.value_grad_of(z, answers, scale, dz))
    }

    fn hvp(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        _saved: &[T],
        rz: MatRef<'_, T>,
        rdz: MatMut<'_, T>,
        _w: &mut Work<'_, T>,
    ) {
        let answers = Answers::whole(y, z.rows(), z.cols(), z.cols());
        self.hvp_of(answers, scale, rz, rdz);
    }
}
