//! Steps of Adam and of gradient descent.
//!
//! The new moments are held to exact arithmetic on the old ones; the new parameters to exact arithmetic on the new moments, which are
//! what the kernel goes on with.

use std::ops::{Add, Mul};

use cognate_kernels::{AdamStep, Level, Real, SgdStep, adam, sgd};

use crate::support::{Numbers, dd::Dd, levels};
use crate::{LENGTHS, judge, numbers, rounded};

/// What the formulas are made of: f64, which has infinities and NaN, or double-double, which is exact enough to judge f64.
trait Number:
    Copy + From<f64> + Add<Output = Self> + Mul<Output = Self> + std::ops::Div<Output = Self>
{
    fn root(self) -> Self;
    fn head(self) -> f64;
}

impl Number for f64 {
    fn root(self) -> f64 {
        self.sqrt()
    }
    fn head(self) -> f64 {
        self
    }
}

impl Number for Dd {
    fn root(self) -> Dd {
        self.sqrt()
    }
    fn head(self) -> f64 {
        self.hi
    }
}

/// `sum_i a_i b_i`, in double-double unless a number is special.
fn sum_of_products(terms: &[(f64, f64)]) -> f64 {
    fn sum<N: Number>(terms: &[(f64, f64)]) -> f64 {
        let product = |&(a, b): &(f64, f64)| N::from(a) * N::from(b);
        terms
            .iter()
            .map(product)
            .fold(N::from(0.0), |sum, term| sum + term)
            .head()
    }
    match sum::<f64>(terms) {
        plain if plain.is_finite() && plain.abs() < 1e300 => sum::<Dd>(terms),
        special => special,
    }
}

/// `a m / (sqrt v + epsilon)`.
fn adam_change(a: f64, m: f64, v: f64, epsilon: f64) -> f64 {
    fn change<N: Number>([a, m, v, epsilon]: [f64; 4]) -> f64 {
        (N::from(a) * N::from(m) / (N::from(v).root() + N::from(epsilon))).head()
    }
    let all = [a, m, v, epsilon];
    match all.iter().all(|x| x.is_finite() && x.abs() < 1e150) {
        true => change::<Dd>(all),
        false => change::<f64>(all),
    }
}

/// `|a b|`, 0 where that is no number: the bound of a special result is not asked for.
fn size(terms: &[(f64, f64)]) -> f64 {
    let sizes = terms.iter().map(|(a, b)| (a * b).abs());
    sizes.filter(|s| s.is_finite()).sum()
}

/// Parameters, gradient and state of a step, as f64.
struct Before<T> {
    p: Vec<T>,
    g: Vec<T>,
    m: Vec<T>,
    v: Vec<T>,
}

impl<T: Real> Before<T> {
    fn new(stream: &mut Numbers, n: usize, wild: bool) -> Self {
        let squares = numbers::<T>(stream, n, false);
        Self {
            p: numbers(stream, n, false),
            g: numbers(stream, n, wild),
            m: numbers(stream, n, false),
            v: squares.iter().map(|&v| v * v).collect(),
        }
    }
}

fn check_adam<T: Real>(level: Level, step: &AdamStep<T>, before: &Before<T>) {
    let Before { p, g, m, v } = before;
    let (mut new_p, mut new_m, mut new_v) = (p.clone(), m.clone(), v.clone());
    adam(level, step, &mut new_p, g, &mut new_m, &mut new_v);
    let (beta1, beta2) = (step.beta1.to_f64(), step.beta2.to_f64());
    for i in 0..p.len() {
        let what = format!("{} {} with g = {}", T::NAME, level.name(), g[i]);
        let (p, g, m, v) = (p[i].to_f64(), g[i].to_f64(), m[i].to_f64(), v[i].to_f64());
        let terms = [(beta1, m), (1.0 - beta1, g)];
        judge(
            new_m[i],
            sum_of_products(&terms),
            rounded::<T>(3, size(&terms)),
            &format!("m, {what}"),
        );
        let rest = (T::ONE - step.beta2).to_f64();
        // Its own order: a square may overflow where the moment would not.
        let terms = [(beta2, v), (rest * g, g)];
        judge(
            new_v[i],
            sum_of_products(&terms),
            rounded::<T>(4, size(&terms)),
            &format!("v, {what}"),
        );
        let (m, v) = (new_m[i].to_f64(), new_v[i].to_f64());
        let change = adam_change(-step.rate.to_f64(), m, v, step.epsilon.to_f64());
        let terms = [(step.shrink.to_f64(), p), (1.0, change)];
        judge(
            new_p[i],
            sum_of_products(&terms),
            rounded::<T>(6, size(&terms)),
            &format!("p, {what}"),
        );
    }
}

fn check_sgd<T: Real>(level: Level, step: &SgdStep<T>, before: &Before<T>) {
    let Before { p, g, m: u, .. } = before;
    let (mut new_p, mut new_u) = (p.clone(), u.clone());
    sgd(level, step, &mut new_p, g, &mut new_u);
    let (momentum, rate) = (step.momentum.to_f64(), -step.rate.to_f64());
    for i in 0..p.len() {
        let what = format!("{} {} with g = {}", T::NAME, level.name(), g[i]);
        let (p, g, u) = (p[i].to_f64(), g[i].to_f64(), u[i].to_f64());
        let terms = [(momentum, u), (rate, g)];
        judge(
            new_u[i],
            sum_of_products(&terms),
            rounded::<T>(3, size(&terms)),
            &format!("u, {what}"),
        );
        let (u, shrink) = (new_u[i].to_f64(), step.shrink.to_f64());
        let (plain, ahead) = (
            [(shrink, p), (1.0, u)],
            [(shrink, p), (momentum, u), (rate, g)],
        );
        let terms: &[(f64, f64)] = if step.nesterov { &ahead } else { &plain };
        judge(
            new_p[i],
            sum_of_products(terms),
            rounded::<T>(5, size(terms)),
            &format!("p, {what}"),
        );
    }
}

fn steps<T: Real>() {
    let (mut stream, mut tried) = (Numbers(24), 0);
    let c = T::from_f64;
    for level in levels() {
        for n in LENGTHS {
            for (wild, shrink) in [(false, 1.0), (true, 1.0), (false, 0.99)] {
                let before = Before::<T>::new(&mut stream, n, wild);
                let step = AdamStep {
                    rate: c(1e-3),
                    beta1: c(0.9),
                    beta2: c(0.999),
                    epsilon: c(1e-8),
                    shrink: c(shrink),
                };
                check_adam(level, &step, &before);
                for (momentum, nesterov) in [(0.0, false), (0.9, false), (0.9, true)] {
                    let step = SgdStep {
                        rate: c(0.1),
                        momentum: c(momentum),
                        nesterov,
                        shrink: c(shrink),
                    };
                    check_sgd(level, &step, &before);
                }
                tried += n;
            }
        }
    }
    assert!(tried >= 3 * LENGTHS.iter().sum::<usize>());
}

#[test]
fn steps_are_within_their_bounds() {
    steps::<f32>();
    steps::<f64>();
}
