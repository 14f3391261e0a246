//! What fits of random effects do not depend on: the order of tasks and rows, pieces, units, threads.

use cognate::mtl::Summaries;
use cognate::mtl::linear::random_effects::{
    Covariance, Likelihood, RandomEffects, RandomEffectsModel,
};

use crate::data::{Rows, assert_near};
use crate::promises::{BOTH, CERTIFIED, assert_same, fit, full};

/// Task 3 for task 0, and so on, and rows from the last to the first.
fn turned(rows: &Rows) -> Rows {
    let n = rows.y.len();
    let row = |i: usize| &rows.x[i * rows.d..][..rows.d];
    Rows {
        x: (0..n).rev().flat_map(row).copied().collect(),
        y: rows.y.iter().rev().copied().collect(),
        task: rows
            .task
            .iter()
            .rev()
            .map(|t| (t + 3) % rows.tasks as u32)
            .collect(),
        ..rows.clone()
    }
}

#[test]
fn the_order_of_tasks_and_rows_does_not_matter() {
    let rows = Rows::new(12, 10, 8, &[1.0, 0.5]);
    let (plain, mut other) = (full(&rows), full(&turned(&rows)));
    other.0 = {
        let effects = |t: usize| (t + 3) % 10;
        for t in 0..10 {
            let found = &other.0.effects()[2 * effects(t)..][..2];
            assert_near(
                "effects",
                found,
                &plain.0.effects()[2 * t..][..2],
                CERTIFIED,
            );
        }
        other.0
    };
    assert_near("likelihood", &[other.1], &[plain.1], 1e-9);
    assert_near("phi", other.0.phi(), plain.0.phi(), CERTIFIED);
    assert_near(
        "covariance",
        other.0.covariance(),
        plain.0.covariance(),
        CERTIFIED,
    );
}

#[test]
fn rows_may_come_in_pieces() {
    let rows = Rows::new(13, 10, 8, &[1.0, 0.5]);
    let mut merged = Summaries::new(10, 1);
    for part in 0..3 {
        merged.merge(&rows.filter(|i| i % 3 == part).summaries());
    }
    let (model, report) = RandomEffects::default().fit_summaries(&merged).unwrap();
    assert_same(&(model, report.log_likelihood), &full(&rows), CERTIFIED);
}

#[test]
fn rows_of_no_weight_are_not_there() {
    let mut rows = Rows::new(14, 10, 8, &[1.0, 0.5]);
    let fewer = rows.filter(|i| i % 4 != 1);
    rows.weight = Some(
        (0..80)
            .map(|i| if i % 4 == 1 { 0.0 } else { 1.0 })
            .collect(),
    );
    let (a, b) = (full(&rows), full(&fewer));
    assert_eq!(
        (a.0.phi(), a.0.effects(), a.1),
        (b.0.phi(), b.0.effects(), b.1)
    );
}

#[test]
fn weights_in_other_units_change_the_noise_alone() {
    let mut rows = Rows::new(15, 10, 8, &[1.0, 0.5]);
    let plain = full(&rows);
    rows.weight = Some(vec![4.0; 80]);
    let weighted = full(&rows);
    assert_near(
        "noise",
        &[weighted.0.noise_variance()],
        &[4.0 * plain.0.noise_variance()],
        CERTIFIED,
    );
    assert_near(
        "covariance",
        weighted.0.covariance(),
        plain.0.covariance(),
        CERTIFIED,
    );
    assert_near("likelihood", &[weighted.1], &[plain.1], 1e-9);
}

#[test]
fn units_and_origins_do_not_matter_to_a_full_covariance() {
    let rows = Rows::new(16, 15, 9, &[1.0, 0.5, 0.8]);
    let (scale, origin) = ([1e-3, 200.0], [5.0, -3e3]);
    let mut other = rows.clone();
    for (at, x) in other.x.iter_mut().enumerate() {
        *x = scale[at % 2] * *x + origin[at % 2];
    }
    other.y.iter_mut().for_each(|y| *y = 1e4 * *y + 7.0);
    for likelihood in BOTH {
        let settings = RandomEffects::default().with_likelihood(likelihood);
        let (a, b) = (fit(settings, &rows), fit(settings, &other));
        let lines = |m: &RandomEffectsModel, t: usize, x: [f64; 2]| {
            let summaries = if core::ptr::eq(m, &a.0) {
                rows.summaries()
            } else {
                other.summaries()
            };
            let e = m.posterior(&summaries, t).unwrap().predict(&x).unwrap();
            [e.mean, e.standard_error]
        };
        for t in 0..15 {
            let x = [0.7, -1.1];
            let moved = [scale[0] * x[0] + origin[0], scale[1] * x[1] + origin[1]];
            let (e, f) = (lines(&a.0, t, x), lines(&b.0, t, moved));
            assert_near("mean", &[(f[0] - 7.0) / 1e4], &[e[0]], CERTIFIED);
            assert_near("error", &[f[1] / 1e4], &[e[1]], CERTIFIED);
        }
        // The slopes' covariance changes with their units.
        let c = |m: &RandomEffectsModel, i: usize, j: usize| m.covariance()[i * 3 + j];
        for (i, j) in [(1, 1), (1, 2), (2, 2)] {
            let back = c(&b.0, i, j) * scale[i - 1] * scale[j - 1] / 1e8;
            assert_near("covariance", &[back], &[c(&a.0, i, j)], CERTIFIED);
        }
        let rows_left = if likelihood == Likelihood::Ml {
            135.0
        } else {
            132.0
        };
        let features = if likelihood == Likelihood::Ml {
            0.0
        } else {
            (scale[0] * scale[1]).ln()
        };
        let expected = a.1 - rows_left * 1e4_f64.ln() - features;
        assert_near("likelihood", &[b.1], &[expected], 1e-8);
    }
}

#[test]
fn units_do_not_matter_to_a_diagonal_covariance() {
    let rows = Rows::new(17, 15, 9, &[1.0, 0.5, 0.8]);
    let mut other = rows.clone();
    other.x.iter_mut().step_by(2).for_each(|x| *x *= 1e3);
    let settings = RandomEffects::default().with_covariance(Covariance::Diagonal);
    let (a, b) = (fit(settings, &rows), fit(settings, &other));
    let factor = [1.0, 1e3, 1.0];
    for i in 0..3 {
        let back = b.0.covariance()[4 * i] * factor[i] * factor[i];
        assert_near("variance", &[back], &[a.0.covariance()[4 * i]], CERTIFIED);
        assert_near(
            "phi",
            &[b.0.phi()[i] * factor[i]],
            &[a.0.phi()[i]],
            CERTIFIED,
        );
    }
    let beside =
        |m: &RandomEffectsModel| [1, 2, 3, 5, 6, 7].iter().all(|&k| m.covariance()[k] == 0.0);
    assert!(beside(&a.0) && beside(&b.0));
}

#[test]
fn threads_change_no_bit() {
    let rows = Rows::new(19, 2500, 3, &[1.0, 0.5]);
    let one = full(&rows);
    let threads = |n| fit(RandomEffects::default().with_threads(n), &rows);
    for n in [2, 3] {
        let many = threads(n);
        assert_eq!((many.0.phi(), many.1), (one.0.phi(), one.1));
        assert_eq!(many.0.effects(), one.0.effects());
    }
}
