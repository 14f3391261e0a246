//! Scores a task, and of all tasks together.

use alloc::{string::String, vec, vec::Vec};

use super::Response;
use crate::error::Result;
use crate::pipeline::{Labels, Prediction, Scores};

/// Predictions of a task's rows whose answers are known.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The task's name.
    pub name: String,
    /// What it predicts.
    pub response: Response,
    /// The predictions.
    pub prediction: Prediction<f64>,
    /// The answers: numbers, or places of classes.
    pub labels: Vec<f64>,
    /// A weight a row.
    pub weights: Option<Vec<f64>>,
}

/// Scores of predictions of several tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskScores {
    /// Rows scored, those of all tasks.
    pub rows: usize,
    /// Over all rows together, those of numbers before those of classes. Tasks whose classes differ have only `accuracy` and `log_loss`
    /// in common.
    pub all: Scores,
    /// Each task's name, rows and scores.
    pub tasks: Vec<(String, usize, Scores)>,
}

/// Scores `tasks`, each of which has a row, one by one and together.
///
/// # Errors
/// If there are no rows, lengths differ, or a weight is negative.
#[inline]
pub fn score_tasks(tasks: &[Answered]) -> Result<TaskScores> {
    let mut scores = TaskScores {
        rows: tasks.iter().map(|t| t.labels.len()).sum(),
        all: Scores::new(),
        tasks: Vec::new(),
    };
    for task in tasks {
        let row = (task.name.clone(), task.labels.len(), task.score()?);
        scores.tasks.push(row);
    }
    let is_number = |t: &&Answered| t.response == Response::Number;
    let (numbers, classes): (Vec<&Answered>, Vec<&Answered>) = tasks.iter().partition(is_number);
    if !numbers.is_empty() {
        scores.all.extend(together(&numbers).score()?);
    }
    match &classes[..] {
        [] => {}
        [first, others @ ..] if others.iter().all(|t| t.response == first.response) => {
            scores.all.extend(together(&classes).score()?);
        }
        _ => scores.all.extend(mean_scores(&classes)?),
    }
    Ok(scores)
}

impl Answered {
    #[inline]
    fn score(&self) -> Result<Scores> {
        let weights = self.weights.as_deref();
        match self.response {
            Response::Number => self
                .prediction
                .score(Labels::Numbers(&self.labels), weights),
            Response::Classes(_) => {
                let labels: Vec<u32> = self.labels.iter().map(|&label| label as u32).collect();
                self.prediction.score(Labels::Classes(&labels), weights)
            }
        }
    }

    fn weight(&self) -> f64 {
        let rows = self.labels.len() as f64;
        self.weights.as_ref().map_or(rows, |w| w.iter().sum())
    }
}

/// The rows of tasks that predict the same, as those of one.
#[inline]
fn together(tasks: &[&Answered]) -> Answered {
    let weighted = tasks.iter().any(|t| t.weights.is_some());
    let weights = |t: &&Answered| {
        t.weights
            .clone()
            .unwrap_or_else(|| vec![1.0; t.labels.len()])
    };
    let values = tasks.iter().flat_map(|t| &t.prediction.values);
    Answered {
        name: String::new(),
        response: tasks[0].response.clone(),
        prediction: Prediction {
            values: values.copied().collect(),
            width: tasks[0].prediction.width,
        },
        labels: tasks.iter().flat_map(|t| &t.labels).copied().collect(),
        weights: weighted.then(|| tasks.iter().flat_map(weights).collect()),
    }
}

/// The scores that classifiers of different classes have in common, over all rows.
#[inline]
fn mean_scores(tasks: &[&Answered]) -> Result<Scores> {
    let mut means = vec![("accuracy", 0.0), ("log_loss", 0.0)];
    let total: f64 = tasks.iter().map(|t| t.weight()).sum();
    for task in tasks {
        let own = task.score()?;
        for (name, mean) in &mut means {
            let score = own.iter().find(|(n, _)| n == name);
            *mean += score.map_or(f64::NAN, |(_, x)| x * task.weight() / total);
        }
    }
    Ok(means)
}
