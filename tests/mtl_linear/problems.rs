//! Tasks to learn, and what the tests read from a fit.

use std::sync::LazyLock;

use cognate::MatRef;
use cognate::mtl::linear::{FitSettings, Fitted, LinearMethod};
use cognate::mtl::{Kind, TaskSet};
use serde_json::Value;

use super::random::Random;

static KNOWN: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str::<Value>(include_str!("../data/mtl.json")).unwrap()["structural"].clone()
});

/// The known answers.
pub fn known() -> &'static Value {
    &KNOWN
}

/// All numbers of a nested array, in order.
pub fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().expect("a number")],
    }
}

/// Names of `n` tasks.
pub fn names(n: usize) -> Vec<String> {
    (0..n).map(|t| format!("t{t}")).collect()
}

/// Rows of tasks that bring their own.
#[derive(Clone)]
pub struct Long {
    pub d: usize,
    pub x: Vec<f64>,
    pub task: Vec<u32>,
    pub y: Vec<f64>,
    pub weights: Option<Vec<f64>>,
    pub tasks: usize,
    pub kind: Kind,
}

impl Long {
    /// The problem of the known answers.
    pub fn known() -> Self {
        let problem = &known()["problem"];
        let (x, y) = (&problem["X"], &problem["y"]);
        let rows = y.as_array().unwrap();
        let task = rows.iter().enumerate();
        let task = task.flat_map(|(t, own)| vec![t as u32; own.as_array().unwrap().len()]);
        Self {
            d: x[0][0].as_array().unwrap().len(),
            x: numbers(x),
            task: task.collect(),
            y: numbers(y),
            weights: None,
            tasks: rows.len(),
            kind: Kind::Number,
        }
    }

    /// Tasks of these sizes with weighted rows; labels follow a plane of each task's own, noisily, and every class occurs in every task.
    pub fn random(seed: u64, sizes: impl IntoIterator<Item = usize>, d: usize, kind: Kind) -> Self {
        let mut stream = Random::new(seed);
        let mut all = Self {
            d,
            x: Vec::new(),
            task: Vec::new(),
            y: Vec::new(),
            weights: Some(Vec::new()),
            tasks: 0,
            kind,
        };
        let shared = stream.numbers(d);
        for (t, rows) in sizes.into_iter().enumerate() {
            let plane: Vec<f64> = shared.iter().map(|w| w + 0.5 * stream.number()).collect();
            let level = stream.number();
            for i in 0..rows {
                let x = stream.numbers(d);
                let height: f64 = x.iter().zip(&plane).map(|(x, w)| x * w).sum();
                let y = level + height + 0.5 * stream.number();
                all.y.push(match kind {
                    Kind::Number => y,
                    Kind::Classes(k) if i < k => i as f64,
                    Kind::Classes(k) => ((y + 2.0) / 4.0 * k as f64)
                        .clamp(0.0, k as f64 - 1.0)
                        .floor(),
                });
                all.x.extend(x);
                all.task.push(t as u32);
                all.weights
                    .iter_mut()
                    .for_each(|w| w.push(0.5 + 0.25 * stream.below(4) as f64));
            }
            all.tasks += 1;
        }
        all
    }

    pub fn with<R>(&self, work: impl FnOnce(&TaskSet<'_, f64>) -> R) -> R {
        let names = names(self.tasks);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let x = MatRef::new(&self.x, self.y.len(), self.d).unwrap();
        let weights = self.weights.as_deref();
        work(&TaskSet::long(x, &self.task, &self.y, &names, self.kind, weights).unwrap())
    }

    pub fn fit(&self, method: &dyn LinearMethod) -> Fitted {
        let fitted = self.with(|tasks| method.fit(tasks)).unwrap();
        assert!(
            fitted.converged,
            "{}: {}",
            method.name(),
            fitted.certificate
        );
        fitted
    }
}

/// Without intercepts.
pub fn bare() -> FitSettings {
    FitSettings::default().with_intercept(false)
}

/// The tasks' coefficients, `T x d`.
pub fn coef(fitted: &Fitted) -> Vec<f64> {
    let (model, mut all) = (&fitted.model, Vec::new());
    for t in 0..model.len() {
        let coef = model.task(t).coef;
        (0..coef.rows()).for_each(|l| all.extend_from_slice(coef.row(l)));
    }
    all
}

/// `m` with rows and columns exchanged.
pub fn transposed(m: &[f64], cols: usize) -> Vec<f64> {
    let rows = m.len() / cols;
    (0..m.len())
        .map(|i| m[(i % rows) * cols + i / rows])
        .collect()
}

#[track_caller]
pub fn assert_near(found: &[f64], expected: &[f64], tol: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= tol, "{what}: {f} instead of {e}");
    }
}
