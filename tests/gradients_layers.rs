//! Every verb of every layer equals the dual-number reference to rounding.

mod harness;
mod support;

use cognate::Real;
use cognate::layer::{Contextual, Stack};
use cognate::params::Span;
use harness::build::Build;
use harness::verbs::check;
use harness::{Pass, config, length};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use support::Random;
use support::Scalar;
use support::layers::{Act, Layer, RowMap};

/// The network in both types, as a stack of trait objects.
fn check_both(build: &Build, pass: &Pass) -> Result<(), TestCaseError> {
    check_in::<f64>(build, pass)?;
    check_in::<f32>(build, pass)
}

fn check_in<T: Real>(build: &Build, pass: &Pass) -> Result<(), TestCaseError> {
    check::<T>(&Stack(build.layers()), &build.theirs, build.params(), pass)
}

/// Layers that see `width` more inputs, the parameters from `start` on.
struct WithContext {
    layers: Vec<Layer>,
    start: usize,
    width: usize,
}

impl RowMap for WithContext {
    fn row<S: Scalar>(&self, i: usize, p: &[S], x: &[S]) -> Vec<S> {
        let context = &p[self.start..self.start + self.width];
        self.layers.row(i, p, &[x, context].concat())
    }
}

fn check_context<T: Real>(build: &Build, width: usize, pass: &Pass) -> Result<(), TestCaseError> {
    let start = build.params();
    let ours = Contextual {
        context: Span::new("context", start, 1, width),
        layer: Stack(build.layers::<T>()),
    };
    let theirs = WithContext {
        layers: build.theirs.clone(),
        start,
        width,
    };
    check::<T>(&ours, &theirs, start + width, pass)
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn contexts(pass in Pass::any(), inputs in 1..=6_usize, width in 0..=4_usize, depth in 1..=2_usize) {
        let mut build = Build::default();
        build.dense(inputs + width, 5, Act::Tanh, true);
        (1..depth).for_each(|_| build.dense(5, 5, Act::Logistic, false));
        check_context::<f64>(&build, width, &pass)?;
        check_context::<f32>(&build, width, &pass)?;
    }

    #[test]
    fn dense(
        pass in Pass::any(),
        inputs in length(),
        outputs in length(),
        act in proptest::sample::select(&Act::ALL[..]),
        bias: bool,
    ) {
        let mut build = Build::default();
        build.dense(inputs, outputs, act, bias);
        check_both(&build, &pass)?;
    }

    #[test]
    fn layer_norm(pass in Pass::any(), width in length()) {
        let mut build = Build::default();
        build.layer_norm(width);
        check_both(&build, &pass)?;
    }

    #[test]
    fn dropout(pass in Pass::any(), width in length(), rate in proptest::sample::select(&[0.0, 0.5, 0.75][..])) {
        let mut build = Build::default();
        build.dropout(width, rate, &pass);
        check_both(&build, &pass)?;
    }

    #[test]
    fn stacks(pass in Pass::any(), inputs in 1..=20_usize, depth in 2..=4_usize) {
        let (mut build, mut random) = (Build::default(), Random::new(pass.seed));
        (0..depth).fold(inputs, |width, _| build.any(width, &pass, &mut random));
        check_both(&build, &pass)?;
    }
}
