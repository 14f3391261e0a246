//! The careful way to a step: least squares over the nodes by plane rotations, where tasks are known by factors of their rows.
//!
//! With squared losses the objective is `1/2 ||A v - b||^2`, and A and b have rows
//! ```text
//! R_t theta_t - r_t        of each task, over the nodes that it is made of
//! sqrt(ridge) v_n          of each number of a node
//! sqrt(q) (v_a - v_b)      of each spring
//! ```
//! Nodes are eliminated one after the other, a forest's from the leaves to the roots, else those with the fewest neighbours first: all rows
//! that touch node n are turned into
//! ```text
//! [T  S] [x_n, x_others] = c        as many rows as n has numbers, T triangular
//! [0  Q] [x_n, x_others] = e        rows over its neighbours, which now touch these alone
//! ```
//! and on the way back each node is found from its neighbours. Nothing is squared, so that the error grows with the condition number of
//! A and not with that of `A'A = H + P` (multifrontal QR: George and Heath 1980, Duff and Reid 1983). In a forest the rows that are left
//! are those of one parent, and N nodes of m numbers cost O(N m^3); circles and dense relations fill in.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, Real, dot};

use super::elimination::Forest;
use super::relation::Relation;
use super::system::System;
use crate::error::{Error, Result};
use crate::linalg::{cholesky_update, update_scratch};
use crate::workspace::{Work, default_level};

/// Rows of A over a few nodes.
struct Rows {
    /// Ascending.
    nodes: Vec<usize>,
    /// For each row `m` numbers a node, in the nodes' order, and what it should come to.
    values: Vec<f64>,
}

/// What gives a node from its neighbours.
struct Pivot {
    node: usize,
    others: Vec<usize>,
    /// `m` rows: `m` numbers for the node, `m` for each neighbour, and the right side.
    values: Vec<f64>,
}

/// The step `x` for which `v - x` is optimal, by elimination of the nodes in `order`.
///
/// # Errors
/// [`Error::NotPositiveDefinite`] if the rows do not determine a number.
#[inline]
pub(super) fn solve(
    system: &System<'_, '_>,
    order: &[usize],
    v: &[f64],
    x: &mut [f64],
) -> Result<()> {
    let (m, nodes) = (system.size(), system.nodes());
    let mut blocks: Vec<Option<Rows>> = rows(system, v).into_iter().map(Some).collect();
    let mut touching = vec![Vec::new(); nodes];
    for (at, rows) in blocks.iter().enumerate() {
        touch(at, rows, &mut touching);
    }
    let mut pivots = Vec::with_capacity(nodes);
    for &node in order {
        let own: Vec<usize> = core::mem::take(&mut touching[node]);
        let own: Vec<Rows> = own.into_iter().filter_map(|at| blocks[at].take()).collect();
        let mut front = Front::new(system, v, node, &own);
        own.iter().for_each(|rows| front.add(rows));
        let (pivot, rest) = front.split()?;
        pivots.push(pivot);
        blocks.push(rest);
        touch(blocks.len() - 1, &blocks[blocks.len() - 1], &mut touching);
    }
    for pivot in pivots.iter().rev() {
        pivot.solve(m, x);
    }
    Ok(())
}

/// Notes a block with each node that it touches.
fn touch(at: usize, rows: &Option<Rows>, touching: &mut [Vec<usize>]) {
    for &n in rows.iter().flat_map(|rows| &rows.nodes) {
        touching[n].push(at);
    }
}

/// The nodes from the leaves to the roots of a forest, else those with the fewest springs first.
#[inline]
pub(super) fn order(relation: &Relation, forest: Option<Forest>) -> Vec<usize> {
    if let Some(forest) = forest {
        return forest.order;
    }
    let mut springs = vec![0; relation.nodes.len()];
    for spring in &relation.springs {
        springs[spring.ends.0] += 1;
        springs[spring.ends.1] += 1;
    }
    let mut order: Vec<usize> = (0..relation.nodes.len()).collect();
    order.sort_by_key(|&n| springs[n]);
    order
}

/// The rows of tasks and springs, right sides being what they come to at `v`.
#[inline]
fn rows(system: &System<'_, '_>, v: &[f64]) -> Vec<Rows> {
    let (m, mut theta) = (system.size(), vec![0.0; system.size()]);
    let mut all = Vec::new();
    for t in 0..system.relation.tasks() {
        system.task(t, v, &mut theta);
        all.extend(task_rows(system, t, &theta));
    }
    for spring in &system.relation.springs {
        let (a, b) = (
            spring.ends.0.min(spring.ends.1),
            spring.ends.0.max(spring.ends.1),
        );
        let root = Real::sqrt(spring.stiffness);
        let mut values = vec![0.0; m * (2 * m + 1)];
        for (i, row) in values.chunks_exact_mut(2 * m + 1).enumerate() {
            (row[i], row[m + i]) = (root, -root);
            row[2 * m] = root * (v[a * m + i] - v[b * m + i]);
        }
        all.push(Rows {
            nodes: vec![a, b],
            values,
        });
    }
    all
}

/// The rows of task `t`, which is at `theta`; none where there is no factor.
#[inline]
fn task_rows(system: &System<'_, '_>, t: usize, theta: &[f64]) -> Option<Rows> {
    let (factor, m) = (system.terms.factor(t)?, system.size());
    let residual = factor.residual(theta);
    let parts = system.parts(t);
    let columns: Vec<&[f64]> = factor.columns(system.terms.intercept).collect();
    let mut values = Vec::new();
    // The last row says how much of the label no coefficients reach.
    for (i, residual) in residual[..residual.len() - 1].iter().enumerate() {
        for &(n, share) in &parts {
            let number = |j: usize| match system.is_void(n, j) {
                true => 0.0,
                false => share * columns[j].get(i).copied().unwrap_or(0.0),
            };
            values.extend((0..m).map(number));
        }
        values.push(*residual);
    }
    let nodes = parts.iter().map(|part| part.0).collect();
    Some(Rows { nodes, values })
}

/// All rows that touch a node, as one triangle.
struct Front {
    m: usize,
    /// The node, and its neighbours ascending.
    nodes: Vec<usize>,
    /// `L: w x w`, `L'` being the rows; the last column is the right side.
    l: Vec<f64>,
    width: usize,
    row: Vec<f64>,
    scratch: Vec<f64>,
}

impl Front {
    /// The rows of the ridge of `node`: a diagonal is a triangle already.
    #[inline]
    fn new(system: &System<'_, '_>, v: &[f64], node: usize, rows: &[Rows]) -> Self {
        let m = system.size();
        let mut others: Vec<usize> = rows.iter().flat_map(|rows| &rows.nodes).copied().collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|&n| n != node);
        let nodes = [&[node], &others[..]].concat();
        let width = nodes.len() * m + 1;
        let mut l = vec![0.0; width * width];
        for i in 0..m {
            let root = Real::sqrt(system.ridge(node, i));
            l[i * width + i] = root;
            l[(width - 1) * width + i] = root * v[node * m + i];
        }
        Self {
            m,
            nodes,
            l,
            width,
            row: vec![0.0; width],
            scratch: vec![0.0; update_scratch(width)],
        }
    }

    fn add(&mut self, rows: &Rows) {
        let m = self.m;
        let place = |n: &usize| match *n == self.nodes[0] {
            true => 0,
            false => 1 + self.nodes[1..].binary_search(n).expect("a neighbour"),
        };
        let places: Vec<usize> = rows.nodes.iter().map(place).collect();
        for row in rows.values.chunks_exact(places.len() * m + 1) {
            self.row.fill(0.0);
            for (part, place) in row.chunks_exact(m).zip(&places) {
                self.row[place * m..][..m].copy_from_slice(part);
            }
            self.row[self.width - 1] = row[row.len() - 1];
            let mut work = Work::new(default_level(), &mut self.scratch);
            let l = MatMut::planned(&mut self.l, self.width, self.width);
            cholesky_update(l, &self.row, &mut work);
        }
    }

    /// The node's own rows, and those that are left over its neighbours.
    fn split(self) -> Result<(Pivot, Option<Rows>)> {
        let (m, width) = (self.m, self.width);
        let column = |i: usize| &self.l[i * width..][..=i];
        // A diagonal that is rounding beside its column is that of a number which repeats those before it.
        let lost = |i: &usize| {
            let length = Real::sqrt(dot(default_level(), column(*i), column(*i)));
            column(*i)[*i].abs() <= width as f64 * f64::EPSILON * length
        };
        if let Some(pivot) = (0..m).find(lost) {
            return Err(Error::NotPositiveDefinite {
                pivot: self.nodes[0] * m + pivot,
            });
        }
        let part = |rows: core::ops::Range<usize>, from: usize| {
            let numbers = rows.flat_map(|i| (from..width).map(move |j| (i, j)));
            let number = |(i, j): (usize, usize)| column(j).get(i).copied().unwrap_or(0.0);
            numbers.map(number).collect::<Vec<f64>>()
        };
        let (node, others) = (self.nodes[0], self.nodes[1..].to_vec());
        let rest = (!others.is_empty()).then(|| Rows {
            nodes: others.clone(),
            values: part(m..width - 1, m),
        });
        let pivot = Pivot {
            node,
            others,
            values: part(0..m, 0),
        };
        Ok((pivot, rest))
    }
}

impl Pivot {
    /// The node's part of `x`, from its neighbours'.
    fn solve(&self, m: usize, x: &mut [f64]) {
        let width = (1 + self.others.len()) * m + 1;
        for (i, row) in self.values.chunks_exact(width).enumerate().rev() {
            let mut left = row[width - 1];
            for (part, &n) in row[m..].chunks_exact(m).zip(&self.others) {
                left -= dot(default_level(), part, &x[n * m..][..m]);
            }
            for (j, t) in row[..m].iter().enumerate().skip(i + 1) {
                left -= t * x[self.node * m + j];
            }
            x[self.node * m + i] = left / row[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mtl::linear::soft::relation::Branch;

    /// Fans of 3, 10 and 20, listed from the top: eliminated in order, every node but the root leaves one neighbour, its parent.
    #[test]
    fn a_tree_does_not_fill_in() {
        let mut nodes = vec![Branch {
            parent: None,
            lambda: 1.0,
        }];
        let mut above = 0..1;
        for fan in [3, 10, 20] {
            let from = nodes.len();
            let children = above.flat_map(|parent| (0..fan).map(move |_| Some(parent)));
            nodes.extend(children.map(|parent| Branch {
                parent,
                lambda: 1.0,
            }));
            above = from..nodes.len();
        }
        let places: Vec<usize> = above.collect();
        let relation = Relation::tree(&nodes, &places).unwrap();
        let order = order(&relation, Forest::of(&relation));
        let mut near = vec![alloc::collections::BTreeSet::new(); nodes.len()];
        for spring in &relation.springs {
            near[spring.ends.0].insert(spring.ends.1);
            near[spring.ends.1].insert(spring.ends.0);
        }
        assert_eq!(order.len(), 634);
        for (left, &node) in (0..order.len()).rev().zip(&order) {
            let others: Vec<usize> = core::mem::take(&mut near[node]).into_iter().collect();
            assert_eq!(others.len(), left.min(1), "node {node}");
            for &other in &others {
                near[other].remove(&node);
            }
        }
    }
}
