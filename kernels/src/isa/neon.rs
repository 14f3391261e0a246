//! NEON of 64-bit Arm: 128-bit registers, a fused multiply-add.

use core::arch::aarch64::*;

use super::{Isa, Simd};

/// The token. Every 64-bit Arm has NEON, so that it proves nothing that the target does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Neon(());

impl Neon {
    /// The token.
    pub fn detect() -> Option<Self> {
        Some(Self(()))
    }
}

impl Isa for Neon {
    #[inline(always)]
    fn enter<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }
}

// SAFETY, for every block of the two impls: the target has NEON; loads and stores hand on the caller's promise.
#[allow(clippy::undocumented_unsafe_blocks, unused_unsafe)]
impl Simd<f32> for Neon {
    type V = float32x4_t;
    type Mask = uint32x4_t;
    type Tail = usize;
    const LANES: usize = 4;
    const TILE: [usize; 8] = [8, 8, 8, 4, 2, 2, 1, 1];
    type Half = Self;
    const HALVES: bool = false;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }
    #[inline(always)]
    fn splat(self, x: f32) -> float32x4_t {
        unsafe { vdupq_n_f32(x) }
    }
    #[inline(always)]
    fn first(self, v: float32x4_t) -> f32 {
        unsafe { vgetq_lane_f32::<0>(v) }
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> float32x4_t {
        unsafe { vld1q_f32(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: float32x4_t) {
        unsafe { vst1q_f32(p, v) }
    }
    #[inline(always)]
    fn tail(self, n: usize) -> usize {
        debug_assert!(n <= 4);
        n
    }
    #[inline(always)]
    unsafe fn load_tail(self, p: *const f32, tail: usize) -> float32x4_t {
        unsafe {
            let zero = vdup_n_f32(0.0);
            match tail {
                0 => vcombine_f32(zero, zero),
                1 => vcombine_f32(vld1_lane_f32::<0>(p, zero), zero),
                2 => vcombine_f32(vld1_f32(p), zero),
                3 => vcombine_f32(vld1_f32(p), vld1_lane_f32::<0>(p.add(2), zero)),
                _ => vld1q_f32(p),
            }
        }
    }
    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f32, v: float32x4_t, tail: usize) {
        unsafe {
            match tail {
                0 => {}
                1 => vst1q_lane_f32::<0>(p, v),
                2 => vst1_f32(p, vget_low_f32(v)),
                3 => {
                    vst1_f32(p, vget_low_f32(v));
                    vst1q_lane_f32::<2>(p.add(2), v);
                }
                _ => vst1q_f32(p, v),
            }
        }
    }

    #[inline(always)]
    fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { vaddq_f32(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { vsubq_f32(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { vmulq_f32(a, b) }
    }
    #[inline(always)]
    fn div(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { vdivq_f32(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        unsafe { vfmaq_f32(c, a, b) }
    }
    #[inline(always)]
    fn sqrt(self, a: float32x4_t) -> float32x4_t {
        unsafe { vsqrtq_f32(a) }
    }
    #[inline(always)]
    fn abs(self, a: float32x4_t) -> float32x4_t {
        unsafe { vabsq_f32(a) }
    }
    #[inline(always)]
    fn neg(self, a: float32x4_t) -> float32x4_t {
        unsafe { vnegq_f32(a) }
    }
    #[inline(always)]
    fn copysign(self, a: float32x4_t, sign: float32x4_t) -> float32x4_t {
        unsafe { vbslq_f32(vdupq_n_u32(1 << 31), sign, a) }
    }
    /// By comparison: the instruction has other rules for NaN and zeros.
    #[inline(always)]
    fn min(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { vbslq_f32(vcltq_f32(a, b), a, b) }
    }
    #[inline(always)]
    fn max(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
    }
    #[inline(always)]
    fn lt(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t {
        unsafe { vcltq_f32(a, b) }
    }
    #[inline(always)]
    fn le(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t {
        unsafe { vcleq_f32(a, b) }
    }
    #[inline(always)]
    fn select(self, mask: uint32x4_t, yes: float32x4_t, no: float32x4_t) -> float32x4_t {
        unsafe { vbslq_f32(mask, yes, no) }
    }

    /// See the model: the magic sum's lowest bits are the exponent.
    #[inline(always)]
    fn pow2(self, n: float32x4_t) -> float32x4_t {
        unsafe {
            let sum = vaddq_f32(n, vdupq_n_f32(12_583_039.0));
            vreinterpretq_f32_u32(vshlq_n_u32::<23>(vreinterpretq_u32_f32(sum)))
        }
    }
    #[inline(always)]
    fn split(self, x: float32x4_t) -> (float32x4_t, float32x4_t) {
        unsafe {
            let bits = vreinterpretq_u32_f32(x);
            let e = vcvtq_f32_u32(vshrq_n_u32::<23>(bits));
            let one = vreinterpretq_u32_f32(vdupq_n_f32(1.0));
            let m = vorrq_u32(vandq_u32(bits, vdupq_n_u32(0x007f_ffff)), one);
            (vsubq_f32(e, vdupq_n_f32(127.0)), vreinterpretq_f32_u32(m))
        }
    }
    #[inline(always)]
    fn trn<const D: usize>(self, a: float32x4_t, b: float32x4_t) -> (float32x4_t, float32x4_t) {
        unsafe {
            match D {
                1 => (vtrn1q_f32(a, b), vtrn2q_f32(a, b)),
                _ => {
                    let (a, b) = (vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b));
                    let (low, high) = (vtrn1q_f64(a, b), vtrn2q_f64(a, b));
                    (vreinterpretq_f32_f64(low), vreinterpretq_f32_f64(high))
                }
            }
        }
    }
}

#[allow(clippy::undocumented_unsafe_blocks, unused_unsafe)]
impl Simd<f64> for Neon {
    type V = float64x2_t;
    type Mask = uint64x2_t;
    type Tail = usize;
    const LANES: usize = 2;
    const TILE: [usize; 8] = [8, 8, 8, 4, 2, 2, 1, 1];
    type Half = Self;
    const HALVES: bool = false;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }
    #[inline(always)]
    fn splat(self, x: f64) -> float64x2_t {
        unsafe { vdupq_n_f64(x) }
    }
    #[inline(always)]
    fn first(self, v: float64x2_t) -> f64 {
        unsafe { vgetq_lane_f64::<0>(v) }
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f64) -> float64x2_t {
        unsafe { vld1q_f64(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64, v: float64x2_t) {
        unsafe { vst1q_f64(p, v) }
    }
    #[inline(always)]
    fn tail(self, n: usize) -> usize {
        debug_assert!(n <= 2);
        n
    }
    #[inline(always)]
    unsafe fn load_tail(self, p: *const f64, tail: usize) -> float64x2_t {
        unsafe {
            match tail {
                0 => vdupq_n_f64(0.0),
                1 => vld1q_lane_f64::<0>(p, vdupq_n_f64(0.0)),
                _ => vld1q_f64(p),
            }
        }
    }
    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f64, v: float64x2_t, tail: usize) {
        unsafe {
            match tail {
                0 => {}
                1 => vst1q_lane_f64::<0>(p, v),
                _ => vst1q_f64(p, v),
            }
        }
    }

    #[inline(always)]
    fn add(self, a: float64x2_t, b: float64x2_t) -> float64x2_t {
        unsafe { vaddq_f64(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: float64x2_t, b: float64x2_t) -> float64x2_t {
        unsafe { vsubq_f64(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: float64x2_t, b: float64x2_t) -> float64x2_t {
        unsafe { vmulq_f64(a, b) }
    }
    #[inline(always)]
    fn div(self, a: float64x2_t, b: float64x2_t) -> float64x2_t {
        unsafe { vdivq_f64(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: float64x2_t, b: float64x2_t, c: float64x2_t) -> float64x2_t {
        unsafe { vfmaq_f64(c, a, b) }
    }
    #[inline(always)]
    fn sqrt(self, a: float64x2_t) -> float64x2_t {
        unsafe { vsqrtq_f64(a) }
    }
    #[inline(always)]
    fn abs(self, a: float64x2_t) -> float64x2_t {
        unsafe { vabsq_f64(a) }
    }
    #[inline(always)]
    fn neg(self, a: float64x2_t) -> float64x2_t {
        unsafe { vnegq_f64(a) }
    }
    #[inline(always)]
    fn copysign(self, a: float64x2_t, sign: float64x2_t) -> float64x2_t {
        unsafe { vbslq_f64(vdupq_n_u64(1 << 63), sign, a) }
    }
    #[inline(always)]
    fn min(self, a: float64x2_t, b: float64x2_t) -> float64x2_t {
        unsafe { vbslq_f64(vcltq_f64(a, b), a, b) }
    }
    #[inline(always)]
    fn max(self, a: float64x2_t, b: float64x2_t) -> float64x2_t {
        unsafe { vbslq_f64(vcgtq_f64(a, b), a, b) }
    }
    #[inline(always)]
    fn lt(self, a: float64x2_t, b: float64x2_t) -> uint64x2_t {
        unsafe { vcltq_f64(a, b) }
    }
    #[inline(always)]
    fn le(self, a: float64x2_t, b: float64x2_t) -> uint64x2_t {
        unsafe { vcleq_f64(a, b) }
    }
    #[inline(always)]
    fn select(self, mask: uint64x2_t, yes: float64x2_t, no: float64x2_t) -> float64x2_t {
        unsafe { vbslq_f64(mask, yes, no) }
    }

    #[inline(always)]
    fn pow2(self, n: float64x2_t) -> float64x2_t {
        unsafe {
            let sum = vaddq_f64(n, vdupq_n_f64(6_755_399_441_056_767.0));
            vreinterpretq_f64_u64(vshlq_n_u64::<52>(vreinterpretq_u64_f64(sum)))
        }
    }
    #[inline(always)]
    fn split(self, x: float64x2_t) -> (float64x2_t, float64x2_t) {
        unsafe {
            let bits = vreinterpretq_u64_f64(x);
            let e = vcvtq_f64_u64(vshrq_n_u64::<52>(bits));
            let one = vreinterpretq_u64_f64(vdupq_n_f64(1.0));
            let m = vorrq_u64(vandq_u64(bits, vdupq_n_u64(0x000f_ffff_ffff_ffff)), one);
            (vsubq_f64(e, vdupq_n_f64(1023.0)), vreinterpretq_f64_u64(m))
        }
    }
    #[inline(always)]
    fn trn<const D: usize>(self, a: float64x2_t, b: float64x2_t) -> (float64x2_t, float64x2_t) {
        unsafe { (vtrn1q_f64(a, b), vtrn2q_f64(a, b)) }
    }
}
