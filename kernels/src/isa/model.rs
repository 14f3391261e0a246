//! The array model: registers are arrays of any width, methods are loops over the lanes.
//!
//! With a width of 1 it is the level of machines that have nothing better, plain scalar code and little of it. With the widths 4, 8 and
//! 16 it is the test double of every other: by the same rules for the order of sums its results equal theirs to the bit.
//!
//! Whether [`Simd::fma`] is fused is a part of the token: where the hardware has the instruction (aarch64 always, x86_64 where CPUID
//! says so) it is used, by name, in code that is otherwise compiled for any machine; elsewhere the product is rounded before the sum.

use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::{Isa, Simd};
use crate::Real;

/// The token: every machine has one, of one kind or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Model<const W: usize> {
    /// Says that the hardware has a fused multiply-add; set by [`Model::detect`] alone.
    fused: bool,
}

impl<const W: usize> Model<W> {
    /// The token of this machine.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        let fused = super::level::cpu::fma();
        #[cfg(not(target_arch = "x86_64"))]
        let fused = cfg!(target_arch = "aarch64");
        Self { fused }
    }

    /// As [`Model::detect`], asking the CPU once in the life of the program.
    #[inline]
    pub fn cached() -> Self {
        /// 0 before the first call, then 1 (unfused) or 2 (fused).
        static KNOWN: AtomicU8 = AtomicU8::new(0);
        if cfg!(not(target_arch = "x86_64")) {
            return Self::detect();
        }
        if KNOWN.load(Relaxed) == 0 {
            KNOWN.store(1 + u8::from(Self::detect().fused), Relaxed);
        }
        Self {
            fused: KNOWN.load(Relaxed) == 2,
        }
    }

    /// Whether the other levels' bits are to be expected.
    #[cfg(test)]
    pub fn is_fused(self) -> bool {
        self.fused
    }
}

impl<const W: usize> Isa for Model<W> {
    /// Not inlined: its frame is not for the levels beside it in a dispatch.
    #[inline(never)]
    fn enter<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }

    #[inline(never)]
    fn shared<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }
}

/// What the model needs of a number beyond [`Real`]: its bits, and a fused multiply-add.
pub(crate) trait Element: Real {
    fn fused(a: Self, b: Self, c: Self) -> Self;
    fn magnitude(self) -> Self;
    fn signed(self, sign: Self) -> Self;
    fn pow2(n: Self) -> Self;
    fn split(self) -> (Self, Self);
}

impl Element for f32 {
    #[inline(always)]
    fn fused(a: f32, b: f32, c: f32) -> f32 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: only fused tokens lead here, and they prove FMA; registers in, a register out.
        unsafe {
            let mut c = c;
            core::arch::asm!(
                "vfmadd231ss {c}, {a}, {b}",
                a = in(xmm_reg) a,
                b = in(xmm_reg) b,
                c = inout(xmm_reg) c,
                options(pure, nomem, nostack, preserves_flags),
            );
            c
        }
        #[cfg(not(target_arch = "x86_64"))]
        libm::fmaf(a, b, c)
    }
    #[inline(always)]
    fn magnitude(self) -> f32 {
        f32::abs(self)
    }
    #[inline(always)]
    fn signed(self, sign: f32) -> f32 {
        self.copysign(sign)
    }
    /// `1.5 * 2^23 + 127 + n` holds `n + 127` in its lowest bits: shifted up, they are the exponent of `2^n`.
    #[inline(always)]
    fn pow2(n: f32) -> f32 {
        f32::from_bits((n + 12_583_039.0).to_bits() << 23)
    }
    #[inline(always)]
    fn split(self) -> (f32, f32) {
        let bits = self.to_bits();
        let m = f32::from_bits(bits & 0x007f_ffff | 0x3f80_0000);
        ((bits >> 23) as f32 - 127.0, m)
    }
}

impl Element for f64 {
    #[inline(always)]
    fn fused(a: f64, b: f64, c: f64) -> f64 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: only fused tokens lead here, and they prove FMA; registers in, a register out.
        unsafe {
            let mut c = c;
            core::arch::asm!(
                "vfmadd231sd {c}, {a}, {b}",
                a = in(xmm_reg) a,
                b = in(xmm_reg) b,
                c = inout(xmm_reg) c,
                options(pure, nomem, nostack, preserves_flags),
            );
            c
        }
        #[cfg(not(target_arch = "x86_64"))]
        libm::fma(a, b, c)
    }
    #[inline(always)]
    fn magnitude(self) -> f64 {
        f64::abs(self)
    }
    #[inline(always)]
    fn signed(self, sign: f64) -> f64 {
        self.copysign(sign)
    }
    /// As for `f32`, from `1.5 * 2^52 + 1023 + n`.
    #[inline(always)]
    fn pow2(n: f64) -> f64 {
        f64::from_bits((n + 6_755_399_441_056_767.0).to_bits() << 52)
    }
    #[inline(always)]
    fn split(self) -> (f64, f64) {
        let bits = self.to_bits();
        let m = f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000);
        ((bits >> 52) as f64 - 1023.0, m)
    }
}

/// `f` of every lane. A loop rather than `array::from_fn`, which need not be inlined.
#[inline(always)]
fn lanes<R: Copy + Default, const W: usize>(f: impl Fn(usize) -> R) -> [R; W] {
    let mut v = [R::default(); W];
    for l in 0..W {
        v[l] = f(l);
    }
    v
}

impl<T: Element, const W: usize> Simd<T> for Model<W> {
    type V = [T; W];
    type Mask = [bool; W];
    type Tail = usize;
    const LANES: usize = W;
    const TILE: [usize; 8] = [4, 4, 0, 0, 0, 0, 0, 0];
    type Half = Self;
    const HALVES: bool = false;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }
    #[inline(always)]
    fn splat(self, x: T) -> [T; W] {
        [x; W]
    }
    #[inline(always)]
    fn first(self, v: [T; W]) -> T {
        v[0]
    }
    #[inline(always)]
    unsafe fn load(self, p: *const T) -> [T; W] {
        // SAFETY: the caller's W numbers; an array of T is aligned as T is.
        unsafe { p.cast::<[T; W]>().read() }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut T, v: [T; W]) {
        // SAFETY: the caller's W numbers; an array of T is aligned as T is.
        unsafe { p.cast::<[T; W]>().write(v) }
    }
    #[inline(always)]
    fn tail(self, n: usize) -> usize {
        debug_assert!(n <= W);
        n
    }
    #[inline(always)]
    unsafe fn load_tail(self, p: *const T, tail: usize) -> [T; W] {
        let mut v = [T::ZERO; W];
        for l in 0..tail {
            // SAFETY: the caller's first `tail` numbers.
            v[l] = unsafe { *p.add(l) };
        }
        v
    }
    #[inline(always)]
    unsafe fn store_tail(self, p: *mut T, v: [T; W], tail: usize) {
        for l in 0..tail {
            // SAFETY: the caller's first `tail` numbers.
            unsafe { *p.add(l) = v[l] }
        }
    }

    #[inline(always)]
    fn add(self, a: [T; W], b: [T; W]) -> [T; W] {
        lanes(|l| a[l] + b[l])
    }
    #[inline(always)]
    fn sub(self, a: [T; W], b: [T; W]) -> [T; W] {
        lanes(|l| a[l] - b[l])
    }
    #[inline(always)]
    fn mul(self, a: [T; W], b: [T; W]) -> [T; W] {
        lanes(|l| a[l] * b[l])
    }
    #[inline(always)]
    fn div(self, a: [T; W], b: [T; W]) -> [T; W] {
        lanes(|l| a[l] / b[l])
    }
    #[inline(always)]
    fn fma(self, a: [T; W], b: [T; W], c: [T; W]) -> [T; W] {
        if self.fused {
            lanes(|l| T::fused(a[l], b[l], c[l]))
        } else {
            lanes(|l| a[l] * b[l] + c[l])
        }
    }
    #[inline(always)]
    fn sqrt(self, a: [T; W]) -> [T; W] {
        lanes(|l| Real::sqrt(a[l]))
    }
    #[inline(always)]
    fn abs(self, a: [T; W]) -> [T; W] {
        lanes(|l| a[l].magnitude())
    }
    #[inline(always)]
    fn neg(self, a: [T; W]) -> [T; W] {
        lanes(|l| -a[l])
    }
    #[inline(always)]
    fn copysign(self, a: [T; W], sign: [T; W]) -> [T; W] {
        lanes(|l| a[l].signed(sign[l]))
    }
    #[inline(always)]
    fn min(self, a: [T; W], b: [T; W]) -> [T; W] {
        lanes(|l| if a[l] < b[l] { a[l] } else { b[l] })
    }
    #[inline(always)]
    fn max(self, a: [T; W], b: [T; W]) -> [T; W] {
        lanes(|l| if a[l] > b[l] { a[l] } else { b[l] })
    }
    #[inline(always)]
    fn lt(self, a: [T; W], b: [T; W]) -> [bool; W] {
        lanes(|l| a[l] < b[l])
    }
    #[inline(always)]
    fn le(self, a: [T; W], b: [T; W]) -> [bool; W] {
        lanes(|l| a[l] <= b[l])
    }
    #[inline(always)]
    fn select(self, mask: [bool; W], yes: [T; W], no: [T; W]) -> [T; W] {
        lanes(|l| if mask[l] { yes[l] } else { no[l] })
    }

    #[inline(always)]
    fn pow2(self, n: [T; W]) -> [T; W] {
        lanes(|l| T::pow2(n[l]))
    }
    #[inline(always)]
    fn split(self, x: [T; W]) -> ([T; W], [T; W]) {
        (
            lanes(|l| Element::split(x[l]).0),
            lanes(|l| Element::split(x[l]).1),
        )
    }
    #[inline(always)]
    fn trn<const D: usize>(self, a: [T; W], b: [T; W]) -> ([T; W], [T; W]) {
        let low = lanes(|l| if l & D == 0 { a[l] } else { b[l - D] });
        let high = lanes(|l| if l & D == 0 { a[l + D] } else { b[l] });
        (low, high)
    }
}
