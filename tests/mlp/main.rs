//! Multilayer perceptrons: scikit-learn's steps, resumed runs to the bit, learning, wrong input.

use std::ops::ControlFlow;

use cognate::model::{LearningRate, MlpClassifier, MlpRegressor, MlpSolver, Network};
use cognate::optim::{Progress, Stop};
use cognate::rng::rng;
use cognate::{Activation, Error, MatRef};

mod known;

/// Two moons: rows of 2 features, 2 classes that no line parts.
fn moons(n: usize) -> (Vec<f64>, Vec<u32>) {
    let mut random = rng(4, "moons", 0);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for i in 0..n {
        let (class, angle) = (i % 2, random.uniform() * std::f64::consts::PI);
        let (sine, cosine) = angle.sin_cos();
        let (shift, side) = if class == 0 { (0.0, 1.0) } else { (1.0, -1.0) };
        x.push(shift + side * cosine + 0.1 * random.normal());
        x.push(0.5 * shift + side * sine + 0.1 * random.normal());
        y.push(class as u32);
    }
    (x, y)
}

fn hits(predicted: &[u32], y: &[u32]) -> usize {
    predicted.iter().zip(y).filter(|(p, y)| p == y).count()
}

#[test]
fn every_solver_and_activation_learns_what_no_line_parts() {
    let (x, y) = moons(200);
    let x = MatRef::planned(&x, 200, 2);
    for activation in [
        Activation::Relu,
        Activation::Tanh,
        Activation::Logistic,
        Activation::Gelu,
    ] {
        for (solver, rate) in [
            (MlpSolver::Adam, 0.05),
            (MlpSolver::Sgd, 0.5),
            (MlpSolver::Lbfgs, 0.1),
        ] {
            let mlp = MlpClassifier::default()
                .with_hidden_layer_sizes(&[16])
                .with_activation(activation)
                .with_solver(solver)
                .with_learning_rate_init(rate)
                .with_batch_size(32)
                .with_seed(1)
                .with_n_iter_no_change(200)
                .with_max_iter(200);
            let (model, report) = mlp.fit(x, &y, None).unwrap();
            let right = hits(&model.predict(x).unwrap(), &y);
            assert!(
                right >= 196,
                "{activation:?}, {solver:?}: {right} of 200, {:?}",
                report.stopped
            );
            assert!(report.value < report.history[0]);
            let single: Vec<f32> = x.as_slice().unwrap().iter().map(|&v| v as f32).collect();
            let single = MatRef::planned(&single, 200, 2);
            let (model, _) = mlp.fit(single, &y, None).unwrap();
            assert!(hits(&model.predict(single).unwrap(), &y) >= 196);
        }
    }
}

#[test]
fn several_numbers_are_learned_at_once() {
    let mut random = rng(9, "numbers", 0);
    let x: Vec<f64> = (0..300).map(|_| 2.0 * random.uniform() - 1.0).collect();
    let y: Vec<f64> = x.iter().flat_map(|x| [x * x, (3.0 * x).sin()]).collect();
    let (x, y) = (MatRef::planned(&x, 300, 1), MatRef::planned(&y, 300, 2));
    for early_stopping in [false, true] {
        let mlp = MlpRegressor::default()
            .with_hidden_layer_sizes(&[32])
            .with_activation(Activation::Tanh)
            .with_learning_rate_init(0.02)
            .with_early_stopping(early_stopping)
            .with_n_iter_no_change(100)
            .with_max_iter(800);
        let (network, _) = mlp.fit(x, y, None).unwrap();
        let z = network.predict(x).unwrap();
        let score = cognate::metrics::r2(y, MatRef::planned(&z, 300, 2), None).unwrap();
        assert!(score > 0.98, "early stopping {early_stopping}: {score}");
    }
}

#[test]
fn a_resumed_run_is_the_uninterrupted_one_to_the_bit() {
    let (x, y) = moons(90);
    let x = MatRef::planned(&x, 90, 2);
    let base = MlpClassifier::default()
        .with_hidden_layer_sizes(&[7])
        .with_batch_size(32)
        .with_tol(0.0);
    let adaptive = base
        .clone()
        .with_solver(MlpSolver::Sgd)
        .with_learning_rate(LearningRate::Adaptive);
    let scaling = base
        .clone()
        .with_solver(MlpSolver::Sgd)
        .with_learning_rate(LearningRate::InvScaling);
    let early = base.clone().with_early_stopping(true);
    let lbfgs = base.clone().with_solver(MlpSolver::Lbfgs);
    for mlp in [base, adaptive, scaling, early, lbfgs] {
        let mut ignore = |_: &Progress| ControlFlow::Continue(());
        let mut whole = mlp.start::<f64>(2, 2).unwrap();
        mlp.clone()
            .with_max_iter(12)
            .resume(&mut whole, x, &y, None, &mut ignore)
            .unwrap();
        let mut parts = mlp.start(2, 2).unwrap();
        for epochs in [1, 7, 4] {
            let report = mlp
                .clone()
                .with_max_iter(epochs)
                .resume(&mut parts, x, &y, None, &mut ignore)
                .unwrap();
            assert_eq!(report.iterations, epochs);
        }
        assert_eq!(whole.network(), parts.network(), "{mlp:?}");
        assert_eq!(whole.losses(), parts.losses());
        assert_eq!(whole.validation_scores(), parts.validation_scores());
        if !mlp.early_stopping && mlp.solver != MlpSolver::Lbfgs {
            let mut pieces = mlp.start(2, 2).unwrap();
            let losses: Vec<f64> = (0..12)
                .map(|_| mlp.partial_fit(&mut pieces, x, &y, None).unwrap())
                .collect();
            assert_eq!(
                (pieces.network(), &losses[..]),
                (whole.network(), whole.losses())
            );
        }
    }
}

#[test]
fn a_seed_is_a_run_and_threads_do_not_matter() {
    let (x, y) = moons(2500);
    let x = MatRef::planned(&x, 2500, 2);
    let mlp = MlpClassifier::default()
        .with_hidden_layer_sizes(&[5])
        .with_max_iter(3)
        .with_batch_size(2400);
    let one = mlp.fit(x, &y, None).unwrap();
    assert_eq!(one, mlp.fit(x, &y, None).unwrap());
    assert_eq!(one, mlp.clone().with_threads(3).fit(x, &y, None).unwrap());
    assert_ne!(one.0, mlp.with_seed(1).fit(x, &y, None).unwrap().0);
}

#[test]
fn a_row_alone_has_the_bits_that_it_has_in_a_batch() {
    for (sizes, classes) in [(vec![100], 2), (vec![33, 9], 5), (vec![], 3)] {
        let mut random = rng(2, "rows", classes as u64);
        let x: Vec<f64> = (0..130 * 20).map(|_| random.normal()).collect();
        let y: Vec<u32> = (0..130).map(|i| i % classes).collect();
        let x = MatRef::planned(&x, 130, 20);
        let mlp = MlpClassifier::default()
            .with_hidden_layer_sizes(&sizes)
            .with_max_iter(2);
        let (model, _) = mlp.fit(x, &y, None).unwrap();
        let all = model.predict_proba(x).unwrap();
        for i in 0..130 {
            let alone = model.predict_proba(x.rows_range(i..i + 1)).unwrap();
            assert_eq!(alone, all[i * classes as usize..][..classes as usize]);
        }
    }
}

#[test]
fn a_row_of_weight_two_counts_twice() {
    let (x, y) = moons(40);
    let weights: Vec<f64> = (0..40).map(|i| f64::from(i % 3)).collect();
    let (mut twice_x, mut twice_y) = (Vec::new(), Vec::new());
    for i in 0..40 {
        for _ in 0..i % 3 {
            twice_x.extend_from_slice(&x[2 * i..2 * i + 2]);
            twice_y.push(y[i]);
        }
    }
    let mlp = MlpClassifier::default()
        .with_hidden_layer_sizes(&[6])
        .with_max_iter(30);
    let (weighted, _) = mlp
        .fit(MatRef::planned(&x, 40, 2), &y, Some(&weights))
        .unwrap();
    let (repeated, _) = mlp
        .fit(MatRef::planned(&twice_x, twice_y.len(), 2), &twice_y, None)
        .unwrap();
    // The same sums in another order, 30 steps on: Adam's quotients amplify their rounding.
    for (a, b) in weighted.map().params().iter().zip(repeated.map().params()) {
        assert!((a - b).abs() <= 1e5 * f64::EPSILON, "{a} and {b}");
    }
}

#[test]
fn early_stopping_keeps_the_best_score() {
    let (x, y) = moons(120);
    let mlp = MlpClassifier::default()
        .with_early_stopping(true)
        .with_n_iter_no_change(5);
    let mut training = mlp.start::<f64>(2, 2).unwrap();
    let mut ignore = |_: &Progress| ControlFlow::Continue(());
    let x = MatRef::planned(&x, 120, 2);
    let report = mlp.resume(&mut training, x, &y, None, &mut ignore).unwrap();
    assert_eq!(report.stopped, Stop::SmallImprovement);
    let scores = training.validation_scores();
    assert_eq!(scores.len(), report.iterations);
    let best = scores.iter().copied().fold(0.0, f64::max);
    assert!(scores.len() > 5 && scores[scores.len() - 6..].iter().all(|s| *s < best + 1e-4));
    let right = hits(&training.model().unwrap().predict(x).unwrap(), &y);
    assert!(right >= 80, "{right}");
}

#[test]
fn a_callback_stops_the_run() {
    let (x, y) = moons(40);
    let mut seen = Vec::new();
    let mut stop = |progress: &Progress| {
        seen.push((progress.iteration, progress.max_iter, progress.evaluations));
        if progress.iteration == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let mlp = MlpClassifier::default().with_batch_size(16);
    let (_, report) = mlp
        .fit_with(MatRef::planned(&x, 40, 2), &y, None, &mut stop)
        .unwrap();
    assert_eq!(
        (report.stopped, report.iterations, report.evaluations),
        (Stop::Cancelled, 3, 9)
    );
    assert_eq!(seen, [(1, 200, 3), (2, 200, 6), (3, 200, 9)]);
}

#[test]
fn what_diverges_ends_with_a_finite_network_or_an_error() {
    let (x, y) = moons(40);
    let x = MatRef::planned(&x, 40, 2);
    for solver in [MlpSolver::Sgd, MlpSolver::Adam] {
        for rate in [1e3, 1e30, 1e300] {
            let mlp = MlpClassifier::default()
                .with_solver(solver)
                .with_learning_rate_init(rate);
            match mlp.fit(x, &y, None) {
                Ok((model, _)) => assert!(model.map().params().iter().all(|p| p.is_finite())),
                Err(error) => assert_eq!(error, Error::Diverged),
            }
        }
    }
    let huge = [1e300; 80];
    let wide = MlpRegressor::default().fit(
        MatRef::planned(&huge, 40, 2),
        MatRef::planned(&huge, 40, 2),
        None,
    );
    assert_eq!(wide.unwrap_err(), Error::Diverged);
}

#[test]
fn wrong_input_is_named() {
    let (data, y) = moons(20);
    let x = MatRef::planned(&data, 20, 2);
    let mlp = MlpClassifier::default;
    let refused = |mlp: MlpClassifier| match mlp.fit(x, &y, None).unwrap_err() {
        Error::Setting { name, .. } => name,
        other => panic!("{other}"),
    };
    assert_eq!(refused(mlp().with_alpha(-1.0)), "alpha");
    assert_eq!(
        refused(mlp().with_learning_rate_init(0.0)),
        "learning_rate_init"
    );
    assert_eq!(
        refused(mlp().with_hidden_layer_sizes(&[3, 0])),
        "hidden_layer_sizes"
    );
    assert_eq!(refused(mlp().with_batch_size(0)), "batch_size");
    assert_eq!(refused(mlp().with_beta_1(1.0)), "beta_1");
    assert_eq!(refused(mlp().with_momentum(f64::NAN)), "momentum");
    assert_eq!(
        refused(mlp().with_validation_fraction(1.0)),
        "validation_fraction"
    );
    assert_eq!(mlp().fit(x, &[0; 20], None).unwrap_err(), Error::OneClass);
    assert!(matches!(
        mlp().fit(x, &y[..9], None),
        Err(Error::Shape { argument: "y", .. })
    ));
    let mut bad = data.clone();
    bad[9] = f64::NAN;
    let bad = MatRef::planned(&bad, 20, 2);
    assert!(matches!(
        mlp().fit(bad, &y, None),
        Err(Error::NotFinite {
            argument: "x",
            row: 4,
            column: 1
        })
    ));
    let mut training = mlp().start::<f64>(3, 2).unwrap();
    assert!(matches!(
        mlp().partial_fit(&mut training, x, &y, None),
        Err(Error::Shape { argument: "x", .. })
    ));
    let mut training = mlp().start::<f64>(2, 3).unwrap();
    let labels = [3; 20];
    assert!(matches!(
        mlp().partial_fit(&mut training, x, &labels, None),
        Err(Error::Label {
            row: 0,
            found: 3,
            classes: 3
        })
    ));
    assert!(mlp().start::<f64>(0, 2).is_err() && mlp().start::<f64>(2, 1).is_err());
    let regressor = MlpRegressor::default();
    let y = MatRef::planned(&data, 20, 2);
    assert!(matches!(
        regressor.fit(x, bad, None),
        Err(Error::NotFinite { argument: "y", .. })
    ));
    assert!(matches!(
        regressor.fit(x, y.rows_range(0..4), None),
        Err(Error::Shape { argument: "y", .. })
    ));
    assert!(Network::<f32>::new(&[2, 3], Activation::Relu, vec![0.0; 8]).is_err());
    assert!(Network::<f32>::new(&[2], Activation::Relu, vec![]).is_err());
}
