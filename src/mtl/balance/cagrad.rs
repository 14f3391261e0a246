//! CAGrad (Liu et al. 2021): the direction that improves the worst task most, within a ball around the mean gradient `g0`.
//! ```text
//! max over d of min_t <g_t, d>   with   |d - g0| <= c |g0|
//! dual: min over the simplex of <g_w, g0> + c |g0| |g_w|,   g_w = J'w          d = g0 + c |g0| g_w / |g_w|
//! ```
//! `c = 0` is the mean; from `c = 1` on no task gets worse. Some implementations divide d by `1 + c^2`; this one does not.
//!
//! *The exact way.* Since `|g| = min over k of (k + |g|^2 / k) / 2`, the w of the dual is that of SDMGrad for the lambda with
//! `|g_w| = lambda c |g0|`, and `d = g0 + g_w / lambda`. As lambda grows, `|g_w| / lambda` falls, so there is one root. While the tasks
//! that have weight stay the same, w is affine in lambda and the equation a quadratic one: its root is the next lambda, kept within the
//! bracket that the signs so far leave. When the same tasks come back, it is solved.
//!
//! Where 0 lies in the hull of the gradients the best worst improvement may be 0, for `c >= 1` it is: then there is no such lambda, and
//! the rule is undefined. The certificate is the Frank-Wolfe gap of the dual, in units of the largest squared gradient norm.

use cognate_kernels::Real;

use super::rule::{Answer, Needs, Rule, Scratch, View};
use super::shifted::Shifted;
use crate::{Result, check};

/// Rounds after which the work stops in any case; three to six are usual.
const ROUNDS: usize = 100;

/// Settings of CAGrad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaGrad {
    /// Radius of the ball, in units of the mean gradient's norm. Default 0.5.
    pub c: f64,
}

impl Default for CaGrad {
    fn default() -> Self {
        Self { c: 0.5 }
    }
}

impl Rule for CaGrad {
    fn needs(&self) -> Needs {
        Needs::Gram
    }

    fn check(&self, _: usize) -> Result<()> {
        check::setting("c", "not negative", self.c, self.c >= 0.0)
    }

    #[inline]
    fn weights(&self, view: &View<'_>, _: &mut [f64], s: &mut Scratch, w: &mut [f64]) -> Answer {
        let n = view.len();
        let mean = 1.0 / n as f64;
        if self.c == 0.0 {
            w.fill(mean);
            return Answer::Solved(0.0);
        }
        let [norms, b, moved, _] = &mut s.vectors;
        let mut search = Search {
            shifted: Shifted::new(view, &mut s.min_norm, &mut s.matrices, [norms, b]),
            radius: 0.0,
            low: 0.0,
            high: 0.0,
            moved: &mut moved[..n],
        };
        let noise = 4.0 * n as f64 * view.gradients.eps;
        let Some(lambda) = search.root(self.c, noise, w) else {
            return Answer::Undefined;
        };
        let gap = search.gap(lambda, w);
        for w in w {
            *w = mean + *w / lambda;
        }
        Answer::Solved(gap)
    }
}

/// The search for lambda.
struct Search<'a> {
    shifted: Shifted<'a>,
    /// `c |g0|`.
    radius: f64,
    /// The root is above; `|g_w| > lambda radius` here.
    low: f64,
    /// The root is not above.
    high: f64,
    /// w at another lambda.
    moved: &'a mut [f64],
}

impl Search<'_> {
    /// The lambda with `|g_w| = lambda c |g0|` and its simplex weights; none if there is no such lambda. `noise` is the squared norm that is
    /// taken for 0, relative to the square of the norms summed.
    #[inline]
    fn root(&mut self, c: f64, noise: f64, w: &mut [f64]) -> Option<f64> {
        self.moved.fill(1.0 / w.len() as f64);
        let mean_square = self.shifted.mean_square();
        self.shifted.solve(0.0, w);
        let least_square = self.shifted.product(w, w);
        let zero = noise * self.shifted.size(w) * self.shifted.size(w);
        let stationary = least_square <= zero;
        let no_mean =
            mean_square <= noise * self.shifted.size(self.moved) * self.shifted.size(self.moved);
        if no_mean || (stationary && c >= 1.0) {
            return None;
        }
        self.radius = c * Real::sqrt(mean_square);
        // |g_w| lies between the least norm and the largest, which is 1.
        self.low = Real::sqrt(least_square.max(zero)) / self.radius;
        self.high = 1.0 / self.radius;
        if stationary {
            self.shifted.solve(self.low, w);
            if self.next(self.low, w) <= self.low {
                return None;
            }
        }
        self.approach((1.0 / c).clamp(self.low, self.high), w)
    }

    /// From one lambda to the next until they are the same.
    #[inline]
    fn approach(&mut self, mut lambda: f64, w: &mut [f64]) -> Option<f64> {
        for _ in 0..ROUNDS {
            self.shifted.solve(lambda, w);
            let next = self.next(lambda, w);
            if (next - lambda).abs() <= 4.0 * f64::EPSILON * lambda {
                break;
            }
            lambda = next;
        }
        Some(lambda)
    }

    /// Narrows the bracket by what `w` says at `lambda`, and returns the next lambda to try.
    #[inline]
    fn next(&mut self, lambda: f64, w: &[f64]) -> f64 {
        let square = self.shifted.product(w, w);
        let wanted = (lambda * self.radius) * (lambda * self.radius);
        if square > wanted {
            self.low = self.low.max(lambda);
        } else {
            self.high = self.high.min(lambda);
        }
        // w + e (moved - w) has the least norm at (1 + e) lambda; e solves
        // |g_w|^2 + 2 e <g_w, g_change> + e^2 |g_change|^2 = (1 + e)^2 wanted.
        if self.shifted.solve_on_support(2.0 * lambda, self.moved) {
            for (moved, w) in self.moved.iter_mut().zip(w) {
                *moved -= w;
            }
            let a = self.shifted.product(self.moved, self.moved) - wanted;
            let b = self.shifted.product(w, self.moved) - wanted;
            let next = lambda * (1.0 + smaller_root(a, b, square - wanted));
            if next >= self.low && next <= self.high {
                return next;
            }
        }
        Real::sqrt(self.low * self.high)
    }

    /// `sum_t w_t <g_t, d> - min_t <g_t, d>`.
    fn gap(&self, lambda: f64, w: &[f64]) -> f64 {
        let along = |i: usize| self.shifted.mean_along(i) + self.shifted.along(i, w) / lambda;
        let all = 0..w.len();
        let mean: f64 = all.clone().map(|i| w[i] * along(i)).sum();
        (mean - all.map(along).fold(f64::INFINITY, f64::min)).max(0.0)
    }
}

/// The root of `a e^2 + 2 b e + c = 0` that is nearer to 0; NaN if there is none.
fn smaller_root(a: f64, b: f64, c: f64) -> f64 {
    if c == 0.0 {
        return 0.0;
    }
    let root = b * b - a * c;
    if root < 0.0 {
        return f64::NAN;
    }
    -c / (b + Real::sqrt(root) * b.signum())
}
