//! The loops around the tile: blocks that fit the caches, packed where that pays, cut into panels and tiles.
//!
//! ```text
//! for j in n by nc:                columns whose packed B fits L3
//!   for k in K by kc:              a run of every chain: C keeps the sums between runs
//!     pack B[k, j]                 if B does not lie along its rows, or leaves L2
//!     for i in m by mc:            rows whose packed A fits half of L2
//!       pack A[i, k]               if alpha is not 1, or A's rows are pages apart
//!       for each panel of V registers, for each tile of R rows: the kernel
//!       finish C[i, j]             after the last run, what the kernel has not done
//! ```
//!
//! This is the order of Goto and van de Geijn (2008), with packing as an exception: an operand that lies well and fits L2 is read where
//! it lies. Nothing here changes a bit of the result: a chain is the same however its runs are cut.

use core::mem::MaybeUninit;
use core::ptr;

use super::pack::pack;
use super::problem::{Problem, Side};
use super::tile::{Panel, main_rows, rows_of, vectors_of};
use super::{finish, tile};
use crate::isa::Simd;
use crate::{Activation, Level, Real};

/// Longest run of k: B's panel of two registers stays in L1.
const KC: usize = 256;
/// Bytes of a packed block of A: a part of L2.
const A_BYTES: usize = 192 << 10;
/// Bytes of a packed block of B: a part of L3.
const B_BYTES: usize = 4 << 20;
/// Bytes of B above which it is packed, if rows enough share it.
const B_UNPACKED: usize = 256 << 10;
/// Bytes between A's columns above which A is packed: a page for every few k.
const A_STRIDE: usize = 2 << 10;
/// Bytes of C between the kernel and a costly activation: a part of L1.
const C_BYTES: usize = 16 << 10;
/// Numbers packed on the stack where the caller's scratch does not suffice.
pub(super) const STACK: usize = 2048;
/// Numbers that the start of scratch may lie off a cache line.
const ALIGN: usize = 16;
/// Numbers of the largest tile: 8 rows of 3 registers of 16.
const TILE: usize = 384;

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
struct Cut {
    pieces: usize,
    size: usize,
    long: usize,
}

impl Cut {
    /// As few pieces as possible of at most `most`.
    #[inline(always)]
    fn new(count: usize, most: usize) -> Self {
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
    fn piece(self, p: usize) -> (usize, usize) {
        (
            p * self.size + p.min(self.long),
            self.size + usize::from(p < self.long),
        )
    }
}

/// Sizes of the blocks and which operands are packed.
#[derive(Clone, Copy)]
struct Plan {
    /// Most registers of a panel.
    vectors: usize,
    mc: usize,
    kc: usize,
    nc: usize,
    left: bool,
    right: bool,
}

impl Plan {
    #[inline(always)]
    fn new<T: Real, S: Simd<T>>(p: &Problem<T>) -> Self {
        let size = size_of::<T>();
        let scaled = p.alpha != T::ONE;
        let large = p.k * p.n * size > B_UNPACKED && p.m >= 4 * main_rows::<T, S>();
        let far = p.a.col * size >= A_STRIDE && p.k >= 64 && p.n >= 8 * S::LANES;
        let right = large || p.b.col != 1 || (scaled && p.given == Side::Right);
        let left = far || (scaled && p.given == Side::Left);
        let costly = !matches!(p.activation, Activation::Identity | Activation::Relu);
        let rows = if left { A_BYTES / size / KC } else { p.m };
        let after = if costly { C_BYTES / size / p.n } else { p.m };
        let mc = rows.min(after).max(main_rows::<T, S>()).min(p.m);
        Self {
            vectors: vectors_of::<T, S>(Cut::new(mc, main_rows::<T, S>()).longest()),
            mc,
            kc: if p.k <= KC {
                p.k
            } else {
                Cut::new(p.k, KC).longest()
            },
            nc: if right {
                (B_BYTES / size / KC).min(p.n)
            } else {
                p.n
            },
            left,
            right,
        }
    }

    /// How a block's columns are cut, in registers.
    #[inline(always)]
    fn panels<T, S: Simd<T>>(&self, p: &Problem<T>) -> Cut {
        Cut::new(p.n.div_ceil(S::LANES), self.vectors)
    }

    /// How a block's rows are cut where A is packed: for any panel.
    #[inline(always)]
    fn tiles<T, S: Simd<T>>(&self, p: &Problem<T>) -> Cut {
        Cut::new(p.m, rows_of::<T, S>(self.vectors))
    }

    /// Numbers of A and of B that are packed at a time.
    #[inline(always)]
    fn room<T, S: Simd<T>>(&self) -> (usize, usize) {
        let a = if self.left { self.mc } else { 0 };
        let b = if self.right {
            self.nc.next_multiple_of(S::LANES)
        } else {
            0
        };
        (a * self.kc, b * self.kc)
    }

    /// The plan with smaller blocks, to pack no more than `room >= STACK` numbers.
    fn shrunk<T, S: Simd<T>>(self, room: usize) -> Self {
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

/// Solves a problem with m, n >= 1 by chains.
///
/// # Safety
/// - Every element of the problem's operands is valid, C's for writes; nothing aliases C.
#[inline(always)]
pub(super) unsafe fn solve<T: Real, S: Simd<T>>(s: S, p: &Problem<T>, scratch: &mut [T]) {
    let plan = Plan::new::<T, S>(p);
    if p.k == 0 || !(plan.left || plan.right) {
        let plan = Plan {
            left: false,
            right: false,
            ..plan
        };
        // SAFETY: the caller's promises; nothing is packed.
        return unsafe { enter(s, p, &plan, ptr::null_mut()) };
    }
    // SAFETY: the caller's promises.
    unsafe { packed(s, p, plan, scratch) }
}

/// [`solve`] with packing: in scratch, or on the stack if that has more room.
#[inline(never)]
unsafe fn packed<T: Real, S: Simd<T>>(s: S, p: &Problem<T>, plan: Plan, scratch: &mut [T]) {
    let (a, b) = plan.room::<T, S>();
    let skip = scratch.as_ptr().align_offset(64).min(ALIGN);
    let room = scratch.len().saturating_sub(skip);
    let fits = |plan: Plan, room| {
        if a + b <= room {
            plan
        } else {
            plan.shrunk::<T, S>(room)
        }
    };
    if a + b > STACK && room > STACK {
        let plan = fits(plan, room);
        // SAFETY: skip lies inside scratch, behind it is room for the plan.
        return unsafe { enter(s, p, &plan, scratch.as_mut_ptr().add(skip)) };
    }
    let mut stack = [const { MaybeUninit::<T>::uninit() }; STACK + ALIGN];
    let start = stack.as_mut_ptr().cast::<T>();
    let plan = fits(plan, STACK);
    // SAFETY: the stack has room for the plan behind the aligned start.
    unsafe { enter(s, p, &plan, start.add(start.align_offset(64).min(ALIGN))) }
}

/// [`blocks`], a function of its own.
#[inline(never)]
unsafe fn enter<T: Real, S: Simd<T>>(s: S, p: &Problem<T>, plan: &Plan, room: *mut T) {
    s.enter(
        #[inline(always)]
        // SAFETY: the caller's promises.
        || unsafe { blocks(s, p, plan, room) },
    )
}

/// The loops over blocks, as at the top.
///
/// # Safety
/// - As for [`solve`]; `room` is valid for the numbers that the plan packs.
#[inline(always)]
unsafe fn blocks<T: Real, S: Simd<T>>(s: S, p: &Problem<T>, plan: &Plan, room: *mut T) {
    let packed = Packed {
        left: if plan.left {
            room.wrapping_add(plan.room::<T, S>().1)
        } else {
            ptr::null_mut()
        },
        right: if plan.right { room } else { ptr::null_mut() },
    };
    for j in (0..p.n).step_by(plan.nc) {
        let n = plan.nc.min(p.n - j);
        let mut done = 0;
        loop {
            let k = plan.kc.min(p.k - done);
            let run = p.part(0..p.m, done..done + k, j..j + n);
            // SAFETY: parts of the problem; the plan's room.
            unsafe {
                if plan.right {
                    pack_right(s, &run, plan, packed.right);
                }
                rows(s, &run, plan, packed, done + k == p.k);
            }
            done += k;
            if done == p.k {
                break;
            }
        }
    }
}

/// The loop over blocks of rows within a run of k; `last` if the run ends the chains.
///
/// # Safety
/// - As for [`blocks`].
#[inline(always)]
unsafe fn rows<T: Real, S: Simd<T>>(
    s: S,
    run: &Problem<T>,
    plan: &Plan,
    packed: Packed<T>,
    last: bool,
) {
    for i in (0..run.m).step_by(plan.mc) {
        let m = plan.mc.min(run.m - i);
        let block = run.part(i..i + m, 0..run.k, 0..run.n);
        // SAFETY: a part of the problem; the plan's room.
        unsafe {
            if plan.left {
                pack_left(s, &block, plan, packed.left);
            }
            compute(s, &block, plan, packed, last);
            if last {
                finish::after(s, &block);
            }
        }
    }
}

/// Where the packed operands of a block lie; null for one that is read where it lies.
#[derive(Clone, Copy)]
struct Packed<T> {
    left: *mut T,
    right: *mut T,
}

/// Packs B's block: panel after panel, each k rows of its registers.
#[inline(always)]
unsafe fn pack_right<T: Real, S: Simd<T>>(s: S, p: &Problem<T>, plan: &Plan, to: *mut T) {
    let alpha = if p.given == Side::Right {
        p.alpha
    } else {
        T::ONE
    };
    let panels = plan.panels::<T, S>(p);
    for q in 0..panels.pieces {
        let (start, vectors) = panels.piece(q);
        let (j, w) = (start * S::LANES, vectors * S::LANES);
        let n = w.min(p.n - j);
        // SAFETY: columns j.. of the block; k rows of w numbers from j k on.
        unsafe { pack(s, p.b.at(0, j), (p.k, n), alpha, (to.add(j * p.k), w)) }
    }
}

/// Packs A's block: row tile after row tile, each k rows of its R numbers.
#[inline(always)]
unsafe fn pack_left<T: Real, S: Simd<T>>(s: S, p: &Problem<T>, plan: &Plan, to: *mut T) {
    let alpha = if p.given == Side::Left {
        p.alpha
    } else {
        T::ONE
    };
    let tiles = plan.tiles::<T, S>(p);
    for t in 0..tiles.pieces {
        let (i, rows) = tiles.piece(t);
        // SAFETY: rows i.. of the block; k rows of `rows` numbers from i k on.
        unsafe {
            pack(
                s,
                p.a.at(i, 0).t(),
                (p.k, rows),
                alpha,
                (to.add(i * p.k), rows),
            )
        }
    }
}

/// All tiles of a block.
#[inline(always)]
unsafe fn compute<T: Real, S: Simd<T>>(
    s: S,
    p: &Problem<T>,
    plan: &Plan,
    packed: Packed<T>,
    last: bool,
) {
    let panels = plan.panels::<T, S>(p);
    let (bias, relu) = if last {
        finish::in_tile(p)
    } else {
        (ptr::null(), false)
    };
    for q in 0..panels.pieces {
        let (start, vectors) = panels.piece(q);
        let (j, w) = (start * S::LANES, vectors * S::LANES);
        let (b, b_k) = if packed.right.is_null() {
            (p.b.at(0, j).ptr, p.b.row)
        } else {
            (packed.right.wrapping_add(j * p.k).cast_const(), w)
        };
        let tiles = if plan.left {
            plan.tiles::<T, S>(p)
        } else {
            Cut::new(p.m, rows_of::<T, S>(vectors))
        };
        let mut i = 0;
        for (count, rows) in [
            (tiles.long, tiles.size + 1),
            (tiles.pieces - tiles.long, tiles.size),
        ] {
            if count == 0 {
                continue;
            }
            let (a, a_row, a_k, a_tile) = if packed.left.is_null() {
                (p.a.at(i, 0).ptr, p.a.row, p.a.col, rows * p.a.row)
            } else {
                (
                    packed.left.wrapping_add(i * p.k).cast_const(),
                    1,
                    rows,
                    rows * p.k,
                )
            };
            let panel = Panel {
                k: p.k,
                a,
                a_row,
                a_k,
                a_tile,
                b,
                b_k,
                c: p.c.at(i, j).ptr,
                c_row: p.c.row,
                tiles: count,
                last: w.min(p.n - j) - (vectors - 1) * S::LANES,
                beta: p.beta,
                bias: if bias.is_null() {
                    bias
                } else {
                    bias.wrapping_add(j)
                },
                relu,
            };
            // SAFETY: the caller's promises; the cuts keep to the shapes that there are.
            unsafe {
                if p.c.col == 1 {
                    tile::panel(s, rows, vectors, &panel);
                } else {
                    scattered(s, rows, vectors, panel, p.c.col);
                }
            }
            i += count * rows;
        }
    }
}

/// [`tile::panel`] for a C whose rows do not lie side by side: tile by tile through a buffer.
#[inline(never)]
unsafe fn scattered<T: Real, S: Simd<T>>(
    s: S,
    rows: usize,
    vectors: usize,
    panel: Panel<T>,
    c_col: usize,
) {
    let w = vectors * S::LANES;
    let n = w - S::LANES + panel.last;
    let mut buffer = [T::ZERO; TILE];
    for t in 0..panel.tiles {
        let c = panel.c.wrapping_add(t * rows * panel.c_row);
        let place = |r: usize, j: usize| c.wrapping_add(r * panel.c_row + j * c_col);
        if panel.beta != T::ZERO {
            for r in 0..rows {
                for j in 0..n {
                    // SAFETY: element (r, j) of the tile.
                    buffer[r * w + j] = unsafe { *place(r, j) };
                }
            }
        }
        let one = Panel {
            a: panel.a.wrapping_add(t * panel.a_tile),
            c: buffer.as_mut_ptr(),
            c_row: w,
            tiles: 1,
            ..panel
        };
        // SAFETY: the caller's promises; the buffer holds a tile.
        unsafe { tile::panel(s, rows, vectors, &one) };
        for r in 0..rows {
            for j in 0..n {
                // SAFETY: element (r, j) of the tile.
                unsafe { *place(r, j) = buffer[r * w + j] };
            }
        }
    }
}
