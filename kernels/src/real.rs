//! The two element types.

use core::fmt::{Debug, Display};
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::entry::Kernels;
use crate::func::{Func, One, Table};

/// `f32` or `f64`: the element type of every kernel. Sealed.
pub trait Real:
    Kernels
    + Table
    + Copy
    + Default
    + PartialEq
    + PartialOrd
    + Debug
    + Display
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Distance from 1 to the next number up.
    const EPSILON: Self;
    /// Largest finite number.
    const MAX: Self;
    /// Smallest positive normal number.
    const MIN_POSITIVE: Self;
    /// Positive infinity.
    const INFINITY: Self;
    /// A quiet NaN.
    const NAN: Self;
    /// `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// Rounds to the nearest.
    fn from_f64(x: f64) -> Self;
    /// Exact.
    fn to_f64(self) -> f64;
    /// Rounds to the nearest.
    #[inline]
    fn from_usize(n: usize) -> Self {
        Self::from_f64(n as f64)
    }
    /// `|x|`.
    #[inline]
    fn abs(self) -> Self {
        if self < Self::ZERO { -self } else { self }
    }
    /// Square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;
    /// The larger; the other one where one is NaN.
    fn max(self, other: Self) -> Self;
    /// The smaller; the other one where one is NaN.
    fn min(self, other: Self) -> Self;
    /// `e^x`.
    #[inline]
    fn exp(self) -> Self {
        Self::one(One::Func(Func::Exp), self)
    }
    /// Natural logarithm.
    #[inline]
    fn ln(self) -> Self {
        Self::one(One::Func(Func::Ln), self)
    }
    /// `log(1 + x)`.
    #[inline]
    fn ln_1p(self) -> Self {
        Self::one(One::Func(Func::Ln1p), self)
    }
    /// Hyperbolic tangent.
    #[inline]
    fn tanh(self) -> Self {
        Self::one(One::Func(Func::Tanh), self)
    }
    /// `1 / (1 + e^-x)`.
    #[inline]
    fn logistic(self) -> Self {
        Self::one(One::Func(Func::Logistic), self)
    }
    /// `log(1 + e^x)`, without overflow.
    #[inline]
    fn softplus(self) -> Self {
        Self::one(One::Func(Func::Softplus), self)
    }
    /// The Gaussian error function.
    #[inline]
    fn erf(self) -> Self {
        Self::one(One::Func(Func::Erf), self)
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const EPSILON: Self = f32::EPSILON;
    const MAX: Self = f32::MAX;
    const MIN_POSITIVE: Self = f32::MIN_POSITIVE;
    const INFINITY: Self = f32::INFINITY;
    const NAN: Self = f32::NAN;
    const NAME: &'static str = "f32";
    #[inline]
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    #[inline]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline]
    fn sqrt(self) -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use core::arch::x86_64::{_mm_cvtss_f32, _mm_set_ss, _mm_sqrt_ss};
            // SAFETY: every x86_64 has SSE.
            unsafe { _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(self))) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        libm::sqrtf(self)
    }
    #[inline]
    fn is_finite(self) -> bool {
        f32::is_finite(self)
    }
    #[inline]
    fn max(self, other: Self) -> Self {
        f32::max(self, other)
    }
    #[inline]
    fn min(self, other: Self) -> Self {
        f32::min(self, other)
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const EPSILON: Self = f64::EPSILON;
    const MAX: Self = f64::MAX;
    const MIN_POSITIVE: Self = f64::MIN_POSITIVE;
    const INFINITY: Self = f64::INFINITY;
    const NAN: Self = f64::NAN;
    const NAME: &'static str = "f64";
    #[inline]
    fn from_f64(x: f64) -> Self {
        x
    }
    #[inline]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline]
    fn sqrt(self) -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use core::arch::x86_64::{_mm_cvtsd_f64, _mm_set_sd, _mm_sqrt_pd};
            // SAFETY: every x86_64 has SSE2.
            unsafe { _mm_cvtsd_f64(_mm_sqrt_pd(_mm_set_sd(self))) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        libm::sqrt(self)
    }
    #[inline]
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
    #[inline]
    fn max(self, other: Self) -> Self {
        f64::max(self, other)
    }
    #[inline]
    fn min(self, other: Self) -> Self {
        f64::min(self, other)
    }
}
