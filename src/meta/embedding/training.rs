//! Meta-training of an embedding: draw tasks, take the gradient through their heads, step.

use alloc::{vec, vec::Vec};
use core::ops::ControlFlow;

use cognate_kernels::{Real, max_abs};

use super::{EmbeddingLearner, EmbeddingModel};
use crate::error::{Error, Result};
use crate::meta::episodes::{EpisodeBatch, Episodes};
use crate::meta::heads::{Episode, EpisodesReport};
use crate::meta::training::HISTORY;
use crate::meta::{MetaReport, Rows};
use crate::optim::{Callback, Progress, StepState, Stop};
use crate::workspace::{Need, Workspace};

impl EmbeddingLearner {
    /// Meta-trains on the tasks of a distribution, from number 0 on.
    ///
    /// # Errors
    /// If a setting is not allowed, the head does not fit the targets, or no task had a finite gradient.
    pub fn fit<T: Real, E: Episodes<T> + ?Sized>(
        &self,
        episodes: &E,
    ) -> Result<(EmbeddingModel<T>, MetaReport)> {
        self.fit_with(episodes, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`EmbeddingLearner::fit`], with a callback after every meta-step that may stop the work.
    ///
    /// # Errors
    /// As [`EmbeddingLearner::fit`].
    pub fn fit_with<T: Real, E: Episodes<T> + ?Sized>(
        &self,
        episodes: &E,
        callback: Callback<'_>,
    ) -> Result<(EmbeddingModel<T>, MetaReport)> {
        let mut training = Training::new(EmbeddingModel::start(self, episodes.shape())?);
        let mut report = MetaReport {
            steps: 0,
            skipped: 0,
            unsolved: 0,
            history: Vec::new(),
            stopped: Stop::MaxIterations,
        };
        let mut used = 0;
        while report.steps < self.meta_steps {
            let (batch, gradient_norm) = training.step(episodes, report.steps);
            report.steps += 1;
            report.skipped += batch.skipped;
            used += batch.used;
            if report.history.len() < HISTORY {
                report.history.push(batch.loss);
            }
            let progress = Progress {
                iteration: report.steps as usize,
                max_iter: self.meta_steps as usize,
                evaluations: used,
                value: batch.loss,
                gradient_norm,
            };
            if callback(&progress).is_break() {
                report.stopped = Stop::Cancelled;
                break;
            }
        }
        if used == 0 && report.steps > 0 {
            return Err(Error::Diverged);
        }
        Ok((training.model, report))
    }
}

/// Training under way.
struct Training<T> {
    model: EmbeddingModel<T>,
    memory: StepState<Vec<T>>,
    gradient: Vec<T>,
    batch: EpisodeBatch<T>,
    workspace: Workspace<T>,
}

impl<T: Real> Training<T> {
    fn new(model: EmbeddingModel<T>) -> Self {
        let (settings, len) = (model.settings(), model.params().len());
        Self {
            memory: StepState::new(vec![T::ZERO; settings.outer.memory(len)]),
            gradient: vec![T::ZERO; len],
            batch: EpisodeBatch::new().with_threads(settings.threads),
            workspace: Workspace::new(Need::default()).with_threads(settings.threads),
            model,
        }
    }

    /// One meta-step, and the largest number of its gradient; where no task can be used, nothing moves.
    fn step<E: Episodes<T> + ?Sized>(&mut self, episodes: &E, step: u64) -> (EpisodesReport, f64) {
        let (settings, trained) = (self.model.settings(), self.model.trained());
        let count = settings.tasks_per_step;
        let first = step * count as u64;
        self.batch.draw(episodes, first..first + count as u64);
        let (support, query) = (self.batch.support(), self.batch.query());
        let outputs = self.model.shape().targets.outputs();
        let episode = |task| {
            let ((support, support_y), (query, query_y)) = (support.task(task), query.task(task));
            Episode {
                support,
                support_y,
                query,
                query_y,
                outputs,
            }
        };
        let most = |rows: Rows<'_, T>| rows.ranges.iter().map(|r| r.len()).max().unwrap_or(0);
        let shape = trained.shape(most(support), most(query), outputs);
        self.workspace.fit(trained.batch_need(&shape, count));
        let work = &mut self.workspace.slabs().work;
        let (p, g) = (&self.model.params, &mut self.gradient);
        let report = trained.batch_grad(p, (count, &episode), (&shape, step), g, work);
        let largest = max_abs(work.level(), g).to_f64();
        let (level, rate, outer) = (work.level(), settings.schedule.at(step), settings.outer);
        if report.used > 0 {
            let (p, memory) = (&mut self.model.params, &mut self.memory);
            outer.step(level, rate, p, &self.gradient, memory);
        }
        (report, largest)
    }
}
