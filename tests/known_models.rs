//! Models on the bundled sets against known optima (`tests/data`, with the scripts that made them).

use cognate::data::datasets::load;
use cognate::data::scale::StandardScaler;
use cognate::data::table::Values;
use cognate::model::{LinearModel, LinearRegression, LogisticRegression, Ridge, Solver};
use cognate::{MatRef, Real};
use serde_json::Value;

fn numbers(v: &Value) -> Vec<f64> {
    let all = v.as_array().expect("an array");
    let one = |v: &Value| match v {
        Value::Array(_) => numbers(v),
        _ => vec![v.as_f64().expect("a number")],
    };
    all.iter().flat_map(one).collect()
}

/// A bundled set's columns of numbers, row by row, without its targets.
fn features(name: &str) -> (Vec<f64>, usize) {
    let set = load(name).unwrap();
    let columns: Vec<&[f64]> = set
        .table
        .columns()
        .iter()
        .filter(|column| !set.targets.contains(&column.name.as_str()))
        .map(|column| match &column.values {
            Values::Numbers(x) => x.as_slice(),
            Values::Levels { .. } => panic!("{name} has numbers alone"),
        })
        .collect();
    let row = |i: usize| columns.iter().map(move |column| column[i]);
    let x = (0..set.table.rows()).flat_map(row).collect();
    (x, columns.len())
}

/// The same, standardised.
fn standardised(name: &str) -> (Vec<f64>, usize) {
    let (x, d) = features(name);
    let x = MatRef::planned(&x, x.len() / d, d);
    let scaler = StandardScaler::default().fit(x, None).unwrap();
    (scaler.transform(x).unwrap(), d)
}

/// The places of a set's targets in `classes`.
fn labels(name: &str, classes: &Value) -> Vec<u32> {
    let set = load(name).unwrap();
    let column = set.table.column(set.targets[0]).unwrap();
    let names: Vec<&str> = classes
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c.as_str().unwrap())
        .collect();
    let place = |i| {
        let cell = column.cell(i).unwrap();
        names.iter().position(|name| *name == cell).unwrap() as u32
    };
    (0..column.rows()).map(place).collect()
}

fn largest(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |top, v| top.max(v.abs()))
}

/// Largest distance of the model's parameters from the known ones.
fn distance<T: Real>(model: &LinearModel<T>, coef: &[f64], intercept: &[f64]) -> f64 {
    let d = model.features();
    let mut worst: f64 = 0.0;
    for (j, known) in intercept.iter().enumerate() {
        worst = worst.max((model.intercept()[j].to_f64() - known).abs());
        for p in 0..d {
            worst = worst.max((model.coef().at(j, p).to_f64() - coef[j * d + p]).abs());
        }
    }
    worst
}

#[test]
fn logistic_regression_finds_the_true_optimum() {
    let known = [
        include_str!("data/logistic/iris.json"),
        include_str!("data/logistic/wine.json"),
        include_str!("data/logistic/breast_cancer.json"),
        include_str!("data/logistic/digits.json"),
    ];
    for text in known {
        let known: Value = serde_json::from_str(text).unwrap();
        let name = known["set"].as_str().unwrap();
        let ((x, d), y) = (standardised(name), labels(name, &known["classes"]));
        let (coef, intercept) = (numbers(&known["coef"]), numbers(&known["intercept"]));
        let objective = known["objective"].as_f64().unwrap();
        let top = largest(&coef).max(largest(&intercept));
        for solver in [Solver::Lbfgs, Solver::NewtonCg] {
            let (model, report) = LogisticRegression::default()
                .with_solver(solver)
                .with_tol(1e-11)
                .with_max_iter(1000)
                .fit(MatRef::planned(&x, y.len(), d), &y, None)
                .unwrap();
            let away = distance(model.map(), &coef, &intercept);
            assert!(
                away <= 1e-6 * top,
                "{name}, {solver:?}: {away} of {top}, {report:?}"
            );
            let gap = (report.value - objective).abs();
            assert!(
                gap <= 1e-10 * objective,
                "{name}, {solver:?}: {gap} of {objective}"
            );
        }
    }
}

#[test]
fn raw_tables_converge_within_the_default_iterations() {
    for (name, classes) in [
        ("iris", &["setosa", "versicolor", "virginica"][..]),
        ("wine", &["class_0", "class_1", "class_2"]),
        ("breast_cancer", &["malignant", "benign"]),
    ] {
        let ((x, d), y) = (features(name), labels(name, &Value::from(classes)));
        let x = MatRef::planned(&x, y.len(), d);
        let (_, report) = LogisticRegression::default().fit(x, &y, None).unwrap();
        assert!(report.converged(), "{name}: {report:?}");
        let newton = LogisticRegression::default().with_solver(Solver::NewtonCg);
        let (_, optimum) = newton.with_tol(1e-10).fit(x, &y, None).unwrap();
        assert!(
            report.value <= optimum.value * 1.000_01,
            "{name}: {report:?}"
        );
    }
}

#[test]
fn single_precision_stops_as_near_as_its_gradient_says() {
    for text in [
        include_str!("data/logistic/iris.json"),
        include_str!("data/logistic/digits.json"),
    ] {
        let known: Value = serde_json::from_str(text).unwrap();
        let name = known["set"].as_str().unwrap();
        let ((x, d), y) = (standardised(name), labels(name, &known["classes"]));
        let x: Vec<f32> = x.iter().map(|&v| v as f32).collect();
        let (coef, objective) = (
            numbers(&known["coef"]),
            known["objective"].as_f64().unwrap(),
        );
        let (_, report) = LogisticRegression::default()
            .fit(MatRef::planned(&x, y.len(), d), &y, None)
            .unwrap();
        assert!(report.converged());
        // Strong convexity with modulus 1 bounds the gap by ||g||^2 / 2; a sum of n losses in f32 carries n roundings at most.
        let gap = 0.5 * coef.len() as f64 * report.gradient_norm * report.gradient_norm;
        let rounding = f64::from(f32::EPSILON) * y.len() as f64 * objective;
        assert!(
            report.value - objective <= gap + rounding,
            "{name}: {report:?}"
        );
    }
}

#[test]
fn ridge_and_least_squares_match_the_known_answers() {
    let known: Value = serde_json::from_str(include_str!("data/ridge.json")).unwrap();
    let cases = known["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let name = case["case"].as_str().unwrap();
        let (x, d, y, k) = if name.starts_with("diabetes") {
            let (x, d) = standardised("diabetes");
            let set = load("diabetes").unwrap();
            let y = set
                .table
                .column("target")
                .unwrap()
                .as_numbers()
                .unwrap()
                .to_vec();
            (x, d, y, 1)
        } else {
            let (all, _) = features("iris");
            let part = |from: usize| {
                all.chunks_exact(4)
                    .flat_map(|row| row[from..from + 2].to_vec())
                    .collect()
            };
            (part(0), 2, part(2), 2)
        };
        let n = y.len() / k;
        let (x, y) = (MatRef::planned(&x, n, d), MatRef::planned(&y, n, k));
        let weights = case["sample_weight"]
            .as_array()
            .map(|_| numbers(&case["sample_weight"]));
        let (coef, intercept) = (numbers(&case["coef"]), numbers(&case["intercept"]));
        let alpha = case["alpha"].as_f64().unwrap();
        let (model, _) = match alpha {
            0.0 => LinearRegression::default()
                .fit(x, y, weights.as_deref())
                .unwrap(),
            _ => Ridge::default()
                .with_alpha(alpha)
                .fit(x, y, weights.as_deref())
                .unwrap(),
        };
        // The diabetes columns have a condition number of about 22, squared in the normal equations; n roundings a sum.
        let bound = 22.0 * 22.0 * n as f64 * f64::EPSILON * largest(&coef).max(largest(&intercept));
        let away = distance(&model, &coef, &intercept);
        assert!(away <= bound, "{name}: {away}, allowed {bound}");
    }
}
