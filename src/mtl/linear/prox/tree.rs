//! Nested groups of tasks: `Omega(W) = sum_j sum_g c_g ||W_(j, g)||_2` (Kim and Xing 2010).
//!
//! If any two groups are nested or have no task in common, the proximal step is exact in one pass over the groups, each after those
//! inside it: `W_(j, g)` shrinks by `tau c_g` (Jenatton et al. 2011). In the other order it is wrong.
//!
//! The dual norm has no formula, but a meaning: `Omega*(c)` is the least tau at which the proximal step of c is 0. Bisection finds it to
//! the last bit, from above.

use alloc::vec::Vec;

use cognate_kernels::Real;

use super::norm::{left_of, length};

/// Groups of columns with their weights, each behind those inside it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskTree {
    groups: Vec<(Vec<usize>, f64)>,
}

impl TaskTree {
    /// Groups of columns in any order; `None` if two of them overlap without one holding the other, or one is empty.
    #[inline]
    pub fn new(mut groups: Vec<(Vec<usize>, f64)>) -> Option<Self> {
        for (columns, _) in &mut groups {
            columns.sort_unstable();
            columns.dedup();
        }
        groups.sort_by_key(|(columns, _)| columns.len());
        let holds = |large: &[usize], column: &usize| large.binary_search(column).is_ok();
        for (i, (small, _)) in groups.iter().enumerate() {
            for (large, _) in &groups[i + 1..] {
                let common = small.iter().filter(|c| holds(large, c)).count();
                if common != 0 && common != small.len() {
                    return None;
                }
            }
        }
        let empty = groups.iter().any(|(columns, _)| columns.is_empty());
        (!empty).then_some(Self { groups })
    }

    /// The groups of `columns`, and their weights, each behind those inside it.
    pub fn groups(&self) -> &[(Vec<usize>, f64)] {
        &self.groups
    }

    /// Whether the column is in a group of positive weight, without which nothing holds it back.
    pub(super) fn penalises(&self, column: usize) -> bool {
        let mut with_weight = self.groups.iter().filter(|(_, weight)| *weight > 0.0);
        with_weight.any(|(columns, _)| columns.contains(&column))
    }

    /// The norm of one row.
    pub(super) fn value(&self, row: &[f64]) -> f64 {
        let groups = self.groups.iter();
        groups
            .map(|(columns, weight)| weight * length_of(row, columns))
            .sum()
    }

    /// The proximal step of one row.
    pub(super) fn prox(&self, tau: f64, row: &mut [f64]) {
        for (columns, weight) in &self.groups {
            let length = length_of(row, columns);
            let left = left_of(length, tau * weight);
            for &column in columns {
                row[column] = if left == 0.0 {
                    0.0
                } else {
                    row[column] * (left / length)
                };
            }
        }
    }

    /// The larger of `least` and the dual norm of one row.
    pub(super) fn dual(&self, least: f64, row: &[f64]) -> f64 {
        let mut moved = row.to_vec();
        let mut vanishes = |tau: f64| {
            moved.copy_from_slice(row);
            self.prox(tau, &mut moved);
            moved.iter().all(|&v| v == 0.0)
        };
        if vanishes(least) {
            return least;
        }
        let (mut low, mut high) = (least, length(row).max(f64::MIN_POSITIVE).max(2.0 * least));
        while !vanishes(high) {
            if !high.is_finite() {
                return f64::INFINITY;
            }
            (low, high) = (high, 2.0 * high);
        }
        loop {
            let middle = low + 0.5 * (high - low);
            if middle <= low || middle >= high {
                return high;
            }
            if vanishes(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
    }
}

/// The 2-norm of the row's numbers in `columns`.
fn length_of(row: &[f64], columns: &[usize]) -> f64 {
    Real::sqrt(
        columns
            .iter()
            .map(|&column| row[column] * row[column])
            .sum::<f64>(),
    )
}
