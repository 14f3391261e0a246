//! `cognate make`: made-up tables with known structure.

use cognate::data::generate::{
    BlobsConfig, ClassificationConfig, RegressionConfig, make_blobs, make_classification,
    make_regression,
};
use cognate::data::table::{Column, Table};

use super::datasets::write_csv;
use crate::args::{Common, Make, MakeBlobs, MakeClassification, MakeRegression};
use crate::failure::{Failure, Result};
use crate::output;

pub fn run(args: &Make, common: &Common) -> Result<()> {
    let (made, to) = match args {
        Make::Classification(args) => (classification(args, common.seed), &args.to),
        Make::Regression(args) => (regression(args, common.seed), &args.to),
        Make::Blobs(args) => (blobs(args, common.seed), &args.to),
    };
    let table = made.map_err(|e| Failure::Usage(e.to_string()))?;
    output::write_to(to.output.as_deref(), |out| write_csv(out, &table))
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
