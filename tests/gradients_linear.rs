//! Value, gradient and Hessian products of a loss over a linear map equal the dual-number reference to rounding.

mod harness;
mod support;

use cognate::objective::linear::LinearObjective;
use cognate::{Level, Real};
use harness::objective::{Case, Results};
use harness::{Pass, config, length, levels};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use support::layers::{Act, Dense};

/// `z = W' x + b`, flat as `[W, b]` with `W: inputs x outputs`.
fn case(pass: Pass, inputs: usize, outputs: usize, intercept: bool) -> Case<Dense> {
    let weights = inputs * outputs;
    let map = Dense {
        weight: 0,
        bias: intercept.then_some(weights),
        outputs,
        act: Act::Identity,
    };
    let params = weights + if intercept { outputs } else { 0 };
    let penalised = std::iter::once(0..weights).collect();
    Case::new(map, params, penalised, (inputs, outputs), pass)
}

fn run<T: Real>(case: &Case<Dense>, level: Level, threads: usize) -> Results {
    let (x, labels) = (case.x::<T>(), case.labels.typed::<T>(case.pass.beside));
    let objective = LinearObjective {
        x: x.view(),
        y: labels.targets(),
        loss: &case.labels.ours::<T>(),
        outputs: case.map.outputs,
        intercept: case.map.bias.is_some(),
        scale: T::from_f64(case.scale),
        l2: T::from_f64(case.l2),
        inverse: None,
    };
    case.run(&objective, level, threads)
}

fn check<T: Real>(case: &Case<Dense>) -> Result<(), TestCaseError> {
    let results = levels().into_iter().map(|level| run::<T>(case, level, 1));
    case.compare::<T>(&results.collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(config(60))]
    #[test]
    fn linear_maps(pass in Pass::any(), inputs in length(), outputs in 1..=8_usize, intercept: bool) {
        let case = case(pass, inputs, outputs, intercept);
        check::<f64>(&case)?;
        check::<f32>(&case)?;
    }
}

/// More rows than a chunk has: the same reference, and the same bits on any number of threads.
#[test]
fn chunks_of_rows() {
    let case = case(Pass::plain(2300, 3), 5, 3, true);
    check::<f64>(&case).unwrap();
    check::<f32>(&case).unwrap();
    let level = levels()[0];
    let one = run::<f32>(&case, level, 1);
    for threads in 2..=4 {
        assert_eq!(run::<f32>(&case, level, threads), one);
    }
}
