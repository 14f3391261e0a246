//! GradVac (Wang et al. 2021): PCGrad with a target for each pair's cosine, its running mean, instead of 0.
//! ```text
//! phi = <p_i, g_j> / (|p_i| |g_j| + epsilon);    if phi < target_ij:
//!     p_i += |p_i| (target sqrt(1 - phi^2) - phi sqrt(1 - target^2)) / (|g_j| sqrt(1 - target^2) + epsilon) g_j
//! target_ij = (1 - beta) target_ij + beta phi                                                             d = sum_i p_i
//! ```
//! A *sum*, as PCGrad is. Targets start at 0, so the first call is PCGrad. The memory is the targets, `T x T`.
//!
//! epsilon stands in the published code, not in the paper. It has the units of the gradients: where `|p_i| |g_j|` is not far above it,
//! the cosine is taken for smaller than it is. With 0 the rule does not depend on a common scale of the gradients.

use cognate_kernels::Real;

use super::order::{Order, Orders};
use super::pcgrad::add_projected;
use super::rule::{Answer, Needs, Rule, Scratch, View};
use crate::{Result, check};

/// Settings of GradVac.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradVac {
    /// How fast targets follow the cosines, 0 to 1. Default 0.5.
    pub beta: f64,
    /// Added to two denominators. Default 1e-8.
    pub epsilon: f64,
    /// The order of the other tasks. Default random, seed 0.
    pub order: Order,
}

impl Default for GradVac {
    fn default() -> Self {
        Self {
            beta: 0.5,
            epsilon: 1e-8,
            order: Order::default(),
        }
    }
}

impl Rule for GradVac {
    fn needs(&self) -> Needs {
        Needs::Gram
    }

    fn check(&self, _: usize) -> Result<()> {
        let allowed = (0.0..=1.0).contains(&self.beta);
        check::setting("beta", "between 0 and 1", self.beta, allowed)?;
        let epsilon = self.epsilon;
        check::setting("epsilon", "not negative", epsilon, epsilon >= 0.0)
    }

    fn memory(&self, tasks: usize) -> usize {
        tasks * tasks
    }

    fn weights(
        &self,
        view: &View<'_>,
        memory: &mut [f64],
        s: &mut Scratch,
        w: &mut [f64],
    ) -> Answer {
        let n = view.len();
        let tasks = s.order.len();
        let (places, p) = (&mut s.order[..n], &mut s.vectors[0][..n]);
        let mut orders = Orders::new(self.order, view.step);
        w.fill(0.0);
        for i in 0..n {
            p.fill(0.0);
            p[i] = 1.0;
            orders.next(places);
            for &j in places.iter().filter(|&&j| j != i) {
                let target = &mut memory[view.ids[i] * tasks + view.ids[j]];
                self.meet(view, (i, j), p, target);
            }
            add_projected(view.gradients.norms, i, p, w);
        }
        Answer::Solved(0.0)
    }
}

impl GradVac {
    /// Turns `p_i = |g_i| sum_k p_k g_k / |g_k|` towards `g_j` if it is further from it than the target, and moves the target.
    fn meet(&self, view: &View<'_>, (i, j): (usize, usize), p: &mut [f64], target: &mut f64) {
        let norms = view.gradients.norms;
        let (cosine, length) = towards(view, p, j);
        // p is in units of |g_i|, and so the two epsilons are in those of the gradients.
        let lengths = norms[i] * length;
        let mut phi = 0.0;
        if lengths > 0.0 && norms[j] > 0.0 {
            phi = cosine / (1.0 + self.epsilon / norms[j] / lengths);
            if phi < *target {
                let push = turn(phi, *target, self.epsilon / norms[j], view.gradients.eps);
                p[j] += length * push;
            }
        }
        *target += self.beta * (phi - *target);
    }
}

/// The cosine of `sum_k p_k g_k / |g_k|` with `g_j`, and the length of that sum; zeros if it is 0 to rounding.
fn towards(view: &View<'_>, p: &[f64], j: usize) -> (f64, f64) {
    let along = |k: usize| -> f64 {
        let terms = (0..p.len()).map(|l| p[l] * view.gradients.cosine(k, l));
        terms.sum()
    };
    let square: f64 = (0..p.len()).map(|k| p[k] * along(k)).sum();
    let size: f64 = p.iter().map(|p| p.abs()).sum();
    if square <= view.gradients.eps * p.len() as f64 * size * size {
        return (0.0, 0.0);
    }
    let length = Real::sqrt(square);
    ((along(j) / length).clamp(-1.0, 1.0), length)
}

/// How much of a unit vector turns another from cosine `phi` with it to cosine `target`; nothing where the target is 1 to rounding, which
/// would take infinitely much.
fn turn(phi: f64, target: f64, epsilon: f64, noise: f64) -> f64 {
    let sine = Real::sqrt((1.0 - target * target).max(0.0));
    if sine * sine <= 4.0 * noise {
        return 0.0;
    }
    (target * Real::sqrt(1.0 - phi * phi) - phi * sine) / (sine + epsilon)
}
