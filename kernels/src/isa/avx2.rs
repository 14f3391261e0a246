//! AVX2 with FMA: 256-bit registers.

use core::arch::x86_64::*;

use super::{Isa, Simd, level::cpu};

/// The token: made only where CPUID has AVX2 and FMA, or where another token says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Avx2(pub(super) ());

impl Avx2 {
    /// The token, if the machine has the instructions.
    pub fn detect() -> Option<Self> {
        cpu::avx2().then_some(Self(()))
    }
}

impl Isa for Avx2 {
    #[inline(always)]
    fn enter<R>(self, f: impl FnOnce() -> R) -> R {
        #[inline]
        #[target_feature(enable = "avx2,fma")]
        fn inner<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: the token proves AVX2 and FMA.
        unsafe { inner(f) }
    }
}

/// `TAIL[8 - n..]` starts with n words of ones.
static TAIL: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

/// The first `n` lanes, as a number and as a mask.
#[derive(Clone, Copy)]
pub(crate) struct Tail {
    n: usize,
    mask: __m256i,
}

/// The first `n` lanes of `words` 32-bit words each.
#[inline(always)]
fn tail(n: usize, words: usize) -> Tail {
    debug_assert!(n * words <= 8);
    // SAFETY: 8 words from 8 - n words, which is at most 8, lie in the 16. The min keeps that true without the assertion.
    let mask = unsafe { _mm256_loadu_si256(TAIL.as_ptr().add(8 - (n * words).min(8)).cast()) };
    Tail { n, mask }
}

// SAFETY, for every block of the two impls: the token proves the instructions; loads and stores hand on the caller's promise.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Simd<f32> for Avx2 {
    type V = __m256;
    type Mask = __m256;
    type Tail = Tail;
    const LANES: usize = 8;
    const TILE: [usize; 8] = [8, 6, 4, 3, 2, 2, 1, 1];
    type Half = Self;
    const HALVES: bool = false;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }
    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    fn first(self, v: __m256) -> f32 {
        unsafe { _mm256_cvtss_f32(v) }
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> __m256 {
        unsafe { _mm256_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: __m256) {
        unsafe { _mm256_storeu_ps(p, v) }
    }
    #[inline(always)]
    fn tail(self, n: usize) -> Tail {
        tail(n, 1)
    }
    #[inline(always)]
    unsafe fn load_tail(self, p: *const f32, tail: Tail) -> __m256 {
        unsafe { _mm256_maskload_ps(p, tail.mask) }
    }
    /// In pieces: a masked store takes a dozen cycles on Zen.
    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f32, v: __m256, tail: Tail) {
        unsafe {
            let (mut p, mut x) = (p, _mm256_castps256_ps128(v));
            if tail.n >= 4 {
                _mm_storeu_ps(p, x);
                (p, x) = (p.add(4), _mm256_extractf128_ps::<1>(v));
            }
            if tail.n == 8 {
                return _mm_storeu_ps(p, x);
            }
            if tail.n & 2 != 0 {
                _mm_storel_pd(p.cast(), _mm_castps_pd(x));
                (p, x) = (p.add(2), _mm_movehl_ps(x, x));
            }
            if tail.n & 1 != 0 {
                _mm_store_ss(p, x);
            }
        }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn sqrt(self, a: __m256) -> __m256 {
        unsafe { _mm256_sqrt_ps(a) }
    }
    #[inline(always)]
    fn abs(self, a: __m256) -> __m256 {
        unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), a) }
    }
    #[inline(always)]
    fn neg(self, a: __m256) -> __m256 {
        unsafe { _mm256_xor_ps(_mm256_set1_ps(-0.0), a) }
    }
    #[inline(always)]
    fn copysign(self, a: __m256, sign: __m256) -> __m256 {
        unsafe {
            _mm256_or_ps(
                _mm256_andnot_ps(_mm256_set1_ps(-0.0), a),
                _mm256_and_ps(_mm256_set1_ps(-0.0), sign),
            )
        }
    }
    #[inline(always)]
    fn min(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    fn lt(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_cmp_ps::<_CMP_LT_OQ>(a, b) }
    }
    #[inline(always)]
    fn le(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_cmp_ps::<_CMP_LE_OQ>(a, b) }
    }
    #[inline(always)]
    fn select(self, mask: __m256, yes: __m256, no: __m256) -> __m256 {
        unsafe { _mm256_blendv_ps(no, yes, mask) }
    }

    /// See the model: the magic sum's lowest bits are the exponent.
    #[inline(always)]
    fn pow2(self, n: __m256) -> __m256 {
        unsafe {
            let sum = _mm256_add_ps(n, _mm256_set1_ps(12_583_039.0));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(sum)))
        }
    }
    /// The exponent's bits under those of `2^23` are `2^23 + 127 + e`.
    #[inline(always)]
    fn split(self, x: __m256) -> (__m256, __m256) {
        unsafe {
            let bits = _mm256_castps_si256(x);
            let high = _mm256_srli_epi32::<23>(bits);
            let sum = _mm256_or_si256(high, _mm256_castps_si256(_mm256_set1_ps(8_388_608.0)));
            let m = _mm256_and_si256(bits, _mm256_set1_epi32(0x007f_ffff));
            let m = _mm256_or_si256(m, _mm256_castps_si256(_mm256_set1_ps(1.0)));
            let e = _mm256_sub_ps(_mm256_castsi256_ps(sum), _mm256_set1_ps(8_388_735.0));
            (e, _mm256_castsi256_ps(m))
        }
    }
    #[inline(always)]
    fn trn<const D: usize>(self, a: __m256, b: __m256) -> (__m256, __m256) {
        unsafe {
            match D {
                1 => (
                    _mm256_blend_ps::<0xaa>(a, _mm256_moveldup_ps(b)),
                    _mm256_blend_ps::<0xaa>(_mm256_movehdup_ps(a), b),
                ),
                2 => (
                    _mm256_shuffle_ps::<0x44>(a, b),
                    _mm256_shuffle_ps::<0xee>(a, b),
                ),
                _ => (
                    _mm256_permute2f128_ps::<0x20>(a, b),
                    _mm256_permute2f128_ps::<0x31>(a, b),
                ),
            }
        }
    }
}

#[allow(clippy::undocumented_unsafe_blocks)]
impl Simd<f64> for Avx2 {
    type V = __m256d;
    type Mask = __m256d;
    type Tail = Tail;
    const LANES: usize = 4;
    const TILE: [usize; 8] = [8, 6, 4, 3, 2, 2, 1, 1];
    type Half = Self;
    const HALVES: bool = false;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }
    #[inline(always)]
    fn splat(self, x: f64) -> __m256d {
        unsafe { _mm256_set1_pd(x) }
    }
    #[inline(always)]
    fn first(self, v: __m256d) -> f64 {
        unsafe { _mm256_cvtsd_f64(v) }
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f64) -> __m256d {
        unsafe { _mm256_loadu_pd(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64, v: __m256d) {
        unsafe { _mm256_storeu_pd(p, v) }
    }
    #[inline(always)]
    fn tail(self, n: usize) -> Tail {
        tail(n, 2)
    }
    #[inline(always)]
    unsafe fn load_tail(self, p: *const f64, tail: Tail) -> __m256d {
        unsafe { _mm256_maskload_pd(p, tail.mask) }
    }
    /// In pieces: a masked store takes a dozen cycles on Zen.
    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f64, v: __m256d, tail: Tail) {
        unsafe {
            let (mut p, mut x) = (p, _mm256_castpd256_pd128(v));
            if tail.n >= 2 {
                _mm_storeu_pd(p, x);
                (p, x) = (p.add(2), _mm256_extractf128_pd::<1>(v));
            }
            if tail.n == 4 {
                return _mm_storeu_pd(p, x);
            }
            if tail.n & 1 != 0 {
                _mm_store_sd(p, x);
            }
        }
    }

    #[inline(always)]
    fn add(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_add_pd(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_sub_pd(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_mul_pd(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_div_pd(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: __m256d, b: __m256d, c: __m256d) -> __m256d {
        unsafe { _mm256_fmadd_pd(a, b, c) }
    }
    #[inline(always)]
    fn sqrt(self, a: __m256d) -> __m256d {
        unsafe { _mm256_sqrt_pd(a) }
    }
    #[inline(always)]
    fn abs(self, a: __m256d) -> __m256d {
        unsafe { _mm256_andnot_pd(_mm256_set1_pd(-0.0), a) }
    }
    #[inline(always)]
    fn neg(self, a: __m256d) -> __m256d {
        unsafe { _mm256_xor_pd(_mm256_set1_pd(-0.0), a) }
    }
    #[inline(always)]
    fn copysign(self, a: __m256d, sign: __m256d) -> __m256d {
        unsafe {
            _mm256_or_pd(
                _mm256_andnot_pd(_mm256_set1_pd(-0.0), a),
                _mm256_and_pd(_mm256_set1_pd(-0.0), sign),
            )
        }
    }
    #[inline(always)]
    fn min(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_min_pd(a, b) }
    }
    #[inline(always)]
    fn max(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_max_pd(a, b) }
    }
    #[inline(always)]
    fn lt(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_cmp_pd::<_CMP_LT_OQ>(a, b) }
    }
    #[inline(always)]
    fn le(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_cmp_pd::<_CMP_LE_OQ>(a, b) }
    }
    #[inline(always)]
    fn select(self, mask: __m256d, yes: __m256d, no: __m256d) -> __m256d {
        unsafe { _mm256_blendv_pd(no, yes, mask) }
    }

    #[inline(always)]
    fn pow2(self, n: __m256d) -> __m256d {
        unsafe {
            let sum = _mm256_add_pd(n, _mm256_set1_pd(6_755_399_441_056_767.0));
            _mm256_castsi256_pd(_mm256_slli_epi64::<52>(_mm256_castpd_si256(sum)))
        }
    }
    /// As for `f32`, with `2^52`.
    #[inline(always)]
    fn split(self, x: __m256d) -> (__m256d, __m256d) {
        unsafe {
            let bits = _mm256_castpd_si256(x);
            let high = _mm256_srli_epi64::<52>(bits);
            let sum = _mm256_or_si256(
                high,
                _mm256_castpd_si256(_mm256_set1_pd(4_503_599_627_370_496.0)),
            );
            let m = _mm256_and_si256(bits, _mm256_set1_epi64x(0x000f_ffff_ffff_ffff));
            let m = _mm256_or_si256(m, _mm256_castpd_si256(_mm256_set1_pd(1.0)));
            let e = _mm256_sub_pd(
                _mm256_castsi256_pd(sum),
                _mm256_set1_pd(4_503_599_627_371_519.0),
            );
            (e, _mm256_castsi256_pd(m))
        }
    }
    #[inline(always)]
    fn trn<const D: usize>(self, a: __m256d, b: __m256d) -> (__m256d, __m256d) {
        unsafe {
            match D {
                1 => (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b)),
                _ => (
                    _mm256_permute2f128_pd::<0x20>(a, b),
                    _mm256_permute2f128_pd::<0x31>(a, b),
                ),
            }
        }
    }
}
