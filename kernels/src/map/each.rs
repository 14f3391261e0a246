//! The elementwise driver: any number of operands, any strides, one function of their lanes.
//!
//! ```text
//! all operands dense        one line of rows * cols elements
//! else                      a line a row (a column, where the operands are transposed)
//! a line                    whole registers; the last elements, and elements apart, by way of the stack
//! ```
//!
//! Lanes do not meet, so an element's bits do not depend on where it stands.

use crate::isa::Simd;
use crate::{MatMut, MatRef, Real};

/// Lanes of the widest register.
pub(super) const WIDEST: usize = 16;

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
    lines(
        read,
        write,
        #[inline(always)]
        |n, dense, mut read, mut write| {
            let mut left = n;
            while dense && left >= S::LANES {
                // SAFETY: LANES elements are left in every line, which the views hold; what is written is borrowed uniquely.
                unsafe { step(s, read, write, f) };
                read = read.map(|line| line.after(S::LANES));
                write = write.map(|line| line.after(S::LANES));
                left -= S::LANES;
            }
            // SAFETY: as above, `left` elements.
            unsafe { rest(s, left, dense, read, write, f) };
        },
    );
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
    lines(
        read,
        write,
        #[inline(always)]
        |n, dense, read, write| {
            // SAFETY: the views hold n elements a line, and what is written is borrowed uniquely.
            unsafe { rest(s, n, dense, read, write, f) }
        },
    );
}

/// `f` of every line of the operands: its length, whether all strides are 1, the lines read, the lines written.
#[inline(always)]
#[track_caller]
fn lines<T: Real, const I: usize, const O: usize>(
    read: [MatRef<'_, T>; I],
    mut write: [MatMut<'_, T>; O],
    f: impl Fn(usize, bool, [Line<T>; I], [Line<T>; O]),
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
    let dense = g.all(|o| o.col_stride == 1);
    for i in 0..g.rows {
        f(
            g.cols,
            dense,
            g.read.map(|o| o.row(i)),
            g.write.map(|o| o.row(i)),
        );
    }
}

/// One register an operand, whose elements lie side by side.
///
/// # Safety
/// - The lines have LANES elements; the written ones are the caller's alone.
#[inline(always)]
unsafe fn step<T: Real, S: Simd<T>, const I: usize, const O: usize>(
    s: S,
    read: [Line<T>; I],
    write: [Line<T>; O],
    f: impl Fn([S::V; I], [S::V; O]) -> [S::V; O],
) {
    let (mut x, mut y) = ([s.splat(T::ZERO); I], [s.splat(T::ZERO); O]);
    // SAFETY: the caller's promise.
    unsafe {
        for k in 0..I {
            x[k] = s.load(read[k].data);
        }
        for k in 0..O {
            y[k] = s.load(write[k].data);
        }
        y = f(x, y);
        for k in 0..O {
            s.store(write[k].data, y[k]);
        }
    }
}

/// `n` elements, anywhere: a register's worth that is not whole, or not dense, goes by way of the stack.
///
/// # Safety
/// - The lines have `n` elements; the written ones are the caller's alone.
#[inline(always)]
unsafe fn rest<T: Real, S: Simd<T>, const I: usize, const O: usize>(
    s: S,
    n: usize,
    dense: bool,
    mut read: [Line<T>; I],
    mut write: [Line<T>; O],
    f: impl Fn([S::V; I], [S::V; O]) -> [S::V; O] + Copy,
) {
    let (mut from, mut to) = ([[T::ZERO; WIDEST]; I], [[T::ZERO; WIDEST]; O]);
    let mut left = n;
    while left > 0 {
        let count = S::LANES.min(left);
        let in_place = dense && count == S::LANES;
        // SAFETY: `count` elements are left; no register has more lanes than the stack's places.
        unsafe {
            let (mut x, mut y) = (read, write);
            if !in_place {
                (x, y) = (from.each_mut().map(Line::of), to.each_mut().map(Line::of));
                for k in 0..I {
                    s.store(x[k].data, read[k].load(s, 0, count));
                }
                for k in 0..O {
                    s.store(y[k].data, write[k].load(s, 0, count));
                }
            }
            step(s, x, y, f);
            if !in_place {
                for k in 0..O {
                    write[k].store(s, s.load(y[k].data), 0, count);
                }
            }
        }
        read = read.map(|line| line.after(count));
        write = write.map(|line| line.after(count));
        left -= count;
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

/// Elements `stride` apart: a row of a matrix, or a column.
#[derive(Clone, Copy)]
pub(crate) struct Line<T> {
    /// The first.
    pub data: *mut T,
    /// Elements from one to the next.
    pub stride: usize,
}

impl<T: Real> Line<T> {
    /// A place on the stack.
    #[inline(always)]
    fn of(place: &mut [T; WIDEST]) -> Self {
        Self {
            data: place.as_mut_ptr(),
            stride: 1,
        }
    }

    /// The line from element `n` on, or from its end.
    #[inline(always)]
    fn after(self, n: usize) -> Self {
        Self {
            data: self.data.wrapping_add(n * self.stride),
            ..self
        }
    }

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
