//! The elementwise driver: any number of operands, any strides, one function of their lanes.
//!
//! ```text
//! all operands dense        one line of rows * cols elements
//! else                      a line a row (a column, where the operands are transposed)
//! a line                    whole registers; then a masked one; elements apart by way of the stack
//! ```
//!
//! Lanes do not meet, so an element's bits do not depend on where it stands.

use crate::isa::Simd;
use crate::{MatMut, MatRef, Real};

/// Lanes of the widest register.
pub(super) const WIDEST: usize = 16;

/// Most operands.
const MOST: usize = 4;

/// `write = f(read, write)`, lane by lane, of operands of one shape, for a function of a few instructions. `f` may be given anything in
/// lanes that do not exist.
///
/// # Panics
/// If the operands' shapes differ.
#[inline(always)]
#[track_caller]
pub(crate) fn each<T: Real, S: Simd<T>, const I: usize, const O: usize>(
    s: S,
    read: [MatRef<'_, T>; I],
    write: [MatMut<'_, T>; O],
    f: impl Fn([S::V; I], [S::V; O]) -> [S::V; O] + Copy,
) {
    let g = grids(read, write);
    for i in 0..g.rows {
        let lines = g.row(i);
        let mut j = 0;
        while g.dense && g.cols - j >= S::LANES {
            // SAFETY: LANES elements from j are in every line, which the views hold; what is written is borrowed uniquely.
            unsafe { step(s, lines, j, S::LANES, true, f) };
            j += S::LANES;
        }
        // SAFETY: as above, all that are left.
        unsafe { rest(s, &g, lines, j, f) };
    }
}

/// [`each`] for a function of many instructions, compiled once.
///
/// # Panics
/// If the operands' shapes differ.
#[inline(always)]
#[track_caller]
pub(crate) fn each_costly<T: Real, S: Simd<T>, const I: usize, const O: usize>(
    s: S,
    read: [MatRef<'_, T>; I],
    write: [MatMut<'_, T>; O],
    f: impl Fn([S::V; I], [S::V; O]) -> [S::V; O] + Copy,
) {
    let g = grids(read, write);
    for i in 0..g.rows {
        // SAFETY: the views hold the elements of every row, and what is written is borrowed uniquely.
        unsafe { rest(s, &g, g.row(i), 0, f) };
    }
}

/// Elements `j` and up of a line an operand, a register's worth at a time. (`f` is passed by value: a reference's `call` is another
/// function, which need not be inlined.)
///
/// # Safety
/// - The lines have `g.cols` elements; the written ones are the caller's alone.
#[inline(always)]
unsafe fn rest<T: Real, S: Simd<T>, const I: usize, const O: usize>(
    s: S,
    g: &Grids<T>,
    lines: [Line<T>; MOST],
    mut j: usize,
    f: impl Fn([S::V; I], [S::V; O]) -> [S::V; O] + Copy,
) {
    while j < g.cols {
        let n = S::LANES.min(g.cols - j);
        // SAFETY: n elements from j are in every line.
        unsafe { step(s, lines, j, n, g.dense && n == S::LANES, f) };
        j += S::LANES;
    }
}

/// Elements `j` to `j + n` of a line an operand: those read first, those written after them. `whole`: registers of dense lines.
///
/// # Safety
/// - The lines have the elements; the written ones are the caller's alone. If `whole`, strides are 1 and n is LANES.
#[inline(always)]
unsafe fn step<T: Real, S: Simd<T>, const I: usize, const O: usize>(
    s: S,
    lines: [Line<T>; MOST],
    j: usize,
    n: usize,
    whole: bool,
    f: impl Fn([S::V; I], [S::V; O]) -> [S::V; O],
) {
    let (mut x, mut y) = ([s.splat(T::ZERO); I], [s.splat(T::ZERO); O]);
    // SAFETY: the caller's promise.
    unsafe {
        let load = |line: Line<T>| {
            if whole {
                s.load(line.data.add(j))
            } else {
                line.load(s, j, n)
            }
        };
        for k in 0..I {
            x[k] = load(lines[k]);
        }
        for k in 0..O {
            y[k] = load(lines[I + k]);
        }
        y = f(x, y);
        for k in 0..O {
            if whole {
                s.store(lines[I + k].data.add(j), y[k]);
            } else {
                lines[I + k].store(s, y[k], j, n);
            }
        }
    }
}

/// Where an operand's elements lie: `(i, j)` at `data + i row_stride + j col_stride`.
#[derive(Clone, Copy)]
struct Grid<T> {
    data: *mut T,
    row_stride: usize,
    col_stride: usize,
}

/// Operands of one shape, those read and then those written, the last repeated to fill the array. `dense`: column strides are 1.
struct Grids<T> {
    rows: usize,
    cols: usize,
    grids: [Grid<T>; MOST],
    dense: bool,
}

/// The operands' places, arranged.
#[inline(always)]
#[track_caller]
fn grids<T: Real, const I: usize, const O: usize>(
    read: [MatRef<'_, T>; I],
    mut write: [MatMut<'_, T>; O],
) -> Grids<T> {
    const { assert!(O > 0 && I + O <= MOST) };
    let shape = (write[0].rows(), write[0].cols());
    let at = |data, m: &MatRef<'_, T>| {
        assert_eq!((m.rows(), m.cols()), shape, "shapes differ");
        Grid {
            data,
            row_stride: m.row_stride(),
            col_stride: m.col_stride(),
        }
    };
    let last = at(write[O - 1].as_mut_ptr(), &write[O - 1].rb());
    let mut grids = [last; MOST];
    for k in 0..I {
        grids[k] = at(read[k].as_ptr().cast_mut(), &read[k]);
    }
    for k in 0..O {
        grids[I + k] = at(write[k].as_mut_ptr(), &write[k].rb());
    }
    arranged(shape, grids)
}

/// The same elements in rows as long and as close as can be: their order does not matter here.
#[inline(never)]
fn arranged<T: Real>((mut rows, mut cols): (usize, usize), mut grids: [Grid<T>; MOST]) -> Grids<T> {
    let side_by_side = grids.iter().all(|g| g.col_stride == 1);
    if cols == 1 || !side_by_side && grids.iter().all(|g| g.row_stride == 1) {
        (rows, cols) = (cols, rows);
        for g in &mut grids {
            (g.row_stride, g.col_stride) = (g.col_stride, g.row_stride);
        }
    }
    if grids
        .iter()
        .all(|g| g.col_stride == 1 && g.row_stride == cols)
    {
        (rows, cols) = (1, rows * cols);
    }
    let dense = grids.iter().all(|g| g.col_stride == 1);
    Grids {
        rows,
        cols,
        grids,
        dense,
    }
}

impl<T> Grids<T> {
    /// Row `i` of each operand.
    #[inline(always)]
    fn row(&self, i: usize) -> [Line<T>; MOST] {
        let line = |g: &Grid<T>| Line {
            data: g.data.wrapping_add(i * g.row_stride),
            stride: g.col_stride,
        };
        let [a, b, c, d] = &self.grids;
        [line(a), line(b), line(c), line(d)]
    }
}

/// Elements `stride` apart: a row of a matrix, or a column.
#[derive(Clone, Copy)]
pub(crate) struct Line<T> {
    /// The first.
    pub data: *mut T,
    /// Elements from one to the next.
    pub stride: usize,
}

impl<T: Real> Line<T> {
    /// Elements `j` to `j + n`; 0 in the other lanes.
    ///
    /// # Safety
    /// - The elements exist, and n is at most LANES.
    #[inline(always)]
    pub unsafe fn load<S: Simd<T>>(self, s: S, j: usize, n: usize) -> S::V {
        // SAFETY: the caller's elements; no register has more lanes than the buffer.
        unsafe {
            let p = self.data.add(j * self.stride);
            if self.stride != 1 {
                return s.load(gather(p, self.stride, n).as_ptr());
            }
            if n == S::LANES {
                s.load(p)
            } else {
                s.load_tail(p, s.tail(n))
            }
        }
    }

    /// Writes the first `n` lanes to elements `j` to `j + n`.
    ///
    /// # Safety
    /// - The elements exist and are the caller's, and n is at most LANES.
    #[inline(always)]
    pub unsafe fn store<S: Simd<T>>(self, s: S, v: S::V, j: usize, n: usize) {
        // SAFETY: the caller's elements; no register has more lanes than the buffer.
        unsafe {
            let p = self.data.add(j * self.stride);
            if self.stride != 1 {
                let mut buffer = [T::ZERO; WIDEST];
                s.store(buffer.as_mut_ptr(), v);
                return scatter(&buffer, p, self.stride, n);
            }
            if n == S::LANES {
                s.store(p, v);
            } else {
                s.store_tail(p, v, s.tail(n));
            }
        }
    }
}

/// `n` elements `stride` apart, and zeros. Once for all instruction sets: nothing in it is theirs.
///
/// # Safety
/// - The elements exist, and n is at most WIDEST.
#[inline(never)]
unsafe fn gather<T: Real>(p: *const T, stride: usize, n: usize) -> [T; WIDEST] {
    let mut buffer = [T::ZERO; WIDEST];
    for l in 0..n {
        // SAFETY: the caller's elements.
        buffer[l] = unsafe { *p.add(l * stride) };
    }
    buffer
}

/// The way back from [`gather`].
///
/// # Safety
/// - The elements exist and are the caller's, and n is at most WIDEST.
#[inline(never)]
unsafe fn scatter<T: Real>(buffer: &[T; WIDEST], p: *mut T, stride: usize, n: usize) {
    for l in 0..n {
        // SAFETY: the caller's elements.
        unsafe { *p.add(l * stride) = buffer[l] };
    }
}
