//! Clipping of an inner gradient to a length, differentiably.
//!
//! ```text
//! c(g) = f g,   f = min(1, limit / |g|)                  dc v = f (v - g g'v / g'g)  where f < 1, else v
//! ```
//! `|g|` is the length on the adapted spans, which are all that a step sees. The derivative is symmetric, so that it serves forward and
//! backward.

use cognate_kernels::{Level, Real, axpy, dot, scale};

use super::learner::InnerLoop;
use super::rates::runs;

/// What clipping does to one gradient.
pub(super) struct Clip<T> {
    /// f.
    pub(super) factor: T,
    /// `g'g`.
    square: T,
}

impl<T: Real> Clip<T> {
    /// For the support gradient `g` of a step.
    pub(super) fn new(inner: &InnerLoop<'_>, g: &[T], level: Level) -> Self {
        let (square, mut factor) = match inner.clip {
            None => (T::ONE, T::ONE),
            Some(_) => (inner_product(inner, g, g, level), T::ONE),
        };
        if let Some(limit) = inner.clip.map(T::from_f64)
            && square.sqrt() > limit
        {
            factor = limit / square.sqrt();
        }
        Self { factor, square }
    }

    /// `v = dc v` at `g`.
    pub(super) fn pull_back(&self, inner: &InnerLoop<'_>, g: &[T], v: &mut [T], level: Level) {
        if self.factor == T::ONE {
            return;
        }
        let along = inner_product(inner, g, v, level) / self.square;
        for run in runs(inner.adapts) {
            axpy(level, -along, &g[run.clone()], &mut v[run]);
        }
        scale(level, self.factor, v);
    }
}

/// `a'b` on the adapted spans.
fn inner_product<T: Real>(inner: &InnerLoop<'_>, a: &[T], b: &[T], level: Level) -> T {
    let parts = runs(inner.adapts).map(|run| dot(level, &a[run.clone()], &b[run]));
    parts.fold(T::ZERO, |sum, part| sum + part)
}
