//! Memory for the tasks of a meta-batch.
//!
//! A task is a function of its number, so that tasks can be drawn side by side: each thread takes a run of neighbours, whose rows are one
//! piece of the matrices of all.

use alloc::vec::Vec;
use core::mem::take;
use core::ops::Range;

use cognate_kernels::{MatRef, Real};

use super::{Draw, Episodes, SetMut, Shape, TargetKind};
use crate::loss::Targets;
use crate::meta::Rows;
use crate::parallel::{MAX_CHUNKS, for_each};

/// Tasks drawn from a distribution: all support rows in one matrix, all query rows in another. Grows to the largest batch and stays.
#[derive(Clone, Debug, Default)]
pub struct EpisodeBatch<T> {
    support: Set<T>,
    query: Set<T>,
    /// 0 for one as well.
    threads: usize,
    /// One a thread.
    scratch: [Vec<u32>; MAX_CHUNKS],
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

    /// The memory of all tasks.
    fn room(&mut self) -> Room<'_, T> {
        Room {
            ranges: &self.ranges,
            x: &mut self.x,
            values: &mut self.values,
            labels: &mut self.labels,
            widths: (self.features, self.outputs),
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

/// Memory for the rows of some neighbouring tasks.
#[derive(Default)]
struct Room<'a, T> {
    ranges: &'a [Range<usize>],
    x: &'a mut [T],
    values: &'a mut [T],
    labels: &'a mut [u32],
    /// Features and numbers of a row.
    widths: (usize, usize),
}

impl<'a, T> Room<'a, T> {
    /// That of the first `tasks` tasks, which leave.
    fn split_off(&mut self, tasks: usize) -> Self {
        let ranges;
        (ranges, self.ranges) = self.ranges.split_at(tasks.min(self.ranges.len()));
        let rows = ranges.iter().map(ExactSizeIterator::len).sum::<usize>();
        let labels = if self.labels.is_empty() { 0 } else { rows };
        let values = if self.values.is_empty() {
            0
        } else {
            rows * self.widths.1
        };
        Self {
            ranges,
            x: front(&mut self.x, rows * self.widths.0),
            values: front(&mut self.values, values),
            labels: front(&mut self.labels, labels),
            widths: self.widths,
        }
    }

    /// That of the first task.
    fn next(&mut self) -> SetMut<'a, T> {
        let Room {
            x, values, labels, ..
        } = self.split_off(1);
        SetMut { x, values, labels }
    }
}

/// The first `len` elements, which leave.
fn front<'a, T>(slice: &mut &'a mut [T], len: usize) -> &'a mut [T] {
    let (front, rest) = take(slice).split_at_mut(len);
    *slice = rest;
    front
}

/// A thread with the tasks that it draws.
#[derive(Default)]
struct Share<'a, T> {
    tasks: Range<u64>,
    support: Room<'a, T>,
    query: Room<'a, T>,
    scratch: Option<&'a mut Vec<u32>>,
}

impl<T: Real> Share<'_, T> {
    fn draw<E: Episodes<T> + ?Sized>(&mut self, episodes: &E) {
        let Some(scratch) = self.scratch.take() else {
            return;
        };
        for task in self.tasks.clone() {
            let into = Draw {
                support: self.support.next(),
                query: self.query.next(),
                scratch: &mut *scratch,
            };
            episodes.draw(task, into);
        }
    }
}

impl<T: Real> EpisodeBatch<T> {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, drawing on up to `threads` threads; the tasks do not depend on it. Default 1.
    pub fn with_threads(self, threads: usize) -> Self {
        let threads = threads.clamp(1, MAX_CHUNKS);
        Self { threads, ..self }
    }

    /// Draws the tasks of the numbers `tasks`.
    pub fn draw<E: Episodes<T> + ?Sized>(&mut self, episodes: &E, tasks: Range<u64>) {
        let shape = episodes.shape();
        let splits = tasks.clone().map(|task| episodes.split(task));
        self.support
            .resize(shape, splits.clone().map(|split| split.support));
        self.query.resize(shape, splits.map(|split| split.query));
        let each = (tasks.end - tasks.start)
            .div_ceil(self.threads.max(1) as u64)
            .max(1);
        let (mut support, mut query) = (self.support.room(), self.query.room());
        let mut shares: [Share<'_, T>; MAX_CHUNKS] = Default::default();
        let places = shares.iter_mut().zip(&mut self.scratch);
        let mut count = 0;
        for ((share, scratch), first) in places.zip(tasks.clone().step_by(each as usize)) {
            *share = Share {
                tasks: first..tasks.end.min(first + each),
                support: support.split_off(each as usize),
                query: query.split_off(each as usize),
                scratch: Some(scratch),
            };
            count += 1;
        }
        for_each(self.threads, &mut shares[..count], |share| {
            share.draw(episodes)
        });
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
