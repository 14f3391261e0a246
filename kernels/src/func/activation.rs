//! Activations and their derivatives.

use core::f64::consts::FRAC_1_SQRT_2;

use super::{One, c, erfc_exponent, exp, exp_core, logistic, tanh};
use crate::Real;
use crate::isa::Simd;

/// An activation function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// `z`.
    #[default]
    Identity,
    /// `max(z, 0)`; NaN stays.
    Relu,
    /// `tanh z`.
    Tanh,
    /// `1 / (1 + e^-z)`.
    Logistic,
    /// `z Phi(z)`, Phi the normal distribution function (Hendrycks and Gimpel 2016), exact, by erf.
    Gelu,
}

impl Activation {
    /// The activation of one number, with the bits that a whole matrix gets.
    pub fn value<T: Real>(self, z: T) -> T {
        T::one(One::Value(self), z)
    }

    /// Whether derivatives need `z` (gelu); the others take them from the output `y`.
    pub fn needs_input(self) -> bool {
        self == Self::Gelu
    }

    /// First and second derivative by z, from `at`: `z` if [`Activation::needs_input`], else `y`.
    pub fn derivatives<T: Real>(self, at: T) -> (T, T) {
        (T::one(One::First(self), at), T::one(One::Second(self), at))
    }
}

/// `max(z, 0)`; NaN stays.
#[inline(always)]
pub(crate) fn relu<T: Real, S: Simd<T>>(s: S, z: S::V) -> S::V {
    s.max(s.splat(T::ZERO), z)
}

/// The activation, lane by lane.
#[inline(always)]
pub(crate) fn activate<T: Real, S: Simd<T>>(s: S, activation: Activation, z: S::V) -> S::V {
    s.shared(
        #[inline(always)]
        move || match activation {
            Activation::Identity => z,
            Activation::Relu => relu(s, z),
            Activation::Tanh => tanh(s, z),
            Activation::Logistic => logistic(s, z),
            Activation::Gelu => gelu(s, z),
        },
    )
}

/// `z Phi(z)`.
#[inline(always)]
pub(crate) fn gelu<T: Real, S: Simd<T>>(s: S, z: S::V) -> S::V {
    // The clamp keeps -inf * 0 from being NaN.
    s.mul(normal(s, z), s.max(s.splat(-T::MAX), z))
}

/// First and second derivative, see [`Activation::derivatives`].
#[inline(always)]
pub(crate) fn derivatives<T: Real, S: Simd<T>>(
    s: S,
    activation: Activation,
    at: S::V,
) -> (S::V, S::V) {
    s.shared(
        #[inline(always)]
        move || match activation {
            Activation::Identity => (c(s, 1.0), c(s, 0.0)),
            Activation::Relu => (relu_derivative(s, at), c(s, 0.0)),
            Activation::Tanh => {
                let d = tanh_derivative(s, at);
                (d, s.mul(s.mul(at, c(s, -2.0)), d))
            }
            Activation::Logistic => {
                let d = logistic_derivative(s, at);
                (d, s.mul(d, s.fma(at, c(s, -2.0), c(s, 1.0))))
            }
            Activation::Gelu => gelu_derivatives(s, at),
        },
    )
}

/// 1 where `y > 0`, else 0.
#[inline(always)]
pub(crate) fn relu_derivative<T: Real, S: Simd<T>>(s: S, y: S::V) -> S::V {
    s.select(s.lt(c(s, 0.0), y), c(s, 1.0), c(s, 0.0))
}

/// `1 - y^2`.
#[inline(always)]
pub(crate) fn tanh_derivative<T: Real, S: Simd<T>>(s: S, y: S::V) -> S::V {
    s.fma(s.neg(y), y, c(s, 1.0))
}

/// `y (1 - y)`.
#[inline(always)]
pub(crate) fn logistic_derivative<T: Real, S: Simd<T>>(s: S, y: S::V) -> S::V {
    s.mul(y, s.sub(c(s, 1.0), y))
}

/// `Phi(z) + z phi(z)` and `(2 - z^2) phi(z)`.
#[inline(always)]
pub(crate) fn gelu_derivatives<T: Real, S: Simd<T>>(s: S, at: S::V) -> (S::V, S::V) {
    // Beyond, the density is 0, and so is its product with z, unless z is infinite.
    let far = c(s, 1e4);
    let z = s.max(s.neg(far), s.min(far, at));
    let square = s.mul(z, z);
    let density = exp(s, s.mul(square, c(s, -0.5)));
    let density = s.mul(density, c(s, 0.398_942_280_401_432_7));
    let first = s.fma(z, density, normal(s, at));
    (first, s.mul(density, s.sub(c(s, 2.0), square)))
}

/// The normal distribution function `Phi(z) = (1 + erf(z / sqrt 2)) / 2`; with `1 - erf|x| = e^-u` its small tail is not a difference.
#[inline(always)]
fn normal<T: Real, S: Simd<T>>(s: S, z: S::V) -> S::V {
    let (zero, one, half) = (c(s, 0.0), c(s, 1.0), c(s, 0.5));
    let a = s.mul(s.abs(z), c(s, FRAC_1_SQRT_2));
    let (n, q) = exp_core(s, erfc_exponent(s, a));
    let tail = s.mul(s.mul(s.add(q, one), s.pow2(n)), half);
    let tail = s.select(s.le(s.splat(T::ERF_END), a), zero, tail);
    s.select(s.lt(z, zero), tail, s.sub(one, tail))
}
