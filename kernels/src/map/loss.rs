//! The logistic loss with its derivatives: the pass over a batch that a logistic regression does most.

use super::each::each_costly;
use crate::func;
use crate::isa::Simd;
use crate::{Level, MatMut, Real};

/// The logistic loss of logits `z` for labels `y` in `[0, 1]` with weights `w`, one a cell, and its two derivatives, in place of what
/// they come from:
/// ```text
/// t = z where y < 1/2, else -z        m = min(y, 1 - y)        s = 1 / (1 + e^-t)
///
/// w <- w (log(1 + e^t) - m t)         the loss: for labels of 0 and 1 a sum without cancellation
/// z <- scale w (s - m) dt/dz          its slope by z, scaled
/// y <- w s (1 - s)                    its curvature
/// ```
/// Where `w` is 0 all three are 0, whatever stands in `z` and `y`. NaN and infinity spread as in the formulas.
///
/// **Error.** `log(1 + e^t)` and `s` are those of [`Real::softplus`] and [`Real::logistic`]; each product and sum beside rounds once.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn logistic_loss<T: Real>(level: Level, scale: T, z: &mut [T], y: &mut [T], w: &mut [T]) {
    assert_eq!((z.len(), z.len()), (y.len(), w.len()));
    T::logistic_loss(level, scale, z, y, w);
}

/// The kernel of [`logistic_loss`].
#[inline(always)]
pub(crate) fn run_logistic_loss<T: Real, S: Simd<T>>(
    s: S,
    scale: T,
    z: &mut [T],
    y: &mut [T],
    w: &mut [T],
) {
    let n = z.len();
    let (scale, half) = (s.splat(scale), s.splat(T::from_f64(0.5)));
    let (zero, one) = (s.splat(T::ZERO), s.splat(T::ONE));
    each_costly(
        s,
        [],
        [
            MatMut::planned(z, 1, n),
            MatMut::planned(y, 1, n),
            MatMut::planned(w, 1, n),
        ],
        #[inline(always)]
        |[], [z, y, w]| {
            let (unseen, plain) = (s.le(s.abs(w), zero), s.lt(y, half));
            let t = s.select(unseen, zero, s.select(plain, z, s.neg(z)));
            let m = s.min(y, s.sub(one, y));
            let (softplus, logistic) = func::softplus_logistic(s, t);
            let loss = s.mul(w, s.fma(s.neg(m), t, softplus));
            let factor = s.mul(scale, w);
            let slope = s.mul(factor, s.sub(logistic, m));
            let slope = s.select(plain, slope, s.neg(slope));
            let curvature = s.mul(w, s.mul(logistic, s.sub(one, logistic)));
            [slope, curvature, loss].map(
                #[inline(always)]
                |v| s.select(unseen, zero, v),
            )
        },
    );
}
