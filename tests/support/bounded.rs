//! Running error analysis (Wilkinson 1963; Higham 2002, section 3.3): a number with a bound on what rounding may have done to it.
//!
//! Beside the value `v` stands its magnitude `m >= |v|`, the sum of the absolute values of all the products it was summed from, and
//! `e`, the error to first order in units of the roundoff `u`. Every operation rounds once:
//! ```text
//! a + b    m = m_a + m_b    e = e_a + e_b + m                 a b    m = m_a m_b    e = m_a e_b + m_b e_a + m
//! f(a)     m = |f(v)|       e = |f'(v)| e_a + C |f(v)|        with C the error of an elementary function, in units of u
//! ```
//! Since magnitudes stand where values would do for one order of summation, the bound is that of `gamma_k |A| |B|`: it holds for every
//! order of the same sums and products, forward or backward through a network.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Scalar;
use super::scalar::erf;

/// Error of an elementary function in units of u: 4 units in the last place.
const ELEMENTARY: f64 = 8.0;

/// Rounding unit of the narrowest type under test: what counts as close to a kink.
const COARSE: f64 = 1.0 / (1 << 24) as f64;

/// A number with a bound on its rounding error.
#[derive(Clone, Copy, Debug)]
pub struct Bounded {
    value: f64,
    magnitude: f64,
    error: f64,
    /// Whether a kink was so near that rounding decides the side.
    pub undecided: bool,
}

impl Bounded {
    /// How far a result computed with the roundoff `u` may lie from this one.
    ///
    /// Twice the bound, for an algorithm that rounds up to twice as often on the way to a number as the reference does, and once more
    /// for the reference's own rounding. `tiny` is the smallest normal number: what underflow may lose, a few times over.
    pub fn tolerance(&self, u: f64, tiny: f64) -> f64 {
        3.0 * u * self.error + 8.0 * tiny
    }

    fn function(self, f: f64, slope: f64) -> Self {
        Self {
            value: f,
            magnitude: f.abs(),
            error: slope.abs() * self.error + ELEMENTARY * f.abs(),
            ..self
        }
    }
}

impl Add for Bounded {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        let magnitude = self.magnitude + o.magnitude;
        Self {
            value: self.value + o.value,
            magnitude,
            error: self.error + o.error + magnitude,
            undecided: self.undecided | o.undecided,
        }
    }
}

impl Neg for Bounded {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            value: -self.value,
            ..self
        }
    }
}

impl Sub for Bounded {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        self + -o
    }
}

impl Mul for Bounded {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        let magnitude = self.magnitude * o.magnitude;
        Self {
            value: self.value * o.value,
            magnitude,
            error: self.magnitude * o.error + o.magnitude * self.error + magnitude,
            undecided: self.undecided | o.undecided,
        }
    }
}

impl Div for Bounded {
    type Output = Self;
    fn div(self, o: Self) -> Self {
        let under = o.value.abs();
        let magnitude = self.magnitude / under;
        Self {
            value: self.value / o.value,
            magnitude,
            error: (self.error + magnitude * o.error) / under + magnitude,
            undecided: self.undecided | o.undecided,
        }
    }
}

impl Scalar for Bounded {
    fn exact(x: f64) -> Self {
        Self {
            value: x,
            magnitude: x.abs(),
            error: 0.0,
            undecided: false,
        }
    }
    fn value(self) -> f64 {
        self.value
    }
    fn near_zero(self) -> bool {
        self.value.abs() <= 2.0 * COARSE * self.error
    }
    fn doubt(self, doubt: bool) -> Self {
        let undecided = self.undecided | doubt;
        Self { undecided, ..self }
    }
    fn exp(self) -> Self {
        let e = self.value.exp();
        self.function(e, e)
    }
    fn ln(self) -> Self {
        self.function(self.value.ln(), 1.0 / self.value)
    }
    fn ln_1p(self) -> Self {
        self.function(self.value.ln_1p(), 1.0 / (1.0 + self.value))
    }
    fn tanh(self) -> Self {
        let t = self.value.tanh();
        self.function(t, 1.0 - t * t)
    }
    fn logistic(self) -> Self {
        let y = 1.0 / (1.0 + (-self.value).exp());
        self.function(y, y * (1.0 - y))
    }
    fn softplus(self) -> Self {
        let slope = 1.0 / (1.0 + (-self.value).exp());
        self.function(Scalar::softplus(self.value), slope)
    }
    fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        self.function(root, 0.5 / root)
    }
    fn erf(self) -> Self {
        let slope = std::f64::consts::FRAC_2_SQRT_PI * (-self.value * self.value).exp();
        self.function(erf(self.value), slope)
    }
}
