//! The labels of a job's rows.

use cognate::pipeline::tasks::Response;
use cognate::pipeline::{Labels, Target};

use crate::columns::TargetColumn;
use crate::csv_file::CsvFile;
use crate::failure::Result;

/// Labels of the table's rows.
pub enum Answers {
    /// `n x k`.
    Numbers(Vec<f64>),
    Classes(Vec<u32>),
}

impl Answers {
    pub fn labels(&self) -> Labels<'_> {
        match self {
            Self::Numbers(y) => Labels::Numbers(y),
            Self::Classes(y) => Labels::Classes(y),
        }
    }

    pub fn take(&self, rows: &[usize], width: usize) -> Self {
        match self {
            Self::Numbers(y) => {
                let row = |&i: &usize| &y[i * width..][..width];
                Self::Numbers(rows.iter().flat_map(row).copied().collect())
            }
            Self::Classes(y) => Self::Classes(rows.iter().map(|&i| y[i]).collect()),
        }
    }
}

/// The rows that have a label. With several targets a row has all of them or none.
pub fn labelled_rows(csv: &CsvFile, targets: &[TargetColumn]) -> Result<Vec<usize>> {
    let mut rows = Vec::new();
    for row in 0..csv.rows() {
        let missing = targets.iter().find(|t| t.labels[row].is_none());
        match missing {
            None => rows.push(row),
            Some(target) if targets.iter().any(|t| t.labels[row].is_some()) => {
                let what = "is empty: with several targets a row needs all labels or none (methods for tasks, such as independent, do not ask for that)";
                return Err(csv.cell_fault(&target.name, row, what));
            }
            Some(_) => {}
        }
    }
    Ok(rows)
}

/// What is predicted, and the answers of `rows`.
pub fn answers(targets: &[TargetColumn], rows: &[usize]) -> Result<(Target, Answers)> {
    let labels = rows
        .iter()
        .flat_map(|&row| targets.iter().filter_map(move |t| t.labels[row]));
    match &targets[0].response {
        Response::Classes(levels) => {
            let target = Target::Classes {
                name: targets[0].name.clone(),
                levels: levels.clone(),
            };
            Ok((
                target,
                Answers::Classes(labels.map(|code| code as u32).collect()),
            ))
        }
        Response::Number => {
            let names = targets.iter().map(|t| t.name.clone()).collect();
            Ok((Target::Numbers(names), Answers::Numbers(labels.collect())))
        }
    }
}
