//! A distribution that a closure draws.

use cognate_kernels::Real;

use super::{Draw, Episodes, Shape, Split};

/// Tasks of one size, drawn by a function of the task's number and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct FnEpisodes<F> {
    /// What the rows are like.
    pub shape: Shape,
    /// How many rows a task has.
    pub split: Split,
    /// `draw(task, into)` writes the rows.
    pub draw: F,
}

impl<T: Real, F: Fn(u64, Draw<'_, T>) + Sync> Episodes<T> for FnEpisodes<F> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn split(&self, _task: u64) -> Split {
        self.split
    }

    fn draw(&self, task: u64, into: Draw<'_, T>) {
        (self.draw)(task, into);
    }
}
