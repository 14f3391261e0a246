//! The elementwise driver: any number of operands, any strides, one function of their lanes.
//!
//! ```text
//! all operands dense        one line of rows * cols elements
//! else                      a line a row (a column, where the operands are transposed)
//! a line                    whole registers, then one masked register
//! elements apart            a register's worth is gathered on the stack, and scattered back
//! ```
//!
//! Lanes do not meet, so an element's bits do not depend on where it stands.

use crate::isa::Simd;
use crate::{MatMut, MatRef, Real};

/// Lanes of the widest register.
pub(super) const WIDEST: usize = 16;

/// `write = f(read, write)`, lane by lane; `f` may be given 0 for lanes that do not exist.
///
/// # Panics
/// If the operands' shapes differ.
#[inline(always)]
#[track_caller]
pub(crate) fn each<T: Real, S: Simd<T>, const I: usize, const O: usize>(
    s: S,
    read: [MatRef<'_, T>; I],
    mut write: [MatMut<'_, T>; O],
    f: impl Fn([S::V; I], [S::V; O]) -> [S::V; O] + Copy,
) {
    let shape = (write[0].rows(), write[0].cols());
    for m in &read {
        assert_eq!((m.rows(), m.cols()), shape, "shapes differ");
    }
    for m in &write {
        assert_eq!((m.rows(), m.cols()), shape, "shapes differ");
    }
    let g = Grids {
        rows: shape.0,
        cols: shape.1,
        read: read.map(|m| Grid::new(m.as_ptr().cast_mut(), m)),
        write: write.each_mut().map(|m| Grid::new(m.as_mut_ptr(), m.rb())),
    };
    let g = g.arranged();
    let side_by_side = g.all(|o| o.col_stride == 1);
    for i in 0..g.rows {
        let (read, write) = (g.read.map(|o| o.row(i)), g.write.map(|o| o.row(i)));
        // SAFETY: row i has g.cols elements in every operand, and the views borrow what is written uniquely.
        unsafe {
            run(s, g.cols, side_by_side, read, write, f);
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

impl<T: Copy> Grid<T> {
    /// The elements of `m`, reached through `data`, its first.
    fn new(data: *mut T, m: MatRef<'_, T>) -> Self {
        Self {
            data,
            row_stride: m.row_stride(),
            col_stride: m.col_stride(),
        }
    }

    fn t(self) -> Self {
        Self {
            data: self.data,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    fn row(self, i: usize) -> Line<T> {
        Line {
            data: self.data.wrapping_add(i * self.row_stride),
            stride: self.col_stride,
        }
    }
}

/// Operands of one shape.
struct Grids<T, const I: usize, const O: usize> {
    rows: usize,
    cols: usize,
    read: [Grid<T>; I],
    write: [Grid<T>; O],
}

impl<T: Copy, const I: usize, const O: usize> Grids<T, I, O> {
    /// Whether every operand is as asked.
    fn all(&self, ask: impl Fn(&Grid<T>) -> bool) -> bool {
        self.read.iter().all(&ask) && self.write.iter().all(&ask)
    }

    /// The same elements in rows as long and as close as can be: their order does not matter here.
    fn arranged(mut self) -> Self {
        let side_by_side = self.all(|o| o.col_stride == 1);
        if self.cols == 1 || !side_by_side && self.all(|o| o.row_stride == 1) {
            (self.rows, self.cols) = (self.cols, self.rows);
            self.read = self.read.map(Grid::t);
            self.write = self.write.map(Grid::t);
        }
        let cols = self.cols;
        if self.all(|o| o.col_stride == 1 && o.row_stride == cols) {
            (self.rows, self.cols) = (1, self.rows * self.cols);
        }
        self
    }
}

/// One line of `n` elements an operand; `dense`: all strides are 1. `f` stands here once: it is most of a kernel's code.
///
/// # Safety
/// - The lines have `n` elements; the written ones are the caller's alone.
#[inline(always)]
unsafe fn run<T: Real, S: Simd<T>, const I: usize, const O: usize>(
    s: S,
    n: usize,
    dense: bool,
    read: [Line<T>; I],
    write: [Line<T>; O],
    f: impl Fn([S::V; I], [S::V; O]) -> [S::V; O],
) {
    let (mut x, mut y) = ([s.splat(T::ZERO); I], [s.splat(T::ZERO); O]);
    let mut j = 0;
    while j < n {
        let count = S::LANES.min(n - j);
        let whole = dense && count == S::LANES;
        // SAFETY: `count` elements from j are among the n.
        unsafe {
            for k in 0..I {
                x[k] = read[k].choose(s, j, count, whole);
            }
            for k in 0..O {
                y[k] = write[k].choose(s, j, count, whole);
            }
            y = f(x, y);
            for k in 0..O {
                if whole {
                    s.store(write[k].data.add(j), y[k]);
                } else {
                    write[k].store(s, y[k], j, count);
                }
            }
        }
        j += S::LANES;
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
    /// Elements `j` to `j + n`; 0 in the other lanes (where the stride is 0, the one element in all).
    ///
    /// # Safety
    /// - The elements exist, and n is at most LANES.
    #[inline(always)]
    pub unsafe fn load<S: Simd<T>>(self, s: S, j: usize, n: usize) -> S::V {
        // SAFETY: the caller's elements; no register has more lanes than the buffer.
        unsafe {
            let p = self.data.add(j * self.stride);
            if self.stride == 1 {
                if n == S::LANES {
                    return s.load(p);
                }
                return s.load_tail(p, s.tail(n));
            }
            if self.stride == 0 {
                return s.splat(*p);
            }
            let mut buffer = [T::ZERO; WIDEST];
            for l in 0..n {
                buffer[l] = *p.add(l * self.stride);
            }
            s.load(buffer.as_ptr())
        }
    }

    /// [`Line::load`], or a whole register of a line that is known to be dense.
    ///
    /// # Safety
    /// - As for [`Line::load`]; if `whole`, the stride is 1 and n is LANES.
    #[inline(always)]
    unsafe fn choose<S: Simd<T>>(self, s: S, j: usize, n: usize, whole: bool) -> S::V {
        // SAFETY: the caller's elements.
        unsafe {
            if whole {
                s.load(self.data.add(j))
            } else {
                self.load(s, j, n)
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
            if self.stride == 1 {
                if n == S::LANES {
                    return s.store(p, v);
                }
                return s.store_tail(p, v, s.tail(n));
            }
            let mut buffer = [T::ZERO; WIDEST];
            s.store(buffer.as_mut_ptr(), v);
            for l in 0..n {
                *p.add(l * self.stride) = buffer[l];
            }
        }
    }
}
