//! `(H + P) x = g` where nodes and springs are a forest: block elimination from the leaves to the roots and back.
//!
//! Node n, once its children are gone, stands for `1/2 x'B x - c'x + q/2 ||x - y||^2`, y being its parent's x and q the spring's
//! stiffness. With `M = I + B / q`,
//! ```text
//! x = M^-1 (y + c / q)                 what is left of it in y:  1/2 y'(M^-1 B) y - (M^-1 c)'y
//! ```
//! which its parent takes in. B and M commute, so the usual `q I - q^2 (B + q I)^-1` is the same matrix; written this way nothing cancels,
//! however stiff the spring: q to infinity adds B and c to the parent's, the pooled fit, to the last digit.
//!
//! Cost: O(N m^3). Only nodes with children keep a matrix: a leaf's is made again on the way back.

use alloc::{vec, vec::Vec};

use cognate_kernels::{Level, MatMut, MatRef, Product, axpy, gemm_scratch, scale};

use super::relation::{Mix, Relation};
use super::system::System;
use crate::error::Result;
use crate::linalg::{cholesky, cholesky_solve, solve_lower_rows};
use crate::workspace::{Work, default_level};

/// The order of elimination.
pub(super) struct Forest {
    /// From leaves to roots.
    pub order: Vec<usize>,
    /// The node above and the spring's stiffness.
    parent: Vec<Option<(usize, f64)>>,
    /// Place among the matrices kept, of nodes with children.
    slot: Vec<Option<usize>>,
    slots: usize,
}

impl Forest {
    /// The forest of a relation, if it is one.
    #[inline]
    pub fn of(relation: &Relation) -> Option<Self> {
        if let Mix::Factors(_) = relation.mix {
            return None;
        }
        let n = relation.nodes.len();
        let mut near = vec![Vec::new(); n];
        for spring in &relation.springs {
            let (a, b) = spring.ends;
            near[a].push((b, spring.stiffness));
            near[b].push((a, spring.stiffness));
        }
        // Roots are nodes with the most springs: what is eliminated before them is small.
        let mut starts: Vec<usize> = (0..n).collect();
        starts.sort_by_key(|&node| core::cmp::Reverse(near[node].len()));
        let (mut order, mut parent, mut met) =
            (Vec::with_capacity(n), vec![None; n], vec![false; n]);
        for start in starts {
            if met[start] {
                continue;
            }
            met[start] = true;
            let mut next = order.len();
            order.push(start);
            while next < order.len() {
                let node = order[next];
                next += 1;
                for &(other, stiffness) in &near[node] {
                    if !met[other] {
                        met[other] = true;
                        parent[other] = Some((node, stiffness));
                        order.push(other);
                    }
                }
            }
        }
        let hanging = parent.iter().flatten().count();
        if hanging != relation.springs.len() {
            return None;
        }
        order.reverse();
        let (mut slot, mut slots) = (vec![None; n], 0);
        for &(above, _) in parent.iter().flatten() {
            slot[above].get_or_insert_with(|| {
                slots += 1;
                slots - 1
            });
        }
        Some(Self {
            order,
            parent,
            slot,
            slots,
        })
    }

    /// Solves for `x` and `g`, `N x m`.
    ///
    /// # Errors
    /// If the matrix is not positive definite.
    #[inline]
    pub fn solve(&self, system: &System<'_, '_>, g: &[f64], x: &mut [f64]) -> Result<()> {
        let m = system.size();
        let mut kept = vec![0.0; self.slots * m * m];
        let mut rhs = g.to_vec();
        let mut node = Node::new(m);
        for &n in &self.order {
            self.load(system, n, &mut kept, &mut node);
            let c = &mut rhs[n * m..][..m];
            let Some((above, q)) = self.parent[n] else {
                node.factor(None)?;
                node.solve(c);
                x[n * m..][..m].copy_from_slice(c);
                continue;
            };
            node.factor(Some(q))?;
            let mut rest = core::mem::take(&mut node.rest);
            rest.copy_from_slice(c);
            node.solve(&mut rest);
            axpy(node.level, 1.0, &rest, &mut rhs[above * m..][..m]);
            node.rest = rest;
            let slot = self.slot[above].expect("a parent keeps a matrix");
            node.add_schur(&mut kept[slot * m * m..][..m * m]);
            self.store(n, &node, &mut kept);
        }
        for &n in self.order.iter().rev() {
            let Some((above, q)) = self.parent[n] else {
                continue;
            };
            match self.slot[n] {
                Some(slot) => node.b.copy_from_slice(&kept[slot * m * m..][..m * m]),
                None => self.load(system, n, &mut kept, &mut node),
            }
            node.factor(Some(q))?;
            let c = &mut rhs[n * m..][..m];
            scale(node.level, 1.0 / q, c);
            axpy(node.level, 1.0, &x[above * m..][..m], c);
            node.solve(c);
            x[n * m..][..m].copy_from_slice(c);
        }
        Ok(())
    }

    /// B of node `n`: its own, and what its children left.
    fn load(&self, system: &System<'_, '_>, n: usize, kept: &mut [f64], node: &mut Node) {
        match self.slot[n] {
            Some(slot) => node
                .b
                .copy_from_slice(&kept[slot * node.m * node.m..][..node.m * node.m]),
            None => node.b.fill(0.0),
        }
        system.add_node(n, &mut node.b);
    }

    fn store(&self, n: usize, node: &Node, kept: &mut [f64]) {
        if let Some(slot) = self.slot[n] {
            kept[slot * node.m * node.m..][..node.m * node.m].copy_from_slice(&node.b);
        }
    }
}

/// The matrix of one node and its factor.
struct Node {
    m: usize,
    level: Level,
    b: Vec<f64>,
    /// The factor of M, or of B at a root.
    l: Vec<f64>,
    /// `L^-T`, then `M^-1` and `M^-1 B`.
    root: Vec<f64>,
    inverse: Vec<f64>,
    schur: Vec<f64>,
    rest: Vec<f64>,
    scratch: Vec<f64>,
}

impl Node {
    fn new(m: usize) -> Self {
        let level = default_level();
        let square = || vec![0.0; m * m];
        Self {
            m,
            level,
            b: square(),
            l: square(),
            root: square(),
            inverse: square(),
            schur: square(),
            rest: vec![0.0; m],
            scratch: vec![0.0; gemm_scratch::<f64>(level, m, m, m)],
        }
    }

    /// Factors `I + B / q`, or B.
    fn factor(&mut self, q: Option<f64>) -> Result<()> {
        self.l.copy_from_slice(&self.b);
        if let Some(q) = q {
            scale(self.level, 1.0 / q, &mut self.l);
            (0..self.m).for_each(|i| self.l[i * self.m + i] += 1.0);
        }
        let l = MatMut::planned(&mut self.l, self.m, self.m);
        cholesky(l, &mut Work::new(self.level, &mut self.scratch))
    }

    fn solve(&self, c: &mut [f64]) {
        cholesky_solve(MatRef::planned(&self.l, self.m, self.m), c, self.level);
    }

    /// `into += M^-1 B`, made symmetric.
    fn add_schur(&mut self, into: &mut [f64]) {
        let m = self.m;
        self.root.fill(0.0);
        (0..m).for_each(|i| self.root[i * m + i] = 1.0);
        let mut w = Work::new(self.level, &mut self.scratch);
        let root = MatMut::planned(&mut self.root, m, m);
        solve_lower_rows(root, MatRef::planned(&self.l, m, m), &mut w);
        let root = MatRef::planned(&self.root, m, m);
        let inverse = MatMut::planned(&mut self.inverse, m, m);
        w.gemm(Product::new(root, root.t()), inverse);
        let (inverse, b) = (
            MatRef::planned(&self.inverse, m, m),
            MatRef::planned(&self.b, m, m),
        );
        w.gemm(
            Product::new(inverse, b),
            MatMut::planned(&mut self.schur, m, m),
        );
        for i in 0..m {
            for j in 0..m {
                into[i * m + j] += 0.5 * (self.schur[i * m + j] + self.schur[j * m + i]);
            }
        }
    }
}
