//! ConFIG (Liu et al. 2024): conflict-free by equal angles. With the unit gradients as the rows of U,
//! ```text
//! u = U^+ 1 / |U^+ 1|          d = (sum_t <g_t, u>) u
//! ```
//! so d has the same cosine with every gradient (where these are independent) and the summed projections as length. From the Gram matrix:
//! `U^+ = U'(UU')^+` and `UU'` are the cosines C, hence with `a = C^+ 1`
//! ```text
//! |U^+ 1|^2 = 1'a          w_t = a_t / |g_t|  (sum_s |g_s| (C a)_s) / 1'a
//! ```
//! Undefined where `1'a` is 0 to rounding: the unit gradients have no common side.

use super::rule::{Answer, Needs, Rule, Scratch, View};
use super::spectrum::Spectrum;

/// ConFIG; no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConFig;

impl Rule for ConFig {
    fn needs(&self) -> Needs {
        Needs::Gram
    }

    #[inline]
    fn weights(&self, view: &View<'_>, _: &mut [f64], s: &mut Scratch, w: &mut [f64]) -> Answer {
        let n = view.len();
        let noise = 4.0 * n as f64 * view.gradients.eps;
        let [matrix, vectors, ..] = &mut s.matrices;
        let [a, ones, ..] = &mut s.vectors;
        let (a, ones) = (&mut a[..n], &mut ones[..n]);
        let matrix = &mut matrix[..n * n];
        matrix.copy_from_slice(view.gradients.cosines);
        ones.fill(1.0);
        let cosines = Spectrum::of(matrix, &mut vectors[..n * n], n);
        cosines.apply(ones, noise * cosines.top(), |value| 1.0 / value, a);
        let square: f64 = a.iter().sum();
        if square <= noise {
            return Answer::Undefined;
        }
        let norms = view.gradients.norms;
        let product = |s: usize| {
            (0..n)
                .map(|t| view.gradients.cosine(s, t) * a[t])
                .sum::<f64>()
        };
        let length: f64 = (0..n).map(|s| norms[s] * product(s)).sum();
        for t in 0..n {
            w[t] = if norms[t] > 0.0 {
                a[t] / square * (length / norms[t])
            } else {
                0.0
            };
        }
        Answer::Solved(0.0)
    }
}
