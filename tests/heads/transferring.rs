//! Transfer: known answers, limits, leave-one-out, gradients by priors, and the schedules of rates.

use cognate::MatRef;
use cognate::loss::{Logistic, Loss, Softmax, Squared, Targets};
use cognate::meta::transfer::{BiasedLogistic, BiasedRidge};
use cognate::model::{LinearModel, LinearRegression, LogisticModel, LogisticRegression, Ridge};
use serde_json::Value;

use crate::differences::{assert_close, gradient};
use crate::distilling::grade;
use crate::known::{TOLERANCE, file, tensor};
use crate::random::Random;

pub fn column(w: &[f64]) -> LinearModel<f64> {
    LinearModel::new(MatRef::planned(w, 1, w.len()), &[0.0]).unwrap()
}

/// The mean query loss of `w` and its gradient by `[w, 0]`.
fn judge<L: Loss<f64>>(
    loss: &L,
    (x, y): (&[f64], &[f64]),
    w: &[f64],
    halves: f64,
) -> (f64, Vec<f64>) {
    let (m, d) = (y.len(), w.len());
    let z: Vec<f64> = x
        .chunks(d)
        .map(|row| row.iter().zip(w).map(|(x, w)| x * w).sum())
        .collect();
    let targets = Targets::values(MatRef::planned(y, m, 1));
    let (value, dz) = grade(loss, &z, 1, &targets, halves / m as f64);
    let mut g: Vec<f64> = (0..d)
        .map(|j| (0..m).map(|i| x[i * d + j] * dz[i]).sum())
        .collect();
    g.push(0.0);
    (value, g)
}

/// Rows, targets, query and prior of a known case.
struct Case {
    x: Vec<f64>,
    y: Vec<f64>,
    query: (Vec<f64>, Vec<f64>),
    prior: Vec<f64>,
    lambda: f64,
}

fn case(case: &Value) -> Case {
    let get = |key: &str| tensor(&case[key]).0;
    Case {
        x: get("x"),
        y: get("y"),
        query: (get("x_query"), get("y_query")),
        prior: get("prior_w0"),
        lambda: case["lambda"].as_f64().unwrap(),
    }
}

#[test]
fn biased_models_are_the_known_ones() {
    let file = file();
    let cases = file["hypothesis_transfer"].as_object().unwrap();
    assert!(!cases.is_empty());
    for (name, known) in cases {
        match name.as_str() {
            "ridge" => known_ridge(known),
            "logistic" => known_logistic(known),
            _ => panic!("what is {name}?"),
        }
    }
}

fn known_ridge(known: &Value) {
    let c = case(known);
    let (n, d) = (c.y.len(), c.prior.len());
    let ridge = BiasedRidge::default()
        .with_penalty(c.lambda)
        .with_intercept(false);
    let y = Targets::values(MatRef::planned(&c.y, n, 1));
    let mut fit = ridge
        .fit(MatRef::planned(&c.x, n, d), y, &column(&c.prior))
        .unwrap();
    let w = fit.model().params()[..d].to_vec();
    assert_close("w", &w, &tensor(&known["w"]).0, TOLERANCE);
    let (value, g) = judge(&Squared, (&c.query.0, &c.query.1), &w, 2.0);
    assert_close(
        "query",
        &[value],
        &[known["query_mse"].as_f64().unwrap()],
        TOLERANCE,
    );
    let g = fit.adjoint(&g);
    assert_close(
        "prior",
        &g.prior[..d],
        &tensor(&known["grad_prior"]).0,
        TOLERANCE,
    );
    assert_close(
        "lambda",
        &[g.penalty],
        &[known["grad_lambda"].as_f64().unwrap()],
        TOLERANCE,
    );
}

fn known_logistic(known: &Value) {
    let c = case(known);
    let (n, d) = (c.y.len(), c.prior.len());
    let labels: Vec<u32> = c.y.iter().map(|&y| y as u32).collect();
    let logistic = BiasedLogistic::default()
        .with_penalty(c.lambda)
        .with_intercept(false)
        .with_tol(1e-12);
    let prior = LogisticModel::new(MatRef::planned(&c.prior, 1, d), &[0.0]).unwrap();
    let rows = (MatRef::planned(&c.x, n, d), Targets::classes(&labels));
    let (model, report) = logistic.fit(rows.0, rows.1, &prior).unwrap();
    assert!(report.converged(), "{report:?}");
    let w = model.map().params()[..d].to_vec();
    assert_close("w", &w, &tensor(&known["w"]).0, TOLERANCE);
    let (value, g) = judge(&Logistic, (&c.query.0, &c.query.1), &w, 1.0);
    let query = known.get("query_bce").or(known.get("query_loss"));
    if let Some(wanted) = query {
        assert_close("query", &[value], &[wanted.as_f64().unwrap()], TOLERANCE);
    }
    let g = logistic.adjoint(rows, (&prior, &model), &g).unwrap();
    assert_close(
        "prior",
        &g.prior[..d],
        &tensor(&known["grad_prior"]).0,
        TOLERANCE,
    );
    assert_close(
        "lambda",
        &[g.penalty],
        &[known["grad_lambda"].as_f64().unwrap()],
        TOLERANCE,
    );
}

/// Numbers of two outputs, or classes, with weights and a prior.
pub struct Task {
    n: usize,
    x: Vec<f64>,
    y: Vec<f64>,
    labels: Vec<u32>,
    weights: Vec<f64>,
    pub prior: LinearModel<f64>,
}

const FEATURES: usize = 4;

pub fn task(n: usize, classes: usize, random: &mut Random) -> Task {
    let outputs = if classes == 2 { 1 } else { classes };
    let coef = random.numbers(outputs * FEATURES);
    let prior = LinearModel::new(
        MatRef::planned(&coef, outputs, FEATURES),
        &random.numbers(outputs),
    );
    Task {
        n,
        x: random.numbers(n * FEATURES),
        y: random.numbers(n * outputs),
        labels: (0..n).map(|i| ((i * 7 + i / 3) % classes) as u32).collect(),
        weights: (0..n).map(|_| 1.0 + 0.5 * random.number()).collect(),
        prior: prior.unwrap(),
    }
}

impl Task {
    pub fn x(&self) -> MatRef<'_, f64> {
        MatRef::planned(&self.x, self.n, FEATURES)
    }

    pub fn values(&self) -> Targets<'_, f64> {
        let y = MatRef::planned(&self.y, self.n, self.prior.outputs());
        Targets::values(y).weighted(Some(&self.weights))
    }

    pub fn classes(&self) -> Targets<'_, f64> {
        Targets::classes(&self.labels).weighted(Some(&self.weights))
    }

    pub fn class_prior(&self) -> LogisticModel<f64> {
        LogisticModel::new(self.prior.coef(), self.prior.intercept()).unwrap()
    }

    /// The prior with these flat parameters.
    pub fn moved(&self, p: &[f64]) -> LinearModel<f64> {
        let k = self.prior.outputs();
        let coef = MatRef::planned(p, FEATURES, k).t();
        LinearModel::new(coef, &p[FEATURES * k..]).unwrap()
    }
}

#[test]
fn gradients_by_prior_and_penalty() {
    let random = &mut Random::new(40);
    for (n, intercept) in [(3, true), (12, true), (3, false), (12, false)] {
        let t = task(n, 3, random);
        let cotangent = random.numbers(t.prior.params().len());
        let value = |p: &[f64], penalty: f64| -> f64 {
            let ridge = BiasedRidge::default()
                .with_penalty(penalty)
                .with_intercept(intercept);
            let fit = ridge.fit(t.x(), t.values(), &t.moved(p)).unwrap();
            fit.model()
                .params()
                .iter()
                .zip(&cotangent)
                .map(|(w, c)| w * c)
                .sum()
        };
        let ridge = BiasedRidge::default()
            .with_penalty(0.6)
            .with_intercept(intercept);
        let mut fit = ridge.fit(t.x(), t.values(), &t.prior).unwrap();
        let g = fit.adjoint(&cotangent);
        let wanted = gradient(t.prior.params(), |p| value(p, 0.6));
        assert_close("prior", &g.prior, &wanted, 1e-9);
        let wanted = gradient(&[0.6], |l| value(t.prior.params(), l[0]));
        assert_close("penalty", &[g.penalty], &wanted, 1e-9);
    }
}

#[test]
fn gradients_through_logistic_fits() {
    let random = &mut Random::new(41);
    for classes in [2, 3] {
        let t = task(15, classes, random);
        let query = random.numbers(6 * FEATURES);
        let (m, k) = (6, t.prior.outputs());
        let answers: Vec<u32> = (0..m as u32).map(|i| i % classes as u32).collect();
        // The query loss of a model, which softmax makes blind to a common shift, and its gradient by the flat parameters.
        let judge = |p: &[f64]| -> (f64, Vec<f64>) {
            let model = t.moved(p);
            let z = model.predict(MatRef::planned(&query, m, FEATURES)).unwrap();
            let y = Targets::classes(&answers);
            let (value, dz) = match classes {
                2 => grade(&Logistic, &z, k, &y, 1.0),
                _ => grade(&Softmax::default(), &z, k, &y, 1.0),
            };
            let mut g: Vec<f64> = (0..FEATURES * k)
                .map(|at| {
                    (0..m)
                        .map(|i| query[i * FEATURES + at / k] * dz[i * k + at % k])
                        .sum()
                })
                .collect();
            g.extend((0..k).map(|j| dz.chunks(k).map(|row| row[j]).sum::<f64>()));
            (value, g)
        };
        let settings = |penalty| {
            BiasedLogistic::default()
                .with_penalty(penalty)
                .with_tol(1e-13)
        };
        let value = |p: &[f64], penalty: f64| -> f64 {
            let moved = t.moved(p);
            let prior = LogisticModel::new(moved.coef(), moved.intercept()).unwrap();
            let (model, _) = settings(penalty).fit(t.x(), t.classes(), &prior).unwrap();
            judge(model.map().params()).0
        };
        let (prior, logistic) = (t.class_prior(), settings(0.6));
        let (model, _) = logistic.fit(t.x(), t.classes(), &prior).unwrap();
        let g = judge(model.map().params()).1;
        let g = logistic
            .adjoint((t.x(), t.classes()), (&prior, &model), &g)
            .unwrap();
        let wanted = gradient(t.prior.params(), |p| value(p, 0.6));
        assert_close("prior", &g.prior, &wanted, 1e-8);
        let wanted = gradient(&[0.6], |l| value(t.prior.params(), l[0]));
        assert_close("penalty", &[g.penalty], &wanted, 1e-8);
    }
}

#[test]
fn limits_of_the_penalty() {
    let random = &mut Random::new(42);
    let t = task(12, 3, random);
    let coefficients = FEATURES * 3;
    let strong = BiasedRidge::default()
        .with_penalty(1e12)
        .fit(t.x(), t.values(), &t.prior)
        .unwrap();
    let (found, prior) = (strong.model().params(), t.prior.params());
    assert_close("phi", &found[..coefficients], &prior[..coefficients], 1e-10);
    let weak = BiasedRidge::default()
        .with_penalty(1e-10)
        .fit(t.x(), t.values(), &t.prior)
        .unwrap();
    let y = MatRef::planned(&t.y, 12, 3);
    let plain = LinearRegression::default()
        .fit(t.x(), y, Some(&t.weights))
        .unwrap()
        .0;
    assert_close("plain", weak.model().params(), plain.params(), 1e-8);
    // Towards 0 it is ridge regression.
    let zero = LinearModel::new(MatRef::planned(&[0.0; 12], 3, 4), &[0.0; 3]).unwrap();
    let fit = BiasedRidge::default()
        .with_penalty(0.5)
        .fit(t.x(), t.values(), &zero)
        .unwrap();
    let ridge = Ridge::default()
        .with_alpha(0.5)
        .fit(t.x(), y, Some(&t.weights))
        .unwrap()
        .0;
    assert_close("ridge", fit.model().params(), ridge.params(), 1e-12);
    let prior = t.class_prior();
    let strong = BiasedLogistic::default()
        .with_penalty(1e12)
        .fit(t.x(), t.classes(), &prior)
        .unwrap()
        .0;
    assert_close(
        "phi",
        &strong.map().params()[..coefficients],
        &prior.map().params()[..coefficients],
        1e-10,
    );
    let nothing = LogisticModel::new(MatRef::planned(&[0.0; 12], 3, 4), &[0.0; 3]).unwrap();
    let fit = BiasedLogistic::default()
        .with_penalty(0.5)
        .fit(t.x(), t.classes(), &nothing)
        .unwrap()
        .0;
    let plain = LogisticRegression::default().with_c(2.0).with_tol(1e-10);
    let plain = plain.fit(t.x(), &t.labels, Some(&t.weights)).unwrap().0;
    let (found, wanted) = (&fit.map().params()[..12], &plain.map().params()[..12]);
    assert_close("logistic", found, wanted, 1e-8);
}

#[test]
fn leaving_one_out_is_refitting() {
    let random = &mut Random::new(43);
    for (n, intercept) in [(4, true), (12, true), (4, false), (12, false)] {
        let t = task(n, 3, random);
        let ridge = BiasedRidge::default()
            .with_penalty(0.4)
            .with_intercept(intercept);
        let mut fit = ridge.fit(t.x(), t.values(), &t.prior).unwrap();
        let (found, mut error, mut total) = (fit.leave_one_out(), 0.0, 0.0);
        for i in 0..n {
            let mut others = t.weights.clone();
            others[i] = 0.0;
            let y = t.values().weighted(Some(&others));
            let refit = ridge.fit(t.x(), y, &t.prior).unwrap();
            let z = refit.model().predict(t.x().rows_range(i..i + 1)).unwrap();
            let wanted: Vec<f64> = (0..3).map(|j| z[j] - t.y[i * 3 + j]).collect();
            assert_close("residual", &found[i * 3..][..3], &wanted, 1e-12);
            error += t.weights[i] * wanted.iter().map(|r| r * r).sum::<f64>();
            total += 3.0 * t.weights[i];
        }
        assert!((fit.leave_one_out_error() - error / total).abs() < 1e-12);
    }
}

#[test]
fn the_chosen_penalty_has_the_least_error() {
    let random = &mut Random::new(44);
    let t = task(10, 3, random);
    let penalties = [1e-3, 0.1, 1.0, 10.0, 1e4];
    let ridge = BiasedRidge::default();
    let (best, errors) = ridge
        .choose_penalty(&penalties, t.x(), t.values(), &t.prior)
        .unwrap();
    let least = errors.iter().copied().fold(f64::INFINITY, f64::min);
    let at = penalties.iter().position(|&p| p == best).unwrap();
    assert_eq!(errors[at], least);
    let (logistic, prior) = (BiasedLogistic::default(), t.class_prior());
    let (best, losses) = logistic
        .choose_penalty(&penalties, t.x(), t.classes(), &prior)
        .unwrap();
    let at = penalties.iter().position(|&p| p == best).unwrap();
    assert!(losses.iter().all(|&loss| loss >= losses[at]));
    ridge
        .choose_penalty(&[], t.x(), t.values(), &t.prior)
        .unwrap_err();
    // Held fast, a row's loss is the prior's, but for the intercepts.
    let fixed = logistic
        .with_penalty(1e9)
        .leave_one_out_loss(t.x(), t.classes(), &prior)
        .unwrap();
    assert!((fixed - losses[4]).abs() < 1e-3);
}
