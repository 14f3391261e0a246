//! What a reference function needs of its numbers.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number on which a reference function runs.
pub trait Scalar:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// A number given exactly, a constant to every derivative.
    fn exact(x: f64) -> Self;
    /// The number without its derivatives and bounds.
    fn value(self) -> f64;
    /// Whether rounding may have decided this number's sign.
    fn near_zero(self) -> bool {
        false
    }
    /// Marks what follows as undecided, if `doubt`.
    fn doubt(self, _doubt: bool) -> Self {
        self
    }
    /// Notes that the function has a kink where this number is 0.
    fn kink(self) -> Self {
        self.doubt(self.near_zero())
    }
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn ln_1p(self) -> Self;
    fn tanh(self) -> Self;
    fn logistic(self) -> Self;
    fn softplus(self) -> Self;
    fn sqrt(self) -> Self;
    fn erf(self) -> Self;
}

/// The sum; 0 where empty.
pub fn sum<S: Scalar>(items: impl IntoIterator<Item = S>) -> S {
    items
        .into_iter()
        .reduce(|a, b| a + b)
        .unwrap_or(S::exact(0.0))
}

/// The inner product.
pub fn dot<S: Scalar>(a: impl IntoIterator<Item = S>, b: impl IntoIterator<Item = S>) -> S {
    sum(a.into_iter().zip(b).map(|(a, b)| a * b))
}

/// The error function by the series of positive terms `2 / sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!`.
pub fn erf(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut total, mut n) = (x, x, 0.0);
    while term.abs() > 1e-18 * total.abs() {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        total += term;
    }
    std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * total
}

impl Scalar for f64 {
    fn exact(x: f64) -> Self {
        x
    }
    fn value(self) -> f64 {
        self
    }
    fn exp(self) -> Self {
        f64::exp(self)
    }
    fn ln(self) -> Self {
        f64::ln(self)
    }
    fn ln_1p(self) -> Self {
        f64::ln_1p(self)
    }
    fn tanh(self) -> Self {
        f64::tanh(self)
    }
    fn logistic(self) -> Self {
        1.0 / (1.0 + f64::exp(-self))
    }
    fn softplus(self) -> Self {
        self.max(0.0) + f64::ln_1p(f64::exp(-self.abs()))
    }
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    fn erf(self) -> Self {
        erf(self)
    }
}
