//! Every elementary function, map and reduction, applied to numbers that depend on a seed alone.

use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

use crate::func::{apply, derivatives};
use crate::isa::Simd;
use crate::{
    Activation, AdamStep, Entropy, Func, MatMut, MatRef, Real, SgdStep, Smoothing, map, reduce,
};

pub(super) const FUNCTIONS: [Func; 7] = [
    Func::Exp,
    Func::Ln,
    Func::Ln1p,
    Func::Tanh,
    Func::Logistic,
    Func::Softplus,
    Func::Erf,
];

pub(super) const ACTIVATIONS: [Activation; 5] = [
    Activation::Identity,
    Activation::Relu,
    Activation::Tanh,
    Activation::Logistic,
    Activation::Gelu,
];

/// What a kernel gave.
pub(super) struct Outcome<T> {
    pub kernel: String,
    pub numbers: Vec<T>,
}

impl<T: Real> Outcome<T> {
    fn new(kernel: impl ToString, numbers: Vec<T>) -> Self {
        let kernel = kernel.to_string();
        Self { kernel, numbers }
    }

    /// The numbers' bits, every NaN alike.
    pub fn bits(&self) -> Vec<u64> {
        let bits = |x: &T| match x.to_f64() {
            x if x.is_nan() => f64::NAN.to_bits(),
            x => x.to_bits(),
        };
        self.numbers.iter().map(bits).collect()
    }
}

/// Vectors of numbers, one a name: SplitMix64 (Steele, Lea and Flood 2014) keyed by the seed and the name's place.
pub(super) struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn bits(&self, vector: u64, i: usize) -> u64 {
        let z = (self.0 << 32) + (vector << 24) + i as u64 + 1;
        let z = z.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// `n` multiples of 2^-16 between -4 and 4.
    pub fn vector<T: Real>(&self, vector: u64, n: usize) -> Vec<T> {
        let number = |i| (self.bits(vector, i) >> 45) as f64 / 65_536.0 - 4.0;
        (0..n).map(|i| T::from_f64(number(i))).collect()
    }

    /// The same, one in eight replaced by a number where functions change their mind.
    pub fn special<T: Real>(&self, vector: u64, n: usize) -> Vec<T> {
        let (mut x, special) = (self.vector(vector, n), specials::<T>());
        for (i, x) in x.iter_mut().enumerate() {
            let bits = self.bits(vector, i);
            if bits.is_multiple_of(8) {
                *x = special[bits as usize / 8 % special.len()];
            }
        }
        x
    }
}

/// Zeros, ends of ranges, subnormal numbers, infinities, NaN; and where the reductions of arguments change.
pub(super) fn specials<T: Real>() -> Vec<T> {
    let plain = [
        0.0, 1.0, 0.5, 0.34, 0.42, 9.1, 19.1, 88.7, 104.0, 709.7, 745.2,
    ];
    let mut all: Vec<T> = plain.iter().map(|&x| T::from_f64(x)).collect();
    let subnormal = T::MIN_POSITIVE * T::EPSILON * T::from_f64(3.0);
    all.extend([T::MAX, T::MIN_POSITIVE, subnormal, T::EPSILON, T::INFINITY]);
    all.extend(all.clone().iter().map(|&x| -x));
    all.push(T::NAN);
    all
}

/// A row of a matrix.
fn row<T: Real>(x: &[T]) -> MatRef<'_, T> {
    MatRef::planned(x, 1, x.len())
}

/// A row to be written.
fn row_mut<T: Real>(x: &mut [T]) -> MatMut<'_, T> {
    let n = x.len();
    MatMut::planned(x, 1, n)
}

/// The results of all kernels on vectors of `n` numbers (matrices: of about as many).
pub(super) fn outcomes<T: Real, S: Simd<T>>(s: S, x: &Numbers, n: usize) -> Vec<Outcome<T>> {
    let mut all = functions(s, &x.special(0, n));
    all.extend(activations(s, x, n));
    all.extend(maps(s, x, n));
    all.extend(optimisers(s, x, n));
    all.extend(rows(s, x, n));
    all.extend(losses(s, x, n));
    all.extend(reductions(s, x, n));
    all
}

/// `f(x)` of every elementary function.
pub(super) fn functions<T: Real, S: Simd<T>>(s: S, x: &[T]) -> Vec<Outcome<T>> {
    let one = |f| {
        let mut y = x.to_vec();
        s.enter(|| map::run_map(s, f, &mut y));
        // The path of the scalar methods.
        for (&x, &y) in x.iter().zip(&y) {
            let alone = s.enter(|| s.first(apply(s, f, s.splat(x))));
            assert!(alone == y || alone.to_f64().is_nan() && y.to_f64().is_nan());
        }
        Outcome::new(format!("{f:?}"), y)
    };
    FUNCTIONS.into_iter().map(one).collect()
}

/// The activations and their derivatives.
fn activations<T: Real, S: Simd<T>>(s: S, x: &Numbers, n: usize) -> Vec<Outcome<T>> {
    let (z, dy, rz): (Vec<T>, Vec<T>, Vec<T>) = (x.special(1, n), x.vector(2, n), x.vector(3, n));
    let mut all = Vec::new();
    for a in ACTIVATIONS {
        let (mut y, mut dz, mut rdz) = (z.clone(), z.clone(), dy.clone());
        map::run_activate(s, a, row(&z), row_mut(&mut y));
        let at = if a.needs_input() { &z } else { &y };
        s.enter(|| map::run_derive(s, a, row(at), row(&dy), row_mut(&mut dz)));
        let operands = [row(at), row(&rz), row(&dy)];
        s.enter(|| map::run_derive_twice(s, a, operands, row_mut(&mut rdz)));
        let of_one = |&at: &T| s.enter(|| s.first(derivatives(s, a, s.splat(at)).1));
        let second = at.iter().map(of_one).collect();
        all.push(Outcome::new(format!("{a:?}"), y));
        all.push(Outcome::new(format!("{a:?}'"), dz));
        all.push(Outcome::new(format!("{a:?}''"), second));
        all.push(Outcome::new(format!("{a:?}' along"), rdz));
    }
    all
}

/// Products and the logistic pair.
fn maps<T: Real, S: Simd<T>>(s: S, x: &Numbers, n: usize) -> Vec<Outcome<T>> {
    let (a, b): (Vec<T>, Vec<T>) = (x.special(4, n), x.vector(5, n));
    let (mut product, mut scaled) = (b.clone(), a.clone());
    let (mut softplus, mut logistic) = (vec![T::ZERO; n], vec![T::ZERO; n]);
    s.enter(|| map::run_multiply(s, row(&a), row_mut(&mut product)));
    let (rows, cols) = (n.min(3), n / 3);
    let matrix = MatMut::planned(&mut scaled[..rows * cols], rows, cols);
    s.enter(|| map::run_scale_rows(s, &b[..rows], matrix));
    s.enter(|| map::run_softplus_logistic(s, &a, &mut softplus, &mut logistic));
    vec![
        Outcome::new("mul", product),
        Outcome::new("scale_rows", scaled),
        Outcome::new("softplus", softplus),
        Outcome::new("logistic", logistic),
    ]
}

/// Steps of Adam and of gradient descent, with and without Nesterov's momentum.
fn optimisers<T: Real, S: Simd<T>>(s: S, x: &Numbers, n: usize) -> Vec<Outcome<T>> {
    let (p, g): (Vec<T>, Vec<T>) = (x.vector(6, n), x.special(7, n));
    let c = |x: f64| T::from_f64(x);
    let step = AdamStep {
        rate: c(1e-3),
        beta1: c(0.9),
        beta2: c(0.999),
        epsilon: c(1e-8),
        shrink: c(0.99),
    };
    let (mut q, mut m) = (p.clone(), x.vector(8, n));
    let mut v: Vec<T> = x.vector(9, n).iter().map(|&v: &T| v.abs()).collect();
    s.enter(|| map::run_adam(s, &step, &mut q, &g, &mut m, &mut v));
    let mut all = vec![
        Outcome::new("adam p", q),
        Outcome::new("adam m", m),
        Outcome::new("adam v", v),
    ];
    for nesterov in [false, true] {
        let step = SgdStep {
            rate: c(0.1),
            momentum: c(0.9),
            nesterov,
            shrink: c(0.999),
        };
        let (mut q, mut u) = (p.clone(), x.vector(10, n));
        s.enter(|| map::run_sgd(s, &step, &mut q, &g, &mut u));
        all.push(Outcome::new(format!("sgd p {nesterov}"), q));
        all.push(Outcome::new(format!("sgd u {nesterov}"), u));
    }
    all
}

/// Softmax over rows of several widths, in blocks and alone, and sums of columns.
fn rows<T: Real, S: Simd<T>>(s: S, x: &Numbers, n: usize) -> Vec<Outcome<T>> {
    let mut all = Vec::new();
    for cols in [1, 3, 5, 33, n].into_iter().filter(|&cols| cols > 0) {
        let rows = n / cols;
        let z: Vec<T> = x.vector(11, rows * cols);
        let (mut p, mut lse) = (z.clone(), vec![T::ZERO; rows]);
        let view = MatRef::planned(&z, rows, cols);
        let into = MatMut::planned(&mut p, rows, cols);
        s.enter(|| map::run_softmax(s, view, into, &mut lse));
        let mut sums: Vec<T> = x.vector(12, cols);
        let beta = T::from_f64(0.3);
        s.enter(|| reduce::run_col_sums(s, view, beta, &mut sums));
        all.push(Outcome::new(format!("softmax {cols}"), p));
        all.push(Outcome::new(format!("log-sum-exp {cols}"), lse));
        all.push(Outcome::new(format!("col_sums {cols}"), sums));
    }
    all
}

/// The losses with their slopes, some rows without weight.
fn losses<T: Real, S: Simd<T>>(s: S, x: &Numbers, n: usize) -> Vec<Outcome<T>> {
    let weights = |rows: usize| -> Vec<T> {
        let numbers = x.vector::<T>(16, rows);
        numbers.iter().map(|&w| w.max(T::ZERO)).collect()
    };
    let label = |classes: usize| move |&v: &T| T::from_usize(v.abs().to_f64() as usize % classes);
    let (mut z, mut w) = (x.special(17, n), weights(n));
    let mut y: Vec<T> = x.vector::<T>(18, n).iter().map(label(2)).collect();
    s.enter(|| map::run_logistic_loss(s, T::from_f64(0.7), &mut z, &mut y, &mut w));
    let mut all = vec![
        Outcome::new("logistic_loss slope", z),
        Outcome::new("logistic_loss curvature", y),
        Outcome::new("logistic_loss", w),
    ];
    for (cols, every) in [(3, 0.0), (5, 0.02), (33, 0.003)] {
        let rows = n / cols;
        let target = Smoothing {
            scale: T::from_f64(0.7),
            every: T::from_f64(every),
            beside: T::from_f64(1.0 - every * cols as f64),
        };
        let z: Vec<T> = x.vector(19, rows * cols);
        let labels: Vec<T> = x.vector::<T>(20, rows).iter().map(label(cols)).collect();
        let (mut p, mut slope, mut w) = (z.clone(), z.clone(), weights(rows));
        let into = Entropy {
            p: MatMut::planned(&mut p, rows, cols),
            slope: Some(MatMut::planned(&mut slope, rows, cols)),
        };
        let z = MatRef::planned(&z, rows, cols);
        s.enter(|| map::run_cross_entropy(s, &target, z, &labels, &mut w, into));
        all.push(Outcome::new(format!("cross_entropy p {cols}"), p));
        all.push(Outcome::new(format!("cross_entropy slope {cols}"), slope));
        all.push(Outcome::new(format!("cross_entropy {cols}"), w));
    }
    all
}

/// Sums, the largest, and the vector operations beside them.
fn reductions<T: Real, S: Simd<T>>(s: S, x: &Numbers, n: usize) -> Vec<Outcome<T>> {
    let (a, b): (Vec<T>, Vec<T>) = (x.vector(13, n), x.vector(14, n));
    let wild: Vec<T> = x.special(15, n);
    let factor = T::from_f64(-1.7);
    let (mut y, mut scaled) = (b.clone(), a.clone());
    s.enter(|| reduce::run_axpy(s, factor, &a, &mut y));
    s.enter(|| reduce::run_scale(s, factor, &mut scaled));
    let numbers = vec![
        s.enter(|| reduce::run_dot(s, &a, &b)),
        s.enter(|| reduce::run_sum(s, &a)),
        s.enter(|| reduce::run_sum(s, &wild)),
        s.enter(|| reduce::run_max_abs(s, &a)),
        s.enter(|| reduce::run_max_abs(s, &wild)),
        T::from_f64(s.enter(|| reduce::run_sum_f64(&a))),
    ];
    vec![
        Outcome::new("axpy", y),
        Outcome::new("scale", scaled),
        Outcome::new("dot, sum, sum, max_abs, max_abs, sum_f64", numbers),
    ]
}
