//! Adaptation, the half of meta-learning that is deployed: from the shared parameters and a support set to a task's own.
//!
//! It is the learner's inner loop and nothing else: no query set, no way back. The number of steps may differ from the trained one;
//! learned rates of a step go on with those of the last. More steps than were trained for is where adapted learners are known to blow
//! up, so a report says when it happened. All sizes are known beforehand, and nothing is allocated.

use cognate_kernels::Real;

use super::learner::Learner;
use super::tape::{Plan, Tape};
use super::unroll::Task;
use crate::error::{Error, Result};
use crate::objective::Objective;
use crate::workspace::{Need, Work, cut_mut};

/// What adaptation says about itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adaptation {
    /// The support loss at the shared parameters.
    pub loss_before: f64,
    /// The support loss at the task's own.
    pub loss_after: f64,
    /// Steps taken.
    pub steps: usize,
    /// Whether they are more than the learner was trained for.
    pub beyond_training: bool,
}

impl Learner<'_> {
    /// Scratch of [`Learner::adapt`] for a support objective.
    pub fn adapt_need<T: Real, O: Objective<T>>(&self, support: &O) -> Need {
        let (need, params) = (support.need(), support.len());
        let tape = Plan::forward(self, params, need).len();
        Need::scratch(need.scratch).with_scratch(params + need.saved + tape)
    }

    /// Takes `steps` steps down `support` from `meta = [phi | learned rates]`, and leaves the task's parameters in `theta`.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the support loss is not finite before or after; `theta` is then `phi`.
    ///
    /// # Panics
    /// If a length does not fit, or the scratch is smaller than [`Learner::adapt_need`] says.
    #[track_caller]
    pub fn adapt<T: Real, O: Objective<T>>(
        &self,
        meta: &[T],
        support: &O,
        steps: usize,
        theta: &mut [T],
        w: &mut Work<'_, T>,
    ) -> Result<Adaptation> {
        let (need, n) = (support.need(), support.len());
        assert_eq!(meta.len(), self.len(n), "parameters and rates");
        let (phi, rates) = meta.split_at(n);
        let plan = Plan::forward(self, n, need);
        let (slab, mut w) = w.take(n + need.saved + plan.len());
        let ([first, point, tape], _) = cut_mut(slab, [n, need.saved, plan.len()]);
        let before = support.value_grad(phi, Some(&mut *first), point, &mut w.rb());
        let task = Task {
            learner: self,
            phi,
            rates,
            support,
            query: support,
            first,
        };
        let tape = &mut Tape::new(&plan, tape);
        task.walk(steps, tape, &mut w);
        theta.copy_from_slice(tape.theta(phi, steps));
        let after = support.value_grad(theta, None, &mut [], &mut w);
        if !(before.is_finite() && after.is_finite()) {
            theta.copy_from_slice(phi);
            return Err(Error::Diverged);
        }
        Ok(Adaptation {
            loss_before: before.to_f64(),
            loss_after: after.to_f64(),
            steps,
            beyond_training: steps > self.inner.steps,
        })
    }
}
