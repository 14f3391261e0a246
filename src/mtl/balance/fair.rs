//! Nash-MTL (Navon et al. 2022) and FairGrad (Ban and Ji 2024): the bargaining solution.
//! ```text
//! G w = w^(-1/alpha)  elementwise,  w > 0          d = J'w          alpha = 1: Nash, alpha -> 0: equal weights, alpha -> inf: max-min
//! ```
//! It is the optimality condition of a strictly convex function, so no general solver is needed. In the unknowns `v_t = |g_t| w_t`, with
//! the cosines C and `beta = 1/alpha`,
//! ```text
//! (C v)_t = p_t v_t^-beta,   p_t = |g_t|^(beta - 1)          min 1/2 v'Cv - sum_t p_t h(v_t),   h'(v) = v^-beta
//! ```
//! For Nash p = 1: the scale of a loss changes its weight but not the direction, whose length is `sqrt T`. Damped Newton: the step in
//! units of v comes from the positive definite `v_s C_st v_t + beta diag(v_t h_t)`, with `h_t = p_t v_t^-beta`; it is halved until the
//! derivative along it, which grows, is not far beyond 0. Before each step v is scaled by the best common factor, known in closed form.
//!
//! There is no solution where 0 lies in the hull of the gradients. A task whose gradient is 0 has no say and weight 0. The certificate is
//! the last Newton step in units of v, an estimate of its relative error. That of the products themselves comes on top: near a
//! Pareto-stationary point it moves v by up to `eps (|g_t| / distance of 0 from the hull)^2`.

use cognate_kernels::{MatMut, MatRef, Real};

use super::rule::{Answer, Needs, Rule, Scratch, View};
use crate::linalg::{cholesky, cholesky_solve};
use crate::workspace::{Work, default_level};
use crate::{Result, check};

/// Newton steps after which the work stops in any case; five to twenty are usual.
const STEPS: usize = 200;

/// Relative steps up to this are within the reach of rounding: v is then known to so many digits.
const NEAR: f64 = 1e-3;

/// Nash-MTL; no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NashMtl;

impl Rule for NashMtl {
    fn needs(&self) -> Needs {
        Needs::Gram
    }

    #[inline]
    fn weights(&self, view: &View<'_>, _: &mut [f64], s: &mut Scratch, w: &mut [f64]) -> Answer {
        bargain(1.0, view, s, w)
    }
}

/// Settings of FairGrad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FairGrad {
    /// Fairness: 1 is Nash-MTL, larger values favour the worst task more. Default 2.
    pub alpha: f64,
}

impl Default for FairGrad {
    fn default() -> Self {
        Self { alpha: 2.0 }
    }
}

impl Rule for FairGrad {
    fn needs(&self) -> Needs {
        Needs::Gram
    }

    fn check(&self, _: usize) -> Result<()> {
        check::setting("alpha", "positive", self.alpha, self.alpha > 0.0)
    }

    #[inline]
    fn weights(&self, view: &View<'_>, _: &mut [f64], s: &mut Scratch, w: &mut [f64]) -> Answer {
        bargain(1.0 / self.alpha, view, s, w)
    }
}

/// Solves among the tasks whose gradient is not 0.
#[inline]
fn bargain(beta: f64, view: &View<'_>, scratch: &mut Scratch, w: &mut [f64]) -> Answer {
    let norms = view.gradients.norms;
    let mut tasks = 0;
    for i in (0..view.len()).filter(|&i| norms[i] > 0.0) {
        scratch.order[tasks] = i;
        tasks += 1;
    }
    let (places, top) = (&scratch.order[..tasks], view.gradients.largest());
    let [cosines, matrix, ..] = &mut scratch.matrices;
    let [v, log_p, product, step] = &mut scratch.vectors;
    for (a, &i) in places.iter().enumerate() {
        log_p[a] = (beta - 1.0) * Real::ln(norms[i] / top);
        for (b, &j) in places.iter().enumerate() {
            cosines[a * tasks + b] = view.gradients.cosine(i, j);
        }
    }
    let mut newton = Newton {
        beta,
        cosines: &cosines[..tasks * tasks],
        log_p: &log_p[..tasks],
        v: &mut v[..tasks],
        product: &mut product[..tasks],
        step: &mut step[..tasks],
        matrix: &mut matrix[..tasks * tasks],
    };
    let Some(error) = newton.solve().filter(|_| tasks > 0) else {
        return Answer::Undefined;
    };
    // Norms were in units of the largest: G by its square makes w by that to the power -1 / (1 + beta).
    let unit = -2.0 / (1.0 + beta) * Real::ln(top);
    w.fill(0.0);
    for (&i, &v) in places.iter().zip(newton.v.iter()) {
        w[i] = Real::exp(unit + Real::ln(v) - Real::ln(norms[i] / top));
    }
    Answer::Solved(error)
}

/// The convex problem, and where the work stands.
struct Newton<'a> {
    beta: f64,
    /// C, `n x n`.
    cosines: &'a [f64],
    /// `log p`.
    log_p: &'a [f64],
    v: &'a mut [f64],
    /// `C v`.
    product: &'a mut [f64],
    /// The Newton step in units of v.
    step: &'a mut [f64],
    /// `n x n`.
    matrix: &'a mut [f64],
}

impl Newton<'_> {
    /// Moves v from ones to the solution; returns the last step's size, or none if there is no way to a solution.
    #[inline]
    fn solve(&mut self) -> Option<f64> {
        self.v.fill(1.0);
        let mut last = f64::INFINITY;
        for _ in 0..STEPS {
            self.rescale()?;
            self.newton_step()?;
            let size = self.step.iter().fold(0.0, |m: f64, step| m.max(step.abs()));
            // Near the solution steps shrink quadratically, until rounding makes them.
            if size <= NEAR && size > 0.5 * last {
                return Some(last);
            }
            last = size;
            // Along a step of this size the curvature changes by a quarter at most, so it needs no search.
            let length = if size * (1.0 + self.beta) <= 0.25 {
                1.0
            } else {
                self.length()
            };
            for (v, step) in self.v.iter_mut().zip(self.step.iter()) {
                *v *= 1.0 + length * step;
            }
            if size <= 8.0 * f64::EPSILON {
                break;
            }
        }
        (last <= NEAR).then_some(last)
    }

    /// `h_i = p_i v_i^-beta` at `v_i = value`.
    fn pull(&self, i: usize, value: f64) -> f64 {
        Real::exp(self.log_p[i] - self.beta * Real::ln(value))
    }

    /// `C v` into `product`.
    fn multiply(&mut self) {
        let rows = self.cosines.chunks_exact(self.v.len().max(1));
        for (product, row) in self.product.iter_mut().zip(rows) {
            *product = row.iter().zip(self.v.iter()).map(|(c, v)| c * v).sum();
        }
    }

    /// Scales v by the factor f that is best: `f^(1 + beta) v'Cv = sum_i v_i h_i`. None if `v'Cv` is not positive.
    fn rescale(&mut self) -> Option<()> {
        self.multiply();
        let each = 0..self.v.len();
        let square: f64 = each.clone().map(|i| self.v[i] * self.product[i]).sum();
        let pulls: f64 = each.map(|i| self.v[i] * self.pull(i, self.v[i])).sum();
        let factor = Real::exp(Real::ln(pulls / square) / (1.0 + self.beta));
        if !(square > 0.0 && factor.is_finite()) {
            return None;
        }
        for (v, product) in self.v.iter_mut().zip(self.product.iter_mut()) {
            (*v, *product) = (*v * factor, *product * factor);
        }
        Some(())
    }

    /// The Newton step; none if the matrix is not positive definite to rounding.
    fn newton_step(&mut self) -> Option<()> {
        let n = self.v.len();
        for i in 0..n {
            for j in 0..n {
                self.matrix[i * n + j] = self.v[i] * self.cosines[i * n + j] * self.v[j];
            }
            let pull = self.v[i] * self.pull(i, self.v[i]);
            self.matrix[i * n + i] += self.beta * pull;
            self.step[i] = pull - self.v[i] * self.product[i];
        }
        let level = default_level();
        let mut w = Work::new(level, &mut []);
        cholesky(MatMut::planned(self.matrix, n, n), &mut w).ok()?;
        cholesky_solve(MatRef::planned(self.matrix, n, n), self.step, level);
        Some(())
    }

    /// How far to go along the step: not beyond where the function surely stops falling, or as far as v stays positive where rounding
    /// hides that place.
    fn length(&self) -> f64 {
        let n = self.v.len();
        // d/dt of the function at v + t step v is  sum_i step_i v_i ((C v)_i + t (C step v)_i - h_i(t)).
        let turn = |i: usize| -> f64 {
            let row = &self.cosines[i * n..][..n];
            (0..n).map(|j| row[j] * self.step[j] * self.v[j]).sum()
        };
        let slope = |t: f64| -> f64 {
            let term = |i: usize| {
                let pull = self.pull(i, self.v[i] * (1.0 + t * self.step[i]));
                self.step[i] * self.v[i] * (self.product[i] + t * turn(i) - pull)
            };
            (0..n).map(term).sum()
        };
        // A coordinate keeps a hundredth of itself.
        let shrinks = self
            .step
            .iter()
            .fold(0.99, |most: f64, step| most.max(-step));
        let allowed = 0.5 * slope(0.0).abs();
        let furthest = 0.99 / shrinks;
        let mut lengths = (0..20).map(|halvings| furthest / f64::from(1 << halvings));
        let fit = lengths.find(|&length| slope(length) <= allowed);
        fit.unwrap_or(furthest)
    }
}
