//! Gradient and Hessian of `-2 log L` by the numbers of a covariance, from the sums over tasks.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, gemm, gemm_scratch};

use super::curvature::{Basis, Left, Pairs};
use super::likelihood::Slopes;
use super::structure::lower;
use crate::workspace::default_level;

/// `k` and `N` of each number's change of Delta: `m x q` and `m x q x q`, or nothing without REML.
struct Through {
    by_phi: Vec<f64>,
    by_inverse: Vec<f64>,
}

impl Through {
    /// Takes what comes by way of phi and A from a Hessian, `m x m`.
    #[inline]
    fn subtract(&self, slopes: &Slopes, hessian: &mut [f64]) {
        let q = slopes.slope.len().isqrt();
        let inverse = MatRef::planned(&slopes.inverse, q, q);
        let times = |a: MatRef<'_, f64>, b: MatRef<'_, f64>, alpha: f64| {
            let mut c = vec![0.0; a.rows() * b.cols()];
            add_product(alpha, a, b, &mut c);
            c
        };
        let numbers = self.by_phi.len() / q;
        let k = MatRef::planned(&self.by_phi, numbers, q);
        let turned = times(k, inverse, 2.0 / slopes.noise);
        add_product(-1.0, MatRef::planned(&turned, numbers, q), k.t(), hessian);
        if self.by_inverse.is_empty() {
            return;
        }
        let both = |n: &[f64]| {
            let half = times(inverse, MatRef::planned(n, q, q), 1.0);
            times(MatRef::planned(&half, q, q), inverse, 1.0)
        };
        let turned: Vec<f64> = self.by_inverse.chunks_exact(q * q).flat_map(both).collect();
        let n = |all| MatRef::planned(all, numbers, q * q);
        add_product(-1.0, n(&turned), n(&self.by_inverse).t(), hessian);
    }
}

/// `sum M D A` over tasks for every number's change `D = e_a f_b' + f_b e_a'`, M being A or B:
/// ```text
/// element (p, s) is    sum_r (m_pa a_rs) f_rb + sum_r (m_pr a_as) f_rb
/// ```
/// of which each sum is one for a pair of elements, (p, a) or (a, s), and a product with `F`.
struct Turned {
    q: usize,
    /// At (p, a): `s x b`.
    left: Vec<f64>,
    /// At (a, s): `p x b`.
    right: Vec<f64>,
}

impl Turned {
    /// `at(pq, rs)` is `sum m_pq a_rs`.
    fn new(q: usize, f: &[f64], at: impl Fn((usize, usize), (usize, usize)) -> f64) -> Self {
        let f = MatRef::planned(f, q, q);
        let size = q * (q + 1) / 2 * q * q;
        let (mut left, mut right) = (vec![0.0; size], vec![0.0; size]);
        let mut elements = vec![0.0; q * q];
        let parts = left
            .chunks_exact_mut(q * q)
            .zip(right.chunks_exact_mut(q * q));
        for (pair, (left, right)) in lower(q).zip(parts) {
            let mut multiply = |element: &dyn Fn((usize, usize)) -> f64, to: &mut [f64]| {
                for (k, v) in elements.iter_mut().enumerate() {
                    *v = element((k / q, k % q));
                }
                add_product(1.0, MatRef::planned(&elements, q, q), f, to);
            };
            multiply(&|rs| at(pair, rs), left);
            multiply(&|pr| at(pr, pair), right);
        }
        Self { q, left, right }
    }

    /// For the number at (a, b): `q x q`.
    fn of(&self, (a, b): (usize, usize)) -> Vec<f64> {
        let q = self.q;
        let pair = |i: usize, j: usize| i.max(j) * (i.max(j) + 1) / 2 + i.min(j);
        let left = |p: usize, s: usize| self.left[pair(p, a) * q * q + s * q + b];
        let right = |p: usize, s: usize| self.right[pair(a, s) * q * q + p * q + b];
        let element = |at: usize| left(at / q, at % q) + right(at / q, at % q);
        (0..q * q).map(element).collect()
    }
}

/// `c += alpha a b`.
fn add_product(alpha: f64, a: MatRef<'_, f64>, b: MatRef<'_, f64>, c: &mut [f64]) {
    let (level, m, n) = (default_level(), a.rows(), b.cols());
    let mut scratch = vec![0.0; gemm_scratch::<f64>(level, m, a.cols(), n)];
    let product = Product::new(a, b).alpha(alpha).beta(1.0);
    gemm(level, product, MatMut::planned(c, m, n), &mut scratch);
}

/// `z_k' M z_k` for column `k` of `basis: q x r`.
pub(super) fn quadratic(m: &[f64], basis: &[f64], r: usize, k: usize) -> f64 {
    let z = || basis.iter().skip(k).step_by(r);
    let q = basis.len() / r;
    let row = |line: &[f64]| line.iter().zip(z()).map(|(m, z)| m * z).sum::<f64>();
    m.chunks_exact(q)
        .zip(z())
        .map(|(line, z)| z * row(line))
        .sum()
}

/// Derivatives by `t` where `Delta = Z diag(t^2) Z'`.
#[inline]
pub(super) fn diagonal(
    theta: &[f64],
    (basis, r): (&[f64], usize),
    slopes: &Slopes,
    sums: &Basis,
) -> (Vec<f64>, Vec<f64>) {
    let t = |k: usize| theta[k.min(theta.len() - 1)];
    let all = |m: &[f64]| {
        (0..r)
            .map(|k| quadratic(m, basis, r, k))
            .collect::<Vec<_>>()
    };
    let (slope, spread) = (all(&slopes.slope), all(&slopes.spread));
    let profiled = slopes.nu * slopes.noise * slopes.noise;
    let second = |k: usize, m: usize| {
        let by_delta = sums.at(k, m) - spread[k] * spread[m] / profiled;
        let own = if k == m { 2.0 * slope[k] } else { 0.0 };
        4.0 * t(k) * t(m) * by_delta + own
    };
    let gradient = (0..r).map(|k| 2.0 * t(k) * slope[k]).collect();
    let mut hessian: Vec<f64> = (0..r * r).map(|at| second(at / r, at % r)).collect();
    let scaled = |all: &[f64]| {
        let each = all.len() / r;
        let scaled = all.iter().enumerate().map(|(at, v)| 2.0 * t(at / each) * v);
        scaled.collect::<Vec<_>>()
    };
    let through = Through {
        by_phi: scaled(&sums.by_phi),
        by_inverse: scaled(&sums.by_inverse),
    };
    through.subtract(slopes, &mut hessian);
    (gradient, hessian)
}

/// Derivatives by the elements of `f: q x q` at `places`, where that at (a, b) changes Delta by `e_a f_b' + f_b e_a'`.
#[inline]
pub(super) fn full(
    places: &[(usize, usize)],
    f: &[f64],
    slopes: &Slopes,
    pairs: &Pairs,
) -> (Vec<f64>, Vec<f64>) {
    let (q, places) = (f.len().isqrt(), || places.iter().copied());
    let times_f = |m: &[f64]| {
        let mut out = vec![0.0; q * q];
        add_product(
            1.0,
            MatRef::planned(m, q, q),
            MatRef::planned(f, q, q),
            &mut out,
        );
        out
    };
    let (slope, spread) = (times_f(&slopes.slope), times_f(&slopes.spread));
    let gradient = places().map(|(a, b)| 2.0 * slope[a * q + b]).collect();
    let profiled = slopes.nu * slopes.noise * slopes.noise;
    let by_b = Turned::new(q, f, |pq, rs| pairs.at(Left::B(pq.0, pq.1), rs));
    let mut hessian = Vec::new();
    for (a, b) in places() {
        let turned = by_b.of((a, b));
        let mirrored: Vec<f64> = (0..q * q).map(|at| turned[at % q * q + at / q]).collect();
        let (right, left) = (times_f(&turned), times_f(&mirrored));
        for (c, d) in places() {
            let at = c * q + d;
            let through_noise = 4.0 * spread[a * q + b] * spread[at] / profiled;
            let own = if b == d {
                2.0 * slopes.slope[a * q + c]
            } else {
                0.0
            };
            hessian.push(right[at] + left[at] - through_noise + own);
        }
    }
    let by_phi = |(a, b): (usize, usize)| {
        let term = |p: usize, r: usize| {
            f[r * q + b] * (pairs.at(Left::U(r), (p, a)) + pairs.at(Left::U(a), (p, r)))
        };
        (0..q)
            .map(move |p| (0..q).map(|r| term(p, r)).sum::<f64>())
            .collect::<Vec<_>>()
    };
    let through = Through {
        by_phi: places().flat_map(by_phi).collect(),
        by_inverse: match slopes.restricted {
            true => {
                let by_a = Turned::new(q, f, |pq, rs| pairs.at(Left::A(pq.0, pq.1), rs));
                places().flat_map(|place| by_a.of(place)).collect()
            }
            false => Vec::new(),
        },
    };
    through.subtract(slopes, &mut hessian);
    (gradient, hessian)
}
