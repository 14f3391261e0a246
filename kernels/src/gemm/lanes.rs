//! Products with few columns (N <= 4, K >= 16) whose A lies along k: dot products of A's rows with B's columns.
//!
//! Registers along so few columns would be nearly empty, and A would have to be transposed to put them along the rows. So the registers
//! lie along k, and the order of the sum is fixed by a number of lanes L that no instruction set changes (64 bytes of numbers):
//!
//! ```text
//! lane[l] = chain of fma(A[i, k], B[k, j], lane[l]) over k = l, l + L, ..     from 0, the last step padded with zeros
//! sum     = lanes added by halves
//! C[i, j] = fma(alpha, sum, beta C[i, j])                                    0 for beta C where beta = 0
//! ```
//!
//! B's columns are packed (they lie along k already where B is a transposed matrix). A tile is R rows by all N columns; its sums are
//! folded together, as a transpose whose rounds add: R N registers become one with a sum a lane, in the order in which a dense C lies.

use core::mem::MaybeUninit;

use super::finish::activate;
use super::pack::pack;
use super::pairs;
use super::plan::STACK;
use super::problem::{Grid, Problem};
use crate::Real;
use crate::isa::Simd;

/// Lanes of a sum: 16 of f32, 8 of f64.
pub(super) const fn lanes<T>() -> usize {
    64 / size_of::<T>()
}

/// Elements of C in a tile, to whole registers.
const TILE: usize = 32;

/// Rows of a tile with `columns` columns: as many accumulators as the main tile has, at most 16, and sums that fill a register at most.
const fn rows_of<T, S: Simd<T>>(columns: usize) -> usize {
    let registers = columns * (lanes::<T>() / S::LANES);
    let rows = [2 * S::TILE[1] / registers, S::LANES / columns, 8];
    let fewer = if rows[0] < rows[1] { rows[0] } else { rows[1] };
    match fewer {
        0 => 1,
        1..8 => fewer,
        _ => 8,
    }
}

/// Solves a problem that [`Problem::by_lanes`] accepts.
///
/// # Safety
/// - Every element of the problem's operands is valid, C's for writes; nothing aliases C.
#[inline(never)]
pub(super) unsafe fn solve<T: Real, S: Simd<T>>(s: S, p: &Problem<T>, scratch: &mut [T]) {
    if pairs::fits::<T, S>(p) {
        // SAFETY: the caller's promises.
        return unsafe {
            pairs::solve(s, p);
            activate(s, p);
        };
    }
    let mut stack = [const { MaybeUninit::<T>::uninit() }; STACK];
    let (room, length) = if scratch.len() > STACK {
        (scratch.as_mut_ptr(), scratch.len())
    } else {
        (stack.as_mut_ptr().cast(), STACK)
    };
    let columns = Columns {
        room,
        run: if p.b.row == 1 {
            p.k
        } else {
            (length / p.n / lanes::<T>() * lanes::<T>()).min(p.k)
        },
    };
    // SAFETY: the caller's promises; the room holds n columns of a run.
    unsafe {
        match p.n {
            _ if const { S::LANES == 1 } => one_by_one(s, p, columns),
            1 => tiles_of::<T, S, 1>(s, p, columns),
            2 => tiles_of::<T, S, 2>(s, p, columns),
            3 => tiles_of::<T, S, 3>(s, p, columns),
            _ => tiles_of::<T, S, 4>(s, p, columns),
        }
        activate(s, p);
    }
}

/// Columns do not meet: where registers hold one number nothing is lost by doing them one by one, with one kernel instead of four.
unsafe fn one_by_one<T: Real, S: Simd<T>>(s: S, p: &Problem<T>, columns: Columns<T>) {
    for j in 0..p.n {
        // SAFETY: parts of the caller's problem.
        unsafe { tiles_of::<T, S, 1>(s, &p.part(0..p.m, 0..p.k, j..j + 1), columns) }
    }
}

/// Where B's columns come from: `room` holds a run of k, a multiple of the lanes, unless they lie along k already.
#[derive(Clone, Copy)]
struct Columns<T> {
    room: *mut T,
    run: usize,
}

impl<T: Real> Columns<T> {
    /// Columns of B for the run that starts at `k`, each along k.
    #[inline(always)]
    unsafe fn at<S: Simd<T>>(
        &self,
        s: S,
        p: &Problem<T>,
        k: usize,
        packed: bool,
    ) -> Grid<*const T> {
        if p.b.row == 1 {
            return p.b.at(k, 0);
        }
        if !packed {
            let n = self.run.min(p.k - k);
            // SAFETY: the room holds n columns of a run.
            unsafe { pack(s, p.b.at(k, 0).t(), (p.n, n), T::ONE, (self.room, self.run)) };
        }
        Grid {
            ptr: self.room.cast_const(),
            row: 1,
            col: self.run,
        }
    }
}

/// Chooses by the registers of a lane set: a constant of the instruction set, which arrays need as a parameter.
#[inline(always)]
unsafe fn tiles_of<T: Real, S: Simd<T>, const N: usize>(s: S, p: &Problem<T>, columns: Columns<T>) {
    // SAFETY: the caller's promises.
    unsafe {
        match const { lanes::<T>() / S::LANES } {
            1 => by_rows::<T, S, N, 1>(s, p, columns),
            2 => by_rows::<T, S, N, 2>(s, p, columns),
            4 => by_rows::<T, S, N, 4>(s, p, columns),
            8 => by_rows::<T, S, N, 8>(s, p, columns),
            _ => by_rows::<T, S, N, 16>(s, p, columns),
        }
    }
}

/// Chooses by rows: as many as the columns leave registers for, or one where there is but one.
#[inline(always)]
unsafe fn by_rows<T: Real, S: Simd<T>, const N: usize, const H: usize>(
    s: S,
    p: &Problem<T>,
    columns: Columns<T>,
) {
    let kernel = match const { rows_of::<T, S>(N) } {
        _ if N <= 2 && p.m == 1 => tiles::<T, S, 1, N, H>,
        1 => tiles::<T, S, 1, N, H>,
        2 => tiles::<T, S, 2, N, H>,
        3 => tiles::<T, S, 3, N, H>,
        4 => tiles::<T, S, 4, N, H>,
        5 => tiles::<T, S, 5, N, H>,
        6 => tiles::<T, S, 6, N, H>,
        _ => tiles::<T, S, 8, N, H>,
    };
    // SAFETY: the caller's promises.
    unsafe { kernel(s, p, columns) }
}

/// All tiles of R rows.
unsafe fn tiles<T: Real, S: Simd<T>, const R: usize, const N: usize, const H: usize>(
    s: S,
    p: &Problem<T>,
    columns: Columns<T>,
) {
    s.enter(
        #[inline(always)]
        || {
            let whole = columns.run >= p.k;
            let mut bias = [T::ZERO; TILE];
            if !p.bias.is_null() {
                for e in 0..R * N {
                    // SAFETY: the bias has N numbers.
                    bias[e] = unsafe { *p.bias.add(e % N) };
                }
            }
            // The last step's lanes, register by register.
            let left = p.k % lanes::<T>();
            let mut tails = [s.tail(0); H];
            for h in 0..H {
                tails[h] = s.tail(left.saturating_sub(h * S::LANES).min(S::LANES));
            }
            for i in (0..p.m).step_by(R) {
                let mut lane = [[[s.splat(T::ZERO); H]; N]; R];
                for k in (0..p.k).step_by(columns.run) {
                    let rows = Rows {
                        a: p.a.at(i, k),
                        last: R.min(p.m - i) - 1,
                    };
                    // SAFETY: the caller's promises; a run of the columns.
                    unsafe {
                        let b = columns.at(s, p, k, whole && i > 0);
                        run::<T, S, R, N, H>(
                            s,
                            &rows,
                            b,
                            columns.run.min(p.k - k),
                            &tails,
                            &mut lane,
                        );
                    }
                }
                // SAFETY: rows i.. of C.
                unsafe { write::<T, S, R, N, H>(s, p, i, &lane, &bias) }
            }
        },
    );
}

/// A tile's rows of A; those beyond the last repeat it, to be thrown away.
struct Rows<T> {
    a: Grid<*const T>,
    last: usize,
}

/// A tile's steps along a run of k.
#[inline(always)]
unsafe fn run<T: Real, S: Simd<T>, const R: usize, const N: usize, const H: usize>(
    s: S,
    rows: &Rows<T>,
    b: Grid<*const T>,
    k: usize,
    tails: &[S::Tail; H],
    lane: &mut [[[S::V; H]; N]; R],
) {
    let step = const { lanes::<T>() };
    let mut a = [rows.a.ptr; R];
    for r in 0..R {
        a[r] = rows.a.at(r.min(rows.last), 0).ptr;
    }
    let whole = k / step * step;
    let mut done = 0;
    while done < whole {
        for h in 0..H {
            let at = done + h * S::LANES;
            // SAFETY: `done + step <= k`.
            let load = |x: *const T| unsafe { s.load(x.wrapping_add(at)) };
            add::<T, S, R, N, H>(s, &a, b, h, lane, load);
        }
        done += step;
    }
    if done < k {
        for h in 0..H {
            let (at, tail) = (done + h * S::LANES, tails[h]);
            // SAFETY: the tail ends at k.
            let load = |x: *const T| unsafe { s.load_tail(x.wrapping_add(at), tail) };
            add::<T, S, R, N, H>(s, &a, b, h, lane, load);
        }
    }
}

/// A step of register `h` of the lanes.
#[inline(always)]
fn add<T: Real, S: Simd<T>, const R: usize, const N: usize, const H: usize>(
    s: S,
    a: &[*const T; R],
    b: Grid<*const T>,
    h: usize,
    lane: &mut [[[S::V; H]; N]; R],
    load: impl Fn(*const T) -> S::V,
) {
    let mut y = [s.splat(T::ZERO); N];
    for j in 0..N {
        y[j] = load(b.at(0, j).ptr);
    }
    for r in 0..R {
        let x = load(a[r]);
        for j in 0..N {
            lane[r][j][h] = s.fma(x, y[j], lane[r][j][h]);
        }
    }
}

/// Folds a tile's lanes and writes its rows of C, `bias` being that of a dense tile.
///
/// # Safety
/// - Rows `i..` of C, R of them or as many as there are, are valid for reads and writes.
#[inline(always)]
unsafe fn write<T: Real, S: Simd<T>, const R: usize, const N: usize, const H: usize>(
    s: S,
    p: &Problem<T>,
    i: usize,
    lane: &[[[S::V; H]; N]; R],
    bias: &[T; TILE],
) {
    let count = N * R.min(p.m - i);
    let dense = p.c.col == 1 && p.c.row == N;
    let place = |e: usize| p.c.at(i + e / N, e % N).ptr;
    // One group but for registers of one number. The loop's length is a constant: an index that is not would put the lanes in memory.
    for group in 0..(R * N).div_ceil(S::LANES) {
        let first = group * S::LANES;
        if first >= count {
            continue;
        }
        let mut v = [s.splat(T::ZERO); 16];
        for l in 0..S::LANES {
            if first + l < R * N {
                let e = first + l;
                v[l] = halves::<T, S, H>(s, lane[e / N][e % N]);
            }
        }
        fold_all(s, &mut v);
        let here = S::LANES.min(count - first);
        // SAFETY: `here` elements of the tile, from `first` on; the bias has as many.
        unsafe {
            if dense {
                finish(s, p, v[0], place(first), bias.as_ptr().add(first), here);
            } else {
                let mut buffer = [T::ZERO; 16];
                for l in 0..here {
                    buffer[l] = if p.beta == T::ZERO {
                        T::ZERO
                    } else {
                        *place(first + l)
                    };
                }
                let to = buffer.as_mut_ptr();
                finish(s, p, v[0], to, bias.as_ptr().add(first), here);
                for l in 0..here {
                    *place(first + l) = buffer[l];
                }
            }
        }
    }
}

/// `c = fma(alpha, sums, beta c) + bias` for the first `count` lanes.
///
/// # Safety
/// - `c` is valid for reads and writes of `count` numbers, `bias` for reads of a register.
#[inline(always)]
unsafe fn finish<T: Real, S: Simd<T>>(
    s: S,
    p: &Problem<T>,
    sums: S::V,
    c: *mut T,
    bias: *const T,
    count: usize,
) {
    let tail = s.tail(count);
    // SAFETY: the caller's promises.
    unsafe {
        let old = if p.beta == T::ZERO {
            s.splat(T::ZERO)
        } else {
            s.mul(s.splat(p.beta), s.load_tail(c, tail))
        };
        let new = s.fma(s.splat(p.alpha), sums, old);
        let new = if p.bias.is_null() {
            new
        } else {
            s.add(new, s.load(bias))
        };
        s.store_tail(c, new, tail);
    }
}

/// The registers of a sum's lanes, added by halves to one.
#[inline(always)]
fn halves<T: Real, S: Simd<T>, const H: usize>(s: S, mut lane: [S::V; H]) -> S::V {
    let mut left = H;
    while left > 1 {
        left /= 2;
        for h in 0..left {
            lane[h] = s.add(lane[h], lane[h + left]);
        }
    }
    lane[0]
}

/// Folds the first LANES registers by halves: lane l of the first becomes the sum of register l.
#[inline(always)]
fn fold_all<T, S: Simd<T>>(s: S, v: &mut [S::V; 16]) {
    fold_round::<T, S, 8>(s, v);
    fold_round::<T, S, 4>(s, v);
    fold_round::<T, S, 2>(s, v);
    fold_round::<T, S, 1>(s, v);
}

/// Folds registers l and l + D, by halves of their blocks of 2 D lanes, into register l.
#[inline(always)]
fn fold_round<T, S: Simd<T>, const D: usize>(s: S, v: &mut [S::V; 16]) {
    if D < S::LANES {
        for l in 0..D {
            let (low, high) = s.trn::<D>(v[l], v[l + D]);
            v[l] = s.add(low, high);
        }
    }
}
