//! `cognate adapt`: a new task from a few rows.

use cognate::pipeline::{AnyPipeline, Target};
use serde_json::json;

use super::MetaLabels;
use crate::args::{Adapt, Common};
use crate::columns::{TargetColumn, Wish};
use crate::command::{feature_table, read_csv, read_model};
use crate::csv_file::Hint;
use crate::failure::{Failure, Result};
use crate::output;
use crate::report::thousands;

pub fn run(args: &Adapt, common: &Common) -> Result<()> {
    let AnyPipeline::Meta(pipeline) = read_model(&args.model)? else {
        let what = "it is no meta-model: cognate fit maml, ridge-head or the like makes one";
        return Err(Failure::at(args.model.display(), what));
    };
    let csv = read_csv(&args.support, &args.source)?;
    let wish = match pipeline.target() {
        Target::Classes { .. } => Wish::Classes("as in training"),
        Target::Numbers(_) => Wish::Numbers("as in training"),
    };
    let target = TargetColumn::read(&csv, &pipeline.target().names()[0], wish)?;
    let labels = MetaLabels::of(&target, &csv)?;
    let table = feature_table(&csv, pipeline.encoder())?;
    let adapted = pipeline.adapt(&table, labels.labels(), labels.levels());
    let adapted = adapted.map_err(|e| csv.fault(&e, Hint::None))?;
    let mut bytes = None;
    if let Some(path) = &args.output {
        let file = adapted.to_file();
        output::write_to(Some(path), |out| out.write_all(&file))?;
        bytes = Some(file.len());
    }
    if common.json {
        return output::print_json(&json!({
            "method": pipeline.method(),
            "rows": table.rows(),
            "kind": adapted.model().kind(),
            "bytes": bytes,
        }));
    }
    let mut lines = vec![format!(
        "{} learned a task from {} rows: an ordinary {}",
        pipeline.method(),
        thousands(table.rows() as f64),
        adapted.model().kind(),
    )];
    if let (Some(path), Some(bytes)) = (&args.output, bytes) {
        let (path, bytes) = (path.display(), thousands(bytes as f64));
        lines.push(format!("wrote {path} ({bytes} bytes)"));
    }
    output::print(|out| lines.iter().try_for_each(|l| writeln!(out, "{l}")))
}
