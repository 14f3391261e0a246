//! A penalty of norms, and the gap that it makes a certificate of.
//!
//! `W = sum_k W_k`, and
//! ```text
//! lambda ( sum_k a_k Omega_k(W_k) + rho/2 ||W||^2 )
//! ```
//! Its dual norm is `max_k Omega_k*(C) / a_k`: one part is enough to spend on. The square counts as further rows of data, `sqrt(lambda
//! rho) I` with targets 0, so that residuals, C and the gap are those of the longer data:
//! ```text
//! C' = C - lambda rho W         s = min(1, lambda min_k a_k / Omega_k*(C'))
//! gap = sum_t [f_t(z_t) + f_t*(-s r_t)] + lambda rho/2 (1 + s^2) ||W||^2 + lambda sum_k a_k Omega_k(W_k)
//! ```

use alloc::{vec, vec::Vec};

use cognate_kernels::{dot, sum_squares};

use super::losses::Losses;
use super::norm::{Norm, add, larger};
use super::nuclear::{Basis, Spectrum};
use crate::objective::Objective;
use crate::optim::{Prox, Visited};
use crate::workspace::{Need, Work, default_level};

/// What holds the weights back, at strength 1.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::mtl::linear) struct Penalty {
    /// The norms with their factors `a`, above 0; W is the sum of as many parts.
    pub parts: Vec<(Norm, f64)>,
    /// The factor `rho` of `1/2 ||W||^2`, where W has one part.
    pub square: f64,
}

impl Penalty {
    /// One norm.
    pub fn of(norm: Norm) -> Self {
        Self {
            parts: vec![(norm, 1.0)],
            square: 0.0,
        }
    }

    /// Whether it is one norm of rows or entries, each of which may be minimised by itself.
    pub(super) fn by_rows(&self) -> bool {
        matches!(*self.parts, [(Norm::Rows | Norm::Entries, _)])
    }

    /// The least strength at which `c = -grad f(0)`, `d x K`, leaves nothing but zeros.
    #[inline]
    pub(super) fn dual(&self, c: &[f64], columns: usize) -> f64 {
        let of = |(norm, factor): &(Norm, f64)| norm.dual(c, columns) / factor;
        self.parts.iter().map(of).fold(0.0, larger)
    }

    /// The sum of the norms at `parts`, one behind the other.
    #[inline]
    pub(super) fn value(&self, parts: &[f64], columns: usize) -> f64 {
        let size = parts.len() / self.parts.len();
        let pairs = self.parts.iter().zip(parts.chunks_exact(size));
        pairs
            .map(|((norm, factor), w)| factor * norm.value(w, columns))
            .sum()
    }
}

/// Losses and a penalty at a strength.
#[derive(Clone, Copy)]
pub(super) struct Penalised<'l> {
    pub(super) losses: &'l Losses<'l>,
    pub(super) penalty: &'l Penalty,
    pub(super) lambda: f64,
}

impl<'l> Penalised<'l> {
    pub(super) fn new(losses: &'l Losses<'l>, penalty: &'l Penalty, lambda: f64) -> Self {
        Self {
            losses,
            penalty,
            lambda,
        }
    }

    /// The factor of `1/2 ||W||^2`.
    pub(super) fn square(&self) -> f64 {
        self.lambda * self.penalty.square
    }

    /// `W`, the sum of the parts.
    pub(super) fn whole(&self, parts: &[f64]) -> Vec<f64> {
        let mut whole = parts[..self.losses.len()].to_vec();
        for part in parts[self.losses.len()..].chunks_exact(self.losses.len()) {
            add(1.0, part, &mut whole);
        }
        whole
    }

    /// The whole penalty at `w`, where the norms are `norms` in all (not times lambda).
    pub(super) fn penalty_at(&self, w: &[f64], norms: f64) -> f64 {
        self.lambda * norms + 0.5 * self.square() * sum_squares(default_level(), w)
    }

    /// The duality gap at `w`, where the losses' `c` and `saved` were made, and the norms are `norms` in all (not times lambda).
    #[inline]
    pub(super) fn gap(&self, w: &[f64], c: &[f64], saved: &[f64], norms: f64) -> f64 {
        let (level, square) = (default_level(), self.square());
        let mut longer = c.to_vec();
        add(-square, w, &mut longer);
        let dual = self.penalty.dual(&longer, self.losses.columns);
        let s = if dual <= self.lambda {
            1.0
        } else {
            self.lambda / dual
        };
        let squares = 0.5 * square * (1.0 + s * s) * sum_squares(level, w);
        let apart = self.losses.apart(s, w, c, saved);
        let gap = apart + squares + self.lambda * norms;
        // Below 0 by rounding; a NaN stays one.
        if gap < 0.0 { 0.0 } else { gap }
    }
}

/// Smooth in the parts: the losses and the square.
impl Objective<f64> for Penalised<'_> {
    fn len(&self) -> usize {
        self.losses.len() * self.penalty.parts.len()
    }

    fn need(&self) -> Need {
        self.losses.need().with_scratch(2 * self.losses.len())
    }

    fn value_grad(
        &self,
        p: &[f64],
        g: Option<&mut [f64]>,
        saved: &mut [f64],
        work: &mut Work<'_, f64>,
    ) -> f64 {
        let n = self.losses.len();
        let (w, mut work) = work.take(n);
        let (c, mut work) = work.take(n);
        sum_of_parts(p, w);
        let value = self.losses.correlate(w, c, saved, &mut work);
        if let Some(g) = g {
            for part in g.chunks_exact_mut(n) {
                for ((g, c), w) in part.iter_mut().zip(&*c).zip(&*w) {
                    *g = self.square() * w - c;
                }
            }
        }
        value + 0.5 * self.square() * dot(work.level(), w, w)
    }

    fn hvp(&self, _: &[f64], saved: &[f64], v: &[f64], out: &mut [f64], work: &mut Work<'_, f64>) {
        let n = self.losses.len();
        let (w, mut work) = work.take(n);
        let (h, mut work) = work.take(n);
        sum_of_parts(v, w);
        self.losses.multiply(w, h, saved, &mut work);
        add(self.square(), w, h);
        out.chunks_exact_mut(n)
            .for_each(|part| part.copy_from_slice(h));
    }

    fn gnvp(&self, p: &[f64], saved: &[f64], v: &[f64], out: &mut [f64], w: &mut Work<'_, f64>) {
        self.hvp(p, saved, v, out, w);
    }
}

fn sum_of_parts(parts: &[f64], whole: &mut [f64]) {
    let n = whole.len();
    whole.copy_from_slice(&parts[..n]);
    for part in parts[n..].chunks_exact(n) {
        add(1.0, part, whole);
    }
}

/// The penalty's proximal steps, with what one step leaves for the next.
pub(super) struct Steps<'l> {
    problem: Penalised<'l>,
    /// Where singular values are shrunk, the last singular vectors of each part.
    bases: Vec<Basis>,
}

impl<'l> Steps<'l> {
    pub(super) fn new(problem: Penalised<'l>) -> Self {
        Self {
            problem,
            bases: vec![Basis::default(); problem.penalty.parts.len()],
        }
    }
}

impl Prox for Steps<'_> {
    #[inline]
    fn prox(&mut self, step: f64, p: &mut [f64]) -> f64 {
        let Penalised {
            losses,
            penalty,
            lambda,
        } = self.problem;
        let parts = p.chunks_exact_mut(losses.len()).zip(&penalty.parts);
        let of = |((w, (norm, factor)), basis): ((&mut [f64], &(Norm, f64)), &mut Basis)| {
            let (strength, columns) = (lambda * factor, losses.columns);
            strength
                * match norm {
                    Norm::Nuclear => Spectrum::near(w, columns, basis).shrink(step * strength, w),
                    _ => norm.prox(step * strength, w, columns),
                }
        };
        parts.zip(&mut self.bases).map(of).sum()
    }

    #[inline]
    fn gap(&mut self, at: &Visited<'_>) -> Option<f64> {
        let problem = self.problem;
        let w = problem.whole(at.p);
        let pairs = at.gradient[..w.len()].iter().zip(&w);
        let c: Vec<f64> = pairs.map(|(g, w)| problem.square() * w - g).collect();
        Some(problem.gap(&w, &c, at.saved, at.penalty / problem.lambda))
    }
}
