//! One file a subcommand.

pub mod compare;
pub mod datasets;
pub mod distill;
pub mod evaluate;
pub mod fit;
pub mod info;
pub mod make;
pub mod meta;
pub mod method;
pub mod predict;
mod scores;
mod set;
mod tasks;

use std::path::Path;

use cognate::data::encode::{Encoder, Kind};
use cognate::data::table::Table;
use cognate::pipeline::AnyPipeline;

use crate::args::{Common, Source};
use crate::csv_file::{CsvFile, Format, Hint};
use crate::failure::{Failure, Result};

fn read_csv(path: &Path, source: &Source) -> Result<CsvFile> {
    let format = Format {
        delimiter: source.delimiter,
        empty_words: source.na.clone(),
    };
    CsvFile::read(path, &format)
}

fn read_model(path: &Path) -> Result<AnyPipeline> {
    let bytes = std::fs::read(path).map_err(|e| Failure::reading(path.display(), &e))?;
    AnyPipeline::from_file(&bytes).map_err(|e| Failure::at(path.display(), e))
}

/// The threads to use.
fn threads(common: &Common) -> usize {
    let all = || std::thread::available_parallelism().map_or(1, usize::from);
    common.threads.unwrap_or_else(all)
}

/// The columns that a model's encoder asks for, by name, each read as what it was in training.
fn feature_table(csv: &CsvFile, encoder: &Encoder) -> Result<Table> {
    let columns = encoder.features().iter().map(|feature| match feature.kind {
        Kind::Number => csv.column(&feature.name, Hint::None),
        Kind::Category(_) => csv.text_column(&feature.name),
    });
    csv.table(columns.collect::<Result<_>>()?)
}
