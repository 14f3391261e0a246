//! Models of several tasks: fitted, used, scored and shown.

mod evaluate;
mod fit;
mod info;
mod method;
mod nested;
mod predict;
mod relation;

pub use evaluate::evaluate;
pub use fit::fit;
pub use info::info;
pub use method::{NETWORKS, RELATED, TaskMethod, WITH_LAMBDA, names};
pub use predict::predict;
pub use relation::RelationFile;

use cognate::data::table::Table;
use cognate::pipeline::tasks::{Form, TaskPipeline};

use super::feature_table;
use crate::csv_file::CsvFile;
use crate::failure::Result;

/// What a model asks of a table: its features, and the task column where it has one.
pub fn input_table(csv: &CsvFile, pipeline: &TaskPipeline) -> Result<Table> {
    let features = feature_table(csv, pipeline.encoder())?;
    let Form::Long { task, .. } = pipeline.form() else {
        return Ok(features);
    };
    let mut columns = features.columns().to_vec();
    columns.push(csv.text_column(task)?);
    csv.table(columns)
}
