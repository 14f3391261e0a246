//! The likelihood of a relative covariance, with coefficients and noise profiled out, and its derivatives.
//!
//! Let `Lambda = s2 Delta`, `Delta = F F'`, and `A_t, b_t, a_t` as the [tiles](super::lanes) make them. With sums over tasks and `n` rows,
//! ```text
//! A = sum A_t      phi = A^-1 sum b_t      rho = sum a_t - phi' sum b_t      s2 = rho / nu      nu = n (ML), n - q (REML)
//!
//! -2 log L = nu (log 2 pi s2 + 1) + sum log det H_t - sum log w   [+ log det A, REML]
//! ```
//! (phi by generalised least squares; Bates, Mächler, Bolker and Walker 2015). `A` changes with the units: of the label `s2`, of the
//! features `det A`, which is why the frame's scales come in. The derivative by a symmetric change of Delta is `tr(G dDelta)`,
//! ```text
//! u_t = b_t - A_t phi      E_t = A_t A^-1 A_t (REML; 0 for ML)      G = sum A_t - u_t u_t' / s2 - E_t
//! ```
//! and the second, for changes `D` and `D'`,
//! ```text
//! sum tr(B_t D A_t D')                     B_t = 2 (u_t u_t' / s2 + E_t) - A_t
//!   - tr(U D) tr(U D') / (nu s2^2)         U = sum u_t u_t'             by way of s2
//!   - 2 k(D)' A^-1 k(D') / s2              k(D) = sum A_t D u_t         by way of phi
//!   - tr(A^-1 N(D) A^-1 N(D'))             N(D) = sum A_t D A_t         by way of det A, REML
//! ```
//! In expectation `B_t = A_t`: Fisher's information, of which the last two are about one task's share.

use alloc::{vec, vec::Vec};
use core::f64::consts::TAU;
use core::ops::Range;

use cognate_kernels::{MatMut, MatRef, Real};

use super::curvature::Curvature;
use super::frame::Frame;
use super::lanes::{Factor, LANES, Lanes, Tile, ZERO, add_scaled, total};
use super::local::Local;
use crate::error::Result;
use crate::linalg::{cholesky, cholesky_log_det, cholesky_solve, invert};
use crate::mtl::Summaries;
use crate::parallel::{Chunks, for_each};
use crate::workspace::{Work, default_level};

/// What does not change while the covariance is learned.
pub(super) struct Likelihood<'a> {
    pub(super) tasks: &'a Summaries,
    pub(super) frame: Frame,
    /// Whether REML.
    pub(super) restricted: bool,
    pub(super) threads: usize,
}

/// A relative covariance's likelihood.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// `-2 log L`, of labels as given.
    pub(super) deviance: f64,
    /// In the frame.
    pub(super) phi: Vec<f64>,
    /// `A^-1`.
    pub(super) inverse: Vec<f64>,
    /// `s2` in the frame.
    pub(super) noise: f64,
    /// `sum a_t`; where the covariance is zero, the labels' sum of squares.
    pub(super) size: f64,
}

/// Its derivatives.
pub(super) struct Slopes {
    /// `G: q x q`, whole.
    pub(super) slope: Vec<f64>,
    /// `U: q x q`, whole.
    pub(super) spread: Vec<f64>,
    pub(super) curvature: Curvature,
    pub(super) nu: f64,
    pub(super) noise: f64,
    /// `A^-1`.
    pub(super) inverse: Vec<f64>,
    pub(super) restricted: bool,
}

impl Likelihood<'_> {
    /// The divisor of the noise variance.
    pub(super) fn nu(&self) -> f64 {
        let fixed = if self.restricted { self.frame.len() } else { 0 };
        self.frame.rows as f64 - fixed as f64
    }

    /// `work` for every tile of tasks, each chunk of tasks with its own `start`; the chunks in order.
    pub(super) fn over_tasks<S: Send>(
        &self,
        f: Factor<'_>,
        start: impl Fn() -> S,
        work: impl Fn(&mut S, &Tile, Range<usize>) + Sync,
    ) -> Vec<S> {
        let chunks = Chunks::of(self.tasks.tasks());
        let chunk = |i| (chunks.range(i), start());
        let mut parts: Vec<_> = (0..chunks.count()).map(chunk).collect();
        for_each(self.threads, &mut parts, |(range, state)| {
            let mut tile = Tile::new(self.frame.len(), f.rank);
            for first in range.clone().step_by(LANES) {
                let last = (first + LANES).min(range.end);
                tile.load(&self.frame, self.tasks, first..last);
                tile.reduce(f);
                work(state, &tile, first..last);
            }
        });
        parts.into_iter().map(|(_, state)| state).collect()
    }

    /// The likelihood of the factor.
    ///
    /// # Errors
    /// If `A` is not positive definite, or not finite.
    #[inline]
    pub(super) fn at(&self, f: Factor<'_>) -> Result<Point> {
        let width = self.frame.len() + 1;
        let start = || (vec![ZERO; width * width], ZERO);
        let parts = self.over_tasks(f, start, |(sum, log_det), tile, _| {
            add_scaled(sum, 1.0, &tile.products);
            add_scaled(
                core::slice::from_mut(log_det),
                1.0,
                core::slice::from_ref(&tile.log_det),
            );
        });
        let mut sum = vec![0.0; width * width];
        let mut log_det = 0.0;
        for (part, part_log_det) in &parts {
            add_totals(part, &mut sum);
            log_det += total(part_log_det);
        }
        self.point(&sum, log_det)
    }

    /// From `sum [A_t b_t; b_t' a_t]` and `sum log det H_t`.
    #[inline]
    fn point(&self, sum: &[f64], log_det: f64) -> Result<Point> {
        let (q, level) = (self.frame.len(), default_level());
        let all = MatRef::planned(sum, q + 1, q + 1);
        let (mut a, mut factor) = (vec![0.0; q * q], vec![0.0; q * q]);
        let block = all.split_rows(q).0.split_cols(q).0;
        MatMut::planned(&mut a, q, q).copy_from(block);
        factor.copy_from_slice(&a);
        let work = &mut Work::new(level, &mut []);
        cholesky(MatMut::planned(&mut factor, q, q), work)?;
        let factor = MatRef::planned(&factor, q, q);
        let b = &all.row(q)[..q];
        let mut phi = b.to_vec();
        cholesky_solve(factor, &mut phi, level);
        invert(&mut a, q)?;
        let size = all.at(q, q);
        let explained: f64 = phi.iter().zip(b).map(|(p, b)| p * b).sum();
        let noise = ((size - explained) / self.nu()).max(0.0);
        let log_a = match self.restricted {
            true => cholesky_log_det(factor) + self.units(),
            false => 0.0,
        };
        let label = self.frame.label().1;
        let fit = self.nu() * (Real::ln(TAU * label * label * noise) + 1.0);
        Ok(Point {
            deviance: fit + log_det + log_a - self.frame.log_weight,
            phi,
            inverse: a,
            noise,
            size,
        })
    }

    /// What the features' units add to `log det A`.
    fn units(&self) -> f64 {
        let scales = (1..self.frame.len()).map(|j| self.frame.feature(j).1);
        2.0 * scales.map(Real::ln).sum::<f64>()
    }

    /// The derivatives at a point; `empty` is the curvature of the wanted form without tasks.
    #[inline]
    pub(super) fn slopes(&self, f: Factor<'_>, point: &Point, empty: &Curvature) -> Slopes {
        let q = self.frame.len();
        let start = || Sums {
            slope: vec![ZERO; q * q],
            spread: vec![ZERO; q * q],
            curvature: empty.clone(),
            local: Local::new(q),
        };
        let parts = self.over_tasks(f, start, |sums, tile, _| {
            sums.local.take(tile, point, self.restricted);
            add_scaled(&mut sums.slope, 1.0, &sums.local.slope);
            add_scaled(&mut sums.spread, 1.0, &sums.local.spread);
            sums.curvature.add(&sums.local);
        });
        let (mut slope, mut spread) = (vec![0.0; q * q], vec![0.0; q * q]);
        let mut curvature = empty.clone();
        for part in parts {
            add_totals(&part.slope, &mut slope);
            add_totals(&part.spread, &mut spread);
            curvature.merge(part.curvature);
        }
        Slopes {
            slope,
            spread,
            curvature,
            nu: self.nu(),
            noise: point.noise,
            inverse: point.inverse.clone(),
            restricted: self.restricted,
        }
    }
}

/// Sums over a chunk of tasks.
struct Sums {
    slope: Vec<Lanes>,
    spread: Vec<Lanes>,
    curvature: Curvature,
    local: Local,
}

/// Adds each element's sum over the lanes.
fn add_totals(from: &[Lanes], to: &mut [f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += total(from);
    }
}
