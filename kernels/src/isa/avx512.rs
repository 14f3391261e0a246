//! AVX-512 F, DQ and VL: 512-bit registers, masks of their own.

use core::arch::x86_64::*;

use super::{Isa, Simd, avx2::Avx2, level::cpu};

/// The token: made only where CPUID has AVX-512 F, DQ and VL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The token, if the machine has the instructions.
    pub fn detect() -> Option<Self> {
        cpu::avx512().then_some(Self(()))
    }
}

impl Isa for Avx512 {
    #[inline(always)]
    fn enter<R>(self, f: impl FnOnce() -> R) -> R {
        #[inline]
        #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
        fn inner<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: the token proves AVX-512 F, DQ and VL.
        unsafe { inner(f) }
    }
}

// SAFETY, for every block of the two impls: the token proves the instructions; loads and stores hand on the caller's promise.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Simd<f32> for Avx512 {
    type V = __m512;
    type Mask = __mmask16;
    type Tail = __mmask16;
    const LANES: usize = 16;
    const TILE: [usize; 8] = [8, 8, 8, 4, 2, 2, 1, 1];
    type Half = Avx2;
    const HALVES: bool = true;

    #[inline(always)]
    fn half(self) -> Avx2 {
        Avx2(())
    }
    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    fn first(self, v: __m512) -> f32 {
        unsafe { _mm512_cvtss_f32(v) }
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: __m512) {
        unsafe { _mm512_storeu_ps(p, v) }
    }
    #[inline(always)]
    fn tail(self, n: usize) -> __mmask16 {
        debug_assert!(n <= 16);
        ((1_u32 << n) - 1) as __mmask16
    }
    #[inline(always)]
    unsafe fn load_tail(self, p: *const f32, tail: __mmask16) -> __m512 {
        unsafe { _mm512_maskz_loadu_ps(tail, p) }
    }
    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f32, v: __m512, tail: __mmask16) {
        unsafe { _mm512_mask_storeu_ps(p, tail, v) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn sqrt(self, a: __m512) -> __m512 {
        unsafe { _mm512_sqrt_ps(a) }
    }
    #[inline(always)]
    fn abs(self, a: __m512) -> __m512 {
        unsafe { _mm512_andnot_ps(_mm512_set1_ps(-0.0), a) }
    }
    #[inline(always)]
    fn neg(self, a: __m512) -> __m512 {
        unsafe { _mm512_xor_ps(_mm512_set1_ps(-0.0), a) }
    }
    #[inline(always)]
    fn copysign(self, a: __m512, sign: __m512) -> __m512 {
        unsafe {
            _mm512_or_ps(
                _mm512_andnot_ps(_mm512_set1_ps(-0.0), a),
                _mm512_and_ps(_mm512_set1_ps(-0.0), sign),
            )
        }
    }
    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn lt(self, a: __m512, b: __m512) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b) }
    }
    #[inline(always)]
    fn le(self, a: __m512, b: __m512) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b) }
    }
    #[inline(always)]
    fn select(self, mask: __mmask16, yes: __m512, no: __m512) -> __m512 {
        unsafe { _mm512_mask_blend_ps(mask, no, yes) }
    }

    /// See the model: the magic sum's lowest bits are the exponent.
    #[inline(always)]
    fn pow2(self, n: __m512) -> __m512 {
        unsafe {
            let sum = _mm512_add_ps(n, _mm512_set1_ps(12_583_039.0));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_castps_si512(sum)))
        }
    }
    /// The exponent's bits under those of `2^23` are `2^23 + 127 + e`.
    #[inline(always)]
    fn split(self, x: __m512) -> (__m512, __m512) {
        unsafe {
            let bits = _mm512_castps_si512(x);
            let high = _mm512_srli_epi32::<23>(bits);
            let sum = _mm512_or_si512(high, _mm512_castps_si512(_mm512_set1_ps(8_388_608.0)));
            let m = _mm512_and_si512(bits, _mm512_set1_epi32(0x007f_ffff));
            let m = _mm512_or_si512(m, _mm512_castps_si512(_mm512_set1_ps(1.0)));
            let e = _mm512_sub_ps(_mm512_castsi512_ps(sum), _mm512_set1_ps(8_388_735.0));
            (e, _mm512_castsi512_ps(m))
        }
    }
    #[inline(always)]
    fn trn<const D: usize>(self, a: __m512, b: __m512) -> (__m512, __m512) {
        unsafe {
            match D {
                1 => (
                    _mm512_mask_moveldup_ps(a, 0xaaaa, b),
                    _mm512_mask_movehdup_ps(b, 0x5555, a),
                ),
                2 => (
                    _mm512_shuffle_ps::<0x44>(a, b),
                    _mm512_shuffle_ps::<0xee>(a, b),
                ),
                4 => (
                    _mm512_mask_shuffle_f32x4::<0xa0>(a, 0xf0f0, b, b),
                    _mm512_mask_shuffle_f32x4::<0xf5>(b, 0x0f0f, a, a),
                ),
                _ => (
                    _mm512_shuffle_f32x4::<0x44>(a, b),
                    _mm512_shuffle_f32x4::<0xee>(a, b),
                ),
            }
        }
    }
}

#[allow(clippy::undocumented_unsafe_blocks)]
impl Simd<f64> for Avx512 {
    type V = __m512d;
    type Mask = __mmask8;
    type Tail = __mmask8;
    const LANES: usize = 8;
    const TILE: [usize; 8] = [8, 8, 8, 4, 2, 2, 1, 1];
    type Half = Avx2;
    const HALVES: bool = true;

    #[inline(always)]
    fn half(self) -> Avx2 {
        Avx2(())
    }
    #[inline(always)]
    fn splat(self, x: f64) -> __m512d {
        unsafe { _mm512_set1_pd(x) }
    }
    #[inline(always)]
    fn first(self, v: __m512d) -> f64 {
        unsafe { _mm512_cvtsd_f64(v) }
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f64) -> __m512d {
        unsafe { _mm512_loadu_pd(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64, v: __m512d) {
        unsafe { _mm512_storeu_pd(p, v) }
    }
    #[inline(always)]
    fn tail(self, n: usize) -> __mmask8 {
        debug_assert!(n <= 8);
        ((1_u32 << n) - 1) as __mmask8
    }
    #[inline(always)]
    unsafe fn load_tail(self, p: *const f64, tail: __mmask8) -> __m512d {
        unsafe { _mm512_maskz_loadu_pd(tail, p) }
    }
    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f64, v: __m512d, tail: __mmask8) {
        unsafe { _mm512_mask_storeu_pd(p, tail, v) }
    }

    #[inline(always)]
    fn add(self, a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_add_pd(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_sub_pd(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_mul_pd(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_div_pd(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: __m512d, b: __m512d, c: __m512d) -> __m512d {
        unsafe { _mm512_fmadd_pd(a, b, c) }
    }
    #[inline(always)]
    fn sqrt(self, a: __m512d) -> __m512d {
        unsafe { _mm512_sqrt_pd(a) }
    }
    #[inline(always)]
    fn abs(self, a: __m512d) -> __m512d {
        unsafe { _mm512_andnot_pd(_mm512_set1_pd(-0.0), a) }
    }
    #[inline(always)]
    fn neg(self, a: __m512d) -> __m512d {
        unsafe { _mm512_xor_pd(_mm512_set1_pd(-0.0), a) }
    }
    #[inline(always)]
    fn copysign(self, a: __m512d, sign: __m512d) -> __m512d {
        unsafe {
            _mm512_or_pd(
                _mm512_andnot_pd(_mm512_set1_pd(-0.0), a),
                _mm512_and_pd(_mm512_set1_pd(-0.0), sign),
            )
        }
    }
    #[inline(always)]
    fn min(self, a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_min_pd(a, b) }
    }
    #[inline(always)]
    fn max(self, a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_max_pd(a, b) }
    }
    #[inline(always)]
    fn lt(self, a: __m512d, b: __m512d) -> __mmask8 {
        unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, b) }
    }
    #[inline(always)]
    fn le(self, a: __m512d, b: __m512d) -> __mmask8 {
        unsafe { _mm512_cmp_pd_mask::<_CMP_LE_OQ>(a, b) }
    }
    #[inline(always)]
    fn select(self, mask: __mmask8, yes: __m512d, no: __m512d) -> __m512d {
        unsafe { _mm512_mask_blend_pd(mask, no, yes) }
    }

    #[inline(always)]
    fn pow2(self, n: __m512d) -> __m512d {
        unsafe {
            let sum = _mm512_add_pd(n, _mm512_set1_pd(6_755_399_441_056_767.0));
            _mm512_castsi512_pd(_mm512_slli_epi64::<52>(_mm512_castpd_si512(sum)))
        }
    }
    /// As for `f32`, with `2^52`.
    #[inline(always)]
    fn split(self, x: __m512d) -> (__m512d, __m512d) {
        unsafe {
            let bits = _mm512_castpd_si512(x);
            let high = _mm512_srli_epi64::<52>(bits);
            let sum = _mm512_or_si512(
                high,
                _mm512_castpd_si512(_mm512_set1_pd(4_503_599_627_370_496.0)),
            );
            let m = _mm512_and_si512(bits, _mm512_set1_epi64(0x000f_ffff_ffff_ffff));
            let m = _mm512_or_si512(m, _mm512_castpd_si512(_mm512_set1_pd(1.0)));
            let e = _mm512_sub_pd(
                _mm512_castsi512_pd(sum),
                _mm512_set1_pd(4_503_599_627_371_519.0),
            );
            (e, _mm512_castsi512_pd(m))
        }
    }
    #[inline(always)]
    fn trn<const D: usize>(self, a: __m512d, b: __m512d) -> (__m512d, __m512d) {
        unsafe {
            match D {
                1 => (_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b)),
                2 => (
                    _mm512_mask_shuffle_f64x2::<0xa0>(a, 0xcc, b, b),
                    _mm512_mask_shuffle_f64x2::<0xf5>(b, 0x33, a, a),
                ),
                _ => (
                    _mm512_shuffle_f64x2::<0x44>(a, b),
                    _mm512_shuffle_f64x2::<0xee>(a, b),
                ),
            }
        }
    }
}
