//! Logistic regression: weights against known optima, its invariances to the bit, hard problems, wrong input.

use std::ops::ControlFlow;

use cognate::model::{ClassWeight, LogisticModel, LogisticRegression, Solver};
use cognate::optim::Stop;
use cognate::rng::rng;
use cognate::{Error, MatRef};
use serde_json::Value;

mod hard;

const SOLVERS: [Solver; 2] = [Solver::Lbfgs, Solver::NewtonCg];

/// `n` rows of `d` features around a centre a class, some of them of another class.
struct Rows {
    d: usize,
    x: Vec<f64>,
    y: Vec<u32>,
}

impl Rows {
    fn new(n: usize, d: usize, classes: usize) -> Self {
        let mut random = rng(17, "rows", (n * 100 + d * 10 + classes) as u64);
        let centres: Vec<f64> = (0..classes * d).map(|_| random.normal()).collect();
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for i in 0..n {
            let class = i % classes;
            let centre = &centres[class * d..][..d];
            x.extend(centre.iter().map(|centre| centre + random.normal()));
            let flipped = random.below(8) == 0;
            let label = if flipped {
                random.below(classes)
            } else {
                class
            };
            y.push(label as u32);
        }
        Self { d, x, y }
    }

    fn x(&self) -> MatRef<'_, f64> {
        MatRef::planned(&self.x, self.y.len(), self.d)
    }
}

fn exact() -> LogisticRegression {
    LogisticRegression::default()
        .with_tol(1e-12)
        .with_max_iter(2000)
}

/// Largest difference between the parameters of two models.
fn apart(a: &LogisticModel<f64>, b: &LogisticModel<f64>) -> f64 {
    let pairs = a.map().params().iter().zip(b.map().params());
    pairs.fold(0.0, |worst, (p, q)| worst.max((p - q).abs()))
}

/// How far an optimum of gradient at most `tol` may lie from the true one: strong convexity with modulus 1, in all parameters; the
/// intercepts, which are not penalised, move by as much as the coefficients times the features' size, a few units.
fn reach(report: &cognate::optim::Report, model: &LogisticModel<f64>) -> f64 {
    let n = model.map().params().len() as f64;
    100.0 * (n * report.gradient_norm + n * f64::EPSILON)
}

fn numbers(v: &Value) -> Vec<f64> {
    let one = |v: &Value| match v {
        Value::Array(_) => numbers(v),
        _ => vec![v.as_f64().expect("a number")],
    };
    v.as_array()
        .expect("an array")
        .iter()
        .flat_map(one)
        .collect()
}

#[test]
fn sample_and_class_weights_lead_to_the_known_optimum() {
    let known: Value =
        serde_json::from_str(include_str!("../data/logistic/weighted.json")).unwrap();
    let cases = known["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let (x, weights) = (numbers(&case["x"]), numbers(&case["sample_weight"]));
        let y: Vec<u32> = numbers(&case["y"]).iter().map(|&y| y as u32).collect();
        let x = MatRef::planned(&x, y.len(), x.len() / y.len());
        let (coef, intercept) = (numbers(&case["coef"]), numbers(&case["intercept"]));
        let optimum = LogisticModel::new(
            MatRef::planned(&coef, intercept.len(), x.cols()),
            &intercept,
        )
        .unwrap();
        for solver in SOLVERS {
            let settings = exact()
                .with_c(known["c"].as_f64().unwrap())
                .with_solver(solver);
            let fit = |class_weight, weights: &[f64]| {
                let settings = settings.clone().with_class_weight(class_weight);
                settings.fit(x, &y, Some(weights)).unwrap()
            };
            let balanced = case["balanced"].as_bool().unwrap();
            let (model, report) = match balanced {
                true => fit(ClassWeight::Balanced, &weights),
                false => fit(ClassWeight::None, &weights),
            };
            assert!(
                apart(&model, &optimum) <= reach(&report, &model),
                "{report:?}"
            );
            let objective = case["objective"].as_f64().unwrap();
            assert!((report.value - objective).abs() <= 1e-13 * y.len() as f64 * objective);
            // The same weights, given: a factor a class, or a weight a row.
            let total = numbers(&case["total_weight"]);
            let factor = |class: u32| {
                let at = y
                    .iter()
                    .zip(&weights)
                    .position(|(&y, &w)| y == class && w > 0.0)
                    .unwrap();
                total[at] / weights[at]
            };
            let factors = (0..=*y.iter().max().unwrap()).map(factor).collect();
            for (given, _) in [
                fit(ClassWeight::Given(factors), &weights),
                fit(ClassWeight::None, &total),
            ] {
                assert!(apart(&given, &optimum) <= reach(&report, &model));
            }
        }
    }
}

#[test]
fn a_row_twice_is_a_row_of_weight_two() {
    for classes in [2, 3] {
        let rows = Rows::new(40, 3, classes);
        let times = |i: usize| i / 3 % 3;
        let weights: Vec<f64> = (0..40).map(|i| times(i) as f64).collect();
        let picked = (0..40).flat_map(|i| vec![i; times(i)]);
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for i in picked {
            x.extend_from_slice(rows.x().row(i));
            y.push(rows.y[i]);
        }
        let (weighted, report) = exact().fit(rows.x(), &rows.y, Some(&weights)).unwrap();
        let (repeated, _) = exact()
            .fit(MatRef::planned(&x, y.len(), 3), &y, None)
            .unwrap();
        assert!(apart(&weighted, &repeated) <= reach(&report, &weighted));
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for classes in [2, 3] {
        let rows = Rows::new(5000, 7, classes);
        for solver in SOLVERS {
            let settings = LogisticRegression::default().with_solver(solver);
            let one = settings.fit(rows.x(), &rows.y, None).unwrap();
            for threads in [2, 5] {
                let settings = settings.clone().with_threads(threads);
                assert_eq!(one, settings.fit(rows.x(), &rows.y, None).unwrap());
            }
        }
    }
}

#[test]
fn a_row_alone_has_the_bits_that_it_has_in_a_batch() {
    for (classes, d) in [(2, 1), (2, 20), (3, 5), (10, 33)] {
        let rows = Rows::new(150, d, classes);
        let (model, _) = LogisticRegression::default()
            .fit(rows.x(), &rows.y, None)
            .unwrap();
        let all = (
            model.decision_function(rows.x()).unwrap(),
            model.predict_proba(rows.x()).unwrap(),
            model.predict(rows.x()).unwrap(),
        );
        let logits = all.0.len() / 150;
        for i in 0..150 {
            let row = rows.x().rows_range(i..i + 1);
            assert_eq!(
                model.decision_function(row).unwrap(),
                all.0[i * logits..][..logits]
            );
            let p = model.predict_proba(row).unwrap();
            assert_eq!(p, all.1[i * classes..][..classes]);
            assert!((p.iter().sum::<f64>() - 1.0).abs() <= classes as f64 * f64::EPSILON);
            let label = model.predict(row).unwrap()[0];
            assert_eq!(label, all.2[i]);
            assert!(p.iter().all(|q| *q <= p[label as usize]));
        }
    }
}

#[test]
fn parameters_go_out_and_come_back() {
    for classes in [2, 4] {
        let rows = Rows::new(60, 3, classes);
        let (model, _) = LogisticRegression::default()
            .fit(rows.x(), &rows.y, None)
            .unwrap();
        let shape = if classes == 2 { (1, 3) } else { (classes, 3) };
        assert_eq!((model.coef().rows(), model.coef().cols()), shape);
        let again = LogisticModel::new(model.coef(), model.intercept()).unwrap();
        assert_eq!(model, again);
        if classes > 2 {
            let sum: f64 = model.intercept().iter().sum();
            assert!(sum.abs() <= 4.0 * f64::EPSILON * 10.0);
        }
    }
    assert!(matches!(
        LogisticModel::new(MatRef::planned(&[1.0; 4], 2, 2), &[0.0; 2]),
        Err(Error::Shape { .. })
    ));
}

#[test]
fn a_warm_start_goes_on() {
    let rows = Rows::new(200, 4, 3);
    for solver in SOLVERS {
        let settings = exact().with_solver(solver);
        let (optimum, report) = settings.fit(rows.x(), &rows.y, None).unwrap();
        // From the optimum there is nothing to do.
        let settings = settings.with_tol(1e-8);
        let mut ignore = |_: &_| ControlFlow::Continue(());
        let (again, warm) = settings
            .fit_from(&optimum, rows.x(), &rows.y, None, &mut ignore)
            .unwrap();
        assert_eq!((warm.iterations, warm.stopped), (0, Stop::Converged));
        assert!(apart(&optimum, &again) <= 10.0 * f64::EPSILON);
        // Stopped after two iterations and taken up again, it ends at the same place.
        let mut stop = |progress: &cognate::optim::Progress| match progress.iteration {
            2 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let (half, cut) = settings
            .fit_with(rows.x(), &rows.y, None, &mut stop)
            .unwrap();
        assert_eq!((cut.iterations, cut.stopped), (2, Stop::Cancelled));
        assert!(cut.value > report.value);
        let (end, last) = exact()
            .with_solver(solver)
            .fit_from(&half, rows.x(), &rows.y, None, &mut ignore)
            .unwrap();
        assert!(last.history[0] <= cut.value + 1e-12 * cut.value.abs());
        assert!(apart(&optimum, &end) <= reach(&report, &end));
    }
}

#[test]
fn without_an_intercept_there_is_none() {
    for classes in [2, 3] {
        let rows = Rows::new(60, 3, classes);
        let settings = exact().with_fit_intercept(false);
        let (model, report) = settings.fit(rows.x(), &rows.y, None).unwrap();
        assert!(model.intercept().iter().all(|&b| b == 0.0));
        // A column of ones would be one, but a penalised one: another model.
        let (with, better) = exact().fit(rows.x(), &rows.y, None).unwrap();
        assert!(better.value < report.value && apart(&model, &with) > 0.01);
    }
}
