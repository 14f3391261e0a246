//! Rows of a mini-batch, gathered side by side.

use alloc::vec::Vec;

use cognate_kernels::{MatRef, Real};

use crate::loss::{Target, Targets};

/// The rows that a training run sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Data<'a, T> {
    /// `n x d`.
    pub(crate) x: MatRef<'a, T>,
    pub(crate) y: Targets<'a, T>,
}

/// Room for the rows of a mini-batch; grows to the largest one and stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch<T> {
    x: Vec<T>,
    labels: Vec<u32>,
    values: Vec<T>,
    weights: Vec<T>,
    mask: Vec<bool>,
}

impl<T: Real> Batch<T> {
    /// Copies the rows of these indices.
    pub(crate) fn gather(&mut self, from: Data<'_, T>, rows: &[u32]) -> Data<'_, T> {
        let indices = || rows.iter().map(|&row| row as usize);
        gather_rows(&mut self.x, from.x, indices());
        let target = match from.y.target {
            Target::Classes(labels) => {
                refill(&mut self.labels, indices().map(|i| labels[i]));
                Target::Classes(&self.labels[..])
            }
            Target::Values(y) => {
                gather_rows(&mut self.values, y, indices());
                Target::Values(MatRef::planned(&self.values, rows.len(), y.cols()))
            }
        };
        let weights = from.y.weights.map(|weights| {
            refill(&mut self.weights, indices().map(|i| weights[i]));
            &self.weights[..]
        });
        let mask = from.y.mask.map(|mask| {
            let cells = mask.len() / from.x.rows();
            let row = |i: usize| &mask[i * cells..][..cells];
            refill(&mut self.mask, indices().flat_map(row).copied());
            &self.mask[..]
        });
        Data {
            x: MatRef::planned(&self.x, rows.len(), from.x.cols()),
            y: Targets {
                target,
                weights,
                mask,
            },
        }
    }
}

fn refill<T>(room: &mut Vec<T>, items: impl Iterator<Item = T>) {
    room.clear();
    room.extend(items);
}

/// Copies the rows of these indices side by side.
pub(crate) fn gather_rows<T: Real>(
    room: &mut Vec<T>,
    from: MatRef<'_, T>,
    rows: impl Iterator<Item = usize>,
) {
    room.clear();
    let side_by_side = from.col_stride() == 1 || from.cols() == 1;
    for row in rows {
        if side_by_side {
            room.extend_from_slice(from.row(row));
        } else {
            room.extend((0..from.cols()).map(|column| from.at(row, column)));
        }
    }
}
