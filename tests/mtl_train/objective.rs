//! The objective of a network of many tasks against dual numbers: kinds mixed, rows shared or of one's own, labels missing, weights.

use cognate::layer::{Gram, TaskGram};
use cognate::objective::{Objective, TaskObjective};
use cognate::workspace::{Work, Workspace};
use cognate::{Level, Real};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::case::Case;
use crate::gram::compare;
use crate::harness::{close, config, coordinates, doubles, inner, levels, typed};
use crate::support::{Bounded, Random, Scalar};

/// What an objective says at a point, with NaN in whatever it should not read.
struct Results {
    value: f64,
    g: Vec<f64>,
    hv: Vec<f64>,
    gv: Vec<f64>,
    values: Vec<f64>,
    gram: Vec<f64>,
    weighted: Vec<f64>,
}

/// Weights of tasks, one of them 0 and one 1.
fn weights(tasks: usize) -> Vec<f64> {
    (0..tasks).map(|t| [0.5, 0.0, 1.0, 2.0][t % 4]).collect()
}

fn run<T: Real>(case: &Case, level: Level) -> Results {
    let (p, v) = (typed::<T>(&case.p), typed::<T>(&case.v));
    case.with::<T, _>(|objective, _| {
        let mut workspace = Workspace::with_level(level, objective.need());
        let mut slabs = workspace.slabs();
        slabs.saved.fill(T::NAN);
        let w = &mut slabs.work;
        let dirty = |w: &mut Work<'_, T>| w.scratch().fill(T::NAN);
        let mut outs = [(); 4].map(|()| vec![T::NAN; p.len()]);
        let [g, hv, gv, weighted] = &mut outs;
        dirty(w);
        let value = objective.value_grad(&p, Some(g), slabs.saved, w);
        dirty(w);
        let elsewhere = vec![T::ZERO; p.len()];
        objective.value_grad(&elsewhere, None, slabs.saved, w);
        assert_eq!(objective.value_grad(&p, None, slabs.saved, w), value);
        dirty(w);
        objective.hvp(&p, slabs.saved, &v, hv, w);
        dirty(w);
        objective.gnvp(&p, slabs.saved, &v, gv, w);
        let tasks = objective.tasks();
        let (mut values, mut gram) = (vec![f64::NAN; tasks], vec![f64::NAN; tasks * tasks]);
        let mut workspace = Workspace::with_level(level, objective.step_need(true));
        let mut slabs = workspace.slabs();
        slabs.saved.fill(T::NAN);
        let w = &mut slabs.work;
        dirty(w);
        objective.values_gram(&p, &mut values, &mut gram, slabs.saved, w);
        dirty(w);
        objective.weighted_grad(&p, &weights(tasks), slabs.saved, weighted, w);
        let mut again = vec![f64::NAN; tasks];
        objective.values(&p, &mut again, w);
        assert_eq!(again, values);
        Results {
            value: value.to_f64(),
            g: doubles(g),
            hv: doubles(hv),
            gv: doubles(gv),
            values,
            gram,
            weighted: doubles(weighted),
        }
    })
}

/// Whether parameter `k` belongs to what tasks share, by place.
fn shared(case: &Case) -> Vec<bool> {
    let mut shared = vec![false; case.p.len()];
    case.net
        .ours::<f64>()
        .each_shared(&mut |span| shared[span.range()].fill(true));
    shared
}

fn check<T: Real>(case: &Case) -> Result<(), TestCaseError> {
    let results: Vec<Results> = levels()
        .into_iter()
        .map(|level| run::<T>(case, level))
        .collect();
    for (u, _) in coordinates(case.p.len(), &mut Random::new(case.seed ^ 2)) {
        let (exact, linear) = (case.reference(&u, false), case.reference(&u, true));
        for r in &results {
            close::<T>("value", r.value, exact.value.value)?;
            close::<T>("g", inner(&r.g, &u), exact.slope.value)?;
            close::<T>("H v", inner(&r.hv, &u), exact.slope.slope)?;
            close::<T>("G v", inner(&r.gv, &u), linear.slope.slope)?;
        }
    }
    let p: Vec<Bounded> = case.p.iter().map(|&p| Bounded::exact(p)).collect();
    let losses = case.losses(&p, |_| ());
    let slopes: Vec<Vec<Bounded>> = (0..p.len()).map(|k| case.slopes(k)).collect();
    let (is_shared, weights) = (shared(case), weights(case.tasks.len()));
    let both: Vec<Vec<Bounded>> = (0..p.len())
        .filter(|&k| is_shared[k])
        .map(|k| slopes[k].clone())
        .collect();
    for r in &results {
        for (t, &loss) in losses.iter().enumerate() {
            close::<T>("L", r.values[t], loss)?;
        }
        if !both.is_empty() {
            compare::<T>(&r.gram, &both)?;
        }
        for (k, slopes) in slopes.iter().enumerate() {
            let weight = |t: usize| Bounded::exact(if is_shared[k] { weights[t] } else { 1.0 });
            let penalised = case.penalised().iter().any(|w| w.range().contains(&k));
            let pull = Bounded::exact(if penalised { case.l2 } else { 0.0 });
            let terms = (0..slopes.len()).map(|t| weight(t) * slopes[t]);
            let expected = terms.fold(pull * p[k], |sum, term| sum + term);
            close::<T>("weighted", r.weighted[k], expected)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(40))]
    #[test]
    fn value_gradient_products_and_gram_matrix(
        rows in 1..=20_usize, tasks in 1..=4_usize, depth in 0..=2_usize, shared: bool, seed: u64,
    ) {
        let case = Case::any(rows, tasks, depth, shared, seed);
        check::<f64>(&case)?;
        check::<f32>(&case)?;
    }
}

/// An absent task adds nothing: its row of the Gram matrix is 0, its loss 0, and it is said to be absent.
#[test]
fn a_task_that_is_absent() {
    for shared in [true, false] {
        let mut case = Case::any(12, 3, 2, shared, 5);
        case.tasks[1].rows.clear();
        case.tasks[1].labels.clear();
        case.with::<f32, _>(|objective, batch| {
            assert_eq!(batch.present(), [true, false, true]);
            let mut workspace = Workspace::new(objective.need());
            let mut slabs = workspace.slabs();
            let p = typed::<f32>(&case.p);
            let (mut values, mut gram) = ([f64::NAN; 3], [f64::NAN; 9]);
            objective.values_gram(&p, &mut values, &mut gram, slabs.saved, &mut slabs.work);
            assert!(values[0] > 0.0 && values[1] == 0.0 && values[2] > 0.0);
            for t in 0..3 {
                assert_eq!([gram[t * 3 + 1], gram[3 + t]], [0.0; 2]);
                assert_eq!(gram[t * 4] > 0.0, t != 1);
            }
            let mut last = [f64::NAN; 9];
            let mut into = Gram::new(&mut last, 3).last_layer();
            objective.gram(&p, slabs.saved, &mut into, &mut slabs.work);
            assert!(last[0] > 0.0 && last[0] <= gram[0]);
        });
    }
}
