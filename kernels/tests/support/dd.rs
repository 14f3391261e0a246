//! Double-double arithmetic: a number as the unevaluated sum of two f64, about 106 bits (Dekker 1971), and the elementary functions in
//! it. It is the reference for f64 functions: slow, plain, and of other formulas than the kernels'.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// `hi + lo`, |lo| at most half a unit in the last place of hi.
#[derive(Clone, Copy, Debug)]
pub struct Dd {
    pub hi: f64,
    pub lo: f64,
}

/// A double-double times a power of two, so that neither part under- or overflows.
#[derive(Clone, Copy, Debug)]
pub struct Scaled {
    pub m: Dd,
    pub n: i32,
}

const LN2: Dd = Dd {
    hi: std::f64::consts::LN_2,
    lo: 2.319_046_813_846_299_6e-17,
};
const FRAC_2_SQRT_PI: Dd = Dd {
    hi: std::f64::consts::FRAC_2_SQRT_PI,
    lo: 1.533_545_961_316_588e-17,
};
const FRAC_1_SQRT_2: Dd = Dd {
    hi: std::f64::consts::FRAC_1_SQRT_2,
    lo: -4.833_646_656_726_457e-17,
};
const ONE: Dd = Dd { hi: 1.0, lo: 0.0 };

fn two_sum(a: f64, b: f64) -> Dd {
    let hi = a + b;
    let v = hi - a;
    Dd {
        hi,
        lo: (a - (hi - v)) + (b - v),
    }
}

impl From<f64> for Dd {
    fn from(hi: f64) -> Self {
        Self { hi, lo: 0.0 }
    }
}

impl Add for Dd {
    type Output = Dd;
    fn add(self, o: Dd) -> Dd {
        let (s, t) = (two_sum(self.hi, o.hi), two_sum(self.lo, o.lo));
        let s = two_sum(s.hi, s.lo + t.hi);
        two_sum(s.hi, s.lo + t.lo)
    }
}

impl Neg for Dd {
    type Output = Dd;
    fn neg(self) -> Dd {
        Dd {
            hi: -self.hi,
            lo: -self.lo,
        }
    }
}

impl Sub for Dd {
    type Output = Dd;
    fn sub(self, o: Dd) -> Dd {
        self + -o
    }
}

impl Mul for Dd {
    type Output = Dd;
    fn mul(self, o: Dd) -> Dd {
        let hi = self.hi * o.hi;
        let lo = self.hi.mul_add(o.hi, -hi) + (self.hi * o.lo + self.lo * o.hi);
        two_sum(hi, lo)
    }
}

impl Div for Dd {
    type Output = Dd;
    fn div(self, o: Dd) -> Dd {
        let q1 = self.hi / o.hi;
        let r = self - o * q1.into();
        let q2 = r.hi / o.hi;
        let q3 = (r - o * q2.into()).hi / o.hi;
        two_sum(q1, q2) + q3.into()
    }
}

/// `2^n`, also below the normal range.
fn pow2(n: i32) -> f64 {
    f64::powi(2.0, n / 2) * f64::powi(2.0, n - n / 2)
}

impl Dd {
    fn times_pow2(self, n: i32) -> Dd {
        Dd {
            hi: self.hi * pow2(n),
            lo: self.lo * pow2(n),
        }
    }
}

/// `e^x - 1` for |x| <= 0.35: Taylor at `x / 2^9`, then `E(2x) = E(x) (2 + E(x))`.
fn exp_m1_small(x: Dd) -> Dd {
    let x = x.times_pow2(-9);
    let (mut sum, mut term) = (x, x);
    for k in 2..14 {
        term = term * x / Dd::from(f64::from(k));
        sum = sum + term;
    }
    for _ in 0..9 {
        sum = sum * (sum + 2.0.into());
    }
    sum
}

/// `(n, e)` with `e^x = 2^n (1 + e)`.
fn exp_parts(x: Dd) -> (i32, Dd) {
    let n = (x.hi / LN2.hi).round();
    (n as i32, exp_m1_small(x - LN2 * n.into()))
}

fn exp_m1(x: Dd) -> Dd {
    let (n, e) = exp_parts(x);
    if n == 0 {
        e
    } else {
        (ONE + e).times_pow2(n) - ONE
    }
}

fn exp_scaled(x: Dd) -> Scaled {
    let (n, e) = exp_parts(x);
    Scaled { m: ONE + e, n }
}

/// Below this, a third-order term is beyond double-double's reach of f64 accuracy.
const TINY: f64 = 1e-40;

impl Scaled {
    fn plain(m: Dd) -> Self {
        Self { m, n: 0 }
    }

    /// `f` of a tiny argument, where it is `slope x` to any accuracy.
    fn linear(slope: Dd, x: f64) -> Self {
        Self {
            m: slope * Dd::from(x * pow2(600)),
            n: -600,
        }
    }

    /// The nearest f64, or one beside it.
    pub fn value(self) -> f64 {
        self.m.hi * pow2(self.n / 2) * pow2(self.n - self.n / 2)
    }

    /// How far `got` is off, in units in the last place of the exact value; the last place of subnormal numbers is `2^-1074`.
    pub fn ulps(self, got: f64) -> f64 {
        if got.is_infinite() {
            let over = self.n >= 1020 && self.m.hi.abs() * pow2(self.n - 1024) >= 1.0 - pow2(-54);
            return if over && got.signum() == self.m.hi.signum() {
                0.0
            } else {
                f64::INFINITY
            };
        }
        // got 2^-n in two exact steps; -n reaches 1100.
        let scaled = got * pow2(-self.n / 2) * pow2(-self.n + self.n / 2);
        let off = (Dd::from(scaled) - self.m).hi.abs();
        let exponent = (self.m.hi.abs().to_bits() >> 52) as i32 - 1023;
        off / pow2((exponent).max(-1022 - self.n) - 52)
    }
}

/// `e^x`.
pub fn exp(x: f64) -> Scaled {
    // Beyond, every f64 is as wrong or right as at the end.
    exp_scaled(x.clamp(-800.0, 800.0).into())
}

/// `log(1 + f)`: a Newton step for `e^y - 1 = f` from f64's answer.
fn ln_1p_dd(f: Dd) -> Dd {
    let y = Dd::from(f.hi.ln_1p());
    let e = exp_m1(y);
    y + (f - e) / (ONE + e)
}

/// Natural logarithm, x positive.
pub fn ln(x: f64) -> Scaled {
    let (x, shift) = if x < f64::MIN_POSITIVE {
        (x * pow2(60), -60)
    } else {
        (x, 0)
    };
    let k = (x / std::f64::consts::SQRT_2).log2().round() as i32;
    let m = x * pow2(-k / 2) * pow2(-k + k / 2);
    let log = ln_1p_dd(Dd::from(m) - ONE);
    Scaled::plain(LN2 * Dd::from(f64::from(k + shift)) + log)
}

/// `log(1 + x)`, x above -1.
pub fn ln_1p(x: f64) -> Scaled {
    if x.abs() < TINY {
        return Scaled::linear(ONE, x);
    }
    if x > 1e30 {
        return Scaled::plain(ln(x).m + ONE / x.into());
    }
    let sum = Dd::from(x) + ONE;
    let k = sum.hi.log2().round() as i32;
    if k == 0 {
        return Scaled::plain(ln_1p_dd(x.into()));
    }
    let log = ln_1p_dd(sum.times_pow2(-k) - ONE);
    Scaled::plain(LN2 * Dd::from(f64::from(k)) + log)
}

/// Hyperbolic tangent.
pub fn tanh(x: f64) -> Scaled {
    if x.abs() < TINY {
        return Scaled::linear(ONE, x);
    }
    let e = exp_m1(Dd::from(2.0 * x.clamp(-50.0, 50.0)));
    Scaled::plain(e / (e + 2.0.into()))
}

/// `1 / (1 + e^-x)`.
pub fn logistic(x: f64) -> Scaled {
    let e = exp(-x.abs());
    let one_plus = if e.n < -200 {
        ONE
    } else {
        ONE + e.m.times_pow2(e.n)
    };
    if x < 0.0 {
        Scaled {
            m: e.m / one_plus,
            n: e.n,
        }
    } else {
        Scaled::plain(ONE / one_plus)
    }
}

/// `log(1 + e^x)`.
pub fn softplus(x: f64) -> Scaled {
    let e = exp(-x.abs());
    if e.n < -200 {
        return if x < 0.0 { e } else { Scaled::plain(x.into()) };
    }
    let log = ln_1p_dd(e.m.times_pow2(e.n));
    if x < 0.0 {
        Scaled::plain(log)
    } else {
        Scaled::plain(log + x.into())
    }
}

/// `erf x = 2/sqrt(pi) e^(-x^2) (x + 2x^3/3 + 4x^5/15 + ..)`, a sum of positive terms.
pub fn erf(x: f64) -> Scaled {
    if x.abs() < TINY {
        return Scaled::linear(FRAC_2_SQRT_PI, x);
    }
    if x.abs() > 8.0 {
        return Scaled::plain(x.signum().into());
    }
    let square = Dd::from(x) * x.into();
    let (mut sum, mut term, mut odd) = (Dd::from(x), Dd::from(x), 1.0);
    while (term.hi / sum.hi).abs() > 1e-34 {
        odd += 2.0;
        term = term * square * 2.0.into() / Dd::from(odd);
        sum = sum + term;
    }
    let e = exp_scaled(-square);
    Scaled::plain(FRAC_2_SQRT_PI * sum * e.m.times_pow2(e.n))
}

impl Dd {
    /// Square root: f64's, and a Newton step.
    pub fn sqrt(self) -> Dd {
        let root = Dd::from(self.hi.sqrt());
        if root.hi == 0.0 {
            return root;
        }
        root + (self - root * root) / (root + root)
    }
}

/// `(Phi, phi)`: the normal distribution function by its small tail, and its density.
pub fn normal(z: f64) -> (Dd, Dd) {
    let half = Dd::from(0.5);
    if z.abs() > 30.0 {
        return (Dd::from(f64::from(z > 0.0)), Dd::from(0.0));
    }
    let e = exp_scaled(-(Dd::from(z) * Dd::from(z) * half));
    let density = FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * half * e.m.times_pow2(e.n);
    let argument = (Dd::from(z) * FRAC_1_SQRT_2).hi;
    (half + half * erf(argument).m, density)
}
