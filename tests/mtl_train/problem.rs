//! A small mixed problem that a network can learn: a number, two classes, three classes, of the same few directions of the inputs.

use cognate::mtl::balance::{Balance, Fixed};
use cognate::mtl::net::MultiTaskMlp;
use cognate::mtl::{Kind, Task, TaskSet};
use cognate::{Activation, MatRef, Real};

use crate::support::Random;

pub const FEATURES: usize = 5;

/// Inputs and tasks, owned.
pub struct Problem<T> {
    pub x: Vec<T>,
    pub tasks: Vec<Task>,
}

/// What the three tasks are, of two directions of a row.
fn label(kind: Kind, u: f64, v: f64) -> f64 {
    match kind {
        Kind::Number => u + 0.5 * v,
        Kind::Classes(2) => f64::from(u8::from(u > v)),
        Kind::Classes(_) => match (u > 0.2, v > 0.0) {
            (true, _) => 0.0,
            (false, true) => 1.0,
            (false, false) => 2.0,
        },
    }
}

impl<T: Real> Problem<T> {
    /// `rows` rows; tasks share them, with every seventh label missing, or task `i mod 3` owns row `i`.
    pub fn new(rows: usize, shared: bool, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let x = random.numbers(rows * FEATURES);
        let directions: Vec<(f64, f64)> = x
            .chunks(FEATURES)
            .map(|x| (x[0] - x[1] + x[2], x[3] + 0.5 * x[4]))
            .collect();
        let kinds = [
            ("number", Kind::Number),
            ("two", Kind::Classes(2)),
            ("three", Kind::Classes(3)),
        ];
        let task = |(t, (name, kind)): (usize, (&str, Kind))| {
            let labelled = (0..rows).filter(|i| match shared {
                true => (i + t) % 7 > 0,
                false => i % 3 == t,
            });
            let label = |i: usize| (i as u32, label(kind, directions[i].0, directions[i].1));
            Task::new(name, kind, labelled.map(label))
        };
        Self {
            tasks: kinds.into_iter().enumerate().map(task).collect(),
            x: x.into_iter().map(T::from_f64).collect(),
        }
    }

    pub fn x(&self) -> MatRef<'_, T> {
        MatRef::planned(&self.x, self.x.len() / FEATURES, FEATURES)
    }

    pub fn set(&self) -> TaskSet<'_, T> {
        TaskSet::new(self.x(), None, self.tasks.clone()).unwrap()
    }
}

/// A small network with a lively rate.
pub fn small() -> MultiTaskMlp {
    MultiTaskMlp::default()
        .with_hidden_layer_sizes(&[12, 8])
        .with_activation(Activation::Tanh)
        .with_learning_rate_init(0.01)
        .with_batch_size(16)
        .with_seed(3)
}

/// Every rule, with weights for three tasks where it wants some.
pub fn rules() -> [(&'static str, Balance); 22] {
    Balance::all().map(|(name, rule)| match rule {
        Balance::Fixed(_) => {
            let weights = vec![0.5, 1.0, 2.0];
            (name, Balance::Fixed(Fixed { weights }))
        }
        other => (name, other),
    })
}
