//! Transfer: known answers, limits, leave-one-out, gradients by priors, and the schedules of rates.

use std::ops::ControlFlow;

use cognate::layer::{Dense, Stack};
use cognate::loss::{Logistic, Loss, Softmax, Squared, Targets};
use cognate::meta::transfer::{
    BiasedLogistic, BiasedRidge, ImportanceWeights, L2Sp, Stage, Tuning, TuningState, augment,
    augmented_span, layer_spans,
};
use cognate::model::{LinearModel, LinearRegression, LogisticModel, LogisticRegression, Ridge};
use cognate::objective::Objective;
use cognate::objective::net::NetObjective;
use cognate::optim::{Adam, Method, Sgd, StepState};
use cognate::params::{LayoutBuf, Span};
use cognate::workspace::Workspace;
use cognate::{Activation, Level, MatRef};
use serde_json::Value;

use crate::differences::{assert_close, gradient};
use crate::distilling::grade;
use crate::known::{TOLERANCE, file, tensor};
use crate::random::Random;

fn column(w: &[f64]) -> LinearModel<f64> {
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
struct Task {
    n: usize,
    x: Vec<f64>,
    y: Vec<f64>,
    labels: Vec<u32>,
    weights: Vec<f64>,
    prior: LinearModel<f64>,
}

const FEATURES: usize = 4;

fn task(n: usize, classes: usize, random: &mut Random) -> Task {
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
    fn x(&self) -> MatRef<'_, f64> {
        MatRef::planned(&self.x, self.n, FEATURES)
    }

    fn values(&self) -> Targets<'_, f64> {
        let y = MatRef::planned(&self.y, self.n, self.prior.outputs());
        Targets::values(y).weighted(Some(&self.weights))
    }

    fn classes(&self) -> Targets<'_, f64> {
        Targets::classes(&self.labels).weighted(Some(&self.weights))
    }

    fn class_prior(&self) -> LogisticModel<f64> {
        LogisticModel::new(self.prior.coef(), self.prior.intercept()).unwrap()
    }

    /// The prior with these flat parameters.
    fn moved(&self, p: &[f64]) -> LinearModel<f64> {
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

#[test]
fn unsound_transfer_is_refused() {
    let t = task(5, 3, &mut Random::new(45));
    let ridge = BiasedRidge::default();
    ridge
        .with_penalty(0.0)
        .fit(t.x(), t.values(), &t.prior)
        .unwrap_err();
    ridge.fit(t.x(), t.classes(), &t.prior).unwrap_err();
    ridge
        .fit(t.x().cols_range(0..2), t.values(), &t.prior)
        .unwrap_err();
    let (logistic, prior) = (BiasedLogistic::default(), t.class_prior());
    logistic.fit(t.x(), t.values(), &prior).unwrap_err();
    logistic
        .with_intercept(false)
        .fit(t.x(), t.classes(), &prior)
        .unwrap_err();
    logistic
        .fit(t.x(), Targets::classes(&[9; 5]), &prior)
        .unwrap_err();
}

/// 2 -> 4 -> 3 -> 1, tanh.
fn network() -> (Vec<Dense>, usize) {
    let (mut layout, sizes) = (LayoutBuf::new(), [2, 4, 3, 1]);
    let dense = |(n, sides): (usize, &[usize])| Dense {
        weight: layout.add_weight(&format!("{n}.weight"), sides[0], sides[1]),
        bias: Some(layout.add(&format!("{n}.bias"), 1, sides[1])),
        activation: if n == 2 {
            Activation::Identity
        } else {
            Activation::Tanh
        },
    };
    let layers = sizes.windows(2).enumerate().map(dense).collect();
    (layers, layout.view().len())
}

/// A sum over rows of the squared loss of the network.
fn squared<'a>(
    layers: &'a [Dense],
    count: usize,
    rows: &'a [f64],
) -> NetObjective<'a, f64, Stack<&'a [Dense]>, Squared> {
    let n = rows.len() / 3;
    let all = MatRef::planned(rows, n, 3);
    let y = Targets::values(all.cols_range(2..3));
    NetObjective::new(Stack(layers), Squared, count, all.cols_range(0..2), y)
}

fn run(tuning: &Tuning, objective: &impl Objective<f64>, start: &[f64]) -> Vec<f64> {
    let mut p = start.to_vec();
    let report = tuning
        .run(objective, &mut p, &mut |_| ControlFlow::Continue(()))
        .unwrap();
    assert_eq!(report.iterations as u64, tuning.steps());
    assert!(report.history[report.iterations] < report.history[0]);
    p
}

#[test]
fn frozen_spans_keep_their_bits_and_equal_rates_are_plain_training() {
    let ((layers, count), random) = (network(), &mut Random::new(46));
    let (rows, start) = (random.numbers(8 * 3), random.numbers(count));
    let objective = squared(&layers, count, &rows);
    let spans = layer_spans(&layers);
    let moved = |p: &[f64], span: Span| span.range().filter(|&i| p[i] != start[i]).count();
    let probe = run(
        &Tuning::new(vec![Stage::probe(&spans, 20, 0.01)]),
        &objective,
        &start,
    );
    for span in spans[..2].concat() {
        assert_eq!(moved(&probe, span), 0);
    }
    assert_eq!(moved(&probe, spans[2][0]), 3);
    let biases = run(
        &Tuning::new(vec![Stage::biases(&layers, 20, 0.01)]),
        &objective,
        &start,
    );
    for layer in &layers {
        assert_eq!(moved(&biases, layer.weight), 0);
        assert_eq!(moved(&biases, layer.bias.unwrap()), layer.weight.cols);
    }
    let methods = [Method::Adam(Adam::default()), Method::Sgd(Sgd::default())];
    for method in methods {
        let tuning = Tuning::new(vec![Stage::all(&spans, 20, 0.01)]).with_method(method);
        let (found, mut p) = (run(&tuning, &objective, &start), start.clone());
        let mut workspace = Workspace::new(objective.need());
        let (mut slabs, mut g) = (workspace.slabs(), vec![0.0; count]);
        let mut state = StepState::new(vec![0.0; method.memory(count)]);
        for _ in 0..20 {
            objective.value_grad(&p, Some(&mut g), slabs.saved, &mut slabs.work);
            method.step(slabs.work.level(), 0.01, &mut p, &g, &mut state);
        }
        assert_eq!(found, p);
    }
}

#[test]
fn stages_follow_one_another() {
    let ((layers, _), level) = (network(), Level::detect());
    let spans = layer_spans(&layers);
    let gradual = Tuning::gradual(&spans, 2, 1.0, 2.0).with_method(Method::Sgd(Sgd::default()));
    assert_eq!((gradual.steps(), gradual.stages.len()), (6, 3));
    let len = spans[2][1].range().end;
    let (mut p, g, mut state) = (vec![0.0; len], vec![1.0; len], TuningState::new());
    while gradual.step(level, &mut p, &g, &mut state) {}
    let at = |layer: usize| p[spans[layer][0].start];
    // Rates 1, 1/2, 1/4 from the top, over 6, 4 and 2 steps.
    assert_eq!([at(2), at(1), at(0)], [-6.0, -2.0, -0.5]);
    let lp_ft =
        Tuning::probe_then_all(&spans, (3, 2), 1.0).with_method(Method::Sgd(Sgd::default()));
    let (mut p, mut state) = (vec![0.0; len], TuningState::new());
    while lp_ft.step(level, &mut p, &g, &mut state) {}
    assert_eq!((p[spans[2][0].start], p[0], state.steps()), (-5.0, -2.0, 5));
    let outside = Stage::all(&[vec![Span::new("far", 1000, 1, 1)]], 1, 0.1);
    let objective = squared(&layers, len, &[0.0; 3]);
    let go_on = &mut |_: &_| ControlFlow::Continue(());
    Tuning::new(vec![outside])
        .run(&objective, &mut p, go_on)
        .unwrap_err();
    let backwards = Stage::all(&spans, 1, -0.1);
    Tuning::new(vec![backwards])
        .run(&objective, &mut p, go_on)
        .unwrap_err();
}

#[test]
fn a_pull_towards_the_start() {
    let ((layers, count), random) = (network(), &mut Random::new(47));
    let (rows, start, v) = (
        random.numbers(8 * 3),
        random.numbers(count),
        random.numbers(count),
    );
    let p = random.numbers(count);
    let strengths = [(layers[0].weight, 0.7), (layers[2].weight, 0.1)];
    let pulled = L2Sp {
        inner: squared(&layers, count, &rows),
        anchor: &start,
        strengths: &strengths,
    };
    let mut workspace = Workspace::new(pulled.need());
    let mut slabs = workspace.slabs();
    let (mut g, mut hv, mut gv, mut inner) = (p.clone(), p.clone(), p.clone(), p.clone());
    let w = &mut slabs.work;
    pulled.value_grad(&p, Some(&mut g), slabs.saved, w);
    pulled.hvp(&p, slabs.saved, &v, &mut hv, w);
    pulled.gnvp(&p, slabs.saved, &v, &mut gv, w);
    pulled.inner.hvp(&p, slabs.saved, &v, &mut inner, w);
    let wanted = gradient(&p, |p| pulled.value_grad(p, None, slabs.saved, w));
    assert_close("gradient", &g, &wanted, 1e-9);
    let at = layers[2].weight.start;
    let close =
        |found: f64, wanted: f64| (found - wanted).abs() <= 4.0 * f64::EPSILON * wanted.abs();
    assert!(close(hv[at], inner[at] + 0.1 * v[at]));
    assert_eq!(hv[layers[1].weight.start], inner[layers[1].weight.start]);
    pulled.inner.gnvp(&p, slabs.saved, &v, &mut inner, w);
    assert!(close(gv[0], inner[0] + 0.7 * v[0]));
}

#[test]
fn augmentation_is_mean_regularised_learning_with_a_penalised_centre() {
    let (random, tasks, rows, d) = (&mut Random::new(48), 3, 5, 2);
    let n = tasks * rows;
    let (x, y) = (random.numbers(n * d), random.numbers(n));
    let task: Vec<usize> = (0..n).map(|i| i / rows).collect();
    let wide = augment(MatRef::planned(&x, n, d), &task, tasks).unwrap();
    let width = d * (tasks + 1);
    let ridge = Ridge::default().with_alpha(0.3).with_fit_intercept(false);
    let fit = ridge
        .fit(
            MatRef::planned(&wide, n, width),
            MatRef::planned(&y, n, 1),
            None,
        )
        .unwrap()
        .0;
    let v = fit.params();
    let own = |t: usize, j: usize| v[augmented_span(d, t).start + j];
    let w = |t: usize, j: usize| v[j] + own(t, j);
    // The optimum of sum |X_t w_t - y_t|^2 + a (sum |w_t - v|^2 + |v|^2): v is the sum of the w_t over T + 1, each w_t biased ridge.
    for j in 0..d {
        let sum: f64 = (0..tasks).map(|t| w(t, j)).sum();
        assert!((v[j] - sum / (tasks + 1) as f64).abs() < 1e-13);
    }
    for t in 0..tasks {
        let centre = column(&v[..d]);
        let range = t * rows..(t + 1) * rows;
        let x = MatRef::planned(&x, n, d).rows_range(range.clone());
        let targets = Targets::values(MatRef::planned(&y, n, 1)).rows(range);
        let biased = BiasedRidge::default()
            .with_penalty(0.3)
            .with_intercept(false);
        let fit = biased.fit(x, targets, &centre).unwrap();
        let wanted: Vec<f64> = (0..d).map(|j| w(t, j)).collect();
        assert_close("w_t", &fit.model().params()[..d], &wanted, 1e-12);
    }
    augment(MatRef::planned(&x, n, d), &[3; 15], tasks).unwrap_err();
}

/// Two unit normals' odds are e^(x - 1/2) where one's mean is 1; the classifier learns that from enough rows.
#[test]
fn importance_weights_follow_the_quotient_of_densities() {
    let random = &mut Random::new(49);
    let mut normal = || (0..12).map(|_| random.number()).sum::<f64>() / 2.0;
    let source: Vec<f64> = (0..4000).map(|_| normal()).collect();
    let target: Vec<f64> = (0..2000).map(|_| normal() + 1.0).collect();
    let weigh = ImportanceWeights {
        c: 1e3,
        bound: Some(2.0),
    };
    let (model, report) = weigh
        .fit(
            MatRef::planned(&source, 4000, 1),
            MatRef::planned(&target, 2000, 1),
        )
        .unwrap();
    assert!(report.converged());
    let x = [-1.0, 0.0, 0.5, 1.0, 4.0];
    let weights = model.weights(MatRef::planned(&x, 5, 1)).unwrap();
    for (x, weight) in x.iter().zip(&weights) {
        let wanted = (x - 0.5).exp().min(2.0);
        // Four standard errors of the two coefficients, about 0.033 and 0.035.
        assert!(
            (weight / wanted).ln().abs() < 0.14 * (1.0 + x.abs()),
            "{x}: {weight}, not {wanted}"
        );
    }
    assert_eq!(weights[4], 2.0);
    // Rows of one distribution weigh alike, and on average 1.
    let (same, _) = ImportanceWeights::default()
        .fit(
            MatRef::planned(&source, 2000, 1),
            MatRef::planned(&source[2000..], 2000, 1),
        )
        .unwrap();
    let weights = same.weights(MatRef::planned(&source, 2000, 1)).unwrap();
    assert!((weights.iter().sum::<f64>() / 2000.0 - 1.0).abs() < 1e-2);
}
