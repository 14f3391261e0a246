//! `cognate make`: made-up tables with known structure.

use cognate::data::generate::{
    BlobsConfig, ClassificationConfig, RegressionConfig, make_blobs, make_classification,
    make_regression,
};
use cognate::data::table::{Column, Table};
use cognate::loss::Target;
use cognate::meta::episodes::{EpisodeBatch, Episodes, Sinusoids, Split, Subspace};

use super::datasets::write_csv;
use crate::args::{Common, Make, MakeBlobs, MakeClassification, MakeRegression, MakeTasks};
use crate::failure::{Failure, Result};
use crate::output;

pub fn run(args: &Make, common: &Common) -> Result<()> {
    let (made, to) = match args {
        Make::Classification(args) => (classification(args, common.seed), &args.to.output),
        Make::Regression(args) => (regression(args, common.seed), &args.to.output),
        Make::Blobs(args) => (blobs(args, common.seed), &args.to.output),
        Make::Sinusoid(args) => (sinusoid(args, common.seed), &args.output),
        Make::Subspace(args) => (subspace(args, common.seed), &args.output),
    };
    let table = made.map_err(|e| Failure::Usage(e.to_string()))?;
    output::write_to(to.as_deref(), |out| write_csv(out, &table))
}

fn classification(args: &MakeClassification, seed: u64) -> cognate::Result<Table> {
    let config = ClassificationConfig {
        rows: args.to.n_samples,
        features: args.n_features,
        informative: args.n_informative,
        redundant: args.n_redundant,
        repeated: args.n_repeated,
        classes: args.n_classes,
        clusters_per_class: args.n_clusters_per_class,
        flip_y: args.flip_y,
        class_sep: args.class_sep,
        ..ClassificationConfig::default()
    };
    let made = make_classification(&config, seed)?;
    table(&made.x, args.n_features, vec![classes(&made.y)])
}

fn regression(args: &MakeRegression, seed: u64) -> cognate::Result<Table> {
    let config = RegressionConfig {
        rows: args.to.n_samples,
        features: args.n_features,
        informative: args.n_informative,
        targets: args.n_targets,
        bias: args.bias,
        noise: args.noise,
        ..RegressionConfig::default()
    };
    let made = make_regression(&config, seed)?;
    let targets = match args.n_targets {
        1 => vec![Column::numbers("y", made.y)],
        k => columns(&made.y, k, "y"),
    };
    table(&made.x, args.n_features, targets)
}

fn blobs(args: &MakeBlobs, seed: u64) -> cognate::Result<Table> {
    let config = BlobsConfig {
        rows: args.to.n_samples,
        features: args.n_features,
        clusters: args.centers,
        cluster_std: vec![args.cluster_std],
        ..BlobsConfig::default()
    };
    let made = make_blobs(&config, seed)?;
    table(&made.x, args.n_features, vec![classes(&made.y)])
}

/// Classes of a task of the subspace set.
const WAYS: usize = 5;

fn sinusoid(args: &MakeTasks, seed: u64) -> cognate::Result<Table> {
    let split = Split {
        support: args.rows,
        query: 0,
    };
    task_table(&Sinusoids::finn(split, seed), args, 0, |row| row)
}

/// Rows in turn of all classes, so that a task's first rows show every one. The subspace is the same for every seed, so that what is
/// learned from one file can be tried on another; the seed says which of its tasks these are.
fn subspace(args: &MakeTasks, seed: u64) -> cognate::Result<Table> {
    let shots = args.rows.div_ceil(WAYS);
    let in_turn = |row: usize| row % WAYS * shots + row / WAYS;
    task_table(&Subspace::new(WAYS, shots, 1, 0), args, seed << 32, in_turn)
}

/// The first rows of each task from number `first` on, in the order that `place` says, with the task before and the answer behind.
fn task_table(
    episodes: &dyn Episodes<f64>,
    args: &MakeTasks,
    first: u64,
    place: impl Fn(usize) -> usize,
) -> cognate::Result<Table> {
    let (mut batch, width) = (EpisodeBatch::new(), episodes.shape().features);
    let (mut tasks, mut x, mut y) = (Vec::new(), Vec::new(), Vec::new());
    for task in 0..args.tasks {
        let number = first.wrapping_add(task as u64);
        batch.draw(episodes, number..number + 1);
        let rows = batch.support();
        for row in (0..args.rows).map(&place) {
            tasks.push(task as f64);
            x.extend_from_slice(rows.x.row(row));
            y.push(match rows.y.target {
                Target::Values(y) => y.at(row, 0),
                Target::Classes(labels) => f64::from(labels[row]),
            });
        }
    }
    let mut all = vec![Column::numbers("task", tasks)];
    all.extend(columns(&x, width, "x"));
    all.push(Column::numbers("y", y));
    Table::new(all)
}

fn classes(labels: &[u32]) -> Column {
    Column::numbers("y", labels.iter().map(|&label| f64::from(label)).collect())
}

/// The columns of a row-major matrix of `width` columns: `x0`, `x1`, ..
fn columns(numbers: &[f64], width: usize, name: &str) -> Vec<Column> {
    let column = |j: usize| {
        let cells = numbers.iter().skip(j).step_by(width).copied().collect();
        Column::numbers(&format!("{name}{j}"), cells)
    };
    (0..width).map(column).collect()
}

fn table(x: &[f64], width: usize, targets: Vec<Column>) -> cognate::Result<Table> {
    Table::new(columns(x, width, "x").into_iter().chain(targets).collect())
}
