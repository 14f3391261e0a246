//! A training run under way: what it has learned, and the room it works in.

use alloc::{vec, vec::Vec};
use core::marker::PhantomData;

use cognate_kernels::{Real, max_abs};

use super::batch::{Batch, Data};
use super::fit::{Classes, Values};
use super::head::Head;
use super::network::Network;
use crate::error::Result;
use crate::layer::Stack;
use crate::model::ClassModel;
use crate::objective::Objective;
use crate::objective::net::NetObjective;
use crate::optim::{LbfgsState, Method, PlateauState, StepState};
use crate::params::Span;
use crate::workspace::{Workspace, default_level};

/// A network in training, to be resumed at will: its parameters, what the optimiser remembers, and how far it is.
///
/// `K` is [`Classes`] or [`Values`].
#[derive(Clone, Debug)]
pub struct Training<T, K> {
    pub(super) network: Network<T>,
    pub(super) head: Head,
    pub(super) memory: StepState<Vec<T>>,
    pub(super) lbfgs: LbfgsState<T>,
    pub(super) plateau: PlateauState,
    /// Epochs and rows behind.
    pub(super) epochs: u64,
    pub(super) rows_seen: u64,
    pub(super) losses: Vec<f64>,
    pub(super) scores: Vec<f64>,
    /// The parameters of the best score, with early stopping.
    pub(super) best: Option<(f64, Vec<T>)>,
    pub(super) room: Room<T>,
    kind: PhantomData<K>,
}

/// Memory that steps share.
#[derive(Clone, Debug)]
pub(super) struct Room<T> {
    workspace: Workspace<T>,
    batch: Batch<T>,
    gradient: Vec<T>,
    weights: Vec<Span>,
    pub(super) order: Vec<u32>,
    /// The parameters before the epoch.
    pub(super) before: Vec<T>,
}

/// One step's settings.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) method: Method,
    pub(super) rate: f64,
    pub(super) alpha: f64,
    pub(super) threads: usize,
}

impl<T: Real, K> Training<T, K> {
    pub(super) fn new(network: Network<T>, head: Head) -> Self {
        let n = network.params().len();
        let room = Room {
            workspace: Workspace::new(Default::default()),
            batch: Batch::default(),
            gradient: vec![T::ZERO; n],
            weights: network.weights(),
            order: Vec::new(),
            before: network.params().to_vec(),
        };
        Self {
            network,
            head,
            memory: StepState::new(Vec::new()),
            lbfgs: LbfgsState::default(),
            plateau: PlateauState::new(0.0),
            epochs: 0,
            rows_seen: 0,
            losses: Vec::new(),
            scores: Vec::new(),
            best: None,
            room,
            kind: PhantomData,
        }
    }

    /// Epochs trained so far.
    pub fn epochs(&self) -> u64 {
        self.epochs
    }

    /// The mean loss of each epoch so far, or the objective after each iteration of L-BFGS (scikit-learn's `loss_curve_`).
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// With early stopping: the score of each epoch on the rows set aside, accuracy or R2 (scikit-learn's `validation_scores_`).
    pub fn validation_scores(&self) -> &[f64] {
        &self.scores
    }

    /// The network so far; with early stopping, the one of the best score.
    pub fn network(&self) -> Network<T> {
        match &self.best {
            Some((_, params)) => self.network.with_params(params),
            None => self.network.clone(),
        }
    }

    /// One step on the rows of these indices; returns their objective, and their weight.
    pub(super) fn step(&mut self, step: Step, data: Data<'_, T>, rows: &[u32]) -> (f64, f64) {
        let Room {
            workspace,
            batch,
            gradient,
            weights,
            ..
        } = &mut self.room;
        let Data { x, y } = batch.gather(data, rows);
        let weight = total_weight(y.weights, rows.len());
        if weight == 0.0 {
            return (0.0, 0.0);
        }
        let (layers, params) = self.network.parts();
        let objective = NetObjective {
            scale: T::from_f64(1.0 / weight),
            l2: T::from_f64(step.alpha / weight),
            penalised: weights,
            ..NetObjective::new(Stack(layers), self.head, params.len(), x, y)
        };
        workspace.fit(objective.need());
        let slabs = workspace.slabs();
        let mut work = slabs.work.with_threads(step.threads);
        let value = objective.value_grad(params, Some(gradient), slabs.saved, &mut work);
        let level = work.level();
        step.method
            .step(level, step.rate, params, gradient, &mut self.memory);
        (value.to_f64(), weight)
    }

    /// Takes account of an epoch of this mean objective over so many rows, or goes back to its start if that is not finite.
    pub(super) fn close_epoch(&mut self, loss: f64, rows: usize) -> Option<f64> {
        let params = self.network.params_mut();
        let finite = loss.is_finite() && max_abs(default_level(), params).is_finite();
        if !finite {
            params.copy_from_slice(&self.room.before);
            return None;
        }
        self.epochs += 1;
        self.rows_seen += rows as u64;
        self.losses.push(loss);
        Some(loss)
    }

    /// `max |gradient|` of the last step.
    pub(super) fn gradient_norm(&self) -> f64 {
        max_abs(default_level(), &self.room.gradient).to_f64()
    }
}

impl<T: Real> Training<T, Classes> {
    /// The classifier so far; with early stopping, the one of the best score.
    pub fn model(&self) -> Result<ClassModel<Network<T>>> {
        ClassModel::from_map(self.network())
    }
}

impl<T: Real> Training<T, Values> {
    /// The network so far; with early stopping, the one of the best score.
    pub fn model(&self) -> Network<T> {
        self.network()
    }
}

/// The weight of all rows.
pub(super) fn total_weight<T: Real>(weights: Option<&[T]>, rows: usize) -> f64 {
    weights.map_or(rows as f64, |w| w.iter().map(|w| w.to_f64()).sum())
}
