//! Mini-batch training: fine-tuning against what the network's own training gives, its limits, and a taught student's.

use std::ops::ControlFlow;

use cognate::layer::Stack;
use cognate::loss::Targets;
use cognate::meta::MiniBatches;
use cognate::meta::distill::{
    Distillation, Lesson, Pupil, SoftenedLogistic, Student, Taught, hidden,
};
use cognate::meta::transfer::{FineTuning, with_new_head};
use cognate::model::{ClassModel, MlpClassifier, MlpRegressor, Network};
use cognate::params::Span;
use cognate::{Error, MatRef};

use crate::random::Random;

const ROWS: usize = 37;
const FEATURES: usize = 4;

/// Rows, and a class of three each, every class with rows.
fn rows(seed: u64) -> (Vec<f64>, Vec<u32>) {
    let mut random = Random::new(seed);
    let x = random.numbers(ROWS * FEATURES);
    let class = |(i, row): (usize, &[f64])| match i {
        0..3 => i as u32,
        _ => u32::from(row[0] > 0.0) + u32::from(row[1] > 0.2),
    };
    let y = x.chunks(FEATURES).enumerate().map(class).collect();
    (x, y)
}

fn matrix(x: &[f64]) -> MatRef<'_, f64> {
    MatRef::planned(x, x.len() / FEATURES, FEATURES)
}

/// Seven epochs of mini-batches of ten rows.
fn epochs(seed: u64) -> MiniBatches {
    MiniBatches {
        batch_size: Some(10),
        learning_rate_init: 0.02,
        max_iter: 7,
        seed,
        ..MiniBatches::default()
    }
}

fn mlp(seed: u64) -> MlpClassifier {
    MlpClassifier::default()
        .with_hidden_layer_sizes(&[6, 5])
        .with_batch_size(10)
        .with_learning_rate_init(0.02)
        .with_max_iter(7)
        .with_seed(seed)
}

fn go_on() -> impl FnMut(&cognate::optim::Progress) -> ControlFlow<()> {
    |_| ControlFlow::Continue(())
}

/// A trained network, and rows to fine-tune it on.
fn source() -> (Network<f64>, Vec<f64>, Vec<u32>) {
    let (x, y) = rows(1);
    let network = mlp(3).fit(matrix(&x), &y, None).unwrap().0.map().clone();
    let (x, y) = rows(2);
    (network, x, y)
}

#[test]
fn fine_tuning_is_a_warm_start() {
    let (network, x, y) = source();
    let weights: Vec<f64> = (0..ROWS).map(|i| (i % 4) as f64).collect();
    let tuning = FineTuning {
        training: epochs(5),
        ..FineTuning::default()
    };
    for weights in [None, Some(&weights[..])] {
        let targets = Targets::classes(&y).weighted(weights);
        let (tuned, report) = tuning
            .fit((&network, false), (matrix(&x), targets), &mut go_on())
            .unwrap();
        let model = ClassModel::from_map(network.clone()).unwrap();
        let mut training = mlp(5).start_from(&model).unwrap();
        let own = mlp(5)
            .resume(&mut training, matrix(&x), &y, weights, &mut go_on())
            .unwrap();
        assert_eq!(tuned.params(), training.network().params());
        // Means over an epoch weigh mini-batches by rows here, by weights there.
        if weights.is_none() {
            assert_eq!(report.training.history, own.history);
        }
    }
    let x = matrix(&x);
    let y: Vec<f64> = (0..ROWS).map(|i| x.at(i, 0) * x.at(i, 1)).collect();
    let y = MatRef::planned(&y, ROWS, 1);
    let like = MlpRegressor::default()
        .with_batch_size(10)
        .with_learning_rate_init(0.02)
        .with_max_iter(7)
        .with_seed(5);
    let start = like.start::<f64>(FEATURES, 1).unwrap();
    let mut training = start.clone();
    like.resume(&mut training, x, y, None, &mut go_on())
        .unwrap();
    let network = start.network();
    let (tuned, _) = tuning
        .fit((&network, false), (x, Targets::values(y)), &mut go_on())
        .unwrap();
    assert_eq!(tuned.params(), training.network().params());
}

#[test]
fn a_strong_pull_leaves_all_but_a_new_head() {
    let (network, x, y) = source();
    let new = with_new_head(&network, 3, 9).unwrap();
    let head = network.layers()[2].weight.start;
    assert_eq!(new.params()[..head], network.params()[..head]);
    assert_ne!(new.params()[head..], network.params()[head..]);
    assert_eq!(with_new_head(&network, 4, 9).unwrap().sizes(), [4, 6, 5, 4]);
    let apart = |pull: f64| {
        let tuning = FineTuning {
            training: epochs(0),
            pull,
            ..FineTuning::default()
        };
        let rows = (matrix(&x), Targets::classes(&y));
        let (tuned, _) = tuning.fit((&new, true), rows, &mut go_on()).unwrap();
        let moved = |range: std::ops::Range<usize>| {
            let pairs = tuned.params()[range.clone()]
                .iter()
                .zip(&new.params()[range]);
            pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
        };
        (moved(0..head), moved(head..new.params().len()))
    };
    let (free, weak, strong) = (apart(0.0), apart(1.0), apart(100.0));
    assert!(
        strong.0 < weak.0 && weak.0 < free.0,
        "{free:?} {weak:?} {strong:?}"
    );
    assert!(strong.1 > 0.01, "{strong:?}");
}

/// The probe's gradient by the head at its optimum: of `sum l + alpha/2 |W|^2`, by hand.
#[test]
fn a_probe_is_the_optimum_of_the_head() {
    let (network, x, y) = source();
    let tuning = FineTuning {
        training: MiniBatches {
            // The smallest of rates: what is left is the probe.
            learning_rate_init: f64::MIN_POSITIVE,
            max_iter: 1,
            ..MiniBatches::default()
        },
        alpha: 0.5,
        probe: true,
        ..FineTuning::default()
    };
    let (tuned, report) = tuning
        .fit(
            (&network, false),
            (matrix(&x), Targets::classes(&y)),
            &mut go_on(),
        )
        .unwrap();
    let probe = report.probe.unwrap();
    assert!(probe.converged(), "{probe:?}");
    let head = network.layers()[2];
    assert_eq!(
        tuned.params()[..head.weight.start],
        network.params()[..head.weight.start]
    );
    let h = hidden(&network.layers()[..2], network.params(), matrix(&x));
    let p = ClassModel::from_map(tuned.clone()).unwrap();
    let p = p.predict_proba(matrix(&x)).unwrap();
    let w = head.weight.of(tuned.params());
    for i in 0..5 {
        for j in 0..3 {
            let row = |n: usize| (p[n * 3 + j] - f64::from(y[n] == j as u32)) * h[n * 5 + i];
            let slope = (0..ROWS).map(row).sum::<f64>() + 0.5 * w[i * 3 + j];
            // The gradient of the averaged objective, C = 2 times the losses' sum, is asked to be 1e-8.
            assert!(slope.abs() < 1e-8 * ROWS as f64, "{slope}");
        }
    }
    // Without hidden layers, of numbers: ridge regression.
    let like = MlpRegressor::default().with_hidden_layer_sizes(&[]);
    let flat = like.start::<f64>(FEATURES, 1).unwrap().network();
    let numbers: Vec<f64> = y.iter().map(|&y| f64::from(y)).collect();
    let targets = MatRef::planned(&numbers, ROWS, 1);
    let rows = (matrix(&x), Targets::values(targets));
    let (tuned, report) = tuning.fit((&flat, false), rows, &mut go_on()).unwrap();
    assert_eq!(report.probe, None);
    let ridge = cognate::model::Ridge::default().with_alpha(0.5);
    let (ridge, _) = ridge.fit(matrix(&x), targets, None).unwrap();
    assert_eq!(tuned.params(), ridge.params());
}

/// One logit, a row without label and one that is not the task's.
#[test]
fn a_student_of_a_few_cells() {
    let (x, _) = rows(4);
    let network: Network<f64> = mlp(1).start(FEATURES, 2).unwrap().network();
    let weights: Vec<Span> = network.layers().iter().map(|l| l.weight).collect();
    let links: Vec<f64> = (0..ROWS).map(|i| 0.1 * i as f64 - 2.0).collect();
    let links = MatRef::planned(&links, ROWS, 1);
    let truth: Vec<f64> = (0..ROWS)
        .map(|i| {
            if i % 3 == 0 {
                f64::NAN
            } else {
                f64::from(i % 2 == 0)
            }
        })
        .collect();
    let taught = Taught::values(links, MatRef::planned(&truth, ROWS, 1)).unwrap();
    let train = |taught: &Taught<f64>, alpha: f64, anneal: bool| {
        let mut params = network.params().to_vec();
        let tasks = [Pupil {
            outputs: 1,
            lesson: Lesson::Logits(SoftenedLogistic {
                temperature: 2.0,
                alpha,
            }),
            weight: 1.0,
        }];
        let student = Student {
            net: &Stack(network.layers()),
            weights: &weights,
            params: &mut params,
            tasks: &tasks,
        };
        let distillation = Distillation {
            training: epochs(0),
            decay: 1e-4,
            anneal,
        };
        let report = distillation.train(student, matrix(&x), taught, &mut go_on());
        report.map(|report| (params, report))
    };
    let (whole, report) = train(&taught, 0.3, false).unwrap();
    assert!(report.value < report.history[0]);
    assert_ne!(whole, train(&taught, 0.3, true).unwrap().0);
    // Cells of other rows count nothing, whatever they hold.
    let of: Vec<bool> = (0..ROWS).map(|i| i % 5 != 0).collect();
    let some = taught.clone().on_rows(&of).unwrap();
    let mut other = truth.clone();
    (0..ROWS)
        .filter(|i| i % 5 == 0)
        .for_each(|i| other[i] = 1.0);
    let others = Taught::values(links, MatRef::planned(&other, ROWS, 1)).unwrap();
    let (a, _) = train(&some, 0.3, false).unwrap();
    let (b, _) = train(&others.on_rows(&of).unwrap(), 0.3, false).unwrap();
    assert_eq!(a, b);
    assert_ne!(a, whole);
    // The truth alone, all of it there, is the network's own training.
    let labels: Vec<u32> = (0..ROWS).map(|i| u32::from(i % 2 == 0)).collect();
    let truth: Vec<f64> = labels.iter().map(|&l| f64::from(l)).collect();
    let taught = Taught::values(links, MatRef::planned(&truth, ROWS, 1)).unwrap();
    let (alone, _) = train(&taught, 1.0, false).unwrap();
    let model = ClassModel::from_map(network.clone()).unwrap();
    let mut training = mlp(0).start_from(&model).unwrap();
    mlp(0)
        .resume(&mut training, matrix(&x), &labels, None, &mut go_on())
        .unwrap();
    let own = training.network();
    for (a, b) in alone.iter().zip(own.params()) {
        // Sums in another order, over 28 steps of a rate of 0.02 that Adam scales to the gradient's sign.
        assert!((a - b).abs() < 1e-10, "{a} and {b}");
    }
}

#[test]
fn unsound_training_is_refused() {
    let (network, x, y) = source();
    let fit = |tuning: FineTuning, x: &[f64], y: &[u32]| {
        let rows = (matrix(x), Targets::classes(y));
        tuning.fit((&network, false), rows, &mut go_on()).map(drop)
    };
    let refused = |result: Result<(), Error>, wanted: &str| match result {
        Err(Error::Setting { name, .. }) => assert_eq!(name, wanted),
        other => panic!("{wanted}: {other:?}"),
    };
    let with = |change: fn(&mut FineTuning)| {
        let mut tuning = FineTuning::default();
        change(&mut tuning);
        fit(tuning, &x, &y)
    };
    refused(with(|t| t.pull = -1.0), "pull");
    refused(with(|t| t.alpha = f64::NAN), "alpha");
    refused(with(|t| t.training.max_iter = 0), "max_iter");
    refused(with(|t| t.training.batch_size = Some(0)), "batch_size");
    refused(
        with(|t| t.training.learning_rate_init = 0.0),
        "learning_rate_init",
    );
    refused(with(|t| t.training.tol = -1.0), "tol");
    let plain = FineTuning::default;
    assert!(matches!(
        fit(plain(), &x, &y[1..]),
        Err(Error::Shape { .. })
    ));
    let mut far = y.clone();
    far[7] = 3;
    assert!(matches!(
        fit(plain(), &x, &far),
        Err(Error::Label { row: 7, .. })
    ));
    let mut infinite = x.clone();
    infinite[9] = f64::INFINITY;
    assert!(matches!(
        fit(plain(), &infinite, &y),
        Err(Error::NotFinite {
            row: 2,
            column: 1,
            ..
        })
    ));
}

/// Two of three classes have rows: a probe has no column for the third, and says so; without one the head keeps what it had.
#[test]
fn a_probe_needs_the_last_class() {
    let (network, x, y) = source();
    let y: Vec<u32> = y.iter().map(|&class| class.min(1)).collect();
    let tuned = |probe| {
        let tuning = FineTuning {
            training: epochs(1),
            probe,
            ..FineTuning::default()
        };
        let rows = (matrix(&x), Targets::classes(&y));
        tuning.fit((&network, false), rows, &mut go_on()).err()
    };
    let missing = Error::FewRows {
        class: 2,
        found: 0,
        needed: 1,
    };
    assert_eq!((tuned(true), tuned(false)), (Some(missing), None));
}

#[test]
fn threads_change_nothing() {
    let (network, x, y) = source();
    let tuned = |threads| {
        let tuning = FineTuning {
            training: MiniBatches {
                threads,
                ..epochs(2)
            },
            ..FineTuning::default()
        };
        let rows = (matrix(&x), Targets::classes(&y));
        let tuned = tuning.fit((&network, false), rows, &mut go_on());
        tuned.unwrap().0.params().to_vec()
    };
    assert_eq!(tuned(1), tuned(3));
}
