//! What a walk through the inner steps keeps for the way back.
//!
//! Vectors of step k lie in slot `k mod slots`. A learner of first order whose rates are fixed needs nothing kept, and walks in one
//! slot; all others have one a step. All sizes are known before the walk.

use cognate_kernels::Real;

use super::learner::{Learner, MetaGradient};
use crate::workspace::{Need, cut_mut, whole_lines};

/// How much a walk keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    params: usize,
    /// Slots of parameters and gradients.
    slots: usize,
    /// Slots of directions that are not the gradients themselves.
    directions: usize,
    /// Slots of what the support objective saves.
    points: usize,
    support_saved: usize,
    query_saved: usize,
    /// Vectors for the way back.
    back: usize,
}

impl Plan {
    /// For tasks of `params` parameters whose objectives need at most these.
    pub(super) fn new(learner: &Learner<'_>, params: usize, support: Need, query: Need) -> Self {
        let steps = learner.inner.steps;
        let second = learner.gradient == MetaGradient::SecondOrder;
        let keeps = second || learner.inner.learned_rates() > 0 || learner.judges_all_steps();
        let forward = Self::forward(learner, params, support);
        let slots = if keeps { steps } else { forward.slots };
        Self {
            slots,
            directions: if learner.inner.is_plain() { 0 } else { slots },
            points: if second { steps } else { forward.points },
            query_saved: query.saved,
            back: 3,
            ..forward
        }
    }

    /// For a walk without a way back, of any number of steps.
    pub(super) fn forward(learner: &Learner<'_>, params: usize, support: Need) -> Self {
        Self {
            params,
            slots: 1,
            directions: if learner.inner.is_plain() { 0 } else { 1 },
            points: 1,
            support_saved: support.saved,
            query_saved: 0,
            back: 0,
        }
    }

    fn sizes(&self) -> [usize; 6] {
        let vectors = |n: usize| n * whole_lines(self.params);
        [
            vectors(self.slots),
            vectors(self.slots),
            vectors(self.directions),
            self.points * whole_lines(self.support_saved),
            whole_lines(self.query_saved),
            vectors(self.back),
        ]
    }

    /// Elements of a [`Tape`].
    pub(super) fn len(&self) -> usize {
        self.sizes().iter().sum()
    }
}

/// Slots of one length, used in turn; each starts at a cache line.
pub(super) struct Slots<'s, T> {
    data: &'s mut [T],
    each: usize,
}

impl<'s, T: Copy> Slots<'s, T> {
    fn new(data: &'s mut [T], each: usize) -> Self {
        Self { data, each }
    }

    fn start(&self, k: usize) -> usize {
        // An empty slab has empty slots.
        k * whole_lines(self.each) % self.data.len().max(1)
    }

    pub(super) fn at(&self, k: usize) -> &[T] {
        &self.data[self.start(k)..][..self.each]
    }

    pub(super) fn at_mut(&mut self, k: usize) -> &mut [T] {
        let start = self.start(k);
        &mut self.data[start..][..self.each]
    }

    /// Copies the vector of `k - 1` to `k`.
    pub(super) fn carry(&mut self, k: usize) {
        let (from, to) = (self.start(k - 1), self.start(k));
        self.data.copy_within(from..from + self.each, to);
    }
}

/// The memory of a walk.
pub(super) struct Tape<'s, T> {
    /// `theta_1 ..`.
    pub(super) thetas: Slots<'s, T>,
    /// `g_1 ..`.
    pub(super) grads: Slots<'s, T>,
    /// `d_0 ..`; none where they are the gradients.
    pub(super) directions: Option<Slots<'s, T>>,
    /// What the support objective saved at `theta_1 ..`.
    pub(super) points: Slots<'s, T>,
    /// What the query objective saves.
    pub(super) query: &'s mut [T],
    /// Vectors for the way back.
    pub(super) back: &'s mut [T],
}

impl<'s, T: Real> Tape<'s, T> {
    /// A tape in `slab`, which has [`Plan::len`] elements.
    pub(super) fn new(plan: &Plan, slab: &'s mut [T]) -> Self {
        let ([thetas, grads, directions, points, query, back], _) = cut_mut(slab, plan.sizes());
        let vectors = |data| Slots::new(data, plan.params);
        Self {
            thetas: vectors(thetas),
            grads: vectors(grads),
            directions: (plan.directions > 0).then(|| vectors(directions)),
            points: Slots::new(points, plan.support_saved),
            query,
            back,
        }
    }

    /// `theta_k`, `phi` being `theta_0`.
    pub(super) fn theta<'a>(&'a self, phi: &'a [T], k: usize) -> &'a [T] {
        if k == 0 { phi } else { self.thetas.at(k) }
    }
}

/// `g_k`, of which the first lies elsewhere.
pub(super) fn grad<'a, T: Copy>(grads: &'a Slots<'_, T>, first: &'a [T], k: usize) -> &'a [T] {
    if k == 0 { first } else { grads.at(k) }
}
