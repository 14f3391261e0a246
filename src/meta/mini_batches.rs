//! Mini-batches: how a network is fine-tuned, and how a student is taught, where the loss is more than [`Mlp`](crate::model::Mlp) knows.
//!
//! An epoch takes all rows once, in an order that is a function of the seed and the epoch; a step is one of Adam on a mini-batch's
//! objective, which the caller states. Training ends after `max_iter` epochs, or when for more than `n_iter_no_change` of them the mean
//! objective was no better by `tol`. Names and defaults are those of [`Mlp`](crate::model::Mlp).

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatRef, Real, max_abs};

use crate::check;
use crate::data::batches::Batches;
use crate::error::{Error, Result};
use crate::loss::Targets;
use crate::model::{Batch, Data};
use crate::objective::Objective;
use crate::optim::{
    Adam, Callback, Method, Plateau, PlateauState, Progress, Report, StepState, Stop, Verdict,
};
use crate::workspace::{Workspace, default_level};

/// Rows of a mini-batch if nothing is said.
const ROWS: usize = 200;

/// Settings of training by mini-batches.
#[derive(Clone, Debug, PartialEq)]
pub struct MiniBatches {
    /// Rows of a mini-batch; `None` for 200, or all rows if they are fewer. Default `None`.
    pub batch_size: Option<usize>,
    /// Adam's rate, above 0. Default 1e-3.
    pub learning_rate_init: f64,
    /// Most epochs. Default 200.
    pub max_iter: usize,
    /// What counts as an improvement. Default 1e-4.
    pub tol: f64,
    /// Epochs without improvement that are borne. Default 10.
    pub n_iter_no_change: usize,
    /// Seed of the orders. Default 0.
    pub seed: u64,
    /// Threads that a step may use; the result does not depend on it. Default 1.
    pub threads: usize,
}

impl Default for MiniBatches {
    fn default() -> Self {
        Self {
            batch_size: None,
            learning_rate_init: 1e-3,
            max_iter: 200,
            tol: 1e-4,
            n_iter_no_change: 10,
            seed: 0,
            threads: 1,
        }
    }
}

/// The rows of one step.
#[derive(Clone, Copy, Debug)]
pub struct MiniBatch<'a, T> {
    /// The step's number, from 0.
    pub step: u64,
    /// `s x d`.
    pub x: MatRef<'a, T>,
    /// Their targets.
    pub y: Targets<'a, T>,
}

/// Calls its second argument with the objective of the rows in its first.
pub type BatchObjective<'o, T> = &'o dyn Fn(&MiniBatch<'_, T>, &mut dyn FnMut(&dyn Objective<T>));

impl MiniBatches {
    fn check(&self) -> Result<()> {
        let rate = self.learning_rate_init;
        check::setting("learning_rate_init", "above 0", rate, rate > 0.0)?;
        check::setting("tol", "at least 0", self.tol, self.tol >= 0.0)?;
        let (epochs, rows) = (self.max_iter as f64, self.batch_size.unwrap_or(1));
        check::setting("max_iter", "at least 1", epochs, self.max_iter > 0)?;
        check::setting("batch_size", "at least 1", rows as f64, rows > 0)
    }

    fn batches(&self, rows: usize) -> Batches {
        Batches {
            rows,
            size: self.batch_size.unwrap_or(ROWS).min(rows),
            seed: self.seed,
        }
    }

    /// Steps of a whole training on so many rows.
    pub fn steps(&self, rows: usize) -> u64 {
        self.max_iter as u64 * self.batches(rows).ranges().len() as u64
    }

    /// Moves `p` by training on rows `x: n x d` with targets `y`. `objective` is the mean over a mini-batch, with whatever penalty; the
    /// report's loss is its mean over the last epoch. An epoch that ends in numbers that are not finite is undone, and training with it.
    ///
    /// # Errors
    /// If a setting is not allowed, there are no rows, a number of `x` is not finite, or the first epoch's objective is not.
    pub fn train<T: Real>(
        &self,
        (x, y): (MatRef<'_, T>, Targets<'_, T>),
        p: &mut [T],
        objective: BatchObjective<'_, T>,
        callback: Callback<'_>,
    ) -> Result<Report> {
        self.check()?;
        check::matrix("x", x)?;
        check::shape("y", (y.shape().0, 1), (x.rows(), 1))?;
        let mut run = Run::new(self, Data { x, y }, p.len());
        let mut plateau = PlateauState::new(self.learning_rate_init);
        let judge = Plateau {
            patience: self.n_iter_no_change,
            tol: self.tol,
            min_rate: f64::INFINITY,
            ..Plateau::default()
        };
        let (mut history, mut stopped) = (Vec::new(), Stop::MaxIterations);
        for iteration in 1..=self.max_iter {
            let Some(value) = run.epoch(p, objective) else {
                stopped = Stop::Diverged;
                break;
            };
            history.push(value);
            let progress = Progress {
                iteration,
                max_iter: self.max_iter,
                evaluations: run.state.steps as usize,
                value,
                gradient_norm: run.gradient_norm(),
            };
            if callback(&progress).is_break() {
                stopped = Stop::Cancelled;
                break;
            }
            if judge.observe(value, &mut plateau) == Verdict::Stop {
                stopped = Stop::SmallImprovement;
                break;
            }
        }
        let Some(&value) = history.last() else {
            return Err(Error::Diverged);
        };
        Ok(Report {
            iterations: history.len(),
            evaluations: run.state.steps as usize,
            products: 0,
            value,
            gradient_norm: run.gradient_norm(),
            stopped,
            history,
        })
    }
}

/// Training under way.
struct Run<'a, T> {
    data: Data<'a, T>,
    batches: Batches,
    method: Method,
    rate: f64,
    epochs: u64,
    state: StepState<Vec<T>>,
    workspace: Workspace<T>,
    room: Batch<T>,
    gradient: Vec<T>,
    order: Vec<u32>,
    /// The parameters before the epoch.
    before: Vec<T>,
}

impl<'a, T: Real> Run<'a, T> {
    fn new(settings: &MiniBatches, data: Data<'a, T>, params: usize) -> Self {
        let method = Method::Adam(Adam::default());
        Self {
            batches: settings.batches(data.x.rows()),
            method,
            rate: settings.learning_rate_init,
            epochs: 0,
            state: StepState::new(vec![T::ZERO; method.memory(params)]),
            workspace: Workspace::new(Default::default()).with_threads(settings.threads),
            room: Batch::default(),
            gradient: vec![T::ZERO; params],
            order: vec![0; data.x.rows()],
            before: vec![T::ZERO; params],
            data,
        }
    }

    /// `max |gradient|` of the last step.
    fn gradient_norm(&self) -> f64 {
        max_abs(default_level(), &self.gradient).to_f64()
    }

    /// One pass over all rows; the mean objective, or `None`, and `p` as it was, if something is not finite.
    fn epoch(&mut self, p: &mut [T], objective: BatchObjective<'_, T>) -> Option<f64> {
        self.before.copy_from_slice(p);
        self.batches.order(self.epochs, &mut self.order);
        let mut sum = 0.0;
        for range in self.batches.ranges() {
            let rows = range.len() as f64;
            sum += rows * self.step(p, range, objective);
        }
        self.epochs += 1;
        let finite = sum.is_finite() && max_abs(default_level(), p).is_finite();
        if !finite {
            p.copy_from_slice(&self.before);
        }
        finite.then_some(sum / self.batches.rows as f64)
    }

    /// One step on the rows at these places of the order; their objective.
    fn step(
        &mut self,
        p: &mut [T],
        range: core::ops::Range<usize>,
        objective: BatchObjective<'_, T>,
    ) -> f64 {
        let Data { x, y } = self.room.gather(self.data, &self.order[range]);
        let step = self.state.steps;
        let (workspace, gradient, mut value) = (&mut self.workspace, &mut self.gradient, f64::NAN);
        objective(&MiniBatch { step, x, y }, &mut |objective| {
            workspace.fit(objective.need());
            let slabs = workspace.slabs();
            let work = &mut { slabs.work };
            value = objective
                .value_grad(p, Some(gradient), slabs.saved, work)
                .to_f64();
        });
        let (rate, g) = (self.rate, &self.gradient);
        self.method
            .step(default_level(), rate, p, g, &mut self.state);
        value
    }
}
