//! Meta-models: trained on the tasks of a table, adapted to a new one, scored on tasks held out.

mod adapt;
mod evaluate;
mod fit;
mod info;
mod method;

pub use adapt::run as adapt;
pub use evaluate::evaluate;
pub use fit::fit;
pub use info::info;
pub use method::{MetaMethodName, names, refuse_settings};

use cognate::data::levels::Levels;
use cognate::pipeline::tasks::Response;
use cognate::pipeline::{Labels, Target};

use crate::columns::{TargetColumn, named_codes};
use crate::csv_file::CsvFile;
use crate::failure::Result;

/// The tasks' names and each row's, by the task column; without one, the file is a single task.
fn tasks_of(csv: &CsvFile, column: Option<&str>) -> Result<(Vec<String>, Vec<u32>)> {
    match column {
        None => Ok((vec![csv.place().to_owned()], vec![0; csv.rows()])),
        Some(column) => {
            let (levels, codes) = named_codes(csv, column)?;
            Ok((levels.names().to_vec(), codes))
        }
    }
}

/// Labels of all rows: numbers, or classes by their place among `levels`.
struct MetaLabels {
    numbers: Vec<f64>,
    classes: Option<(Levels, Vec<u32>)>,
}

impl MetaLabels {
    /// The labels of a column in which no cell is empty.
    fn of(target: &TargetColumn, csv: &CsvFile) -> Result<Self> {
        if let Some(row) = target.labels.iter().position(Option::is_none) {
            let problem = "is empty, and a task's row needs a label";
            return Err(csv.cell_fault(&target.name, row, problem));
        }
        let numbers: Vec<f64> = target.labels.iter().flatten().copied().collect();
        let classes = match &target.response {
            Response::Number => None,
            Response::Classes(levels) => {
                let codes = numbers.iter().map(|&code| code as u32).collect();
                Some((levels.clone(), codes))
            }
        };
        Ok(Self { numbers, classes })
    }

    fn labels(&self) -> Labels<'_> {
        match &self.classes {
            Some((_, codes)) => Labels::Classes(codes),
            None => Labels::Numbers(&self.numbers),
        }
    }

    fn levels(&self) -> Option<&Levels> {
        self.classes.as_ref().map(|(levels, _)| levels)
    }

    fn target(&self, name: &str) -> Target {
        match self.levels() {
            Some(levels) => Target::Classes {
                name: name.to_owned(),
                levels: levels.clone(),
            },
            None => Target::Numbers(vec![name.to_owned()]),
        }
    }
}
