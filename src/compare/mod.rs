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
//! **Tasks.** A [`Set`] has one task or several: several targets over the same rows, or rows of different tasks. A method shares by one
//! model over all rows of all tasks (*pooled*), by none (*independent*: one model a task), or in one of the ways of
//! [`crate::mtl::linear`], whose strength is chosen by cross-validation within the cell's training rows, the same for each. Methods that
//! cannot learn the tasks' kinds are left out; those that must know how tasks are related run where the set says so.
//!
//! **Scores** are losses, the smaller the better, over all test rows of a fold: the mean squared error, or the logarithmic loss; where
//! tasks are of different kinds the mean over tasks of the loss divided by that of the constant.

mod cell;
mod joint;
mod plan;
mod reduce;
mod student;
mod verdict;

pub use cell::{Cell, Losses};
pub use plan::Plan;
pub use reduce::{MethodReport, Metric, SetReport, TaskReport};
pub use verdict::{LEVEL, Verdict, p_value, standard_error};

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use crate::data::encode::EncoderConfig;
use crate::data::table::Table;
use crate::error::{Error, Result};
use crate::mtl::Kind;
use crate::mtl::linear::LinearMethod;
use crate::pipeline::tasks::{Form, Relation, Response, Task, linear_method, linear_methods};

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
    /// How the table shows tasks.
    pub form: Form,
    /// The tasks, at least one.
    pub tasks: Vec<Task>,
    /// A group a row, if groups must not be torn apart.
    pub groups: Option<Vec<u32>>,
    /// A weight a row.
    pub weights: Option<Vec<f64>>,
    /// How the tasks are related, if that is known.
    pub relation: Option<Relation>,
}

impl Set {
    /// Whether all tasks predict the same thing, so that one model may serve them.
    pub fn one_kind(&self) -> bool {
        self.tasks
            .windows(2)
            .all(|t| t[0].response == t[1].response)
    }

    fn kinds(&self) -> Vec<Kind> {
        self.tasks.iter().map(|t| t.response.kind()).collect()
    }

    /// The method of [`Sharing::Joint`] called `name`.
    #[inline]
    fn joint_method(&self, name: &'static str) -> Result<Box<dyn LinearMethod>> {
        let tasks: Vec<&str> = self.tasks.iter().map(|t| t.name.as_str()).collect();
        let related = || self.relation.as_ref()?.method(name, &tasks);
        let missing = Error::Task {
            name: name.to_string(),
            problem: "is no method for these tasks",
        };
        linear_method(name, Some(TOLERANCE))
            .or_else(related)
            .ok_or(missing)
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
    /// By the linear method or the architecture of this name, which learns all tasks together; pooled and independent are among the
    /// linear ones where tasks are of one kind.
    Joint(&'static str),
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

/// The duality gap, relative to the objective, at which the fits of linear methods for several tasks end; they are converged then. It is
/// looser than what the methods ask for by themselves: a comparison fits hundreds of times.
pub const TOLERANCE: f64 = 1e-4;

/// Whether the cost of a linear method is borne for tasks of these kinds. That of learned relations and of norms of a spectrum grows with
/// the square or cube of the tasks; norms take more steps on losses of classes than on squares.
fn is_borne(method: &str, kinds: &[Kind]) -> bool {
    let numbers = kinds.iter().all(|kind| *kind == Kind::Number);
    match method {
        "mtrl" | "clustered" => kinds.len() <= 30,
        "l21" | "l1" => numbers || kinds.len() <= 60,
        "trace" | "dirty" | "robust" => kinds.len() <= 60,
        _ => true,
    }
}

/// The linear methods that could learn the tasks of `set`, but would take too long.
#[inline]
pub fn left_out(set: &Set) -> Vec<&'static str> {
    let kinds = set.kinds();
    let slow = |name: &&str| set.tasks.len() > 1 && !is_borne(name, &kinds);
    linear_methods(&kinds).filter(slow).collect()
}

/// The methods that fit `set`, the constant first.
///
/// With one task they are named by their model. With several, the linear ones by how they share, and networks append their name.
#[inline]
pub fn methods(set: &Set) -> Vec<Method> {
    let constant = (Body::Constant, Sharing::Independent);
    let linear = linear_sharings(set).into_iter();
    let sharings: &[Sharing] = match set.tasks.len() {
        1 => &[Sharing::Independent],
        _ if set.one_kind() => &[Sharing::Pooled, Sharing::Independent],
        _ => &[Sharing::Independent],
    };
    let networks = WIDTHS.iter().flat_map(|&width| {
        let body = Body::Mlp(width);
        sharings.iter().map(move |&sharing| (body, sharing))
    });
    let shared = shared_networks(set).map(|name| (Body::Mlp(WIDTHS[0]), Sharing::Joint(name)));
    core::iter::once(constant)
        .chain(linear.map(|sharing| (Body::Linear, sharing)))
        .chain(networks)
        .chain(shared)
        .map(|(body, sharing)| Method {
            name: method_name(set, body, sharing),
            body,
            sharing,
        })
        .collect()
}

/// The architectures of networks that are tried on the tasks of `set`; parameters a task make the later ones dear for many.
fn shared_networks(set: &Set) -> impl Iterator<Item = &'static str> {
    let names = match set.tasks.len() {
        1 => &[][..],
        2..=10 => &["hard-sharing", "cross-stitch", "mmoe", "ple", "mtan"],
        11..=200 => &["hard-sharing"],
        _ => &[],
    };
    names.iter().copied()
}

/// The ways for linear models to share that can learn the tasks of `set`. One that does not share is always among them.
#[inline]
fn linear_sharings(set: &Set) -> Vec<Sharing> {
    if set.tasks.len() == 1 {
        return vec![Sharing::Independent];
    }
    let kinds = set.kinds();
    let able = |name: &&str| set.one_kind() || *name != "pooled";
    let names = linear_methods(&kinds).filter(able);
    let names = names.filter(|name| is_borne(name, &kinds));
    let related = set.relation.iter().flat_map(Relation::methods);
    names.chain(related).map(Sharing::Joint).collect()
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
        Sharing::Joint(name) => name,
    };
    match body {
        _ if set.tasks.len() == 1 => own.to_string(),
        Body::Constant => own.to_string(),
        Body::Linear => shared.to_string(),
        Body::Mlp(_) if matches!(sharing, Sharing::Joint(_)) => shared.to_string(),
        Body::Mlp(_) => format!("{shared}-{own}"),
    }
}
