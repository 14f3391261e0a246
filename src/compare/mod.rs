//! Which method predicts best on a set of data, and by how much: plan, cells, reduce.
//!
//! A [`Plan`] fixes the folds of a cross-validation and the methods, from the simplest up. Each pair of them is a **cell**: fit on the
//! fold's training rows, predict its test rows, sum the losses. [`Plan::run`] computes one cell from the plan and its place alone, so
//! that cells may run in any order, on any thread or machine, and be kept. [`Plan::reduce`] turns all cells into a [`SetReport`]:
//! scores with their errors, costs, what each task gains, and a [`Verdict`].
//!
//! Whatever is learned from data (levels, fill values, scalers, models) is learned from the training rows of the cell. Features and
//! targets that are numbers are standardised for every method.
//!
//! **Tasks.** A [`Set`] has one task or several: several targets over the same rows, or rows of different tasks. A method is *pooled*,
//! one model over all rows of all tasks, or *independent*, one model a task; tasks of different kinds cannot be pooled.
//!
//! **Scores** are losses, the smaller the better, over all test rows of a fold: the mean squared error, or the logarithmic loss; where
//! tasks are of different kinds the mean over tasks of the loss divided by that of the constant.

mod cell;
mod plan;
mod reduce;
mod student;
mod verdict;

pub use cell::{Cell, Losses};
pub use plan::Plan;
pub use reduce::{MethodReport, Metric, SetReport, TaskReport};
pub use verdict::{LEVEL, Verdict, p_value, standard_error};

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use crate::data::encode::EncoderConfig;
use crate::data::levels::Levels;
use crate::data::table::Table;

/// What a task predicts.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// A number.
    Number,
    /// One of these.
    Classes(Levels),
}

/// One task of a set: its labelled rows and their answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The task's name: a target column's, or a value of the task column.
    pub name: String,
    /// What it predicts.
    pub response: Response,
    /// Rows of the set's table that have a label, each once.
    pub rows: Vec<usize>,
    /// Their labels, in the same order: a number, or the place of the class in its levels.
    pub labels: Vec<f64>,
}

/// Data to compare methods on.
#[derive(Clone, Debug)]
pub struct Set {
    /// The set's name.
    pub name: String,
    /// The raw table.
    pub table: Table,
    /// Its columns that are features.
    pub features: Vec<String>,
    /// How they are encoded.
    pub encoder: EncoderConfig,
    /// The tasks, at least one.
    pub tasks: Vec<Task>,
    /// A group a row, if groups must not be torn apart.
    pub groups: Option<Vec<u32>>,
    /// A weight a row.
    pub weights: Option<Vec<f64>>,
}

impl Set {
    /// Whether all tasks predict the same thing, so that one model may serve them.
    pub fn one_kind(&self) -> bool {
        self.tasks
            .windows(2)
            .all(|t| t[0].response == t[1].response)
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[row])
    }
}

/// What a method's model is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// The training rows' mean, or their classes' shares.
    Constant,
    /// Ridge for numbers, logistic regression for classes.
    Linear,
    /// A network with one hidden layer of this width.
    Mlp(usize),
}

/// How tasks share a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// One model for all.
    Pooled,
    /// One model each.
    Independent,
}

/// A method to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its name in tables.
    pub name: String,
    /// The model.
    pub body: Body,
    /// How tasks share it.
    pub sharing: Sharing,
}

/// The widths of the two networks.
const WIDTHS: [usize; 2] = [32, 128];

/// The methods that fit `set`, the constant first.
///
/// With one task they are named by their model. With several, `pooled` and `independent` are linear, and networks append their name.
pub fn methods(set: &Set) -> Vec<Method> {
    let bodies = [Body::Linear].into_iter().chain(WIDTHS.map(Body::Mlp));
    let sharings = match set.tasks.len() {
        1 => vec![Sharing::Independent],
        _ if set.one_kind() => vec![Sharing::Pooled, Sharing::Independent],
        _ => vec![Sharing::Independent],
    };
    let all = bodies.flat_map(|body| sharings.iter().map(move |&sharing| (body, sharing)));
    core::iter::once((Body::Constant, Sharing::Independent))
        .chain(all)
        .map(|(body, sharing)| Method {
            name: method_name(set, body, sharing),
            body,
            sharing,
        })
        .collect()
}

fn method_name(set: &Set, body: Body, sharing: Sharing) -> String {
    let number = set.tasks[0].response == Response::Number;
    let own = match body {
        Body::Constant if !set.one_kind() => "constant",
        Body::Constant if number => "mean",
        Body::Constant => "majority",
        Body::Linear if number => "ridge",
        Body::Linear => "logistic",
        Body::Mlp(width) => &format!("mlp-{width}"),
    };
    let shared = match sharing {
        Sharing::Pooled => "pooled",
        Sharing::Independent => "independent",
    };
    match body {
        _ if set.tasks.len() == 1 => own.to_string(),
        Body::Constant => own.to_string(),
        Body::Linear => shared.to_string(),
        Body::Mlp(_) => format!("{shared}-{own}"),
    }
}
