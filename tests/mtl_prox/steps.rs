//! Proximal steps, values and dual norms against their definitions.

use cognate::mtl::linear::prox::{Norm, TaskTree};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::problem::apart;
use crate::proximal::SlowNorm;
use crate::{Random, config, nested};

/// What rounding may do to a few sums of a hundred terms of size 1; singular values come from squares.
const ROUNDING: f64 = 1e-12;

/// The known answers' tolerance of proximal steps: how near iterations come to one.
const STEP: f64 = 1e-10;

/// Every norm with its slow twin, on `columns` columns.
fn norms(columns: usize, random: &mut Random) -> Vec<(Norm, SlowNorm)> {
    let task: Vec<usize> = (0..columns).map(|k| k / 2).collect();
    let groups = nested(columns, random);
    vec![
        (Norm::Entries, SlowNorm::Entries),
        (Norm::Rows, SlowNorm::Rows),
        (Norm::RowMaxima, SlowNorm::RowMaxima),
        (Norm::Tasks(task.clone()), SlowNorm::Tasks(task)),
        (Norm::Nuclear, SlowNorm::Nuclear),
        (
            Norm::Tree(TaskTree::new(groups.clone()).unwrap()),
            SlowNorm::Tree(groups),
        ),
    ]
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn check(seed: u64, rows: usize, columns: usize, tau: f64) -> Result<(), TestCaseError> {
    let mut random = Random::new(seed);
    let w = random.numbers(rows * columns);
    for (norm, slow) in norms(columns, &mut random) {
        prop_assert!((norm.value(&w, columns) - slow.value(&w, columns)).abs() <= ROUNDING);
        let (mut v, mut slowly) = (w.clone(), w.clone());
        let value = norm.prox(tau, &mut v, columns);
        slow.prox(tau, &mut slowly, columns);
        let difference = apart(&v, &slowly);
        prop_assert!(difference <= STEP, "{norm:?}: {difference:e}");
        prop_assert!(
            (value - slow.value(&v, columns)).abs() <= ROUNDING,
            "{norm:?}: {value}"
        );
        let mut still = w.clone();
        norm.prox(0.0, &mut still, columns);
        prop_assert!(apart(&still, &w) <= ROUNDING, "{norm:?} moves by nothing");
        // What the step took lies in the dual ball, and on its edge as seen from where it ended.
        let taken: Vec<f64> = w.iter().zip(&v).map(|(w, v)| w - v).collect();
        let dual = norm.dual(&taken, columns);
        prop_assert!(dual <= tau + ROUNDING, "{norm:?}: {dual} beyond {tau}");
        prop_assert!(
            (inner(&taken, &v) - tau * value).abs() <= ROUNDING,
            "{norm:?}"
        );
        if let Some(slowly) = slow.dual(&w, columns) {
            prop_assert!(
                (norm.dual(&w, columns) - slowly).abs() <= ROUNDING,
                "{norm:?}"
            );
        }
        // At the dual norm the step leaves nothing, below it something.
        let dual = norm.dual(&w, columns);
        for (factor, nothing) in [(1.0 + ROUNDING, true), (1.0 - 1e-9, false)] {
            let mut v = w.clone();
            norm.prox(factor * dual, &mut v, columns);
            prop_assert_eq!(
                v.iter().all(|&v| v == 0.0),
                nothing,
                "{:?} at {}",
                norm,
                factor
            );
        }
    }
    Ok(())
}

#[test]
fn steps_are_optimal() {
    proptest!(config(64), |(seed in any::<u64>(), rows in 1..9_usize, columns in 1..9_usize, tau in 0.05..2.0_f64)| {
        check(seed, rows, columns, tau)?;
    });
}

#[test]
fn groups_must_be_nested() {
    let tree =
        |groups: &[&[usize]]| TaskTree::new(groups.iter().map(|g| (g.to_vec(), 1.0)).collect());
    assert!(tree(&[&[0, 1, 2], &[0], &[1, 2], &[2, 1]]).is_some());
    assert!(tree(&[&[0, 1], &[1, 2]]).is_none());
    assert!(tree(&[&[0], &[]]).is_none());
}
