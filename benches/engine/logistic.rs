//! Logistic regression: the small fit of worked example (a), and 80,000 x 100 in five classes.

use std::cell::LazyCell;
use std::hint::black_box;
use std::ops::ControlFlow;

use cognate::MatRef;
use cognate::loss::{Softmax, Targets};
use cognate::model::{LogisticModel, LogisticRegression};
use cognate::objective::{Objective, linear::LinearObjective};
use cognate::optim::Progress;
use cognate::workspace::Workspace;
use criterion::{Bencher, Criterion};

use crate::data::{self, Labelled};

/// Objectives to reach: where scikit-learn stops at its default tolerance.
const SMALL: f64 = 248.285583;
const LARGE: f64 = 29_894.407_170_802_453;

pub fn benches(c: &mut Criterion) {
    let data = data::example_a();
    c.bench_function("logistic_small", |b| b.iter(|| fit(&data, SMALL)));
    let (data, softmax) = (LazyCell::new(data::large), Softmax::default());
    let mut group = c.benchmark_group("large");
    group.sample_size(10);
    group.bench_function("fit", |b| {
        let data = &*data;
        b.iter(|| fit(data, LARGE))
    });
    group.bench_function("evaluation", |b| evaluation(b, &objective(&data, &softmax)));
}

/// One value and gradient.
fn evaluation(b: &mut Bencher<'_>, objective: &impl Objective<f64>) {
    let mut workspace = Workspace::new(objective.need());
    let p = vec![0.01; objective.len()];
    let mut gradient = p.clone();
    b.iter(|| {
        let mut slabs = workspace.slabs();
        let (p, gradient) = (black_box(&p), Some(&mut gradient[..]));
        objective.value_grad(p, gradient, slabs.saved, &mut slabs.work)
    })
}

/// scikit-learn's objective at C = 1, of five classes.
fn objective<'a>(
    data: &'a Labelled<f64>,
    softmax: &'a Softmax,
) -> LinearObjective<'a, f64, Softmax> {
    let x = MatRef::planned(&data.x, data.rows(), data.features);
    LinearObjective::new(x, Targets::classes(&data.y), softmax, 5)
}

/// The model's fit, checks and all, from zero until the objective is at most `target`.
fn fit(data: &Labelled<f64>, target: f64) -> LogisticModel<f64> {
    let x = MatRef::planned(&data.x, data.rows(), data.features);
    let mut stop = |at: &Progress| match at.value <= target {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let settings = LogisticRegression::default()
        .with_tol(0.0)
        .with_max_iter(1000);
    let (model, report) = settings
        .fit_with(x, &data.y, None, &mut stop)
        .expect("sound data");
    assert!(
        report.value <= target,
        "stopped at {}: {}",
        report.value,
        report.stopped
    );
    model
}
