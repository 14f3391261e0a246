//! Every method on random tasks of every kind, against the slow reference: the objective is the formula's, the optimum is the slow one's,
//! and the gap bounds how far from it a fit is that stopped early.

use cognate::mtl::Task;
use cognate::mtl::linear::prox::{
    Common, Dirty, Elastic, L1, L21, Robust, RowSize, TaskGroup, Trace, TreeLasso,
};
use cognate::mtl::linear::{FitSettings, Fitted, LinearMethod};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::problem::{Problem, kind, name, transposed};
use crate::proximal::{Slow, SlowNorm, SlowTask, random_task};
use crate::{Random, config, nested};

/// Steps of the slow reference.
const STEPS: usize = 2500;

/// What is allowed between two ways to round the same objective, against that at 0.
const ROUNDING: f64 = 1e-12;

/// How near the slow reference comes, against the objective at 0.
const SLOW: f64 = 1e-6;

#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    tasks: usize,
    features: usize,
    rows: usize,
    /// Classes of each task in turn, 0 for numbers.
    classes: Vec<usize>,
    shared: bool,
    intercept: bool,
    method: usize,
    /// Of `lambda_max`.
    strength: f64,
}

fn cases() -> impl Strategy<Value = Case> {
    let classes = prop_oneof![
        3 => Just(vec![0]),
        2 => Just(vec![2]),
        1 => Just(vec![3]),
        1 => Just(vec![0, 2]),
        1 => Just(vec![3, 0, 2]),
    ];
    let sizes = (1..5_usize, 1..5_usize, 6..14_usize);
    let what = (any::<u64>(), any::<[bool; 2]>(), 0..METHODS, 0.05..0.9_f64);
    (sizes, classes, what).prop_map(|((tasks, features, rows), classes, what)| {
        let (seed, [shared, intercept], method, strength) = what;
        Case {
            seed,
            tasks,
            features,
            rows,
            classes,
            shared,
            intercept,
            method,
            strength,
        }
    })
}

/// Tasks with weights, on one X or rows of their own, and the same for the library.
fn tasks(case: &Case) -> (Vec<SlowTask>, Problem) {
    let mut random = Random::new(case.seed);
    let classes = |t: usize| case.classes[t % case.classes.len()];
    let one =
        |t: usize, random: &mut Random| random_task(random, case.rows, case.features, classes(t));
    let mut slow: Vec<SlowTask> = (0..case.tasks).map(|t| one(t, &mut random)).collect();
    let weights: Vec<f64> = (0..case.rows)
        .map(|_| 1.0 + 0.5 * random.number())
        .collect();
    let mut all = Vec::new();
    for t in 0..case.tasks {
        slow[t].weights = weights.clone();
        if case.shared {
            slow[t].x = slow[0].x.clone();
        }
        let start = if case.shared { 0 } else { t * case.rows };
        let labelled = slow[t].y.iter().enumerate();
        let labelled = labelled.map(|(i, &y)| ((start + i) as u32, y));
        let mut task = Task::new(&name(t), kind(classes(t)), labelled);
        task.weight = if t == 1 { 2.5 } else { 1.0 };
        slow[t].weights.iter_mut().for_each(|w| *w *= task.weight);
        all.push(task);
    }
    let copies = if case.shared { 1 } else { case.tasks };
    let x = slow
        .iter()
        .take(copies)
        .flat_map(|task| task.x.concat())
        .collect();
    let problem = Problem {
        features: case.features,
        x,
        tasks: all,
        weights: Some(weights.repeat(copies)),
    };
    (slow, problem)
}

const METHODS: usize = 9;

/// A method and its slow twin at strength 1: norms with factors, square, names of the parts.
struct Twins {
    method: Box<dyn LinearMethod>,
    norms: Vec<(SlowNorm, f64)>,
    square: f64,
    parts: Vec<&'static str>,
}

fn twins(case: &Case, settings: FitSettings, slow: &[SlowTask]) -> Twins {
    let columns: Vec<usize> = (0..slow.len())
        .flat_map(|t| {
            vec![
                t;
                if slow[t].classes > 2 {
                    slow[t].classes
                } else {
                    1
                }
            ]
        })
        .collect();
    let of = SlowNorm::Tasks(columns.clone());
    let one = |method, norm| Twins {
        method,
        norms: vec![(norm, 1.0)],
        square: 0.0,
        parts: vec![],
    };
    let two = |method, norms: [(SlowNorm, f64); 2], parts: [&'static str; 2]| Twins {
        method,
        norms: norms.into(),
        square: 0.0,
        parts: parts.into(),
    };
    match case.method {
        0 => one(
            Box::new(L21::default().with_settings(settings)),
            SlowNorm::Rows,
        ),
        1 => one(
            Box::new(L1::default().with_settings(settings)),
            SlowNorm::Entries,
        ),
        2 => one(
            Box::new(Trace::default().with_settings(settings)),
            SlowNorm::Nuclear,
        ),
        3 => Twins {
            method: Box::new(
                Elastic::default()
                    .with_l1_ratio(0.7)
                    .with_settings(settings),
            ),
            norms: vec![(SlowNorm::Rows, 0.7)],
            square: 0.3,
            parts: vec![],
        },
        4 => two(
            Box::new(Dirty::default().with_shared(1.2).with_settings(settings)),
            [(SlowNorm::Entries, 1.0), (SlowNorm::Rows, 1.2)],
            ["single", "shared"],
        ),
        5 => {
            let method = Dirty::default()
                .with_shared(1.5)
                .with_size(RowSize::Largest);
            two(
                Box::new(method.with_settings(settings)),
                [(SlowNorm::Entries, 1.0), (SlowNorm::RowMaxima, 1.5)],
                ["single", "shared"],
            )
        }
        6 => two(
            Box::new(Robust::default().with_outlier(0.8).with_settings(settings)),
            [(SlowNorm::Nuclear, 1.0), (of, 0.8)],
            ["common", "outlier"],
        ),
        7 => {
            let method = Robust::default()
                .with_outlier(1.1)
                .with_common(Common::Features);
            two(
                Box::new(method.with_settings(settings)),
                [(SlowNorm::Rows, 1.0), (of, 1.1)],
                ["common", "outlier"],
            )
        }
        _ => {
            let groups = nested(slow.len(), &mut Random::new(case.seed));
            let named = groups.iter().map(|(tasks, weight)| TaskGroup {
                tasks: tasks.iter().map(|&t| name(t)).collect(),
                weight: *weight,
            });
            let method = TreeLasso::new(named.collect()).with_settings(settings);
            let wide = |tasks: &[usize]| {
                let own = (0..columns.len()).filter(|&k| tasks.contains(&columns[k]));
                own.collect::<Vec<usize>>()
            };
            let tree = groups.iter().map(|(tasks, weight)| (wide(tasks), *weight));
            let norm = SlowNorm::Tree(tree.collect());
            one(Box::new(method), norm)
        }
    }
}

/// The parts of W in the slow reference's order, `d x K`.
fn parts(fitted: &Fitted, names: &[&str]) -> Vec<Vec<f64>> {
    let d = fitted.model.features();
    if names.is_empty() {
        return vec![transposed(fitted.model.coef().as_slice().unwrap(), d)];
    }
    let learned = |name: &&str| {
        let mut tables = fitted.model.learned().iter();
        transposed(&tables.find(|l| l.name == *name).unwrap().values, d)
    };
    names.iter().map(learned).collect()
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let (slow_tasks, problem) = tasks(case);
    let set = problem.set();
    let settings = FitSettings::default()
        .with_intercept(case.intercept)
        .with_tol(1e-10);
    let twins = twins(case, settings, &slow_tasks);
    let most = twins.method.grid(&set).unwrap()[0];
    let lambda = case.strength * most;
    let slow = Slow {
        features: case.features,
        tasks: slow_tasks,
        norms: twins
            .norms
            .iter()
            .map(|(norm, f)| (norm.clone(), f * lambda))
            .collect(),
        square: twins.square * lambda,
        intercept: case.intercept,
    };
    let (slow_parts, slow_b) = slow.minimise(STEPS);
    let optimum = slow.objective(&slow_parts, &slow_b);

    let fitted = twins.method.at(lambda).fit(&set).unwrap();
    prop_assert!(fitted.converged, "{:?}", fitted.certificate);
    let found = slow.objective(&parts(&fitted, &twins.parts), fitted.model.intercept());
    let at_zero = twins.method.at(most).fit(&set).unwrap().objective;
    let rounding = ROUNDING * at_zero;
    let off = (found - fitted.objective).abs();
    prop_assert!(
        off <= rounding,
        "{found} by the formula, {} reported",
        fitted.objective
    );
    prop_assert!(found - optimum <= fitted.certificate.value() + rounding);
    prop_assert!(
        optimum - found <= SLOW * at_zero,
        "the slow one is {:e} above",
        optimum - found
    );

    // A fit that stops early says by how much it may be off.
    let early = settings.with_tol(1e-3).with_max_iter(3);
    let twins = self::twins(case, early, &slow.tasks);
    let early = twins.method.at(lambda).fit(&set).unwrap();
    let gap = early.certificate.value();
    prop_assert!(
        early.objective - found <= gap + rounding,
        "{} against a gap of {gap}",
        early.objective - found
    );
    prop_assert_eq!(early.converged, gap <= 1e-3 * at_zero);
    Ok(())
}

#[test]
fn optima_and_gaps() {
    proptest!(config(60), |(case in cases())| check(&case)?);
}
