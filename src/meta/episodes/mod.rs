//! Distributions of tasks, as pure functions of a seed and the task's index.
//!
//! Task number i of a distribution is the same whenever, wherever and after whatever it is drawn: training takes the indices from 0 on,
//! held-out tasks are those of indices that training did not reach. A distribution says what its rows are like ([`Episodes::shape`]) and
//! writes a task's support and query rows into memory that the caller keeps ([`EpisodeBatch`]): after the largest batch was drawn once,
//! drawing allocates nothing. What a learner then sees are views of that memory, a range of rows a task.
//!
//! | distribution | tasks |
//! |---|---|
//! | [`Sinusoids`] | amplitudes and phases of a sine: Finn's protocol and Reptile's |
//! | [`Subspace`] | classes that differ in 5 of 32 rotated dimensions; its best possible answer is known |
//! | [`ClassPool`] | some classes out of a labelled table, some rows of each |
//! | [`TaskTable`] | tasks that bring their own rows: a table with a task column |
//! | [`FirstRows`] | the same as they lie, to be scored |
//! | [`FnEpisodes`] | a closure |

mod batch;
mod closure;
mod first;
mod pool;
mod sinusoid;
mod subspace;
mod table;

pub use batch::EpisodeBatch;
pub use closure::FnEpisodes;
pub use first::FirstRows;
pub use pool::ClassPool;
pub use sinusoid::{Inputs, Sinusoids};
pub use subspace::Subspace;
pub use table::TaskTable;

use alloc::vec::Vec;

use cognate_kernels::{MatRef, Real};

use crate::loss::Target;
use crate::rng::Rng;

/// What a row should give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// So many numbers.
    Numbers(usize),
    /// One of so many classes.
    Classes(usize),
}

impl TargetKind {
    /// Outputs of a network for such targets: a number each, or a logit a class.
    pub fn outputs(&self) -> usize {
        match *self {
            Self::Numbers(count) | Self::Classes(count) => count,
        }
    }
}

/// What the rows of a distribution are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Features of a row.
    pub features: usize,
    /// Targets of a row.
    pub targets: TargetKind,
}

/// Rows of a task to learn from, and to be judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Rows of the support set.
    pub support: usize,
    /// Rows of the query set.
    pub query: usize,
}

/// A distribution of tasks.
pub trait Episodes<T: Real>: Sync {
    /// What all tasks have in common.
    fn shape(&self) -> Shape;

    /// How many rows task number `task` has.
    fn split(&self, task: u64) -> Split;

    /// Writes the rows of task number `task`: a pure function of that number.
    fn draw(&self, task: u64, into: Draw<'_, T>);
}

/// Memory for one task.
#[derive(Debug)]
pub struct Draw<'a, T> {
    /// The support set.
    pub support: SetMut<'a, T>,
    /// The query set.
    pub query: SetMut<'a, T>,
    /// For whatever indices a distribution needs; keeps its memory from task to task.
    pub scratch: &'a mut Vec<u32>,
}

/// Memory for rows with their targets.
#[derive(Debug)]
pub struct SetMut<'a, T> {
    /// Features, `n x d` row by row.
    pub x: &'a mut [T],
    /// Numbers, `n x k` row by row; empty for classes.
    pub values: &'a mut [T],
    /// Classes, n of them; empty for numbers.
    pub labels: &'a mut [u32],
}

/// The first `k` of `0..n` in random order, in `room`.
fn choose<'r>(stream: &mut Rng, n: usize, k: usize, room: &'r mut Vec<u32>) -> &'r [u32] {
    room.clear();
    room.extend(0..n as u32);
    for i in 0..k {
        let j = i + stream.below(n - i);
        room.swap(i, j);
    }
    &room[..k]
}

/// Row numbers in the order of their tasks, and where each task begins, with the end.
#[inline]
fn sorted_by_task(tasks: &[u32]) -> (Vec<u32>, Vec<usize>) {
    let count = tasks.iter().max().map_or(0, |&top| top as usize + 1);
    let mut rows: Vec<u32> = (0..tasks.len() as u32).collect();
    rows.sort_by_key(|&row| tasks[row as usize]);
    let before = |task| rows.partition_point(|&row| (tasks[row as usize] as usize) < task);
    let starts = (0..=count).map(before).collect();
    (rows, starts)
}

/// Copies row `row` of a table to `place` in `set`.
fn copy_row<T: Real>(
    x: MatRef<'_, T>,
    y: Target<'_, T>,
    row: usize,
    place: usize,
    set: &mut SetMut<'_, T>,
) {
    let d = x.cols();
    let to = set.x[place * d..][..d].iter_mut().enumerate();
    to.for_each(|(j, to)| *to = x.at(row, j));
    match y {
        Target::Classes(labels) => set.labels[place] = labels[row],
        Target::Values(y) => {
            let to = set.values[place * y.cols()..][..y.cols()].iter_mut();
            to.enumerate().for_each(|(j, to)| *to = y.at(row, j));
        }
    }
}
