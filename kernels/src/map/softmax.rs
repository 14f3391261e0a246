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

use core::mem::MaybeUninit;

use super::each::{Line, WIDEST};
use crate::func::{exp, ln};
use crate::isa::{Simd, fold, turn};
use crate::reduce::Lanes;
use crate::{Level, MatMut, MatRef, Real};

/// Rows up to this wide go in transposed blocks; no more than the lanes of a sum.
pub(super) const NARROW: usize = 32;

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
    // A block costs what two rows alone do.
    if z.cols() <= NARROW && (z.rows() > 2 || S::LANES == 1) {
        return blocks(s, z, p, lse);
    }
    for i in 0..z.rows() {
        lse[i] = row(s, z.rows_range(i..i + 1), p.rb_mut().rows_range(i..i + 1));
    }
}

/// Blocks of LANES rows, the last perhaps fewer; as many blocks at a time as there is place for, so that each stage of the work has
/// independent pieces enough to hide its latency.
#[inline(always)]
fn blocks<T: Real, S: Simd<T>>(s: S, z: MatRef<'_, T>, mut p: MatMut<'_, T>, lse: &mut [T]) {
    let mut place = MaybeUninit::<[T; NARROW * WIDEST]>::uninit();
    let mut logs = MaybeUninit::<[T; NARROW * WIDEST]>::uninit();
    let columns = Registers(place.as_mut_ptr().cast::<T>());
    let logs = Registers(logs.as_mut_ptr().cast::<T>());
    let cols = z.cols();
    let together = NARROW / cols.max(1);
    let mut i = 0;
    while i < z.rows() {
        let count = (z.rows() - i).div_ceil(S::LANES).min(together);
        let rows = |b: usize| i + b * S::LANES..z.rows().min(i + (b + 1) * S::LANES);
        // SAFETY: count * cols and count are at most NARROW, and no register has more than WIDEST lanes; all are written before they
        // are read.
        unsafe {
            for b in 0..count {
                columns.after(s, b * cols).read(s, z.rows_range(rows(b)));
            }
            for b in 0..count {
                let top = columns.after(s, b * cols).exp(s, cols);
                logs.set(s, b, top);
            }
            for b in 0..count {
                let total = columns.after(s, b * cols).normalise(s, cols);
                logs.set(s, b, s.add(logs.get(s, b), ln(s, total)));
            }
            for b in 0..count {
                columns
                    .after(s, b * cols)
                    .write(s, p.rb_mut().rows_range(rows(b)));
                let lse = Line {
                    data: lse[rows(b)].as_mut_ptr(),
                    stride: 1,
                };
                lse.store(s, logs.get(s, b), 0, rows(b).len());
            }
        }
        i += count * S::LANES;
    }
}

/// Registers side by side in memory: a block's columns, or a number a row of every block.
#[derive(Clone, Copy)]
pub(super) struct Registers<T>(pub *mut T);

// Whoever calls a method promises that the registers lie in valid memory, and that what is read has been written.
impl<T: Real> Registers<T> {
    /// The registers from number `j` on.
    #[inline(always)]
    pub fn after<S: Simd<T>>(self, _s: S, j: usize) -> Self {
        Self(self.0.wrapping_add(j * S::LANES))
    }

    /// # Safety
    /// - Register `j` has been written.
    #[inline(always)]
    pub unsafe fn get<S: Simd<T>>(self, s: S, j: usize) -> S::V {
        // SAFETY: the caller's register.
        unsafe { s.load(self.0.add(j * S::LANES)) }
    }

    /// # Safety
    /// - Register `j` lies in valid memory.
    #[inline(always)]
    pub unsafe fn set<S: Simd<T>>(self, s: S, j: usize, v: S::V) {
        // SAFETY: the caller's register.
        unsafe { s.store(self.0.add(j * S::LANES), v) }
    }

    /// Takes in the columns of at most LANES rows; 0 where there are fewer.
    ///
    /// # Safety
    /// - As many registers as columns lie in valid memory.
    #[inline(always)]
    pub unsafe fn read<S: Simd<T>>(self, s: S, z: MatRef<'_, T>) {
        let mut j = 0;
        while j < z.cols() {
            let across = S::LANES.min(z.cols() - j);
            let mut tile = [s.splat(T::ZERO); WIDEST];
            for r in 0..S::LANES {
                if r < z.rows() {
                    let row = Line {
                        data: z.as_ptr().wrapping_add(r * z.row_stride()).cast_mut(),
                        stride: z.col_stride(),
                    };
                    // SAFETY: row r has `across` columns from j.
                    tile[r] = unsafe { row.load(s, j, across) };
                }
            }
            turn(s, &mut tile);
            for c in 0..S::LANES {
                if c < across {
                    // SAFETY: the caller's register.
                    unsafe { self.set(s, j + c, tile[c]) };
                }
            }
            j += S::LANES;
        }
    }

    /// Gives back what [`Registers::read`] took.
    ///
    /// # Safety
    /// - As many registers as columns have been written.
    #[inline(always)]
    pub unsafe fn write<S: Simd<T>>(self, s: S, mut p: MatMut<'_, T>) {
        let mut j = 0;
        while j < p.cols() {
            let across = S::LANES.min(p.cols() - j);
            let mut tile = [s.splat(T::ZERO); WIDEST];
            for c in 0..S::LANES {
                if c < across {
                    // SAFETY: the caller's register.
                    tile[c] = unsafe { self.get(s, j + c) };
                }
            }
            turn(s, &mut tile);
            for r in 0..S::LANES {
                if r < p.rows() {
                    let row = Line {
                        data: p.as_mut_ptr().wrapping_add(r * p.row_stride()),
                        stride: p.col_stride(),
                    };
                    // SAFETY: row r has `across` columns from j.
                    unsafe { row.store(s, tile[r], j, across) };
                }
            }
            j += S::LANES;
        }
    }

    /// `z <- e^(z - top)` of n columns; returns `top`.
    ///
    /// # Safety
    /// - n registers have been written.
    #[inline(always)]
    pub unsafe fn exp<S: Simd<T>>(self, s: S, n: usize) -> S::V {
        let mut top = s.splat(-T::INFINITY);
        for j in 0..n {
            // SAFETY: the caller's registers.
            top = s.max(unsafe { self.get(s, j) }, top);
        }
        for j in 0..n {
            // SAFETY: the caller's registers.
            unsafe { self.set(s, j, exp(s, s.sub(self.get(s, j), top))) };
        }
        top
    }

    /// `e <- e / total` of n columns; returns `total`.
    ///
    /// # Safety
    /// - n registers have been written, n is at most NARROW.
    #[inline(always)]
    pub unsafe fn normalise<S: Simd<T>>(self, s: S, n: usize) -> S::V {
        // SAFETY: the caller's registers.
        let total = unsafe { self.total(s, n) };
        let factor = s.div(s.splat(T::ONE), total);
        for j in 0..n {
            // SAFETY: the caller's registers.
            unsafe { self.set(s, j, s.mul(self.get(s, j), factor)) };
        }
        total
    }

    /// The sum of n columns, by halves.
    ///
    /// # Safety
    /// - n registers have been written, n is at most NARROW.
    #[inline(always)]
    unsafe fn total<S: Simd<T>>(self, s: S, n: usize) -> S::V {
        let mut sums = MaybeUninit::<[T; NARROW * WIDEST]>::uninit();
        let sums = Registers(sums.as_mut_ptr().cast::<T>());
        let mut half = n.next_power_of_two();
        // SAFETY: the caller's registers; half is at most NARROW.
        unsafe {
            if half > 1 {
                half /= 2;
            }
            sums.set(s, 0, s.splat(T::ZERO));
            for j in 0..half.min(n) {
                let low = self.get(s, j);
                let pair = j + half < n;
                sums.set(
                    s,
                    j,
                    if pair {
                        s.add(low, self.get(s, j + half))
                    } else {
                        low
                    },
                );
            }
            while half > 1 {
                half /= 2;
                for j in 0..half {
                    sums.set(s, j, s.add(sums.get(s, j), sums.get(s, j + half)));
                }
            }
            sums.get(s, 0)
        }
    }
}

/// One row; returns its `lse`.
#[inline(always)]
pub(super) fn row<T: Real, S: Simd<T>>(s: S, z: MatRef<'_, T>, mut p: MatMut<'_, T>) -> T {
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
