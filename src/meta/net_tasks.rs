//! Tasks for a network: the rows of all tasks in one matrix, a range of rows a task.
//!
//! A task's loss is the mean over its labelled weight: `factor / (labelled weight) sum_i w_i l(net(p, x_i), y_i)`, where the factor 2
//! makes `(z - y)^2` out of the squared loss of this crate.

use core::ops::Range;

use cognate_kernels::{MatRef, Real};

use super::start::Together;
use super::tasks::{Gradients, Start, Tasks, one_by_one};
use crate::layer::Tangent;
use crate::loss::{Loss, Targets};
use crate::objective::Objective;
use crate::objective::net::NetObjective;
use crate::workspace::{Need, Work};

/// Rows of several tasks.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T> {
    /// Inputs, `n x d`.
    pub x: MatRef<'a, T>,
    /// Targets of the n rows.
    pub y: Targets<'a, T>,
    /// The rows of each task, in order, one behind the other from row 0 on.
    pub ranges: &'a [Range<usize>],
}

impl<'a, T: Real> Rows<'a, T> {
    /// The rows of `task` alone.
    pub fn task(&self, task: usize) -> (MatRef<'a, T>, Targets<'a, T>) {
        let range = self.ranges[task].clone();
        (self.x.rows_range(range.clone()), self.y.rows(range))
    }
}

/// Tasks that one network learns.
#[derive(Clone, Copy, Debug)]
pub struct NetTasks<'a, T, L, S> {
    /// The network.
    pub net: L,
    /// The loss of its outputs.
    pub loss: S,
    /// Factor of the mean loss: 2 makes `(z - y)^2` of [`Squared`](crate::loss::Squared), 1 suits all others.
    pub factor: f64,
    /// Number of parameters.
    pub params: usize,
    /// What the tasks learn from.
    pub support: Rows<'a, T>,
    /// What they are judged by.
    pub query: Rows<'a, T>,
}

impl<'a, T: Real, L: Tangent<T> + Sync, S: Loss<T> + Sync> NetTasks<'a, T, L, S> {
    /// The mean loss of a task's rows.
    fn objective(&self, rows: &Rows<'a, T>, task: usize) -> NetObjective<'a, T, &L, &S> {
        let (x, y) = rows.task(task);
        NetObjective {
            scale: self.scale(&y),
            ..NetObjective::new(&self.net, &self.loss, self.params, x, y)
        }
    }

    /// `factor / (labelled weight)`.
    pub(super) fn scale(&self, y: &Targets<'_, T>) -> T {
        T::from_f64(self.factor / y.labelled_weight())
    }
}

impl<T: Real, L: Tangent<T> + Sync, S: Loss<T> + Sync> Tasks<T> for NetTasks<'_, T, L, S> {
    fn params(&self) -> usize {
        self.params
    }

    fn count(&self) -> usize {
        self.support.ranges.len()
    }

    fn support(&self, task: usize) -> impl Objective<T> + '_ {
        self.objective(&self.support, task)
    }

    fn query(&self, task: usize) -> impl Objective<T> + '_ {
        self.objective(&self.query, task)
    }

    fn most(&self) -> (Need, Need) {
        let of = |rows: &Rows<'_, T>, objective: fn(&Self, usize) -> Need| {
            let longest = (0..rows.ranges.len()).max_by_key(|&task| rows.ranges[task].len());
            longest.map_or(Need::default(), |task| objective(self, task))
        };
        (
            of(&self.support, |tasks, task| tasks.support(task).need()),
            of(&self.query, |tasks, task| tasks.query(task).need()),
        )
    }

    fn start_need(&self, tasks: Range<usize>) -> Need {
        match self.net.by_group() {
            true => Together::new(self, tasks).need(),
            false => one_by_one::need(self, tasks),
        }
    }

    fn start(
        &self,
        tasks: Range<usize>,
        phi: &[T],
        into: Gradients<'_, T>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        match self.net.by_group() {
            true => Together::new(self, tasks).gradients(phi, into, saved, w),
            false => one_by_one::gradients(self, tasks, phi, into, saved, w),
        }
    }

    fn start_products(
        &self,
        tasks: Range<usize>,
        at: Start<'_, T>,
        v: &[T],
        out: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        match self.net.by_group() {
            true => Together::new(self, tasks).products(at, v, out, w),
            false => one_by_one::products(self, tasks, at, v, out, w),
        }
    }
}
