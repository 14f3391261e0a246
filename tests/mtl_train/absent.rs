//! Labels that are missing and tasks that are not there: what a network does not see does not move it.

use cognate::MatRef;
use cognate::mtl::{Kind, Task, TaskSet};

use crate::problem::{FEATURES, Problem, rules, small};

/// A dropped label is a deleted row: with rows of the tasks' own the network is the same to the bit, whatever balances.
#[test]
fn dropped_labels_are_deleted_rows() {
    let problem = Problem::<f32>::new(90, false, 11);
    let dropped = |row: u32| row % 4 == 1 || row.is_multiple_of(9);
    let whole = problem.set();
    let kept: Vec<u32> = (0..90).filter(|&row| !dropped(row)).collect();
    let rows = kept.iter().flat_map(|&row| problem.x().row(row as usize));
    let x: Vec<f32> = rows.copied().collect();
    let renumbered = |task: &Task| {
        let labelled = task.rows.iter().zip(&task.labels);
        let place =
            |(row, &label): (&u32, &f64)| Some((kept.binary_search(row).ok()? as u32, label));
        Task::new(&task.name, task.kind, labelled.filter_map(place))
    };
    let tasks = problem.tasks.iter().map(renumbered).collect();
    let x = MatRef::planned(&x, kept.len(), FEATURES);
    let deleted = TaskSet::new(x, None, tasks).unwrap();
    for (name, balance) in rules() {
        let mlp = small().with_balance(balance).with_max_iter(5);
        let (one, report) = mlp.fit(&whole.filter(|row| !dropped(row))).unwrap();
        let (other, same) = mlp.fit(&deleted).unwrap();
        assert_eq!(one.params(), other.params(), "{name}");
        assert_eq!(report.losses, same.losses, "{name}");
    }
}

/// A task that no row of a batch belongs to takes no part in its step: with one that never has a row, the others learn what they learn
/// without it, to the bit. Fixed weights need one more then, and GradNorm's weights add up to the number of tasks.
#[test]
fn a_task_that_is_never_there_changes_nothing() {
    let problem = Problem::<f32>::new(90, false, 12);
    let mut tasks = problem.tasks.clone();
    tasks.insert(1, Task::new("absent", Kind::Classes(2), [].into_iter()));
    let set = TaskSet::new(problem.x(), None, tasks).unwrap();
    let counts_tasks = |name: &str| ["fixed", "gradnorm"].contains(&name);
    for (name, balance) in rules().into_iter().filter(|(name, _)| !counts_tasks(name)) {
        let mlp = small().with_balance(balance).with_max_iter(5);
        let (with, without) = (mlp.fit(&set).unwrap().0, mlp.fit(&problem.set()).unwrap().0);
        for (label, span) in without.layout().iter() {
            let other = with.layout().find(label).unwrap();
            let (a, b) = (span.of(without.params()), other.of(with.params()));
            assert_eq!(a, b, "{name}: {label}");
        }
    }
}

/// One row of a task among many of others: in most batches it is absent, and a rule that heeds the weakest task does not stand still.
#[test]
fn a_rare_task_stops_no_other() {
    let mut problem = Problem::<f32>::new(120, false, 13);
    problem.tasks[1].rows.truncate(1);
    problem.tasks[1].labels.truncate(1);
    let mgda = rules().into_iter().find(|(name, _)| *name == "mgda");
    let (_, balance) = mgda.unwrap();
    let mlp = small().with_balance(balance).with_max_iter(60);
    let (_, report) = mlp.with_n_iter_no_change(60).fit(&problem.set()).unwrap();
    for t in [0, 2] {
        let losses = &report.losses[t];
        assert!(losses[59] < 0.7 * losses[0], "task {t}: {losses:?}");
    }
}
