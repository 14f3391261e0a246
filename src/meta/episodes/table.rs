//! Tasks that bring their own rows: a table with a task column.
//!
//! An episode takes one of the tasks at random, and of its rows `shots` to learn from and `queries` others to be judged by. Over many
//! episodes a task of the table is met with ever other rows. Where rows have classes, a task's are dealt out in turn, so that so many shots
//! as classes are one of each.

use alloc::{string::ToString, vec::Vec};

use cognate_kernels::{MatRef, Real};

use super::{Draw, Episodes, SetMut, Shape, Split, TargetKind, choose, copy_row, sorted_by_task};
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
        let (rows, starts) = sorted_by_task(tasks);
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

    fn copy(&self, rows: impl Iterator<Item = u32>, mut set: SetMut<'_, T>) {
        for (place, row) in rows.enumerate() {
            copy_row(self.x, self.y, row as usize, place, &mut set);
        }
    }

    /// Orders `places` among a task's `rows`, so that their classes come in turn; `places` is followed by room for that.
    fn deal(&self, rows: &[u32], places: &mut Vec<u32>) {
        let (Target::Classes(labels), TargetKind::Classes(classes)) = (self.y, self.targets) else {
            return;
        };
        let n = places.len();
        places.resize(2 * n + classes, 0);
        let (places, room) = places.split_at_mut(n);
        let (turns, met) = room.split_at_mut(n);
        for (i, turn) in turns.iter_mut().enumerate() {
            let class = labels[rows[places[i] as usize] as usize] as usize;
            *turn = met[class] * n as u32 + i as u32;
            met[class] += 1;
        }
        turns.sort_unstable();
        turns
            .iter_mut()
            .for_each(|turn| *turn = places[*turn as usize % n]);
        places.copy_from_slice(turns);
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
        choose(&mut stream, rows.len(), rows.len(), scratch);
        self.deal(rows, scratch);
        let chosen = &scratch[..shots + queries];
        let row = |&i: &u32| rows[i as usize];
        self.copy(chosen[..shots].iter().map(row), support);
        self.copy(chosen[shots..].iter().map(row), query);
    }
}
