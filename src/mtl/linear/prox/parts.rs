//! The parts of W at an optimum, and what they tell.

use alloc::vec::Vec;

use super::norm::length;
use super::nuclear::Spectrum;
use crate::mtl::linear::{Axis, Learned};

/// The parts of W, each with a row a link of a task, in the order of the tasks.
#[derive(Clone, Debug)]
pub(in crate::mtl::linear) struct Parts {
    /// Features, `d`.
    pub features: usize,
    /// Links of all tasks, `K`.
    pub links: usize,
    /// Whether every task has one link, so that rows are tasks.
    pub by_task: bool,
    /// `K x d` each, row-major.
    pub parts: Vec<Vec<f64>>,
}

impl Parts {
    /// What rows are.
    fn rows(&self) -> Axis {
        if self.by_task {
            Axis::Tasks
        } else {
            Axis::Other
        }
    }

    /// Part `k` itself.
    pub fn part(&self, name: &'static str, k: usize) -> Learned {
        Learned {
            name,
            axes: (self.rows(), Axis::Features),
            shape: (self.links, self.features),
            values: self.parts[k].clone(),
        }
    }

    /// The 2-norm of each feature's weights in part `k`, `support: d x 1`: 0 for a feature that no task uses.
    pub fn support(&self, k: usize) -> Learned {
        let norm = |j: usize| {
            let column = self.parts[k].iter().skip(j).step_by(self.features);
            length(&column.copied().collect::<Vec<f64>>())
        };
        Learned {
            name: "support",
            axes: (Axis::Features, Axis::Other),
            shape: (self.features, 1),
            values: (0..self.features).map(norm).collect(),
        }
    }

    /// Part `k` as `loadings basis'`, `loadings: K x r` and `basis: d x r`, r being its rank.
    #[inline]
    pub fn low_rank(&self, k: usize) -> [Learned; 2] {
        let spectrum = Spectrum::of(&self.parts[k], self.features);
        let rank = spectrum.rank();
        let (loadings, basis) = spectrum.factors(&self.parts[k]);
        let table = |name, rows, count, values| Learned {
            name,
            axes: (rows, Axis::Other),
            shape: (count, rank),
            values,
        };
        [
            table("loadings", self.rows(), self.links, loadings),
            table("basis", Axis::Features, self.features, basis),
        ]
    }
}
