//! Eigenvalues of a small symmetric matrix, and functions of it by them.

use cognate_kernels::MatMut;

use crate::linalg::eigen;

/// `A = V' diag(values) V`, values in ascending order.
pub(super) struct Spectrum<'a> {
    /// The values on the diagonal, `n x n`.
    diagonal: &'a [f64],
    /// V, `n x n`: a vector a row.
    vectors: &'a [f64],
    n: usize,
}

impl<'a> Spectrum<'a> {
    /// Of the matrix in `a: n x n`, which is overwritten; `vectors: n x n`.
    pub fn of(a: &'a mut [f64], vectors: &'a mut [f64], n: usize) -> Self {
        eigen(MatMut::planned(a, n, n), MatMut::planned(vectors, n, n));
        Self {
            diagonal: a,
            vectors,
            n,
        }
    }

    /// The eigenvalues, ascending.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = f64> + Clone {
        self.diagonal.iter().step_by(self.n + 1).copied()
    }

    /// The largest eigenvalue.
    pub fn top(&self) -> f64 {
        self.values().next_back().unwrap_or(0.0)
    }

    /// `out = sum_i f(lambda_i) v_i (v_i'b)` over the eigenvalues above `cut`.
    pub fn apply(&self, b: &[f64], cut: f64, f: impl Fn(f64) -> f64, out: &mut [f64]) {
        out.fill(0.0);
        let pairs = self.values().zip(self.vectors.chunks_exact(self.n));
        for (value, vector) in pairs.filter(|(value, _)| *value > cut) {
            let along: f64 = vector.iter().zip(b).map(|(v, b)| v * b).sum();
            for (out, v) in out.iter_mut().zip(vector) {
                *out += f(value) * along * v;
            }
        }
    }
}
