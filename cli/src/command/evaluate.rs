//! `cognate evaluate`: a model's scores on a table with labels.

use cognate::Real;
use cognate::pipeline::tasks::TaskScores;
use cognate::pipeline::{AnyPipeline, Labels, Pipeline, Prediction, Target};

use super::scores::{scores_json, scores_lines};
use super::{feature_table, meta, read_csv, read_model, tasks};
use crate::args::{Common, Evaluate};
use crate::csv_file::{CsvFile, Hint};
use crate::failure::{Failure, Result};
use crate::output;

pub fn run(args: &Evaluate, common: &Common) -> Result<()> {
    let model = read_model(&args.model)?;
    let csv = read_csv(&args.data, &args.source)?;
    let scored = match model {
        AnyPipeline::F32(pipeline) => evaluate(&pipeline, &csv)?,
        AnyPipeline::F64(pipeline) => evaluate(&pipeline, &csv)?,
        AnyPipeline::Tasks(pipeline) => tasks::evaluate(&pipeline, &csv)?,
        AnyPipeline::Meta(pipeline) => return meta::evaluate(&pipeline, &csv, args, common),
    };
    if common.json {
        output::print_json(&scores_json(&scored))
    } else {
        let lines = scores_lines(&scored);
        output::print(|out| lines.iter().try_for_each(|l| writeln!(out, "{l}")))
    }
}

fn evaluate<T: Real>(pipeline: &Pipeline<T>, csv: &CsvFile) -> Result<TaskScores> {
    let table = feature_table(csv, pipeline.encoder())?;
    let fault = |e: cognate::Error| csv.fault(&e, Hint::None);
    let prediction = pipeline.predict(&table).map_err(fault)?;
    match pipeline.target() {
        Target::Classes { name, levels } => {
            let column = csv
                .column(name, Hint::None)
                .or_else(|_| csv.text_column(name))?;
            let rows: Vec<usize> = (0..csv.rows())
                .filter(|&i| !column.is_empty_at(i))
                .collect();
            check_labelled(csv, name, &rows)?;
            let labels = levels.known_codes(&column.take(&rows));
            let labels = labels.map_err(|e| csv.fault_in(&rows, &e, Hint::None))?;
            let scores = prediction.take(&rows).score(Labels::Classes(&labels), None);
            let scores = scores.map_err(fault)?;
            Ok(TaskScores {
                rows: rows.len(),
                all: scores.clone(),
                tasks: vec![(name.clone(), rows.len(), scores)],
            })
        }
        Target::Numbers(names) => evaluate_numbers(&prediction, names, csv),
    }
}

fn evaluate_numbers<T: Real>(
    prediction: &Prediction<T>,
    names: &[String],
    csv: &CsvFile,
) -> Result<TaskScores> {
    let fault = |e: cognate::Error| csv.fault(&e, Hint::None);
    let (mut truth, mut said) = (Vec::new(), Vec::new());
    let mut tasks = Vec::new();
    for (j, name) in names.iter().enumerate() {
        let column = csv.column(name, Hint::None)?;
        let numbers = column.as_numbers().map_err(fault)?;
        let rows: Vec<usize> = (0..csv.rows()).filter(|&i| !numbers[i].is_nan()).collect();
        check_labelled(csv, name, &rows)?;
        let own: Vec<f64> = rows.iter().map(|&i| numbers[i]).collect();
        let values = rows
            .iter()
            .map(|&i| prediction.values[i * prediction.width + j]);
        let predicted = Prediction {
            values: values.collect(),
            width: 1,
        };
        let scores = predicted
            .score(Labels::Numbers(&own), None)
            .map_err(fault)?;
        tasks.push((name.clone(), rows.len(), scores));
        truth.extend(own);
        said.extend(predicted.values);
    }
    let all = Prediction {
        values: said,
        width: 1,
    };
    Ok(TaskScores {
        rows: truth.len(),
        all: all.score(Labels::Numbers(&truth), None).map_err(fault)?,
        tasks,
    })
}

/// Makes sure that `rows`, those with a label in the column called `name`, are some.
pub fn check_labelled(csv: &CsvFile, name: &str, rows: &[usize]) -> Result<()> {
    if rows.is_empty() {
        return Err(Failure::at(
            csv.place(),
            format_args!("no row has a label in {name:?}"),
        ));
    }
    Ok(())
}
