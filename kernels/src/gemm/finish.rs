//! What comes after the sum: bias and activation.
//!
//! The tile adds the bias and applies relu while C is in registers. The costlier activations, and a transposed problem's bias, follow
//! block by block while C is in L1. Either way the bits are those of the separate elementwise kernels.

use core::ptr;

use super::problem::{Problem, Side};
use crate::isa::Simd;
use crate::map::{each, run_activate};
use crate::view::Shape;
use crate::{Activation, MatMut, MatRef, Real};

/// The bias (or null) that the tile adds, and whether it applies relu.
#[inline(always)]
pub(super) fn in_tile<T: Real>(p: &Problem<T>) -> (*const T, bool) {
    match p.given {
        Side::Left => (p.bias, p.activation == Activation::Relu),
        Side::Right => (ptr::null(), false),
    }
}

/// Whether the tile does all of the finish.
#[inline(always)]
pub(super) fn is_in_tile<T: Real>(p: &Problem<T>) -> bool {
    match p.given {
        Side::Left => matches!(p.activation, Activation::Identity | Activation::Relu),
        Side::Right => p.bias.is_null() && p.activation == Activation::Identity,
    }
}

/// Finishes a block: what the tile has left.
///
/// # Safety
/// - The block's C is valid for reads and writes, its bias for reads.
#[inline(always)]
pub(super) unsafe fn after<T: Real, S: Simd<T>>(s: S, p: &Problem<T>) {
    if !is_in_tile(p) {
        // SAFETY: the caller's promises.
        unsafe { pass(s, p) }
    }
}

/// The activation alone, of a whole C whose bias is in it.
///
/// # Safety
/// - C is valid for reads and writes.
#[inline(always)]
pub(super) unsafe fn activate<T: Real, S: Simd<T>>(s: S, p: &Problem<T>) {
    if p.activation != Activation::Identity {
        // SAFETY: the caller's promises.
        unsafe { pass(s, p) }
    }
}

/// A pass over the block's C: a transposed problem's bias, a number a row, then the activation.
#[inline(never)]
unsafe fn pass<T: Real, S: Simd<T>>(s: S, p: &Problem<T>) {
    let shape = |row_stride, col_stride| Shape {
        rows: p.m,
        cols: p.n,
        row_stride,
        col_stride,
    };
    let c = || MatMut::from_parts(p.c.ptr, shape(p.c.row, p.c.col));
    if p.given == Side::Right && !p.bias.is_null() {
        let bias = MatRef::from_parts(p.bias, shape(1, 0));
        s.enter(
            #[inline(always)]
            || {
                each(
                    s,
                    [bias],
                    [c()],
                    #[inline(always)]
                    |[bias], [c]| [s.add(c, bias)],
                );
            },
        );
    }
    if p.activation != Activation::Identity {
        let z = MatRef::from_parts(p.c.ptr, shape(p.c.row, p.c.col));
        run_activate(s, p.activation, z, c());
    }
}
