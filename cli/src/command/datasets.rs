//! `cognate datasets`: the bundled sets.

use std::io::{self, Write};

use cognate::data::datasets::{Dataset, load, names};
use cognate::data::table::Table;
use serde_json::json;

use crate::args::{Common, Datasets};
use crate::failure::{Failure, Result};
use crate::output::{self, csv_error};
use crate::report::{table, thousands};

pub fn run(args: &Datasets, common: &Common) -> Result<()> {
    match &args.name {
        Some(name) => {
            let set = bundled(name)?;
            output::write_to(args.output.as_deref(), |out| write_csv(out, &set.table))
        }
        None => list(common),
    }
}

/// The bundled set called `name`.
pub fn bundled(name: &str) -> Result<Dataset> {
    load(name).ok_or_else(|| {
        let known: Vec<&str> = names().collect();
        let known = known.join(", ");
        Failure::Usage(format!(
            "there is no bundled set {name:?}; there are {known}"
        ))
    })
}

fn list(common: &Common) -> Result<()> {
    let sets: Vec<Dataset> = names().filter_map(load).collect();
    if common.json {
        let set = |s: &Dataset| {
            json!({
                "name": s.name, "rows": s.table.rows(), "columns": s.table.columns().len(),
                "targets": s.targets, "task": s.task, "about": s.about,
            })
        };
        return output::print_json(&json!({ "sets": sets.iter().map(set).collect::<Vec<_>>() }));
    }
    let header = ["name", "rows", "columns", "targets", "a task each", "what"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(sets.iter().map(|s| {
        vec![
            s.name.to_owned(),
            thousands(s.table.rows() as f64),
            s.table.columns().len().to_string(),
            s.targets.join(","),
            s.task.unwrap_or("-").to_owned(),
            what(s.about),
        ]
    }));
    let lines = table(&rows, &[0, 3, 4, 5]);
    output::print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))
}

/// The first sentence, or what stands before its colon, of a Markdown text.
fn what(about: &str) -> String {
    let first: Vec<&str> = about
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .collect();
    let text = first.join(" ");
    let end = text.find(": ").or_else(|| text.find(". "));
    text[..end.unwrap_or(text.len())].to_owned()
}

/// Writes a table as CSV with a header.
pub fn write_csv(out: &mut dyn Write, table: &Table) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let names = table.columns().iter().map(|c| &c.name);
    csv.write_record(names).map_err(csv_error)?;
    for row in 0..table.rows() {
        let cells = table
            .columns()
            .iter()
            .map(|c| c.cell(row).unwrap_or_default());
        csv.write_record(cells.map(|cell| cell.into_owned()))
            .map_err(csv_error)?;
    }
    csv.flush()
}
