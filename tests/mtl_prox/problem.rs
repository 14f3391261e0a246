//! Tasks as tests describe them: numbers a task, and the set made of them.

use cognate::MatRef;
use cognate::mtl::{Kind, Task, TaskSet};

/// Rows of all tasks, one below the other, and their labels.
#[derive(Clone, Debug)]
pub struct Problem {
    pub features: usize,
    pub x: Vec<f64>,
    pub tasks: Vec<Task>,
    pub weights: Option<Vec<f64>>,
}

/// The name of task `t`.
pub fn name(t: usize) -> String {
    format!("task {t}")
}

impl Problem {
    /// A task for each `(x, y)`, with rows of its own.
    pub fn own(features: usize, kind: Kind, tasks: &[(Vec<f64>, Vec<f64>)]) -> Self {
        let (mut x, mut all, mut start) = (Vec::new(), Vec::new(), 0);
        for (t, (rows, labels)) in tasks.iter().enumerate() {
            assert_eq!(rows.len(), labels.len() * features);
            x.extend_from_slice(rows);
            let labelled = labels.iter().enumerate();
            let labelled = labelled.map(|(i, &y)| (start + i as u32, y));
            all.push(Task::new(&name(t), kind, labelled));
            start += labels.len() as u32;
        }
        Self {
            features,
            x,
            tasks: all,
            weights: None,
        }
    }

    /// Tasks on one X: `y: n x T`, NaN where a label is missing.
    pub fn shared(features: usize, kinds: &[Kind], x: &[f64], y: &[f64]) -> Self {
        let n = x.len() / features;
        let task = |(t, &kind): (usize, &Kind)| {
            let labelled = (0..n).map(|i| (i as u32, y[i * kinds.len() + t]));
            Task::new(&name(t), kind, labelled.filter(|(_, y)| !y.is_nan()))
        };
        Self {
            features,
            x: x.to_vec(),
            tasks: kinds.iter().enumerate().map(task).collect(),
            weights: None,
        }
    }

    pub fn set(&self) -> TaskSet<'_, f64> {
        let n = self.x.len() / self.features;
        let x = MatRef::new(&self.x, n, self.features).unwrap();
        TaskSet::new(x, self.weights.as_deref(), self.tasks.clone()).unwrap()
    }
}

/// The largest difference of two lists of numbers.
pub fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |most, d| if d > most || d.is_nan() { d } else { most })
}

/// `T x d` from `d x T`.
pub fn transposed(w: &[f64], columns: usize) -> Vec<f64> {
    let rows = w.len() / columns;
    let entry = |e: usize| w[(e % rows) * columns + e / rows];
    (0..w.len()).map(entry).collect()
}

/// The kind of a task with so many classes, 0 for numbers.
pub fn kind(classes: usize) -> Kind {
    match classes {
        0 => Kind::Number,
        classes => Kind::Classes(classes),
    }
}
