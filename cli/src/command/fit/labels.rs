//! The labels of a job's rows.

use cognate::pipeline::tasks::Response;
use cognate::pipeline::{Labels, Target};

use crate::columns::TargetColumn;
use crate::csv_file::CsvFile;
use crate::failure::Result;

/// Labels of the table's rows.
pub enum Answers {
    /// `n x k`, NaN where one is missing.
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

/// The rows that have a label; where the method needs `whole` rows, with several targets all of them.
pub fn labelled_rows(csv: &CsvFile, targets: &[TargetColumn], whole: bool) -> Result<Vec<usize>> {
    let has_some = |row: &usize| targets.iter().any(|t| t.labels[*row].is_some());
    let rows: Vec<usize> = (0..csv.rows()).filter(has_some).collect();
    for &row in rows.iter().filter(|_| whole) {
        if let Some(target) = targets.iter().find(|t| t.labels[row].is_none()) {
            let what = "is empty: with several targets a row needs all labels or none (linear, ridge and methods for tasks, such as hard-sharing, do not ask for that)";
            return Err(csv.cell_fault(&target.name, row, what));
        }
    }
    Ok(rows)
}

/// What is predicted, and the answers of `rows`.
pub fn answers(targets: &[TargetColumn], rows: &[usize]) -> Result<(Target, Answers)> {
    let label = |row: usize| targets.iter().map(move |t| t.labels[row]);
    let labels = rows.iter().flat_map(|&row| label(row));
    match &targets[0].response {
        Response::Classes(levels) => {
            let target = Target::Classes {
                name: targets[0].name.clone(),
                levels: levels.clone(),
            };
            Ok((
                target,
                Answers::Classes(labels.flatten().map(|code| code as u32).collect()),
            ))
        }
        Response::Number => {
            let names = targets.iter().map(|t| t.name.clone()).collect();
            let labels = labels.map(|label| label.unwrap_or(f64::NAN)).collect();
            Ok((Target::Numbers(names), Answers::Numbers(labels)))
        }
    }
}
