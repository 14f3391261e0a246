//! What a gradient-based meta-learner is, as plain data: how a task's parameters come out of the shared ones, and how the gradient
//! finds its way back.
//!
//! **In.** From `theta_0 = phi` a task takes `steps` steps down its support loss `L_S`, on the adapted spans:
//! ```text
//! g_k = grad L_S(theta_k), clipped to a length           d_k = g_k + mu (theta_k - theta_0) + beta d_(k-1)
//! theta_(k+1) = theta_k - a_k . d_k                      mu: proximal term, beta: momentum, a_k: rates
//! ```
//! **Back.** What is learned is `sum_k w_k L_Q(theta_k)`, of which the usual one has the last weight 1 and the others 0. With
//! `H_k` the Hessian of `L_S` at `theta_k`,
//! ```text
//! lambda_K = w_K grad L_Q(theta_K)
//! v_k = beta v_(k+1) - a_k . lambda_(k+1)                dL/da_k = -d_k . lambda_(k+1)
//! lambda_k = lambda_(k+1) + H_k v_k + mu v_k + w_k grad L_Q(theta_k)
//! grad = lambda_0 - mu sum_k v_k
//! ```
//! which is exact: `H_k v_k` is a product of the objective, never a difference, and no tape is kept, only `theta_k` and `d_k`. First
//! order leaves `lambda_k = lambda_(k+1)`: it takes the inner gradients for constants.

use cognate_kernels::Real;

use super::implicit::Implicit;
use super::rates::{Rates, SharedBy, StepRates, runs};
use crate::params::Span;

/// The steps of a task from the shared start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InnerLoop<'a> {
    /// Number of steps.
    pub steps: usize,
    /// How far they go.
    pub rates: Rates,
    /// The spans that a task adapts; the others stay shared. In the order of their places, each parameter once.
    pub adapts: &'a [Span],
    /// Whether the start of the adapted spans is learned; if not, it stays as it was given (CAVIA's zeros).
    pub learns_start: bool,
    /// Part of the last step that is repeated, in [0, 1).
    pub momentum: f64,
    /// Pull towards the start: `mu / 2 ||theta - theta_0||^2` is added to the support loss.
    pub proximal: f64,
    /// The longest gradient of the support loss that a step may see.
    pub clip: Option<f64>,
}

impl<'a> InnerLoop<'a> {
    /// Plain gradient descent on `adapts`.
    pub const fn new(adapts: &'a [Span], steps: usize, rates: Rates) -> Self {
        Self {
            steps,
            rates,
            adapts,
            learns_start: true,
            momentum: 0.0,
            proximal: 0.0,
            clip: None,
        }
    }

    /// Whether a step goes straight along the gradient.
    pub(super) fn is_plain(&self) -> bool {
        self.momentum == 0.0 && self.proximal == 0.0 && self.clip.is_none()
    }

    /// Whether each step is the whole gradient times one number: then `H v = -a H lambda`, and no direction need be made.
    pub(super) fn is_uniform(&self, params: usize) -> bool {
        let one_rate = match self.rates {
            Rates::Fixed(_) => true,
            Rates::Learned { shared_by, .. } => shared_by == SharedBy::All,
        };
        one_rate && self.is_plain() && runs(self.adapts).next() == Some(0..params)
    }

    /// The one rate of step `k`, where that is all that tells a direction on the way back from `lambda`.
    pub(super) fn uniform_rate<T: Real>(
        &self,
        k: usize,
        params: usize,
        learned: &[T],
    ) -> Option<T> {
        let step = StepRates::new(self.rates, self.adapts, (k, self.steps), learned);
        step.single().filter(|_| self.is_uniform(params))
    }

    /// How many rates are learned.
    pub fn learned_rates(&self) -> usize {
        self.rates.count(self.adapts, self.steps)
    }
}

/// How the gradient by the shared parameters is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MetaGradient {
    /// Through all inner steps, exact.
    SecondOrder,
    /// The inner gradients are taken for constants.
    FirstOrder,
    /// `theta_0 - theta_K`: towards where the task went; the query set is not used.
    Reptile,
    /// Through the optimum that the inner steps lead to.
    Implicit(Implicit),
}

/// A gradient-based meta-learner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Learner<'a> {
    /// The way in.
    pub inner: InnerLoop<'a>,
    /// The way back.
    pub gradient: MetaGradient,
    /// `w_0 .. w_K`, the weights of the query losses along the way; empty: the last one alone.
    pub query_weights: &'a [f64],
}

impl<'a> Learner<'a> {
    /// The learner whose query loss is taken after the last step.
    pub const fn new(inner: InnerLoop<'a>, gradient: MetaGradient) -> Self {
        Self {
            inner,
            gradient,
            query_weights: &[],
        }
    }

    /// The weight of the query loss after `k` steps.
    pub(super) fn query_weight(&self, k: usize) -> f64 {
        match self.query_weights.get(k) {
            Some(&weight) => weight,
            None if self.query_weights.is_empty() && k == self.inner.steps => 1.0,
            None => 0.0,
        }
    }

    /// Whether query losses before the last step count.
    pub(super) fn judges_all_steps(&self) -> bool {
        let before = self.query_weights.iter().take(self.inner.steps);
        before.into_iter().any(|&weight| weight != 0.0)
    }
}
