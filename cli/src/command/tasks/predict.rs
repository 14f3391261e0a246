//! The rows of a table, in order: a prediction a row by its task, or one a row and target.

use std::io::{self, Write};

use cognate::data::table::{Column, Table};
use cognate::pipeline::Prediction;
use cognate::pipeline::tasks::{Form, Response, TaskPipeline};

use super::input_table;
use crate::args::Predict;
use crate::csv_file::{CsvFile, Hint};
use crate::failure::{Failure, Result};
use crate::output::{self, csv_error};
use crate::report::exact;

/// Predicts, and writes what was said.
pub fn predict(pipeline: &TaskPipeline, args: &Predict, csv: &CsvFile) -> Result<()> {
    let tasks = pipeline.tasks();
    if args.proba && tasks.iter().all(|(_, r)| *r == Response::Number) {
        let model = args.model.display();
        return Err(Failure::Usage(format!(
            "--proba: {model} predicts numbers, not classes"
        )));
    }
    let table = input_table(csv, pipeline)?;
    let said = pipeline
        .predict(&table)
        .map_err(|e| csv.fault(&e, Hint::None))?;
    let groups = groups(pipeline, &table, &said, args.proba);
    output::write_to(args.output.as_deref(), |out| write(out, &groups))
}

/// Columns of the output, each with its header and a cell a row.
type Columns = Vec<(String, Vec<String>)>;

fn groups(
    pipeline: &TaskPipeline,
    table: &Table,
    said: &[Prediction<f64>],
    proba: bool,
) -> Columns {
    let tasks = pipeline.tasks();
    let mut columns = Columns::new();
    if let Form::Long { task, .. } = pipeline.form() {
        let cells = table.column(task).map(texts).unwrap_or_default();
        columns.push((task.clone(), cells));
    }
    for (prediction, (name, response)) in said.iter().zip(tasks) {
        let named = match said.len() {
            1 => String::new(),
            _ => format!("_{name}"),
        };
        columns.extend(answers(prediction, response, &named, proba));
    }
    columns
}

fn texts(column: &Column) -> Vec<String> {
    let cell = |row| column.cell(row).map_or(String::new(), |c| c.into_owned());
    (0..column.rows()).map(cell).collect()
}

/// `prediction` or `prediction_NAME`, and `proba_CLASS` or `proba_NAME_CLASS`.
fn answers(prediction: &Prediction<f64>, response: &Response, named: &str, proba: bool) -> Columns {
    let header = format!("prediction{named}");
    let Response::Classes(levels) = response else {
        let cells = prediction.values.iter().map(|x| exact(*x)).collect();
        return vec![(header, cells)];
    };
    let names = levels.names();
    let classes = prediction.classes();
    let cells = classes.iter().map(|&class| names[class as usize].clone());
    let mut columns = vec![(header, cells.collect())];
    let shown = if proba { names } else { &[] };
    columns.extend(shown.iter().enumerate().map(|(j, class)| {
        let cells = prediction.rows().map(|row| exact(row[j]));
        (format!("proba{named}_{class}"), cells.collect())
    }));
    columns
}

fn write(out: &mut dyn Write, columns: &Columns) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let header = columns.iter().map(|(name, _)| name);
    csv.write_record(header).map_err(csv_error)?;
    for row in 0..columns[0].1.len() {
        let cells = columns.iter().map(|(_, cells)| &cells[row]);
        csv.write_record(cells).map_err(csv_error)?;
    }
    csv.flush()
}
