//! IMTL-G (Liu et al. 2021): the direction has the same projection on every task's unit gradient.
//! ```text
//! w = G^+ n / (1'G^+ n),   n = the gradients' norms          sum w = 1
//! ```
//! For independent gradients this is `w_t` in proportion to `(C^-1 1)_t / |g_t|` with the cosines C: so it is computed, and the direction
//! does not depend on the scales of the losses. For dependent ones the pseudo-inverse of G is used and projections are equal only in the
//! least squares sense.
//!
//! Weights may be negative. So may the sum `1'G^+ n` be, on gradients of very different norms: the equal projections are negative then,
//! and the step goes *uphill* for every task. Such an answer is reported as degenerate. Undefined where the sum is 0 to rounding.

use super::rule::{Answer, Needs, Rule, Scratch, View};
use super::spectrum::Spectrum;

/// IMTL-G; no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ImtlG;

impl Rule for ImtlG {
    fn needs(&self) -> Needs {
        Needs::Gram
    }

    #[inline]
    fn weights(&self, view: &View<'_>, _: &mut [f64], s: &mut Scratch, w: &mut [f64]) -> Answer {
        let n = view.len();
        let noise = 4.0 * n as f64 * view.gradients.eps;
        let [matrix, vectors, ..] = &mut s.matrices;
        let (matrix, vectors) = (&mut matrix[..n * n], &mut vectors[..n * n]);
        let b = &mut s.vectors[0][..n];
        let (norms, top) = (view.gradients.norms, view.gradients.largest());
        matrix.copy_from_slice(view.gradients.cosines);
        let cosines = Spectrum::of(matrix, vectors, n);
        let independent = cosines.values().all(|value| value > noise * cosines.top());
        if independent {
            b.fill(1.0);
            cosines.apply(b, 0.0, |value| 1.0 / value, w);
            let least = norms.iter().copied().fold(f64::INFINITY, f64::min);
            for (w, norm) in w.iter_mut().zip(norms) {
                *w *= least / norm;
            }
        } else {
            for (b, norm) in b.iter_mut().zip(norms) {
                *b = norm / top.max(f64::MIN_POSITIVE);
            }
            view.gradients.scaled_gram(matrix);
            let gram = Spectrum::of(matrix, vectors, n);
            gram.apply(b, noise * gram.top(), |value| 1.0 / value, w);
        }
        let sum: f64 = w.iter().sum();
        let size: f64 = w.iter().map(|w| w.abs()).sum();
        if sum.abs() <= noise * size {
            return Answer::Undefined;
        }
        for w in w {
            *w /= sum;
        }
        if sum < 0.0 {
            return Answer::Defeated;
        }
        Answer::Solved(0.0)
    }
}
