//! A summary a task: all that the squared loss needs to know of the rows of many tasks, in flat memory.
//!
//! For the rows `v_i = [x_i, y_i]` of a task with weights `w_i` it is, as in [`Summary`](crate::model::Summary),
//! ```text
//! n = rows that weigh anything      W = sum_i w_i      m = sum_i w_i v_i / W      S = sum_i w_i (v_i - m)(v_i - m)'
//! ```
//! and `sum_i log w_i`, which a likelihood needs. Methods with a squared loss fit from it alone, so that a path over penalties or a
//! whole cross-validation reads the rows once, and the rows of 10^5 tasks may come in pieces and be gone again.
//!
//! A block of rows is put in the order of its tasks (stable, and not at all where it is so already). Then each run of rows of one task
//! is centred about its own mean, multiplied, and merged into what the task has (Chan, Golub and LeVeque 1983); a run of one row is
//! Welford's update. A task's sums are made by one thread in the order of its rows, so that threads change no bit.
//!
//! Where features are nearly dependent, products lose what [`TaskFactors`] keep.

mod factors;
mod fill;

use alloc::{vec, vec::Vec};
use core::ops::Range;

use cognate_kernels::{MatRef, axpy};

pub(crate) use factors::TaskFactor;
pub use factors::TaskFactors;
use fill::{BLOCK, Block, Part, load};

use crate::check;
use crate::error::{Error, Result};
use crate::mtl::{Kind, TaskSet};
use crate::parallel::for_each;
use crate::workspace::default_level;

/// Counts, means and centred products of the rows of tasks, each row `d` features and a number to predict.
#[derive(Clone, Debug)]
pub struct Summaries {
    features: usize,
    threads: usize,
    rows: Vec<u32>,
    /// `sum w` and `sum log w`, a task.
    weight: Vec<[f64; 2]>,
    /// `d + 1` a task.
    mean: Vec<f64>,
    /// `(d + 1) x (d + 1)` a task, whole.
    products: Vec<f64>,
}

/// One task's summary.
#[derive(Clone, Copy, Debug)]
pub struct TaskSummary<'a> {
    rows: usize,
    weight: [f64; 2],
    mean: &'a [f64],
    products: &'a [f64],
}

impl Summaries {
    /// No rows yet, of `tasks` tasks with `features` features.
    pub fn new(tasks: usize, features: usize) -> Self {
        let width = features + 1;
        Self {
            features,
            threads: 1,
            rows: vec![0; tasks],
            weight: vec![[0.0; 2]; tasks],
            mean: vec![0.0; tasks * width],
            products: vec![0.0; tasks * width * width],
        }
    }

    /// The same, filled on up to `threads` threads.
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// The summaries of a set of tasks, made on up to `threads` threads. A task's weight multiplies those of its rows.
    ///
    /// # Errors
    /// [`Error::Task`] if a task does not predict a number.
    #[inline]
    pub fn of(tasks: &TaskSet<'_, f64>, threads: usize) -> Result<Self> {
        numbers(tasks)?;
        let all = tasks.tasks();
        let mut summaries = Self::new(all.len(), tasks.features());
        let count = |t: usize| all[t].rows.len();
        let total: usize = (0..all.len()).map(count).sum();
        let mut parts = summaries.parts(cut(all.len(), threads, total, count));
        for_each(threads, &mut parts, |part| {
            let mut block = Block::new(part.width());
            for t in part.tasks.clone() {
                let task = &all[t];
                part.add_run(t, task.rows.len(), &mut block, |i, row| {
                    let (x, y) = row.split_at_mut(row.len() - 1);
                    load(tasks.x(), task.rows[i] as usize, x);
                    y[0] = task.labels[i];
                    task.weight * tasks.weight(task.rows[i])
                });
            }
        });
        Ok(summaries)
    }

    /// Adds rows of any tasks in any order: row `i` of `x: n x d` belongs to task `task[i]`, has the label `y[i]` and the weight
    /// `weights[i]`, or 1. Rows of weight 0 are left out.
    ///
    /// # Errors
    /// If shapes do not fit, a task does not exist ([`Error::Label`]), a number is not finite or a weight negative; nothing is added then.
    #[inline]
    pub fn add(
        &mut self,
        task: &[u32],
        x: MatRef<'_, f64>,
        y: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<()> {
        let n = x.rows();
        let rows = Rows {
            task,
            x,
            y,
            weights,
        };
        rows.check(self.tasks(), self.features)?;
        let fill = |i: usize, row: &mut [f64]| {
            let (features, label) = row.split_at_mut(row.len() - 1);
            load(x, i, features);
            label[0] = y[i];
            weights.map_or(1.0, |w| w[i])
        };
        match task.is_sorted() {
            true => self.add_sorted(n, |i| task[i] as usize, fill),
            false => {
                let mut order: Vec<u32> = (0..n as u32).collect();
                order.sort_by_key(|&i| task[i as usize]);
                let of = |i: usize| task[order[i] as usize] as usize;
                self.add_sorted(n, of, |i, row| fill(order[i] as usize, row));
            }
        }
        Ok(())
    }

    /// Adds `n` rows, row `i` of task `of(i)`, which ascends; `fill` writes row `i` and says its weight.
    fn add_sorted(
        &mut self,
        n: usize,
        of: impl Fn(usize) -> usize + Sync,
        fill: impl Fn(usize, &mut [f64]) -> f64 + Sync,
    ) {
        let threads = self.threads.min(n / BLOCK).max(1);
        let edge = |k: usize| match k {
            0 => 0,
            k if k == threads => self.tasks(),
            k => of(k * n / threads),
        };
        let tasks: Vec<_> = (0..threads).map(|k| edge(k)..edge(k + 1)).collect();
        for_each(threads, &mut self.parts(tasks), |part| {
            let mut block = Block::new(part.width());
            let mut start = first(n, |i| of(i) >= part.tasks.start);
            while start < n && of(start) < part.tasks.end {
                let task = of(start);
                let length = (start..n).take_while(|&i| of(i) == task).count();
                part.add_run(task, length, &mut block, |i, row| fill(start + i, row));
                start += length;
            }
        });
    }

    /// Adds the rows of other summaries of the same tasks.
    ///
    /// # Panics
    /// If they have other tasks or features.
    #[track_caller]
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(
            (self.tasks(), self.features),
            (other.tasks(), other.features),
            "summaries of one shape"
        );
        for mut part in self.parts(core::iter::once(0..other.tasks())) {
            for t in part.tasks.clone() {
                let TaskSummary {
                    rows, weight, mean, ..
                } = other.task(t);
                part.merge(t, rows as u32, weight, mean);
            }
        }
        axpy(default_level(), 1.0, &other.products, &mut self.products);
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.rows.len()
    }

    /// Number of features, `d`.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The summary of task `t`.
    ///
    /// # Panics
    /// If there is no such task.
    #[track_caller]
    pub fn task(&self, t: usize) -> TaskSummary<'_> {
        let width = self.features + 1;
        TaskSummary {
            rows: self.rows[t] as usize,
            weight: self.weight[t],
            mean: &self.mean[t * width..][..width],
            products: &self.products[t * width * width..][..width * width],
        }
    }

    /// All tasks' summaries, in order.
    pub fn iter(&self) -> impl Iterator<Item = TaskSummary<'_>> {
        (0..self.tasks()).map(|t| self.task(t))
    }

    /// The tasks in ranges that follow one another, from the first task to the last, each with its memory.
    fn parts(&mut self, ranges: impl IntoIterator<Item = Range<usize>>) -> Vec<Part<'_>> {
        let width = self.features + 1;
        let (mut rows, mut weight) = (&mut self.rows[..], &mut self.weight[..]);
        let (mut mean, mut products) = (&mut self.mean[..], &mut self.products[..]);
        let part = |tasks: Range<usize>| {
            let count = tasks.len();
            Part {
                tasks,
                rows: front(&mut rows, count),
                weight: front(&mut weight, count),
                mean: front(&mut mean, count * width),
                products: front(&mut products, count * width * width),
            }
        };
        ranges.into_iter().map(part).collect()
    }
}

impl<'a> TaskSummary<'a> {
    /// Number of rows that weigh anything.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Total weight of the rows.
    pub fn weight(&self) -> f64 {
        self.weight[0]
    }

    /// Sum of the logarithms of the rows' weights.
    pub fn log_weight(&self) -> f64 {
        self.weight[1]
    }

    /// Weighted means of the features, `d`.
    pub fn mean_x(&self) -> &'a [f64] {
        &self.mean[..self.mean.len() - 1]
    }

    /// Weighted mean of the labels.
    pub fn mean_y(&self) -> f64 {
        self.mean[self.mean.len() - 1]
    }

    /// `X'X` of the centred rows, `d x d`.
    pub fn xx(&self) -> MatRef<'a, f64> {
        let width = self.mean.len();
        let all = MatRef::planned(self.products, width, width);
        all.split_rows(width - 1).0.split_cols(width - 1).0
    }

    /// `X'y` of the centred rows, `d`.
    pub fn xy(&self) -> &'a [f64] {
        let width = self.mean.len();
        &self.products[(width - 1) * width..][..width - 1]
    }

    /// Means and centred products of features and label together, `d + 1` and `(d + 1) x (d + 1)`.
    pub(crate) fn raw(&self) -> (&'a [f64], &'a [f64]) {
        (self.mean, self.products)
    }

    /// `y'y` of the centred rows.
    pub fn yy(&self) -> f64 {
        self.products[self.products.len() - 1]
    }
}

/// Every task predicts a number.
fn numbers(tasks: &TaskSet<'_, f64>) -> Result<()> {
    let problem = "predicts classes, but the squared loss needs a number";
    match tasks.tasks().iter().find(|t| t.kind != Kind::Number) {
        None => Ok(()),
        Some(task) => Err(Error::task(&task.name, problem)),
    }
}

/// Rows of tasks that are to be added.
struct Rows<'a> {
    task: &'a [u32],
    x: MatRef<'a, f64>,
    y: &'a [f64],
    weights: Option<&'a [f64]>,
}

impl Rows<'_> {
    /// Whether they are as [`Summaries::add`] asks.
    fn check(&self, tasks: usize, features: usize) -> Result<()> {
        let n = self.x.rows();
        check::shape("x", (n, self.x.cols()), (n, features))?;
        check::shape("task", (self.task.len(), 1), (n, 1))?;
        check::shape("y", (self.y.len(), 1), (n, 1))?;
        check::labels(self.task, tasks)?;
        check::finite("x", self.x)?;
        check::finite("y", MatRef::planned(self.y, n, 1))?;
        let Some(weights) = self.weights else {
            return Ok(());
        };
        check::shape("weights", (weights.len(), 1), (n, 1))?;
        check::weights(weights)
    }
}

/// The first of `0..n` for which `holds`, which holds for all after it; `n` if there is none.
fn first(n: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        match holds(middle) {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    low
}

/// Takes `count` elements off the front of a slice.
fn front<'a, T>(slice: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let (taken, rest) = core::mem::take(slice).split_at_mut(count);
    *slice = rest;
    taken
}

/// `tasks` tasks in up to `threads` ranges of about as many rows, `total` together.
fn cut(
    tasks: usize,
    threads: usize,
    total: usize,
    count: impl Fn(usize) -> usize,
) -> Vec<Range<usize>> {
    let share = total / threads.max(1) + 1;
    let (mut ranges, mut start, mut rows) = (Vec::new(), 0, 0);
    for t in 0..tasks {
        rows += count(t);
        if rows >= share || t + 1 == tasks {
            ranges.push(start..t + 1);
            (start, rows) = (t + 1, 0);
        }
    }
    ranges
}
