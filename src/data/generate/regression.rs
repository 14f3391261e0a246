//! Numbers that are a linear function of some of the features, plus noise.

use alloc::{vec, vec::Vec};

use cognate_kernels::Real;

use super::{normals, product, reordered, setting, uniforms};
use crate::Result;
use crate::rng::{Rng, rng};

/// Settings of [`make_regression`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegressionConfig {
    /// Rows, `n`.
    pub rows: usize,
    /// Features, `d`.
    pub features: usize,
    /// Features that the targets depend on.
    pub informative: usize,
    /// Targets, `t`.
    pub targets: usize,
    /// Added to every target.
    pub bias: f64,
    /// Standard deviation of the normal noise on the targets.
    pub noise: f64,
    /// About how many directions hold most of the features' variance; `None`: independent features of variance 1.
    pub effective_rank: Option<usize>,
    /// With `effective_rank`: how much of the singular values is a slowly falling tail.
    pub tail_strength: f64,
    /// Whether rows and features are put in random order; if not, the informative features come first.
    pub shuffle: bool,
}

impl Default for RegressionConfig {
    /// scikit-learn's.
    fn default() -> Self {
        Self {
            rows: 100,
            features: 100,
            informative: 10,
            targets: 1,
            bias: 0.0,
            noise: 0.0,
            effective_rank: None,
            tail_strength: 0.5,
            shuffle: true,
        }
    }
}

/// Features, targets, and the coefficients behind them.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    /// Row-major `n x d`.
    pub x: Vec<f64>,
    /// Row-major `n x t`: `x coef + bias + noise`.
    pub y: Vec<f64>,
    /// Row-major `d x t`; 0 for features that do not matter.
    pub coef: Vec<f64>,
}

/// A linear regression problem of known coefficients, from 0 to 100.
///
/// ```
/// use cognate::data::generate::{RegressionConfig, make_regression};
/// let set = make_regression(&RegressionConfig { rows: 50, features: 8, informative: 3, ..Default::default() }, 0)?;
/// assert_eq!(set.coef.iter().filter(|c| **c != 0.0).count(), 3);
/// # Ok::<(), cognate::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for a setting out of its range.
#[inline]
pub fn make_regression(config: &RegressionConfig, seed: u64) -> Result<Regression> {
    config.check()?;
    let RegressionConfig {
        rows,
        features,
        targets,
        ..
    } = *config;
    let stream = |part| rng(seed, part, 0);
    let mut points = stream("regression.points");
    let x = match config.effective_rank {
        None => normals(&mut points, rows * features),
        Some(rank) => low_rank(config, rank, &mut points),
    };
    // More features than matter are no error: all of them do then.
    let informative = config.informative.min(features);
    let mut coef = uniforms(&mut stream("regression.coef"), informative * targets);
    coef.iter_mut().for_each(|c| *c *= 100.0);
    coef.resize(features * targets, 0.0);
    let mut y = product(&x, &coef, features, targets);
    let mut noise = stream("regression.noise");
    y.iter_mut()
        .for_each(|y| *y += config.bias + config.noise * noise.normal());
    if !config.shuffle {
        return Ok(Regression { x, y, coef });
    }
    let mut order = stream("regression.order");
    let (row_order, column_order) = (order.permutation(rows), order.permutation(features));
    let as_they_are: Vec<usize> = (0..targets).collect();
    Ok(Regression {
        x: reordered(&x, features, &row_order, &column_order),
        y: reordered(&y, targets, &row_order, &as_they_are),
        coef: reordered(&coef, targets, &column_order, &as_they_are),
    })
}

impl RegressionConfig {
    fn check(&self) -> Result<()> {
        for (name, count) in [
            ("rows", self.rows),
            ("features", self.features),
            ("targets", self.targets),
            ("effective_rank", self.effective_rank.unwrap_or(1)),
        ] {
            setting(count > 0, name, "positive", 0.0)?;
        }
        setting(self.bias.is_finite(), "bias", "finite", self.bias)?;
        let is_scale = self.noise.is_finite() && self.noise >= 0.0;
        setting(is_scale, "noise", "finite and not negative", self.noise)?;
        let tail = self.tail_strength;
        setting(
            (0.0..=1.0).contains(&tail),
            "tail_strength",
            "from 0 to 1",
            tail,
        )
    }
}

/// `U diag(s) V'` with random orthonormal columns in U and V and
/// `s_i = (1 - tail) exp(-(i / rank)^2) + tail exp(-i / (10 rank))`, `i = 0 ..`.
#[inline]
fn low_rank(config: &RegressionConfig, rank: usize, stream: &mut Rng) -> Vec<f64> {
    let (rows, features, tail) = (config.rows, config.features, config.tail_strength);
    let inner = rows.min(features);
    // Each direction is a row here: u is inner x rows, v is inner x features.
    let u = orthonormal(stream, inner, rows);
    let v = orthonormal(stream, inner, features);
    let mut x = vec![0.0; rows * features];
    for (i, (u, v)) in u
        .chunks_exact(rows)
        .zip(v.chunks_exact(features))
        .enumerate()
    {
        let ratio = i as f64 / rank as f64;
        let singular = (1.0 - tail) * Real::exp(-ratio * ratio) + tail * Real::exp(-0.1 * ratio);
        for (row, u) in x.chunks_exact_mut(features).zip(u) {
            row.iter_mut()
                .zip(v)
                .for_each(|(x, v)| *x += singular * u * v);
        }
    }
    x
}

/// `count` random orthonormal directions of `width >= count` numbers, one a row: normal vectors, each freed of the ones before
/// (Gram and Schmidt, twice for the rounding errors) and divided by its length.
fn orthonormal(stream: &mut Rng, count: usize, width: usize) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b);
    let mut basis: Vec<f64> = Vec::with_capacity(count * width);
    for _ in 0..count {
        let mut next = normals(stream, width);
        for _ in 0..2 {
            for other in basis.chunks_exact(width) {
                let share = dot(other, &next);
                next.iter_mut()
                    .zip(other)
                    .for_each(|(x, o)| *x -= share * o);
            }
        }
        let length = Real::sqrt(dot(&next, &next));
        basis.extend(next.iter().map(|x| x / length));
    }
    basis
}
