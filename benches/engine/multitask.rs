//! Training of a network that eight tasks of three kinds share, by rule.

use cognate::MatRef;
use cognate::mtl::balance::Balance;
use cognate::mtl::net::{MultiTaskMlp, TaskTraining};
use cognate::mtl::{Kind, Task, TaskSet};
use criterion::Criterion;
use std::ops::ControlFlow;

use crate::data::{self, TaskTable};

/// Rules that are measured: one by losses, the others by the Gram matrix.
const RULES: [&str; 7] = [
    "equal",
    "mgda",
    "pcgrad",
    "cagrad",
    "nash-mtl",
    "aligned-mtl",
    "upgrad",
];

/// Epochs of an iteration; each has 20 batches of 64 rows.
const EPOCHS: usize = 10;

pub fn benches(c: &mut Criterion) {
    let table = data::task_table();
    let x = MatRef::planned(&table.x, table.rows(), 64);
    let set = TaskSet::new(x, None, tasks(&table)).expect("tasks");
    for name in RULES {
        let mlp = mlp(name);
        let mut training = start(&mlp, &set);
        c.bench_function(&format!("multitask_{name}"), |b| {
            b.iter(|| {
                let go_on = &mut |_: &_| ControlFlow::Continue(());
                mlp.resume(&mut training, &set, go_on).expect("epochs")
            })
        });
    }
}

fn mlp(rule: &str) -> MultiTaskMlp {
    MultiTaskMlp::default()
        .with_hidden_layer_sizes(&[128, 64])
        .with_balance(Balance::named(rule).expect("a rule"))
        .with_alpha(0.0)
        .with_batch_size(64)
        .with_max_iter(EPOCHS)
        .with_n_iter_no_change(usize::MAX)
}

/// Three numbers, three pairs of classes, two of four classes.
fn tasks(table: &TaskTable) -> Vec<Task> {
    let task = |t: usize| {
        let kind = match t {
            0..3 => Kind::Number,
            3..6 => Kind::Classes(2),
            _ => Kind::Classes(4),
        };
        let labels = table.labels.iter().skip(t).step_by(8).copied();
        Task::new(&format!("{t}"), kind, (0..).zip(labels))
    };
    (0..8).map(task).collect()
}

/// A run from the weights that every peer starts with.
fn start(mlp: &MultiTaskMlp, set: &TaskSet<'_, f32>) -> TaskTraining<f32> {
    let mut state = mlp.start(set).expect("settings").state();
    let network = mlp.start(set).expect("settings").network();
    let [first, second, heads] = &data::network(&[64, 128, 64, 14])[..] else {
        unreachable!("three layers")
    };
    let mut column = 0;
    for (name, span) in network.layout().iter() {
        let into = span.of_mut(&mut state.params);
        match name {
            "trunk.0.weight" => into.copy_from_slice(first),
            "trunk.1.weight" => into.copy_from_slice(second),
            _ if name.ends_with("bias") => into.fill(0.0),
            _ => {
                for (at, number) in into.iter_mut().enumerate() {
                    *number = heads[at / span.cols * 14 + column + at % span.cols];
                }
                column += span.cols;
            }
        }
    }
    mlp.restore(set, state).expect("a state")
}
