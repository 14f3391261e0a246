//! How a product is cut: the sizes of blocks for the caches, and what is packed.

use super::problem::{Problem, Side};
use super::tile::{main_rows, rows_of, vectors_of};
use crate::isa::Simd;
use crate::{Activation, Level, Real};

/// Longest run of k: B's panel of two registers stays in L1.
pub(super) const KC: usize = 256;
/// Bytes of a packed block of A: a part of L2.
const A_BYTES: usize = 192 << 10;
/// Bytes of a packed block of B: a part of L3.
const B_BYTES: usize = 4 << 20;
/// Bytes of B above which it is packed, if rows enough share it.
const B_UNPACKED: usize = 256 << 10;
/// Bytes of L1: a run of A's columns that spans more is packed.
const L1: usize = 32 << 10;
/// Bytes of C between the kernel and a costly activation: a part of L1.
const C_BYTES: usize = 16 << 10;
/// Numbers packed on the stack where the caller's scratch does not suffice.
pub(super) const STACK: usize = 2048;
/// Numbers that the start of scratch may lie off a cache line.
pub(super) const ALIGN: usize = 16;

/// Elements of scratch for the best plan of an `m x k` by `k x n` product in any form; 0 if the stack suffices.
pub(super) fn scratch_for<T: Real>(_level: Level, m: usize, k: usize, n: usize) -> usize {
    let size = size_of::<T>();
    let run = k.min(KC);
    let a = run * m.next_multiple_of(16).min(A_BYTES / size / KC);
    let b = run * n.next_multiple_of(16).min(B_BYTES / size / KC);
    // The transposed problem packs the other way round.
    let a_t = run * n.next_multiple_of(16).min(A_BYTES / size / KC);
    let b_t = run * m.next_multiple_of(16).min(B_BYTES / size / KC);
    let room = (a + b).max(a_t + b_t);
    if room <= STACK { 0 } else { room + ALIGN }
}

/// `count` cut into `pieces` that differ by at most one: `long` of `size + 1`, then the rest of `size`.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub pieces: usize,
    pub size: usize,
    pub long: usize,
}

impl Cut {
    /// As few pieces as possible of at most `most`.
    #[inline(always)]
    pub fn new(count: usize, most: usize) -> Self {
        if count <= most {
            return Self {
                pieces: 1,
                size: count,
                long: 0,
            };
        }
        let pieces = count.div_ceil(most);
        let size = count / pieces;
        Self {
            pieces,
            size,
            long: count - size * pieces,
        }
    }

    /// The longest piece.
    #[inline(always)]
    fn longest(self) -> usize {
        self.size + usize::from(self.long > 0)
    }

    /// Start and size of piece `p`.
    #[inline(always)]
    pub fn piece(self, p: usize) -> (usize, usize) {
        (
            p * self.size + p.min(self.long),
            self.size + usize::from(p < self.long),
        )
    }
}

/// Whether an activation is a pass of its own over C.
fn is_costly(activation: Activation) -> bool {
    !matches!(activation, Activation::Identity | Activation::Relu)
}

/// Sizes of the blocks and which operands are packed.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// Most registers of a panel.
    pub vectors: usize,
    /// Rows of a block, its run of k, its columns.
    pub mc: usize,
    pub kc: usize,
    pub nc: usize,
    /// Whether A and B are packed.
    pub left: bool,
    pub right: bool,
}

impl Plan {
    #[inline(always)]
    pub fn new<T: Real, S: Simd<T>>(p: &Problem<T>) -> Self {
        let (size, main) = (size_of::<T>(), main_rows::<T, S>());
        let kc = if p.k <= KC {
            p.k
        } else {
            Cut::new(p.k, KC).longest()
        };
        let scaled = p.alpha != T::ONE;
        // B leaves L2 and many rows share it; then A's rows should also stay.
        let large = p.k * p.n * size > B_UNPACKED && p.m >= 4 * main;
        let tall = p.m * kc * size > A_BYTES;
        let far = p.a.col * size * kc > L1 && p.a.col > 1 && p.m >= main && p.n >= 8 * S::LANES;
        let aliased = (p.a.row * size).is_multiple_of(2048);
        let right = large || p.b.col != 1 || (scaled && p.given == Side::Right);
        let left = far || (large && tall && aliased) || (scaled && p.given == Side::Left);
        // Without k nothing is read.
        let (left, right) = (left && p.k > 0, right && p.k > 0);
        let costly = is_costly(p.activation);
        let rows = if tall { A_BYTES / size / kc } else { p.m };
        let after = if costly { C_BYTES / size / p.n } else { p.m };
        let mc = rows.min(after).max(main).min(p.m);
        let vectors = vectors_of::<T, S>(Cut::new(mc, main).longest());
        // Packed B waits in L2 if A's rows are read but once; it has to wait in L3 for the packing of A to pay.
        let wait = if left { B_BYTES } else { B_UNPACKED / 2 };
        let panel = vectors * S::LANES;
        let nc = if right && p.n * kc * size > wait {
            (wait / size / kc / panel * panel).max(panel).min(p.n)
        } else {
            p.n
        };
        Self {
            vectors,
            mc,
            kc,
            nc,
            left,
            right,
        }
    }

    /// The plan of a problem of one block, which reads its operands where they lie, or packs a transposed B on the stack; if that is
    /// clear at a glance: for a small product the making of a plan is much of the cost.
    #[inline(always)]
    pub fn small<T: Real, S: Simd<T>>(p: &Problem<T>) -> Option<Self> {
        let (size, main) = (size_of::<T>(), main_rows::<T, S>());
        let plain = p.c.col == 1 && p.n >= S::LANES && p.alpha == T::ONE && !p.by_lanes();
        let near = p.a.col == 1 || p.n < 8 * S::LANES || p.a.col * size * p.k <= L1;
        let in_tile = !is_costly(p.activation) || p.m * p.n * size <= C_BYTES;
        if !(plain && near && in_tile && p.k <= KC) {
            return None;
        }
        let right = p.b.col != 1;
        let fits = if right {
            let room = p.k * p.n.next_multiple_of(S::LANES);
            p.k > 0 && p.b.row == 1 && room <= STACK && !p.turns::<S>()
        } else {
            p.k * p.n * size <= B_UNPACKED
        };
        fits.then(|| Self {
            vectors: vectors_of::<T, S>(Cut::new(p.m, main).longest()),
            mc: p.m,
            kc: p.k,
            nc: p.n,
            left: false,
            right,
        })
    }

    /// How a block's columns are cut, in registers.
    #[inline(always)]
    pub fn panels<T, S: Simd<T>>(&self, p: &Problem<T>) -> Cut {
        Cut::new(p.n.div_ceil(S::LANES), self.vectors)
    }

    /// How a block's rows are cut where A is packed: for any panel.
    #[inline(always)]
    pub fn tiles<T, S: Simd<T>>(&self, p: &Problem<T>) -> Cut {
        Cut::new(p.m, rows_of::<T, S>(self.vectors))
    }

    /// Numbers of A and of B that are packed at a time.
    #[inline(always)]
    pub fn room<T, S: Simd<T>>(&self) -> (usize, usize) {
        let a = if self.left { self.mc } else { 0 };
        let b = if self.right {
            self.nc.next_multiple_of(S::LANES)
        } else {
            0
        };
        (a * self.kc, b * self.kc)
    }

    /// The plan with smaller blocks, to pack no more than `room >= STACK` numbers.
    pub fn shrunk<T, S: Simd<T>>(self, room: usize) -> Self {
        let (rows, columns) = (main_rows::<T, S>(), 4 * S::LANES);
        let (a, b) = match (self.left, self.right) {
            (true, true) => (room / 4, room - room / 4),
            _ => (room, room),
        };
        let kc = self.kc.min(a / rows).min(b / columns);
        let fit = |have: usize, unit: usize| have / kc / unit * unit;
        Self {
            mc: if self.left {
                self.mc.min(fit(a, rows))
            } else {
                self.mc
            },
            kc,
            nc: if self.right {
                self.nc.min(fit(b, columns))
            } else {
                self.nc
            },
            ..self
        }
    }
}
