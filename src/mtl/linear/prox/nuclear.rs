//! The singular values of `W: d x K`, from the eigenvalues of the smaller of `W'W` and `WW'`.
//!
//! With `W'W = V diag(sigma^2) V'`, shrinking the singular values by tau is one more product:
//! ```text
//! W <- W V diag((1 - tau / sigma)+) V'        or, from the other side,     W <- U diag((1 - tau / sigma)+) U' W
//! ```
//! Rotations begin from the last step's vectors V, as `V W'W V'`: near the optimum these nearly diagonalise the next matrix too, and few
//! rotations are left to do.
//!
//! A square root of an eigenvalue is good to `eps sigma_1^2 / sigma`, which is harmless for values above tau; those that drown in the
//! rounding of `sigma_1^2` count as 0.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, Real, gemm, gemm_scratch, max_abs};

use crate::linalg::eigen;
use crate::workspace::default_level;

/// Uses of a basis after which it is made anew: products of rotations drift from right angles.
const USES: usize = 50;

/// Orthonormal vectors, one a row, that nearly diagonalise what comes next.
#[derive(Clone, Debug, Default)]
pub(super) struct Basis {
    vectors: Vec<f64>,
    uses: usize,
}

impl Basis {
    /// The `n` vectors, if there are such and they are still good.
    fn get(&self, n: usize) -> Option<&[f64]> {
        (self.vectors.len() == n * n && self.uses < USES).then_some(&self.vectors)
    }

    fn set(&mut self, vectors: Vec<f64>) {
        let fresh = self.vectors.len() != vectors.len() || self.uses >= USES;
        self.uses = if fresh { 0 } else { self.uses + 1 };
        self.vectors = vectors;
    }
}

/// Singular values, and the vectors of the smaller side.
pub(super) struct Spectrum {
    /// Rows and columns of the matrix.
    shape: (usize, usize),
    /// Descending.
    values: Vec<f64>,
    /// One a row, in the same order.
    vectors: Vec<f64>,
}

/// `C = A B`, of small matrices.
pub(super) fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>, c: MatMut<'_, f64>) {
    let level = default_level();
    let mut scratch = vec![0.0; gemm_scratch::<f64>(level, a.rows(), a.cols(), b.cols())];
    gemm(level, Product::new(a, b), c, &mut scratch);
}

impl Spectrum {
    /// Of `w: d x K`, row-major, `columns` being K.
    #[inline]
    pub(super) fn of(w: &[f64], columns: usize) -> Self {
        Self::near(w, columns, &mut Basis::default())
    }

    /// The same from where `basis` is, which is then that of the spectrum.
    #[inline]
    pub(super) fn near(w: &[f64], columns: usize, basis: &mut Basis) -> Self {
        let shape = (w.len() / columns, columns);
        let n = shape.0.min(shape.1);
        // Squares must not overflow, nor vanish.
        let unit = match max_abs(default_level(), w) {
            0.0 => 1.0,
            largest => largest,
        };
        let scaled: Vec<f64> = w.iter().map(|w| w / unit).collect();
        let w = MatRef::planned(&scaled, shape.0, shape.1);
        let tall = if n == columns { w } else { w.t() };
        let (mut gram, mut vectors) = (vec![0.0; n * n], vec![0.0; n * n]);
        let old = basis.get(n);
        let mut turned = vec![0.0; tall.rows() * n];
        let from = match old {
            None => tall,
            Some(old) => {
                let old = MatRef::planned(old, n, n);
                product(tall, old.t(), MatMut::planned(&mut turned, tall.rows(), n));
                MatRef::planned(&turned, tall.rows(), n)
            }
        };
        product(from.t(), from, MatMut::planned(&mut gram, n, n));
        eigen(
            MatMut::planned(&mut gram, n, n),
            MatMut::planned(&mut vectors, n, n),
        );
        if let Some(old) = old {
            let (turns, old) = (vectors.clone(), MatRef::planned(old, n, n));
            let turns = MatRef::planned(&turns, n, n);
            product(turns, old, MatMut::planned(&mut vectors, n, n));
        }
        let least = 4.0 * n as f64 * f64::EPSILON * gram[n * n - 1];
        let root = |i: usize| match gram[i * n + i] {
            square if square <= least => 0.0,
            square => unit * Real::sqrt(square),
        };
        let reversed = (0..n).rev().flat_map(|i| &vectors[i * n..(i + 1) * n]);
        let spectrum = Self {
            shape,
            values: (0..n).rev().map(root).collect(),
            vectors: reversed.copied().collect(),
        };
        basis.set(vectors);
        spectrum
    }

    /// The singular values, descending.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> {
        self.values.iter().copied()
    }

    /// Number of singular values that are not 0.
    pub(super) fn rank(&self) -> usize {
        self.values.iter().filter(|&&s| s > 0.0).count()
    }

    /// Makes the singular values of `w`, the matrix that this is the spectrum of, smaller by `tau`; their sum.
    #[inline]
    pub(super) fn shrink(&self, tau: f64, w: &mut [f64]) -> f64 {
        let n = self.values.len();
        let left: Vec<f64> = self.values().take_while(|&s| s > tau).collect();
        let rank = left.len();
        if rank == 0 {
            w.fill(0.0);
            return 0.0;
        }
        let vectors = MatRef::planned(&self.vectors[..rank * n], rank, n);
        let mut scaled = self.vectors[..rank * n].to_vec();
        for (row, s) in scaled.chunks_exact_mut(n).zip(&left) {
            row.iter_mut().for_each(|v| *v *= 1.0 - tau / s);
        }
        let mut filter = vec![0.0; n * n];
        let scaled = MatRef::planned(&scaled, rank, n);
        product(scaled.t(), vectors, MatMut::planned(&mut filter, n, n));
        let (filter, old) = (MatRef::planned(&filter, n, n), w.to_vec());
        let (d, k) = self.shape;
        let (old, new) = (MatRef::planned(&old, d, k), MatMut::planned(w, d, k));
        match n == k {
            true => product(old, filter, new),
            false => product(filter, old, new),
        }
        left.iter().map(|s| s - tau).sum()
    }

    /// `W = L R'` with `L: d x r` and `R: K x r`, the singular values' roots in both; `L` and `R`, row-major.
    pub(super) fn factors(&self, w: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (rank, (d, k)) = (self.rank(), self.shape);
        let n = self.values.len();
        let w = MatRef::planned(w, d, k);
        let mut near = vec![0.0; n * rank];
        for i in 0..rank {
            for j in 0..n {
                near[j * rank + i] = self.vectors[i * n + j];
            }
        }
        let (far_side, from_right) = (if n == k { d } else { k }, n == k);
        let mut far = vec![0.0; far_side * rank];
        let whole = if from_right { w } else { w.t() };
        product(
            whole,
            MatRef::planned(&near, n, rank),
            MatMut::planned(&mut far, far_side, rank),
        );
        let roots: Vec<f64> = self.values().take(rank).map(Real::sqrt).collect();
        for (i, v) in near.iter_mut().enumerate() {
            *v *= roots[i % rank];
        }
        for (i, v) in far.iter_mut().enumerate() {
            *v /= roots[i % rank];
        }
        if from_right { (far, near) } else { (near, far) }
    }
}
