//! Transfer by training on: frozen spans, rates, stages, a pull towards the start; augmented features, importance weights; refusals.

use std::ops::ControlFlow;

use cognate::layer::{Dense, Stack};
use cognate::loss::{Squared, Targets};
use cognate::meta::transfer::{
    BiasedLogistic, BiasedRidge, ImportanceWeights, L2Sp, Stage, Tuning, TuningState, augment,
    augmented_span, layer_spans,
};
use cognate::model::Ridge;
use cognate::objective::Objective;
use cognate::objective::net::NetObjective;
use cognate::optim::{Adam, Method, Sgd, StepState};
use cognate::params::{LayoutBuf, Span};
use cognate::workspace::Workspace;
use cognate::{Activation, Level, MatRef};

use crate::differences::{assert_close, gradient};
use crate::random::Random;
use crate::transferring::{column, task};

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
