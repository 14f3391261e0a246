//! Elementary functions, one source for every instruction set and both types.
//!
//! Each function is a reduction of its argument, a minimax polynomial ([`coefficients`], with the script that made them) and a
//! reconstruction, without branches and without table look-ups, so that lanes do not depend on each other and every fused level gives
//! the same bits. Three cores carry all of them:
//!
//! ```text
//! e^x      n = round(x / ln 2), r = x - n ln 2 (ln 2 in two parts: n LN2_HI is exact), |r| <= ln(2)/2
//!          q = r + r^2 Q(r) ~ e^r - 1,   e^x = 2^n (1 + q),   e^x - 1 = 2^n q + (2^n - 1)     Tang 1989, 1992
//! ln       x = 2^k (1 + f), sqrt(1/2) < 1 + f <= sqrt(2), s = f / (2 + f), z = s^2
//!          ln(1 + f) = f - f^2/2 + s (f^2/2 + z R(z)),   ln x = k ln 2 + ln(1 + f)            Ng 1993 (fdlibm)
//! erf      1 - erf a = e^-u, u = a H(a) for a = |x|:   erf a = -(e^-u - 1)
//! ```
//!
//! The last line needs one polynomial where others need two to four: H is smooth, and an error in u counts the less the nearer erf is
//! to 1. From the cores:
//!
//! ```text
//! log(1 + x)   f = 2^-k x + (2^-k - 1), one rounding, no cancellation, k from 1 + x
//! tanh a       E / (E + 2), E = e^2a - 1
//! logistic x   (x < 0: e, else 1) / (1 + e), e = e^-|x|
//! softplus x   max(x, 0) + log(1 + e)
//! ```
//!
//! Rounding to an integer adds and subtracts `1.5 * 2^23` (or `2^52`); `2^n` is an integer addition and a shift ([`Simd::pow2`]). Where
//! `e^x` may leave the normal range, `2^n` comes in two factors, so that overflow and subnormal results round once.
//!
//! # Accuracy
//! Largest error in units in the last place of the exact result, at fused levels, over all arguments (subnormal ones and results too);
//! `tests/functions.rs` holds it, for f32 against f64, for f64 against double-double arithmetic.
//!
//! | function | domain | f32 | f64 |
//! |---|---|---|---|
//! | `exp` | all | 1.0 | 1.0 |
//! | `ln` | x > 0 | 1.0 | 1.0 |
//! | `ln_1p` | x > -1 | 1.5 | 1.5 |
//! | `tanh` | all | 2.5 | 2.5 |
//! | `logistic` | all | 2.5 | 2.5 |
//! | `softplus` | all | 2.0 | 2.0 |
//! | `erf` | all | 2.0 | 2.0 |
//!
//! # Special values
//! NaN gives NaN. `exp(-inf) = 0`, `exp(inf) = inf`; `ln(+-0) = -inf`, `ln(x < 0)` is NaN, `ln(inf) = inf`; `log1p(-1) = -inf`,
//! `log1p(x < -1)` is NaN; `tanh`, `erf` and `log1p` keep the sign of 0; `tanh(+-inf) = erf(+-inf) = +-1`; logistic goes from 0 to 1 and
//! softplus from 0 to inf.

mod activation;
mod coefficients;

pub use activation::Activation;
pub(crate) use activation::{
    activate, derivatives, gelu, gelu_derivatives, logistic_derivative, relu, relu_derivative,
    tanh_derivative,
};
pub use coefficients::Table;

use crate::Real;
use crate::isa::Simd;

/// An elementary function, for [`map`](crate::map()).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Func {
    /// `e^x`.
    Exp,
    /// Natural logarithm.
    Ln,
    /// `log(1 + x)`.
    Ln1p,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Logistic,
    /// `log(1 + e^x)`.
    Softplus,
    /// Gaussian error function.
    Erf,
}

/// `x` in every lane.
#[inline(always)]
fn c<T: Real, S: Simd<T>>(s: S, x: f64) -> S::V {
    s.splat(T::from_f64(x))
}

/// `c[0] + c[1] x + c[2] x^2 + ..` as two interleaved Horner chains, even and odd powers, for half the latency.
#[inline(always)]
fn polynomial<T: Real, S: Simd<T>>(s: S, c: &[T], x: S::V) -> S::V {
    let n = c.len();
    let square = s.mul(x, x);
    let (mut high, mut low) = (s.splat(c[n - 1]), s.splat(c[n - 2]));
    let mut i = n - 2;
    while i >= 2 {
        high = s.fma(high, square, s.splat(c[i - 1]));
        low = s.fma(low, square, s.splat(c[i - 2]));
        i -= 2;
    }
    // The chains now start at c[i + 1] and c[i] with i = 0, or i = 1 and c[0] is left.
    let sum = s.fma(high, x, low);
    if i == 1 {
        s.fma(sum, x, s.splat(c[0]))
    } else {
        sum
    }
}

/// The integer nearest to `a b`, to even where the product rounds half-way.
#[inline(always)]
fn round_product<T: Real, S: Simd<T>>(s: S, a: S::V, b: S::V) -> S::V {
    let magic = s.splat(T::from_f64(1.5) / T::EPSILON);
    s.sub(s.fma(a, b, magic), magic)
}

/// `(n, q)` with `e^x = 2^n (1 + q)`, for |x| below 1e3 or so.
#[inline(always)]
fn exp_core<T: Real, S: Simd<T>>(s: S, x: S::V) -> (S::V, S::V) {
    let n = round_product(s, x, c(s, core::f64::consts::LOG2_E));
    let r = s.fma(n, s.splat(-T::LN2_HI), x);
    let r = s.fma(n, s.splat(-T::LN2_LO), r);
    (n, s.fma(s.mul(r, r), polynomial(s, T::EXP, r), r))
}

/// `e^x`.
#[inline(always)]
pub(crate) fn exp<T: Real, S: Simd<T>>(s: S, x: S::V) -> S::V {
    s.shared(
        #[inline(always)]
        move || {
            // In this order a NaN stays.
            let x = s.max(s.splat(T::EXP_MIN), s.min(s.splat(T::EXP_MAX), x));
            let (n, q) = exp_core(s, x);
            let half = round_product(s, n, c(s, 0.5));
            let y = s.mul(s.add(q, c(s, 1.0)), s.pow2(half));
            s.mul(y, s.pow2(s.sub(n, half)))
        },
    )
}

/// `e^x - 1` while `2^n` and its inverse are normal.
#[inline(always)]
fn exp_m1<T: Real, S: Simd<T>>(s: S, x: S::V) -> S::V {
    s.shared(
        #[inline(always)]
        move || {
            let (n, q) = exp_core(s, x);
            let power = s.pow2(n);
            s.fma(power, q, s.sub(power, c(s, 1.0)))
        },
    )
}

/// `k ln 2 + ln(1 + f)` for `sqrt(1/2) <= 1 + f <= sqrt(2)` and integers k.
#[inline(always)]
fn ln_core<T: Real, S: Simd<T>>(s: S, k: S::V, f: S::V) -> S::V {
    s.shared(
        #[inline(always)]
        move || {
            let ratio = s.div(f, s.add(f, c(s, 2.0)));
            let z = s.mul(ratio, ratio);
            let tail = s.mul(z, polynomial(s, T::LN, z));
            let half = s.mul(s.mul(f, f), c(s, 0.5));
            let small = s.fma(ratio, s.add(half, tail), s.mul(k, s.splat(T::LN2_LO)));
            s.fma(k, s.splat(T::LN2_HI), s.sub(f, s.sub(half, small)))
        },
    )
}

/// `(k, m)` with `x = 2^k m`, `sqrt(1/2) < m <= sqrt(2)`, for positive normal x.
#[inline(always)]
fn split_centred<T: Real, S: Simd<T>>(s: S, x: S::V) -> (S::V, S::V) {
    let (k, m) = s.split(x);
    let big = s.lt(c(s, core::f64::consts::SQRT_2), m);
    let k = s.select(big, s.add(k, c(s, 1.0)), k);
    (k, s.select(big, s.mul(m, c(s, 0.5)), m))
}

/// `y`, a logarithm of finite positive `x`, made right for the rest: -inf at 0, NaN below, `x` itself for inf and NaN.
#[inline(always)]
fn ln_ends<T: Real, S: Simd<T>>(s: S, x: S::V, y: S::V) -> S::V {
    let zero = c(s, 0.0);
    let bad = s.select(s.lt(x, zero), s.splat(T::NAN), s.splat(-T::INFINITY));
    let y = s.select(s.le(x, zero), bad, y);
    s.select(s.le(x, s.splat(T::MAX)), y, x)
}

/// Natural logarithm.
#[inline(always)]
pub(crate) fn ln<T: Real, S: Simd<T>>(s: S, x: S::V) -> S::V {
    let subnormal = s.lt(x, s.splat(T::MIN_POSITIVE));
    let scaled = s.mul(x, s.splat(T::ONE / T::EPSILON));
    let (k, m) = split_centred(s, s.select(subnormal, scaled, x));
    let k = s.select(subnormal, s.sub(k, s.splat(T::MANTISSA_BITS)), k);
    ln_ends(s, x, ln_core(s, k, s.sub(m, c(s, 1.0))))
}

/// `log(1 + x)`.
#[inline(always)]
pub(crate) fn ln_1p<T: Real, S: Simd<T>>(s: S, x: S::V) -> S::V {
    let one = c(s, 1.0);
    let sum = s.add(x, one);
    let (k, m) = split_centred(s, sum);
    // Far out the 1 does not count, and 2^-k may not be normal.
    let far = c(s, 64.0);
    let inverse = s.pow2(s.neg(s.min(k, far)));
    let near = s.fma(x, inverse, s.sub(inverse, one));
    let f = s.select(s.lt(k, far), near, s.sub(m, one));
    let y = ln_ends(s, sum, ln_core(s, k, f));
    let tiny = s.splat(T::EPSILON * T::from_f64(0.25));
    s.select(s.lt(s.abs(x), tiny), x, y)
}

/// Hyperbolic tangent: odd, never beyond 1.
#[inline(always)]
pub(crate) fn tanh<T: Real, S: Simd<T>>(s: S, x: S::V) -> S::V {
    let a = s.min(s.splat(T::TANH_END), s.abs(x));
    let e = exp_m1(s, s.add(a, a));
    s.copysign(s.div(e, s.add(e, c(s, 2.0))), x)
}

/// `1 / (1 + e^-x)` from `e = e^-|x|`.
#[inline(always)]
fn logistic_of<T: Real, S: Simd<T>>(s: S, x: S::V, e: S::V) -> S::V {
    let one = c(s, 1.0);
    s.div(s.select(s.lt(x, c(s, 0.0)), e, one), s.add(e, one))
}

/// `log(1 + e^x)` from `e = e^-|x|`.
#[inline(always)]
fn softplus_of<T: Real, S: Simd<T>>(s: S, x: S::V, e: S::V) -> S::V {
    let (zero, half) = (c(s, 0.0), c(s, 0.5));
    // 1 + e lies between 1 and 2: k is 0 or 1.
    let big = s.lt(c(s, core::f64::consts::SQRT_2 - 1.0), e);
    let f = s.select(big, s.fma(e, half, s.neg(half)), e);
    let log = ln_core(s, s.select(big, c(s, 1.0), zero), f);
    s.add(s.max(zero, x), log)
}

/// `e^-|x|`.
#[inline(always)]
fn exp_neg_abs<T: Real, S: Simd<T>>(s: S, x: S::V) -> S::V {
    exp(s, s.neg(s.abs(x)))
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn logistic<T: Real, S: Simd<T>>(s: S, x: S::V) -> S::V {
    logistic_of(s, x, exp_neg_abs(s, x))
}

/// `log(1 + e^x)`.
#[inline(always)]
pub(crate) fn softplus<T: Real, S: Simd<T>>(s: S, x: S::V) -> S::V {
    softplus_of(s, x, exp_neg_abs(s, x))
}

/// Both of the above for one exponential: `(softplus, logistic)`.
#[inline(always)]
pub(crate) fn softplus_logistic<T: Real, S: Simd<T>>(s: S, x: S::V) -> (S::V, S::V) {
    let e = exp_neg_abs(s, x);
    (softplus_of(s, x, e), logistic_of(s, x, e))
}

/// `-u` with `1 - erf(a) = e^-u`, for `a >= 0`, taken at most at ERF_END.
#[inline(always)]
fn erfc_exponent<T: Real, S: Simd<T>>(s: S, a: S::V) -> S::V {
    let a = s.neg(s.min(s.splat(T::ERF_END), a));
    let rest = s.mul(a, polynomial(s, T::ERF, s.neg(a)));
    s.fma(a, s.splat(T::ERF_HI), rest)
}

/// Gaussian error function: odd, never beyond 1.
#[inline(always)]
pub(crate) fn erf<T: Real, S: Simd<T>>(s: S, x: S::V) -> S::V {
    s.copysign(exp_m1(s, erfc_exponent(s, s.abs(x))), x)
}

/// `f(x)`.
#[inline(always)]
pub(crate) fn apply<T: Real, S: Simd<T>>(s: S, f: Func, x: S::V) -> S::V {
    s.shared(
        #[inline(always)]
        move || match f {
            Func::Exp => exp(s, x),
            Func::Ln => ln(s, x),
            Func::Ln1p => ln_1p(s, x),
            Func::Tanh => tanh(s, x),
            Func::Logistic => logistic(s, x),
            Func::Softplus => softplus(s, x),
            Func::Erf => erf(s, x),
        },
    )
}

/// What the scalar methods ask for.
#[derive(Clone, Copy, Debug)]
pub enum One {
    /// A function.
    Func(Func),
    /// An activation.
    Value(Activation),
    /// Its first derivative.
    First(Activation),
    /// Its second derivative.
    Second(Activation),
}

/// The scalar methods: a register of one lane, hence the same bits.
#[inline(always)]
pub(crate) fn one<T: Real, S: Simd<T>>(s: S, what: One, x: T) -> T {
    let x = s.splat(x);
    s.first(match what {
        One::Func(f) => apply(s, f, x),
        One::Value(a) => activate(s, a, x),
        One::First(a) => derivatives(s, a, x).0,
        One::Second(a) => derivatives(s, a, x).1,
    })
}
