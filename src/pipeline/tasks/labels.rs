//! What tasks predict, and their labels on the rows of a table.

use alloc::{string::String, vec::Vec};

use crate::data::levels::Levels;
use crate::mtl::{self, Kind};

/// What a task predicts.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// A number.
    Number,
    /// One of these, at least two.
    Classes(Levels),
}

impl Response {
    /// The same without names.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Number => Kind::Number,
            Self::Classes(levels) => Kind::Classes(levels.len()),
        }
    }

    /// Numbers of a row's prediction: one, or one a class.
    pub fn width(&self) -> usize {
        match self {
            Self::Number => 1,
            Self::Classes(levels) => levels.len(),
        }
    }
}

/// One task: its labelled rows and their answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The task's name: a target column's, or a value of the task column.
    pub name: String,
    /// What it predicts.
    pub response: Response,
    /// Rows of the table that have a label, each once.
    pub rows: Vec<usize>,
    /// Their labels, in the same order: a number, or the place of the class in its levels.
    pub labels: Vec<f64>,
}

impl Task {
    /// The task on a table that has only `rows` of this one's, which ascend.
    #[inline]
    pub(super) fn on(&self, rows: &[usize]) -> mtl::Task {
        let place = |(row, label): (&usize, &f64)| {
            let place = rows.binary_search(row).ok()?;
            Some((place as u32, *label))
        };
        let labelled = self.rows.iter().zip(&self.labels);
        let mut kept: Vec<(u32, f64)> = labelled.filter_map(place).collect();
        kept.sort_unstable_by_key(|(row, _)| *row);
        mtl::Task::new(&self.name, self.response.kind(), kept.into_iter())
    }
}
