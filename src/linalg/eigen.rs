//! Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations.
//!
//! A rotation in the plane (p, q) makes `a_pq` zero; sweeps over all pairs shrink the sum of squares beside the diagonal, in the end
//! quadratically (Golub and Van Loan, Matrix Computations, 8.5). Slower than tridiagonal methods beyond a few hundred rows, but short,
//! and accurate for each eigenvector, also where matrices are badly scaled (Demmel and Veselic 1992).
//!
//! Both triangles are kept: a rotation acts on rows p and q, which lie side by side in memory, and the columns are their mirror image.

use cognate_kernels::{MatMut, Real};

/// Sweeps after which the work stops in any case; six to ten are usual.
const SWEEPS: usize = 30;

/// Diagonalises the symmetric `a: n x n`: its diagonal becomes the eigenvalues, in ascending order, and row i of `vectors: n x n` the
/// unit eigenvector of eigenvalue i, so that `A = V' diag V`.
///
/// Cost: about 4 n^3 flops a sweep. What a holds must be finite.
///
/// # Panics
/// If a shape is not `n x n`, or rows are not contiguous.
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
        if !sweep(&mut a, &mut vectors) {
            break;
        }
    }
    sort(a, vectors);
}

/// One rotation for each pair of rows that needs it; whether there was one.
fn sweep<T: Real>(a: &mut MatMut<'_, T>, vectors: &mut MatMut<'_, T>) -> bool {
    let mut rotated = false;
    for p in 0..a.rows() {
        for q in p + 1..a.rows() {
            if let Some(r) = Rotation::annihilating(a.at(p, p), a.at(p, q), a.at(q, q)) {
                rotated = true;
                r.turn_both_sides(a, p, q);
                r.turn_rows(vectors, p, q);
            }
        }
    }
    rotated
}

/// Orders the diagonal of `a`, and the rows of `vectors` with it.
fn sort<T: Real>(mut a: MatMut<'_, T>, mut vectors: MatMut<'_, T>) {
    for i in 0..a.rows() {
        let mut least = i;
        for k in i + 1..a.rows() {
            if a.at(k, k) < a.at(least, least) {
                least = k;
            }
        }
        if least != i {
            let (small, large) = (a.at(least, least), a.at(i, i));
            a.set(i, i, small);
            a.set(least, least, large);
            let (mut top, mut bottom) = vectors.rb_mut().split_rows(least);
            top.row_mut(i).swap_with_slice(bottom.row_mut(0));
        }
    }
}

/// Cosine, sine and tangent of an angle.
#[derive(Clone, Copy)]
struct Rotation<T> {
    c: T,
    s: T,
    t: T,
}

impl<T: Real> Rotation<T> {
    /// The smaller of the two rotations that make `a_pq` zero; none where it is zero to rounding.
    fn annihilating(app: T, apq: T, aqq: T) -> Option<Self> {
        let size = app.abs().sqrt() * aqq.abs().sqrt();
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
        Some(Self { c, s: t * c, t })
    }

    /// Rows p and q of `m` become `c p - s q` and `s p + c q`.
    fn turn_rows(self, m: &mut MatMut<'_, T>, p: usize, q: usize) {
        let (mut top, mut bottom) = m.rb_mut().split_rows(q);
        for (x, y) in top.row_mut(p).iter_mut().zip(bottom.row_mut(0)) {
            (*x, *y) = (self.c * *x - self.s * *y, self.s * *x + self.c * *y);
        }
    }

    /// Rows and columns p and q of the symmetric `a`, whose `a_pq` becomes 0.
    fn turn_both_sides(self, a: &mut MatMut<'_, T>, p: usize, q: usize) {
        let moved = self.t * a.at(p, q);
        let (app, aqq) = (a.at(p, p) - moved, a.at(q, q) + moved);
        self.turn_rows(a, p, q);
        for (i, j, value) in [(p, p, app), (q, q, aqq), (p, q, T::ZERO), (q, p, T::ZERO)] {
            a.set(i, j, value);
        }
        for k in 0..a.rows() {
            a.set(k, p, a.at(p, k));
            a.set(k, q, a.at(q, k));
        }
    }
}
