//! What was learned: the coefficients' distribution over tasks, and each task's own.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real};

use super::frame::Frame;
use super::lanes::{Factor, Tile};
use crate::check;
use crate::error::Result;
use crate::mtl::linear::{Axis, Learned, TaskLinear};
use crate::mtl::{Kind, Summaries};

/// `y = [1, x]'(phi + v_t) + e` with `v_t ~ N(0, Lambda)`, learned. Coefficients stand behind the intercept: `d + 1` of them.
#[derive(Clone, Debug)]
pub struct RandomEffectsModel {
    pub(super) frame: Frame,
    /// `F: q x r`, of the covariance relative to the noise, in the frame.
    pub(super) factor: Vec<f64>,
    pub(super) rank: usize,
    /// In the frame.
    pub(super) center: Vec<f64>,
    /// `A^-1`.
    pub(super) inverse: Vec<f64>,
    /// `s2`, of labels as given.
    pub(super) noise_variance: f64,
    pub(super) phi: Vec<f64>,
    pub(super) covariance: Vec<f64>,
    pub(super) effects: Vec<f64>,
}

/// What the rows of a task say of its own coefficients.
#[derive(Clone, Debug)]
pub struct Posterior<'a> {
    frame: &'a Frame,
    /// `phi + v` in the frame.
    total: Vec<f64>,
    /// Of the posterior of `v` with phi known, and of the error of `phi + v`, in the frame; `q x q`.
    known: Vec<f64>,
    error: Vec<f64>,
    effect: Vec<f64>,
}

/// A number to expect and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// What to expect.
    pub mean: f64,
    /// The standard deviation of its error as an estimate of `[1, x]'(phi + v)`; noise comes on top.
    pub standard_error: f64,
}

impl RandomEffectsModel {
    /// The coefficients that all tasks share, `d + 1`.
    pub fn phi(&self) -> &[f64] {
        &self.phi
    }

    /// Covariance of the estimate of phi, `(d + 1) x (d + 1)`, row-major; 0 for features left out.
    #[inline]
    pub fn phi_covariance(&self) -> Vec<f64> {
        scaled(self.frame.raw_both(&self.inverse), self.noise_variance)
    }

    /// Standard errors of phi.
    #[inline]
    pub fn standard_errors(&self) -> Vec<f64> {
        let all = self.phi_covariance();
        let diagonal = all.iter().step_by(self.phi.len() + 1);
        diagonal.map(|v| Real::sqrt(*v)).collect()
    }

    /// Lambda, the covariance of the tasks' own coefficients, `(d + 1) x (d + 1)`, row-major.
    pub fn covariance(&self) -> &[f64] {
        &self.covariance
    }

    /// The rank of Lambda.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Variance of the noise, of a row of weight 1.
    pub fn noise_variance(&self) -> f64 {
        self.noise_variance
    }

    /// The posterior means of the tasks' own coefficients `v_t`, `T x (d + 1)`, row-major; 0 for a task without rows.
    pub fn effects(&self) -> &[f64] {
        &self.effects
    }

    /// The posterior of task `t` of `tasks`: one that was learned from, or a new one with rows of its own.
    ///
    /// With `h = K^-1 F'` and `W` of the task, the mean is `h'(w_y - W phi)`, the covariance `s2 h'h`, and an error of phi becomes
    /// `I - h'W` times itself in `phi + v`.
    ///
    /// # Errors
    /// If `tasks` have other features.
    ///
    /// # Panics
    /// If there is no such task.
    #[track_caller]
    #[inline]
    pub fn posterior(&self, tasks: &Summaries, t: usize) -> Result<Posterior<'_>> {
        let (q, all) = (self.frame.len(), self.frame.all());
        check::shape(
            "tasks",
            (tasks.tasks(), tasks.features()),
            (tasks.tasks(), all - 1),
        )?;
        let factor = self.relative();
        let mut tile = Tile::new(q, factor.rank);
        assert!(t < tasks.tasks(), "a task of the summaries");
        tile.load(&self.frame, tasks, t..t + 1);
        tile.reduce(factor);
        let gain = tile.gain(factor, 0);
        let mut keep = vec![0.0; q * q];
        for (i, row) in gain.chunks_exact(q).enumerate() {
            let w: Vec<f64> = tile.row(i, 0).take(q).collect();
            add_outer(&mut keep, -1.0, row, &w);
        }
        keep.iter_mut().step_by(q + 1).for_each(|v| *v += 1.0);
        let mut known = vec![0.0; q * q];
        for row in gain.chunks_exact(q) {
            add_outer(&mut known, self.noise(), row, row);
        }
        let carried = multiply(&multiply(&keep, &self.inverse, q), &transposed(&keep, q), q);
        let error = carried.iter().zip(&known);
        let error = error.map(|(c, k)| self.noise() * c + k);
        let effect = self.effect(&tile, 0);
        Ok(Posterior {
            total: self
                .center
                .iter()
                .zip(&effect)
                .map(|(p, v)| p + v)
                .collect(),
            frame: &self.frame,
            error: error.collect(),
            known,
            effect,
        })
    }

    /// What to expect of a row `x: d` of a task never seen. The error is that of phi and of not knowing the task's own part.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    #[inline]
    pub fn unseen(&self, x: &[f64]) -> Result<Estimate> {
        let delta = super::structure::outer(self.relative().values, self.relative().rank);
        let error: Vec<f64> = delta
            .iter()
            .zip(&self.inverse)
            .map(|(d, a)| self.noise() * (d + a))
            .collect();
        estimate(&self.frame, x, &self.center, &error)
    }

    /// The linear models of the tasks called `names`, and that of a task never seen; with `covariance`, `noise_variance` and
    /// `random_effects` as what was learned.
    ///
    /// # Errors
    /// If there are not as many names as tasks.
    pub fn task_linear<'t>(&self, names: impl Iterator<Item = &'t str>) -> Result<TaskLinear> {
        let all = self.phi.len();
        let own = self.effects.chunks_exact(all);
        let unseen = core::iter::once(self.phi.clone());
        let lines = own.map(|v| v.iter().zip(&self.phi).map(|(v, p)| v + p).collect());
        let (mut coef, mut intercept) = (Vec::with_capacity(self.effects.len()), Vec::new());
        for line in lines.chain(unseen) {
            let line: Vec<f64> = line;
            intercept.push(line[0]);
            coef.extend_from_slice(&line[1..]);
        }
        let table = |name, axes, rows, cols, values: &[f64]| Learned {
            name,
            axes,
            shape: (rows, cols),
            values: values.to_vec(),
        };
        let tasks = self.effects.len() / all;
        let both = (Axis::Coefficients, Axis::Coefficients);
        let covariance = table("covariance", both, all, all, &self.covariance);
        let other = (Axis::Other, Axis::Other);
        let noise = table("noise_variance", other, 1, 1, &[self.noise_variance]);
        let own = (Axis::Tasks, Axis::Coefficients);
        let effects = table("random_effects", own, tasks, all, &self.effects);
        let named = names.map(|name| (name, Kind::Number));
        let model = TaskLinear::new(named, all - 1, coef, intercept, true)?;
        Ok(model
            .with_learned(covariance)
            .with_learned(noise)
            .with_learned(effects))
    }

    /// The noise variance in the frame.
    fn noise(&self) -> f64 {
        let label = self.frame.label().1;
        self.noise_variance / (label * label)
    }

    fn relative(&self) -> Factor<'_> {
        Factor {
            values: &self.factor,
            rank: self.factor.len() / self.frame.len(),
        }
    }

    /// The posterior mean of `v` of a task of a reduced tile, in the frame.
    fn effect(&self, tile: &Tile, lane: usize) -> Vec<f64> {
        let q = self.frame.len();
        let mut effect = vec![0.0; q];
        let gain = tile.gain(self.relative(), lane);
        for (i, row) in gain.chunks_exact(q).enumerate() {
            let w: Vec<f64> = tile.row(i, lane).collect();
            let left = w[q] - dot(&w[..q], &self.center);
            effect.iter_mut().zip(row).for_each(|(e, h)| *e += left * h);
        }
        effect
    }

    /// The same of all features, with labels as given.
    #[inline]
    pub(super) fn raw_effect(&self, tile: &Tile, lane: usize) -> Vec<f64> {
        let effect = self.effect(tile, lane);
        scaled(self.frame.raw(&effect), self.frame.label().1)
    }
}

impl Posterior<'_> {
    /// Posterior mean of `v`, `d + 1`.
    pub fn effect(&self) -> Vec<f64> {
        scaled(self.frame.raw(&self.effect), self.frame.label().1)
    }

    /// Posterior covariance of `v` for phi, Lambda and the noise as estimated, `(d + 1) x (d + 1)`, row-major: lme4's `condVar`.
    #[inline]
    pub fn covariance(&self) -> Vec<f64> {
        let label = self.frame.label().1;
        scaled(self.frame.raw_both(&self.known), label * label)
    }

    /// What to expect of a row `x: d` of the task. The error counts that of phi, and takes Lambda and the noise as they are estimated
    /// (Henderson 1975).
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn predict(&self, x: &[f64]) -> Result<Estimate> {
        estimate(self.frame, x, &self.total, &self.error)
    }
}

/// `z'b` and the root of `z'C z` for `z = [1, x]` in the frame, as labels as given.
fn estimate(frame: &Frame, x: &[f64], b: &[f64], covariance: &[f64]) -> Result<Estimate> {
    check::shape("x", (1, x.len()), (1, frame.all() - 1))?;
    check::finite("x", MatRef::planned(x, 1, x.len()))?;
    let (q, (mean, scale)) = (frame.len(), frame.label());
    let mut z = vec![0.0; q];
    frame.row(x, &mut z);
    let half: Vec<f64> = covariance.chunks_exact(q).map(|row| dot(row, &z)).collect();
    Ok(Estimate {
        mean: mean + scale * dot(&z, b),
        standard_error: scale * Real::sqrt(dot(&half, &z).max(0.0)),
    })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `m += factor u v'`.
fn add_outer(m: &mut [f64], factor: f64, u: &[f64], v: &[f64]) {
    for (row, u) in m.chunks_exact_mut(v.len()).zip(u) {
        row.iter_mut()
            .zip(v)
            .for_each(|(m, v)| *m += factor * u * v);
    }
}

fn scaled(mut v: Vec<f64>, factor: f64) -> Vec<f64> {
    v.iter_mut().for_each(|v| *v *= factor);
    v
}

/// `A B`, both `q x q`.
fn multiply(a: &[f64], b: &[f64], q: usize) -> Vec<f64> {
    let mut out = vec![0.0; q * q];
    for (row, to) in a.chunks_exact(q).zip(out.chunks_exact_mut(q)) {
        for (a, line) in row.iter().zip(b.chunks_exact(q)) {
            to.iter_mut().zip(line).for_each(|(t, b)| *t += a * b);
        }
    }
    out
}

fn transposed(m: &[f64], q: usize) -> Vec<f64> {
    let mut out = vec![0.0; q * q];
    MatMut::planned(&mut out, q, q).copy_from(MatRef::planned(m, q, q).t());
    out
}
