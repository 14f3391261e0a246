//! The training loop: epochs of mini-batches, or L-BFGS on all rows.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real};

use super::batch::{Batch, Data};
use super::settings::{Mlp, MlpSolver};
use super::training::{Step, Training, total_weight};
use crate::data::batches::Batches;
use crate::data::split::{Split, TestSize, stratified_split, train_test_split};
use crate::error::{Error, Result};
use crate::layer::Stack;
use crate::loss::Target;
use crate::model::links::{self, BLOCK, Links};
use crate::objective::Objective;
use crate::objective::net::NetObjective;
use crate::optim::{Callback, Lbfgs, Progress, Report, Stop, Verdict};
use crate::workspace::{Workspace, default_level};

/// Epochs whose losses a report holds at most.
const HISTORY: usize = 10_000;

/// Rows set aside, and room for their outputs.
struct Validation<T> {
    rows: Batch<T>,
    all: Vec<u32>,
    outputs: Vec<T>,
    workspace: Workspace<T>,
}

impl<T: Real> Validation<T> {
    fn new(training: &Training<T, impl Sized>, rows: Vec<usize>) -> Self {
        let outputs = rows.len() * training.network.outputs();
        Self {
            rows: Batch::default(),
            all: rows.into_iter().map(|row| row as u32).collect(),
            outputs: vec![T::ZERO; outputs],
            workspace: Workspace::new(training.network.need(BLOCK)),
        }
    }

    fn score(&mut self, training: &Training<T, impl Sized>, data: Data<'_, T>) -> Result<f64> {
        let Data { x, y } = self.rows.gather(data, &self.all);
        let (n, k) = (x.rows(), training.network.outputs());
        let z = MatMut::planned(&mut self.outputs, n, k);
        let work = &mut self.workspace.slabs().work;
        links::predict_into(&training.network, x, z, work)?;
        let z = MatRef::planned(&self.outputs, n, k);
        Ok(training.head.score(z, &y))
    }
}

impl<K> Mlp<K> {
    /// Trains for up to `max_iter` epochs or iterations more.
    pub(super) fn run<T: Real>(
        &self,
        training: &mut Training<T, K>,
        data: Data<'_, T>,
        callback: Callback<'_>,
    ) -> Result<Report> {
        if self.solver == MlpSolver::Lbfgs {
            return self.run_lbfgs(training, data, callback);
        }
        let split = self.early_stopping.then(|| self.split(data)).transpose()?;
        let (rows, mut validation) = match split {
            None => (None, None),
            Some(split) => {
                let rows: Vec<u32> = split.train.into_iter().map(|row| row as u32).collect();
                (Some(rows), Some(Validation::new(training, split.test)))
            }
        };
        let count = rows.as_ref().map_or(data.x.rows(), Vec::len);
        let first = training.losses.len();
        training.losses.reserve(self.max_iter.min(HISTORY));
        let (mut stopped, mut steps) = (Stop::MaxIterations, 0);
        for iteration in 1..=self.max_iter {
            let Some(loss) = self.epoch(training, data, rows.as_deref()) else {
                stopped = Stop::Diverged;
                break;
            };
            steps += count.div_ceil(self.batch(count));
            let verdict = self.judge(training, loss, validation.as_mut(), data)?;
            let cancelled = callback(&Progress {
                iteration,
                max_iter: self.max_iter,
                evaluations: steps,
                value: loss,
                gradient_norm: training.gradient_norm(),
            });
            if cancelled.is_break() {
                stopped = Stop::Cancelled;
                break;
            }
            if verdict == Verdict::Stop {
                stopped = Stop::SmallImprovement;
                break;
            }
        }
        let history = training.losses[first..].to_vec();
        if stopped == Stop::Diverged && training.epochs == 0 {
            return Err(Error::Diverged);
        }
        Ok(Report {
            iterations: history.len(),
            evaluations: steps,
            products: 0,
            value: training.losses.last().copied().unwrap_or(f64::NAN),
            gradient_norm: training.gradient_norm(),
            stopped,
            history,
        })
    }

    /// One pass over `rows` (all where `None`), in the order of the epoch; the mean objective. `None`, and nothing learned, if that is
    /// not finite.
    pub(super) fn epoch<T: Real>(
        &self,
        training: &mut Training<T, K>,
        data: Data<'_, T>,
        rows: Option<&[u32]>,
    ) -> Option<f64> {
        self.prepare(training);
        let count = rows.map_or(data.x.rows(), <[u32]>::len);
        let batches = Batches {
            rows: count,
            size: self.batch(count),
            seed: self.seed,
        };
        let mut order = core::mem::take(&mut training.room.order);
        order.resize(count, 0);
        if self.shuffle {
            batches.order(training.epochs, &mut order);
        } else {
            order.iter_mut().zip(0..).for_each(|(place, i)| *place = i);
        }
        if let Some(rows) = rows {
            order
                .iter_mut()
                .for_each(|place| *place = rows[*place as usize]);
        }
        let step = Step {
            method: self.method(),
            rate: self.rate(training.rows_seen, training.plateau.rate),
            alpha: self.alpha,
            threads: self.threads,
        };
        let (mut sum, mut total) = (0.0, 0.0);
        for range in batches.ranges() {
            let (value, weight) = training.step(step, data, &order[range]);
            sum += value * weight;
            total += weight;
        }
        training.room.order = order;
        let loss = sum / total;
        training.close_epoch(loss, count)
    }

    /// Memory for the method, and a copy of the parameters to go back to.
    fn prepare<T: Real>(&self, training: &mut Training<T, K>) {
        let params = training.network.params();
        let memory = self.method().memory(params.len());
        training.room.before.copy_from_slice(params);
        if training.memory.memory.len() != memory {
            training.memory.memory = vec![T::ZERO; memory];
            training.memory.steps = 0;
        }
        if training.epochs == 0 {
            training.plateau.rate = self.learning_rate_init;
        }
    }

    /// Whether to go on after an epoch of this loss; keeps the parameters of the best score.
    fn judge<T: Real>(
        &self,
        training: &mut Training<T, K>,
        loss: f64,
        validation: Option<&mut Validation<T>>,
        data: Data<'_, T>,
    ) -> Result<Verdict> {
        let Some(validation) = validation else {
            return Ok(self.plateau().observe(loss, &mut training.plateau));
        };
        let score = validation.score(training, data)?;
        training.scores.push(score);
        if training.best.as_ref().is_none_or(|(best, _)| score > *best) {
            training.best = Some((score, training.network.params().to_vec()));
        }
        Ok(self.plateau().observe(-score, &mut training.plateau))
    }

    /// Rows to train on and rows set aside, in the classes' shares where there are classes.
    fn split<T: Real>(&self, data: Data<'_, T>) -> Result<Split> {
        let share = TestSize::Fraction(self.validation_fraction);
        match data.y.target {
            Target::Classes(labels) => stratified_split(labels, share, self.seed),
            Target::Values(_) => train_test_split(data.x.rows(), share, self.seed),
        }
    }

    fn run_lbfgs<T: Real>(
        &self,
        training: &mut Training<T, K>,
        data: Data<'_, T>,
        callback: Callback<'_>,
    ) -> Result<Report> {
        let weight = total_weight(data.y.weights, data.x.rows());
        let penalised = training.network.weights();
        let (layers, params) = training.network.parts();
        let objective = NetObjective {
            scale: T::from_f64(1.0 / weight),
            l2: T::from_f64(self.alpha / weight),
            penalised: &penalised,
            ..NetObjective::new(Stack(layers), training.head, params.len(), data.x, data.y)
        };
        let mut workspace = Workspace::with_level(default_level(), objective.need());
        workspace = workspace.with_threads(self.threads);
        let report = Lbfgs::default()
            .with_tol(self.tol)
            .with_max_iter(self.max_iter)
            .minimise(
                &objective,
                params,
                &mut training.lbfgs,
                workspace.slabs(),
                callback,
            );
        if report.stopped == Stop::Diverged {
            return Err(Error::Diverged);
        }
        training.losses.extend(&report.history[1..]);
        Ok(report)
    }
}
