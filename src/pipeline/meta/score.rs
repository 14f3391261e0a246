//! Scores over held-out tasks: the first rows of each adapt, the rest score.

use alloc::{string::String, vec, vec::Vec};

use super::{Brought, Labels, MetaPipeline, Table, name_task};
use crate::error::Result;
use crate::meta::Score;
use crate::meta::episodes::FirstRows;

/// Tasks that training has not seen.
#[derive(Clone, Copy, Debug)]
pub struct HeldOut<'a> {
    /// The raw table.
    pub table: &'a Table,
    /// The rows' answers.
    pub labels: Labels<'a>,
    /// The tasks' names.
    pub names: &'a [String],
    /// Each row's task, a place in `names`.
    pub tasks: &'a [u32],
    /// Rows of each task that it learns from: its first.
    pub shots: usize,
}

/// Scores after some numbers of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct MetaScores {
    /// `mse`, on the original scale, or `accuracy`.
    pub metric: &'static str,
    /// Numbers of steps; a head in closed form has none, and one score.
    pub steps: Vec<Option<usize>>,
    /// Their scores.
    pub scores: Vec<Score>,
    /// The place of the score after as many steps as in training.
    pub trained: usize,
    /// Adaptations that diverged.
    pub diverged: usize,
    /// Number of tasks.
    pub tasks: usize,
}

/// Numbers of steps that are always shown.
const STEPS: [usize; 4] = [0, 1, 5, 10];

impl MetaPipeline {
    /// Adapts to each task by its first rows, and scores the others: after 0, 1, 5, 10 steps and as many as in training.
    ///
    /// # Errors
    /// What the encoder says of the table; [`Error::Task`](crate::Error::Task) naming a task without rows beyond its shots.
    pub fn evaluate(&self, held_out: &HeldOut<'_>) -> Result<MetaScores> {
        let rows = (self.frame()).prepare(held_out.table, held_out.labels, held_out.tasks)?;
        let (metric, classes) = match held_out.labels {
            Labels::Numbers(_) => ("mse", 0),
            Labels::Classes(_) => ("accuracy", self.most_classes(&rows.y())),
        };
        let episodes = FirstRows::new(rows.x(), rows.y(), classes, held_out.tasks, held_out.shots);
        let episodes = episodes.map_err(|e| name_task(e, held_out.names))?;
        let tasks = 0..episodes.tasks();
        let count = episodes.tasks() as usize;
        let mut found = match &self.brought {
            Brought::Steps(model) => {
                let trained = model.settings().inner_steps;
                let mut steps = STEPS.to_vec();
                if !steps.contains(&trained) {
                    let place = steps.partition_point(|&s| s < trained);
                    steps.insert(place, trained);
                }
                let evaluation = model.evaluate(&episodes, tasks, &steps)?;
                MetaScores {
                    metric,
                    trained: steps.iter().position(|&s| s == trained).unwrap_or(0),
                    steps: steps.into_iter().map(Some).collect(),
                    scores: evaluation.scores,
                    diverged: evaluation.diverged,
                    tasks: count,
                }
            }
            Brought::Embedding(model) => MetaScores {
                metric,
                trained: 0,
                steps: vec![None],
                scores: vec![model.evaluate(&episodes, tasks)?],
                diverged: 0,
                tasks: count,
            },
        };
        self.unscale(&mut found);
        Ok(found)
    }

    /// Classes that an episode may have: those of training, and more where the head takes any number.
    fn most_classes(&self, y: &crate::loss::Targets<'_, f32>) -> usize {
        let trained = match &self.brought {
            Brought::Steps(model) => return model.shape().targets.outputs(),
            Brought::Embedding(model) => model.shape().targets.outputs(),
        };
        match y.target {
            crate::loss::Target::Classes(labels) => {
                let top = labels.iter().max().map_or(0, |&top| top as usize + 1);
                top.max(trained)
            }
            crate::loss::Target::Values(_) => trained,
        }
    }

    /// Squared errors back to the scale of the table.
    fn unscale(&self, found: &mut MetaScores) {
        let (Some(scaler), "mse") = (&self.target_scaler, found.metric) else {
            return;
        };
        let factor = scaler.scale()[0] * scaler.scale()[0];
        for score in &mut found.scores {
            score.mean *= factor;
            score.half_width *= factor;
            score.median *= factor;
        }
    }
}
