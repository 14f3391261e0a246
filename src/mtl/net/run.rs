//! The training loop: epochs of mini-batches.

use alloc::{vec, vec::Vec};
use core::ops::ControlFlow;

use cognate_kernels::Real;

use super::training::Step;
use super::watch::{Validation, observe, split};
use super::{
    EarlyStopping, MultiTaskMlp, Outcomes, Output, TaskNetwork, TaskRows, TaskTraining,
    TrainingState,
};
use crate::data::batches::Batches;
use crate::mtl::TaskSet;
use crate::optim::{Callback, Progress, Stop, Verdict};
use crate::{Error, Result, check};

/// Epochs whose losses a report holds at most.
const HISTORY: usize = 10_000;

/// What came of a training run.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskNetReport {
    /// Epochs done.
    pub epochs: usize,
    /// Steps done.
    pub steps: usize,
    /// Why the work ended.
    pub stopped: Stop,
    /// For each task, the mean training loss of each epoch (of the first 10,000); NaN where the task was absent.
    pub losses: Vec<Vec<f64>>,
    /// With early stopping: for each task, the mean loss on rows set aside after each epoch; NaN for a task without such rows.
    pub validation: Vec<Vec<f64>>,
    /// The last weights of the tasks; 0 for one that was absent or has left.
    pub weights: Vec<f64>,
    /// How often the rule's weights were regular or not, in all steps since the start.
    pub outcomes: Outcomes,
    /// With [`EarlyStopping::PerTask`]: the epoch after which each task left.
    pub left: Vec<Option<u64>>,
}

impl TaskNetReport {
    fn new(tasks: usize, epochs: usize) -> Self {
        let empty = || (0..tasks).map(|_| Vec::with_capacity(epochs.min(HISTORY)));
        Self {
            epochs: 0,
            steps: 0,
            stopped: Stop::MaxIterations,
            losses: empty().collect(),
            validation: empty().collect(),
            weights: vec![0.0; tasks],
            outcomes: Outcomes::default(),
            left: vec![None; tasks],
        }
    }
}

/// Keeps the tasks' losses, which are means times the task's weight.
fn keep<T: Real>(
    history: &mut [Vec<f64>],
    losses: impl Iterator<Item = f64>,
    rows: &TaskRows<'_, T>,
) {
    for (t, (history, loss)) in history.iter_mut().zip(losses).enumerate() {
        if history.len() < HISTORY {
            history.push(loss / rows.task_weight(t));
        }
    }
}

/// What a run looks at.
struct Run<'r, 'a, T> {
    rows: &'r TaskRows<'a, T>,
    /// Places of rows to learn from; all where absent.
    places: Option<Vec<u32>>,
    validation: Option<Validation<T>>,
}

impl MultiTaskMlp {
    /// Fits the tasks.
    ///
    /// # Errors
    /// If a setting is not allowed or fits the tasks not, no task has a label, or the losses are not finite from the first epoch on.
    pub fn fit<T: Real>(&self, set: &TaskSet<'_, T>) -> Result<(TaskNetwork<T>, TaskNetReport)> {
        self.fit_with(set, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`MultiTaskMlp::fit`], with a callback after every epoch that may stop the work.
    ///
    /// # Errors
    /// As [`MultiTaskMlp::fit`].
    pub fn fit_with<T: Real>(
        &self,
        set: &TaskSet<'_, T>,
        callback: Callback<'_>,
    ) -> Result<(TaskNetwork<T>, TaskNetReport)> {
        let mut training = self.start(set)?;
        let report = self.resume(&mut training, set, callback)?;
        Ok((training.network(), report))
    }

    /// An untrained network for the tasks of `set`.
    ///
    /// # Errors
    /// If a setting is not allowed or fits the tasks not.
    pub fn start<T: Real>(&self, set: &TaskSet<'_, T>) -> Result<TaskTraining<T>> {
        self.check()?;
        TaskTraining::new(self, set.features(), &outputs(set))
    }

    /// A run as it was when `state` was taken, on the tasks of `set` and with the settings of then.
    ///
    /// # Errors
    /// As [`MultiTaskMlp::start`]; if the state is not one of such a run.
    pub fn restore<T: Real>(
        &self,
        set: &TaskSet<'_, T>,
        state: TrainingState<T>,
    ) -> Result<TaskTraining<T>> {
        let mut training = self.start(set)?;
        training.put(state)?;
        Ok(training)
    }

    /// Trains for up to `max_iter` epochs more. Two calls give the bits of one with as many epochs in all.
    ///
    /// # Errors
    /// As [`MultiTaskMlp::fit`]; if the tasks are not those that the run began with.
    pub fn resume<T: Real>(
        &self,
        training: &mut TaskTraining<T>,
        set: &TaskSet<'_, T>,
        callback: Callback<'_>,
    ) -> Result<TaskNetReport> {
        self.check()?;
        let outline = training.network.outline();
        let features = (set.x().rows(), outline.features);
        check::shape("x", (set.x().rows(), set.features()), features)?;
        let mut pairs = set.tasks().iter().zip(outline.outputs);
        if let Some((task, _)) = pairs.find(|(t, o)| t.name != o.name || t.kind != o.kind) {
            return Err(Error::task(&task.name, "is not what the run began with"));
        }
        let tasks = (set.tasks().len(), 1);
        check::shape("tasks", tasks, (outline.outputs.len(), 1))?;
        let rows = TaskRows::new(set);
        check::not_empty("labels", rows.len())?;
        let mut run = Run {
            rows: &rows,
            places: None,
            validation: None,
        };
        if self.early_stopping != EarlyStopping::TrainingLoss {
            let (train, test) = split(&rows, self.validation_fraction, self.seed)?;
            run.validation = Some(Validation::new(&rows, &test, tasks.0));
            run.places = Some(train);
        }
        self.run(training, &mut run, callback)
    }

    fn run<T: Real>(
        &self,
        training: &mut TaskTraining<T>,
        run: &mut Run<'_, '_, T>,
        callback: Callback<'_>,
    ) -> Result<TaskNetReport> {
        let tasks = training.progress.tasks.len();
        let count = run.places.as_ref().map_or(run.rows.len(), Vec::len);
        let mut report = TaskNetReport::new(tasks, self.max_iter);
        for iteration in 1..=self.max_iter {
            let Some(value) = self.epoch(training, run) else {
                report.stopped = Stop::Diverged;
                break;
            };
            report.epochs += 1;
            report.steps += count.div_ceil(self.batch(count));
            keep(&mut report.losses, training.room.sums.means(), run.rows);
            let verdict = self.judge(training, value, run, &mut report);
            let cancelled = callback(&Progress {
                iteration,
                max_iter: self.max_iter,
                evaluations: report.steps,
                value,
                gradient_norm: training.gradient_norm(),
            });
            if cancelled.is_break() {
                report.stopped = Stop::Cancelled;
                break;
            }
            if verdict == Verdict::Stop {
                report.stopped = Stop::SmallImprovement;
                break;
            }
        }
        if report.stopped == Stop::Diverged && training.progress.epochs == 0 {
            return Err(Error::Diverged);
        }
        report.weights.copy_from_slice(&training.room.tasks.weights);
        report.outcomes = training.progress.outcomes;
        let left = training.progress.tasks.iter().map(|watch| watch.left);
        report.left = left.collect();
        Ok(report)
    }

    /// One pass over the rows to learn from, in the order of the epoch; the mean objective. `None`, and nothing learned, if that is not
    /// finite.
    fn epoch<T: Real>(&self, training: &mut TaskTraining<T>, run: &Run<'_, '_, T>) -> Option<f64> {
        let count = run.places.as_ref().map_or(run.rows.len(), Vec::len);
        let batches = Batches {
            rows: count,
            size: self.batch(count),
            seed: self.seed,
        };
        let mut order = core::mem::take(&mut training.room.order);
        order.resize(count, 0);
        batches.order(training.progress.epochs, &mut order);
        if let Some(places) = &run.places {
            order.iter_mut().for_each(|at| *at = places[*at as usize]);
        }
        let step = Step {
            method: self.method(),
            rate: self.learning_rate_init,
            alpha: self.alpha,
            seed: self.seed,
        };
        training.begin_epoch();
        let mut finite = true;
        for range in batches.ranges() {
            finite = finite && training.step(&step, run.rows, &order[range]);
        }
        training.room.order = order;
        training.close_epoch(finite)
    }

    /// Whether to go on after an epoch of this objective; keeps the parameters of the best one.
    fn judge<T: Real>(
        &self,
        training: &mut TaskTraining<T>,
        value: f64,
        run: &mut Run<'_, '_, T>,
        report: &mut TaskNetReport,
    ) -> Verdict {
        let progress = &mut training.progress;
        let Some(validation) = &mut run.validation else {
            return self.plateau().observe(value, &mut progress.plateau);
        };
        validation.measure(&training.network);
        let losses = &validation.losses;
        keep(&mut report.validation, losses.iter().copied(), run.rows);
        let mean = observe(self, progress.epochs, losses, &mut progress.tasks);
        if mean < progress.plateau.best || training.best.is_none() {
            let params = training.network.params();
            let best = training.best.get_or_insert_with(|| params.to_vec());
            best.copy_from_slice(params);
        }
        let verdict = self.plateau().observe(mean, &mut progress.plateau);
        let watched = || progress.tasks.iter().filter(|watch| !watch.first.is_nan());
        match self.early_stopping {
            EarlyStopping::PerTask if watched().all(|watch| watch.left.is_some()) => Verdict::Stop,
            EarlyStopping::PerTask => Verdict::GoOn,
            _ => verdict,
        }
    }
}

/// Names and kinds.
fn outputs<T: Real>(set: &TaskSet<'_, T>) -> Vec<Output> {
    let output = |task: &crate::mtl::Task| Output {
        name: task.name.clone(),
        kind: task.kind,
    };
    set.tasks().iter().map(output).collect()
}
