//! Scores of a model of several tasks on a table with labels.

use std::collections::BTreeMap;

use cognate::data::levels::Levels;
use cognate::data::table::Table;
use cognate::mtl::ClassTree;
use cognate::pipeline::Prediction;
use cognate::pipeline::tasks::{Answered, Form, Response, TaskPipeline, TaskScores, score_tasks};

use super::input_table;
use crate::command::evaluate::check_labelled;
use crate::csv_file::{CsvFile, Hint};
use crate::failure::Result;

/// Scores each task's labelled rows, and all together.
pub fn evaluate(pipeline: &TaskPipeline, csv: &CsvFile) -> Result<TaskScores> {
    let table = input_table(csv, pipeline)?;
    let answered = match pipeline.form() {
        Form::Long { task, target } => long(pipeline, csv, &table, (task, target))?,
        Form::Wide => wide(pipeline, csv, &table)?,
    };
    score_tasks(&answered).map_err(|e| csv.fault(&e, Hint::None))
}

fn wide(pipeline: &TaskPipeline, csv: &CsvFile, table: &Table) -> Result<Vec<Answered>> {
    let said = pipeline
        .predict(table)
        .map_err(|e| csv.fault(&e, Hint::None))?;
    let answered = said.iter().zip(pipeline.tasks());
    let answered = answered.map(|(prediction, (name, response))| {
        let (rows, labels) = labels(csv, name, response, pipeline.tree())?;
        check_labelled(csv, name, &rows)?;
        Ok(of_rows(name, response, prediction, (&rows, labels)))
    });
    answered.collect()
}

/// The rows by the names in the task column, those of tasks never seen too.
fn long(
    pipeline: &TaskPipeline,
    csv: &CsvFile,
    table: &Table,
    (task, target): (&str, &str),
) -> Result<Vec<Answered>> {
    let fault = |e: cognate::Error| csv.fault(&e, Hint::None);
    let response = &pipeline.tasks()[0].1;
    let (rows, labels) = labels(csv, target, response, None)?;
    check_labelled(csv, target, &rows)?;
    let labelled = table.take(&rows);
    let prediction = pipeline.predict(&labelled);
    let prediction = prediction.map_err(|e| csv.fault_in(&rows, &e, Hint::None))?;
    let column = labelled.column(task).map_err(fault)?;
    let levels = Levels::fit(column);
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (place, code) in levels.codes(column).into_iter().enumerate() {
        members.entry(code.unwrap_or(0)).or_default().push(place);
    }
    let answered = members.into_iter().map(|(code, places)| {
        let labels = places.iter().map(|&place| labels[place]).collect();
        let name = &levels.names()[code as usize];
        of_rows(name, response, &prediction[0], (&places, labels))
    });
    Ok(answered.collect())
}

fn of_rows(
    name: &str,
    response: &Response,
    prediction: &Prediction<f64>,
    (rows, labels): (&[usize], Vec<f64>),
) -> Answered {
    Answered {
        name: name.to_owned(),
        response: response.clone(),
        prediction: prediction.take(rows),
        labels,
        weights: None,
    }
}

/// The rows with a label in the column called `name`, and the labels. An inner node of a tree is no class: what the row is, is not known.
fn labels(
    csv: &CsvFile,
    name: &str,
    response: &Response,
    tree: Option<&ClassTree>,
) -> Result<(Vec<usize>, Vec<f64>)> {
    let fault = |e: cognate::Error| csv.fault(&e, Hint::None);
    let Response::Classes(levels) = response else {
        let column = csv.column(name, Hint::None)?;
        let numbers = column.as_numbers().map_err(fault)?;
        let labelled = numbers.iter().enumerate().filter(|(_, x)| !x.is_nan());
        return Ok(labelled.map(|(row, x)| (row, *x)).unzip());
    };
    let column = csv
        .column(name, Hint::None)
        .or_else(|_| csv.text_column(name))?;
    let is_inner = |class: &str| {
        tree.is_some_and(|tree| tree.find(class).is_some())
            && !levels.names().iter().any(|n| n == class)
    };
    let has_class = |&row: &usize| column.cell(row).is_some_and(|class| !is_inner(&class));
    let rows: Vec<usize> = (0..csv.rows()).filter(has_class).collect();
    let codes = levels.known_codes(&column.take(&rows));
    let codes = codes.map_err(|e| csv.fault_in(&rows, &e, Hint::None))?;
    Ok((rows, codes.into_iter().map(f64::from).collect()))
}
