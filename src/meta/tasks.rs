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

    /// Memory of [`Tasks::start`] and [`Tasks::start_products`] for these tasks.
    fn start_need(&self, tasks: Range<usize>) -> Need {
        let needs = tasks.map(|task| self.support(task).need());
        needs.fold(Need::default(), Need::then)
    }

    /// The support losses of `tasks` at `phi` into `values` (one a task) and their gradients into `g` (`params` numbers a task);
    /// `saved` then holds the points for [`Tasks::start_products`].
    fn start(
        &self,
        tasks: Range<usize>,
        phi: &[T],
        into: Gradients<'_, T>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let mut rest = saved;
        let each = into.g.chunks_mut(self.params().max(1));
        for ((task, value), g) in tasks.zip(into.values).zip(each) {
            let support = self.support(task);
            let point;
            ([point], rest) = cut_mut(rest, [support.need().saved]);
            *value = support.value_grad(phi, Some(g), point, &mut w.rb());
        }
    }

    /// The Hessian of each task's support loss at the point that `saved` holds, times the task's direction: `v` and `out` hold `params`
    /// numbers a task.
    fn start_products(
        &self,
        tasks: Range<usize>,
        phi: &[T],
        saved: &[T],
        v: &[T],
        out: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let (mut rest, len) = (saved, self.params().max(1));
        for ((task, v), out) in tasks.zip(v.chunks(len)).zip(out.chunks_mut(len)) {
            let support = self.support(task);
            let point;
            ([point], rest) = cut(rest, [support.need().saved]);
            support.hvp(phi, point, v, out, &mut w.rb());
        }
    }
}

/// Where [`Tasks::start`] puts its results.
#[derive(Debug)]
pub struct Gradients<'a, T> {
    /// One loss a task.
    pub values: &'a mut [T],
    /// One gradient a task.
    pub g: &'a mut [T],
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
