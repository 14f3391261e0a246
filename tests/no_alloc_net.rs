//! Once its slabs are made, a network allocates nothing: neither a training step, nor a Hessian product, nor a prediction.

#[path = "harness/counting.rs"]
mod counting;
mod harness;
mod support;

use cognate::Real;
use cognate::layer::{Ctx, Forward, Mode, Stack};
use cognate::objective::Objective;
use cognate::objective::net::NetObjective;
use cognate::optim::{Adam, Method, StepState};
use cognate::workspace::Workspace;
use cognate::{MatMut, MatRef};
use counting::calls;
use harness::build::Build;
use harness::labels::{LOSSES, Labels};
use harness::{Pass, levels, typed};
use support::Random;
use support::layers::Act;

const ROWS: usize = 37;

/// Every kind of layer and activation, `12 -> 9 -> .. -> 3`.
fn network() -> Build {
    let (mut build, pass) = (Build::default(), Pass::plain(ROWS, 1));
    build.dense(12, 9, Act::Relu, true);
    build.layer_norm(9);
    build.dropout(9, 0.5, &pass);
    build.dense(9, 8, Act::Gelu, false);
    build.dense(8, 7, Act::Tanh, true);
    build.dense(7, 6, Act::Logistic, true);
    build.dense(6, 3, Act::Identity, true);
    build
}

fn steps<T: Real>() {
    let (build, mut random) = (network(), Random::new(2));
    let (layers, weights) = (build.layers::<T>(), build.weights());
    let net = Stack(&layers[..]);
    let mut p = typed::<T>(&random.numbers(build.params()));
    let numbers = typed::<T>(&random.numbers(ROWS * 12));
    let x = MatRef::planned(&numbers, ROWS, 12);
    let mut seen = std::collections::HashSet::new();
    while seen.len() < LOSSES.len() {
        let labels = Labels::any(ROWS, 3, &mut random);
        seen.insert(format!("{:?}", labels.loss));
        let (loss, numbers) = (labels.ours::<T>(), labels.typed::<T>(0));
        let objective = NetObjective {
            l2: T::from_f64(0.1),
            penalised: &weights,
            ..NetObjective::new(net, &loss, p.len(), x, numbers.targets())
        };
        for level in levels() {
            let mut workspace = Workspace::with_level(level, objective.need());
            let (mut g, mut hv) = (p.clone(), p.clone());
            let method = Method::Adam(Adam::default());
            let mut state = StepState::new(vec![T::ZERO; method.memory(p.len())]);
            let mut slabs = workspace.slabs();
            let w = &mut slabs.work;
            let before = calls();
            for _ in 0..3 {
                objective.value_grad(&p, Some(&mut g), slabs.saved, w);
                objective.hvp(&p, slabs.saved, &g, &mut hv, w);
                objective.gnvp(&p, slabs.saved, &g, &mut hv, w);
                objective.value_grad(&p, None, slabs.saved, w);
                method.step(level, 0.01, &mut p, &g, &mut state);
            }
            assert_eq!(calls(), before, "{:?} in {}", labels.loss, T::NAME);
        }
    }
}

#[test]
fn training_steps_and_products() {
    let before = calls();
    steps::<f32>();
    steps::<f64>();
    assert!(calls() > before, "the counter counts");
}

#[test]
fn predictions() {
    let build = network();
    let layers = build.layers::<f32>();
    let net = Stack(&layers[..]);
    let p = typed::<f32>(&Random::new(3).numbers(build.params()));
    let x = typed::<f32>(&Random::new(4).numbers(ROWS * 12));
    let mut y = vec![0.0; ROWS * 3];
    let mut workspace = Workspace::new(net.need(Mode::Predict, ROWS, 1));
    let mut slabs = workspace.slabs();
    let before = calls();
    for rows in [ROWS, 1] {
        let (x, y) = (
            MatRef::planned(&x, rows, 12),
            MatMut::planned(&mut y, rows, 3),
        );
        net.forward(&Ctx::PREDICT, &p, x, y, &mut [], &mut slabs.work);
    }
    assert_eq!(calls(), before);
}
