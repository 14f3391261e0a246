//! The search for the covariance: Newton's method, damped (Levenberg 1944, Marquardt 1963; Moré 1978 on the damping).
//!
//! ```text
//! start from the best of a few sizes
//! until certified:
//!     gradient g, Hessian H                                      one pass over the tasks
//!     solve (H + mu diag |H|) step = -g, mu so large that it is positive definite and lowers -2 log L       a pass a trial
//! directions of next to no variance are cut off, if the certificate still holds without them
//! ```
//! The certificate is what first-order optimality over all covariances `Delta >= 0` asks, `G F = 0` and `G >= 0`, in the frame, where
//! features and label have unit variance: with `s = max(1, max |t|)`
//! ```text
//! residual = max( s max |d(-2 log L) / dt|,  s^2 (- least eigenvalue of G) ) / nu
//! ```
//! Where only the second is too large, the covariance is singular and must not be: it gains a rank in that eigenvector's direction.

use alloc::vec::Vec;

use cognate_kernels::{MatMut, MatRef};

use super::lanes::Factor;
use super::likelihood::{Likelihood, Point, Slopes};
use super::structure::{Missing, Structure};
use crate::error::Result;
use crate::linalg::{cholesky, cholesky_solve};
use crate::optim::Stop;
use crate::workspace::{Work, default_level};

/// Relative variances that are tried first, and powers of ten between.
const SMALLEST: f64 = 1e-3;
const LARGEST: f64 = 100.0;

/// Damping beyond which no step is small enough.
const STIFFEST: f64 = 1e12;

/// A part of the deviance that may be lost in its rounding.
const ROUNDING: f64 = 1e-11;

/// Variances of the frame, relative to the noise, that may be nothing.
const NOTHING: f64 = 1e-9;

/// A part of the labels' sum of squares that is lost in its rounding: noise below cannot be told from none.
const NOISELESS: f64 = 1e-13;

/// Sizes tried of a rank to gain.
const TRIALS: usize = 30;

/// Steps without a smaller residual, all of them lost in rounding, after which the work ends.
const PATIENCE: usize = 8;

/// Where the search is.
pub(super) struct Search<'a> {
    pub(super) likelihood: &'a Likelihood<'a>,
    pub(super) structure: Structure,
    pub(super) tolerance: f64,
    pub(super) theta: Vec<f64>,
    pub(super) point: Point,
    /// The certificate.
    pub(super) residual: f64,
    pub(super) iterations: usize,
    /// Evaluations of the likelihood.
    pub(super) evaluations: usize,
    /// Directions that have a variance.
    pub(super) rank: usize,
    damping: f64,
    /// The labels' sum of squares.
    size: f64,
}

/// A step's outcome.
enum Step {
    /// The deviance fell as it should.
    Down,
    /// What it could change is lost in rounding.
    Lost,
    /// Nothing lowers it.
    None,
}

impl<'a> Search<'a> {
    /// At the best of a few covariances.
    #[inline]
    pub(super) fn new(
        likelihood: &'a Likelihood<'a>,
        structure: Structure,
        tolerance: f64,
    ) -> Result<Self> {
        let theta = structure.start(0.0);
        let point = likelihood.at(Factor {
            values: &[],
            rank: 0,
        })?;
        let size = point.size;
        let mut search = Self {
            likelihood,
            structure,
            tolerance,
            theta,
            point,
            residual: f64::INFINITY,
            iterations: 0,
            evaluations: 1,
            rank: 0,
            damping: 0.0,
            size,
        };
        if search.exact() {
            search.residual = 0.0;
            return Ok(search);
        }
        search.start();
        Ok(search)
    }

    /// Goes to the best of covariances of several sizes.
    #[inline]
    fn start(&mut self) {
        let (mut size, mut best) = (SMALLEST, f64::INFINITY);
        while size <= LARGEST / self.structure.range() {
            let theta = self.structure.start(size);
            if let Some(point) = self.at(&theta).filter(|p| p.deviance < best) {
                best = point.deviance;
                (self.theta, self.point) = (theta, point);
            }
            size *= 10.0;
        }
    }

    /// Whether the labels are linear in the features without any noise: there is nothing to learn then.
    fn exact(&self) -> bool {
        self.point.noise * self.likelihood.nu() <= NOISELESS * self.size
    }

    /// The likelihood at `theta`; none where it is not a number.
    #[inline]
    fn at(&mut self, theta: &[f64]) -> Option<Point> {
        self.evaluations += 1;
        let values = &self.structure.factor(theta);
        let rank = self.structure.rank();
        let point = self.likelihood.at(Factor { values, rank }).ok()?;
        let known = point.noise * self.likelihood.nu() > NOISELESS * self.size;
        (point.deviance.is_finite() && known).then_some(point)
    }

    #[inline]
    fn slopes(&self, theta: &[f64], point: &Point) -> Slopes {
        let values = &self.structure.factor(theta);
        let rank = self.structure.rank();
        let empty = self.structure.curvature(self.likelihood.restricted);
        self.likelihood
            .slopes(Factor { values, rank }, point, &empty)
    }

    /// Goes on until certified, or for `max_iter` steps.
    #[inline]
    pub(super) fn run(&mut self, max_iter: usize) -> Stop {
        if self.residual == 0.0 {
            return Stop::Converged;
        }
        let (mut least, mut idle) = (f64::INFINITY, 0);
        loop {
            if let Some(theta) = self.structure.pivot(&self.theta) {
                self.theta = theta;
            }
            let slopes = self.slopes(&self.theta, &self.point);
            let (gradient, hessian) = self.structure.derivatives(&self.theta, &slopes);
            let missing = self.structure.missing(&slopes);
            let flat = self.flat(&self.theta, &gradient);
            self.residual = flat.max(self.lacking(&self.theta, &missing));
            if self.residual <= self.tolerance {
                return Stop::Converged;
            }
            if self.iterations == max_iter {
                return Stop::MaxIterations;
            }
            self.iterations += 1;
            let saddle = flat <= self.tolerance && flat < 0.01 * self.residual;
            let step = match saddle && self.gain_rank(&missing, &slopes) {
                true => Step::Down,
                false => self.step(&gradient, &hessian),
            };
            (least, idle) = match step {
                Step::Down => (least.min(self.residual), 0),
                Step::Lost if self.residual < 0.9 * least => (self.residual, 0),
                Step::Lost if idle < PATIENCE => (least, idle + 1),
                _ => return Stop::Rounding,
            };
        }
    }

    /// How far the gradient is from 0.
    fn flat(&self, theta: &[f64], gradient: &[f64]) -> f64 {
        largest(gradient) * largest(theta).max(1.0) / self.likelihood.nu()
    }

    /// What a rank more would gain.
    fn lacking(&self, theta: &[f64], missing: &Missing) -> f64 {
        let size = largest(theta).max(1.0);
        -missing.slope * size * size / self.likelihood.nu()
    }

    /// Adds a rank in the direction in which it gains most, if it does.
    #[inline]
    fn gain_rank(&mut self, missing: &Missing, slopes: &Slopes) -> bool {
        let (widest, bend) = (
            largest(&self.theta).max(1.0),
            self.structure.bend(missing, slopes),
        );
        let mut size = match bend > 0.0 {
            true => (-missing.slope / bend).min(widest * widest),
            false => widest * widest,
        };
        for _ in 0..TRIALS {
            let theta = self.structure.extend(&self.theta, missing, size);
            let lost = if -missing.slope * size <= self.noise() {
                self.noise()
            } else {
                0.0
            };
            if let Some(point) = self
                .at(&theta)
                .filter(|p| p.deviance < self.point.deviance + lost)
            {
                (self.theta, self.point) = (theta, point);
                return true;
            }
            size *= 0.25;
        }
        false
    }

    /// What of the deviance may be rounding.
    fn noise(&self) -> f64 {
        ROUNDING * (self.point.deviance.abs() + self.likelihood.nu())
    }

    /// One damped step of Newton's.
    #[inline]
    fn step(&mut self, gradient: &[f64], hessian: &[f64]) -> Step {
        let noise = self.noise();
        while self.damping <= STIFFEST {
            let Some(step) = damped(hessian, gradient, self.damping) else {
                self.stiffen();
                continue;
            };
            let expected = -predicted(&step, gradient, hessian);
            let theta: Vec<f64> = self.theta.iter().zip(&step).map(|(t, s)| t + s).collect();
            let point = self.at(&theta);
            let gained = point
                .as_ref()
                .map_or(f64::NEG_INFINITY, |p| self.point.deviance - p.deviance);
            let lost = expected <= noise && gained >= -noise;
            match point {
                Some(point) if lost || gained > 1e-4 * expected => {
                    (self.theta, self.point) = (theta, point);
                    if lost || gained > 0.75 * expected {
                        self.relax();
                    } else if gained < 0.25 * expected {
                        self.stiffen();
                    }
                    return if lost { Step::Lost } else { Step::Down };
                }
                _ => self.stiffen(),
            }
        }
        self.damping = 0.0;
        Step::None
    }

    fn stiffen(&mut self) {
        self.damping = (4.0 * self.damping).max(1e-3);
    }

    fn relax(&mut self) {
        self.damping = if self.damping < 1e-2 {
            0.0
        } else {
            0.1 * self.damping
        };
    }

    /// Cuts off directions of next to no variance, all of them if that costs nothing, as long as the certificate holds.
    #[inline]
    pub(super) fn trim(&mut self) {
        self.rank = self.structure.rank();
        let noise = self.noise();
        let size = largest(&self.theta).max(1.0);
        for least in [f64::INFINITY, NOTHING * size * size] {
            let (theta, rank) = self.structure.trim(&self.theta, least);
            if rank == self.structure.rank() {
                return;
            }
            let Some(point) = self
                .at(&theta)
                .filter(|p| p.deviance <= self.point.deviance + noise)
            else {
                continue;
            };
            let slopes = self.slopes(&theta, &point);
            let gradient = self.structure.derivatives(&theta, &slopes).0;
            let missing = self.structure.missing(&slopes);
            let residual = self
                .flat(&theta, &gradient)
                .max(self.lacking(&theta, &missing));
            if residual <= self.tolerance.max(self.residual) {
                (self.theta, self.point, self.rank) = (theta, point, rank);
                self.residual = residual;
                return;
            }
        }
    }
}

/// `max |v|`.
fn largest(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |m, v| m.max(v.abs()))
}

/// `-(H + mu diag |H|)^-1 g`; none where the matrix is not positive definite.
#[inline]
fn damped(hessian: &[f64], gradient: &[f64], damping: f64) -> Option<Vec<f64>> {
    let (n, level) = (gradient.len(), default_level());
    let mut h = hessian.to_vec();
    let widest = (0..n).fold(0.0_f64, |m, i| m.max(h[i * n + i].abs()));
    for i in 0..n {
        let own = h[i * n + i].abs();
        h[i * n + i] += damping * own.max(1e-8 * widest);
    }
    let work = &mut Work::new(level, &mut []);
    cholesky(MatMut::planned(&mut h, n, n), work).ok()?;
    let mut step: Vec<f64> = gradient.iter().map(|g| -g).collect();
    cholesky_solve(MatRef::planned(&h, n, n), &mut step, level);
    step.iter().all(|s| s.is_finite()).then_some(step)
}

/// `g's + 1/2 s'H s`.
fn predicted(step: &[f64], gradient: &[f64], hessian: &[f64]) -> f64 {
    let dot = |a: &[f64]| a.iter().zip(step).map(|(a, s)| a * s).sum::<f64>();
    let rows = hessian.chunks_exact(step.len());
    let bent: f64 = rows.zip(step).map(|(row, s)| s * dot(row)).sum();
    dot(gradient) + 0.5 * bent
}
