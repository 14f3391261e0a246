//! A teacher's links and the truth, side by side in one row of targets.

use cognate_kernels::{MatMut, Real};

use crate::loss::Targets;

/// One task's cells of a table of targets: `outputs` of the teacher, from column `first` on, and the truth behind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answers<'a, T> {
    y: &'a Targets<'a, T>,
    first: usize,
    outputs: usize,
}

impl<'a, T: Real> Answers<'a, T> {
    /// The cells of a single task, `truths` of them behind the teacher's.
    #[track_caller]
    pub(super) fn whole(y: &'a Targets<'a, T>, rows: usize, outputs: usize, truths: usize) -> Self {
        assert_eq!(
            y.shape(),
            (rows, outputs + truths),
            "targets against outputs"
        );
        Self::new(y, 0, outputs)
    }

    pub(super) fn new(y: &'a Targets<'a, T>, first: usize, outputs: usize) -> Self {
        Self { y, first, outputs }
    }

    /// Weight and number of the teacher's link `j`, `None` where it says nothing.
    pub(super) fn teacher(&self, i: usize, j: usize) -> Option<(T, T)> {
        self.y.cell(i, self.first + j)
    }

    /// Weight and number of truth `j`, `None` where there is none.
    pub(super) fn truth(&self, i: usize, j: usize) -> Option<(T, T)> {
        self.y.cell(i, self.first + self.outputs + j)
    }

    /// The weight of the teacher's link `j`.
    pub(super) fn teacher_weight(&self, i: usize, j: usize) -> T {
        self.y.weight(i, self.first + j)
    }

    /// The weight of truth `j`.
    pub(super) fn truth_weight(&self, i: usize, j: usize) -> T {
        self.y.weight(i, self.first + self.outputs + j)
    }

    /// The teacher's links over `temperature`; 0 where it says nothing.
    pub(super) fn teacher_over(&self, temperature: T, mut into: MatMut<'_, T>) {
        for i in 0..into.rows() {
            for j in 0..into.cols() {
                let link = self.teacher(i, j).map_or(T::ZERO, |(_, v)| v / temperature);
                into.set(i, j, link);
            }
        }
    }
}

/// A part of a row's gradient: `scale weight part`; a weight of 0 makes it 0 whatever the part.
pub(super) fn weighed<T: Real>(factor: T, weight: T, part: T) -> T {
    if weight == T::ZERO {
        T::ZERO
    } else {
        factor * weight * part
    }
}
