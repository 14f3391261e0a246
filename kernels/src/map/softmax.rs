//! Softmax over rows, with the logarithm of the sum.
//!
//! ```text
//! top = max_j z_j,  e_j = e^(z_j - top),  total = sum e_j,  p_j = e_j / total,  lse = top + ln total
//! ```
//!
//! The sum goes over 64 lanes (f32; 32 for f64), lane l taking the columns j with j mod 64 = l, and lanes are added by halves; the
//! quotients are products with `1 / total`. Narrow rows, a few classes, are the common case: a block of as many rows as a register
//! has lanes is transposed on the stack, so that a register holds one column of the block and nothing is added across lanes; adding
//! columns by halves is the same order, so a row's bits do not depend on the way taken, nor on its neighbours.

use super::each::{Line, WIDEST};
use crate::func::{exp, ln};
use crate::isa::{Simd, fold};
use crate::reduce::Lanes;
use crate::{Level, MatMut, MatRef, Real};

/// Rows up to this wide go in transposed blocks; no more than the lanes of a sum.
const NARROW: usize = 32;

/// Row by row `p = softmax(z)` and `lse = log sum exp z`, without overflow.
///
/// A row with a NaN or an inf, or with -inf alone, has NaN everywhere; a row of no columns has `lse` -inf.
///
/// # Panics
/// If `p` has another shape than `z` or `lse` another length than rows.
#[track_caller]
pub fn softmax_rows<T: Real>(level: Level, z: MatRef<'_, T>, p: MatMut<'_, T>, lse: &mut [T]) {
    assert_eq!((z.rows(), z.cols()), (p.rows(), p.cols()), "shapes differ");
    assert_eq!(z.rows(), lse.len(), "one sum a row");
    T::softmax_rows(level, z, p, lse);
}

/// The kernel of [`softmax_rows`].
#[inline(always)]
pub(crate) fn run<T: Real, S: Simd<T>>(
    s: S,
    z: MatRef<'_, T>,
    mut p: MatMut<'_, T>,
    lse: &mut [T],
) {
    let mut i = 0;
    if z.cols() <= NARROW {
        while i + S::LANES <= z.rows() {
            block(
                s,
                z.rows_range(i..i + S::LANES),
                p.rb_mut().rows_range(i..i + S::LANES),
                &mut lse[i..i + S::LANES],
            );
            i += S::LANES;
        }
    }
    while i < z.rows() {
        lse[i] = row(s, z.rows_range(i..i + 1), p.rb_mut().rows_range(i..i + 1));
        i += 1;
    }
}

/// As many rows as a register has lanes: column j of the block is a register.
#[inline(always)]
fn block<T: Real, S: Simd<T>>(s: S, z: MatRef<'_, T>, p: MatMut<'_, T>, lse: &mut [T]) {
    let cols = z.cols();
    assert!(z.rows() == S::LANES && cols <= NARROW && lse.len() == S::LANES);
    let mut buffer = [T::ZERO; NARROW * WIDEST];
    columns_from(z, &mut buffer);
    let mut top = s.splat(-T::INFINITY);
    for j in 0..cols {
        top = s.max(column(s, &mut buffer, j, |z| z), top);
    }
    let mut sums = [s.splat(T::ZERO); NARROW];
    for j in 0..cols {
        sums[j] = column(
            s,
            &mut buffer,
            j,
            #[inline(always)]
            |z| exp(s, s.sub(z, top)),
        );
    }
    let mut left = NARROW;
    while left > 1 {
        left /= 2;
        for j in left..cols.min(2 * left) {
            sums[j - left] = s.add(sums[j - left], sums[j]);
        }
    }
    let factor = s.div(s.splat(T::ONE), sums[0]);
    for j in 0..cols {
        column(
            s,
            &mut buffer,
            j,
            #[inline(always)]
            |e| s.mul(e, factor),
        );
    }
    columns_to(&buffer, p);
    // SAFETY: lse has LANES numbers.
    unsafe { s.store(lse.as_mut_ptr(), s.add(top, ln(s, sums[0]))) };
}

/// Column `j` of the buffer becomes `f` of itself, and is returned.
#[inline(always)]
fn column<T: Real, S: Simd<T>>(
    s: S,
    buffer: &mut [T],
    j: usize,
    f: impl FnOnce(S::V) -> S::V,
) -> S::V {
    let column = &mut buffer[j * S::LANES..(j + 1) * S::LANES];
    // SAFETY: the column has LANES numbers.
    unsafe {
        let v = f(s.load(column.as_ptr()));
        s.store(column.as_mut_ptr(), v);
        v
    }
}

/// Copies the columns of `z` one after the other.
#[inline(always)]
fn columns_from<T: Real>(z: MatRef<'_, T>, buffer: &mut [T]) {
    assert!(z.rows() * z.cols() <= buffer.len());
    for i in 0..z.rows() {
        for j in 0..z.cols() {
            let from = i * z.row_stride() + j * z.col_stride();
            // SAFETY: element (i, j) exists; the buffer has rows * cols.
            unsafe { *buffer.get_unchecked_mut(j * z.rows() + i) = *z.as_ptr().add(from) };
        }
    }
}

/// Copies the columns of `p` back from where they lie one after the other.
#[inline(always)]
fn columns_to<T: Real>(buffer: &[T], mut p: MatMut<'_, T>) {
    assert!(p.rows() * p.cols() <= buffer.len());
    for i in 0..p.rows() {
        for j in 0..p.cols() {
            let to = i * p.row_stride() + j * p.col_stride();
            // SAFETY: element (i, j) exists; the buffer has rows * cols.
            unsafe { *p.as_mut_ptr().add(to) = *buffer.get_unchecked(j * p.rows() + i) };
        }
    }
}

/// One row; returns its `lse`.
#[inline(always)]
fn row<T: Real, S: Simd<T>>(s: S, z: MatRef<'_, T>, mut p: MatMut<'_, T>) -> T {
    let n = z.cols();
    let z = Line {
        data: z.as_ptr().cast_mut(),
        stride: z.col_stride(),
    };
    let p = Line {
        data: p.as_mut_ptr(),
        stride: p.col_stride(),
    };
    // SAFETY: z has n elements.
    let top = s.splat(unsafe { largest(s, z, n) });
    let mut sums = Lanes::zero(s);
    sums.add::<T, S>(
        n,
        #[inline(always)]
        |acc, j, left| {
            // SAFETY: z has `left` elements from j.
            let e = exp(s, s.sub(unsafe { z.load(s, j, left) }, top));
            // SAFETY: and so has p, which is the caller's.
            unsafe { p.store(s, e, j, left) };
            // Lanes that do not exist hold e^(0 - top), whatever that is.
            let zero = s.splat(T::ZERO);
            s.add(
                acc,
                if left == S::LANES {
                    e
                } else {
                    s.select(exist(s, left), e, zero)
                },
            )
        },
    );
    let total = s.splat(sums.total(s));
    let factor = s.div(s.splat(T::ONE), total);
    let mut j = 0;
    while j < n {
        let left = S::LANES.min(n - j);
        // SAFETY: p has `left` elements from j, which are the caller's.
        unsafe { p.store(s, s.mul(factor, p.load(s, j, left)), j, left) };
        j += left;
    }
    s.first(s.add(top, ln(s, total)))
}

/// True in the first `n` lanes.
#[inline(always)]
fn exist<T: Real, S: Simd<T>>(s: S, n: usize) -> S::Mask {
    let ones = [T::ONE; WIDEST];
    // SAFETY: n is at most LANES, and no register has more lanes than `ones`.
    let first = unsafe { s.load_tail(ones.as_ptr(), s.tail(n)) };
    s.lt(s.splat(T::ZERO), first)
}

/// The largest of `n` elements, -inf of none.
///
/// # Safety
/// - z has them.
#[inline(always)]
unsafe fn largest<T: Real, S: Simd<T>>(s: S, z: Line<T>, n: usize) -> T {
    let lowest = s.splat(-T::INFINITY);
    let mut top = lowest;
    let mut j = 0;
    while j + S::LANES <= n {
        // SAFETY: LANES elements from j are among the n.
        top = s.max(unsafe { z.load(s, j, S::LANES) }, top);
        j += S::LANES;
    }
    if j < n {
        // SAFETY: n - j elements from j are left.
        let last = unsafe { z.load(s, j, n - j) };
        top = s.max(s.select(exist(s, n - j), last, lowest), top);
    }
    fold(
        s,
        top,
        #[inline(always)]
        |a, b| s.max(a, b),
    )
}
