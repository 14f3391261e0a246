//! Packing: an operand's block copied into the order in which the tile reads it.
//!
//! A packed block is a `k x w` matrix, its rows w numbers side by side (w = the R rows of a row tile, or the registers of a column
//! panel). Sources that lie along w are copied, sources that lie along k are transposed in registers, LANES x LANES at a time, by
//! log2 LANES rounds of [`Simd::trn`]; anything else, and what has so few rows that a transpose would be mostly empty, is gathered. alpha is multiplied in here.

use super::problem::Grid;
use crate::Real;
use crate::isa::{Simd, turn, turn_halves};

/// Copies the `k x n` block at `from` to `to`, rows `w >= n` apart, multiplied by `alpha`. Between the rows lies anything afterwards.
///
/// # Safety
/// - `from` has `k x n` valid elements; `to` is valid for writes of `(k - 1) w + n` numbers, none of them in `from`.
#[inline(never)]
pub(super) unsafe fn pack<T: Real, S: Simd<T>>(
    s: S,
    from: Grid<*const T>,
    (k, n): (usize, usize),
    alpha: T,
    (to, w): (*mut T, usize),
) {
    s.enter(
        #[inline(always)]
        // SAFETY: the caller's promises.
        || unsafe {
            if from.col == 1 {
                copy(s, from, (k, n), alpha, (to, w));
            } else if from.row == 1 && k > 4 {
                transpose(s, from, (k, n), alpha, (to, w));
            } else {
                gather(from, (k, n), alpha, (to, w));
            }
        },
    );
}

/// [`pack`] for rows that lie side by side.
///
/// # Safety
/// - As for [`pack`], with `from.col = 1`.
#[inline(always)]
unsafe fn copy<T: Real, S: Simd<T>>(
    s: S,
    from: Grid<*const T>,
    (k, n): (usize, usize),
    alpha: T,
    (to, w): (*mut T, usize),
) {
    let (whole, tail) = (n / S::LANES * S::LANES, s.tail(n % S::LANES));
    let alpha = s.splat(alpha);
    // A row's last register is written whole where the next row, which follows, or later ones have room for it.
    let spare = ((k - 1) * w + n).saturating_sub(whole + S::LANES) / w;
    for i in 0..k {
        let (x, y) = (from.at(i, 0).ptr, to.wrapping_add(i * w));
        let mut j = 0;
        // SAFETY: columns below n of row i; `spare` keeps whole registers inside the block.
        unsafe {
            while j < whole {
                s.store(y.add(j), s.mul(alpha, s.load(x.add(j))));
                j += S::LANES;
            }
            if j < n {
                let v = s.mul(alpha, s.load_tail(x.add(j), tail));
                if i <= spare && (k - 1) * w + n >= whole + S::LANES {
                    s.store(y.add(j), v);
                } else {
                    s.store_tail(y.add(j), v, tail);
                }
            }
        }
    }
}

/// [`pack`] for columns that lie side by side.
///
/// # Safety
/// - As for [`pack`], with `from.row = 1`.
#[inline(always)]
unsafe fn transpose<T: Real, S: Simd<T>>(
    s: S,
    from: Grid<*const T>,
    (k, n): (usize, usize),
    alpha: T,
    (to, w): (*mut T, usize),
) {
    let alpha = s.splat(alpha);
    let mut j = 0;
    while j < n {
        let columns = S::LANES.min(n - j);
        // Beyond column n there is room in all rows but the last.
        let room = columns == S::LANES || j + S::LANES <= w;
        let mut i = 0;
        while i < k {
            let rows = S::LANES.min(k - i);
            let (from, to) = (from.at(i, j), to.wrapping_add(i * w + j));
            // SAFETY: the block of rows i.. and columns j..
            unsafe {
                if rows == S::LANES && columns == S::LANES {
                    block(s, from, alpha, (to, w));
                } else {
                    edge(
                        s,
                        from,
                        (rows, columns),
                        alpha,
                        (to, w),
                        room && i + rows < k,
                    );
                }
            }
            i += S::LANES;
        }
        j += S::LANES;
    }
}

/// A transposed block of LANES x LANES.
#[inline(always)]
unsafe fn block<T: Real, S: Simd<T>>(
    s: S,
    from: Grid<*const T>,
    alpha: S::V,
    (to, w): (*mut T, usize),
) {
    let mut v = [alpha; 16];
    for l in 0..S::LANES {
        // SAFETY: the caller's block.
        v[l] = unsafe { s.load(from.at(0, l).ptr) };
    }
    turn(s, &mut v);
    for l in 0..S::LANES {
        // SAFETY: the caller's block.
        unsafe { s.store(to.wrapping_add(l * w), s.mul(alpha, v[l])) };
    }
}

/// A transposed block of fewer rows or columns; `room`: whole registers may be stored.
///
/// Few columns, or few rows, fill half of the registers only: then two halves share one, and half of the rounds do.
#[inline(always)]
unsafe fn edge<T: Real, S: Simd<T>>(
    s: S,
    from: Grid<*const T>,
    (rows, columns): (usize, usize),
    alpha: S::V,
    (to, w): (*mut T, usize),
    room: bool,
) {
    let half = S::LANES / 2;
    let (down, across) = (s.tail(rows), s.tail(columns));
    let mut v = [s.splat(T::ZERO); 16];
    for l in 0..S::LANES {
        if l < columns {
            // SAFETY: the caller's block.
            v[l] = s.mul(alpha, unsafe { s.load_tail(from.at(0, l).ptr, down) });
        }
    }
    if columns <= half && half > 0 {
        turn_halves(s, &mut v);
        // Lower halves are the first rows, upper halves the others.
        for l in 0..half {
            v[l + half] = swap_halves(s, v[l], v[l]).1;
        }
    } else if rows <= half {
        for l in 0..half {
            v[l] = swap_halves(s, v[l], v[l + half]).0;
        }
        turn_halves(s, &mut v);
    } else {
        turn(s, &mut v);
    }
    for l in 0..S::LANES {
        if l < rows {
            let y = to.wrapping_add(l * w);
            // SAFETY: the caller's block.
            unsafe {
                if room {
                    s.store(y, v[l])
                } else {
                    s.store_tail(y, v[l], across)
                }
            }
        }
    }
}

/// The lower halves of two registers, and the upper ones.
#[inline(always)]
fn swap_halves<T, S: Simd<T>>(s: S, a: S::V, b: S::V) -> (S::V, S::V) {
    match S::LANES {
        16 => s.trn::<8>(a, b),
        8 => s.trn::<4>(a, b),
        4 => s.trn::<2>(a, b),
        2 => s.trn::<1>(a, b),
        _ => (a, b),
    }
}

/// [`pack`] for any strides.
///
/// # Safety
/// - As for [`pack`].
#[inline(always)]
unsafe fn gather<T: Real>(
    from: Grid<*const T>,
    (k, n): (usize, usize),
    alpha: T,
    (to, w): (*mut T, usize),
) {
    for i in 0..k {
        for j in 0..n {
            // SAFETY: element (i, j).
            unsafe { *to.add(i * w + j) = alpha * *from.at(i, j).ptr }
        }
    }
}
