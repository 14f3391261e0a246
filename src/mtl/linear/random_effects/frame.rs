//! The frame in which the work is done: features and label centred about their pooled means and in units of their pooled standard
//! deviations.
//!
//! With `z = (1, (x - mean_x) / scale_x)` a coefficient vector `b` of the frame is `scale_y B b` of the features as given:
//! ```text
//!     B = [1  -mean_j / scale_j]         B^-1 = [1  mean_j ]
//!         [0     1 / scale_j   ]                [0  scale_j]
//! ```
//! Features that are constant, or that repeat those before them, have no coefficient of their own and are left out.

use alloc::{vec, vec::Vec};

use cognate_kernels::Real;

use crate::error::{Error, Result};
use crate::mtl::{Summaries, TaskSummary};

/// What is left of a feature of unit variance when the features before it are taken out, in roundings a feature: less is nothing.
const NOISE: f64 = 64.0 * f64::EPSILON;

/// Pooled means and scales.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    features: usize,
    /// The features that have coefficients, ascending.
    kept: Vec<usize>,
    /// Of the kept features, then of the label.
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// Rows of all tasks.
    pub(super) rows: usize,
    /// Sum of the logarithms of their weights.
    pub(super) log_weight: f64,
}

impl Frame {
    /// That of all rows of `tasks`.
    ///
    /// # Errors
    /// If no task has rows.
    #[inline]
    pub(super) fn of(tasks: &Summaries) -> Result<Self> {
        let (d, rows) = (tasks.features(), tasks.iter().map(|t| t.rows()).sum());
        if rows == 0 {
            return Err(Error::Empty { argument: "tasks" });
        }
        let weight: f64 = tasks.iter().map(|t| t.weight()).sum();
        let mean = pooled_mean(tasks, weight);
        let variance = pooled_variance(tasks, &mean, weight);
        let deviation = |j: usize| Real::sqrt(variance[j * (d + 1) + j]);
        let constant = |j: usize| deviation(j) <= NOISE * mean[j].abs();
        let kept = independent(&variance, d, constant);
        let all = kept.iter().copied().chain([d]);
        let scale = |j: usize| if constant(j) { 1.0 } else { deviation(j) };
        Ok(Self {
            features: d,
            scale: all.clone().map(scale).collect(),
            mean: all.map(|j| mean[j]).collect(),
            kept,
            rows,
            log_weight: tasks.iter().map(|t| t.log_weight()).sum(),
        })
    }

    /// Number of coefficients, `q`: one for the intercept and one a kept feature.
    pub(super) fn len(&self) -> usize {
        self.kept.len() + 1
    }

    /// Number of coefficients of all features, left out or not: `d + 1`.
    pub(super) fn all(&self) -> usize {
        self.features + 1
    }

    /// Mean and scale of coefficient `j`'s feature; for the intercept (0, 1).
    pub(super) fn feature(&self, j: usize) -> (f64, f64) {
        match j {
            0 => (0.0, 1.0),
            j => (self.mean[j - 1], self.scale[j - 1]),
        }
    }

    /// The label's mean and scale.
    pub(super) fn label(&self) -> (f64, f64) {
        (self.mean[self.kept.len()], self.scale[self.kept.len()])
    }

    /// Products `[z, y]'[z, y]` of a task's rows, each about the pooled means: `put(i, j, value)` for `j <= i <= q`.
    pub(super) fn products(&self, task: &TaskSummary<'_>, mut put: impl FnMut(usize, usize, f64)) {
        let (d, weight, (mean, centred)) = (self.features, task.weight(), task.raw());
        put(0, 0, weight);
        for i in 0..self.len() {
            let at = |i: usize| self.kept.get(i).copied().unwrap_or(d);
            let apart = |i: usize| (mean[at(i)] - self.mean[i]) / self.scale[i];
            let (from, lift) = (&centred[at(i) * (d + 1)..][..d + 1], weight * apart(i));
            put(i + 1, 0, lift);
            for j in 0..=i {
                let within = from[at(j)] / (self.scale[i] * self.scale[j]);
                put(i + 1, j + 1, within + lift * apart(j));
            }
        }
    }

    /// `[1, x]` in the frame, for one row of features as given; `z: q`.
    pub(super) fn row(&self, x: &[f64], z: &mut [f64]) {
        z[0] = 1.0;
        for (i, &j) in self.kept.iter().enumerate() {
            z[i + 1] = (x[j] - self.mean[i]) / self.scale[i];
        }
    }

    /// `B b`, for all features: those left out have 0.
    pub(super) fn raw(&self, b: &[f64]) -> Vec<f64> {
        let mut raw = vec![0.0; self.all()];
        raw[0] = b[0];
        for (i, &j) in self.kept.iter().enumerate() {
            raw[j + 1] = b[i + 1] / self.scale[i];
            raw[0] -= raw[j + 1] * self.mean[i];
        }
        raw
    }

    /// `B m B'`, for all features.
    pub(super) fn raw_both(&self, m: &[f64]) -> Vec<f64> {
        let (q, all) = (self.len(), self.all());
        let half: Vec<f64> = m.chunks_exact(q).flat_map(|row| self.raw(row)).collect();
        let mut raw = vec![0.0; all * all];
        for j in 0..all {
            let column: Vec<f64> = (0..q).map(|i| half[i * all + j]).collect();
            for (i, v) in self.raw(&column).into_iter().enumerate() {
                raw[i * all + j] = v;
            }
        }
        raw
    }

    /// Where coefficient `i` of the frame stands among those of all features.
    pub(super) fn place(&self, i: usize) -> usize {
        match i {
            0 => 0,
            i => self.kept[i - 1] + 1,
        }
    }
}

/// Means of features and label, `d + 1`.
fn pooled_mean(tasks: &Summaries, weight: f64) -> Vec<f64> {
    let mut mean = vec![0.0; tasks.features() + 1];
    for task in tasks.iter() {
        let share = task.weight() / weight;
        let add = |(m, v): (&mut f64, &f64)| *m += share * v;
        mean.iter_mut().zip(task.raw().0).for_each(add);
    }
    mean
}

/// Their covariances, `(d + 1) x (d + 1)`.
fn pooled_variance(tasks: &Summaries, mean: &[f64], weight: f64) -> Vec<f64> {
    let width = mean.len();
    let mut variance = vec![0.0; width * width];
    for task in tasks.iter() {
        let (own, centred) = task.raw();
        let lines = variance
            .chunks_exact_mut(width)
            .zip(centred.chunks_exact(width));
        for (i, (line, within)) in lines.enumerate() {
            let lift = task.weight() * (own[i] - mean[i]);
            for j in 0..width {
                line[j] += (within[j] + lift * (own[j] - mean[j])) / weight;
            }
        }
    }
    variance
}

/// The features that are no combination of those before them: a Cholesky factor of their correlations, without the rest's rows.
fn independent(variance: &[f64], d: usize, constant: impl Fn(usize) -> bool) -> Vec<usize> {
    let (mut kept, mut rows): (Vec<usize>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
    let at = |i: usize, j: usize| variance[i * (d + 1) + j];
    for j in (0..d).filter(|&j| !constant(j)) {
        let mut row: Vec<f64> = Vec::with_capacity(kept.len() + 1);
        for (i, &k) in kept.iter().enumerate() {
            let known: f64 = row.iter().zip(&rows[i]).map(|(a, b)| a * b).sum();
            let correlation = at(j, k) / Real::sqrt(at(j, j) * at(k, k));
            row.push((correlation - known) / rows[i][i]);
        }
        let left = 1.0 - row.iter().map(|v| v * v).sum::<f64>();
        if left > NOISE * d as f64 {
            row.push(Real::sqrt(left));
            rows.push(row);
            kept.push(j);
        }
    }
    kept
}
