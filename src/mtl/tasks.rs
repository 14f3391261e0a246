//! One way to describe tasks.
//!
//! All inputs lie in one matrix `x: n x d`. A task is a name, a kind, and the rows that have its label, each with the label. So
//! ```text
//! one X, several targets     every task lists the rows where its target is known: a missing label is a row not listed
//! rows of their own          the tasks' lists have no row in common
//! ```
//! and all that lies between, tasks of different kinds and sizes included. A task without rows is allowed: it learns from the others.

use alloc::{string::String, vec::Vec};

use cognate_kernels::{MatRef, Real};

use crate::check;
use crate::error::{Error, Result};
use crate::model::Head;

/// What a task predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number: squared loss.
    Number,
    /// One of so many classes, at least two: logistic loss for two, softmax cross-entropy for more.
    Classes(usize),
}

impl Kind {
    /// Links of a row, `k`: one for a number or two classes (the logit of class 1), else one a class.
    pub fn links(self) -> usize {
        match self {
            Self::Number | Self::Classes(2) => 1,
            Self::Classes(classes) => classes,
        }
    }

    /// The loss of those links.
    pub(super) fn loss(self) -> Head {
        match self {
            Self::Number => Head::Squared,
            Self::Classes(classes) => Head::of_classes(classes),
        }
    }
}

/// A task: what it predicts and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its name, unlike the others'.
    pub name: String,
    /// What it predicts.
    pub kind: Kind,
    /// Rows of the set's `x` that have a label, each once, ascending.
    pub rows: Vec<u32>,
    /// Their labels, in the same order: the number, or the place of the class.
    pub labels: Vec<f64>,
    /// How much the task's loss counts, above 0. Usually 1.
    pub weight: f64,
}

/// Inputs and the tasks on them.
#[derive(Clone, Debug)]
pub struct TaskSet<'a, T> {
    x: MatRef<'a, T>,
    sample_weight: Option<&'a [T]>,
    tasks: Vec<Task>,
}

impl<'a, T: Real> TaskSet<'a, T> {
    /// Tasks on `x: n x d`, with a weight a row.
    ///
    /// # Errors
    /// If there are no features or no tasks, a number or label is not finite or no class, a weight is negative, or a task is not as
    /// [`Task`] asks: [`Error::Task`] names it.
    pub fn new(x: MatRef<'a, T>, sample_weight: Option<&'a [T]>, tasks: Vec<Task>) -> Result<Self> {
        check::matrix("x", x)?;
        check::not_empty("tasks", tasks.len())?;
        check::weight_sum(sample_weight, x.rows())?;
        for task in &tasks {
            task.check(x.rows())?;
        }
        let mut names: Vec<&str> = tasks.iter().map(|t| t.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::task(pair[0], "is the name of two tasks"));
        }
        Ok(Self {
            x,
            sample_weight,
            tasks,
        })
    }

    /// Tasks that share the rows of `x: n x d`: task `t`, of that name and kind, has the labels of column `t` of `y: n x T`, NaN where one
    /// is missing.
    ///
    /// # Errors
    /// As [`TaskSet::new`]; [`Error::Shape`] if `y` does not fit.
    pub fn wide(
        x: MatRef<'a, T>,
        y: MatRef<'_, f64>,
        tasks: &[(&str, Kind)],
        sample_weight: Option<&'a [T]>,
    ) -> Result<Self> {
        check::shape("y", (y.rows(), y.cols()), (x.rows(), tasks.len()))?;
        let tasks = tasks.iter().enumerate().map(|(t, &(name, kind))| {
            let labelled = (0..y.rows()).filter(|&i| !y.at(i, t).is_nan());
            Task::new(name, kind, labelled.map(|i| (i as u32, y.at(i, t))))
        });
        Self::new(x, sample_weight, tasks.collect())
    }

    /// Tasks of one kind with rows of their own: row `i` of `x: n x d` belongs to task `task[i]` and has the label `y[i]`, NaN where it is
    /// missing.
    ///
    /// # Errors
    /// As [`TaskSet::new`]; [`Error::Shape`] and [`Error::Label`] if `task` or `y` do not fit.
    pub fn long(
        x: MatRef<'a, T>,
        task: &[u32],
        y: &[f64],
        names: &[&str],
        kind: Kind,
        sample_weight: Option<&'a [T]>,
    ) -> Result<Self> {
        check::shape("task", (task.len(), 1), (x.rows(), 1))?;
        check::shape("y", (y.len(), 1), (x.rows(), 1))?;
        check::labels(task, names.len())?;
        let empty = |name: &&str| Task::new(name, kind, core::iter::empty());
        let mut tasks: Vec<Task> = names.iter().map(empty).collect();
        for (i, (&t, &label)) in task.iter().zip(y).enumerate() {
            if !label.is_nan() {
                tasks[t as usize].rows.push(i as u32);
                tasks[t as usize].labels.push(label);
            }
        }
        Self::new(x, sample_weight, tasks)
    }

    /// The inputs, `n x d`.
    pub fn x(&self) -> MatRef<'a, T> {
        self.x
    }

    /// Number of features, `d`.
    pub fn features(&self) -> usize {
        self.x.cols()
    }

    /// The weight of row `i` of `x`.
    pub fn weight(&self, i: u32) -> T {
        self.sample_weight.map_or(T::ONE, |w| w[i as usize])
    }

    /// The weights of the rows of `x`, where they are not all 1.
    pub fn sample_weight(&self) -> Option<&'a [T]> {
        self.sample_weight
    }

    /// The tasks.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The total weight of the rows that have a label of task `t`.
    pub fn labelled_weight(&self, t: usize) -> f64 {
        let rows = self.tasks[t].rows.iter();
        rows.map(|&i| self.weight(i).to_f64()).sum()
    }

    /// The kind of all tasks, if they have one kind.
    pub fn one_kind(&self) -> Option<Kind> {
        let kind = self.tasks[0].kind;
        self.tasks.iter().all(|t| t.kind == kind).then_some(kind)
    }

    /// Whether all tasks have as many links.
    pub(super) fn links_alike(&self) -> bool {
        let links = self.tasks[0].kind.links();
        self.tasks.iter().all(|t| t.kind.links() == links)
    }

    /// The same tasks, of their labels only those on rows for which `keep` holds.
    pub fn filter(&self, keep: impl Fn(u32) -> bool) -> Self {
        let filtered = |task: &Task| {
            let labelled = task.rows.iter().zip(&task.labels);
            let kept = labelled.filter(|(row, _)| keep(**row));
            Task {
                weight: task.weight,
                ..Task::new(
                    &task.name,
                    task.kind,
                    kept.map(|(&row, &label)| (row, label)),
                )
            }
        };
        Self {
            tasks: self.tasks.iter().map(filtered).collect(),
            ..*self
        }
    }
}

impl Task {
    /// A task of weight 1 with these rows and labels.
    pub fn new(name: &str, kind: Kind, labelled: impl Iterator<Item = (u32, f64)>) -> Self {
        let (rows, labels) = labelled.unzip();
        Self {
            name: name.into(),
            kind,
            rows,
            labels,
            weight: 1.0,
        }
    }

    fn check(&self, n: usize) -> Result<()> {
        let fault = |problem| Err(Error::task(&self.name, problem));
        if matches!(self.kind, Kind::Classes(0 | 1)) {
            return fault("has fewer than two classes");
        }
        if !(self.weight.is_finite() && self.weight > 0.0) {
            return fault("has a weight that is not a number above 0");
        }
        if self.rows.len() != self.labels.len() {
            return fault("has not as many labels as rows");
        }
        let ascending = self.rows.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || self.rows.last().is_some_and(|&row| row as usize >= n) {
            return fault("has rows that are not ascending, or beyond those of x");
        }
        let valid = |label: f64| match self.kind {
            Kind::Number => label.is_finite(),
            Kind::Classes(k) => label >= 0.0 && label < k as f64 && label % 1.0 == 0.0,
        };
        match self.labels.iter().all(|&label| valid(label)) {
            true => Ok(()),
            false => fault("has a label that is no finite number, or not one of its classes"),
        }
    }
}
