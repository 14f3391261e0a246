//! Rows set aside: which, and what each task's loss on them says.
//!
//! Each task gives its share. The rows are ordered by whose they are (where tasks share rows: by which labels they have) and by their
//! classes, in random order among equals; of every stretch of that order as many are set aside as its length times the share, rounded.

use alloc::vec::Vec;

use cognate_kernels::Real;

use super::{EarlyStopping, MultiTaskMlp, TaskBatch, TaskNetObjective, TaskNetwork, TaskRows};
use crate::optim::{PlateauState, Verdict};
use crate::rng::rng;
use crate::workspace::Workspace;
use crate::{Error, Result};

/// Rows whose losses are computed at once.
const BLOCK: usize = 256;

/// What a task's loss on rows set aside has been.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watch {
    /// The loss after the first epoch; NaN before, and for a task without such rows.
    pub first: f64,
    /// The loss in units of that.
    pub plateau: PlateauState,
    /// The epoch after which the task left, with [`EarlyStopping::PerTask`].
    pub left: Option<u64>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            first: f64::NAN,
            plateau: PlateauState::new(0.0),
            left: None,
        }
    }
}

/// Places of rows to learn from, and of rows set aside, as `share` and `seed` say.
pub(super) fn split<T: Real>(
    rows: &TaskRows<'_, T>,
    share: f64,
    seed: u64,
) -> Result<(Vec<u32>, Vec<u32>)> {
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    rng(seed, "validation", 0).shuffle(&mut order);
    order.sort_by_cached_key(|&place| rows.stratum(place as usize));
    let before = |position: usize| (position as f64 * share + 0.5) as usize;
    let mut sides = (Vec::new(), Vec::new());
    for (position, place) in order.into_iter().enumerate() {
        if before(position + 1) > before(position) {
            sides.1.push(place);
        } else {
            sides.0.push(place);
        }
    }
    sides.0.sort_unstable();
    if sides.0.is_empty() || sides.1.is_empty() {
        return Err(Error::Setting {
            name: "validation_fraction",
            must: "a share that leaves rows on both sides",
            found: share,
        });
    }
    Ok(sides)
}

/// Rows set aside, in blocks, and room to pass them through a network.
pub(super) struct Validation<T> {
    blocks: Vec<TaskBatch<T>>,
    workspace: Workspace<T>,
    values: Vec<f64>,
    labelled: Vec<f64>,
    /// Each task's mean loss, times the task's weight; NaN without rows.
    pub(super) losses: Vec<f64>,
}

impl<T: Real> Validation<T> {
    pub(super) fn new(rows: &TaskRows<'_, T>, places: &[u32], tasks: usize) -> Self {
        let block = |places: &[u32]| {
            let mut batch = TaskBatch::default();
            batch.gather(rows, places);
            batch
        };
        let zeros = || alloc::vec![0.0; tasks];
        Self {
            blocks: places.chunks(BLOCK).map(block).collect(),
            workspace: Workspace::new(Default::default()),
            values: zeros(),
            labelled: zeros(),
            losses: zeros(),
        }
    }

    /// The tasks' losses of `network`.
    pub(super) fn measure(&mut self, network: &TaskNetwork<T>) {
        self.losses.fill(0.0);
        self.labelled.fill(0.0);
        for batch in &self.blocks {
            let net = network.net();
            let objective = TaskNetObjective::new(net, network.params().len(), batch);
            self.workspace.fit(objective.step_need(false));
            let w = &mut self.workspace.slabs().work;
            objective.values(network.params(), &mut self.values, w);
            for (t, &labelled) in batch.labelled_weights().iter().enumerate() {
                self.losses[t] += self.values[t] * labelled;
                self.labelled[t] += labelled;
            }
        }
        let pairs = self.losses.iter_mut().zip(&self.labelled);
        pairs.for_each(|(loss, labelled)| *loss /= labelled);
    }
}

/// The mean of the losses in units of the first ones; NaN if there is none.
pub(super) fn observe(mlp: &MultiTaskMlp, epoch: u64, losses: &[f64], tasks: &mut [Watch]) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for (watch, &loss) in tasks.iter_mut().zip(losses) {
        if watch.first.is_nan() {
            watch.first = loss;
        }
        if watch.first.is_nan() {
            continue;
        }
        let relative = if watch.first > 0.0 {
            loss / watch.first
        } else {
            loss
        };
        (sum, count) = (sum + relative, count + 1);
        let verdict = mlp.plateau().observe(relative, &mut watch.plateau);
        let leaves = verdict == Verdict::Stop && mlp.early_stopping == EarlyStopping::PerTask;
        if leaves && watch.left.is_none() {
            watch.left = Some(epoch);
        }
    }
    sum / f64::from(count)
}
