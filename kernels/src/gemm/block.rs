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
use super::plan::{ALIGN, Cut, Plan, STACK};
use super::problem::{Problem, Side, by_lanes};
use super::tile::{Panel, rows_of};
use super::{finish, tile};
use crate::isa::Simd;
use crate::{Activation, MatMut, Product, Real};

/// Numbers of the largest tile: 8 rows of 3 registers of 16.
const TILE: usize = 384;

/// The registers and the panel of a product that is a single tile and needs nothing but the kernel. Made straight from the views: for
/// a tiny product the way to the kernel is all of the cost.
#[inline(always)]
pub(super) fn single_tile<T: Real, S: Simd<T>>(
    p: &Product<'_, T>,
    c: &mut MatMut<'_, T>,
) -> Option<(usize, Panel<T>)> {
    let (m, k, n) = (c.rows(), p.a.cols(), c.cols());
    let vectors = n.div_ceil(S::LANES);
    let fits = vectors <= 8 && m <= rows_of::<T, S>(vectors);
    let in_line = n == 1 || (p.b.col_stride() == 1 && c.col_stride() == 1);
    let in_tile = matches!(p.activation, Activation::Identity | Activation::Relu);
    let plain = p.alpha == T::ONE && in_tile && !by_lanes(n, k, p.a.col_stride());
    if !(fits && in_line && plain) {
        return None;
    }
    let panel = Panel {
        c: c.as_mut_ptr(),
        a_row: p.a.row_stride(),
        k,
        b: p.b.as_ptr(),
        m,
        a_k: p.a.col_stride(),
        c_row: c.row_stride(),
        a: p.a.as_ptr(),
        n,
        b_k: p.b.row_stride(),
        a_step: 0,
        bias: p.bias.map_or(ptr::null(), <[T]>::as_ptr),
        beta: p.beta,
        relu: p.activation == Activation::Relu,
    };
    Some((vectors, panel))
}

/// Solves a problem by [`Plan::small`].
///
/// # Safety
/// - Every element of the problem's operands is valid, C's for writes; nothing aliases C.
#[inline(never)]
pub(super) unsafe fn small<T: Real, S: Simd<T>>(s: S, p: &Problem<T>, plan: &Plan) {
    s.enter(
        #[inline(always)]
        // SAFETY: the caller's promises; the plan packs no more than the stack holds.
        || unsafe {
            let mut stack = [const { MaybeUninit::<T>::uninit() }; STACK + ALIGN];
            let mut packed = Packed::NOTHING;
            if plan.right {
                packed.right = aligned(&mut stack);
                pack_right(s, p, plan, packed.right);
            }
            compute(s, p, plan, packed, true);
            finish::after(s, p);
        },
    )
}

/// Where the stack's room starts.
#[inline(always)]
fn aligned<T>(stack: &mut [MaybeUninit<T>; STACK + ALIGN]) -> *mut T {
    let start = stack.as_mut_ptr().cast::<T>();
    start.wrapping_add(start.align_offset(64).min(ALIGN))
}

/// Solves a problem with m, n >= 1 by chains.
///
/// # Safety
/// - Every element of the problem's operands is valid, C's for writes; nothing aliases C.
#[inline(always)]
pub(super) unsafe fn solve<T: Real, S: Simd<T>>(s: S, p: &Problem<T>, scratch: &mut [T]) {
    let plan = Plan::new::<T, S>(p);
    // SAFETY: the caller's promises; nothing is packed in the first.
    unsafe {
        if !(plan.left || plan.right) {
            enter(s, p, &plan, ptr::null_mut());
        } else {
            packed(s, p, plan, scratch);
        }
    }
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
    let plan = fits(plan, STACK);
    // SAFETY: the stack has room for the plan behind the aligned start.
    unsafe { enter(s, p, &plan, aligned(&mut stack)) }
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
    let mut j = 0;
    while j < p.n {
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
        j += n;
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
    let mut i = 0;
    while i < run.m {
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
        i += m;
    }
}

/// Where the packed operands of a block lie; null for one that is read where it lies.
#[derive(Clone, Copy)]
struct Packed<T> {
    left: *mut T,
    right: *mut T,
}

impl<T> Packed<T> {
    const NOTHING: Self = Self {
        left: ptr::null_mut(),
        right: ptr::null_mut(),
    };
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

/// All tiles of a block. `last`: its run of k ends the chains.
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
        let (b, b_k) = if plan.right {
            (packed.right.wrapping_add(j * p.k).cast_const(), w)
        } else {
            (p.b.at(0, j).ptr, p.b.row)
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
            let (a, a_row, a_k, a_step) = if plan.left {
                (packed.left.wrapping_add(i * p.k).cast_const(), 1, rows, p.k)
            } else {
                (p.a.at(i, 0).ptr, p.a.row, p.a.col, p.a.row)
            };
            let panel = Panel {
                c: p.c.at(i, j).ptr,
                a_row,
                k: p.k,
                b,
                m: count * rows,
                a_k,
                c_row: p.c.row,
                a,
                n: w.min(p.n - j),
                b_k,
                a_step,
                bias: if bias.is_null() {
                    bias
                } else {
                    bias.wrapping_add(j)
                },
                beta: p.beta,
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

/// [`tile::panel`] for a C whose columns lie `c_col` apart: tile by tile through a buffer.
#[inline(never)]
unsafe fn scattered<T: Real, S: Simd<T>>(
    s: S,
    rows: usize,
    vectors: usize,
    p: Panel<T>,
    c_col: usize,
) {
    let mut buffer = [T::ZERO; TILE];
    let w = vectors * S::LANES;
    for i in (0..p.m).step_by(rows) {
        let place = |r: usize, j: usize| p.c.wrapping_add((i + r) * p.c_row + j * c_col);
        if p.beta != T::ZERO {
            for r in 0..rows {
                for j in 0..p.n {
                    // SAFETY: element (i + r, j) of C.
                    buffer[r * w + j] = unsafe { *place(r, j) };
                }
            }
        }
        let tile = Panel {
            m: rows,
            a: p.a.wrapping_add(i * p.a_step),
            c: buffer.as_mut_ptr(),
            c_row: w,
            ..p
        };
        // SAFETY: the caller's promises; the buffer holds a tile.
        unsafe { tile::panel(s, rows, vectors, &tile) };
        for r in 0..rows {
            for j in 0..p.n {
                // SAFETY: element (i + r, j) of C.
                unsafe { *place(r, j) = buffer[r * w + j] };
            }
        }
    }
}
