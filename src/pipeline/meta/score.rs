//! Scores over held-out tasks: the first rows of each adapt, the rest score.

use alloc::{string::String, vec, vec::Vec};

use super::{Brought, Labels, MetaPipeline, Table, name_task};
use crate::error::{Error, Result};
use crate::loss::Target;
use crate::meta::Score;
use crate::meta::episodes::{ClassPool, Episodes, FirstRows, Split};

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
    /// The seed of tasks that are made of the table's classes.
    pub seed: u64,
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
    /// Of each task the rows scored, and its score after as many steps as in training.
    pub tasks: Vec<(usize, f64)>,
}

/// Tasks made of the classes of a table without a task column, and query rows of each of their classes, if there are so many.
const DRAWN: (u64, usize) = (600, 15);

/// Numbers of steps that are always shown.
const STEPS: [usize; 4] = [0, 1, 5, 10];

impl MetaPipeline {
    /// Adapts to each task by its first rows, and scores the others: after 0, 1, 5, 10 steps and as many as in training. Where tasks are made
    /// of the table's classes, 600 are drawn.
    ///
    /// # Errors
    /// What the encoder says of the table; [`Error::Task`] naming a task without rows beyond its shots, or with more classes
    /// than a gradient method was trained for; if there are fewer
    /// classes than a task has, or a class has too few rows.
    #[inline]
    pub fn evaluate(&self, held_out: &HeldOut<'_>) -> Result<MetaScores> {
        let rows = (self.frame()).prepare(held_out.table, held_out.labels, held_out.tasks)?;
        let (metric, most) = match held_out.labels {
            Labels::Numbers(_) => ("mse", 0),
            Labels::Classes(_) => ("accuracy", self.most_classes(&rows.y())),
        };
        let mut found = match (&self.task_column, rows.y().target) {
            (None, Target::Classes(y)) => {
                let split = self.drawn_split(y, held_out.shots);
                let (x, of) = (rows.x(), (y, held_out.tasks));
                let pool = ClassPool::of_tasks(x, of, self.ways(), split, held_out.seed);
                let pool = pool.map_err(|e| name_task(e, held_out.names))?;
                self.score(&pool, DRAWN.0, metric)?
            }
            _ => {
                let (x, y, tasks) = (rows.x(), rows.y(), held_out.tasks);
                let beyond = |classes: &[u32]| classes.iter().position(|&c| c as usize >= most);
                if let (Brought::Steps(_), Target::Classes(classes)) = (&self.brought, y.target)
                    && let Some(row) = beyond(classes)
                {
                    let name = &held_out.names[tasks[row] as usize];
                    return Err(Error::task(
                        name,
                        "has more classes than the tasks of training",
                    ));
                }
                let episodes = FirstRows::new(x, y, most, tasks, held_out.shots);
                let episodes = episodes.map_err(|e| name_task(e, held_out.names))?;
                self.score(&episodes, episodes.tasks(), metric)?
            }
        };
        self.unscale(&mut found);
        Ok(found)
    }

    /// The scores of the first `count` tasks of `episodes`.
    #[inline]
    fn score(
        &self,
        episodes: &dyn Episodes<f32>,
        count: u64,
        metric: &'static str,
    ) -> Result<MetaScores> {
        let rows = (0..count).map(|task| episodes.split(task).query);
        match &self.brought {
            Brought::Steps(model) => {
                let trained = model.settings().inner_steps;
                let mut steps = STEPS.to_vec();
                if !steps.contains(&trained) {
                    let place = steps.partition_point(|&s| s < trained);
                    steps.insert(place, trained);
                }
                let evaluation = model.evaluate(episodes, 0..count, &steps)?;
                let trained = steps.iter().position(|&s| s == trained).unwrap_or(0);
                let values = evaluation.values[trained].iter().copied();
                Ok(MetaScores {
                    metric,
                    trained,
                    steps: steps.into_iter().map(Some).collect(),
                    scores: evaluation.scores,
                    diverged: evaluation.diverged,
                    tasks: rows.zip(values).collect(),
                })
            }
            Brought::Embedding(model) | Brought::Baseline(model) => {
                let values = model.task_scores(episodes, 0..count)?;
                Ok(MetaScores {
                    metric,
                    trained: 0,
                    steps: vec![None],
                    scores: vec![Score::of(&values)],
                    diverged: 0,
                    tasks: rows.zip(values).collect(),
                })
            }
        }
    }

    /// Classes of a task in training.
    pub fn ways(&self) -> usize {
        match &self.brought {
            Brought::Steps(model) => model.shape().targets.outputs(),
            Brought::Embedding(model) | Brought::Baseline(model) => model.shape().targets.outputs(),
        }
    }

    /// The rows of a task made of the classes `y` of a table: `shots`, and 15 queries a class or as many as the smallest class has left.
    fn drawn_split(&self, y: &[u32], shots: usize) -> Split {
        let (ways, top) = (
            self.ways(),
            y.iter().max().map_or(0, |&top| top as usize + 1),
        );
        let mut counts = vec![0_usize; top];
        y.iter().for_each(|&class| counts[class as usize] += 1);
        let smallest = counts.into_iter().min().unwrap_or(0);
        let left = smallest.saturating_sub(shots.div_ceil(ways));
        Split {
            support: shots,
            query: ways * left.clamp(1, DRAWN.1),
        }
    }

    /// Classes that an episode may have: those of training, and more where the head takes any number.
    fn most_classes(&self, y: &crate::loss::Targets<'_, f32>) -> usize {
        if let Brought::Steps(_) = self.brought {
            return self.ways();
        }
        match y.target {
            Target::Classes(labels) => {
                let top = labels.iter().max().map_or(0, |&top| top as usize + 1);
                top.max(self.ways())
            }
            Target::Values(_) => self.ways(),
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
        for (_, value) in &mut found.tasks {
            *value *= factor;
        }
    }
}
