//! `cognate predict`: the rows of a table, in order.

use std::io::{self, Write};
use std::iter::once;

use cognate::Real;
use cognate::pipeline::{AnyPipeline, Pipeline, Prediction, Target};

use super::{feature_table, read_csv, read_model, tasks};
use crate::args::Predict;
use crate::csv_file::{CsvFile, Hint};
use crate::failure::{Failure, Result};
use crate::output::{self, csv_error};
use crate::report::exact;

pub fn run(args: &Predict) -> Result<()> {
    let model = read_model(&args.model)?;
    let csv = read_csv(&args.data, &args.source)?;
    match model {
        AnyPipeline::F32(pipeline) => predict(&pipeline, args, &csv),
        AnyPipeline::F64(pipeline) => predict(&pipeline, args, &csv),
        AnyPipeline::Tasks(pipeline) => tasks::predict(&pipeline, args, &csv),
        AnyPipeline::Meta(_) => Err(Failure::at(
            args.model.display(),
            "a meta-model predicts once it has learned a task: cognate adapt",
        )),
    }
}

fn predict<T: Real>(pipeline: &Pipeline<T>, args: &Predict, csv: &CsvFile) -> Result<()> {
    if args.proba && matches!(pipeline.target(), Target::Numbers(_)) {
        let model = args.model.display();
        return Err(Failure::Usage(format!(
            "--proba: {model} predicts numbers, not classes"
        )));
    }
    let table = feature_table(csv, pipeline.encoder())?;
    let prediction = pipeline
        .predict(&table)
        .map_err(|e| csv.fault(&e, Hint::None))?;
    output::write_to(args.output.as_deref(), |out| {
        write(out, pipeline.target(), &prediction, args.proba)
    })
}

fn write<T: Real>(
    out: &mut dyn Write,
    target: &Target,
    prediction: &Prediction<T>,
    proba: bool,
) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let mut put = |cells: Vec<String>| csv.write_record(cells).map_err(csv_error);
    match target {
        Target::Numbers(names) => {
            put(match &names[..] {
                [_] => vec!["prediction".to_owned()],
                _ => names
                    .iter()
                    .map(|name| format!("prediction_{name}"))
                    .collect(),
            })?;
            for row in prediction.rows() {
                put(row.iter().map(|x| exact(*x)).collect())?;
            }
        }
        Target::Classes { levels, .. } => {
            let names = levels.names();
            let shown = if proba { names } else { &[] };
            let header = shown.iter().map(|name| format!("proba_{name}"));
            put(once("prediction".to_owned()).chain(header).collect())?;
            for (class, row) in prediction.classes().into_iter().zip(prediction.rows()) {
                let proba = row.iter().take(shown.len()).map(|p| exact(*p));
                put(once(names[class as usize].clone()).chain(proba).collect())?;
            }
        }
    }
    csv.flush()
}
