//! Rank-one changes of a Cholesky factor: `L L' + x x'` and `L L' - x x'` in `2 n^2` flops.
//!
//! Both turn the rows of `[L x]` by plane rotations, one for each column. *Update*: rotation k makes `x_k` zero against `l_kk`.
//! *Downdate* (LINPACK's, of proven backward stability: Stewart 1979): with `L a = x`, rotations from the last column to the first turn
//! `[a; sqrt(1 - a'a)]` into a unit vector, and the rows of `[L 0]` into those of `[L_new x]`. It is possible exactly where `a'a < 1`.
//!
//! A ridge or least-squares model takes one more row, or forgets one, at that price.

use cognate_kernels::{MatMut, Real, dot};

use super::cholesky::solve_lower;
use crate::error::{Error, Result};
use crate::workspace::Work;

/// Scratch that [`cholesky_update`] and [`cholesky_downdate`] take for `n` rows.
pub const fn update_scratch(n: usize) -> usize {
    3 * n
}

/// Turns the factor of `A` into that of `A + x x'`. `l: n x n`, rows contiguous, its lower triangle; `x: n`.
///
/// # Panics
/// If the lengths do not fit or the scratch is below [`update_scratch`].
#[track_caller]
pub fn cholesky_update<T: Real>(mut l: MatMut<'_, T>, x: &[T], w: &mut Work<'_, T>) {
    let n = x.len();
    assert_eq!((n, n), (l.rows(), l.cols()));
    let (scratch, _) = w.take(update_scratch(n));
    let (cosines, sines) = scratch.split_at_mut(n);
    for i in 0..n {
        let (row, mut rest) = (l.row_mut(i), x[i]);
        for k in 0..i {
            let (c, s, old) = (cosines[k], sines[k], row[k]);
            row[k] = c * old + s * rest;
            rest = c * rest - s * old;
        }
        (row[i], cosines[i], sines[i]) = rotation(row[i], rest);
    }
}

/// Turns the factor of `A` into that of `A - x x'`. `l: n x n`, rows contiguous, its lower triangle; `x: n`.
///
/// # Errors
/// [`Error::NotPositiveDefinite`] with the first pivot that would not be positive; `l` is then as it was.
///
/// # Panics
/// If the lengths do not fit or the scratch is below [`update_scratch`].
#[track_caller]
pub fn cholesky_downdate<T: Real>(
    mut l: MatMut<'_, T>,
    x: &[T],
    w: &mut Work<'_, T>,
) -> Result<()> {
    let (n, level) = (x.len(), w.level());
    assert_eq!((n, n), (l.rows(), l.cols()));
    let (scratch, _) = w.take(update_scratch(n));
    let (a, rest) = scratch.split_at_mut(n);
    let (cosines, sines) = rest.split_at_mut(n);
    a.copy_from_slice(x);
    solve_lower(l.rb(), a, level);
    let left = T::ONE - dot(level, a, a);
    if !(left > T::ZERO && left.is_finite()) {
        return Err(Error::NotPositiveDefinite {
            pivot: first_lost(a),
        });
    }
    let mut length = left.sqrt();
    for k in (0..n).rev() {
        (length, cosines[k], sines[k]) = rotation(length, a[k]);
    }
    for i in 0..n {
        let (row, mut rest) = (l.row_mut(i), T::ZERO);
        for k in (0..=i).rev() {
            let (c, s, old) = (cosines[k], sines[k], row[k]);
            row[k] = c * old - s * rest;
            rest = c * rest + s * old;
        }
    }
    Ok(())
}

/// `(r, c, s)` with `r = sqrt(a^2 + b^2) = c a + s b`.
fn rotation<T: Real>(a: T, b: T) -> (T, T, T) {
    let top = a.abs().max(b.abs());
    if top == T::ZERO {
        return (T::ZERO, T::ONE, T::ZERO);
    }
    let (x, y) = (a / top, b / top);
    let r = (x * x + y * y).sqrt();
    (top * r, x / r, y / r)
}

/// The first k at which `a_0^2 + .. + a_k^2` is no longer below 1: that leading minor is lost.
fn first_lost<T: Real>(a: &[T]) -> usize {
    let mut sum = T::ZERO;
    let lost = a.iter().position(|&v| {
        sum += v * v;
        !(sum < T::ONE && sum.is_finite())
    });
    lost.unwrap_or(a.len() - 1)
}
