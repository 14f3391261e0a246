//! Sums over tasks of products of two matrices' elements: what second derivatives by the covariance are made of.
//!
//! For a full covariance the sums are `X = sum vec(B_t) vec(A_t)'`, both packed (each is symmetric): a product of matrices with a column
//! a task, made a batch of tasks at a time. Where the covariance is diagonal in a basis `Z: q x r`, they are the `r x r` sums of
//! `(z_k' B_t z_m)(z_k' A_t z_m)` alone.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, axpy, gemm, gemm_scratch};

use super::lanes::{LANES, Lanes, ZERO, add_scaled, total};
use crate::workspace::default_level;

/// Tasks whose products are made at once.
const BATCH: usize = 32 * LANES;

/// The sums, in one of their forms.
#[derive(Clone, Debug)]
pub(super) enum Curvature {
    Full(Pairs),
    Diagonal(Basis),
}

impl Curvature {
    /// Adds the tasks of a tile; `a`, `b`: `q x q`.
    pub(super) fn add(&mut self, a: &[Lanes], b: &[Lanes]) {
        match self {
            Self::Full(pairs) => pairs.add(a, b),
            Self::Diagonal(basis) => basis.add(a, b),
        }
    }

    /// Adds the tasks that still wait for their batch to be full.
    pub(super) fn flush(&mut self) {
        if let Self::Full(pairs) = self {
            pairs.flush();
        }
    }

    /// Adds the sums of other tasks; nothing may wait on either side.
    pub(super) fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Full(to), Self::Full(from)) => {
                axpy(default_level(), 1.0, &from.sums, &mut to.sums)
            }
            (Self::Diagonal(to), Self::Diagonal(from)) => add_scaled(&mut to.sums, 1.0, &from.sums),
            _ => unreachable!("two forms of one sum"),
        }
    }
}

/// `X`, and the tasks that wait.
#[derive(Clone, Debug)]
pub(super) struct Pairs {
    q: usize,
    /// `q (q + 1) / 2` square.
    sums: Vec<f64>,
    /// Packed elements by tasks, of `A` and of `B`.
    waiting: [Vec<f64>; 2],
    count: usize,
}

impl Pairs {
    pub(super) fn new(q: usize) -> Self {
        let pairs = q * (q + 1) / 2;
        Self {
            q,
            sums: vec![0.0; pairs * pairs],
            waiting: [vec![0.0; pairs * BATCH], vec![0.0; pairs * BATCH]],
            count: 0,
        }
    }

    /// `sum b_pq a_rs`.
    pub(super) fn at(&self, (p, q): (usize, usize), (r, s): (usize, usize)) -> f64 {
        let packed = |i: usize, j: usize| i.max(j) * (i.max(j) + 1) / 2 + i.min(j);
        self.sums[packed(p, q) * self.q * (self.q + 1) / 2 + packed(r, s)]
    }

    fn add(&mut self, a: &[Lanes], b: &[Lanes]) {
        for (to, from) in self.waiting.iter_mut().zip([a, b]) {
            let rows = (0..self.q).flat_map(|i| &from[i * self.q..][..=i]);
            for (to, from) in to.chunks_exact_mut(BATCH).zip(rows) {
                to[self.count..][..LANES].copy_from_slice(from);
            }
        }
        self.count += LANES;
        if self.count == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let pairs = self.q * (self.q + 1) / 2;
        let [a, b] = self.waiting.each_ref().map(|all| {
            let all = MatRef::planned(all, pairs, BATCH);
            all.split_cols(self.count).0
        });
        let level = default_level();
        let mut scratch = vec![0.0; gemm_scratch::<f64>(level, pairs, self.count, pairs)];
        let to = MatMut::planned(&mut self.sums, pairs, pairs);
        gemm(level, Product::new(b, a.t()).beta(1.0), to, &mut scratch);
        self.count = 0;
    }
}

/// Elementwise products in a basis.
#[derive(Clone, Debug)]
pub(super) struct Basis {
    /// `q x r`.
    basis: Vec<f64>,
    rank: usize,
    /// `r x r`.
    sums: Vec<Lanes>,
    /// `Z'A Z` and `Z'B Z`, and the way to them.
    turned: [Vec<Lanes>; 2],
    half: Vec<Lanes>,
}

impl Basis {
    pub(super) fn new(basis: Vec<f64>, rank: usize) -> Self {
        let square = || vec![ZERO; rank * rank];
        Self {
            rank,
            sums: square(),
            turned: [square(), square()],
            half: vec![ZERO; basis.len()],
            basis,
        }
    }

    /// `sum (z_k' B z_m)(z_k' A z_m)`.
    pub(super) fn at(&self, k: usize, m: usize) -> f64 {
        total(&self.sums[k * self.rank + m])
    }

    fn add(&mut self, a: &[Lanes], b: &[Lanes]) {
        let (r, q) = (self.rank, self.basis.len() / self.rank);
        for (to, from) in self.turned.iter_mut().zip([a, b]) {
            self.half.fill(ZERO);
            to.fill(ZERO);
            for (row, line) in self.basis.chunks_exact(r).zip(from.chunks_exact(q)) {
                for (&z, half) in row.iter().zip(self.half.chunks_exact_mut(q)) {
                    if z != 0.0 {
                        add_scaled(half, z, line);
                    }
                }
            }
            for (half, to) in self.half.chunks_exact(q).zip(to.chunks_exact_mut(r)) {
                for (h, row) in half.iter().zip(self.basis.chunks_exact(r)) {
                    for (t, &z) in to.iter_mut().zip(row).filter(|(_, z)| **z != 0.0) {
                        for l in 0..LANES {
                            t[l] += z * h[l];
                        }
                    }
                }
            }
        }
        let [a, b] = &self.turned;
        for ((s, a), b) in self.sums.iter_mut().zip(a).zip(b) {
            for l in 0..LANES {
                s[l] += a[l] * b[l];
            }
        }
    }
}
