//! What a covariance may be: which numbers it is made of, and derivatives by them.
//!
//! ```text
//! full       F = P L, L lower triangular: q (q + 1) / 2 numbers     a Cholesky factor with pivots P, in the frame
//! others     F = Z diag(t)                                          Z: the features as given (or the intercept), seen from the frame
//! ```
//! so that a singular covariance is an inner point, not a boundary. Pivots follow the largest variance left: with others, a covariance
//! near a singular one could be a long way from it in the numbers. With `G`, `U` and the curvature of the
//! [likelihood](super::likelihood), the derivative by `F` is `2 G F`; second ones follow from `dDelta = dF F' + F dF'`.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, Real};

use super::config::Covariance;
use super::curvature::{Basis, Curvature, Pairs};
use super::derivatives::{self, quadratic};
use super::frame::Frame;
use super::likelihood::Slopes;
use crate::linalg::{cholesky_update, eigen, update_scratch};
use crate::workspace::{Work, default_level};

/// The numbers of a covariance.
#[derive(Clone, Debug)]
pub(super) enum Structure {
    /// Row `a` of `L: q x q` is row `order[a]` of `F`.
    Full { order: Vec<usize> },
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
        // The size of a feature's column of Z where its unit is 1.
        let scale = |j| {
            let (mean, scale) = frame.feature(j);
            Real::sqrt(mean * mean + scale * scale)
        };
        let (units, one): (Vec<f64>, _) = match covariance {
            Covariance::Full => {
                return Self::Full {
                    order: (0..q).collect(),
                };
            }
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
            Self::Full { order } => order.len(),
            Self::Diagonal { units, .. } => units.len(),
        }
    }

    /// The numbers of a covariance of about `size` in every direction.
    pub(super) fn start(&self, size: f64) -> Vec<f64> {
        let root = Real::sqrt(size);
        match self {
            Self::Full { order } => lower(order.len())
                .map(|(a, b)| if a == b { root } else { 0.0 })
                .collect(),
            Self::Diagonal { one: true, .. } => vec![root],
            Self::Diagonal { units, .. } => vec![root; units.len()],
        }
    }

    /// How much smaller than a number's own the effect of the smallest feature may be: 1, unless one number is for all of them.
    pub(super) fn range(&self) -> f64 {
        match self {
            Self::Diagonal {
                basis,
                units,
                one: true,
            } => {
                let r = units.len();
                let norm = |k: usize| basis.iter().skip(k).step_by(r).map(|z| z * z).sum::<f64>();
                (0..r).map(norm).fold(1.0, f64::min)
            }
            _ => 1.0,
        }
    }

    /// `F: q x r`.
    pub(super) fn factor(&self, theta: &[f64]) -> Vec<f64> {
        match self {
            Self::Full { order } => {
                let q = order.len();
                let mut f = vec![0.0; q * q];
                for ((a, b), v) in places(order).zip(theta) {
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
    #[inline]
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
    pub(super) fn curvature(&self, restricted: bool) -> Curvature {
        match self {
            Self::Full { order } => Curvature::Full(Pairs::new(order.len())),
            Self::Diagonal { basis, units, .. } => {
                Curvature::Diagonal(Basis::new(basis.clone(), units.len(), restricted))
            }
        }
    }

    /// Gradient and Hessian of `-2 log L` by the numbers.
    #[inline]
    pub(super) fn derivatives(&self, theta: &[f64], slopes: &Slopes) -> (Vec<f64>, Vec<f64>) {
        match (self, &slopes.curvature) {
            (Self::Full { order }, Curvature::Full(pairs)) => {
                let places: Vec<_> = places(order).collect();
                derivatives::full(&places, &self.factor(theta), slopes, pairs)
            }
            (Self::Diagonal { basis, units, one }, Curvature::Diagonal(sums)) => {
                let (g, h) = derivatives::diagonal(theta, (basis, units.len()), slopes, sums);
                match one {
                    true => (vec![g.iter().sum()], vec![h.iter().sum()]),
                    false => (g, h),
                }
            }
            _ => unreachable!("a structure has its own curvature"),
        }
    }

    /// The direction in which one more rank gains most.
    #[inline]
    pub(super) fn missing(&self, slopes: &Slopes) -> Missing {
        match self {
            Self::Full { order } => {
                let q = order.len();
                let (mut g, mut vectors) = (slopes.slope.clone(), vec![0.0; q * q]);
                let vectors_mut = MatMut::planned(&mut vectors, q, q);
                eigen(MatMut::planned(&mut g, q, q), vectors_mut);
                vectors.truncate(q);
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

    /// The curvature along a missing direction, but for what comes by way of phi and A.
    pub(super) fn bend(&self, missing: &Missing, slopes: &Slopes) -> f64 {
        let v = &missing.direction;
        let (sum, spread) = match (self, &slopes.curvature) {
            (Self::Full { .. }, Curvature::Full(pairs)) => {
                (pairs.along(v), quadratic(&slopes.spread, v, 1, 0))
            }
            (Self::Diagonal { basis, units, .. }, Curvature::Diagonal(sums)) => {
                let r = units.len();
                let each = |k: usize| v[k.min(v.len() - 1)];
                let row = |k: usize| {
                    (0..r)
                        .map(|m| each(k) * each(m) * sums.at(k, m))
                        .sum::<f64>()
                };
                let spread = |k: usize| each(k) * quadratic(&slopes.spread, basis, r, k);
                ((0..r).map(row).sum(), (0..r).map(spread).sum())
            }
            _ => unreachable!("a structure has its own curvature"),
        };
        let spread: f64 = spread;
        sum - spread * spread / (slopes.nu * slopes.noise * slopes.noise)
    }

    /// The numbers of `Delta` plus `size` in a missing direction.
    #[inline]
    pub(super) fn extend(&self, theta: &[f64], missing: &Missing, size: f64) -> Vec<f64> {
        match self {
            Self::Full { order } => {
                let f = self.factor(theta);
                let root = Real::sqrt(size);
                let x: Vec<f64> = missing.direction.iter().map(|v| root * v).collect();
                factored(order, columns(&f, order.len()).chain([x]))
            }
            Self::Diagonal { .. } => {
                let both = theta.iter().zip(&missing.direction);
                both.map(|(t, v)| Real::sqrt(t * t + size * v)).collect()
            }
        }
    }

    /// The numbers without the directions whose variance is below `least`, and how many directions are left.
    #[inline]
    pub(super) fn trim(&self, theta: &[f64], least: f64) -> (Vec<f64>, usize) {
        let Self::Full { order } = self else {
            let keep = |t: &f64| if t * t < least { 0.0 } else { *t };
            let kept: Vec<f64> = theta.iter().map(keep).collect();
            let ranks = if theta.len() == 1 { self.rank() } else { 1 };
            let rank = ranks * kept.iter().filter(|t| **t != 0.0).count();
            return (kept, rank);
        };
        let q = order.len();
        let (mut delta, mut vectors) = (outer(&self.factor(theta), q), vec![0.0; q * q]);
        let vectors_mut = MatMut::planned(&mut vectors, q, q);
        eigen(MatMut::planned(&mut delta, q, q), vectors_mut);
        let kept: Vec<usize> = (0..q).filter(|i| delta[i * q + i] >= least).collect();
        if kept.len() == q {
            return (theta.to_vec(), q);
        }
        let scaled = |&i: &usize| {
            let root = Real::sqrt(delta[i * q + i]);
            vectors[i * q..][..q].iter().map(|v| root * v).collect()
        };
        (factored(order, kept.iter().map(scaled)), kept.len())
    }

    /// Takes better pivots for a full covariance, where others have less than half the standard deviation of what is left; the same
    /// covariance's new numbers.
    #[inline]
    pub(super) fn pivot(&mut self, theta: &[f64]) -> Option<Vec<f64>> {
        let f = self.factor(theta);
        let Self::Full { order } = self else {
            return None;
        };
        let better = pivots(outer(&f, order.len()), order);
        if better == *order {
            return None;
        }
        *order = better;
        Some(factored(order, columns(&f, order.len())))
    }
}

/// Rows and columns of a lower triangle, in the order of its numbers.
pub(super) fn lower(q: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..q).flat_map(|a| (0..=a).map(move |b| (a, b)))
}

/// Where the numbers of a lower triangle stand in `F`.
fn places(order: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    lower(order.len()).map(|(a, b)| (order[a], b))
}

/// The columns of `f: q x q`.
fn columns(f: &[f64], q: usize) -> impl Iterator<Item = Vec<f64>> {
    (0..q).map(move |b| f.iter().skip(b).step_by(q).copied().collect())
}

/// The numbers of `sum x x'`.
fn factored(order: &[usize], parts: impl Iterator<Item = Vec<f64>>) -> Vec<f64> {
    let q = order.len();
    let (mut l, mut scratch) = (vec![0.0; q * q], vec![0.0; update_scratch(q)]);
    let mut work = Work::new(default_level(), &mut scratch);
    for part in parts {
        let x: Vec<f64> = order.iter().map(|&a| part[a]).collect();
        cholesky_update(MatMut::planned(&mut l, q, q), &x, &mut work);
    }
    lower(q).map(|(a, b)| l[a * q + b]).collect()
}

/// Pivots for `delta: q x q`: those of `order`, as long as they have a quarter of the largest variance that is left.
fn pivots(mut delta: Vec<f64>, order: &[usize]) -> Vec<usize> {
    let q = order.len();
    let (mut left, mut chosen) = (order.to_vec(), Vec::with_capacity(q));
    while !left.is_empty() {
        let variance = |a: usize| delta[a * (q + 1)];
        let most = (0..left.len()).fold(0, |m, i| {
            if variance(left[i]) > variance(left[m]) {
                i
            } else {
                m
            }
        });
        let next = if variance(left[0]) < 0.25 * variance(left[most]) {
            most
        } else {
            0
        };
        let a = left.remove(next);
        chosen.push(a);
        let pivot = variance(a);
        if pivot > 0.0 {
            for &i in &left {
                let share = delta[i * q + a] / pivot;
                for &j in &left {
                    delta[i * q + j] -= share * delta[a * q + j];
                }
            }
        }
    }
    chosen
}

/// `F F'` for `f: q x r`.
pub(super) fn outer(f: &[f64], r: usize) -> Vec<f64> {
    let rows = || f.chunks_exact(r);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    rows()
        .flat_map(|a| rows().map(move |b| dot(a, b)))
        .collect()
}
