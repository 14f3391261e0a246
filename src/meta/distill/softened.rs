//! Hinton's softened targets, for a logit a class.
//!
//! With `p = softmax(z)`, and at temperature T `q = softmax(z / T)`, `t = softmax(v / T)` of the teacher's logits v:
//! ```text
//! l     = alpha (-log p_y) + (1 - alpha) T^2 sum_j t_j (log t_j - log q_j)
//! dl/dz = alpha (p - 1_y) + (1 - alpha) T (q - t)
//! H     = alpha (diag(p) - p p') + (1 - alpha) (diag(q) - q q')
//! ```
//! (Hinton, Vinyals and Dean 2015.) The factor T^2 keeps the teacher's part of one size as T grows, where the gradient tends to
//! `(1 - alpha) (centred z - centred v) / k`: logit matching. A row without truth keeps its part of the teacher, `1 - alpha`, and one
//! without a teacher the other.

use cognate_kernels::{MatMut, MatRef, Real, softmax_rows};

use super::answers::{Answers, weighed};
use crate::loss::{Loss, Targets};
use crate::workspace::{Need, Work, cut, cut_mut};

/// Cross-entropy to the class and to a teacher's softened output; targets are `n x (k + 1)`: the teacher's logits, then the class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softened {
    /// T, above 0. Default 4.
    pub temperature: f64,
    /// The part of the truth, in [0, 1]. Default 0.5.
    pub alpha: f64,
}

impl Default for Softened {
    fn default() -> Self {
        Self {
            temperature: 4.0,
            alpha: 0.5,
        }
    }
}

/// Softmax of all rows over a temperature, with its logarithms' denominators.
struct Soft<'a, T> {
    probabilities: MatRef<'a, T>,
    /// `log sum exp` of each row.
    lse: &'a [T],
}

impl Softened {
    /// Numbers of a truth: the class.
    pub(super) const TRUTHS: usize = 1;

    fn parts<T: Real>(&self) -> (T, T, T) {
        let alpha = T::from_f64(self.alpha);
        (alpha, T::ONE - alpha, T::from_f64(self.temperature))
    }

    pub(super) fn need_of(rows: usize, outputs: usize) -> Need {
        let cells = rows * outputs;
        Need {
            saved: 2 * cells,
            ..Need::scratch(3 * cells + 3 * rows)
        }
    }

    /// A row's loss by the truth, apart from its weight.
    fn hard<T: Real>(z: MatRef<'_, T>, i: usize, class: T, p: &Soft<'_, T>) -> T {
        p.lse[i] - z.at(i, class.to_f64() as usize)
    }

    /// A row's divergence from the teacher, apart from its weight.
    fn soft<T: Real>(
        (links, q): (MatRef<'_, T>, &Soft<'_, T>),
        (teacher, t): (MatRef<'_, T>, &Soft<'_, T>),
        i: usize,
    ) -> T {
        let mut sum = T::ZERO;
        for j in 0..links.cols() {
            let part = t.probabilities.at(i, j);
            if part > T::ZERO {
                let own = teacher.at(i, j) - t.lse[i];
                sum += part * (own - (links.at(i, j) - q.lse[i]));
            }
        }
        sum
    }

    /// [`Loss::value_grad`] on one task's cells.
    pub(super) fn value_grad_of<T: Real>(
        &self,
        z: MatRef<'_, T>,
        y: Answers<'_, T>,
        scale: T,
        dz: Option<MatMut<'_, T>>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> f64 {
        let ((n, k), level) = ((z.rows(), z.cols()), w.level());
        let (cells, (alpha, beside, temperature)) = (n * k, self.parts::<T>());
        let ([p, q], _) = cut_mut(saved, [cells; 2]);
        let (slab, _) = w.take(3 * cells + 3 * n);
        let ([links, teacher, t], lse) = cut_mut(slab, [cells; 3]);
        let ([p_lse, q_lse, t_lse], _) = cut_mut(lse, [n; 3]);
        let mut over = MatMut::planned(links, n, k);
        for i in 0..n {
            (0..k).for_each(|j| over.set(i, j, z.at(i, j) / temperature));
        }
        y.teacher_over(temperature, MatMut::planned(teacher, n, k));
        let (links, teacher) = (MatRef::planned(links, n, k), MatRef::planned(teacher, n, k));
        let soften = |z, into, lse: &mut [T]| {
            softmax_rows(level, z, MatMut::planned(into, n, k), lse);
        };
        soften(z, p, p_lse);
        soften(links, q, q_lse);
        soften(teacher, t, t_lse);
        let soft = |probabilities, lse| Soft {
            probabilities: MatRef::planned(probabilities, n, k),
            lse,
        };
        let (p, q, t) = (soft(p, p_lse), soft(q, q_lse), soft(t, t_lse));
        let mut total = 0.0;
        for i in 0..n {
            if let Some((weight, class)) = y.truth(i, 0) {
                total += (alpha * weight * Self::hard(z, i, class, &p)).to_f64();
            }
            let weight = y.teacher_weight(i, 0);
            if weight != T::ZERO {
                let divergence = Self::soft((links, &q), (teacher, &t), i);
                total += (beside * temperature * temperature * weight * divergence).to_f64();
            }
        }
        if let Some(dz) = dz {
            let softs = [&p, &q, &t].map(|soft| soft.probabilities);
            self.gradient(y, scale, softs, dz);
        }
        total
    }

    /// `dz` from `p`, `q` and `t`.
    fn gradient<T: Real>(
        &self,
        y: Answers<'_, T>,
        scale: T,
        [p, q, t]: [MatRef<'_, T>; 3],
        mut dz: MatMut<'_, T>,
    ) {
        let (alpha, beside, temperature) = self.parts::<T>();
        for i in 0..dz.rows() {
            let class = y.truth(i, 0).map(|(_, class)| class.to_f64() as usize);
            let (hard, soft) = (y.truth_weight(i, 0), y.teacher_weight(i, 0));
            for j in 0..dz.cols() {
                let one = if class == Some(j) { T::ONE } else { T::ZERO };
                let of_truth = weighed(scale * alpha, hard, p.at(i, j) - one);
                let of_teacher = temperature * (q.at(i, j) - t.at(i, j));
                dz.set(i, j, of_truth + weighed(scale * beside, soft, of_teacher));
            }
        }
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
        let (n, k) = (rz.rows(), rz.cols());
        let ([p, q], _) = cut(saved, [n * k; 2]);
        let (alpha, beside, _) = self.parts::<T>();
        for i in 0..n {
            let (p, q) = (&p[i * k..][..k], &q[i * k..][..k]);
            let mean = |of: &[T]| (0..k).fold(T::ZERO, |sum, j| sum + of[j] * rz.at(i, j));
            let (p_mean, q_mean) = (mean(p), mean(q));
            let (hard, soft) = (y.truth_weight(i, 0), y.teacher_weight(i, 0));
            for j in 0..k {
                let of_truth = weighed(scale * alpha, hard, p[j] * (rz.at(i, j) - p_mean));
                let of_teacher = weighed(scale * beside, soft, q[j] * (rz.at(i, j) - q_mean));
                rdz.set(i, j, of_truth + of_teacher);
            }
        }
    }
}

impl<T: Real> Loss<T> for Softened {
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
        let answers = Answers::whole(y, z.rows(), z.cols(), Self::TRUTHS);
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
        let answers = Answers::whole(y, z.rows(), z.cols(), Self::TRUTHS);
        self.hvp_of(answers, scale, saved, rz, rdz);
    }
}
