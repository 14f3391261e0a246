//! Rows of a task set as a network takes them: gathered side by side, with each task's labels and weights.
//!
//! If no row has labels of two tasks, tasks bring **their own rows**: a batch is sorted by task, and a task's labels stand where its rows
//! do. Else tasks **share rows**: a batch has a label of every task for every row, of weight 0 where it is missing.
//! ```text
//! own      x: n x d, rows of task 0, then of task 1, ..     labels, weights: n
//! shared   x: n x d                                         labels, weights: n of task 0, then n of task 1, ..
//! ```
//! A task's loss is a mean: `L_t = a_t / s_t sum_i w_i l(z_i, y_i)`, `s_t` the summed weight of its labelled rows in the batch and `a_t`
//! the weight of the task. A task without labelled weight in the batch is absent.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use cognate_kernels::{MatRef, Real};

use crate::loss::{Target, Targets};
use crate::model::{Head, gather_rows};
use crate::mtl::{Kind, TaskSet};

/// The labelled rows of a task set, by row.
#[derive(Clone, Debug)]
pub struct TaskRows<'a, T> {
    x: MatRef<'a, T>,
    sample_weight: Option<&'a [T]>,
    tasks: Vec<TaskInfo>,
    /// Rows of x that have a label, ascending.
    rows: Vec<u32>,
    labels: Labels<T>,
}

#[derive(Clone, Copy, Debug)]
struct TaskInfo {
    kind: Kind,
    weight: f64,
}

#[derive(Clone, Debug)]
enum Labels<T> {
    /// A label a row, and whose.
    Own { labels: Vec<T>, task: Vec<u32> },
    /// A label a row and task, row by row; NaN where there is none.
    Shared(Vec<T>),
}

impl<'a, T: Real> TaskRows<'a, T> {
    /// The rows of `set` that have a label.
    pub fn new(set: &TaskSet<'a, T>) -> Self {
        let tasks = set.tasks();
        let labels: usize = tasks.iter().map(|task| task.rows.len()).sum();
        let mut labelled = vec![false; set.x().rows()];
        let marked = tasks.iter().flat_map(|task| &task.rows);
        marked.for_each(|&row| labelled[row as usize] = true);
        let all = (0..).zip(&labelled);
        let rows: Vec<u32> = all.filter(|(_, seen)| **seen).map(|(row, _)| row).collect();
        let mut places = vec![0; labelled.len()];
        let found = rows.iter().enumerate();
        found.for_each(|(place, &row)| places[row as usize] = place);
        let place = |row: u32| places[row as usize];
        let labels = if labels == rows.len() {
            Self::own(set, rows.len(), place)
        } else {
            Self::shared(set, rows.len(), place)
        };
        let info = tasks.iter().map(|task| TaskInfo {
            kind: task.kind,
            weight: task.weight,
        });
        Self {
            x: set.x(),
            sample_weight: set.sample_weight(),
            tasks: info.collect(),
            rows,
            labels,
        }
    }

    fn own(set: &TaskSet<'a, T>, rows: usize, place: impl Fn(u32) -> usize) -> Labels<T> {
        let (mut labels, mut owner) = (vec![T::ZERO; rows], vec![0; rows]);
        for (task, t) in set.tasks().iter().zip(0..) {
            for (&row, &label) in task.rows.iter().zip(&task.labels) {
                labels[place(row)] = T::from_f64(label);
                owner[place(row)] = t;
            }
        }
        Labels::Own {
            labels,
            task: owner,
        }
    }

    fn shared(set: &TaskSet<'a, T>, rows: usize, place: impl Fn(u32) -> usize) -> Labels<T> {
        let tasks = set.tasks().len();
        let mut labels = vec![T::NAN; rows * tasks];
        for (t, task) in set.tasks().iter().enumerate() {
            for (&row, &label) in task.rows.iter().zip(&task.labels) {
                labels[place(row) * tasks + t] = T::from_f64(label);
            }
        }
        Labels::Shared(labels)
    }

    /// Number of rows that have a label.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row has a label.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows of `x` that have a label, ascending.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The weight of task `t`.
    pub(super) fn task_weight(&self, t: usize) -> f64 {
        self.tasks[t].weight
    }

    /// Whose row stands at a place, or which labels it has, and of which classes: rows that are alike are equal.
    pub(super) fn stratum(&self, place: usize) -> Vec<u32> {
        let class = |t: usize, label: T| match self.tasks[t].kind {
            _ if !label.is_finite() => 0,
            Kind::Number => 1,
            Kind::Classes(_) => 2 + label.to_f64() as u32,
        };
        match &self.labels {
            Labels::Own { labels, task } => {
                let t = task[place];
                vec![t, class(t as usize, labels[place])]
            }
            Labels::Shared(labels) => {
                let tasks = self.tasks.len();
                let row = &labels[place * tasks..][..tasks];
                let classes = row.iter().enumerate().map(|(t, &label)| class(t, label));
                classes.collect()
            }
        }
    }

    fn weight(&self, at: usize) -> T {
        let row = self.rows[at] as usize;
        self.sample_weight.map_or(T::ONE, |weights| weights[row])
    }
}

/// Some rows of [`TaskRows`]; keeps its memory from batch to batch.
#[derive(Clone, Debug, Default)]
pub struct TaskBatch<T> {
    kinds: Vec<Kind>,
    features: usize,
    /// `n x d`.
    x: Vec<T>,
    /// Where its rows stand in the task set's x.
    rows: Vec<u32>,
    /// A range of rows a task; none where tasks share them.
    groups: Vec<Range<usize>>,
    labels: Vec<T>,
    /// The labels of tasks of more than two classes, as places of classes.
    classes: Vec<u32>,
    weights: Vec<T>,
    /// The summed weight of each task's labelled rows.
    labelled: Vec<f64>,
    /// The factor of each task's summed loss.
    scales: Vec<f64>,
    present: Vec<bool>,
    /// The summed weight of the rows.
    weight: f64,
    /// The places that are gathered, in order.
    order: Vec<u32>,
}

/// What one task wants of its rows in a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct TaskTargets<'a, T> {
    pub(super) loss: Head,
    pub(super) y: Targets<'a, T>,
    /// The factor of the summed loss.
    pub(super) scale: T,
}

impl<T: Real> TaskBatch<T> {
    /// All rows.
    pub fn all(from: &TaskRows<'_, T>) -> Self {
        let places: Vec<u32> = (0..from.len() as u32).collect();
        let mut batch = Self::default();
        batch.gather(from, &places);
        batch
    }

    /// Takes the rows at these places of [`TaskRows::rows`].
    ///
    /// # Panics
    /// If a place is beyond them.
    #[track_caller]
    pub fn gather(&mut self, from: &TaskRows<'_, T>, places: &[u32]) {
        refill(&mut self.kinds, from.tasks.iter().map(|task| task.kind));
        refill(&mut self.order, places.iter().copied());
        self.groups.clear();
        match &from.labels {
            Labels::Own { labels, task } => {
                self.sort(places, task, from.tasks.len());
                let order = || self.order.iter().map(|&place| place as usize);
                refill(&mut self.labels, order().map(|place| labels[place]));
                refill(&mut self.weights, order().map(|place| from.weight(place)));
                self.weight = total(&self.weights);
            }
            Labels::Shared(labels) => self.spread(from, labels),
        }
        self.classify();
        let rows = self.order.iter().map(|&place| from.rows[place as usize]);
        refill(&mut self.rows, rows);
        let rows = self.rows.iter().map(|&row| row as usize);
        gather_rows(&mut self.x, from.x, rows);
        self.features = from.x.cols();
        self.count(from);
    }

    /// The labels of the tasks of many classes as places of classes.
    fn classify(&mut self) {
        self.classes.resize(self.labels.len(), 0);
        for t in 0..self.kinds.len() {
            if self.kinds[t].links() > 1 {
                let cells = self.cells(t);
                let pairs = self.classes[cells.clone()]
                    .iter_mut()
                    .zip(&self.labels[cells]);
                pairs.for_each(|(class, label)| *class = label.to_f64() as u32);
            }
        }
    }

    /// Puts the places in the order of their tasks, and within a task as they come.
    fn sort(&mut self, places: &[u32], task: &[u32], tasks: usize) {
        let owner = |place: u32| task[place as usize] as usize;
        self.groups.resize(tasks, 0..0);
        for &place in places {
            self.groups[owner(place)].end += 1;
        }
        let mut next = 0;
        for group in &mut self.groups {
            let start = next;
            next += group.end;
            *group = start..start;
        }
        for &place in places {
            let end = &mut self.groups[owner(place)].end;
            self.order[*end] = place;
            *end += 1;
        }
    }

    /// A label of every task for every row; of weight 0 where there is none.
    fn spread(&mut self, from: &TaskRows<'_, T>, labels: &[T]) {
        let (tasks, n) = (from.tasks.len(), self.order.len());
        self.labels.resize(tasks * n, T::ZERO);
        self.weights.resize(tasks * n, T::ZERO);
        self.weight = 0.0;
        for (i, &place) in self.order.iter().enumerate() {
            let weight = from.weight(place as usize);
            self.weight += weight.to_f64();
            let row = &labels[place as usize * tasks..][..tasks];
            let cells = (i..tasks * n).step_by(n.max(1));
            for (cell, &label) in cells.zip(row) {
                let known = label.is_finite();
                self.labels[cell] = if known { label } else { T::ZERO };
                self.weights[cell] = if known { weight } else { T::ZERO };
            }
        }
    }

    /// Counts each task's labelled weight.
    fn count(&mut self, from: &TaskRows<'_, T>) {
        self.labelled.clear();
        self.scales.clear();
        self.present.clear();
        for (t, task) in from.tasks.iter().enumerate() {
            let labelled = total(&self.weights[self.cells(t)]);
            self.labelled.push(labelled);
            self.present.push(labelled > 0.0);
            let scale = task.weight / labelled;
            self.scales.push(if labelled > 0.0 { scale } else { 0.0 });
        }
    }

    /// Where the labels of task `t` stand.
    fn cells(&self, t: usize) -> Range<usize> {
        let n = self.len();
        self.groups.get(t).cloned().unwrap_or(t * n..(t + 1) * n)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.kinds.len()
    }

    /// The inputs, `n x d`.
    pub fn x(&self) -> MatRef<'_, T> {
        MatRef::planned(&self.x, self.len(), self.features)
    }

    /// Which rows of the task set's x these are.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// A range of rows a task; none where tasks share them.
    pub fn groups(&self) -> &[Range<usize>] {
        &self.groups
    }

    /// Which tasks have labelled weight.
    pub fn present(&self) -> &[bool] {
        &self.present
    }

    /// The summed weight of each task's labelled rows.
    pub fn labelled_weights(&self) -> &[f64] {
        &self.labelled
    }

    /// The summed weight of the rows.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// The rows of task `t`: its own, or all.
    pub(super) fn rows_of(&self, t: usize) -> Range<usize> {
        self.groups.get(t).cloned().unwrap_or(0..self.len())
    }

    pub(super) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    pub(super) fn targets(&self, t: usize) -> TaskTargets<'_, T> {
        let cells = self.cells(t);
        let target = match self.kinds[t].links() {
            1 => Target::Values(MatRef::planned(&self.labels[cells.clone()], cells.len(), 1)),
            _ => Target::Classes(&self.classes[cells.clone()]),
        };
        TaskTargets {
            loss: self.kinds[t].loss(),
            y: Targets {
                target,
                weights: Some(&self.weights[cells]),
                mask: None,
            },
            scale: T::from_f64(self.scales[t]),
        }
    }
}

fn refill<T>(room: &mut Vec<T>, items: impl Iterator<Item = T>) {
    room.clear();
    room.extend(items);
}

fn total<T: Real>(weights: &[T]) -> f64 {
    weights.iter().map(|weight| weight.to_f64()).sum()
}
