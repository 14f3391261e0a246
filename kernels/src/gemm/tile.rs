//! The tile: R rows by V registers of C, held in registers over a whole run of k.
//!
//! ```text
//! acc[r][v] = beta C[r, v]                                             0 where beta = 0
//! for k:  b[v] = B[k, v];  acc[r][v] = fma(A[r, k], b[v], acc[r][v])
//! C[r, v] = relu(acc[r][v] + bias[v])                                  as far as asked for
//! ```
//!
//! One source for every shape. R V independent chains hide the latency of an FMA (4 cycles at two a cycle: 8 chains), R + V loads feed
//! R V FMAs, and R V + V + 1 registers hold it all: 12 accumulators of 16 registers on AVX2 (6x2, 4x3, 3x4, 2x6, 1x8), up to 24 of 32 on
//! AVX-512 (8x3, 8x2, 4x4). [`Simd::TILE`] says which shapes an instruction set has. [`super::block`] cuts C into such shapes of nearly
//! equal size, whatever M and N are, so there are no scalar edges: a row's last register may overlap the one before, and that is all.
//!
//! A kernel is a function of its own, one for each shape. It is called for a column of tiles, not for a tile.

use crate::Real;
use crate::func::relu;
use crate::isa::Simd;

/// What a kernel computes: m x n of C, n columns in V registers (the last may not be full), m rows in tiles of R.
///
/// A's element (i, k) lies at `a + i a_row + k a_k` within the first tile; tile t's first row lies at `a + t R a_step`. B's row k starts
/// at `b + k b_k`, C's row i at `c + i c_row`. Fields that lie side by side elsewhere do not here: the compiler would copy pairs of
/// them in one load, which has to wait for two fresh stores to reach the cache, and that is most of the cost of a tiny product.
pub(super) struct Panel<T> {
    pub c: *mut T,
    pub a_row: usize,
    pub k: usize,
    pub b: *const T,
    pub m: usize,
    pub a_k: usize,
    pub c_row: usize,
    pub a: *const T,
    pub n: usize,
    pub b_k: usize,
    pub a_step: usize,
    /// n numbers to add to every row, or null.
    pub bias: *const T,
    pub beta: T,
    pub relu: bool,
}

/// Most rows of tiles of two registers: what rows are cut into.
pub(super) const fn main_rows<T, S: Simd<T>>() -> usize {
    S::TILE[1]
}

/// Most rows of tiles of `vectors` registers.
#[inline(always)]
pub(super) fn rows_of<T, S: Simd<T>>(vectors: usize) -> usize {
    S::TILE[vectors - 1]
}

/// Most registers of tiles of `rows` rows.
#[inline(always)]
pub(super) fn vectors_of<T, S: Simd<T>>(rows: usize) -> usize {
    let most = const { most_vectors(S::TILE) };
    most[rows - 1]
}

/// The inverse of [`Simd::TILE`]: most registers by rows, from 1.
const fn most_vectors(tile: [usize; 8]) -> [usize; 8] {
    let mut most = [0; 8];
    let mut v = 0;
    while v < 8 {
        let mut r = 0;
        while r < tile[v] {
            most[r] = v + 1;
            r += 1;
        }
        v += 1;
    }
    most
}

/// The kernel of a shape.
type Kernel<T, S> = unsafe fn(S, &Panel<T>);

/// The kernels by registers, then rows; the last stands in shapes that no instruction set has.
const fn kernels<T: Real, S: Simd<T>>() -> [[Kernel<T, S>; 8]; 8] {
    let none: Kernel<T, S> = shape::<T, S, 9, 1>;
    [
        [
            shape::<T, S, 1, 1>,
            shape::<T, S, 2, 1>,
            shape::<T, S, 3, 1>,
            shape::<T, S, 4, 1>,
            shape::<T, S, 5, 1>,
            shape::<T, S, 6, 1>,
            shape::<T, S, 7, 1>,
            shape::<T, S, 8, 1>,
        ],
        [
            shape::<T, S, 1, 2>,
            shape::<T, S, 2, 2>,
            shape::<T, S, 3, 2>,
            shape::<T, S, 4, 2>,
            shape::<T, S, 5, 2>,
            shape::<T, S, 6, 2>,
            shape::<T, S, 7, 2>,
            shape::<T, S, 8, 2>,
        ],
        [
            shape::<T, S, 1, 3>,
            shape::<T, S, 2, 3>,
            shape::<T, S, 3, 3>,
            shape::<T, S, 4, 3>,
            shape::<T, S, 5, 3>,
            shape::<T, S, 6, 3>,
            shape::<T, S, 7, 3>,
            shape::<T, S, 8, 3>,
        ],
        [
            shape::<T, S, 1, 4>,
            shape::<T, S, 2, 4>,
            shape::<T, S, 3, 4>,
            shape::<T, S, 4, 4>,
            none,
            none,
            none,
            none,
        ],
        [
            shape::<T, S, 1, 5>,
            shape::<T, S, 2, 5>,
            none,
            none,
            none,
            none,
            none,
            none,
        ],
        [
            shape::<T, S, 1, 6>,
            shape::<T, S, 2, 6>,
            none,
            none,
            none,
            none,
            none,
            none,
        ],
        [
            shape::<T, S, 1, 7>,
            none,
            none,
            none,
            none,
            none,
            none,
            none,
        ],
        [
            shape::<T, S, 1, 8>,
            none,
            none,
            none,
            none,
            none,
            none,
            none,
        ],
    ]
}

/// Computes a panel by tiles of `rows` by `vectors`; m is a multiple of `rows`.
///
/// # Safety
/// - `1 <= rows <= TILE[vectors - 1]`, and n columns need just `vectors` registers.
/// - Every element of A, B, C and bias is valid, C's for writes too; nothing else aliases C.
#[inline(always)]
pub(super) unsafe fn panel<T: Real, S: Simd<T>>(s: S, rows: usize, vectors: usize, p: &Panel<T>) {
    debug_assert!(rows <= S::TILE[vectors - 1]);
    let kernels = const { &kernels::<T, S>() };
    // SAFETY: the caller's promises.
    unsafe { kernels[(vectors - 1) & 7][(rows - 1) & 7](s, p) }
}

/// The kernel of a shape, compiled only where the instruction set has the shape. Where at most half of the last register is used, half a
/// register will do, which some machines compute in half the time.
unsafe fn shape<T: Real, S: Simd<T>, const R: usize, const V: usize>(s: S, p: &Panel<T>) {
    if const { R > S::TILE[V - 1] } {
        unreachable!("this instruction set has no tiles of {R} x {V}")
    } else if const { S::HALVES && V > 1 && V < 4 } && p.n <= V * S::LANES - S::LANES / 2 {
        s.enter(
            #[inline(always)]
            // SAFETY: the caller's promises.
            || unsafe { tiles::<T, S, R, V, true>(s, p) },
        )
    } else {
        s.enter(
            #[inline(always)]
            // SAFETY: the caller's promises.
            || unsafe { tiles::<T, S, R, V, false>(s, p) },
        )
    }
}

/// How a row of n columns lies in V registers. The last one ends with the row: a row of one register has a tail; in a longer one the last
/// overlaps the one before, and both compute the same columns to the same bits. With `HALF` the last is half a register.
#[derive(Clone, Copy)]
struct Width<T, S: Simd<T>, const V: usize, const HALF: bool> {
    s: S,
    tail: S::Tail,
    /// The last register's first column.
    last: usize,
}

/// A row: registers before the last, and the last, which is `half` or `whole[V - 1]`.
#[derive(Clone, Copy)]
struct Row<T, S: Simd<T>, const V: usize> {
    whole: [S::V; V],
    half: <S::Half as Simd<T>>::V,
}

impl<T: Real, S: Simd<T>, const V: usize, const HALF: bool> Width<T, S, V, HALF> {
    const WHOLE: usize = if HALF { V - 1 } else { V };

    #[inline(always)]
    fn new(s: S, n: usize) -> Self {
        let lanes = if HALF { S::Half::LANES } else { S::LANES };
        let (tail, last) = if V == 1 { (n, 0) } else { (0, n - lanes) };
        Self {
            s,
            tail: s.tail(tail),
            last,
        }
    }

    /// Column of register `v`.
    #[inline(always)]
    fn column(&self, v: usize) -> usize {
        if v == V - 1 { self.last } else { v * S::LANES }
    }

    /// The row at `x`.
    ///
    /// # Safety
    /// - The row is valid for reads.
    #[inline(always)]
    unsafe fn load(&self, x: *const T) -> Row<T, S, V> {
        let mut row = self.splat(T::ZERO);
        for v in 0..Self::WHOLE {
            let x = x.wrapping_add(self.column(v));
            // SAFETY: the caller's row.
            row.whole[v] = unsafe {
                if V == 1 {
                    self.s.load_tail(x, self.tail)
                } else {
                    self.s.load(x)
                }
            };
        }
        if HALF {
            // SAFETY: the caller's row.
            row.half = unsafe { self.s.half().load(x.wrapping_add(self.last)) };
        }
        row
    }

    /// Writes the row at `x`.
    ///
    /// # Safety
    /// - The row is valid for writes.
    #[inline(always)]
    unsafe fn store(&self, x: *mut T, row: &Row<T, S, V>) {
        for v in 0..Self::WHOLE {
            let x = x.wrapping_add(self.column(v));
            // SAFETY: the caller's row.
            unsafe {
                if V == 1 {
                    self.s.store_tail(x, row.whole[v], self.tail);
                } else {
                    self.s.store(x, row.whole[v]);
                }
            }
        }
        if HALF {
            // SAFETY: the caller's row.
            unsafe { self.s.half().store(x.wrapping_add(self.last), row.half) }
        }
    }

    /// A row of `x`.
    #[inline(always)]
    fn splat(&self, x: T) -> Row<T, S, V> {
        Row {
            whole: [self.s.splat(x); V],
            half: self.s.half().splat(x),
        }
    }

    /// `x row + acc`.
    #[inline(always)]
    fn fma(&self, x: T, row: &Row<T, S, V>, acc: &mut Row<T, S, V>) {
        let s = self.s;
        let factor = s.splat(x);
        for v in 0..Self::WHOLE {
            acc.whole[v] = s.fma(factor, row.whole[v], acc.whole[v]);
        }
        if HALF {
            acc.half = s.half().fma(s.half().splat(x), row.half, acc.half);
        }
    }

    /// `x row`.
    #[inline(always)]
    fn scale(&self, x: T, row: &mut Row<T, S, V>) {
        let s = self.s;
        for v in 0..Self::WHOLE {
            row.whole[v] = s.mul(s.splat(x), row.whole[v]);
        }
        if HALF {
            row.half = s.half().mul(s.half().splat(x), row.half);
        }
    }

    /// `acc + row`.
    #[inline(always)]
    fn add(&self, row: &Row<T, S, V>, acc: &mut Row<T, S, V>) {
        for v in 0..Self::WHOLE {
            acc.whole[v] = self.s.add(acc.whole[v], row.whole[v]);
        }
        if HALF {
            acc.half = self.s.half().add(acc.half, row.half);
        }
    }

    /// `relu(row)`.
    #[inline(always)]
    fn relu(&self, row: &mut Row<T, S, V>) {
        for v in 0..Self::WHOLE {
            row.whole[v] = relu(self.s, row.whole[v]);
        }
        if HALF {
            row.half = relu(self.s.half(), row.half);
        }
    }
}

/// All tiles of a panel.
#[inline(always)]
unsafe fn tiles<T: Real, S: Simd<T>, const R: usize, const V: usize, const HALF: bool>(
    s: S,
    p: &Panel<T>,
) {
    let width = Width::<T, S, V, HALF>::new(s, p.n);
    let mut i = 0;
    while i < p.m {
        let c = p.c.wrapping_add(i * p.c_row);
        let mut acc = [width.splat(T::ZERO); R];
        if p.beta != T::ZERO {
            for r in 0..R {
                // SAFETY: row r of the tile.
                acc[r] = unsafe { width.load(c.wrapping_add(r * p.c_row)) };
                width.scale(p.beta, &mut acc[r]);
            }
        }
        let (mut a, mut b) = (p.a.wrapping_add(i * p.a_step), p.b);
        for _ in 0..p.k {
            // SAFETY: row k of B.
            let row = unsafe { width.load(b) };
            for r in 0..R {
                // SAFETY: row r of the tile, this k.
                let x = unsafe { *a.wrapping_add(r * p.a_row) };
                width.fma(x, &row, &mut acc[r]);
            }
            a = a.wrapping_add(p.a_k);
            b = b.wrapping_add(p.b_k);
        }
        if !p.bias.is_null() {
            // SAFETY: the bias.
            let bias = unsafe { width.load(p.bias) };
            for r in 0..R {
                width.add(&bias, &mut acc[r]);
            }
        }
        if p.relu {
            for r in 0..R {
                width.relu(&mut acc[r]);
            }
        }
        for r in 0..R {
            // SAFETY: row r of the tile.
            unsafe { width.store(c.wrapping_add(r * p.c_row), &acc[r]) }
        }
        i += R;
    }
}
