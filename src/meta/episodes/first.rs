//! Tasks as they lie in a table: the first rows of each are its support set, the rest its queries.
//!
//! Task number i is the table's i-th task, and nothing is drawn: this is how held-out tasks are scored.

use alloc::{string::ToString, vec::Vec};

use cognate_kernels::{MatRef, Real};

use super::{Draw, Episodes, SetMut, Shape, Split, TargetKind, copy_row, sorted_by_task};
use crate::check;
use crate::error::{Error, Result};
use crate::loss::{Target, Targets};

/// The tasks of a table, each with its first rows to learn from.
#[derive(Clone, Debug)]
pub struct FirstRows<'a, T> {
    x: MatRef<'a, T>,
    y: Target<'a, T>,
    targets: TargetKind,
    /// Row numbers, task after task, and where each task begins.
    rows: Vec<u32>,
    starts: Vec<usize>,
    shots: usize,
}

impl<'a, T: Real> FirstRows<'a, T> {
    /// Tasks of the rows `x: n x d` with targets `y` (of classes: `classes` of them), row i belonging to task number `tasks[i]`, in the
    /// order of the rows.
    ///
    /// # Errors
    /// If `x` or `y` is empty or not finite, or a length differs; if there are no shots, or a task has no row beyond them: the error
    /// names the task by its number.
    pub fn new(
        x: MatRef<'a, T>,
        y: Targets<'a, T>,
        classes: usize,
        tasks: &[u32],
        shots: usize,
    ) -> Result<Self> {
        check::matrix("x", x)?;
        check::shape("y", (y.shape().0, 1), (x.rows(), 1))?;
        check::shape("tasks", (tasks.len(), 1), (x.rows(), 1))?;
        check::setting("shots", "at least 1", shots as f64, shots > 0)?;
        let targets = match y.target {
            Target::Values(y) => {
                check::matrix("y", y)?;
                TargetKind::Numbers(y.cols())
            }
            Target::Classes(y) => {
                check::labels(y, classes)?;
                TargetKind::Classes(classes)
            }
        };
        let (rows, starts) = sorted_by_task(tasks);
        let few = |ends: &[usize]| ends[1] - ends[0] <= shots;
        if let Some(task) = starts.windows(2).position(few) {
            return Err(Error::task(
                &task.to_string(),
                "has no row beyond its shots",
            ));
        }
        Ok(Self {
            x,
            y: y.target,
            targets,
            rows,
            starts,
            shots,
        })
    }

    /// Number of tasks.
    pub fn tasks(&self) -> u64 {
        self.starts.len() as u64 - 1
    }

    fn own(&self, task: u64) -> &[u32] {
        let task = task as usize;
        &self.rows[self.starts[task]..self.starts[task + 1]]
    }

    fn copy(&self, rows: &[u32], mut set: SetMut<'_, T>) {
        for (place, &row) in rows.iter().enumerate() {
            copy_row(self.x, self.y, row as usize, place, &mut set);
        }
    }
}

impl<T: Real> Episodes<T> for FirstRows<'_, T> {
    fn shape(&self) -> Shape {
        Shape {
            features: self.x.cols(),
            targets: self.targets,
        }
    }

    fn split(&self, task: u64) -> Split {
        Split {
            support: self.shots,
            query: self.own(task).len() - self.shots,
        }
    }

    fn draw(&self, task: u64, into: Draw<'_, T>) {
        let (support, query) = self.own(task).split_at(self.shots);
        self.copy(support, into.support);
        self.copy(query, into.query);
    }
}
