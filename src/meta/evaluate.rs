//! How well a meta-model adapts to tasks that it has not seen.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use cognate_kernels::Real;

use super::adapter::Adapter;
use super::episodes::{EpisodeBatch, Episodes, TargetKind};
use super::model::MetaModel;
use crate::error::{Error, Result};

/// A score over tasks: of each task the mean squared error of its query rows, or the share of those that are classified right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Mean over the tasks; NaN or infinite where a task's is.
    pub mean: f64,
    /// Half the width of the mean's 95 % interval, by the normal distribution.
    pub half_width: f64,
    /// Median over the tasks: what a few tasks that blow up cannot hide.
    pub median: f64,
}

/// Scores after some numbers of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Numbers of steps.
    pub steps: Vec<usize>,
    /// Their scores.
    pub scores: Vec<Score>,
    /// What they are made of: for each number of steps, a value a task.
    pub values: Vec<Vec<f64>>,
    /// Adaptations that diverged, counted over tasks and numbers of steps: they score what the shared parameters give.
    pub diverged: usize,
}

impl Score {
    /// Of one value a task. One task alone has no interval: the half width is NaN.
    ///
    /// # Panics
    /// If there are no values.
    #[track_caller]
    pub fn of(values: &[f64]) -> Self {
        assert!(!values.is_empty(), "a score of no tasks");
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Self {
            mean,
            half_width: 1.96 * Real::sqrt(squares / (n - 1.0) / n),
            median: 0.5 * (low + high),
        }
    }
}

impl<T: Real> MetaModel<T> {
    /// Adapts to each of the tasks numbered `tasks` by each number of `steps`, and scores its query rows.
    ///
    /// # Errors
    /// If the rows are not the model's.
    ///
    /// # Panics
    /// If `tasks` or `steps` is empty.
    #[track_caller]
    pub fn evaluate<E: Episodes<T> + ?Sized>(
        &self,
        episodes: &E,
        tasks: Range<u64>,
        steps: &[usize],
    ) -> Result<Evaluation> {
        assert!(
            !(tasks.is_empty() || steps.is_empty()),
            "nothing to evaluate"
        );
        let rows = tasks.clone().map(|task| episodes.split(task));
        let rows = rows.map(|split| split.support.max(split.query)).max();
        let mut adapter = Adapter::new(self, rows.unwrap_or(0));
        let mut batch = EpisodeBatch::new();
        let mut values = vec![Vec::new(); steps.len()];
        let (mut logits, mut diverged) = (Vec::new(), 0);
        for task in tasks {
            batch.draw(episodes, task..task + 1);
            let (support, query) = (batch.support(), batch.query());
            for (values, &steps) in values.iter_mut().zip(steps) {
                match adapter.adapt(support.x, support.y, steps) {
                    Err(Error::Diverged) => diverged += 1,
                    adapted => drop(adapted?),
                }
                values.push(match self.shape().targets {
                    TargetKind::Numbers(_) => adapter.loss(query.x, query.y)?,
                    TargetKind::Classes(k) => {
                        logits.resize(query.x.rows() * k, T::ZERO);
                        adapter.accuracy(query.x, query.y.target, &mut logits)?
                    }
                });
            }
        }
        Ok(Evaluation {
            steps: steps.to_vec(),
            scores: values.iter().map(|values| Score::of(values)).collect(),
            values,
            diverged,
        })
    }
}
