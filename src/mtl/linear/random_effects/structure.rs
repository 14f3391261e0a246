//! What a covariance may be: which numbers it is made of, and derivatives by them.
//!
//! ```text
//! full       F = L, lower triangular: q (q + 1) / 2 numbers         the Cholesky factor, in the frame
//! others     F = Z diag(t)                                          Z: the features as given (or the intercept), seen from the frame
//! ```
//! so that a singular covariance is an inner point, not a boundary. With `G`, `U` and the curvature of the
//! [likelihood](super::likelihood), the derivative by `F` is `2 G F`; second ones follow from `dDelta = dF F' + F dF'`.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, Real};

use super::config::Covariance;
use super::curvature::{Basis, Curvature, Pairs};
use super::frame::Frame;
use super::likelihood::Slopes;
use crate::linalg::{cholesky_update, eigen, update_scratch};
use crate::workspace::{Work, default_level};

/// The numbers of a covariance.
#[derive(Clone, Debug)]
pub(super) enum Structure {
    /// `L: q x q`.
    Full { q: usize },
    /// `Z: q x r`; `units: r`, what a unit of `t` is of the features as given; whether all `t` are one number.
    Diagonal {
        basis: Vec<f64>,
        units: Vec<f64>,
        one: bool,
    },
}

/// A direction in which the covariance is to gain a rank.
pub(super) struct Missing {
    /// The slope there, below 0 if the likelihood gains.
    pub(super) slope: f64,
    direction: Vec<f64>,
}

impl Structure {
    pub(super) fn new(covariance: Covariance, frame: &Frame) -> Self {
        let q = frame.len();
        let scale = |j| frame.feature(j).1;
        let (units, one): (Vec<f64>, _) = match covariance {
            Covariance::Full => return Self::Full { q },
            Covariance::Intercept => (vec![1.0], false),
            Covariance::Diagonal => ((0..q).map(|j| 1.0 / scale(j)).collect(), false),
            Covariance::Scalar => {
                let largest = (0..q).map(scale).fold(0.0, f64::max);
                (vec![1.0 / largest; q], true)
            }
        };
        let r = units.len();
        let mut basis = vec![0.0; q * r];
        for (j, unit) in units.iter().enumerate() {
            let (mean, scale) = frame.feature(j);
            basis[j] = mean * unit;
            basis[j * r + j] = scale * unit;
        }
        Self::Diagonal { basis, units, one }
    }

    /// Columns of `F`.
    pub(super) fn rank(&self) -> usize {
        match self {
            Self::Full { q } => *q,
            Self::Diagonal { units, .. } => units.len(),
        }
    }

    /// The numbers of a covariance of about `size` in every direction.
    pub(super) fn start(&self, size: f64) -> Vec<f64> {
        let root = Real::sqrt(size);
        match self {
            Self::Full { q } => places(*q)
                .map(|(a, b)| if a == b { root } else { 0.0 })
                .collect(),
            Self::Diagonal { one: true, .. } => vec![root],
            Self::Diagonal { units, .. } => vec![root; units.len()],
        }
    }

    /// `F: q x r`.
    pub(super) fn factor(&self, theta: &[f64]) -> Vec<f64> {
        match self {
            Self::Full { q } => {
                let mut f = vec![0.0; q * q];
                for ((a, b), v) in places(*q).zip(theta) {
                    f[a * q + b] = *v;
                }
                f
            }
            Self::Diagonal { basis, units, .. } => {
                let t = |at: usize| theta[(at % units.len()).min(theta.len() - 1)];
                let scaled = basis.iter().enumerate().map(|(at, z)| z * t(at));
                scaled.collect()
            }
        }
    }

    /// `Delta` of the features as given, all `d + 1` coefficients.
    pub(super) fn raw(&self, frame: &Frame, theta: &[f64]) -> Vec<f64> {
        match self {
            Self::Full { .. } => {
                let f = self.factor(theta);
                frame.raw_both(&outer(&f, self.rank()))
            }
            Self::Diagonal { units, .. } => {
                let all = frame.all();
                let mut raw = vec![0.0; all * all];
                for (k, unit) in units.iter().enumerate() {
                    let t = unit * theta[k.min(theta.len() - 1)];
                    raw[frame.place(k) * (all + 1)] = t * t;
                }
                raw
            }
        }
    }

    /// The curvature's form, without tasks.
    pub(super) fn curvature(&self) -> Curvature {
        match self {
            Self::Full { q } => Curvature::Full(Pairs::new(*q)),
            Self::Diagonal { basis, units, .. } => {
                Curvature::Diagonal(Basis::new(basis.clone(), units.len()))
            }
        }
    }

    /// Gradient and Hessian of `-2 log L` by the numbers.
    pub(super) fn derivatives(&self, theta: &[f64], slopes: &Slopes) -> (Vec<f64>, Vec<f64>) {
        let f = self.factor(theta);
        match (self, &slopes.curvature) {
            (Self::Full { q }, Curvature::Full(pairs)) => full(*q, &f, slopes, pairs),
            (Self::Diagonal { basis, units, one }, Curvature::Diagonal(sums)) => {
                let (g, h) = diagonal(theta, (basis, units.len()), slopes, sums);
                match one {
                    true => (vec![g.iter().sum()], vec![h.iter().sum()]),
                    false => (g, h),
                }
            }
            _ => unreachable!("a structure has its own curvature"),
        }
    }

    /// The direction in which one more rank gains most.
    pub(super) fn missing(&self, slopes: &Slopes) -> Missing {
        match self {
            Self::Full { q } => {
                let (mut g, mut vectors) = (slopes.slope.clone(), vec![0.0; q * q]);
                let vectors_mut = MatMut::planned(&mut vectors, *q, *q);
                eigen(MatMut::planned(&mut g, *q, *q), vectors_mut);
                vectors.truncate(*q);
                Missing {
                    slope: g[0],
                    direction: vectors,
                }
            }
            Self::Diagonal { basis, units, one } => {
                let (r, of) = (units.len(), |k| {
                    quadratic(&slopes.slope, basis, units.len(), k)
                });
                let all: Vec<f64> = (0..r).map(of).collect();
                if *one {
                    return Missing {
                        slope: all.iter().sum(),
                        direction: vec![1.0],
                    };
                }
                let least = (0..r).fold(0, |least, k| if all[k] < all[least] { k } else { least });
                let direction = (0..r).map(|k| if k == least { 1.0 } else { 0.0 });
                Missing {
                    slope: all[least],
                    direction: direction.collect(),
                }
            }
        }
    }

    /// The numbers of `Delta` plus `size` in a missing direction.
    pub(super) fn extend(&self, theta: &[f64], missing: &Missing, size: f64) -> Vec<f64> {
        match self {
            Self::Full { q } => {
                let mut f = self.factor(theta);
                let root = Real::sqrt(size);
                let x: Vec<f64> = missing.direction.iter().map(|v| root * v).collect();
                update(&mut f, &x);
                places(*q).map(|(a, b)| f[a * q + b]).collect()
            }
            Self::Diagonal { .. } => {
                let both = theta.iter().zip(&missing.direction);
                both.map(|(t, v)| Real::sqrt(t * t + size * v)).collect()
            }
        }
    }

    /// The numbers without the directions whose variance is below `least`, and how many directions are left.
    pub(super) fn trim(&self, theta: &[f64], least: f64) -> (Vec<f64>, usize) {
        let Self::Full { q } = self else {
            let kept: Vec<f64> = theta
                .iter()
                .map(|t| if t * t < least { 0.0 } else { *t })
                .collect();
            let ranks = if theta.len() == 1 { self.rank() } else { 1 };
            let rank = ranks * kept.iter().filter(|t| **t != 0.0).count();
            return (kept, rank);
        };
        let (mut delta, mut vectors) = (outer(&self.factor(theta), *q), vec![0.0; q * q]);
        eigen(
            MatMut::planned(&mut delta, *q, *q),
            MatMut::planned(&mut vectors, *q, *q),
        );
        let kept: Vec<usize> = (0..*q).filter(|i| delta[i * q + i] >= least).collect();
        if kept.len() == *q {
            return (theta.to_vec(), *q);
        }
        let mut f = vec![0.0; q * q];
        for &i in &kept {
            let root = Real::sqrt(delta[i * q + i]);
            let x: Vec<f64> = vectors[i * q..][..*q].iter().map(|v| root * v).collect();
            update(&mut f, &x);
        }
        (places(*q).map(|(a, b)| f[a * q + b]).collect(), kept.len())
    }
}

/// Rows and columns of a lower triangle, in the order of its numbers.
fn places(q: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..q).flat_map(|a| (0..=a).map(move |b| (a, b)))
}

/// `F F'` for `f: q x r`.
pub(super) fn outer(f: &[f64], r: usize) -> Vec<f64> {
    let rows = || f.chunks_exact(r);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    rows()
        .flat_map(|a| rows().map(move |b| dot(a, b)))
        .collect()
}

/// The factor of `L L' + x x'`.
fn update(l: &mut [f64], x: &[f64]) {
    let q = x.len();
    let mut scratch = vec![0.0; update_scratch(q)];
    let mut work = Work::new(default_level(), &mut scratch);
    cholesky_update(MatMut::planned(l, q, q), x, &mut work);
}

/// `z_k' M z_k` for column `k` of `basis: q x r`.
fn quadratic(m: &[f64], basis: &[f64], r: usize, k: usize) -> f64 {
    let z = || basis.iter().skip(k).step_by(r);
    let q = basis.len() / r;
    let row = |line: &[f64]| line.iter().zip(z()).map(|(m, z)| m * z).sum::<f64>();
    m.chunks_exact(q)
        .zip(z())
        .map(|(line, z)| z * row(line))
        .sum()
}

/// Derivatives by `t` where `Delta = Z diag(t^2) Z'`.
fn diagonal(
    theta: &[f64],
    (basis, r): (&[f64], usize),
    slopes: &Slopes,
    sums: &Basis,
) -> (Vec<f64>, Vec<f64>) {
    let t = |k: usize| theta[k.min(theta.len() - 1)];
    let slope: Vec<f64> = (0..r)
        .map(|k| quadratic(&slopes.slope, basis, r, k))
        .collect();
    let spread: Vec<f64> = (0..r)
        .map(|k| quadratic(&slopes.spread, basis, r, k))
        .collect();
    let profiled = slopes.nu * slopes.noise * slopes.noise;
    let second = |k: usize, m: usize| {
        let by_delta = sums.at(k, m) - spread[k] * spread[m] / profiled;
        let own = if k == m { 2.0 * slope[k] } else { 0.0 };
        4.0 * t(k) * t(m) * by_delta + own
    };
    let gradient = (0..r).map(|k| 2.0 * t(k) * slope[k]).collect();
    (
        gradient,
        (0..r * r).map(|at| second(at / r, at % r)).collect(),
    )
}

/// Derivatives by the lower triangle `L = f`, where number (a, b) changes Delta by `e_a f_b' + f_b e_a'`.
fn full(q: usize, f: &[f64], slopes: &Slopes, pairs: &Pairs) -> (Vec<f64>, Vec<f64>) {
    let times_f = |m: &[f64]| -> Vec<f64> {
        let mut out = vec![0.0; q * q];
        for (row, to) in m.chunks_exact(q).zip(out.chunks_exact_mut(q)) {
            for (v, line) in row.iter().zip(f.chunks_exact(q)) {
                to.iter_mut().zip(line).for_each(|(t, f)| *t += v * f);
            }
        }
        out
    };
    let (slope, spread) = (times_f(&slopes.slope), times_f(&slopes.spread));
    let gradient = places(q).map(|(a, b)| 2.0 * slope[a * q + b]).collect();
    let profiled = slopes.nu * slopes.noise * slopes.noise;
    let mut hessian = Vec::new();
    for (a, b) in places(q) {
        // T[p, s] = sum over (q, r) of X[(p, q), (r, s)] (e_a f_b' + f_b e_a')[q, r]
        let mut turned = vec![0.0; q * q];
        for p in 0..q {
            for s in 0..q {
                let term = |r: usize| {
                    let fb = f[r * q + b];
                    fb * (pairs.at((p, a), (r, s)) + pairs.at((p, r), (a, s)))
                };
                turned[p * q + s] = (b..q).map(term).sum();
            }
        }
        let mirrored: Vec<f64> = (0..q * q).map(|at| turned[at % q * q + at / q]).collect();
        let (right, left) = (times_f(&turned), times_f(&mirrored));
        for (c, d) in places(q) {
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
    (gradient, hessian)
}
