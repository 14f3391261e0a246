//! An estimate of a linear objective's inverse Hessian, for solvers to start from.
//!
//! With `X1 = [X, 1]`, weights `w_i` and a curvature `c` of the loss, one output's part of the Hessian is about
//! ```text
//! A = scale c sum_i w_i x1_i x1_i' + l2 I              l2 for the weights alone, not for the intercept
//! ```
//! With the largest curvature that the loss has, A is an upper bound of it everywhere (Böhning and Lindsay 1988). Its inverse undoes
//! the scales of the columns and what they share, which is what makes raw tables hard for a solver that knows gradients alone. As an
//! estimate it may come from some of the rows, evenly spread, and is left out where it would cost more than it saves.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, Real, gemm, gemm_scratch};

use super::linear::LinearObjective;
use crate::linalg::invert;
use crate::loss::Loss;
use crate::workspace::default_level;

/// Rows that the estimate comes from, a number of the Hessian's side.
const ROWS: usize = 8;
/// Evaluations that the estimate may cost.
const EVALUATIONS: usize = 32;

impl<T: Real, L: Loss<T> + Sync> LinearObjective<'_, T, L> {
    /// The inverse of the estimate with `curvature`, for [`LinearObjective::inverse`]; none where it costs too much, or has no inverse.
    pub fn inverse_hessian(&self, curvature: f64) -> Option<Vec<T>> {
        let (n, d) = (self.x.rows(), self.x.cols());
        let side = d + usize::from(self.intercept);
        let m = n.min(ROWS * side);
        if (m + side) * side * side > EVALUATIONS * 2 * n * d * self.outputs {
            return None;
        }
        let rows = self.sample(m, side, curvature * n as f64 / m as f64);
        let rows = MatRef::planned(&rows, m, side);
        let mut a = vec![0.0; side * side];
        let level = default_level();
        let mut scratch = vec![0.0; gemm_scratch::<f64>(level, side, m, side)];
        let into = MatMut::planned(&mut a, side, side);
        gemm(level, Product::new(rows.t(), rows), into, &mut scratch);
        for j in 0..d {
            a[j * side + j] += self.l2.to_f64();
        }
        invert(&mut a, side).ok()?;
        Some(a.iter().map(|&v| T::from_f64(v)).collect())
    }

    /// Evenly spread rows `[x, 1]`, times the roots of `factor` and their weights: `m x side`.
    fn sample(&self, m: usize, side: usize, factor: f64) -> Vec<f64> {
        let (n, d) = (self.x.rows(), self.x.cols());
        let factor = factor * self.scale.to_f64();
        let mut rows = vec![0.0; m * side];
        for (r, row) in rows.chunks_exact_mut(side).enumerate() {
            let i = r * n / m;
            let root = Real::sqrt(factor * self.y.weight(i, 0).to_f64());
            row.fill(root);
            for (j, v) in row[..d].iter_mut().enumerate() {
                *v *= self.x.at(i, j).to_f64();
            }
        }
        rows
    }
}
