//! The logistic loss of a logit `z` for a label `y` of 0 or 1, each output by itself: `l = log(1 + e^z) - y z`.
//!
//! In terms of `t = z` for labels below 1/2 and `t = -z` for the others, `m = min(y, 1 - y)` and `s = 1 / (1 + e^-t)`:
//! ```text
//! l = log(1 + e^t) - m t        dl/dt = s - m        d2l/dt2 = s (1 - s)
//! ```
//! For labels of 0 and 1, `m` is 0 and nothing cancels: a confident right answer has a loss and a gradient of full relative precision.
//! A label between 0 and 1 is a probability; then the minimum is its entropy.

use cognate_kernels::{MatMut, MatRef, Real, softplus_logistic};

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
            ..Need::scratch(4 * rows * outputs)
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
        let (room, _) = w.take(4 * cells);
        let ([weight, label, t, softplus], _) = cut_mut(room, [cells; 4]);
        y.fill(weight, label);
        MatMut::planned(t, n, k).copy_from(z);
        for i in 0..cells {
            let signed = sign(label[i]) * t[i];
            t[i] = if weight[i] == T::ZERO {
                T::ZERO
            } else {
                signed
            };
        }
        let saved = &mut saved[..cells];
        softplus_logistic(level, t, softplus, saved);
        let mut total = 0.0;
        for i in 0..cells {
            if weight[i] != T::ZERO {
                let m = label[i].min(T::ONE - label[i]);
                total += (weight[i] * (softplus[i] - m * t[i])).to_f64();
            }
        }
        if let Some(dz) = &mut dz {
            let gradient = t;
            for i in 0..cells {
                let m = label[i].min(T::ONE - label[i]);
                let slope = sign(label[i]) * scale * weight[i] * (saved[i] - m);
                gradient[i] = if weight[i] == T::ZERO { T::ZERO } else { slope };
            }
            dz.copy_from(MatRef::planned(gradient, n, k));
        }
        scaled(scale, total)
    }

    fn hvp(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        saved: &[T],
        rz: MatRef<'_, T>,
        mut rdz: MatMut<'_, T>,
        _w: &mut Work<'_, T>,
    ) {
        let k = z.cols();
        for cell in 0..z.rows() * k {
            let (i, j) = (cell / k, cell % k);
            let s = saved[cell];
            let product = |(weight, _)| scale * weight * (s * (T::ONE - s)) * rz.at(i, j);
            rdz.set(i, j, y.cell(i, j).map_or(T::ZERO, product));
        }
    }
}

/// What turns `z` into `t`.
fn sign<T: Real>(label: T) -> T {
    if label < T::from_f64(0.5) {
        T::ONE
    } else {
        -T::ONE
    }
}
