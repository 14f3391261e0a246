//! Solving `(G + alpha I) w = r` for a Gram matrix G, singular or not.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real, axpy, dot};

use crate::linalg::{cholesky, cholesky_solve, eigen};
use crate::workspace::{Work, default_level};

/// `G + alpha I`, factored.
pub(crate) struct Normal {
    /// Numerical rank.
    pub(crate) rank: usize,
    factor: Factor,
}

enum Factor {
    /// `D (G + alpha I) D = L L'`, with a diagonal D that makes the diagonal 1; D is 0 for a column that is constant.
    Cholesky { l: Vec<f64>, scale: Vec<f64> },
    /// Unit eigenvectors, one a row, and the inverses of their eigenvalues, 0 where those drown in rounding.
    Eigen {
        vectors: Vec<f64>,
        inverse: Vec<f64>,
    },
}

impl Normal {
    /// Factors `gram` (whole, a row for each number of `noise`) plus `alpha` on the diagonal. Where a diagonal element is not above its
    /// `noise`, the column is constant and its unknown 0.
    #[inline]
    pub(crate) fn new(gram: &[f64], alpha: f64, noise: &[f64]) -> Self {
        let n = noise.len();
        let scale: Vec<f64> = (0..n)
            .map(|j| {
                let diagonal = gram[j * n + j];
                let constant = diagonal <= noise[j];
                if constant {
                    0.0
                } else {
                    1.0 / Real::sqrt(diagonal + alpha)
                }
            })
            .collect();
        let rank = scale.iter().filter(|&&s| s > 0.0).count();
        match Self::cholesky(gram, alpha, &scale) {
            Some(l) => Self {
                rank,
                factor: Factor::Cholesky { l, scale },
            },
            None => Self::eigen(gram, alpha, n),
        }
    }

    /// The factor of the scaled matrix; `None` if a pivot drowns in rounding.
    #[inline]
    fn cholesky(gram: &[f64], alpha: f64, scale: &[f64]) -> Option<Vec<f64>> {
        let n = scale.len();
        let mut l = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..i {
                l[i * n + j] = scale[i] * gram[i * n + j] * scale[j];
            }
            let diagonal = scale[i] * (gram[i * n + i] + alpha) * scale[i];
            l[i * n + i] = if scale[i] > 0.0 { diagonal } else { 1.0 };
        }
        let mut w = Work::new(default_level(), &mut []);
        cholesky(MatMut::planned(&mut l, n, n), &mut w).ok()?;
        let least = 8.0 * n as f64 * f64::EPSILON;
        let pivots = (0..n).map(|i| l[i * n + i] * l[i * n + i]);
        pivots.min_by(f64::total_cmp)?.ge(&least).then_some(l)
    }

    #[inline]
    fn eigen(gram: &[f64], alpha: f64, n: usize) -> Self {
        let (mut values, mut vectors) = (gram.to_vec(), vec![0.0; n * n]);
        eigen(
            MatMut::planned(&mut values, n, n),
            MatMut::planned(&mut vectors, n, n),
        );
        let value = |i: usize| values[i * n + i];
        let top = (0..n).map(value).fold(0.0, f64::max);
        let least = n as f64 * f64::EPSILON * top;
        let inverse: Vec<f64> = (0..n)
            .map(|i| {
                let sum = value(i).max(0.0) + alpha;
                if sum > least { 1.0 / sum } else { 0.0 }
            })
            .collect();
        Self {
            rank: inverse.iter().filter(|&&v| v > 0.0).count(),
            factor: Factor::Eigen { vectors, inverse },
        }
    }

    /// Overwrites `b` with the solution for it as right-hand side.
    pub(crate) fn solve(&self, b: &mut [f64]) {
        let (n, level) = (b.len(), default_level());
        match &self.factor {
            Factor::Cholesky { l, scale } => {
                let rescale = |b: &mut [f64]| b.iter_mut().zip(scale).for_each(|(b, s)| *b *= s);
                rescale(b);
                cholesky_solve(MatRef::planned(l, n, n), b, level);
                rescale(b);
            }
            Factor::Eigen { vectors, inverse } => {
                let mut solution = vec![0.0; n];
                for (vector, &inverse) in vectors.chunks_exact(n).zip(inverse) {
                    let part = inverse * dot(level, vector, b);
                    axpy(level, part, vector, &mut solution);
                }
                b.copy_from_slice(&solution);
            }
        }
    }
}
