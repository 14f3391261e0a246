//! Reductions and the vector operations beside them.

use crate::{Level, MatRef, Real};

/// `x . y`.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn dot<T: Real>(_level: Level, x: &[T], y: &[T]) -> T {
    assert_eq!(x.len(), y.len());
    let mut acc = T::ZERO;
    for i in 0..x.len() {
        acc += x[i] * y[i];
    }
    acc
}

/// Sum of the elements.
pub fn sum<T: Real>(_level: Level, x: &[T]) -> T {
    let mut acc = T::ZERO;
    for &v in x {
        acc += v;
    }
    acc
}

/// Largest absolute value; 0 where empty, NaN where any element is NaN.
pub fn max_abs<T: Real>(_level: Level, x: &[T]) -> T {
    let mut top = T::ZERO;
    for &v in x {
        if v.partial_cmp(&v).is_none() {
            return T::NAN;
        }
        top = top.max(v.abs());
    }
    top
}

/// `y += a x`.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn axpy<T: Real>(_level: Level, a: T, x: &[T], y: &mut [T]) {
    assert_eq!(x.len(), y.len());
    for i in 0..x.len() {
        y[i] += a * x[i];
    }
}

/// `x *= a`.
pub fn scale<T: Real>(_level: Level, a: T, x: &mut [T]) {
    for v in x {
        *v *= a;
    }
}

/// `out = beta out + column sums of x` (`x: n x d`, `out: d`); where beta is 0, `out` is not read.
///
/// # Panics
/// If `out` has another length than `x` has columns.
#[track_caller]
pub fn col_sums<T: Real>(_level: Level, x: MatRef<'_, T>, beta: T, out: &mut [T]) {
    assert_eq!(x.cols(), out.len());
    for j in 0..x.cols() {
        let mut acc = if beta == T::ZERO {
            T::ZERO
        } else {
            beta * out[j]
        };
        for i in 0..x.rows() {
            acc += x.at(i, j);
        }
        out[j] = acc;
    }
}
