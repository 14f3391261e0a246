//! A training run under way: what it has learned, and the room it works in.
//!
//! One step takes the rows of a mini-batch:
//! ```text
//! forward                                              each task's loss, and its derivative by the links
//! the Gram pass, or its last shared layer              if the rule looks at gradients, or at their norms
//! the rule's weights
//! backward with the weighted derivatives, and Adam
//! forward once more                                    if the rule looks at the losses after the step
//! ```

use alloc::{vec, vec::Vec};

use cognate_kernels::{Level, MatRef, Real, max_abs};

use super::weigh::TaskRoom;
use super::{
    HeadRelation, MultiTaskMlp, Output, TaskBatch, TaskNet, TaskNetObjective, TaskNetwork,
    TaskRows, Watch,
};
use crate::mtl::balance::{Balance, BalanceState, Needs, Outcome};
use crate::objective::TaskObjective;
use crate::optim::{Method, PlateauState, StepState};
use crate::params::Span;
use crate::rng::hash;
use crate::workspace::{Workspace, default_level};
use crate::{Result, check};

/// A network of many tasks in training, to be resumed at will.
#[derive(Clone, Debug)]
pub struct TaskTraining<T> {
    pub(super) network: TaskNetwork<T>,
    pub(super) rule: Balance,
    balance: BalanceState,
    method: StepState<Vec<T>>,
    pub(super) progress: TrainingProgress,
    /// The parameters of the best epoch, with early stopping.
    pub(super) best: Option<Vec<T>>,
    pub(super) room: Room<T>,
}

/// How far a run is: plain numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingProgress {
    /// Epochs behind.
    pub epochs: u64,
    /// What the summed training loss, or the mean loss on rows set aside, has been.
    pub plateau: PlateauState,
    /// What each task's loss on rows set aside has been.
    pub tasks: Vec<Watch>,
    /// How often the rule's weights were what.
    pub outcomes: Outcomes,
}

/// How often a rule's weights were regular, or not: steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// [`Outcome::Regular`].
    pub regular: usize,
    /// [`Outcome::ParetoStationary`].
    pub stationary: usize,
    /// [`Outcome::Degenerate`].
    pub degenerate: usize,
}

/// All that a run must remember, to be kept anywhere and resumed by [`MultiTaskMlp::restore`].
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingState<T> {
    /// The parameters, as [`TaskNetwork::layout`] says.
    pub params: Vec<T>,
    /// What Adam remembers.
    pub method: StepState<Vec<T>>,
    /// [`BalanceState::steps`].
    pub balance_steps: u64,
    /// [`BalanceState::memory`].
    pub balance_memory: Vec<f64>,
    /// How far the run is.
    pub progress: TrainingProgress,
    /// The parameters of the best epoch, with early stopping.
    pub best: Option<Vec<T>>,
}

/// Memory that steps share.
#[derive(Clone, Debug)]
pub(super) struct Room<T> {
    workspace: Workspace<T>,
    batch: TaskBatch<T>,
    gradient: Vec<T>,
    penalised: Vec<Span>,
    relation: Option<HeadRelation>,
    pub(super) order: Vec<u32>,
    /// The parameters before the epoch.
    pub(super) before: Vec<T>,
    pub(super) tasks: TaskRoom,
    pub(super) sums: Sums,
}

/// Losses of an epoch, summed with the weights of their rows.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    losses: Vec<f64>,
    labelled: Vec<f64>,
    penalty: f64,
    weight: f64,
}

/// One step's settings.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) method: Method,
    pub(super) rate: f64,
    pub(super) alpha: f64,
    pub(super) seed: u64,
}

impl Outcomes {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Regular => self.regular += 1,
            Outcome::ParetoStationary => self.stationary += 1,
            Outcome::Degenerate => self.degenerate += 1,
        }
    }
}

impl Sums {
    fn new(tasks: usize) -> Self {
        Self {
            losses: vec![0.0; tasks],
            labelled: vec![0.0; tasks],
            penalty: 0.0,
            weight: 0.0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.losses.fill(0.0);
        self.labelled.fill(0.0);
        (self.penalty, self.weight) = (0.0, 0.0);
    }

    /// Takes in the losses of a batch.
    fn add<T: Real, L: TaskNet<T>>(
        &mut self,
        objective: &TaskNetObjective<'_, T, L>,
        values: &[f64],
        params: &[T],
        level: Level,
    ) {
        let (batch, labelled) = (objective.batch, objective.batch.labelled_weights());
        for (t, &labelled) in labelled.iter().enumerate() {
            self.losses[t] += values[t] * labelled;
            self.labelled[t] += labelled;
        }
        self.penalty += objective.penalty(level, params) * batch.weight();
        self.weight += batch.weight();
    }

    /// Each task's mean loss times the task's weight; NaN for one that was absent.
    pub(super) fn means(&self) -> impl Iterator<Item = f64> {
        let pairs = self.losses.iter().zip(&self.labelled);
        pairs.map(|(loss, labelled)| loss / labelled)
    }

    /// The mean objective: the sum of the tasks' losses, and the penalty.
    pub(super) fn objective(&self) -> f64 {
        let present = self.means().zip(&self.labelled);
        let losses = present.filter(|(_, labelled)| **labelled > 0.0);
        losses.map(|(loss, _)| loss).sum::<f64>() + self.penalty / self.weight
    }
}

impl<T: Real> TaskTraining<T> {
    /// An untrained network for these tasks on `features` features.
    pub(super) fn new(mlp: &MultiTaskMlp, features: usize, outputs: &[Output]) -> Result<Self> {
        let outline = mlp.outline(features, outputs);
        let network = TaskNetwork::start(&mlp.architecture, &outline, mlp.seed)?;
        let (rule, params, tasks) = (mlp.rule(), network.params().len(), outputs.len());
        let balance = rule.start(tasks)?;
        Ok(Self {
            room: Room {
                workspace: Workspace::new(Default::default()),
                batch: TaskBatch::default(),
                gradient: vec![T::ZERO; params],
                penalised: network.built().weights.clone(),
                relation: mlp.relation_of(&network)?,
                order: Vec::new(),
                before: network.params().to_vec(),
                tasks: TaskRoom::new(tasks, rule.needs()),
                sums: Sums::new(tasks),
            },
            network,
            rule,
            balance,
            method: StepState::new(vec![T::ZERO; mlp.method().memory(params)]),
            progress: TrainingProgress {
                epochs: 0,
                plateau: PlateauState::new(mlp.learning_rate_init),
                tasks: vec![Watch::new(); tasks],
                outcomes: Outcomes::default(),
            },
            best: None,
        })
    }

    /// Puts the run where it was when `state` was taken.
    pub(super) fn put(&mut self, state: TrainingState<T>) -> Result<()> {
        let params = self.network.params().len();
        let fits = |name, found: &[T], wanted| {
            check::shape(name, (found.len(), 1), (wanted, 1))?;
            check::finite(name, MatRef::planned(found, found.len(), 1))
        };
        fits("params", &state.params, params)?;
        fits("method", &state.method.memory, self.method.memory.len())?;
        if let Some(best) = &state.best {
            fits("best", best, params)?;
        }
        let (tasks, found) = (self.progress.tasks.len(), state.progress.tasks.len());
        check::shape("progress", (found, 1), (tasks, 1))?;
        self.balance = self
            .rule
            .resume(tasks, state.balance_steps, &state.balance_memory)?;
        self.network.params_mut().copy_from_slice(&state.params);
        self.method = state.method;
        self.progress = state.progress;
        self.best = state.best;
        Ok(())
    }

    /// All that must be remembered.
    pub fn state(&self) -> TrainingState<T> {
        TrainingState {
            params: self.network.params().to_vec(),
            method: self.method.clone(),
            balance_steps: self.balance.steps(),
            balance_memory: self.balance.memory().to_vec(),
            progress: self.progress.clone(),
            best: self.best.clone(),
        }
    }

    /// How far the run is.
    pub fn progress(&self) -> &TrainingProgress {
        &self.progress
    }

    /// The network so far; with early stopping, that of the best epoch.
    pub fn network(&self) -> TaskNetwork<T> {
        let mut network = self.network.clone();
        if let Some(best) = &self.best {
            network.params_mut().copy_from_slice(best);
        }
        network
    }

    /// `max |gradient|` of the last step.
    pub(super) fn gradient_norm(&self) -> f64 {
        max_abs(default_level(), &self.room.gradient).to_f64()
    }

    /// One step on the rows at these places; false if a loss or a gradient was not finite.
    pub(super) fn step(&mut self, step: &Step, rows: &TaskRows<'_, T>, places: &[u32]) -> bool {
        let room = &mut self.room;
        room.batch.gather(rows, places);
        if !room.batch.present().contains(&true) {
            return true;
        }
        let net = self.network.net().clone();
        let params = self.network.params_mut();
        let weight = room.batch.weight();
        let objective = TaskNetObjective {
            l2: T::from_f64(step.alpha / weight),
            penalised: &room.penalised,
            relation: room
                .relation
                .as_ref()
                .map(|r| (r, T::from_f64(1.0 / weight))),
            seed: hash(&[step.seed, self.method.steps]),
            ..TaskNetObjective::new(net, params.len(), &room.batch)
        };
        let needs = self.rule.needs();
        let by_gradients = matches!(needs, Needs::Gram | Needs::Norms);
        room.workspace.fit(objective.step_need(by_gradients));
        let slabs = room.workspace.slabs();
        let (saved, w) = (slabs.saved, &mut { slabs.work });
        objective.visit(params, &mut room.tasks.values, saved, w);
        room.sums
            .add(&objective, &room.tasks.values, params, w.level());
        room.tasks.mark(&room.batch, &self.progress.tasks);
        room.tasks.look(needs, &objective, params, saved, w);
        let precision = T::EPSILON.to_f64();
        let Some(outcome) = room.tasks.weigh(&self.rule, &mut self.balance, precision) else {
            return false;
        };
        self.progress.outcomes.count(outcome);
        let weights = &room.tasks.weights;
        objective.weighted_grad(params, weights, saved, &mut room.gradient, w);
        let (level, gradient) = (w.level(), &room.gradient);
        step.method
            .step(level, step.rate, params, gradient, &mut self.method);
        if needs == Needs::LossesAfter {
            objective.values(params, &mut room.tasks.values, w);
            self.rule.stepped(&mut self.balance, &room.tasks.values);
        }
        true
    }

    /// Remembers where the epoch began.
    pub(super) fn begin_epoch(&mut self) {
        self.room.before.copy_from_slice(self.network.params());
        self.room.sums.clear();
    }

    /// Takes account of an epoch, or goes back to its start if it ended in something that is not finite.
    pub(super) fn close_epoch(&mut self, finite: bool) -> Option<f64> {
        let loss = self.room.sums.objective();
        let params = self.network.params_mut();
        if !(finite && loss.is_finite() && max_abs(default_level(), params).is_finite()) {
            params.copy_from_slice(&self.room.before);
            return None;
        }
        self.rule.epoch_ended(&mut self.balance);
        self.progress.epochs += 1;
        Some(loss)
    }
}
