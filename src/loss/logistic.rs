//! The logistic loss of a logit `z` for a label `y` of 0 or 1, each output by itself: `l = log(1 + e^z) - y z`.
//!
//! In terms of `t = z` for labels below 1/2 and `t = -z` for the others, `m = min(y, 1 - y)` and `s = 1 / (1 + e^-t)`:
//! ```text
//! l = log(1 + e^t) - m t        dl/dt = s - m        d2l/dt2 = s (1 - s)
//! ```
//! For labels of 0 and 1, `m` is 0 and nothing cancels: a confident right answer has a loss and a gradient of full relative precision.
//! A label between 0 and 1 is a probability; then the minimum is its entropy. What is kept for products with the Hessian is its diagonal,
//! unscaled.

use cognate_kernels::{MatMut, MatRef, Real, logistic_loss, mul, scale as times, sum_f64};

use super::{Loss, Targets, scaled};
use crate::workspace::{Need, Work, cut_mut};

/// `log(1 + e^z) - y z`: one logit for two classes, or a logit for each of several labels.
///
/// Labels are [`Target::Classes`](super::Target::Classes) of 0 and 1 for a single logit, or [`Target::Values`](super::Target::Values)
/// in `[0, 1]`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Logistic;

impl<T: Real> Loss<T> for Logistic {
    fn need(&self, rows: usize, outputs: usize) -> Need {
        Need {
            saved: rows * outputs,
            ..Need::scratch(2 * rows * outputs)
        }
    }

    fn value_grad(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        mut dz: Option<MatMut<'_, T>>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> T {
        assert_eq!(y.shape(), (z.rows(), z.cols()), "targets against outputs");
        let (n, k) = (z.rows(), z.cols());
        let (level, cells) = (w.level(), n * k);
        let (room, _) = w.take(2 * cells);
        let ([slope, loss], _) = cut_mut(room, [cells; 2]);
        let curvature = &mut saved[..cells];
        // In place of logits, labels and weights.
        MatMut::planned(slope, n, k).copy_from(z);
        y.fill(loss, curvature);
        logistic_loss(level, scale, slope, curvature, loss);
        if let Some(dz) = &mut dz {
            dz.copy_from(MatRef::planned(slope, n, k));
        }
        scaled(scale, sum_f64(level, loss))
    }

    fn hvp(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        saved: &[T],
        rz: MatRef<'_, T>,
        mut rdz: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        let (n, k) = (z.rows(), z.cols());
        let level = w.level();
        rdz.copy_from(rz);
        mul(level, MatRef::planned(saved, n, k), rdz.rb_mut());
        if scale != T::ONE {
            match rdz.as_mut_slice() {
                Some(all) => times(level, scale, all),
                None => (0..n).for_each(|i| times(level, scale, rdz.row_mut(i))),
            }
        }
        y.clear_unseen(rdz);
    }
}
