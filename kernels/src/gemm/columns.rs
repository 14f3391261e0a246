//! Products of many rows with a few columns, more than [`super::lanes`] takes and fewer than fill a register.
//!
//! Registers along the columns would be half empty. So A, whose rows lie along k, is transposed in registers, LANES rows by LANES steps
//! of k at a time, and a register holds one step of LANES rows:
//!
//! ```text
//! acc[j] = beta C[.., j]                                 a register a column
//! acc[j] = fma(A[.., k], B[k, j], acc[j])                k ascending, B's number in every lane
//! C[.., j] = acc[j] + bias[j]
//! ```
//!
//! These are the chains of the tile, lane by lane, so the bits are too. The transpose costs `log2 LANES` moves a register of A, beside
//! the N multiply-adds; moves and multiply-adds have units of their own, so the rule counts half of them.

use super::finish::activate;
use super::problem::Problem;
use crate::Real;
use crate::isa::{Simd, turn};

/// Whether this is the cheaper kernel for a problem that goes by chains.
#[inline(always)]
pub(super) fn fits<T: Real, S: Simd<T>>(p: &Problem<T>) -> bool {
    let turning = S::LANES.ilog2().div_ceil(2) as usize;
    let pays = p.n + turning < S::LANES * p.n.div_ceil(S::LANES);
    let lies_well = p.a.col == 1 && p.b.col == 1 && p.c.col == 1 && p.alpha == T::ONE;
    S::LANES >= 4 && matches!(p.n, 5..=8) && pays && lies_well && p.k.min(p.m) >= S::LANES
}

/// Solves a problem that [`fits`].
///
/// # Safety
/// - Every element of the problem's operands is valid, C's for writes; nothing aliases C.
#[inline(never)]
pub(super) unsafe fn solve<T: Real, S: Simd<T>>(s: S, p: &Problem<T>) {
    s.enter(
        #[inline(always)]
        // SAFETY: the caller's promises.
        || unsafe {
            match p.n {
                5 => blocks::<T, S, 5>(s, p),
                6 => blocks::<T, S, 6>(s, p),
                7 => blocks::<T, S, 7>(s, p),
                _ => blocks::<T, S, 8>(s, p),
            }
        },
    );
    // SAFETY: the caller's promises.
    unsafe { activate(s, p) }
}

/// The rows that a block's lanes stand for: from `first` on, those beyond the last repeat it, to be thrown away.
#[derive(Clone, Copy)]
struct Rows {
    first: usize,
    last: usize,
}

impl Rows {
    #[inline(always)]
    fn of(self, lane: usize) -> usize {
        (self.first + lane).min(self.last)
    }
}

/// All blocks of LANES rows, one after the other: more chains at a time would not be faster, since the moves of the next step then wait
/// behind more multiply-adds.
#[inline(always)]
unsafe fn blocks<T: Real, S: Simd<T>, const N: usize>(s: S, p: &Problem<T>) {
    for first in (0..p.m).step_by(S::LANES) {
        let rows = Rows {
            first,
            last: p.m - 1,
        };
        // SAFETY: the caller's promises; rows and steps of k are those of the problem.
        unsafe {
            let mut acc = begin(s, p, rows);
            let mut k = 0;
            while k + S::LANES <= p.k {
                steps::<T, S, N, true>(s, p, rows, k, &mut acc);
                k += S::LANES;
            }
            if k < p.k {
                steps::<T, S, N, false>(s, p, rows, k, &mut acc);
            }
            end(s, p, rows, acc);
        }
    }
}

/// Continues the chains by the steps from `k` on: LANES of them if `WHOLE`, else those that are left.
#[inline(always)]
unsafe fn steps<T: Real, S: Simd<T>, const N: usize, const WHOLE: bool>(
    s: S,
    p: &Problem<T>,
    rows: Rows,
    k: usize,
    acc: &mut [S::V; N],
) {
    let left = if WHOLE { S::LANES } else { p.k - k };
    let mut a = [s.splat(T::ZERO); 16];
    for l in 0..S::LANES {
        let from = p.a.at(rows.of(l), k).ptr;
        // SAFETY: `left` steps from k lie side by side in a row of A.
        a[l] = unsafe {
            if WHOLE {
                s.load(from)
            } else {
                s.load_tail(from, s.tail(left))
            }
        };
    }
    turn(s, &mut a);
    for l in 0..S::LANES {
        if WHOLE || l < left {
            let row = p.b.at(k + l, 0).ptr;
            for j in 0..N {
                // SAFETY: step k + l of B has N numbers side by side.
                let number = s.splat(unsafe { *row.add(j) });
                acc[j] = s.fma(a[l], number, acc[j]);
            }
        }
    }
}

/// What the chains begin with: `beta C`, or 0 where C is not read.
#[inline(always)]
unsafe fn begin<T: Real, S: Simd<T>, const N: usize>(
    s: S,
    p: &Problem<T>,
    rows: Rows,
) -> [S::V; N] {
    let mut acc = [s.splat(T::ZERO); N];
    if p.beta == T::ZERO {
        return acc;
    }
    for group in 0..N.div_ceil(S::LANES) {
        let first = group * S::LANES;
        let mut c = [s.splat(T::ZERO); 16];
        for l in 0..S::LANES {
            let tail = s.tail(S::LANES.min(N - first));
            // SAFETY: a row of C has N numbers side by side.
            c[l] = unsafe { s.load_tail(p.c.at(rows.of(l), first).ptr, tail) };
        }
        turn(s, &mut c);
        for j in first..N.min(first + S::LANES) {
            acc[j] = s.mul(s.splat(p.beta), c[j - first]);
        }
    }
    acc
}

/// Adds the bias and writes the rows of C that there are.
#[inline(always)]
unsafe fn end<T: Real, S: Simd<T>, const N: usize>(
    s: S,
    p: &Problem<T>,
    rows: Rows,
    mut acc: [S::V; N],
) {
    if !p.bias.is_null() {
        for j in 0..N {
            // SAFETY: the bias has N numbers.
            acc[j] = s.add(acc[j], s.splat(unsafe { *p.bias.add(j) }));
        }
    }
    for group in 0..N.div_ceil(S::LANES) {
        let first = group * S::LANES;
        let mut c = [s.splat(T::ZERO); 16];
        let here = S::LANES.min(N - first);
        c[..here].copy_from_slice(&acc[first..first + here]);
        turn(s, &mut c);
        for l in 0..S::LANES {
            if rows.first + l <= rows.last {
                // SAFETY: a row of C has N numbers side by side.
                unsafe { s.store_tail(p.c.at(rows.of(l), first).ptr, c[l], s.tail(here)) };
            }
        }
    }
}
