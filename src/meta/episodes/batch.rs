//! Memory for the tasks of a meta-batch.

use alloc::vec::Vec;
use core::ops::Range;

use cognate_kernels::{MatRef, Real};

use super::{Draw, Episodes, SetMut, Shape, TargetKind};
use crate::loss::Targets;
use crate::meta::Rows;

/// Tasks drawn from a distribution: all support rows in one matrix, all query rows in another. Grows to the largest batch and stays.
#[derive(Clone, Debug, Default)]
pub struct EpisodeBatch<T> {
    support: Set<T>,
    query: Set<T>,
    scratch: Vec<u32>,
}

/// Rows of all tasks, task after task.
#[derive(Clone, Debug, Default)]
struct Set<T> {
    x: Vec<T>,
    values: Vec<T>,
    labels: Vec<u32>,
    ranges: Vec<Range<usize>>,
    features: usize,
    outputs: usize,
}

impl<T: Real> Set<T> {
    /// Room for tasks of these numbers of rows.
    fn resize(&mut self, shape: Shape, rows: impl Iterator<Item = usize>) {
        self.ranges.clear();
        let mut end = 0;
        self.ranges.extend(rows.map(|n| {
            end += n;
            end - n..end
        }));
        let (values, labels) = match shape.targets {
            TargetKind::Numbers(k) => (end * k, 0),
            TargetKind::Classes(_) => (0, end),
        };
        self.features = shape.features;
        self.outputs = shape.targets.outputs();
        self.x.resize(end * shape.features, T::ZERO);
        self.values.resize(values, T::ZERO);
        self.labels.resize(labels, 0);
    }

    fn of(&mut self, task: usize) -> SetMut<'_, T> {
        let range = self.ranges[task].clone();
        let wide = |each: usize| range.start * each..range.end * each;
        let (values, labels) = match self.labels.is_empty() {
            true => (wide(self.outputs), 0..0),
            false => (0..0, range.clone()),
        };
        SetMut {
            x: &mut self.x[wide(self.features)],
            values: &mut self.values[values],
            labels: &mut self.labels[labels],
        }
    }

    fn rows(&self) -> Rows<'_, T> {
        let n = self.ranges.last().map_or(0, |range| range.end);
        Rows {
            x: MatRef::planned(&self.x, n, self.features),
            y: match self.labels.is_empty() {
                true => Targets::values(MatRef::planned(&self.values, n, self.outputs)),
                false => Targets::classes(&self.labels),
            },
            ranges: &self.ranges,
        }
    }
}

impl<T: Real> EpisodeBatch<T> {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws the tasks of the numbers `tasks`.
    pub fn draw<E: Episodes<T> + ?Sized>(&mut self, episodes: &E, tasks: Range<u64>) {
        let shape = episodes.shape();
        let splits = tasks.clone().map(|task| episodes.split(task));
        self.support
            .resize(shape, splits.clone().map(|split| split.support));
        self.query.resize(shape, splits.map(|split| split.query));
        for (i, task) in tasks.enumerate() {
            let draw = Draw {
                support: self.support.of(i),
                query: self.query.of(i),
                scratch: &mut self.scratch,
            };
            episodes.draw(task, draw);
        }
    }

    /// The support rows of all tasks.
    pub fn support(&self) -> Rows<'_, T> {
        self.support.rows()
    }

    /// The query rows of all tasks.
    pub fn query(&self) -> Rows<'_, T> {
        self.query.rows()
    }
}
