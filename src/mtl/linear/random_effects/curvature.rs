//! Sums over tasks of products of the elements of two of their matrices: what second derivatives by the covariance are made of.
//!
//! For a full covariance they are `sum vec(B_t) vec(A_t)'`, `sum vec(A_t) vec(A_t)'` and `sum u_t vec(A_t)'`, packed (`A`, `B` are
//! symmetric): one product of matrices with a column a task, made a batch of tasks at a time. Where the covariance is diagonal in a basis
//! `Z: q x r`, no more is needed than
//! ```text
//! (z_k' B z_m)(z_k' A z_m): r x r        A z_k (z_k' u): r x q        A z_k (A z_k)': r x q x q (REML)
//! ```

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, axpy, gemm, gemm_scratch};

use super::lanes::{LANES, Lanes, ZERO, add_scaled, total};
use super::local::Local;
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
    /// Adds the tasks of a tile.
    #[inline]
    pub(super) fn add(&mut self, local: &Local) {
        match self {
            Self::Full(pairs) => pairs.add(local),
            Self::Diagonal(basis) => basis.add(local),
        }
    }

    /// Adds the sums of other tasks.
    pub(super) fn merge(&mut self, mut other: Self) {
        let level = default_level();
        match (self, &mut other) {
            (Self::Full(to), Self::Full(from)) => {
                from.flush();
                axpy(level, 1.0, &from.sums, &mut to.sums);
            }
            (Self::Diagonal(to), Self::Diagonal(from)) => {
                add_scaled(&mut to.sums, 1.0, &from.sums);
                axpy(level, 1.0, &from.by_phi, &mut to.by_phi);
                axpy(level, 1.0, &from.by_inverse, &mut to.by_inverse);
            }
            _ => unreachable!("two forms of one sum"),
        }
    }
}

/// Products of pairs of elements, and the tasks that wait for theirs.
#[derive(Clone, Debug)]
pub(super) struct Pairs {
    q: usize,
    /// Of `[B; A; u]` by `A`, packed: `(2 p + q) x p`, `p = q (q + 1) / 2`.
    sums: Vec<f64>,
    /// `[B; A; u]` by tasks.
    waiting: Vec<f64>,
    count: usize,
}

/// Which elements stand on the left of a sum of [`Pairs`].
#[derive(Clone, Copy)]
pub(super) enum Left {
    B(usize, usize),
    A(usize, usize),
    U(usize),
}

impl Pairs {
    pub(super) fn new(q: usize) -> Self {
        let pairs = q * (q + 1) / 2;
        let left = 2 * pairs + q;
        Self {
            q,
            sums: vec![0.0; left * pairs],
            waiting: vec![0.0; left * BATCH],
            count: 0,
        }
    }

    fn pairs(&self) -> usize {
        self.q * (self.q + 1) / 2
    }

    /// The sum over tasks of the element `left` times `a_rs`.
    pub(super) fn at(&self, left: Left, (r, s): (usize, usize)) -> f64 {
        let packed = |i: usize, j: usize| i.max(j) * (i.max(j) + 1) / 2 + i.min(j);
        let row = match left {
            Left::B(p, q) => packed(p, q),
            Left::A(p, q) => self.pairs() + packed(p, q),
            Left::U(p) => 2 * self.pairs() + p,
        };
        self.sums[row * self.pairs() + packed(r, s)]
    }

    /// `sum (v' B v)(v' A v)`.
    pub(super) fn along(&self, v: &[f64]) -> f64 {
        let pairs = || (0..self.q).flat_map(|i| (0..self.q).map(move |j| (i, j)));
        let weight = |(i, j): (usize, usize)| v[i] * v[j];
        let right = |(p, q)| {
            pairs()
                .map(move |rs| weight(rs) * self.at(Left::B(p, q), rs))
                .sum::<f64>()
        };
        pairs().map(|pq| weight(pq) * right(pq)).sum()
    }

    fn add(&mut self, local: &Local) {
        let symmetric = packed(&local.b, self.q).chain(packed(&local.a, self.q));
        let rows = symmetric.chain(&local.residual);
        for (to, from) in self.waiting.chunks_exact_mut(BATCH).zip(rows) {
            to[self.count..][..LANES].copy_from_slice(from);
        }
        self.count += LANES;
        if self.count == BATCH {
            self.flush();
        }
    }

    /// Adds the products of the tasks that wait.
    fn flush(&mut self) {
        let (pairs, level) = (self.pairs(), default_level());
        let left = MatRef::planned(&self.waiting, 2 * pairs + self.q, BATCH);
        let left = left.split_cols(self.count).0;
        let right = left.split_rows(pairs).1.split_rows(pairs).0;
        let mut scratch = vec![0.0; gemm_scratch::<f64>(level, left.rows(), self.count, pairs)];
        let to = MatMut::planned(&mut self.sums, left.rows(), pairs);
        gemm(
            level,
            Product::new(left, right.t()).beta(1.0),
            to,
            &mut scratch,
        );
        self.count = 0;
    }
}

/// The lower triangle of `m: q x q`, row by row.
fn packed(m: &[Lanes], q: usize) -> impl Iterator<Item = &Lanes> {
    (0..q).flat_map(move |i| &m[i * q..][..=i])
}

/// Products in a basis.
#[derive(Clone, Debug)]
pub(super) struct Basis {
    /// `q x r`.
    basis: Vec<f64>,
    rank: usize,
    restricted: bool,
    /// `sum (z_k' B z_m)(z_k' A z_m)`, `r x r`.
    sums: Vec<Lanes>,
    /// `sum A z_k (z_k' u)`, `r x q`.
    pub(super) by_phi: Vec<f64>,
    /// `sum A z_k (A z_k)'`, `r x q x q`; nothing without REML.
    pub(super) by_inverse: Vec<f64>,
    /// `Z'A` and `Z'A Z`, then of `B`.
    half: [Vec<Lanes>; 2],
    turned: [Vec<Lanes>; 2],
}

impl Basis {
    pub(super) fn new(basis: Vec<f64>, rank: usize, restricted: bool) -> Self {
        let (square, half) = (|| vec![ZERO; rank * rank], || vec![ZERO; basis.len()]);
        let q = basis.len() / rank;
        Self {
            rank,
            restricted,
            sums: square(),
            by_phi: vec![0.0; rank * q],
            by_inverse: vec![0.0; if restricted { rank * q * q } else { 0 }],
            half: [half(), half()],
            turned: [square(), square()],
            basis,
        }
    }

    /// `sum (z_k' B z_m)(z_k' A z_m)`.
    pub(super) fn at(&self, k: usize, m: usize) -> f64 {
        total(&self.sums[k * self.rank + m])
    }

    #[inline]
    fn add(&mut self, local: &Local) {
        let (r, q) = (self.rank, local.residual.len());
        let forms = self.half.iter_mut().zip(&mut self.turned);
        for ((half, turned), m) in forms.zip([&local.a, &local.b]) {
            turn(&self.basis, r, m, half, turned);
        }
        let [a, b] = &self.turned;
        for ((s, a), b) in self.sums.iter_mut().zip(a).zip(b) {
            for l in 0..LANES {
                s[l] += a[l] * b[l];
            }
        }
        for (k, az) in self.half[0].chunks_exact(q).enumerate() {
            let mut zu = ZERO;
            for (u, row) in local.residual.iter().zip(self.basis.chunks_exact(r)) {
                for l in 0..LANES {
                    zu[l] += row[k] * u[l];
                }
            }
            add_products(&mut self.by_phi[k * q..][..q], az, &zu);
            if self.restricted {
                let to = &mut self.by_inverse[k * q * q..][..q * q];
                for (to, v) in to.chunks_exact_mut(q).zip(az) {
                    add_products(to, az, v);
                }
            }
        }
    }
}

/// `half = Z'M` and `turned = Z'M Z`.
fn turn(basis: &[f64], r: usize, m: &[Lanes], half: &mut [Lanes], turned: &mut [Lanes]) {
    let q = basis.len() / r;
    half.fill(ZERO);
    turned.fill(ZERO);
    for (row, line) in basis.chunks_exact(r).zip(m.chunks_exact(q)) {
        for (&z, half) in row.iter().zip(half.chunks_exact_mut(q)) {
            if z != 0.0 {
                add_scaled(half, z, line);
            }
        }
    }
    for (half, to) in half.chunks_exact(q).zip(turned.chunks_exact_mut(r)) {
        for (h, row) in half.iter().zip(basis.chunks_exact(r)) {
            for (t, &z) in to.iter_mut().zip(row).filter(|(_, z)| **z != 0.0) {
                for l in 0..LANES {
                    t[l] += z * h[l];
                }
            }
        }
    }
}

/// `to += sum over lanes of v w`.
fn add_products(to: &mut [f64], v: &[Lanes], w: &Lanes) {
    for (to, v) in to.iter_mut().zip(v) {
        *to += (0..LANES).map(|l| v[l] * w[l]).sum::<f64>();
    }
}
