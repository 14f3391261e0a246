//! Softened targets for logits that stand by themselves: one for two classes, or one for each of several labels.
//!
//! With `s(x) = 1 / (1 + e^-x)`, the student's logit z, the teacher's v, a label y in [0, 1] and the temperature T,
//! ```text
//! l     = alpha (log(1 + e^z) - y z) + (1 - alpha) T^2 KL(s(v/T) | s(z/T))
//! KL    = log(1 + e^(z/T)) - log(1 + e^(v/T)) - s(v/T) (z - v)/T
//! dl/dz = alpha (s(z) - y) + (1 - alpha) T (s(z/T) - s(v/T))
//! l''   = alpha s(z) (1 - s(z)) + (1 - alpha) s(z/T) (1 - s(z/T))
//! ```
//! which is [`Softened`](super::Softened) on the logits `(0, z)`.

use cognate_kernels::{MatMut, MatRef, Real, softplus_logistic};

use super::answers::{Answers, weighed};
use crate::loss::{Loss, Targets};
use crate::workspace::{Need, Work, cut, cut_mut};

/// The logistic loss of each label and of a teacher's softened logit; targets are `n x 2k`: the teacher's logits, then the labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftenedLogistic {
    /// T, above 0. Default 4.
    pub temperature: f64,
    /// The part of the truth, in [0, 1]. Default 0.5.
    pub alpha: f64,
}

impl Default for SoftenedLogistic {
    fn default() -> Self {
        Self {
            temperature: 4.0,
            alpha: 0.5,
        }
    }
}

impl SoftenedLogistic {
    fn parts<T: Real>(&self) -> (T, T, T) {
        let alpha = T::from_f64(self.alpha);
        (alpha, T::ONE - alpha, T::from_f64(self.temperature))
    }

    pub(super) fn need_of(rows: usize, outputs: usize) -> Need {
        let cells = rows * outputs;
        Need {
            saved: 2 * cells,
            ..Need::scratch(7 * cells)
        }
    }

    /// [`Loss::value_grad`] on one task's cells.
    pub(super) fn value_grad_of<T: Real>(
        &self,
        z: MatRef<'_, T>,
        y: Answers<'_, T>,
        scale: T,
        mut dz: Option<MatMut<'_, T>>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> f64 {
        let ((n, k), level) = ((z.rows(), z.cols()), w.level());
        let (cells, (alpha, beside, temperature)) = (n * k, self.parts::<T>());
        let ([s, q], _) = cut_mut(saved, [cells; 2]);
        let (slab, _) = w.take(7 * cells);
        let ([hard, over, teacher, s_plus, q_plus, t_plus, t], _) = cut_mut(slab, [cells; 7]);
        MatMut::planned(hard, n, k).copy_from(z);
        for (over, &z) in over.iter_mut().zip(&*hard) {
            *over = z / temperature;
        }
        y.teacher_over(temperature, MatMut::planned(teacher, n, k));
        softplus_logistic(level, hard, s_plus, s);
        softplus_logistic(level, over, q_plus, q);
        softplus_logistic(level, teacher, t_plus, t);
        let mut total = 0.0;
        for cell in 0..cells {
            let (i, j) = (cell / k, cell % k);
            let mut slope = T::ZERO;
            if let Some((weight, label)) = y.truth(i, j) {
                let loss = s_plus[cell] - label * hard[cell];
                total += (alpha * weight * loss).to_f64();
                slope += scale * alpha * weight * (s[cell] - label);
            }
            let weight = y.teacher_weight(i, j);
            if weight != T::ZERO {
                let apart = t[cell] * (over[cell] - teacher[cell]);
                let divergence = q_plus[cell] - t_plus[cell] - apart;
                total += (beside * temperature * temperature * weight * divergence).to_f64();
                slope += scale * beside * weight * temperature * (q[cell] - t[cell]);
            }
            if let Some(dz) = &mut dz {
                dz.set(i, j, slope);
            }
        }
        total
    }

    /// [`Loss::hvp`] on one task's cells.
    pub(super) fn hvp_of<T: Real>(
        &self,
        y: Answers<'_, T>,
        scale: T,
        saved: &[T],
        rz: MatRef<'_, T>,
        mut rdz: MatMut<'_, T>,
    ) {
        let k = rz.cols();
        let cells = rz.rows() * k;
        let ([s, q], _) = cut(saved, [cells; 2]);
        let (alpha, beside, _) = self.parts::<T>();
        for cell in 0..cells {
            let (i, j) = (cell / k, cell % k);
            let curved = |s: T| s * (T::ONE - s) * rz.at(i, j);
            let of_truth = weighed(scale * alpha, y.truth_weight(i, j), curved(s[cell]));
            let of_teacher = weighed(scale * beside, y.teacher_weight(i, j), curved(q[cell]));
            rdz.set(i, j, of_truth + of_teacher);
        }
    }
}

impl<T: Real> Loss<T> for SoftenedLogistic {
    fn need(&self, rows: usize, outputs: usize) -> Need {
        Self::need_of(rows, outputs)
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
        let answers = Answers::whole(y, z.rows(), z.cols(), z.cols());
        let total = self.value_grad_of(z, answers, scale, dz, saved, w);
        T::from_f64(scale.to_f64() * total)
    }

    fn hvp(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        saved: &[T],
        rz: MatRef<'_, T>,
        rdz: MatMut<'_, T>,
        _w: &mut Work<'_, T>,
    ) {
        let answers = Answers::whole(y, z.rows(), z.cols(), z.cols());
        self.hvp_of(answers, scale, saved, rz, rdz);
    }
}
