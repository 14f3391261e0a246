//! Tasks that bring their own rows: a table with a task column.
//!
//! An episode takes one of the tasks at random, and of its rows `shots` to learn from and `queries` others to be judged by. Over many
//! episodes a task of the table is met with ever other rows.

use alloc::{string::ToString, vec::Vec};

use cognate_kernels::{MatRef, Real};

use super::{Draw, Episodes, SetMut, Shape, Split, TargetKind, choose};
use crate::check;
use crate::error::{Error, Result};
use crate::loss::{Target, Targets};
use crate::rng::rng;

/// Episodes from the tasks of a table.
#[derive(Clone, Debug)]
pub struct TaskTable<'a, T> {
    x: MatRef<'a, T>,
    y: Target<'a, T>,
    targets: TargetKind,
    /// Row numbers, task after task.
    rows: Vec<u32>,
    /// Where each task begins in `rows`, and the end.
    starts: Vec<usize>,
    split: Split,
    seed: u64,
}

impl<'a, T: Real> TaskTable<'a, T> {
    /// Episodes of `split` rows each from the rows `x: n x d` with targets `y`, row i belonging to task number `tasks[i]`.
    ///
    /// # Errors
    /// If `x` or `y` is empty or not finite, or a length differs; if an episode has no rows; if a task has fewer rows than an episode
    /// takes: the error names the task.
    pub fn new(
        x: MatRef<'a, T>,
        y: Targets<'a, T>,
        tasks: &[u32],
        split: Split,
        seed: u64,
    ) -> Result<Self> {
        check::matrix("x", x)?;
        check::shape("y", (y.shape().0, 1), (x.rows(), 1))?;
        check::shape("tasks", (tasks.len(), 1), (x.rows(), 1))?;
        for (name, count) in [("shots", split.support), ("queries", split.query)] {
            check::setting(name, "at least 1", count as f64, count > 0)?;
        }
        let targets = match y.target {
            Target::Values(y) => {
                check::matrix("y", y)?;
                TargetKind::Numbers(y.cols())
            }
            Target::Classes(y) => {
                TargetKind::Classes(y.iter().max().map_or(0, |&top| top as usize + 1))
            }
        };
        let count = tasks.iter().max().map_or(0, |&top| top as usize + 1);
        let mut rows: Vec<u32> = (0..tasks.len() as u32).collect();
        rows.sort_by_key(|&row| tasks[row as usize]);
        let before = |task| rows.partition_point(|&row| (tasks[row as usize] as usize) < task);
        let starts: Vec<usize> = (0..=count).map(before).collect();
        let needed = split.support + split.query;
        let few = |ends: &[usize]| ends[1] - ends[0] < needed;
        if let Some(task) = starts.windows(2).position(few) {
            let problem = "has fewer rows than an episode takes";
            return Err(Error::task(&task.to_string(), problem));
        }
        Ok(Self {
            x,
            y: y.target,
            targets,
            rows,
            starts,
            split,
            seed,
        })
    }

    fn copy(&self, rows: impl Iterator<Item = u32>, set: SetMut<'_, T>) {
        let d = self.x.cols();
        for (place, row) in rows.enumerate() {
            let row = row as usize;
            let to = &mut set.x[place * d..][..d];
            to.iter_mut()
                .enumerate()
                .for_each(|(j, to)| *to = self.x.at(row, j));
            match self.y {
                Target::Classes(labels) => set.labels[place] = labels[row],
                Target::Values(y) => {
                    let to = &mut set.values[place * y.cols()..][..y.cols()];
                    to.iter_mut()
                        .enumerate()
                        .for_each(|(j, to)| *to = y.at(row, j));
                }
            }
        }
    }
}

impl<T: Real> Episodes<T> for TaskTable<'_, T> {
    fn shape(&self) -> Shape {
        Shape {
            features: self.x.cols(),
            targets: self.targets,
        }
    }

    fn split(&self, _task: u64) -> Split {
        self.split
    }

    fn draw(&self, task: u64, into: Draw<'_, T>) {
        let Draw {
            support,
            query,
            scratch,
        } = into;
        let mut stream = rng(self.seed, "task table", task);
        let own = stream.below(self.starts.len() - 1);
        let rows = &self.rows[self.starts[own]..self.starts[own + 1]];
        let Split {
            support: shots,
            query: queries,
        } = self.split;
        let chosen = choose(&mut stream, rows.len(), shots + queries, scratch);
        let row = |&i: &u32| rows[i as usize];
        self.copy(chosen[..shots].iter().map(row), support);
        self.copy(chosen[shots..].iter().map(row), query);
    }
}
