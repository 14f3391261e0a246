//! The 128-bit registers of WebAssembly. There is no fused multiply-add: products are rounded before sums, as in the array model of a
//! machine without one.
//!
//! Beware: LLVM 22 makes `select(le(a, b), b, a)` a `pmax`, which takes the other one of two zeros. No kernel has such a selection.

use core::arch::wasm32::*;

use super::{Isa, Simd};

/// The token. A module that uses these instructions runs only where they are, so that it proves nothing that the target does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Simd128(());

impl Simd128 {
    /// The token.
    pub fn detect() -> Option<Self> {
        Some(Self(()))
    }
}

impl Isa for Simd128 {
    #[inline(always)]
    fn enter<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }
}

// SAFETY, for every block of the two impls: loads and stores hand on the caller's promise.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Simd<f32> for Simd128 {
    type V = v128;
    type Mask = v128;
    type Tail = usize;
    const LANES: usize = 4;
    const TILE: [usize; 8] = [8, 6, 4, 3, 2, 2, 1, 1];
    type Half = Self;
    const HALVES: bool = false;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }
    #[inline(always)]
    fn splat(self, x: f32) -> v128 {
        f32x4_splat(x)
    }
    #[inline(always)]
    fn first(self, v: v128) -> f32 {
        f32x4_extract_lane::<0>(v)
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> v128 {
        unsafe { v128_load(p.cast()) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: v128) {
        unsafe { v128_store(p.cast(), v) }
    }
    #[inline(always)]
    fn tail(self, n: usize) -> usize {
        debug_assert!(n <= 4);
        n
    }
    #[inline(always)]
    unsafe fn load_tail(self, p: *const f32, tail: usize) -> v128 {
        unsafe {
            match tail {
                0 => f32x4_splat(0.0),
                1 => v128_load32_zero(p.cast()),
                2 => v128_load64_zero(p.cast()),
                3 => v128_load32_lane::<2>(v128_load64_zero(p.cast()), p.add(2).cast()),
                _ => v128_load(p.cast()),
            }
        }
    }
    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f32, v: v128, tail: usize) {
        unsafe {
            match tail {
                0 => {}
                1 => v128_store32_lane::<0>(v, p.cast()),
                2 => v128_store64_lane::<0>(v, p.cast()),
                3 => {
                    v128_store64_lane::<0>(v, p.cast());
                    v128_store32_lane::<2>(v, p.add(2).cast());
                }
                _ => v128_store(p.cast(), v),
            }
        }
    }

    #[inline(always)]
    fn add(self, a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }
    #[inline(always)]
    fn sub(self, a: v128, b: v128) -> v128 {
        f32x4_sub(a, b)
    }
    #[inline(always)]
    fn mul(self, a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }
    #[inline(always)]
    fn div(self, a: v128, b: v128) -> v128 {
        f32x4_div(a, b)
    }
    #[inline(always)]
    fn fma(self, a: v128, b: v128, c: v128) -> v128 {
        f32x4_add(f32x4_mul(a, b), c)
    }
    #[inline(always)]
    fn sqrt(self, a: v128) -> v128 {
        f32x4_sqrt(a)
    }
    #[inline(always)]
    fn abs(self, a: v128) -> v128 {
        f32x4_abs(a)
    }
    #[inline(always)]
    fn neg(self, a: v128) -> v128 {
        f32x4_neg(a)
    }
    #[inline(always)]
    fn copysign(self, a: v128, sign: v128) -> v128 {
        v128_bitselect(sign, a, f32x4_splat(-0.0))
    }
    /// `pmin` is `b < a ? b : a`.
    #[inline(always)]
    fn min(self, a: v128, b: v128) -> v128 {
        f32x4_pmin(b, a)
    }
    #[inline(always)]
    fn max(self, a: v128, b: v128) -> v128 {
        f32x4_pmax(b, a)
    }
    #[inline(always)]
    fn lt(self, a: v128, b: v128) -> v128 {
        f32x4_lt(a, b)
    }
    #[inline(always)]
    fn le(self, a: v128, b: v128) -> v128 {
        f32x4_le(a, b)
    }
    #[inline(always)]
    fn select(self, mask: v128, yes: v128, no: v128) -> v128 {
        v128_bitselect(yes, no, mask)
    }

    /// See the model: the magic sum's lowest bits are the exponent.
    #[inline(always)]
    fn pow2(self, n: v128) -> v128 {
        u32x4_shl(f32x4_add(n, f32x4_splat(12_583_039.0)), 23)
    }
    /// The exponent's bits under those of `2^23` are `2^23 + 127 + e`.
    #[inline(always)]
    fn split(self, x: v128) -> (v128, v128) {
        let sum = v128_or(u32x4_shr(x, 23), f32x4_splat(8_388_608.0));
        let m = v128_or(v128_and(x, u32x4_splat(0x007f_ffff)), f32x4_splat(1.0));
        (f32x4_sub(sum, f32x4_splat(8_388_735.0)), m)
    }
    #[inline(always)]
    fn trn<const D: usize>(self, a: v128, b: v128) -> (v128, v128) {
        match D {
            1 => (
                u32x4_shuffle::<0, 4, 2, 6>(a, b),
                u32x4_shuffle::<1, 5, 3, 7>(a, b),
            ),
            _ => (u64x2_shuffle::<0, 2>(a, b), u64x2_shuffle::<1, 3>(a, b)),
        }
    }
}

#[allow(clippy::undocumented_unsafe_blocks)]
impl Simd<f64> for Simd128 {
    type V = v128;
    type Mask = v128;
    type Tail = usize;
    const LANES: usize = 2;
    const TILE: [usize; 8] = [8, 6, 4, 3, 2, 2, 1, 1];
    type Half = Self;
    const HALVES: bool = false;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }
    #[inline(always)]
    fn splat(self, x: f64) -> v128 {
        f64x2_splat(x)
    }
    #[inline(always)]
    fn first(self, v: v128) -> f64 {
        f64x2_extract_lane::<0>(v)
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f64) -> v128 {
        unsafe { v128_load(p.cast()) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64, v: v128) {
        unsafe { v128_store(p.cast(), v) }
    }
    #[inline(always)]
    fn tail(self, n: usize) -> usize {
        debug_assert!(n <= 2);
        n
    }
    #[inline(always)]
    unsafe fn load_tail(self, p: *const f64, tail: usize) -> v128 {
        unsafe {
            match tail {
                0 => f64x2_splat(0.0),
                1 => v128_load64_zero(p.cast()),
                _ => v128_load(p.cast()),
            }
        }
    }
    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f64, v: v128, tail: usize) {
        unsafe {
            match tail {
                0 => {}
                1 => v128_store64_lane::<0>(v, p.cast()),
                _ => v128_store(p.cast(), v),
            }
        }
    }

    #[inline(always)]
    fn add(self, a: v128, b: v128) -> v128 {
        f64x2_add(a, b)
    }
    #[inline(always)]
    fn sub(self, a: v128, b: v128) -> v128 {
        f64x2_sub(a, b)
    }
    #[inline(always)]
    fn mul(self, a: v128, b: v128) -> v128 {
        f64x2_mul(a, b)
    }
    #[inline(always)]
    fn div(self, a: v128, b: v128) -> v128 {
        f64x2_div(a, b)
    }
    #[inline(always)]
    fn fma(self, a: v128, b: v128, c: v128) -> v128 {
        f64x2_add(f64x2_mul(a, b), c)
    }
    #[inline(always)]
    fn sqrt(self, a: v128) -> v128 {
        f64x2_sqrt(a)
    }
    #[inline(always)]
    fn abs(self, a: v128) -> v128 {
        f64x2_abs(a)
    }
    #[inline(always)]
    fn neg(self, a: v128) -> v128 {
        f64x2_neg(a)
    }
    #[inline(always)]
    fn copysign(self, a: v128, sign: v128) -> v128 {
        v128_bitselect(sign, a, f64x2_splat(-0.0))
    }
    /// `pmin` is `b < a ? b : a`.
    #[inline(always)]
    fn min(self, a: v128, b: v128) -> v128 {
        f64x2_pmin(b, a)
    }
    #[inline(always)]
    fn max(self, a: v128, b: v128) -> v128 {
        f64x2_pmax(b, a)
    }
    #[inline(always)]
    fn lt(self, a: v128, b: v128) -> v128 {
        f64x2_lt(a, b)
    }
    #[inline(always)]
    fn le(self, a: v128, b: v128) -> v128 {
        f64x2_le(a, b)
    }
    #[inline(always)]
    fn select(self, mask: v128, yes: v128, no: v128) -> v128 {
        v128_bitselect(yes, no, mask)
    }

    /// See the model: the magic sum's lowest bits are the exponent.
    #[inline(always)]
    fn pow2(self, n: v128) -> v128 {
        u64x2_shl(f64x2_add(n, f64x2_splat(6_755_399_441_056_767.0)), 52)
    }
    /// The exponent's bits under those of `2^52` are `2^52 + 1023 + e`.
    #[inline(always)]
    fn split(self, x: v128) -> (v128, v128) {
        let sum = v128_or(u64x2_shr(x, 52), f64x2_splat(4_503_599_627_370_496.0));
        let m = v128_or(
            v128_and(x, u64x2_splat(0x000f_ffff_ffff_ffff)),
            f64x2_splat(1.0),
        );
        (f64x2_sub(sum, f64x2_splat(4_503_599_627_371_519.0)), m)
    }
    #[inline(always)]
    fn trn<const D: usize>(self, a: v128, b: v128) -> (v128, v128) {
        (u64x2_shuffle::<0, 2>(a, b), u64x2_shuffle::<1, 3>(a, b))
    }
}
