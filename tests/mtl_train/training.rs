//! Training end to end: every rule, one task, state kept and resumed, early stopping, what may not matter.

use std::ops::ControlFlow;

use cognate::model::{MlpClassifier, MlpRegressor};
use cognate::mtl::balance::{Balance, Fixed};
use cognate::mtl::net::{EarlyStopping, MultiTaskMlp, TaskNetReport, TaskNetwork};
use cognate::mtl::{Kind, Task, TaskSet};
use cognate::optim::Stop;
use cognate::{Error, MatRef, Real};

use crate::problem::{FEATURES, Problem, rules, small};
use crate::support::Random;

fn keep_on() -> impl FnMut(&cognate::optim::Progress) -> ControlFlow<()> {
    |_| ControlFlow::Continue(())
}

/// Every rule lowers every loss of a mixed problem, on shared rows and on rows of the tasks' own.
#[test]
fn every_rule_learns_every_task() {
    for shared in [true, false] {
        let problem = Problem::<f32>::new(120, shared, 1);
        for (name, balance) in rules() {
            let mlp = small()
                .with_balance(balance)
                .with_max_iter(60)
                .with_n_iter_no_change(60);
            let (_, report) = mlp.fit(&problem.set()).unwrap();
            assert_eq!(report.stopped, Stop::MaxIterations, "{name}");
            assert_eq!(
                report.outcomes.regular + report.outcomes.stationary + report.outcomes.degenerate,
                report.steps
            );
            assert_eq!(
                report.outcomes.degenerate, 0,
                "{name}: {:?}",
                report.outcomes
            );
            for (t, losses) in report.losses.iter().enumerate() {
                let (first, last) = (losses[0], *losses.last().unwrap());
                assert!(
                    losses.len() == 60 && last < 0.7 * first,
                    "{name}, shared {shared}, task {t}: {first} -> {last}"
                );
            }
            assert!(report.weights.iter().all(|w| w.is_finite()), "{name}");
        }
    }
}

/// The parameters of a network as a start for another.
fn started<T: Real>(
    mlp: &MultiTaskMlp,
    set: &TaskSet<'_, T>,
    params: &[T],
) -> (TaskNetwork<T>, TaskNetReport) {
    let mut state = mlp.start(set).unwrap().state();
    state.params.copy_from_slice(params);
    let mut training = mlp.restore(set, state).unwrap();
    let report = mlp.resume(&mut training, set, &mut keep_on()).unwrap();
    (training.network(), report)
}

/// With one task, the bits of the single-task models, whatever balances.
#[test]
fn one_task_is_a_multilayer_perceptron() {
    let problem = Problem::<f32>::new(50, true, 2);
    let mut tasks = problem.tasks.clone();
    for task in &mut tasks {
        *task = Task::new(
            &task.name,
            task.kind,
            (0..50).map(|i| (i, f64::from(i % 2))),
        );
    }
    let (x, labels) = (problem.x(), (0..50).map(|i| i % 2).collect::<Vec<u32>>());
    let values: Vec<f32> = labels.iter().map(|&y| y as f32).collect();
    let mlp = small().with_max_iter(7).with_alpha(0.5);
    let one = |t: usize| TaskSet::new(x, None, vec![tasks[t].clone()]).unwrap();
    let classifier = MlpClassifier::default()
        .with_hidden_layer_sizes(&[12, 8])
        .with_activation(mlp.activation)
        .with_learning_rate_init(0.01)
        .with_batch_size(16)
        .with_alpha(0.5)
        .with_max_iter(7)
        .with_seed(3);
    let start = classifier.start::<f32>(FEATURES, 2).unwrap().network();
    let (wanted, history) = classifier.fit(x, &labels, None).unwrap();
    let (found, report) = started(&mlp, &one(1), start.params());
    assert_eq!(found.params(), wanted.map().params());
    assert_eq!(
        found.predict_proba(0, x).unwrap(),
        wanted.predict_proba(x).unwrap()
    );
    assert!(
        report.losses[0][6] < history.history[6],
        "the penalty is in one of them"
    );
    let regressor = MlpRegressor::default()
        .with_hidden_layer_sizes(&[12, 8])
        .with_activation(mlp.activation)
        .with_learning_rate_init(0.01)
        .with_batch_size(16)
        .with_alpha(0.5)
        .with_max_iter(7)
        .with_seed(3);
    let start = regressor.start::<f32>(FEATURES, 1).unwrap().network();
    let (wanted, _) = regressor
        .fit(x, MatRef::planned(&values, 50, 1), None)
        .unwrap();
    let (found, _) = started(&mlp, &one(0), start.params());
    assert_eq!(found.params(), wanted.params());
}

/// Interrupted runs, their states kept, end in the bits of uninterrupted ones.
#[test]
fn a_run_is_resumed_to_the_bit() {
    let problem = Problem::<f32>::new(70, true, 4);
    let set = problem.set();
    for (name, balance) in rules() {
        let mlp = small()
            .with_balance(balance)
            .with_early_stopping(EarlyStopping::PerTask);
        let (whole, part) = (mlp.clone().with_max_iter(6), mlp.with_max_iter(3));
        let (wanted, report) = whole.fit(&set).unwrap();
        let mut training = part.start(&set).unwrap();
        part.resume(&mut training, &set, &mut keep_on()).unwrap();
        let mut training = part.restore(&set, training.state()).unwrap();
        let second = part.resume(&mut training, &set, &mut keep_on()).unwrap();
        assert_eq!(training.network().params(), wanted.params(), "{name}");
        assert_eq!(second.losses[2][..], report.losses[2][3..], "{name}");
        assert_eq!(second.weights, report.weights, "{name}");
    }
}

/// Another order of the tasks is another order of the same numbers.
#[test]
fn the_order_of_tasks_does_not_matter() {
    let problem = Problem::<f64>::new(60, true, 5);
    let mut tasks = problem.tasks.clone();
    tasks.rotate_left(1);
    let turned = TaskSet::new(problem.x(), None, tasks).unwrap();
    for name in ["equal", "mgda", "nash-mtl", "upgrad", "famo", "gradnorm"] {
        let mlp = small()
            .with_balance(Balance::named(name).unwrap())
            .with_max_iter(3);
        let (one, first) = mlp.fit(&problem.set()).unwrap();
        let (two, second) = mlp.fit(&turned).unwrap();
        for t in 0..3 {
            let other = two.find(&problem.tasks[t].name).unwrap();
            let (a, b) = (&first.losses[t], &second.losses[other]);
            // Sums over tasks are rounded in another order; twelve steps make of that what they will.
            let far = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-8;
            assert!(!a.iter().zip(b).any(far), "{name}: {a:?} {b:?}");
        }
        let names = |network: &TaskNetwork<f64>| {
            network
                .layout()
                .iter()
                .map(|(name, _)| name.to_string())
                .collect::<Vec<_>>()
        };
        let (mut a, mut b) = (names(&one), names(&two));
        a.sort();
        b.sort();
        assert_eq!(a, b);
    }
}

/// A task that is there twice, at half weight, is that task once.
#[test]
fn a_task_twice_at_half_weight_is_a_task() {
    let problem = Problem::<f64>::new(40, true, 6);
    let once = TaskSet::new(problem.x(), None, vec![problem.tasks[2].clone()]).unwrap();
    let again = Task {
        name: "again".into(),
        ..problem.tasks[2].clone()
    };
    let twice = TaskSet::new(problem.x(), None, vec![problem.tasks[2].clone(), again]).unwrap();
    let mlp = small().with_alpha(0.0).with_max_iter(3);
    let half = mlp.clone().with_balance(Balance::Fixed(Fixed {
        weights: vec![0.5, 0.5],
    }));
    let start = mlp.start(&once).unwrap().state().params;
    let head = 8 * 3 + 3;
    let mut doubled = start.clone();
    doubled.extend_from_slice(&start[start.len() - head..]);
    let (one, _) = mlp.fit(&once).unwrap();
    let (two, _) = started(&half, &twice, &doubled);
    for (k, wanted) in one.params().iter().enumerate() {
        assert!((two.params()[k] - wanted).abs() <= 1e-9, "{k}");
    }
    let (ours, theirs) = two.params()[one.params().len() - head..].split_at(head);
    assert_eq!(ours, theirs);
}

/// A new task starts from its own numbers and leaves the others' as they were.
#[test]
fn a_new_task_moves_no_other_start() {
    let problem = Problem::<f32>::new(30, true, 7);
    let fewer = TaskSet::new(problem.x(), None, problem.tasks[..2].to_vec()).unwrap();
    let start = |set: &TaskSet<'_, f32>| small().start(set).unwrap().network();
    let (two, three) = (start(&fewer), start(&problem.set()));
    let mut seen = 0;
    for (name, span) in two.layout().iter() {
        let same = three.layout().find(name).unwrap();
        assert_eq!(span.of(two.params()), same.of(three.params()), "{name}");
        seen += span.len();
    }
    assert_eq!(seen, two.params().len());
    assert!(two.params().iter().any(|&p| p != 0.0));
}

/// A task whose labels are noise stops improving on rows set aside, and leaves; the others go on.
#[test]
fn tasks_leave_one_by_one() {
    let mut problem = Problem::<f32>::new(200, true, 8);
    let mut random = Random::new(9);
    problem.tasks[1]
        .labels
        .iter_mut()
        .for_each(|label| *label = random.below(2) as f64);
    let mlp = small()
        .with_early_stopping(EarlyStopping::PerTask)
        .with_validation_fraction(0.25)
        .with_n_iter_no_change(5)
        .with_max_iter(150);
    let (network, report) = mlp.fit(&problem.set()).unwrap();
    let left: Vec<u64> = report
        .left
        .iter()
        .map(|left| left.unwrap_or(u64::MAX))
        .collect();
    assert!(left[1] < left[2], "{left:?}");
    assert_eq!(report.weights[1], 0.0);
    let (first, last) = (
        report.validation[0][0],
        report.validation[0]
            .iter()
            .copied()
            .fold(f64::MAX, f64::min),
    );
    assert!(last < 0.3 * first, "{first} -> {last}");
    assert_eq!(network.outputs().len(), 3);
    let mean = mlp
        .with_early_stopping(EarlyStopping::Mean)
        .fit(&problem.set())
        .unwrap()
        .1;
    assert_eq!(mean.left, [None; 3]);
}

/// The rows set aside are a share of every task's.
#[test]
fn every_task_gives_rows_to_be_set_aside() {
    let problem = Problem::<f32>::new(90, false, 10);
    let mlp = small()
        .with_early_stopping(EarlyStopping::Mean)
        .with_validation_fraction(0.2)
        .with_max_iter(1);
    let report = mlp.fit(&problem.set()).unwrap().1;
    assert!(
        report
            .validation
            .iter()
            .all(|losses| losses.len() == 1 && losses[0].is_finite())
    );
}

/// The network is its parameters and its outline.
#[test]
fn a_network_is_rebuilt_from_its_parameters() {
    let problem = Problem::<f32>::new(80, true, 11);
    let x = problem.x();
    let (network, _) = small().with_max_iter(40).fit(&problem.set()).unwrap();
    let params = network.params().to_vec();
    let again =
        TaskNetwork::new(network.architecture(), &network.outline(), params.clone()).unwrap();
    for t in 0..3 {
        assert_eq!(again.predict(t, x).unwrap(), network.predict(t, x).unwrap());
    }
    let names: Vec<&str> = network.layout().iter().map(|(name, _)| name).collect();
    assert_eq!(names[..2], ["trunk.0.weight", "trunk.0.bias"]);
    assert_eq!(names[8..], ["head.three.weight", "head.three.bias"]);
    let p = network.predict_proba(2, x).unwrap();
    let classes = network.predict(2, x).unwrap();
    for (row, class) in p.chunks(3).zip(classes) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(row.iter().all(|&p| p <= row[class as usize]));
    }
    let hits = problem.tasks[1].rows.iter().zip(&problem.tasks[1].labels);
    let two = network.predict(1, x).unwrap();
    let right = hits
        .filter(|&(&row, &label)| f64::from(two[row as usize]) == label)
        .count();
    assert!(right * 10 > problem.tasks[1].rows.len() * 9, "{right}");
    assert!(matches!(
        network.predict_proba(0, x),
        Err(Error::Task { .. })
    ));
    let short = TaskNetwork::new(
        network.architecture(),
        &network.outline(),
        params[1..].to_vec(),
    );
    assert!(matches!(
        short,
        Err(Error::Shape {
            argument: "params",
            ..
        })
    ));
}

#[test]
fn errors_say_what_is_wrong() {
    let problem = Problem::<f32>::new(20, true, 12);
    let set = problem.set();
    let error = |mlp: MultiTaskMlp| mlp.fit(&set).map(|_| ()).unwrap_err();
    assert!(matches!(
        error(small().with_batch_size(0)),
        Error::Setting {
            name: "batch_size",
            ..
        }
    ));
    assert!(matches!(
        error(small().with_alpha(-1.0)),
        Error::Setting { name: "alpha", .. }
    ));
    assert!(matches!(
        error(small().with_hidden_layer_sizes(&[3, 0])),
        Error::Setting {
            name: "hidden_layer_sizes",
            ..
        }
    ));
    let fixed = Balance::Fixed(Fixed { weights: vec![1.0] });
    assert!(matches!(
        error(small().with_balance(fixed)),
        Error::Shape { .. }
    ));
    assert!(matches!(
        error(small().with_learning_rate_init(1e30)),
        Error::Diverged
    ));
    let none = set.filter(|_| false);
    assert!(matches!(
        small().fit(&none),
        Err(Error::Empty { argument: "labels" })
    ));
    let mut training = small().start(&set).unwrap();
    let other = TaskSet::new(problem.x(), None, problem.tasks[..2].to_vec()).unwrap();
    let wrong = small().resume(&mut training, &other, &mut keep_on());
    assert!(matches!(
        wrong,
        Err(Error::Shape {
            argument: "tasks",
            ..
        })
    ));
    let mut state = training.state();
    state.params.pop();
    assert!(matches!(
        small().restore(&set, state),
        Err(Error::Shape {
            argument: "params",
            ..
        })
    ));
    let stopped = small()
        .fit_with(&set, &mut |_| ControlFlow::Break(()))
        .unwrap()
        .1;
    assert_eq!((stopped.epochs, stopped.stopped), (1, Stop::Cancelled));
    let lines = Task::new("a\nb", Kind::Number, [(0, 1.0)].into_iter());
    let lines = TaskSet::new(problem.x(), None, vec![lines]).unwrap();
    assert!(matches!(small().fit(&lines), Err(Error::Task { .. })));
}
