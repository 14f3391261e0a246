//! What a meta-model's file holds.

use cognate::pipeline::Target;
use cognate::pipeline::meta::{Brought, MetaPipeline};
use serde_json::json;

use crate::args::Common;
use crate::failure::Result;
use crate::output;
use crate::report::thousands;

/// Shows `pipeline`.
pub fn info(pipeline: &MetaPipeline, common: &Common) -> Result<()> {
    let (hidden, parameters) = match pipeline.brought() {
        Brought::Steps(model) => (&model.settings().hidden, model.meta().len()),
        Brought::Embedding(model) | Brought::Baseline(model) => {
            (&model.settings().hidden, model.params().len())
        }
    };
    let classes = match pipeline.target() {
        Target::Classes { levels, .. } => Some(levels.len()),
        Target::Numbers(_) => None,
    };
    let features = pipeline.encoder().features().iter().map(|f| f.name.clone());
    let features: Vec<String> = features.collect();
    if common.json {
        return output::print_json(&json!({
            "kind": "meta",
            "method": pipeline.method(),
            "precision": "f32",
            "parameters": parameters,
            "hidden": hidden,
            "seed": pipeline.seed(),
            "task": pipeline.task_column(),
            "shots": pipeline.shots(),
            "targets": pipeline.target().names(),
            "classes": classes,
            "standardized": pipeline.scaler().is_some(),
            "features": features,
        }));
    }
    let widths: Vec<String> = hidden.iter().map(ToString::to_string).collect();
    let lines = [
        format!(
            "{}, {} parameters (f32), hidden layers {}, seed {}",
            pipeline.method(),
            thousands(parameters as f64),
            widths.join(", "),
            pipeline.seed(),
        ),
        format!(
            "predicts {} of a new {} from {} rows or so: cognate adapt",
            pipeline.target().names()[0],
            pipeline.task_column().unwrap_or("set of classes"),
            pipeline.shots(),
        ),
        format!("{} features: {}", features.len(), features.join(", ")),
    ];
    output::print(|out| lines.iter().try_for_each(|l| writeln!(out, "{l}")))
}
