//! From cells to a report.

use alloc::{string::String, vec::Vec};

use super::cell::{Cell, Losses};
use super::verdict::{Verdict, judge, standard_error};
use super::{Body, Plan, Sharing};
use crate::pipeline::tasks::{Response, Task};

/// What scores are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Mean squared error.
    Mse,
    /// Mean of minus the logarithm of the probability of the true class.
    LogLoss,
    /// Mean over tasks of loss / the constant's loss.
    RelativeLoss,
}

impl Metric {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mse => "mse",
            Self::LogLoss => "log_loss",
            Self::RelativeLoss => "relative_loss",
        }
    }
}

/// What a comparison found on a set.
#[derive(Clone, Debug, PartialEq)]
pub struct SetReport {
    /// The set's name.
    pub name: String,
    /// What the scores are; lower is better.
    pub metric: Metric,
    /// The methods, in the plan's order.
    pub methods: Vec<MethodReport>,
    /// What it comes to.
    pub verdict: Verdict,
    /// The tasks, in the set's order.
    pub tasks: Vec<TaskReport>,
}

/// What a method achieved and cost.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodReport {
    /// Its name.
    pub name: String,
    /// Mean score over the folds.
    pub mean: f64,
    /// The standard error of that mean, corrected for the training rows that folds share.
    pub se: f64,
    /// The score on each fold.
    pub folds: Vec<f64>,
    /// Share of the test rows whose most probable class was the true one, where all tasks are classes.
    pub accuracy: Option<f64>,
    /// Seconds that a fold's fit took, on average.
    pub fit_seconds: f64,
    /// Nanoseconds that predicting a row took.
    pub predict_ns_per_row: f64,
    /// Parameters, on average over the folds.
    pub parameters: f64,
    /// Bytes of the parameters, on average over the folds.
    pub bytes: f64,
}

/// What a task gained.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskReport {
    /// Its name.
    pub name: String,
    /// Its labelled rows.
    pub rows: usize,
    /// `1 - loss(winner) / loss(independent linear)` over all test rows.
    pub gain: f64,
}

/// Ways not to share.
const OWN: [Sharing; 2] = [Sharing::Independent, Sharing::Joint("independent")];

impl Plan<'_> {
    /// Reduces all cells, in the order of [`Plan::cells`].
    ///
    /// # Panics
    /// If `cells` are not as many as the plan's.
    #[inline]
    pub fn reduce(&self, cells: &[Cell]) -> SetReport {
        assert_eq!(cells.len(), self.methods.len() * self.folds.len(), "cells");
        let of_method: Vec<&[Cell]> = cells.chunks(self.folds.len()).collect();
        let constant = of_method[0];
        let methods: Vec<MethodReport> = self
            .methods
            .iter()
            .zip(&of_method)
            .map(|(method, cells)| self.method_report(&method.name, cells, constant))
            .collect();
        let verdict = judge(&methods, self.ratio());
        let place = |name: &str| self.methods.iter().position(|m| m.name == name);
        let independent = self
            .methods
            .iter()
            .position(|m| m.body == Body::Linear && OWN.contains(&m.sharing));
        let tasks = match (place(&verdict.winner), independent) {
            (Some(winner), Some(own)) => self.gains(of_method[winner], of_method[own]),
            _ => Vec::new(),
        };
        SetReport {
            name: self.set.name.clone(),
            metric: self.metric(),
            methods,
            verdict,
            tasks,
        }
    }

    /// Test rows for each training row.
    fn ratio(&self) -> f64 {
        let (test, train) = self.folds.iter().fold((0, 0), |(test, train), split| {
            (test + split.test.len(), train + split.train.len())
        });
        test as f64 / train as f64
    }

    fn metric(&self) -> Metric {
        match self.set.tasks[0].response {
            _ if !self.set.one_kind() => Metric::RelativeLoss,
            Response::Number => Metric::Mse,
            Response::Classes(_) => Metric::LogLoss,
        }
    }

    #[inline]
    fn method_report(&self, name: &str, cells: &[Cell], constant: &[Cell]) -> MethodReport {
        let score = |(cell, constant): (&Cell, &Cell)| match self.metric() {
            Metric::RelativeLoss => relative_loss(cell, constant),
            _ => cell.total().mean_loss(),
        };
        let folds: Vec<f64> = cells.iter().zip(constant).map(score).collect();
        let mean = |f: &dyn Fn(&Cell) -> f64| cells.iter().map(f).sum::<f64>() / cells.len() as f64;
        let hits = cells.iter().map(|c| c.total().hits).sum::<f64>();
        let weight = cells.iter().map(|c| c.total().weight).sum::<f64>();
        let rows: usize = cells.iter().map(|c| c.rows).sum();
        let predict_ns: u64 = cells.iter().map(|c| c.predict_ns).sum();
        let classes = |t: &Task| t.response != Response::Number;
        MethodReport {
            name: name.into(),
            mean: folds.iter().sum::<f64>() / folds.len() as f64,
            se: standard_error(&folds, self.ratio()),
            folds,
            accuracy: self.set.tasks.iter().all(classes).then(|| hits / weight),
            fit_seconds: mean(&|c| c.fit_ns as f64 * 1e-9),
            predict_ns_per_row: predict_ns as f64 / rows as f64,
            parameters: mean(&|c| c.parameters as f64),
            bytes: mean(&|c| c.bytes as f64),
        }
    }

    fn gains(&self, winner: &[Cell], independent: &[Cell]) -> Vec<TaskReport> {
        let loss = |cells: &[Cell], task: usize| cells.iter().map(|c| c.tasks[task].loss).sum();
        let report = |(i, task): (usize, &Task)| {
            let (won, own): (f64, f64) = (loss(winner, i), loss(independent, i));
            TaskReport {
                name: task.name.clone(),
                rows: task.rows.len(),
                gain: 1.0 - won / own,
            }
        };
        self.set.tasks.iter().enumerate().map(report).collect()
    }
}

/// Mean over tasks of loss / the constant's loss; tasks without test rows, or which the constant predicts exactly, stay out.
fn relative_loss(cell: &Cell, constant: &Cell) -> f64 {
    let pairs = cell.tasks.iter().zip(&constant.tasks);
    let ratios = pairs
        .filter(|(_, c)| c.loss > 0.0)
        .map(|(t, c)| t.loss / c.loss);
    let (sum, count) = ratios.fold((0.0, 0.0), |(sum, count), r| (sum + r, count + 1.0));
    sum / count
}

impl Cell {
    fn total(&self) -> Losses {
        self.tasks.iter().fold(Losses::default(), |sum, t| Losses {
            loss: sum.loss + t.loss,
            hits: sum.hits + t.hits,
            weight: sum.weight + t.weight,
        })
    }
}

impl Losses {
    fn mean_loss(&self) -> f64 {
        self.loss / self.weight
    }
}
