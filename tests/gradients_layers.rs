//! Every verb of every layer equals the dual-number reference to rounding.

mod support;
mod verbs;

use cognate::Activation;
use cognate::layer::Dense;
use cognate::params::Span;
use proptest::prelude::*;
use support::layers::{self as reference, Act};
use verbs::{Pass, check, config, length};

fn activation(act: Act) -> Activation {
    match act {
        Act::Identity => Activation::Identity,
        Act::Relu => Activation::Relu,
        Act::Tanh => Activation::Tanh,
        Act::Logistic => Activation::Logistic,
        Act::Gelu => Activation::Gelu,
    }
}

/// A dense layer in both forms, its parameters from `start` on, and where they end.
fn dense(
    start: usize,
    shape: (usize, usize),
    act: Act,
    bias: bool,
) -> (Dense, reference::Dense, usize) {
    let (inputs, outputs) = shape;
    let weight = Span::new("weight", start, inputs, outputs);
    let after = weight.range().end;
    let bias = bias.then(|| Span::new("bias", after, 1, outputs));
    let ours = Dense {
        weight,
        bias,
        activation: activation(act),
    };
    let theirs = reference::Dense {
        weight: start,
        bias: bias.map(|b| b.start),
        outputs,
        act,
    };
    (ours, theirs, bias.map_or(after, |b| b.range().end))
}

proptest! {
    #![proptest_config(config(60))]
    #[test]
    fn dense_layers(
        pass in Pass::any(),
        shape in (length(), length()),
        act in proptest::sample::select(&Act::ALL[..]),
        bias: bool,
    ) {
        let (ours, theirs, params) = dense(0, shape, act, bias);
        check::<f64>(&ours, &theirs, params, &pass)?;
        check::<f32>(&ours, &theirs, params, &pass)?;
    }
}
