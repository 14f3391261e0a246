//! Least squares in double-double arithmetic, 106 bits: what rounding does to others can be measured against it.
//!
//! A number is `high + low` with `|low| <= ulp(high) / 2`; sums and products keep their rounding error (Dekker 1971; Knuth, The Art of
//! Computer Programming, 4.2.2).

use core::ops::{Add, Div, Mul, Sub};

/// A number in two parts.
#[derive(Clone, Copy, Debug)]
pub struct Double {
    high: f64,
    low: f64,
}

/// `a + b` and what rounding took.
fn sum(a: f64, b: f64) -> Double {
    let high = a + b;
    let other = high - a;
    let low = (a - (high - other)) + (b - other);
    Double { high, low }
}

impl Double {
    pub fn new(high: f64) -> Self {
        Self { high, low: 0.0 }
    }

    pub fn rounded(self) -> f64 {
        self.high
    }
}

impl Add for Double {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (s, t) = (sum(self.high, other.high), sum(self.low, other.low));
        let s = sum(s.high, s.low + t.high);
        sum(s.high, s.low + t.low)
    }
}

impl Mul for Double {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let high = self.high * other.high;
        let lost = self.high.mul_add(other.high, -high);
        sum(high, lost + (self.high * other.low + self.low * other.high))
    }
}

impl Sub for Double {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        let turned = Self {
            high: -other.high,
            low: -other.low,
        };
        self + turned
    }
}

impl Div for Double {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let first = Self::new(self.high / other.high);
        let rest = self - first * other;
        let second = Self::new(rest.high / other.high);
        let rest = rest - second * other;
        first + second + Self::new(rest.high / other.high)
    }
}

/// `A x = b`, A symmetric and positive definite, by elimination.
fn solve(mut a: Vec<Double>, mut b: Vec<Double>) -> Vec<f64> {
    let n = b.len();
    for k in 0..n {
        for i in k + 1..n {
            let factor = a[i * n + k] / a[k * n + k];
            for j in k..n {
                a[i * n + j] = a[i * n + j] - factor * a[k * n + j];
            }
            b[i] = b[i] - factor * b[k];
        }
    }
    for k in (0..n).rev() {
        for j in k + 1..n {
            b[k] = b[k] - a[k * n + j] * b[j];
        }
        b[k] = b[k] / a[k * n + k];
    }
    b.into_iter().map(Double::rounded).collect()
}

/// A row: the place of its first number, its numbers, its label, its weight.
pub type Row = (usize, Vec<f64>, f64, f64);

/// `argmin over v of 1/2 sum weight (label - row v)^2 + 1/2 v'P v` for `penalty`, the matrix P.
pub fn least_squares(rows: &[Row], penalty: &[f64]) -> Vec<f64> {
    let n = penalty.len().isqrt();
    let mut a: Vec<Double> = penalty.iter().map(|&p| Double::new(p)).collect();
    let mut b = vec![Double::new(0.0); n];
    for (start, row, label, weight) in rows {
        for (i, &x) in row.iter().enumerate() {
            let x = Double::new(*weight) * Double::new(x);
            b[start + i] = b[start + i] + x * Double::new(*label);
            for (j, &other) in row.iter().enumerate() {
                let at = (start + i) * n + start + j;
                a[at] = a[at] + x * Double::new(other);
            }
        }
    }
    solve(a, b)
}
