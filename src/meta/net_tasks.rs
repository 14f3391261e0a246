//! Tasks for a network: the rows of all tasks in one matrix, a range of rows a task.
//!
//! A task's loss is the mean over its labelled weight: `factor / (labelled weight) sum_i w_i l(net(p, x_i), y_i)`, where the factor 2
//! makes `(z - y)^2` out of the squared loss of this crate.

use core::ops::Range;

use cognate_kernels::{MatRef, Real};

use super::tasks::Tasks;
use crate::layer::Tangent;
use crate::loss::{Loss, Targets};
use crate::objective::Objective;
use crate::objective::net::NetObjective;

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
    fn scale(&self, y: &Targets<'_, T>) -> T {
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
}
