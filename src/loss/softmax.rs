//! Softmax cross-entropy of `k` logits for a class `c`, with label smoothing.
//!
//! With `p = softmax(z)` and the target `q = (1 - smoothing) [j = c] + smoothing / k` (Szegedy et al. 2016):
//! ```text
//! l = log sum exp z - sum_j q_j z_j        dl/dz = p - q        H = diag(p) - p p'
//! ```

use cognate_kernels::{Entropy, MatMut, MatRef, Real, Smoothing, cross_entropy, sum_f64};

use super::{Loss, Target, Targets, scaled};
use crate::workspace::{Need, Work, cut_mut};

/// Cross-entropy of softmax over all outputs of a row; targets are [`Target::Classes`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Softmax {
    /// Probability that the target spreads evenly over all classes, in `[0, 1]`; 0 for none.
    pub smoothing: f64,
}

const WANTS_CLASSES: &str = "softmax cross-entropy wants class labels";

/// Weight and class of row `i`; `None` if the row has no weight.
fn class<T: Real>(y: &Targets<'_, T>, i: usize) -> Option<(T, usize)> {
    let Target::Classes(labels) = y.target else {
        panic!("{WANTS_CLASSES}");
    };
    let weight = y.weight(i, 0);
    (weight != T::ZERO).then(|| (weight, labels[i] as usize))
}

impl Softmax {
    /// The target of a row of so many classes.
    fn target<T: Real>(&self, classes: usize, scale: T) -> Smoothing<T> {
        Smoothing {
            scale,
            every: T::from_f64(self.smoothing / classes as f64),
            beside: T::from_f64(1.0 - self.smoothing),
        }
    }
}

impl<T: Real> Loss<T> for Softmax {
    fn need(&self, rows: usize, outputs: usize) -> Need {
        Need {
            saved: rows * outputs,
            ..Need::scratch(2 * rows)
        }
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
        assert_eq!(y.shape().0, z.rows(), "targets against outputs");
        let (n, k) = (z.rows(), z.cols());
        assert!(matches!(y.target, Target::Classes(_)), "{WANTS_CLASSES}");
        let level = w.level();
        let (room, _) = w.take(2 * n);
        let ([labels, loss], _) = cut_mut(room, [n; 2]);
        // In place of weights.
        y.fill(loss, labels);
        let into = Entropy {
            p: MatMut::planned(saved, n, k),
            slope: dz,
        };
        cross_entropy(level, &self.target(k, scale), z, labels, loss, into);
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
        _w: &mut Work<'_, T>,
    ) {
        let k = z.cols();
        for i in 0..z.rows() {
            let p = &saved[i * k..][..k];
            let weight = class(y, i).map_or(T::ZERO, |(weight, _)| scale * weight);
            let mut mean = T::ZERO;
            for j in 0..k {
                mean += p[j] * rz.at(i, j);
            }
            for j in 0..k {
                // A row without weight may hold anything: its product is 0, not 0 times that.
                let product = weight * p[j] * (rz.at(i, j) - mean);
                rdz.set(i, j, if weight == T::ZERO { T::ZERO } else { product });
            }
        }
    }
}
