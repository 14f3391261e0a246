//! `cognate info`: what a model file holds.

use cognate::Real;
use cognate::data::encode::{Empty, Encoder, Feature, Kind};
use cognate::pipeline::{AnyPipeline, Pipeline, Target};
use serde_json::{Value, json};

use super::{meta, read_model, tasks};
use crate::args::{Common, Info};
use crate::failure::Result;
use crate::output;
use crate::report::{rounded, table, thousands};

pub fn run(args: &Info, common: &Common) -> Result<()> {
    match read_model(&args.model)? {
        AnyPipeline::F32(pipeline) => show(&pipeline, common),
        AnyPipeline::F64(pipeline) => show(&pipeline, common),
        AnyPipeline::Tasks(pipeline) => tasks::info(&pipeline, common),
        AnyPipeline::Meta(pipeline) => meta::info(&pipeline, common),
    }
}

fn show<T: Real>(pipeline: &Pipeline<T>, common: &Common) -> Result<()> {
    if common.json {
        return output::print_json(&describe(pipeline));
    }
    let lines = lines(pipeline);
    output::print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))
}

fn describe<T: Real>(pipeline: &Pipeline<T>) -> Value {
    let classes = match pipeline.target() {
        Target::Classes { levels, .. } => json!(levels.names()),
        Target::Numbers(_) => Value::Null,
    };
    json!({
        "kind": pipeline.model().kind(),
        "precision": T::NAME,
        "parameters": pipeline.model().parameters(),
        "seed": pipeline.seed(),
        "targets": pipeline.target().names(),
        "classes": classes,
        "standardized": pipeline.scaler().is_some(),
        "features": features_json(pipeline.encoder()),
    })
}

/// Names, levels and fill values of the features.
pub fn features_json(encoder: &Encoder) -> Value {
    let feature = |f: &Feature| {
        let (levels, fill) = (levels(f), fill(f));
        json!({ "name": f.name, "levels": levels, "fill": fill })
    };
    encoder.features().iter().map(feature).collect()
}

fn levels(feature: &Feature) -> Option<&[String]> {
    match &feature.kind {
        Kind::Category(levels) => Some(levels.names()),
        Kind::Number => None,
    }
}

fn fill(feature: &Feature) -> Option<f64> {
    match feature.empty {
        Empty::Fill { value, .. } => Some(value),
        Empty::Refuse => None,
    }
}

fn lines<T: Real>(pipeline: &Pipeline<T>) -> Vec<String> {
    let model = pipeline.model();
    let mut lines = vec![
        format!(
            "{}, {} parameters ({}), seed {}",
            model.kind(),
            thousands(model.parameters() as f64),
            T::NAME,
            pipeline.seed()
        ),
        format!("predicts {}", pipeline.target().names().join(", ")),
    ];
    if let Target::Classes { levels, .. } = pipeline.target() {
        lines.push(format!("classes {}", levels.names().join(", ")));
    }
    if pipeline.scaler().is_some() {
        lines.push("features are standardised".to_owned());
    }
    lines.extend(features_lines(pipeline.encoder()));
    lines
}

/// The features, a line each.
pub fn features_lines(encoder: &Encoder) -> Vec<String> {
    let features = encoder.features();
    let row = |f: &Feature| {
        let kind = levels(f).map_or_else(|| "number".to_owned(), |names| names.join(", "));
        let empty = fill(f).map_or(String::new(), |x| format!("  empty: {}", rounded(x)));
        vec![format!("  {}", f.name), format!("{kind}{empty}")]
    };
    let rows: Vec<Vec<String>> = features.iter().map(row).collect();
    let mut lines = vec![format!("{} features:", features.len())];
    lines.extend(table(&rows, &[0, 1]));
    lines
}
