//! Models allocate nothing once they are under way, on one thread: neither an iteration of L-BFGS, nor an epoch of a network's steps,
//! nor a prediction into the caller's memory.
//!
//! A fit calls back after each iteration, so what is allocated between two calls back is the iteration's.

#[path = "harness/counting.rs"]
mod counting;

use std::cell::RefCell;
use std::ops::ControlFlow;

use cognate::data::generate::{Classification, ClassificationConfig, make_classification};
use cognate::model::{ClassModel, Links, LogisticRegression, MlpClassifier, MlpRegressor};
use cognate::optim::Progress;
use cognate::workspace::Workspace;
use cognate::{MatMut, MatRef, Real};
use counting::calls;

const ROWS: usize = 300;
const FEATURES: usize = 20;
const ITERATIONS: usize = 12;

/// Rows of `classes` classes.
fn data<T: Real>(classes: usize) -> (Vec<T>, Vec<u32>) {
    let config = ClassificationConfig {
        rows: ROWS,
        features: FEATURES,
        informative: 5,
        classes,
        ..Default::default()
    };
    let Classification { x, y } = make_classification(&config, 0).unwrap();
    (x.into_iter().map(T::from_f64).collect(), y)
}

/// Runs `fit`, which calls back after each iteration, and asserts that those after the first allocate nothing.
fn quiet<R>(name: &str, fit: impl FnOnce(&mut dyn FnMut(&Progress) -> ControlFlow<()>) -> R) -> R {
    let seen = RefCell::new(Vec::with_capacity(ITERATIONS));
    let start = calls();
    let result = fit(&mut |_| {
        seen.borrow_mut().push(calls());
        ControlFlow::Continue(())
    });
    let seen = seen.into_inner();
    assert!(seen.len() > 3, "{name}: {} iterations", seen.len());
    assert!(seen[0] > start, "{name}: the counter counts");
    assert_eq!(seen[0], seen[seen.len() - 1], "{name}: {seen:?}");
    result
}

/// Predictions of every kind into memory that is there.
fn predictions<M: Links>(model: &ClassModel<M>, x: MatRef<'_, M::Number>, name: &str) {
    let (n, k, zero) = (x.rows(), model.classes(), M::Number::ZERO);
    let width = if k == 2 { 1 } else { k };
    let (mut z, mut p, mut labels) = (vec![zero; n * width], vec![zero; n * k], vec![0; n]);
    let mut workspace = Workspace::new(model.need());
    let w = &mut workspace.slabs().work;
    let before = calls();
    for rows in [1, 65, n] {
        let x = x.rows_range(0..rows);
        let (z, p) = (
            MatMut::planned(&mut z, rows, width),
            MatMut::planned(&mut p, rows, k),
        );
        model.decision_function_into(x, z, w).unwrap();
        model.predict_proba_into(x, p, w).unwrap();
        model.predict_into(x, &mut labels[..rows], w).unwrap();
    }
    assert_eq!(calls(), before, "{name}");
}

fn classifiers<T: Real>() {
    for classes in [2, 4] {
        let (x, y) = data::<T>(classes);
        let x = MatRef::planned(&x, ROWS, FEATURES);
        let name = format!("{classes} classes in {}", T::NAME);
        let logistic = LogisticRegression::default()
            .with_tol(0.0)
            .with_max_iter(ITERATIONS);
        let (model, _) = quiet(&name, |back| logistic.fit_with(x, &y, None, back)).unwrap();
        predictions(&model, x, &name);
        let mlp = MlpClassifier::default()
            .with_hidden_layer_sizes(&[30, 10])
            .with_batch_size(64)
            .with_max_iter(ITERATIONS);
        let (model, _) = quiet(&name, |back| mlp.fit_with(x, &y, None, back)).unwrap();
        predictions(&model, x, &name);
    }
}

#[test]
fn classifiers_of_both_kinds() {
    classifiers::<f32>();
    classifiers::<f64>();
}

#[test]
fn a_regressor_of_two_outputs() {
    let (x, _) = data::<f32>(2);
    let y: Vec<f32> = x.chunks(10).map(|part| part.iter().sum()).collect();
    let (x, y) = (
        MatRef::planned(&x, ROWS, FEATURES),
        MatRef::planned(&y, ROWS, 2),
    );
    let mlp = MlpRegressor::default()
        .with_batch_size(64)
        .with_max_iter(ITERATIONS);
    quiet("regressor", |back| mlp.fit_with(x, y, None, back)).unwrap();
}
