//! Meta-training: draw tasks, take the gradient through them, step.
//!
//! Meta-step number t takes the tasks `t B .. (t + 1) B` of a distribution, B of them, so a run is a function of its settings and the
//! distribution alone, and can be resumed anywhere. What training needs to go on is a [`MetaTraining`]: the model, the outer method's
//! memory, how far it is, and all buffers; after its first step, steps allocate nothing.

use alloc::{vec, vec::Vec};
use core::ops::ControlFlow;

use cognate_kernels::Real;

use super::batch::BatchReport;
use super::episodes::{EpisodeBatch, Episodes, Shape};
use super::model::MetaModel;
use super::settings::{MetaLearner, MultiStep};
use crate::error::{Error, Result};
use crate::optim::{Callback, Progress, StepState, Stop, clip_norm};
use crate::workspace::{Need, Workspace};

/// Meta-steps whose losses a report holds at most.
pub(super) const HISTORY: usize = 10_000;

/// How a run went.
#[derive(Clone, Debug, PartialEq)]
pub struct MetaReport {
    /// Meta-steps of the run.
    pub steps: u64,
    /// Tasks that were left out because a loss or gradient was not finite.
    pub skipped: usize,
    /// Tasks whose implicit problem was not solved as well as was asked.
    pub unsolved: usize,
    /// Mean query loss of each meta-step (the first 10,000 of the run).
    pub history: Vec<f64>,
    /// Why the run ended.
    pub stopped: Stop,
}

/// Training under way.
#[derive(Clone, Debug)]
pub struct MetaTraining<T> {
    model: MetaModel<T>,
    memory: StepState<Vec<T>>,
    gradient: Vec<T>,
    steps: u64,
    weights: Vec<f64>,
    batch: EpisodeBatch<T>,
    workspace: Workspace<T>,
}

impl MultiStep {
    /// `w_0 .. w_K` at a meta-step.
    fn fill(&self, step: u64, weights: &mut [f64]) {
        let steps = weights.len() - 1;
        let done = step.min(self.anneal) as f64 / self.anneal.max(1) as f64;
        let done = if self.anneal == 0 { 1.0 } else { done };
        let early = (1.0 - done) / steps.max(1) as f64;
        weights.fill(early);
        weights[0] = 0.0;
        weights[steps] = 1.0 - early * steps.saturating_sub(1) as f64;
    }
}

impl MetaLearner {
    /// Meta-trains on the tasks of a distribution, from number 0 on.
    ///
    /// # Errors
    /// If a setting is not allowed, or no task had a finite gradient.
    pub fn fit<T: Real, E: Episodes<T> + ?Sized>(
        &self,
        episodes: &E,
    ) -> Result<(MetaModel<T>, MetaReport)> {
        self.fit_with(episodes, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`MetaLearner::fit`], with a callback after every meta-step that may stop the work.
    ///
    /// # Errors
    /// As [`MetaLearner::fit`].
    pub fn fit_with<T: Real, E: Episodes<T> + ?Sized>(
        &self,
        episodes: &E,
        callback: Callback<'_>,
    ) -> Result<(MetaModel<T>, MetaReport)> {
        let mut training = MetaTraining::new(self, episodes.shape())?;
        let report = training.run(episodes, self.meta_steps, callback)?;
        Ok((training.model, report))
    }
}

impl<T: Real> MetaTraining<T> {
    /// Before the first step.
    ///
    /// # Errors
    /// As [`MetaModel::start`].
    pub fn new(settings: &MetaLearner, shape: Shape) -> Result<Self> {
        Ok(Self::from_model(MetaModel::start(settings, shape)?))
    }

    /// From a model on; the outer method begins afresh.
    pub fn from_model(model: MetaModel<T>) -> Self {
        let (settings, len) = (model.settings(), model.meta().len());
        let weights = match settings.multi_step {
            Some(_) => vec![0.0; settings.inner_steps + 1],
            None => Vec::new(),
        };
        let threads = settings.threads;
        Self {
            memory: StepState::new(vec![T::ZERO; settings.outer.memory(len)]),
            gradient: vec![T::ZERO; len],
            steps: 0,
            weights,
            batch: EpisodeBatch::new().with_threads(threads),
            workspace: Workspace::new(Need::default()).with_threads(threads),
            model,
        }
    }

    /// The model so far.
    pub fn model(&self) -> &MetaModel<T> {
        &self.model
    }

    /// Meta-steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// `steps` meta-steps more. Two runs give the bits of one with as many steps in all.
    ///
    /// # Errors
    /// [`Error::Diverged`] if no task of the run had a finite gradient.
    pub fn run<E: Episodes<T> + ?Sized>(
        &mut self,
        episodes: &E,
        steps: u64,
        callback: Callback<'_>,
    ) -> Result<MetaReport> {
        let mut report = MetaReport {
            steps: 0,
            skipped: 0,
            unsolved: 0,
            history: Vec::with_capacity(HISTORY.min(steps as usize)),
            stopped: Stop::MaxIterations,
        };
        let mut used = 0;
        while report.steps < steps {
            let (batch, gradient_norm) = self.step(episodes);
            report.steps += 1;
            report.skipped += batch.skipped;
            report.unsolved += batch.unsolved;
            used += batch.used;
            if report.history.len() < HISTORY {
                report.history.push(batch.query_loss);
            }
            let progress = Progress {
                iteration: report.steps as usize,
                max_iter: steps as usize,
                evaluations: used,
                value: batch.query_loss,
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
        Ok(report)
    }

    /// One meta-step on the next tasks, and the length of its gradient; where no task is finite, nothing moves.
    pub fn step<E: Episodes<T> + ?Sized>(&mut self, episodes: &E) -> (BatchReport, f64) {
        let settings = self.model.settings();
        let count = settings.tasks_per_step as u64;
        let first = self.steps * count;
        self.batch.draw(episodes, first..first + count);
        if let Some(multi_step) = settings.multi_step {
            multi_step.fill(self.steps, &mut self.weights);
        }
        let learner = self.model.learner_at(self.steps, &self.weights);
        let tasks = self.model.tasks(self.batch.support(), self.batch.query());
        self.workspace.fit(learner.need(&tasks, settings.threads));
        let work = &mut self.workspace.slabs().work;
        let report = learner.gradient(&tasks, &self.model.meta, &mut self.gradient, work);
        let limit = settings.outer_clip.unwrap_or(f64::INFINITY);
        let length = clip_norm(work.level(), &mut self.gradient, limit);
        let (rate, outer) = (settings.schedule.at(self.steps), settings.outer);
        self.steps += 1;
        if report.used > 0 {
            let (level, p) = (work.level(), &mut self.model.meta);
            outer.step(level, rate, p, &self.gradient, &mut self.memory);
        }
        (report, length)
    }
}
