//! Cholesky: `A = L L'` for a symmetric positive definite `A`, and solving with `L`.
//!
//! The factor is recursive, so that nearly all of its arithmetic is matrix products:
//! ```text
//! A = [A11  .  ]      L11 = chol(A11)      L21 = A21 L11^-T      L22 = chol(A22 - L21 L21')
//!     [A21  A22]
//! ```
//! Below a small size rows are taken one by one (Cholesky-Banachiewicz). Solving goes along the rows of `L` in both directions: forwards
//! an unknown is a dot product with a row, backwards a found unknown is taken out of the others with that same row.

use cognate_kernels::{Level, MatMut, MatRef, Product, Real, axpy, dot};

use crate::error::{Error, Result};
use crate::workspace::Work;

/// Sizes up to this are factored row by row.
const SMALL: usize = 32;

/// Overwrites the lower triangle of `a` (`n x n`, rows contiguous) with `L`; what lies above is scratch.
///
/// # Errors
/// [`Error::NotPositiveDefinite`] with the first pivot that is not positive; `a` is then half done.
///
/// # Panics
/// If `a` is not square.
#[track_caller]
pub fn cholesky<T: Real>(a: MatMut<'_, T>, w: &mut Work<'_, T>) -> Result<()> {
    assert_eq!(a.rows(), a.cols(), "a square matrix");
    factor(a, 0, w)
}

/// Factors a diagonal block whose first row is row `first` of the whole.
fn factor<T: Real>(mut a: MatMut<'_, T>, first: usize, w: &mut Work<'_, T>) -> Result<()> {
    let n = a.rows();
    if n <= SMALL {
        return factor_rows(&mut a, first, w.level());
    }
    let half = (n / 2).next_multiple_of(SMALL / 2);
    let (top, bottom) = a.split_rows(half);
    let (mut a11, _) = top.split_cols(half);
    let (mut a21, mut a22) = bottom.split_cols(half);
    factor(a11.rb_mut(), first, w)?;
    solve_lower_rows(a21.rb_mut(), a11.rb(), w);
    let l21 = a21.rb();
    let product = Product::new(l21, l21.t()).alpha(-T::ONE).beta(T::ONE);
    w.gemm(product, a22.rb_mut());
    factor(a22, first + half, w)
}

fn factor_rows<T: Real>(a: &mut MatMut<'_, T>, first: usize, level: Level) -> Result<()> {
    for i in 0..a.rows() {
        for j in 0..i {
            let lij = (a.at(i, j) - row_dot(a.rb(), i, j, level)) / a.at(j, j);
            a.set(i, j, lij);
        }
        let pivot = a.at(i, i) - row_dot(a.rb(), i, i, level);
        // A NaN pivot fails as well.
        if !(pivot > T::ZERO && pivot.is_finite()) {
            return Err(Error::NotPositiveDefinite { pivot: first + i });
        }
        a.set(i, i, pivot.sqrt());
    }
    Ok(())
}

/// `sum_{p < j} a_ip a_jp`.
fn row_dot<T: Real>(a: MatRef<'_, T>, i: usize, j: usize, level: Level) -> T {
    dot(level, &a.row(i)[..j], &a.row(j)[..j])
}

/// `b = b L^-T` for a lower triangle `l: n x n`: [`solve_lower`] for every row of `b`, n long and contiguous, by halves as in the factor.
///
/// # Panics
/// If `b` has not as many columns as `l`.
#[track_caller]
pub fn solve_lower_rows<T: Real>(mut b: MatMut<'_, T>, l: MatRef<'_, T>, w: &mut Work<'_, T>) {
    assert_eq!(l.rows(), b.cols(), "as many numbers as unknowns");
    let n = l.rows();
    if n <= SMALL {
        for i in 0..b.rows() {
            solve_lower(l, b.row_mut(i), w.level());
        }
        return;
    }
    let half = (n / 2).next_multiple_of(SMALL / 2);
    let (top, bottom) = l.split_rows(half);
    let (l11, (l21, l22)) = (top.split_cols(half).0, bottom.split_cols(half));
    let (mut b1, mut b2) = b.split_cols(half);
    solve_lower_rows(b1.rb_mut(), l11, w);
    let product = Product::new(b1.rb(), l21.t()).alpha(-T::ONE).beta(T::ONE);
    w.gemm(product, b2.rb_mut());
    solve_lower_rows(b2, l22, w);
}

/// `b = L^-1 b` for a lower triangle `l: n x n`.
///
/// # Panics
/// If `b` has another length than `l` has rows.
#[track_caller]
pub fn solve_lower<T: Real>(l: MatRef<'_, T>, b: &mut [T], level: Level) {
    assert_eq!(l.rows(), b.len(), "as many numbers as unknowns");
    for i in 0..b.len() {
        let row = l.row(i);
        b[i] = (b[i] - dot(level, &row[..i], &b[..i])) / row[i];
    }
}

/// `b = L^-T b` for a lower triangle `l: n x n`.
///
/// # Panics
/// If `b` has another length than `l` has rows.
#[track_caller]
pub fn solve_lower_transposed<T: Real>(l: MatRef<'_, T>, b: &mut [T], level: Level) {
    assert_eq!(l.rows(), b.len(), "as many numbers as unknowns");
    for i in (0..b.len()).rev() {
        let row = l.row(i);
        let (before, rest) = b.split_at_mut(i);
        rest[0] /= row[i];
        axpy(level, -rest[0], &row[..i], before);
    }
}

/// `b = A^-1 b` with the factor `l` of [`cholesky`].
///
/// # Panics
/// If `b` has another length than `l` has rows.
#[track_caller]
pub fn cholesky_solve<T: Real>(l: MatRef<'_, T>, b: &mut [T], level: Level) {
    solve_lower(l, b, level);
    solve_lower_transposed(l, b, level);
}

/// `log det A` from the factor `l` of [`cholesky`]: `2 sum log l_ii`.
pub fn cholesky_log_det<T: Real>(l: MatRef<'_, T>) -> T {
    let mut half = T::ZERO;
    for i in 0..l.rows() {
        half += l.at(i, i).ln();
    }
    half + half
}
