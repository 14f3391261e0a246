//! A product in raw parts, and which way round to solve it.

use core::ops::Range;
use core::ptr;

use super::plan::KC;
use crate::isa::Simd;
use crate::{Activation, MatMut, MatRef, Product, Real};

/// A matrix in memory: element (i, j) at `ptr + i row + j col`. P is `*const T`, or `*mut T` for C.
#[derive(Clone, Copy)]
pub(super) struct Grid<P> {
    pub ptr: P,
    pub row: usize,
    pub col: usize,
}

impl<P> Grid<P> {
    /// The transposed matrix.
    #[inline(always)]
    pub fn t(self) -> Self {
        Self {
            ptr: self.ptr,
            row: self.col,
            col: self.row,
        }
    }

    /// A stride along a dimension of 1 means nothing: the value that is best for the kernels stands for it, so that layouts that
    /// differ in nothing else are one layout.
    #[inline(always)]
    fn normal(self, rows: usize, cols: usize) -> Self {
        let col = if cols == 1 { 1 } else { self.col };
        let row = if rows == 1 { 1 } else { self.row };
        Self { row, col, ..self }
    }
}

impl<T> Grid<*const T> {
    /// The matrix that starts at (i, j).
    #[inline(always)]
    pub fn at(self, i: usize, j: usize) -> Self {
        let ptr = self.ptr.wrapping_add(i * self.row + j * self.col);
        Self { ptr, ..self }
    }
}

impl<T> Grid<*mut T> {
    /// The matrix that starts at (i, j).
    #[inline(always)]
    pub fn at(self, i: usize, j: usize) -> Self {
        let ptr = self.ptr.wrapping_add(i * self.row + j * self.col);
        Self { ptr, ..self }
    }
}

/// Whether the rule of lanes holds for n columns and chains of k: few columns, and A (columns `a_col` apart) lies along k.
#[inline(always)]
pub(super) fn by_lanes(n: usize, k: usize, a_col: usize) -> bool {
    n <= 4 && k >= 16 && a_col == 1
}

/// What alpha multiplies, always A of the problem as given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// `C = act(alpha A B + beta C + bias)`, A: m x k, B: k x n, in raw parts; or the transposed problem `C' = B' A'`.
#[derive(Clone, Copy)]
pub(super) struct Problem<T> {
    pub m: usize,
    pub k: usize,
    pub n: usize,
    pub alpha: T,
    pub a: Grid<*const T>,
    pub b: Grid<*const T>,
    pub beta: T,
    pub c: Grid<*mut T>,
    /// n numbers of the problem as given, or null.
    pub bias: *const T,
    pub activation: Activation,
    /// The operand that alpha multiplies: Left as given, Right in the transposed problem.
    pub given: Side,
}

impl<T: Real> Problem<T> {
    pub(super) fn new(p: &Product<'_, T>, c: &mut MatMut<'_, T>) -> Self {
        let (m, n) = (c.rows(), c.cols());
        // With alpha = 0 A and B are not read.
        let k = if p.alpha == T::ZERO { 0 } else { p.a.cols() };
        let grid = |x: &MatRef<'_, T>| Grid {
            ptr: x.as_ptr(),
            row: x.row_stride(),
            col: x.col_stride(),
        };
        let place = Grid {
            ptr: c.as_mut_ptr(),
            row: c.row_stride(),
            col: c.col_stride(),
        };
        let (a, bias) = (
            grid(&p.a).normal(m, k),
            p.bias.map_or(ptr::null(), <[T]>::as_ptr),
        );
        Self {
            m,
            k,
            n,
            alpha: p.alpha,
            a,
            b: grid(&p.b).normal(k, n),
            beta: p.beta,
            c: place.normal(m, n),
            bias,
            activation: p.activation,
            given: Side::Left,
        }
    }

    /// The transposed problem of one that is as given.
    #[inline(always)]
    pub(super) fn t(&self) -> Self {
        Self {
            m: self.n,
            n: self.m,
            a: self.b.t(),
            b: self.a.t(),
            c: self.c.t(),
            given: Side::Right,
            ..*self
        }
    }

    /// The product of rows `i` of A and columns `j` of B over a part of k; it goes on from C's sums where k does not start at 0.
    #[inline(always)]
    pub(super) fn part(&self, i: Range<usize>, k: Range<usize>, j: Range<usize>) -> Self {
        let skip = match self.given {
            Side::Left => j.start,
            Side::Right => i.start,
        };
        Self {
            a: self.a.at(i.start, k.start),
            b: self.b.at(k.start, j.start),
            c: self.c.at(i.start, j.start),
            bias: if self.bias.is_null() {
                self.bias
            } else {
                self.bias.wrapping_add(skip)
            },
            beta: if k.start == 0 { self.beta } else { T::ONE },
            m: i.len(),
            k: k.len(),
            n: j.len(),
            ..*self
        }
    }

    /// Whether the rule of lanes holds.
    #[inline(always)]
    pub(super) fn by_lanes(&self) -> bool {
        by_lanes(self.n, self.k, self.a.col)
    }

    /// Whether the transposed problem is cheaper, for registers along its columns. A chain's bits are the same either way.
    #[inline(always)]
    pub(super) fn turns<S: Simd<T>>(&self) -> bool {
        let natural = self.b.col == 1 && self.c.col == 1;
        !(natural && self.n >= S::LANES) && self.t().cost::<S>() < self.cost::<S>()
    }

    /// Rough number of cycles: FMAs, a transpose of B unless it lies along its rows; unless C does, it moves through a buffer with
    /// each run of k.
    #[inline(always)]
    fn cost<S: Simd<T>>(&self) -> usize {
        let registers = self.n.div_ceil(S::LANES) * self.k;
        let transpose = if self.b.col == 1 { 0 } else { 5 * registers };
        let runs = self.k.div_ceil(KC);
        let moves = if self.c.col == 1 {
            0
        } else {
            4 * self.m * self.n * runs
        };
        registers * self.m + transpose + moves
    }
}
