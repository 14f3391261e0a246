//! Every verb of every architecture, and of the layers that it is made of, equals the dual-number reference to rounding.

use cognate::Real;
use cognate::layer::Tangent;
use cognate::mtl::net::{Attend, Bilinear, Blend, Mix, Softmax, Sum};
use cognate::params::Span;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::cases::{Which, case};
use crate::harness::build::activation;
use crate::harness::verbs::check;
use crate::harness::{Pass, config};
use crate::support::Random;
use crate::support::layers::{Act, RowMap};
use crate::support::nets as reference;

/// The layer in both types.
fn check_both(
    layer: &(impl Tangent<f64> + Tangent<f32>),
    map: &impl RowMap,
    params: usize,
    pass: &Pass,
) -> Result<(), TestCaseError> {
    check_in::<f64>(layer, map, params, pass)?;
    check_in::<f32>(layer, map, params, pass)
}

fn check_in<T: Real>(
    layer: &dyn Tangent<T>,
    map: &impl RowMap,
    params: usize,
    pass: &Pass,
) -> Result<(), TestCaseError> {
    check::<T>(layer, map, params, pass)
}

/// Few rows, so that every coordinate is tried.
fn few_rows() -> impl Strategy<Value = Pass> {
    Pass::any().prop_map(|pass| Pass {
        rows: 1 + pass.rows % 9,
        ..pass
    })
}

/// The same with one way and no groups.
fn one_way() -> impl Strategy<Value = Pass> {
    few_rows().prop_map(|pass| Pass {
        ways: 1,
        groups: 0,
        ..pass
    })
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn sums(pass in few_rows(), width in 1..=9_usize, blocks in 1..=4_usize, act in proptest::sample::select(&Act::ALL[..])) {
        let sum = Sum { width, blocks, activation: activation(act) };
        check_both(&sum, &reference::Blocks { blocks, act }, 0, &pass)?;
    }

    #[test]
    fn softmaxes(pass in few_rows(), width in 1..=20_usize) {
        check_both(&Softmax { width }, &reference::Softmax, 0, &pass)?;
    }

    #[test]
    fn mixes(pass in few_rows(), tasks in 1..=5_usize, width in 1..=9_usize) {
        let mix = Mix { weight: Span::new("mix", 0, tasks, tasks), width };
        check_both(&mix, &reference::Mix(tasks), tasks * tasks, &pass)?;
    }

    #[test]
    fn blends(pass in few_rows(), width in 1..=9_usize, experts in 1..=4_usize, gates in 1..=3_usize) {
        let mut random = Random::new(pass.seed);
        let mut gate = |_| -> Vec<usize> { (0..experts).filter(|_| !random.one_in(3)).collect() };
        let gates: Vec<Vec<usize>> = (0..gates).map(&mut gate).collect();
        let map = reference::Blend { width, experts, gates: gates.clone() };
        prop_assume!(gates.iter().all(|gate| !gate.is_empty()));
        check_both(&Bilinear(Blend { width, experts, gates }), &map, 0, &pass)?;
    }

    #[test]
    fn attention(pass in few_rows(), width in 1..=9_usize, masks in 1..=3_usize) {
        check_both(&Bilinear(Attend { width, masks }), &reference::Attend(width), 0, &pass)?;
    }

    #[test]
    fn architectures(
        pass in one_way(), which in proptest::sample::select(&Which::ALL[..]),
        inputs in 1..=5_usize, act in proptest::sample::select(&Act::ALL[..]),
    ) {
        let case = case(which, inputs, act, &mut Random::new(pass.seed));
        let params = case.net.layout().len();
        check_both(case.net.graph(), &case.theirs, params, &pass)?;
    }
}
