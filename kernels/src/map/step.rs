//! The optimisers' updates: one pass over the parameters and their state.

use super::each::each;
use crate::isa::Simd;
use crate::{Level, MatMut, MatRef, Real};

/// One step of Adam or AdamW (Kingma and Ba 2015; Loshchilov and Hutter 2019).
#[derive(Clone, Copy, Debug)]
pub struct AdamStep<T> {
    /// Learning rate, bias corrections already in it: `lr sqrt(1 - beta2^t) / (1 - beta1^t)`.
    pub rate: T,
    /// Decay of the mean of gradients.
    pub beta1: T,
    /// Decay of the mean of squared gradients.
    pub beta2: T,
    /// Added to the root, in the scale of the uncorrected root: `epsilon sqrt(1 - beta2^t)`.
    pub epsilon: T,
    /// Factor on the parameters before the step: `1 - lr * weight_decay` for AdamW, 1 for Adam.
    pub shrink: T,
}

/// `m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p = shrink p - rate m / (sqrt v + epsilon)`.
///
/// Each sum is one fused multiply-add. Bound by the division and the root, or by memory.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn adam<T: Real>(
    level: Level,
    step: &AdamStep<T>,
    p: &mut [T],
    g: &[T],
    m: &mut [T],
    v: &mut [T],
) {
    assert_eq!((p.len(), p.len(), p.len()), (g.len(), m.len(), v.len()));
    T::adam(level, step, p, g, m, v);
}

/// The kernel of [`adam`].
#[inline(always)]
pub(crate) fn run_adam<T: Real, S: Simd<T>>(
    s: S,
    step: &AdamStep<T>,
    p: &mut [T],
    g: &[T],
    m: &mut [T],
    v: &mut [T],
) {
    let n = p.len();
    let (beta1, rest1) = (s.splat(step.beta1), s.splat(T::ONE - step.beta1));
    let (beta2, rest2) = (s.splat(step.beta2), s.splat(T::ONE - step.beta2));
    let (rate, epsilon, shrink) = (
        s.splat(-step.rate),
        s.splat(step.epsilon),
        s.splat(step.shrink),
    );
    each(
        s,
        [MatRef::planned(g, 1, n)],
        [
            MatMut::planned(p, 1, n),
            MatMut::planned(m, 1, n),
            MatMut::planned(v, 1, n),
        ],
        #[inline(always)]
        |[g], [p, m, v]| {
            let m = s.fma(beta1, m, s.mul(rest1, g));
            let v = s.fma(beta2, v, s.mul(s.mul(rest2, g), g));
            let change = s.div(s.mul(rate, m), s.add(s.sqrt(v), epsilon));
            [s.fma(shrink, p, change), m, v]
        },
    );
}

/// One step of stochastic gradient descent with momentum (Polyak 1964; Nesterov 1983, in Sutskever's form).
#[derive(Clone, Copy, Debug)]
pub struct SgdStep<T> {
    /// Learning rate.
    pub rate: T,
    /// Momentum; 0 for none.
    pub momentum: T,
    /// Look ahead along the velocity.
    pub nesterov: bool,
    /// Factor on the parameters before the step.
    pub shrink: T,
}

/// `u = momentum u - rate g; p = shrink p + u` (with Nesterov: `p = shrink p + momentum u - rate g`).
///
/// Each sum is one fused multiply-add. Bound by memory.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn sgd<T: Real>(level: Level, step: &SgdStep<T>, p: &mut [T], g: &[T], u: &mut [T]) {
    assert_eq!((p.len(), p.len()), (g.len(), u.len()));
    T::sgd(level, step, p, g, u);
}

/// The kernel of [`sgd`].
#[inline(always)]
pub(crate) fn run_sgd<T: Real, S: Simd<T>>(
    s: S,
    step: &SgdStep<T>,
    p: &mut [T],
    g: &[T],
    u: &mut [T],
) {
    let n = p.len();
    let (momentum, rate) = (s.splat(step.momentum), s.splat(-step.rate));
    let shrink = s.splat(step.shrink);
    let operands = (
        [MatRef::planned(g, 1, n)],
        [MatMut::planned(p, 1, n), MatMut::planned(u, 1, n)],
    );
    if step.nesterov {
        each(
            s,
            operands.0,
            operands.1,
            #[inline(always)]
            |[g], [p, u]| {
                let pull = s.mul(rate, g);
                let u = s.fma(momentum, u, pull);
                [s.fma(shrink, p, s.fma(momentum, u, pull)), u]
            },
        );
    } else {
        each(
            s,
            operands.0,
            operands.1,
            #[inline(always)]
            |[g], [p, u]| {
                let u = s.fma(momentum, u, s.mul(rate, g));
                [s.fma(shrink, p, u), u]
            },
        );
    }
}
