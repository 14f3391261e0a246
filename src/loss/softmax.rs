//! Softmax cross-entropy of `k` logits for a class `c`, with label smoothing.
//!
//! With `p = softmax(z)` and the target `q = (1 - smoothing) [j = c] + smoothing / k` (Szegedy et al. 2016):
//! ```text
//! l = log sum exp z - sum_j q_j z_j        dl/dz = p - q        H = diag(p) - p p'
//! ```

use cognate_kernels::{MatMut, MatRef, Real, softmax_rows};

use super::{Loss, Target, Targets, scaled};
use crate::workspace::{Need, Work};

/// Cross-entropy of softmax over all outputs of a row; targets are [`Target::Classes`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Softmax {
    /// Probability that the target spreads evenly over all classes, in `[0, 1]`; 0 for none.
    pub smoothing: f64,
}

/// Weight and class of row `i`; `None` if the row has no weight.
fn class<T: Real>(y: &Targets<'_, T>, i: usize) -> Option<(T, usize)> {
    let Target::Classes(labels) = y.target else {
        panic!("softmax cross-entropy wants class labels");
    };
    let weight = y.weight(i, 0);
    (weight != T::ZERO).then(|| (weight, labels[i] as usize))
}

impl Softmax {
    /// The parts of the target: of every class, and of the label beside.
    fn target<T: Real>(&self, classes: usize) -> (T, T) {
        let every = T::from_f64(self.smoothing / classes as f64);
        (every, T::from_f64(1.0 - self.smoothing))
    }

    /// `l` of a row, apart from its weight.
    fn row_loss<T: Real>(&self, z: MatRef<'_, T>, i: usize, label: usize, lse: T) -> T {
        let (every, beside): (T, T) = self.target(z.cols());
        if every == T::ZERO {
            return lse - z.at(i, label);
        }
        let mut dot = beside * z.at(i, label);
        for j in 0..z.cols() {
            dot += every * z.at(i, j);
        }
        lse - dot
    }
}

impl<T: Real> Loss<T> for Softmax {
    fn need(&self, rows: usize, outputs: usize) -> Need {
        Need {
            saved: rows * outputs,
            ..Need::scratch(rows)
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
        assert_eq!(y.shape().0, z.rows(), "targets against outputs");
        let (n, k) = (z.rows(), z.cols());
        let level = w.level();
        let (lse, _) = w.take(n);
        let mut p = MatMut::planned(saved, n, k);
        softmax_rows(level, z, p.rb_mut(), lse);
        let (every, beside) = self.target(k);
        let mut total = 0.0;
        for i in 0..n {
            let row = class(y, i);
            if let Some((weight, label)) = row {
                total += (weight * self.row_loss(z, i, label, lse[i])).to_f64();
            }
            let Some(dz) = &mut dz else { continue };
            for j in 0..k {
                let gradient = |(weight, label)| {
                    let q = if j == label { every + beside } else { every };
                    scale * weight * (p.at(i, j) - q)
                };
                dz.set(i, j, row.map_or(T::ZERO, gradient));
            }
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
