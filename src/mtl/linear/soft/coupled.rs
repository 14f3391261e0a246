//! `(H + P) x = g` where nodes hang together in circles: Cholesky of the whole matrix while it is small, conjugate gradients beyond.
//!
//! Conjugate gradients run on `L^-1 (H + P) L^-T y = L^-1 g`, `x = L^-T y`, with L the Cholesky factors of the nodes' own blocks. In the
//! eigenvectors of a dense relation these blocks are all there is where tasks have the same rows and weights: one step is then exact.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, dot, gemm, gemm_scratch};

use super::bound::least_eigenvalue;
use super::relation::Mix;
use super::system::System;
use crate::error::Result;
use crate::linalg::{
    Cg, cg_scratch, cholesky, cholesky_solve, solve_lower, solve_lower_transposed,
};
use crate::workspace::{Work, default_level};

/// Unknowns up to which the whole matrix is factored.
pub(super) const DENSE: usize = 500;

/// How well conjugate gradients solve a system: what is left is the next iteration's.
const TOL: f64 = 1e-9;

/// Most products in one system.
const PRODUCTS: usize = 2000;

/// The Cholesky factor of the whole matrix.
pub(super) struct Dense(Vec<f64>);

impl Dense {
    /// Factors the system at the point last expanded about.
    ///
    /// # Errors
    /// If the matrix is not positive definite.
    #[inline]
    pub fn new(system: &System<'_, '_>) -> Result<Self> {
        let (m, nodes) = (system.size(), system.nodes());
        let n = nodes * m;
        let mut a = vec![0.0; n * n];
        let pairs: Vec<(usize, usize)> = match system.relation.mix {
            Mix::Node(_) => (0..nodes).map(|i| (i, i)).collect(),
            Mix::Factors(_) => (0..nodes)
                .flat_map(|i| (0..=i).map(move |j| (i, j)))
                .collect(),
        };
        let blocks = system.blocks(&pairs);
        for (block, (i, j)) in blocks.chunks_exact(m * m).zip(pairs) {
            for (r, row) in block.chunks_exact(m).enumerate() {
                a[(i * m + r) * n + j * m..][..m].copy_from_slice(row);
            }
        }
        for spring in &system.relation.springs {
            let (s, t) = spring.ends;
            for i in 0..m {
                let (s, t) = (s.max(t) * m + i, s.min(t) * m + i);
                a[s * n + s] += spring.stiffness;
                a[t * n + t] += spring.stiffness;
                a[s * n + t] -= spring.stiffness;
            }
        }
        let level = default_level();
        let mut scratch = vec![0.0; gemm_scratch::<f64>(level, n, n, n)];
        cholesky(
            MatMut::planned(&mut a, n, n),
            &mut Work::new(level, &mut scratch),
        )?;
        Ok(Self(a))
    }

    pub fn solve(&self, g: &[f64], x: &mut [f64]) {
        x.copy_from_slice(g);
        cholesky_solve(
            MatRef::planned(&self.0, g.len(), g.len()),
            x,
            default_level(),
        );
    }
}

/// By conjugate gradients; a bound on what `g'(H + P)^-1 g` exceeds `g'x` by: with `r = g - (H + P) x` that is `x'r + r'(H + P)^-1 r`.
///
/// # Errors
/// If the block of a node is not positive definite.
#[inline]
pub(super) fn solve_iterative(system: &System<'_, '_>, g: &[f64], x: &mut [f64]) -> Result<f64> {
    let level = default_level();
    let blocks = Blocks::new(system)?;
    let mut rhs = g.to_vec();
    blocks.each(&mut rhs, |l, block| solve_lower(l, block, level));
    let cg = Cg {
        max_iter: PRODUCTS,
        tol: TOL,
        inverse_diagonal: None,
    };
    let mut scratch = vec![0.0; cg_scratch(g.len())];
    let mut point = vec![0.0; g.len()];
    let apply = |y: &[f64], out: &mut [f64]| {
        point.copy_from_slice(y);
        blocks.each(&mut point, |l, block| {
            solve_lower_transposed(l, block, level)
        });
        product(system, &point, out);
        blocks.each(out, |l, block| solve_lower(l, block, level));
    };
    cg.solve(level, apply, &rhs, x, &mut scratch);
    blocks.each(x, |l, block| solve_lower_transposed(l, block, level));
    let mut left = vec![0.0; g.len()];
    product(system, x, &mut left);
    left.iter_mut()
        .zip(g)
        .for_each(|(left, g)| *left = g - *left);
    let known = dot(level, x, &left);
    let rest = match least_eigenvalue(system) {
        least if least > 0.0 => dot(level, &left, &left) / least,
        _ => f64::INFINITY,
    };
    Ok(known.max(0.0) + rest)
}

/// `out = (H + P) v`.
#[inline]
fn product(system: &System<'_, '_>, v: &[f64], out: &mut [f64]) {
    let (m, level) = (system.size(), default_level());
    out.fill(0.0);
    system.add_penalty(v, out);
    let (mut own, mut pushed, mut hessian) = (vec![0.0; m], vec![0.0; m], vec![0.0; m * m]);
    for t in 0..system.relation.tasks() {
        system.task(t, v, &mut own);
        hessian.fill(0.0);
        system.terms.add_hessian(t, 1.0, &mut hessian);
        let product = Product::new(MatRef::planned(&hessian, m, m), MatRef::planned(&own, m, 1));
        gemm(level, product, MatMut::planned(&mut pushed, m, 1), &mut []);
        system.add_task(t, &pushed, out);
    }
}

/// Cholesky factors of the nodes' blocks.
struct Blocks {
    m: usize,
    factors: Vec<f64>,
}

impl Blocks {
    #[inline]
    fn new(system: &System<'_, '_>) -> Result<Self> {
        let m = system.size();
        let pairs: Vec<(usize, usize)> = (0..system.nodes()).map(|n| (n, n)).collect();
        let mut factors = system.blocks(&pairs);
        for spring in &system.relation.springs {
            for n in [spring.ends.0, spring.ends.1] {
                for i in 0..m {
                    factors[n * m * m + i * m + i] += spring.stiffness;
                }
            }
        }
        for block in factors.chunks_exact_mut(m * m) {
            let w = &mut Work::new(default_level(), &mut []);
            cholesky(MatMut::planned(block, m, m), w)?;
        }
        Ok(Self { m, factors })
    }

    /// `work(L, block)` for every node's block of `v`.
    fn each(&self, v: &mut [f64], work: impl Fn(MatRef<'_, f64>, &mut [f64])) {
        let (m, factors) = (self.m, self.factors.chunks_exact(self.m * self.m));
        for (block, l) in v.chunks_exact_mut(m).zip(factors) {
            work(MatRef::planned(l, m, m), block);
        }
    }
}
