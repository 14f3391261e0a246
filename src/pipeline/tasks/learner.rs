//! The methods for several tasks, behind one `fit`.

use alloc::{string::ToString, vec::Vec};

use cognate_kernels::MatRef;

use super::{TaskModel, TaskTraining, nested};
use crate::error::Result;
use crate::mtl::linear::{Certificate, CrossValidation, LinearMethod};
use crate::mtl::net::{MultiTaskMlp, TaskNetReport, TaskNetwork};
use crate::mtl::{ClassTree, Task, TaskSet};
use crate::optim::Callback;
use crate::pipeline::narrow;

/// A method for several tasks.
#[derive(Clone, Copy)]
pub enum TaskLearner<'a> {
    /// A linear one, with its settings.
    Linear {
        /// The method.
        method: &'a dyn LinearMethod,
        /// Whether its strength is to be chosen by cross-validation, where it has one to choose.
        choose: bool,
    },
    /// A network.
    Network {
        /// The name of its architecture.
        method: &'a str,
        /// The network.
        settings: &'a MultiTaskMlp,
        /// Whether its numbers are `f64`, and not `f32`.
        double: bool,
    },
    /// One target whose classes are nodes of a tree.
    Nested {
        /// The tree.
        tree: &'a ClassTree,
        /// What learns its choices.
        learner: &'a TaskLearner<'a>,
    },
}

/// How a fit ended.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskOutcome {
    /// A convex problem was solved.
    Solved(Solved),
    /// A network was trained.
    Trained(TaskNetReport),
}

/// How a convex problem was solved.
#[derive(Clone, Debug, PartialEq)]
pub struct Solved {
    /// The strength of the penalty.
    pub lambda: f64,
    /// Whether it was chosen on the training rows, and not given.
    pub chosen: bool,
    /// The objective at the model, of scaled answers where they are.
    pub objective: f64,
    /// Iterations of the outermost loop; 0 for a closed form.
    pub iterations: usize,
    /// The distance from the optimum.
    pub certificate: Certificate,
    /// Whether that is as small as was asked.
    pub converged: bool,
}

impl<'a> TaskLearner<'a> {
    /// The tree of nested labels.
    pub(super) fn tree(&self) -> Option<&'a ClassTree> {
        match *self {
            Self::Nested { tree, .. } => Some(tree),
            _ => None,
        }
    }

    /// The tasks that the model learns, on the rows of `training` alone.
    #[inline]
    pub(super) fn tasks(&self, training: &TaskTraining<'_>) -> Result<Vec<Task>> {
        match self.tree() {
            Some(tree) => nested::choices(tree, training),
            None => Ok(training.tasks.iter().map(|t| t.on(training.rows)).collect()),
        }
    }

    #[inline]
    pub(super) fn fit(
        &self,
        set: &TaskSet<'_, f64>,
        seed: u64,
        progress: Callback<'_>,
    ) -> Result<(TaskModel, TaskOutcome)> {
        match *self {
            Self::Linear { method, choose } => solve(method, choose, set, seed),
            Self::Nested { learner, .. } => learner.fit(set, seed, progress),
            Self::Network {
                method,
                settings,
                double,
            } => {
                let method = method.to_string();
                if double {
                    let (network, report) = settings.fit_with(set, progress)?;
                    let model = TaskModel::F64 { method, network };
                    return Ok((model, TaskOutcome::Trained(report)));
                }
                let (network, report) = train_narrow(settings, set, progress)?;
                let model = TaskModel::F32 { method, network };
                Ok((model, TaskOutcome::Trained(report)))
            }
        }
    }
}

#[inline]
fn solve(
    method: &dyn LinearMethod,
    choose: bool,
    set: &TaskSet<'_, f64>,
    seed: u64,
) -> Result<(TaskModel, TaskOutcome)> {
    let (fitted, chosen) = match choose {
        true => {
            let choice = CrossValidation::default()
                .with_seed(seed)
                .choose(method, set)?;
            (choice.fitted, !choice.curve.is_empty())
        }
        false => (method.fit(set)?, false),
    };
    let solved = Solved {
        lambda: fitted.lambda,
        chosen,
        objective: fitted.objective,
        iterations: fitted.iterations,
        certificate: fitted.certificate,
        converged: fitted.converged,
    };
    let model = TaskModel::Linear {
        method: method.name().into(),
        model: fitted.model,
    };
    Ok((model, TaskOutcome::Solved(solved)))
}

/// Trains in `f32`.
#[inline]
fn train_narrow(
    settings: &MultiTaskMlp,
    set: &TaskSet<'_, f64>,
    progress: Callback<'_>,
) -> Result<(TaskNetwork<f32>, TaskNetReport)> {
    let (n, d) = (set.x().rows(), set.features());
    let rows = (0..n).flat_map(|i| (0..d).map(move |j| set.x().at(i, j)));
    let x: Vec<f32> = narrow(&rows.collect::<Vec<f64>>());
    let weights: Option<Vec<f32>> = set.sample_weight().map(narrow);
    let tasks: Vec<Task> = set.tasks().to_vec();
    let x = MatRef::planned(&x, n, d);
    settings.fit_with(&TaskSet::new(x, weights.as_deref(), tasks)?, progress)
}
