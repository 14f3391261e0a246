//! Once its slabs are made, a network allocates nothing: neither a training step, nor a Hessian product, nor a prediction.

#[path = "harness/counting.rs"]
mod counting;
mod harness;
mod support;

use cognate::Real;
use cognate::layer::{At, Backward, Ctx, Forward, Gram, Mode, Out, RAt, Stack, Tangent, TaskGram};
use cognate::mtl::Kind;
use cognate::mtl::net::{CrossStitch, Graph, Mtan, Output, Ple, TaskDag};
use cognate::objective::Objective;
use cognate::objective::net::NetObjective;
use cognate::optim::{Adam, Method, StepState};
use cognate::workspace::Workspace;
use cognate::{Activation, MatMut, MatRef};
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

/// Forward, back with a way a task and with weights, the Gram pass, and the derivatives, of a network of tasks.
fn passes(net: &Graph, params: usize) {
    let (tasks, mut random) = (net.links().count(), Random::new(5));
    let (inputs, outputs) = Forward::<f32>::width(net);
    let p = typed::<f32>(&random.numbers(params));
    let (x, dy) = (
        random.numbers(ROWS * inputs),
        random.numbers(tasks * ROWS * outputs),
    );
    let (x, dy) = (typed::<f32>(&x), typed::<f32>(&dy));
    let x = MatRef::planned(&x, ROWS, inputs);
    let (mut y, mut dp) = (vec![0.0; ROWS * outputs], vec![0.0; tasks * params]);
    let mut ry = y.clone();
    let mut need = Forward::<f32>::need(net, Mode::Train, ROWS, tasks);
    let scratch = TaskGram::<f32>::gram_scratch(net, ROWS, tasks, tasks);
    need.scratch = need.scratch.max(scratch);
    let (mut workspace, mut gram) = (Workspace::<f32>::new(need), vec![0.0; tasks * tasks]);
    let weights = vec![0.5; tasks];
    let before = calls();
    let mut slabs = workspace.slabs();
    let w = &mut slabs.work;
    let one = Ctx::train(1);
    let each = Ctx { ways: tasks, ..one };
    net.forward(
        &one,
        &p,
        x,
        MatMut::planned(&mut y, ROWS, outputs),
        slabs.saved,
        w,
    );
    let at = At {
        x,
        y: MatRef::planned(&y, ROWS, outputs),
        saved: slabs.saved,
    };
    let (all, first) = (
        MatRef::planned(&dy, tasks * ROWS, outputs),
        MatRef::planned(&dy, ROWS, outputs),
    );
    net.backward(
        &each,
        &p,
        at,
        all,
        slabs.deltas,
        Out::Skip,
        Out::Set(&mut dp),
        w,
    );
    let mut products = Gram::new(&mut gram, tasks);
    net.gram_backward(
        &each,
        &p,
        at,
        all,
        slabs.deltas,
        Out::Skip,
        &mut products,
        w,
    );
    let weighted = Ctx {
        weights: &weights,
        ..one
    };
    net.backward(
        &weighted,
        &p,
        at,
        first,
        slabs.deltas,
        Out::Skip,
        Out::Set(&mut dp[..params]),
        w,
    );
    net.backward(
        &one,
        &p,
        at,
        first,
        slabs.deltas,
        Out::Skip,
        Out::Set(&mut dp[..params]),
        w,
    );
    let into = MatMut::planned(&mut ry, ROWS, outputs);
    net.r_forward(&one, &p, &p, at, None, into, slabs.rsaved, w);
    let r = RAt {
        rx: None,
        ry: MatRef::planned(&ry, ROWS, outputs),
        rsaved: slabs.rsaved,
    };
    let (deltas, rdp) = (&*slabs.deltas, Out::Set(&mut dp[..params]));
    net.r_backward(&one, &p, &p, at, r, first, deltas, first, Out::Skip, rdp, w);
    assert_eq!(calls(), before);
}

#[test]
fn networks_of_tasks() {
    let output = |(name, kind): (&str, Kind)| Output {
        name: name.into(),
        kind,
    };
    let outputs = [
        ("a", Kind::Number),
        ("b", Kind::Classes(2)),
        ("c", Kind::Classes(3)),
    ]
    .map(output);
    let (activation, inputs) = (Activation::Tanh, 12);
    let stitched = CrossStitch {
        tower: vec![5, 4],
        activation,
    };
    let extraction = Ple {
        own: 1,
        shared: 1,
        levels: vec![vec![5], vec![4]],
        tower: vec![3],
        activation,
    };
    let attentive = Mtan {
        trunk: vec![5, 4],
        attention: 3,
        activation,
    };
    let reads = vec![vec![], vec![0], vec![0, 1]];
    let dag = TaskDag {
        trunk: vec![5],
        tower: vec![4],
        reads,
        activation,
    };
    let built = [
        stitched.build(inputs, &outputs),
        extraction.build(inputs, &outputs),
        attentive.build(inputs, &outputs),
        dag.build(inputs, &outputs),
    ];
    for network in built.map(|network| network.unwrap()) {
        passes(network.graph(), network.layout().len());
    }
}
