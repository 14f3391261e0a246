//! The tasks of a meta-batch, as pairs of objectives.
//!
//! A meta-learner sees a task as two functions of one flat parameter vector: the loss of its support rows and that of its query rows.
//! All tasks of a meta-batch start from one `phi`, so [`Tasks::start`] asks for the support gradients of several tasks there at once,
//! and [`Tasks::start_products`] for their Hessian products; networks make both one pass over all rows.

use core::ops::Range;

use cognate_kernels::Real;

use crate::objective::Objective;
use crate::workspace::{Need, Work, cut, cut_mut};

/// Several tasks over the same parameters.
pub trait Tasks<T: Real>: Sync {
    /// Length of the flat parameter vector.
    fn params(&self) -> usize;

    /// Number of tasks.
    fn count(&self) -> usize;

    /// The loss of the support rows of `task`.
    fn support(&self, task: usize) -> impl Objective<T> + '_;

    /// The loss of the query rows of `task`.
    fn query(&self, task: usize) -> impl Objective<T> + '_;

    /// What a support and a query objective need at most.
    fn most(&self) -> (Need, Need) {
        let all = 0..self.count();
        let support = all.clone().map(|task| self.support(task).need());
        let query = all.map(|task| self.query(task).need());
        (
            support.fold(Need::default(), Need::most),
            query.fold(Need::default(), Need::most),
        )
    }

    /// Memory of [`Tasks::start`] and [`Tasks::start_products`] for these tasks.
    fn start_need(&self, tasks: Range<usize>) -> Need {
        one_by_one::need(self, tasks)
    }

    /// The support losses of `tasks`, at most 8 of them, at `phi` and their gradients; `saved` then holds the points for
    /// [`Tasks::start_products`].
    fn start(
        &self,
        tasks: Range<usize>,
        phi: &[T],
        into: Gradients<'_, T>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        one_by_one::gradients(self, tasks, phi, into, saved, w);
    }

    /// The Hessian of each task's support loss at the start, times the task's direction: `v` and `out` hold `params` numbers a task.
    fn start_products(
        &self,
        tasks: Range<usize>,
        at: Start<'_, T>,
        v: &[T],
        out: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        one_by_one::products(self, tasks, at, v, out, w);
    }
}

/// Where [`Tasks::start`] puts its results.
#[derive(Debug)]
pub struct Gradients<'a, T> {
    /// One loss a task.
    pub values: &'a mut [T],
    /// One gradient a task, `params` numbers each.
    pub g: &'a mut [T],
}

/// A start that [`Tasks::start`] has visited.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a, T> {
    /// The shared parameters.
    pub phi: &'a [T],
    /// What it saved.
    pub saved: &'a [T],
}

/// The start of several tasks, one after the other.
pub(super) mod one_by_one {
    use super::{Gradients, Need, Objective, Range, Real, Start, Tasks, Work, cut, cut_mut};

    pub(in crate::meta) fn need<T: Real, K: Tasks<T> + ?Sized>(
        tasks: &K,
        range: Range<usize>,
    ) -> Need {
        let needs = range.map(|task| tasks.support(task).need());
        needs.fold(Need::default(), Need::then)
    }

    pub(in crate::meta) fn gradients<T: Real, K: Tasks<T> + ?Sized>(
        tasks: &K,
        range: Range<usize>,
        phi: &[T],
        into: Gradients<'_, T>,
        mut saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let each = into.g.chunks_mut(tasks.params().max(1));
        for ((task, value), g) in range.zip(into.values).zip(each) {
            let support = tasks.support(task);
            let point;
            ([point], saved) = cut_mut(saved, [support.need().saved]);
            *value = support.value_grad(phi, Some(g), point, &mut w.rb());
        }
    }

    pub(in crate::meta) fn products<T: Real, K: Tasks<T> + ?Sized>(
        tasks: &K,
        range: Range<usize>,
        Start { phi, mut saved }: Start<'_, T>,
        v: &[T],
        out: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let len = tasks.params().max(1);
        for ((task, v), out) in range.zip(v.chunks(len)).zip(out.chunks_mut(len)) {
            let support = tasks.support(task);
            let point;
            ([point], saved) = cut(saved, [support.need().saved]);
            support.hvp(phi, point, v, out, &mut w.rb());
        }
    }
}

/// A list of pairs: support, query.
impl<T: Real, S: Objective<T> + Sync, Q: Objective<T> + Sync> Tasks<T> for [(S, Q)] {
    fn params(&self) -> usize {
        self.first().map_or(0, |(support, _)| support.len())
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn support(&self, task: usize) -> impl Objective<T> + '_ {
        &self[task].0
    }

    fn query(&self, task: usize) -> impl Objective<T> + '_ {
        &self[task].1
    }
}
