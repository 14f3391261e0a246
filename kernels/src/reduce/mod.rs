//! Reductions, and the vector operations beside them.
//!
//! [`dot`], [`sum`], [`sum_squares`] and the sums inside [`softmax_rows`](crate::softmax_rows()) add in the order of [`lanes`]: 64 lanes
//! (f32; 32 for f64), folded by halves, at every level. [`col_sums`] adds row after row, one chain a column. No order depends on the
//! instruction set or on an address.
//!
//! The error of a sum of n terms in L lanes is at most `gamma_m sum |terms|`, `m = ceil(n / L) + log2 L` (Higham 2002, section 4.2),
//! one more where products are not fused.

mod lanes;

pub(crate) use lanes::{Lanes, lanes, total};

use crate::isa::{Simd, fold};
use crate::map::{Line, each};
use crate::{Level, MatMut, MatRef, Real};

/// `x . y`; 0 where empty.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn dot<T: Real>(level: Level, x: &[T], y: &[T]) -> T {
    assert_eq!(x.len(), y.len());
    T::dot(level, x, y)
}

/// The kernel of [`dot`].
#[inline(always)]
pub(crate) fn run_dot<T: Real, S: Simd<T>>(s: S, x: &[T], y: &[T]) -> T {
    total(
        s,
        [x, y],
        #[inline(always)]
        |acc, [x, y]| s.fma(x, y, acc),
    )
}

/// Sum of the elements; 0 where empty.
pub fn sum<T: Real>(level: Level, x: &[T]) -> T {
    T::sum(level, x)
}

/// The kernel of [`sum`].
#[inline(always)]
pub(crate) fn run_sum<T: Real, S: Simd<T>>(s: S, x: &[T]) -> T {
    total(
        s,
        [x],
        #[inline(always)]
        |acc, [x]| s.add(acc, x),
    )
}

/// Sum of the squares; 0 where empty.
pub fn sum_squares<T: Real>(level: Level, x: &[T]) -> T {
    T::dot(level, x, x)
}

/// Sum of the elements in f64: for a loss over many rows of f32, whose own sum would lose what distinguishes two epochs. In 32 lanes
/// for both types; of f64 it is [`sum`].
pub fn sum_f64<T: Real>(level: Level, x: &[T]) -> f64 {
    T::sum_f64(level, x)
}

/// The kernel of [`sum_f64`]. Registers of f64 cannot be loaded from f32: a loop over an array, which the compiler turns into them.
#[inline(always)]
pub(crate) fn run_sum_f64<T: Real>(x: &[T]) -> f64 {
    const L: usize = lanes::<f64>();
    let mut acc = [0.0_f64; L];
    let mut i = 0;
    while i + L <= x.len() {
        for l in 0..L {
            acc[l] += x[i + l].to_f64();
        }
        i += L;
    }
    for l in 0..x.len() - i {
        acc[l] += x[i + l].to_f64();
    }
    let mut left = L;
    while left > 1 {
        left /= 2;
        for l in 0..left {
            acc[l] += acc[l + left];
        }
    }
    acc[0] + 0.0
}

/// Largest absolute value; 0 where empty, NaN where any element is NaN.
pub fn max_abs<T: Real>(level: Level, x: &[T]) -> T {
    T::max_abs(level, x)
}

/// The kernel of [`max_abs`]: the largest of what is not NaN, and beside it a register that keeps NaNs.
#[inline(always)]
pub(crate) fn run_max_abs<T: Real, S: Simd<T>>(s: S, x: &[T]) -> T {
    let zero = s.splat(T::ZERO);
    let (mut top, mut nan) = ([zero; 2], [zero; 2]);
    let mut i = 0;
    while i < x.len() {
        for r in 0..2 {
            let left = x.len() - i;
            let v = if left >= S::LANES {
                // SAFETY: LANES elements are left.
                unsafe { s.load(x.as_ptr().add(i)) }
            } else {
                // SAFETY: `left` elements are left.
                unsafe { s.load_tail(x.as_ptr().add(i), s.tail(left)) }
            };
            // A comparison with NaN is false: in this order the old value stays.
            top[r] = s.max(s.abs(v), top[r]);
            nan[r] = s.select(s.le(v, v), nan[r], v);
            i += S::LANES.min(left);
        }
    }
    let top = s.max(top[0], top[1]);
    let nan = s.add(nan[0], nan[1]);
    // NaN + anything is NaN, 0 + top is top.
    let nan = fold(
        s,
        nan,
        #[inline(always)]
        |a, b| s.add(a, b),
    );
    let top = fold(
        s,
        top,
        #[inline(always)]
        |a, b| s.max(a, b),
    );
    nan + top
}

/// `y += a x`, fused.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn axpy<T: Real>(level: Level, a: T, x: &[T], y: &mut [T]) {
    assert_eq!(x.len(), y.len());
    T::axpy(level, a, x, y);
}

/// The kernel of [`axpy`].
#[inline(always)]
pub(crate) fn run_axpy<T: Real, S: Simd<T>>(s: S, a: T, x: &[T], y: &mut [T]) {
    let (n, a) = (x.len(), s.splat(a));
    each(
        s,
        [MatRef::planned(x, 1, n)],
        [MatMut::planned(y, 1, n)],
        #[inline(always)]
        |[x], [y]| [s.fma(a, x, y)],
    );
}

/// `x *= a`.
pub fn scale<T: Real>(level: Level, a: T, x: &mut [T]) {
    T::scale(level, a, x);
}

/// The kernel of [`scale`].
#[inline(always)]
pub(crate) fn run_scale<T: Real, S: Simd<T>>(s: S, a: T, x: &mut [T]) {
    let (n, a) = (x.len(), s.splat(a));
    each(
        s,
        [],
        [MatMut::planned(x, 1, n)],
        #[inline(always)]
        |[], [x]| [s.mul(a, x)],
    );
}

/// `out = beta out + column sums of x` (`x: n x d`, `out: d`); where beta is 0, `out` is not read. A chain over the rows a column.
///
/// # Panics
/// If `out` has another length than `x` has columns.
#[track_caller]
pub fn col_sums<T: Real>(level: Level, x: MatRef<'_, T>, beta: T, out: &mut [T]) {
    assert_eq!(x.cols(), out.len());
    T::col_sums(level, x, beta, out);
}

/// The kernel of [`col_sums`]: as many columns abreast as there are, up to 8 registers, all rows through them.
#[inline(always)]
pub(crate) fn run_col_sums<T: Real, S: Simd<T>>(s: S, x: MatRef<'_, T>, beta: T, out: &mut [T]) {
    let (mut x, mut out) = (x, out);
    while !out.is_empty() {
        let registers = if x.col_stride() == 1 {
            out.len() / S::LANES
        } else {
            0
        };
        let width = match registers {
            0 => S::LANES.min(out.len()),
            1 => S::LANES,
            2..4 => 2 * S::LANES,
            4..8 => 4 * S::LANES,
            _ => 8 * S::LANES,
        };
        let ((now, later), (sums, rest)) = (x.split_cols(width), out.split_at_mut(width));
        match registers {
            0 => chain_apart(s, now, beta, sums),
            1 => chain::<T, S, 1>(s, now, beta, sums),
            2..4 => chain::<T, S, 2>(s, now, beta, sums),
            4..8 => chain::<T, S, 4>(s, now, beta, sums),
            _ => chain::<T, S, 8>(s, now, beta, sums),
        }
        (x, out) = (later, rest);
    }
}

/// What a chain of sums begins with.
#[inline(always)]
fn beginning<T: Real, S: Simd<T>>(s: S, beta: T, old: S::V) -> S::V {
    if beta == T::ZERO {
        s.splat(T::ZERO)
    } else {
        s.mul(s.splat(beta), old)
    }
}

/// [`col_sums`] of R registers of columns, side by side in memory.
#[inline(always)]
fn chain<T: Real, S: Simd<T>, const R: usize>(s: S, x: MatRef<'_, T>, beta: T, out: &mut [T]) {
    assert!(x.cols() == R * S::LANES && out.len() == x.cols() && x.col_stride() == 1);
    let mut acc = [s.splat(T::ZERO); R];
    for r in 0..R {
        // SAFETY: out has R registers of numbers.
        acc[r] = beginning(s, beta, unsafe { s.load(out.as_ptr().add(r * S::LANES)) });
    }
    for i in 0..x.rows() {
        let row = x.as_ptr().wrapping_add(i * x.row_stride());
        for r in 0..R {
            // SAFETY: row i has R registers of columns, side by side.
            acc[r] = s.add(acc[r], unsafe { s.load(row.add(r * S::LANES)) });
        }
    }
    for r in 0..R {
        // SAFETY: out has R registers of numbers.
        unsafe { s.store(out.as_mut_ptr().add(r * S::LANES), acc[r]) };
    }
}

/// [`col_sums`] of at most a register of columns, at any distance.
#[inline(always)]
fn chain_apart<T: Real, S: Simd<T>>(s: S, x: MatRef<'_, T>, beta: T, out: &mut [T]) {
    assert!(x.cols() <= S::LANES && out.len() == x.cols());
    let n = out.len();
    let sums = Line {
        data: out.as_mut_ptr(),
        stride: 1,
    };
    // SAFETY: out has n elements, and so has each row.
    unsafe {
        let mut acc = beginning(s, beta, sums.load(s, 0, n));
        for i in 0..x.rows() {
            let row = Line {
                data: x.as_ptr().wrapping_add(i * x.row_stride()).cast_mut(),
                stride: x.col_stride(),
            };
            acc = s.add(acc, row.load(s, 0, n));
        }
        sums.store(s, acc, 0, n);
    }
}
