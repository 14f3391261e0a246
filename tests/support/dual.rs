//! Dual numbers `a + b e` with `e^2 = 0`: `f(a + b e) = f(a) + f'(a) b e`, exactly.
//!
//! Nested once, `Dual<Dual<f64>>` carries two independent directions: with `x + u e1 + v e2` the part of `f` at `e1 e2` is `u' H v`.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Scalar;

/// A number and its derivative along one direction.
#[derive(Clone, Copy, Debug)]
pub struct Dual<S> {
    pub value: S,
    pub slope: S,
}

impl<S: Scalar> Dual<S> {
    pub fn new(value: S, slope: S) -> Self {
        Self { value, slope }
    }

    /// `f(self)`, given `f` and `f'` at the value.
    fn chain(self, f: S, slope: S) -> Self {
        Self::new(f, slope * self.slope)
    }
}

impl<S: Scalar> Dual<Dual<S>> {
    /// `x + outer e1 + inner e2`.
    pub fn twice(x: f64, outer: f64, inner: f64) -> Self {
        Self::new(
            Dual::new(S::exact(x), S::exact(inner)),
            Dual::new(S::exact(outer), S::exact(0.0)),
        )
    }
}

impl<S: Scalar> Add for Dual<S> {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self::new(self.value + o.value, self.slope + o.slope)
    }
}

impl<S: Scalar> Sub for Dual<S> {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        Self::new(self.value - o.value, self.slope - o.slope)
    }
}

impl<S: Scalar> Neg for Dual<S> {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.value, -self.slope)
    }
}

impl<S: Scalar> Mul for Dual<S> {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        Self::new(
            self.value * o.value,
            self.slope * o.value + self.value * o.slope,
        )
    }
}

impl<S: Scalar> Div for Dual<S> {
    type Output = Self;
    fn div(self, o: Self) -> Self {
        let ratio = self.value / o.value;
        Self::new(ratio, (self.slope - ratio * o.slope) / o.value)
    }
}

impl<S: Scalar> Scalar for Dual<S> {
    fn exact(x: f64) -> Self {
        Self::new(S::exact(x), S::exact(0.0))
    }
    fn value(self) -> f64 {
        self.value.value()
    }
    fn near_zero(self) -> bool {
        self.value.near_zero()
    }
    fn doubt(self, doubt: bool) -> Self {
        Self::new(self.value.doubt(doubt), self.slope.doubt(doubt))
    }
    fn exp(self) -> Self {
        let e = self.value.exp();
        self.chain(e, e)
    }
    fn ln(self) -> Self {
        self.chain(self.value.ln(), S::exact(1.0) / self.value)
    }
    fn ln_1p(self) -> Self {
        let slope = S::exact(1.0) / (S::exact(1.0) + self.value);
        self.chain(self.value.ln_1p(), slope)
    }
    fn tanh(self) -> Self {
        let t = self.value.tanh();
        self.chain(t, S::exact(1.0) - t * t)
    }
    fn logistic(self) -> Self {
        let y = self.value.logistic();
        self.chain(y, y * (S::exact(1.0) - y))
    }
    fn softplus(self) -> Self {
        self.chain(self.value.softplus(), self.value.logistic())
    }
    fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        self.chain(root, S::exact(0.5) / root)
    }
    fn erf(self) -> Self {
        let bell = (-self.value * self.value).exp();
        let factor = S::exact(std::f64::consts::FRAC_2_SQRT_PI);
        self.chain(self.value.erf(), factor * bell)
    }
}
