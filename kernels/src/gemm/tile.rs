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
//! equal size, whatever M and N are, so there are no scalar edges: a row's last register may have a tail, and that is all.
//!
//! A kernel is a function of its own, one for each shape. It is called for a column of tiles, not for a tile.

use crate::Real;
use crate::func::relu;
use crate::isa::Simd;

/// What a kernel computes: m x n of C, n columns in V registers (the last may have a tail), m rows in tiles of R.
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

/// The kernel of a shape, compiled only where the instruction set has the shape.
unsafe fn shape<T: Real, S: Simd<T>, const R: usize, const V: usize>(s: S, p: &Panel<T>) {
    if const { R > S::TILE[V - 1] } {
        unreachable!("this instruction set has no tiles of {R} x {V}")
    } else if const { S::FREE_TAILS || R < 4 || V == 1 } || p.n < V * S::LANES {
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

/// V registers a row, the last with a tail if `TAIL`.
#[derive(Clone, Copy)]
struct Width<T, S: Simd<T>, const V: usize, const TAIL: bool> {
    s: S,
    tail: S::Tail,
}

impl<T, S: Simd<T>, const V: usize, const TAIL: bool> Width<T, S, V, TAIL> {
    /// Register `v` of the row at `x`.
    ///
    /// # Safety
    /// - The row is valid for reads.
    #[inline(always)]
    unsafe fn load(&self, x: *const T, v: usize) -> S::V {
        let x = x.wrapping_add(v * S::LANES);
        // SAFETY: the caller's row.
        unsafe {
            if TAIL && v == V - 1 {
                self.s.load_tail(x, self.tail)
            } else {
                self.s.load(x)
            }
        }
    }

    /// Writes register `v` of the row at `x`.
    ///
    /// # Safety
    /// - The row is valid for writes.
    #[inline(always)]
    unsafe fn store(&self, x: *mut T, v: usize, value: S::V) {
        let x = x.wrapping_add(v * S::LANES);
        // SAFETY: the caller's row.
        unsafe {
            if TAIL && v == V - 1 {
                self.s.store_tail(x, value, self.tail);
            } else {
                self.s.store(x, value);
            }
        }
    }
}

/// All tiles of a panel. `TAIL`: the last register has one.
#[inline(always)]
unsafe fn tiles<T: Real, S: Simd<T>, const R: usize, const V: usize, const TAIL: bool>(
    s: S,
    p: &Panel<T>,
) {
    let width = Width::<T, S, V, TAIL> {
        s,
        tail: s.tail(p.n - (V - 1) * S::LANES),
    };
    let mut i = 0;
    while i < p.m {
        let c = p.c.wrapping_add(i * p.c_row);
        let mut acc = [[s.splat(T::ZERO); V]; R];
        if p.beta != T::ZERO {
            let beta = s.splat(p.beta);
            for r in 0..R {
                for v in 0..V {
                    // SAFETY: row r of the tile.
                    let old = unsafe { width.load(c.wrapping_add(r * p.c_row), v) };
                    acc[r][v] = s.mul(beta, old);
                }
            }
        }
        let (mut a, mut b) = (p.a.wrapping_add(i * p.a_step), p.b);
        for _ in 0..p.k {
            let mut row = [s.splat(T::ZERO); V];
            for v in 0..V {
                // SAFETY: row k of B.
                row[v] = unsafe { width.load(b, v) };
            }
            for r in 0..R {
                // SAFETY: row r of the tile, this k.
                let x = s.splat(unsafe { *a.wrapping_add(r * p.a_row) });
                for v in 0..V {
                    acc[r][v] = s.fma(x, row[v], acc[r][v]);
                }
            }
            a = a.wrapping_add(p.a_k);
            b = b.wrapping_add(p.b_k);
        }
        if !p.bias.is_null() {
            for v in 0..V {
                // SAFETY: the bias.
                let bias = unsafe { width.load(p.bias, v) };
                for r in 0..R {
                    acc[r][v] = s.add(acc[r][v], bias);
                }
            }
        }
        if p.relu {
            for r in 0..R {
                for v in 0..V {
                    acc[r][v] = relu(s, acc[r][v]);
                }
            }
        }
        for r in 0..R {
            for v in 0..V {
                // SAFETY: row r of the tile.
                unsafe { width.store(c.wrapping_add(r * p.c_row), v, acc[r][v]) }
            }
        }
        i += R;
    }
}
