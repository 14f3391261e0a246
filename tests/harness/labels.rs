//! A loss with random targets, weights and masks, in both forms: ours and the reference's.

use cognate::Real;
use cognate::loss::{Huber, Logistic, Loss, Softmax, Squared, Target, Targets};

use super::{Block, typed};
use crate::support::losses::RowLoss;
use crate::support::{Random, Scalar};

/// Every kind of loss.
pub const LOSSES: [RowLoss; 5] = [
    RowLoss::Squared,
    RowLoss::Huber(0.75),
    RowLoss::Logistic,
    RowLoss::Softmax(0.0),
    RowLoss::Softmax(0.125),
];

/// A loss of `n` rows of `k` outputs; targets without weight are NaN.
#[derive(Clone, Debug)]
pub struct Labels {
    pub loss: RowLoss,
    pub n: usize,
    pub k: usize,
    y: Vec<f64>,
    /// A row's.
    weights: Option<Vec<f64>>,
    /// A cell's.
    mask: Option<Vec<bool>>,
    /// Logistic targets as class labels.
    classes: bool,
}

impl Labels {
    pub fn any(n: usize, k: usize, random: &mut Random) -> Self {
        let loss = LOSSES[random.below(LOSSES.len())];
        let classes = match loss {
            RowLoss::Softmax(_) => true,
            RowLoss::Logistic => k == 1 && random.one_in(2),
            _ => false,
        };
        let cells = n * loss.cells(k);
        let mut labels = Self {
            loss,
            n,
            k,
            y: (0..cells)
                .map(|_| target(loss, k, classes, random))
                .collect(),
            weights: random
                .one_in(2)
                .then(|| (0..n).map(|_| weight(random)).collect()),
            mask: random
                .one_in(2)
                .then(|| (0..cells).map(|_| !random.one_in(4)).collect()),
            classes,
        };
        for cell in 0..cells {
            let row = loss.cells(k);
            if labels.row_weights(cell / row)[cell % row] == 0.0 {
                labels.y[cell] = f64::NAN;
            }
        }
        labels
    }

    /// The weights of row `i`'s cells.
    fn row_weights(&self, i: usize) -> Vec<f64> {
        let cells = self.loss.cells(self.k);
        let row = self.weights.as_ref().map_or(1.0, |weights| weights[i]);
        let seen = |j| self.mask.as_ref().is_none_or(|mask| mask[i * cells + j]);
        (0..cells)
            .map(|j| if seen(j) { row } else { 0.0 })
            .collect()
    }

    /// The weight of output `(i, j)`.
    pub fn weight(&self, i: usize, j: usize) -> f64 {
        let weights = self.row_weights(i);
        weights[j.min(weights.len() - 1)]
    }

    /// The reference's loss of row `i`.
    pub fn loss_of_row<S: Scalar>(&self, i: usize, z: &[S]) -> S {
        let cells = self.loss.cells(self.k);
        self.loss
            .row(z, &self.y[i * cells..][..cells], &self.row_weights(i))
    }

    pub fn ours<T: Real>(&self) -> Box<dyn Loss<T> + Sync> {
        match self.loss {
            RowLoss::Squared => Box::new(Squared),
            RowLoss::Huber(delta) => Box::new(Huber { delta }),
            RowLoss::Logistic => Box::new(Logistic),
            RowLoss::Softmax(smoothing) => Box::new(Softmax { smoothing }),
        }
    }

    /// The targets in `T`, values with `beside` columns of others beside them.
    pub fn typed<T: Real>(&self, beside: usize) -> Typed<'_, T> {
        Typed {
            labels: self,
            values: Block::new(&self.y, self.loss.cells(self.k), beside),
            classes: self.y.iter().map(|&y| y as u32).collect(),
            weights: self.weights.as_ref().map(|weights| typed(weights)),
        }
    }
}

/// Owns what [`Targets`] borrows.
pub struct Typed<'a, T> {
    labels: &'a Labels,
    values: Block<T>,
    classes: Vec<u32>,
    weights: Option<Vec<T>>,
}

impl<T: Real> Typed<'_, T> {
    pub fn targets(&self) -> Targets<'_, T> {
        let target = match self.labels.classes {
            true => Target::Classes(&self.classes),
            false => Target::Values(self.values.view()),
        };
        Targets {
            target,
            weights: self.weights.as_deref(),
            mask: self.labels.mask.as_deref(),
        }
    }
}

fn weight(random: &mut Random) -> f64 {
    if random.one_in(4) {
        0.0
    } else {
        1.0 + random.number()
    }
}

fn target(loss: RowLoss, k: usize, classes: bool, random: &mut Random) -> f64 {
    match loss {
        RowLoss::Softmax(_) => random.below(k) as f64,
        RowLoss::Logistic if classes || !random.one_in(4) => random.below(2) as f64,
        RowLoss::Logistic => random.number().abs(),
        _ => random.number(),
    }
}
