//! Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations.
//!
//! A rotation in the plane (p, q) makes `a_pq` zero; sweeps over all pairs shrink the sum of squares beside the diagonal, in the end
//! quadratically (Golub and Van Loan, Matrix Computations, 8.5). Slower than tridiagonal methods beyond a few hundred rows, but short,
//! and accurate for each eigenvector, also where matrices are badly scaled (Demmel and Veselic 1992).

use cognate_kernels::{MatMut, Real};

/// Sweeps after which the work stops in any case; six to ten are usual.
const SWEEPS: usize = 30;

/// Diagonalises the symmetric `a: n x n`: its diagonal becomes the eigenvalues, in no order, and row i of `vectors: n x n` the unit
/// eigenvector of eigenvalue i.
///
/// Cost: about 6 n^3 flops a sweep. What a holds must be finite.
///
/// # Panics
/// If a shape is not `n x n`.
#[track_caller]
pub fn eigen<T: Real>(mut a: MatMut<'_, T>, mut vectors: MatMut<'_, T>) {
    let n = a.rows();
    assert_eq!((n, n, n), (a.cols(), vectors.rows(), vectors.cols()));
    for i in 0..n {
        for j in 0..n {
            vectors.set(i, j, if i == j { T::ONE } else { T::ZERO });
            a.set(j.min(i), j.max(i), a.at(j.max(i), j.min(i)));
        }
    }
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                if let Some(r) = Rotation::annihilating(a.at(p, p), a.at(p, q), a.at(q, q)) {
                    rotated = true;
                    r.turn_rows(&mut a, p, q);
                    r.turn_rows(&mut a.rb_mut().t(), p, q);
                    r.turn_rows(&mut vectors, p, q);
                }
            }
        }
        if !rotated {
            return;
        }
    }
}

/// Cosine and sine of an angle.
#[derive(Clone, Copy)]
struct Rotation<T> {
    c: T,
    s: T,
}

impl<T: Real> Rotation<T> {
    /// The smaller of the two rotations that make `a_pq` zero; none where it is zero to rounding.
    fn annihilating(app: T, apq: T, aqq: T) -> Option<Self> {
        let size = (app.abs() * aqq.abs()).sqrt();
        if apq.abs() <= T::EPSILON * size || apq.abs() < T::MIN_POSITIVE {
            return None;
        }
        let theta = (aqq - app) / (apq + apq);
        let root = (theta * theta + T::ONE).sqrt();
        let t = T::ONE
            / if theta < T::ZERO {
                theta - root
            } else {
                theta + root
            };
        let c = T::ONE / (t * t + T::ONE).sqrt();
        Some(Self { c, s: t * c })
    }

    /// Rows p and q of `m` become `c p - s q` and `s p + c q`.
    fn turn_rows(self, m: &mut MatMut<'_, T>, p: usize, q: usize) {
        for j in 0..m.cols() {
            let (x, y) = (m.at(p, j), m.at(q, j));
            m.set(p, j, self.c * x - self.s * y);
            m.set(q, j, self.s * x + self.c * y);
        }
    }
}
