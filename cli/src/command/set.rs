//! A table with targets as a set of tasks, and such sets as the library bundles them.

use cognate::compare::Set;
use cognate::data::datasets::Dataset;
use cognate::data::encode::{Encoder, EncoderConfig, Impute};
use cognate::data::levels::Levels;
use cognate::pipeline::tasks::{Form, Task};

use crate::args::{Columns, Common};
use crate::columns::{TargetColumn, Wish, named_codes};
use crate::csv_file::{CsvFile, Hint};
use crate::failure::{Failure, Result};

/// The set that the flags make of a file; `task` names the column of tasks.
pub fn read_set(
    csv: &CsvFile,
    columns: &Columns,
    task: Option<&String>,
    (wish, common): (Wish, &Common),
) -> Result<Set> {
    let names = columns.targets();
    if names.is_empty() {
        let what = "which column is the target? --target COL, or --targets A,B,..";
        return Err(Failure::Usage(what.to_owned()));
    }
    // Columns that are not there are named before what is wrong in those that are.
    let others: Vec<&str> = names.iter().chain(task).map(String::as_str).collect();
    let features = columns.features(csv, &others)?;
    let mut targets = Vec::new();
    for name in &names {
        let target = TargetColumn::read(csv, name, wish)?;
        target.announce(common);
        target.check(csv.place())?;
        targets.push(target);
    }
    let (form, tasks) = match task {
        None => wide(&targets),
        Some(task) => {
            let (levels, codes) = named_codes(csv, task)?;
            long(task, &targets[0], &levels, &codes)
        }
    };
    let set = Set {
        name: csv.place().to_owned(),
        table: columns.table(csv, &features)?,
        features,
        encoder: columns.encoder(),
        form,
        tasks,
        groups: columns.groups(csv)?,
        weights: columns.weights(csv)?,
        relation: None,
    };
    check_features(&set, csv)?;
    Ok(set)
}

/// A bundled set with its own targets and tasks; empty cells are filled by their mean.
pub fn bundled_set(dataset: &Dataset) -> Result<Set> {
    let fault = |e: cognate::Error| Failure::at(dataset.name, e);
    let table = &dataset.table;
    let target = |name: &&str| TargetColumn::of(table.column(name)?, Wish::AsItIs);
    let targets = dataset.targets.iter().map(target);
    let targets: Vec<TargetColumn> = targets.collect::<cognate::Result<_>>().map_err(fault)?;
    let (form, tasks) = match dataset.task {
        None => wide(&targets),
        Some(task) => {
            let column = table.column(task).map_err(fault)?;
            let levels = Levels::fit(column);
            let codes = levels.known_codes(column).map_err(fault)?;
            long(task, &targets[0], &levels, &codes)
        }
    };
    let part = |name: &str| dataset.targets.contains(&name) || dataset.task == Some(name);
    let features = table.columns().iter().map(|c| &c.name);
    Ok(Set {
        name: dataset.name.to_owned(),
        table: table.clone(),
        features: features.filter(|name| !part(name)).cloned().collect(),
        encoder: EncoderConfig::default().with_impute(Impute::Mean),
        form,
        tasks,
        groups: None,
        weights: None,
        relation: None,
    })
}

/// A task for each target.
fn wide(targets: &[TargetColumn]) -> (Form, Vec<Task>) {
    let tasks = targets.iter().map(|t| t.task(&t.name, |_| true));
    (Form::Wide, tasks.collect())
}

/// A task for each value of the task column that has a labelled row.
fn long(task: &str, target: &TargetColumn, levels: &Levels, codes: &[u32]) -> (Form, Vec<Task>) {
    let rows_of = |(name, code): (&String, u32)| target.task(name, |row| codes[row] == code);
    let tasks = levels.names().iter().zip(0..).map(rows_of);
    let form = Form::Long {
        task: task.to_owned(),
        target: target.name.clone(),
    };
    let labelled = tasks.filter(|task| !task.rows.is_empty());
    (form, labelled.collect())
}

/// The rows that have a label, ascending.
pub fn labelled_rows(set: &Set) -> Vec<usize> {
    let mut rows: Vec<usize> = set.tasks.iter().flat_map(|t| &t.rows).copied().collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Encodes all labelled rows once, so that a fault is named by its line and not by its place in a split.
fn check_features(set: &Set, csv: &CsvFile) -> Result<()> {
    let rows = labelled_rows(set);
    let names: Vec<&str> = set.features.iter().map(String::as_str).collect();
    let encoder = Encoder::fit(&set.table.take(&rows), &names, &set.encoder);
    encoder
        .map(drop)
        .map_err(|e| csv.fault_in(&rows, &e, Hint::Feature))
}
