//! Identities of layers that hold to the last bit: what a batch, a group, a way or a nesting may not change.

mod harness;
mod support;

use cognate::layer::{
    At, Backward, Ctx, Dense, Dropout, Forward, Init, LayerNorm, Mode, Out, Stack, Tangent,
};
use cognate::params::{LayoutBuf, Span};
use cognate::workspace::Workspace;
use cognate::{Activation, MatMut, MatRef, Real};
use harness::build::Build;
use harness::verbs::{Data, Results, run};
use harness::{Pass, config, length, levels, typed};
use proptest::prelude::*;
use support::Random;

/// A network of `depth` layers on `inputs` inputs.
fn network(pass: &Pass, inputs: usize, depth: usize) -> Build {
    let (mut build, mut random) = (Build::default(), Random::new(pass.seed));
    (0..depth).fold(inputs, |width, _| build.any(width, pass, &mut random));
    build
}

/// Outputs of `layer` on `x`, `n x in`.
fn forward<T: Real>(layer: &dyn Forward<T>, c: &Ctx<'_>, p: &[T], x: &[T], n: usize) -> Vec<T> {
    let (inputs, outputs) = layer.width();
    let mut workspace = Workspace::new(layer.need(c.mode, n, c.ways));
    let mut slabs = workspace.slabs();
    slabs.saved.fill(T::NAN);
    slabs.work.scratch().fill(T::NAN);
    let mut y = vec![T::NAN; n * outputs];
    let (from, into) = (
        MatRef::planned(x, n, inputs),
        MatMut::planned(&mut y, n, outputs),
    );
    layer.forward(c, p, from, into, slabs.saved, &mut slabs.work);
    y
}

/// Every number that the verbs yield.
fn all(r: &Results) -> [&[f64]; 6] {
    [&r.y, &r.dx, &r.dp, &r.ry, &r.rdx, &r.rdp]
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn a_row_alone_has_the_bits_it_has_in_a_batch(
        rows in length(), inputs in length(), depth in 1..=4_usize, seed: u64,
    ) {
        let pass = Pass::plain(rows, seed);
        let build = network(&pass, inputs, depth);
        let net = Stack(build.layers::<f32>());
        let data = Data::new(&pass, build.params(), Forward::<f32>::width(&net));
        let (p, x) = (typed::<f32>(&data.p), typed::<f32>(&data.x));
        let outputs = Forward::<f32>::width(&net).1;
        for c in [Ctx::PREDICT, Ctx::train(seed)] {
            let batch = forward(&net, &c, &p, &x, rows);
            for i in [0, rows / 2, rows - 1] {
                let c = Ctx { first_id: i as u32, ..c };
                let alone = forward(&net, &c, &p, &x[i * inputs..][..inputs], 1);
                prop_assert_eq!(&alone[..], &batch[i * outputs..][..outputs]);
            }
        }
    }

    #[test]
    fn predicting_has_the_bits_of_training_without_dropout(
        rows in length(), inputs in length(), depth in 1..=4_usize, seed: u64,
    ) {
        let pass = Pass::plain(rows, seed);
        let mut build = network(&pass, inputs, depth);
        for layer in &mut build.ours {
            if let harness::build::Ours::Dropout(dropout) = layer {
                dropout.rate = 0.0;
            }
        }
        let net = Stack(build.layers::<f64>());
        let data = Data::new(&pass, build.params(), Forward::<f64>::width(&net));
        let trained = forward(&net, &Ctx::train(seed), &data.p, &data.x, rows);
        prop_assert_eq!(forward(&net, &Ctx::PREDICT, &data.p, &data.x, rows), trained);
    }

    #[test]
    fn a_stack_in_a_stack_is_flat(
        pass in Pass::any(), inputs in 1..=20_usize, depth in 2..=5_usize, at in 1..=4_usize,
    ) {
        let build = network(&pass, inputs, depth);
        let layers = build.layers::<f32>();
        let (front, back) = layers.split_at(at.min(depth - 1));
        let (front, back) = (Stack(front), Stack(back));
        let halves: [&(dyn Tangent<f32> + Sync); 2] = [&front, &back];
        let (nested, flat) = (Stack(&halves[..]), Stack(&layers[..]));
        let data = Data::new(&pass, build.params(), Forward::<f32>::width(&flat));
        let groups = pass.ranges();
        let c = Ctx { groups: &groups, ways: pass.ways, ..Ctx::train(pass.seed) };
        for level in levels() {
            let (nested, flat) = (run(&nested, &pass, &c, &data, level), run(&flat, &pass, &c, &data, level));
            prop_assert_eq!(all(&nested), all(&flat));
        }
    }

    #[test]
    fn ways_and_groups_are_separate_passes(
        pass in Pass::any(), inputs in 1..=20_usize, depth in 1..=3_usize,
    ) {
        let pass = Pass { ways: 2, groups: 2, add: false, ..pass };
        let build = network(&pass, inputs, depth);
        let net = Stack(build.layers::<f32>());
        let (_, outputs) = Forward::<f32>::width(&net);
        let data = Data::new(&pass, build.params(), (inputs, outputs));
        let groups = pass.ranges();
        let c = Ctx { groups: &groups, ways: 2, ..Ctx::train(pass.seed) };
        for level in levels() {
            let together = run(&net, &pass, &c, &data, level);
            for block in c.blocks(pass.rows) {
                let alone = Pass { rows: block.x.len(), ways: 1, groups: 0, ..pass };
                let part = data.part(&block, inputs, outputs);
                let c = Ctx { first_id: block.x.start as u32, ..Ctx::train(pass.seed) };
                let alone = run(&net, &alone, &c, &part, level);
                let params = build.params();
                let dp = block.gradient * params..(block.gradient + 1) * params;
                let dx = block.dy.start * inputs..block.dy.end * inputs;
                prop_assert_eq!(&together.dp[dp.clone()], &alone.dp[..]);
                prop_assert_eq!(&together.rdp[dp], &alone.rdp[..]);
                prop_assert_eq!(&together.dx[dx.clone()], &alone.dx[..]);
                prop_assert_eq!(&together.rdx[dx], &alone.rdx[..]);
            }
        }
    }

    #[test]
    fn what_is_skipped_changes_nothing_else(rows in length(), inputs in 1..=20_usize, depth in 1..=3_usize, seed: u64) {
        let pass = Pass::plain(rows, seed);
        let build = network(&pass, inputs, depth);
        let net = Stack(build.layers::<f64>());
        let (_, outputs) = Forward::<f64>::width(&net);
        let data = Data::new(&pass, build.params(), (inputs, outputs));
        let c = Ctx::train(seed);
        let mut workspace = Workspace::new(Forward::<f64>::need(&net, Mode::Train, rows, 1));
        let mut slabs = workspace.slabs();
        let (x, dy) = (MatRef::planned(&data.x, rows, inputs), MatRef::planned(&data.dy, rows, outputs));
        let mut y = vec![0.0; rows * outputs];
        let into = MatMut::planned(&mut y, rows, outputs);
        net.forward(&c, &data.p, x, into, slabs.saved, &mut slabs.work);
        let at = At { x, y: MatRef::planned(&y, rows, outputs), saved: slabs.saved };
        let mut backward = |dx: Option<&mut [f64]>, dp: Option<&mut [f64]>| {
            let dx = dx.map_or(Out::Skip, |dx| Out::Set(MatMut::planned(dx, rows, inputs)));
            let dp = dp.map_or(Out::Skip, Out::Set);
            net.backward(&c, &data.p, at, dy, slabs.deltas, dx, dp, &mut slabs.work);
        };
        let mut dx = [(); 2].map(|()| vec![0.0; rows * inputs]);
        let mut dp = [(); 2].map(|()| vec![0.0; build.params()]);
        backward(Some(&mut dx[0]), Some(&mut dp[0]));
        backward(Some(&mut dx[1]), None);
        backward(None, Some(&mut dp[1]));
        backward(None, None);
        prop_assert_eq!(&dx[0], &dx[1]);
        prop_assert_eq!(&dp[0], &dp[1]);
    }
}

const DROPOUT: Dropout = Dropout {
    span: Span::new("dropout", 0, 0, 50),
    rate: 0.25,
};

/// The mask of rows with these ids: what dropout makes of ones.
fn mask(dropout: Dropout, seed: u64, row_ids: &[u32]) -> Vec<f64> {
    let ones = vec![1.0; row_ids.len() * 50];
    let c = Ctx {
        row_ids,
        ..Ctx::train(seed)
    };
    forward(&dropout, &c, &[], &ones, row_ids.len())
}

#[test]
fn a_mask_belongs_to_a_row_whatever_batch_it_is_in() {
    let ids: Vec<u32> = (0..100).map(|i| 7 * i + 3).collect();
    let all = mask(DROPOUT, 5, &ids);
    let backwards: Vec<u32> = ids.iter().rev().copied().collect();
    for (row, turned) in all
        .chunks(50)
        .zip(mask(DROPOUT, 5, &backwards).chunks(50).rev())
    {
        assert_eq!(row, turned);
    }
    assert_eq!(mask(DROPOUT, 5, &ids[40..60]), all[40 * 50..60 * 50]);
    let counted = forward(&DROPOUT, &Ctx::train(5), &[], &[1.0; 150], 3);
    assert_eq!(counted, mask(DROPOUT, 5, &[0, 1, 2]));
}

#[test]
fn masks_differ_by_seed_and_layer_and_keep_the_mean() {
    let ids: Vec<u32> = (0..2000).collect();
    let all = mask(DROPOUT, 5, &ids);
    let other = Dropout {
        span: Span::new("another", 0, 0, 50),
        ..DROPOUT
    };
    for different in [mask(DROPOUT, 6, &ids), mask(other, 5, &ids)] {
        // Independent masks agree where both keep or both drop.
        let agree = all.iter().zip(&different).filter(|(a, b)| a == b).count();
        assert_near_share(agree, all.len(), 0.75 * 0.75 + 0.25 * 0.25);
    }
    let kept = all.iter().filter(|&&m| m == 1.0 / 0.75).count();
    let dropped = all.iter().filter(|&&m| m == 0.0).count();
    assert_eq!(kept + dropped, all.len());
    assert_near_share(kept, all.len(), 0.75);
    for column in 0..50 {
        let kept = all
            .iter()
            .skip(column)
            .step_by(50)
            .filter(|&&m| m > 0.0)
            .count();
        assert_near_share(kept, 2000, 0.75);
    }
}

/// `count` of `n` trials of probability `p` lies within 5 standard deviations.
fn assert_near_share(count: usize, n: usize, p: f64) {
    let n = n as f64;
    let distance = (count as f64 - n * p).abs();
    assert!(
        distance < 5.0 * (n * p * (1.0 - p)).sqrt(),
        "{count} of {n} at {p}"
    );
}

#[test]
fn dropout_hands_through_without_a_rate_and_when_predicting() {
    let x = Random::new(1).numbers(200);
    let off = Dropout {
        rate: 0.0,
        ..DROPOUT
    };
    assert_eq!(forward(&off, &Ctx::train(1), &[], &x, 4), x);
    assert_eq!(forward(&DROPOUT, &Ctx::PREDICT, &[], &x, 4), x);
}

/// A layer of 300 inputs and 200 outputs with a bias, behind `before` other parameters.
fn layer(before: usize, activation: Activation) -> (Dense, usize) {
    let mut layout = LayoutBuf::new();
    layout.add("before", 1, before);
    let weight = layout.add_weight("layers.1.weight", 300, 200);
    let bias = Some(layout.add("layers.1.bias", 1, 200));
    let dense = Dense {
        weight,
        bias,
        activation,
    };
    (dense, layout.view().len())
}

/// Weights and biases that `init` gives.
fn start<T: Real>(dense: (Dense, usize), init: Init, seed: u64) -> (Vec<T>, Vec<T>) {
    let (dense, params) = dense;
    let mut p = vec![T::NAN; params];
    dense.init(init, seed, &mut p);
    assert!(
        p[..dense.weight.start].iter().all(|v| !v.is_finite()),
        "only its own part"
    );
    let bias = dense.bias.unwrap().of(&p).to_vec();
    (dense.weight.of(&p).to_vec(), bias)
}

/// The variance lies within 5 standard errors (at most `2 / n` of its square, for a normal distribution); the mean likewise.
fn assert_spread(numbers: &[f64], variance: f64) {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let square = numbers.iter().map(|x| x * x).sum::<f64>() / n;
    assert!(mean.abs() < 5.0 * (variance / n).sqrt(), "mean {mean}");
    assert!(
        (square - variance).abs() < 5.0 * variance * (2.0 / n).sqrt(),
        "variance {square}, not {variance}"
    );
}

#[test]
fn initialisers_have_their_bounds_and_variances() {
    let relu = layer(0, Activation::Relu);
    let logistic = layer(0, Activation::Logistic);
    // Initialiser, layer, variance of the weights, bound of the weights (none if normal), bound of the biases.
    let table = [
        (
            Init::GlorotUniform,
            relu,
            2.0 / 500.0,
            Some(6.0 / 500.0),
            0.0,
        ),
        (Init::GlorotNormal, relu, 2.0 / 500.0, None, 0.0),
        (Init::HeUniform, relu, 2.0 / 300.0, Some(6.0 / 300.0), 0.0),
        (Init::HeNormal, relu, 2.0 / 300.0, None, 0.0),
        (
            Init::Linear,
            relu,
            1.0 / 900.0,
            Some(1.0 / 300.0),
            1.0 / 300.0,
        ),
        (
            Init::ScikitLearn,
            relu,
            2.0 / 500.0,
            Some(6.0 / 500.0),
            6.0 / 500.0,
        ),
        (
            Init::ScikitLearn,
            logistic,
            2.0 / 1500.0,
            Some(2.0 / 500.0),
            2.0 / 500.0,
        ),
    ];
    let largest = |numbers: &[f64]| numbers.iter().fold(0.0, |top: f64, x| top.max(x.abs()));
    for (init, dense, variance, weight_bound, bias_bound) in table {
        let (weight, bias) = start::<f64>(dense, init, 11);
        assert_spread(&weight, variance);
        assert!(
            weight_bound.is_none_or(|square: f64| largest(&weight) <= square.sqrt()),
            "{init:?}"
        );
        assert!(largest(&bias) <= f64::sqrt(bias_bound), "{init:?}");
        if bias_bound > 0.0 {
            assert_spread(&bias, bias_bound / 3.0);
        }
    }
    let (weight, bias) = start::<f64>(relu, Init::Zeros, 11);
    assert_eq!((largest(&weight), largest(&bias)), (0.0, 0.0));
}

#[test]
fn a_start_depends_on_seed_and_name_alone() {
    let (weight, bias) = start::<f64>(layer(0, Activation::Tanh), Init::Linear, 11);
    assert_eq!(
        start(layer(77, Activation::Tanh), Init::Linear, 11),
        (weight.clone(), bias.clone())
    );
    assert_ne!(
        start::<f64>(layer(0, Activation::Tanh), Init::Linear, 12).0,
        weight
    );
    assert_ne!(weight[..200], bias[..]);
    let rounded: Vec<f32> = weight.iter().map(|&w| w as f32).collect();
    assert_eq!(
        start::<f32>(layer(0, Activation::Tanh), Init::Linear, 11).0,
        rounded
    );
}

#[test]
fn layer_norm_starts_as_plain_normalisation() {
    let (gain, bias) = (Span::new("gain", 1, 1, 3), Span::new("bias", 4, 1, 3));
    let norm = LayerNorm {
        gain,
        bias,
        epsilon: 1e-5,
    };
    let mut p = [7.0; 8];
    norm.init(&mut p);
    assert_eq!(p, [7.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 7.0]);
}

#[test]
fn stacks_own_or_borrow_their_layers() {
    let layers = [layer(0, Activation::Relu).0; 1];
    let owned = [
        Forward::<f32>::width(&Stack(layers.to_vec())),
        Forward::<f32>::width(&Stack(&layers[..])),
        Forward::<f32>::width(&Stack(Box::from(layers))),
        Forward::<f32>::width(&Box::new(Stack(vec![&layers[0] as &dyn Tangent<f32>]))),
    ];
    assert_eq!(owned, [(300, 200); 4]);
}
