//! `(H + P) x = g` where nodes hang together in circles: Cholesky of the whole matrix while it is small, conjugate gradients beyond.
//!
//! Conjugate gradients run on `L^-1 (H + P) L^-T y = L^-1 g`, `x = L^-T y`, with L the Cholesky factors of the nodes' own blocks. In the
//! eigenvectors of a dense relation these blocks are all there is where tasks have the same rows and weights: one step is then exact.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, gemm};

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

/// By Cholesky of the whole.
///
/// # Errors
/// If the matrix is not positive definite.
pub(super) fn solve_dense(system: &System<'_, '_>, g: &[f64], x: &mut [f64]) -> Result<()> {
    let (m, level) = (system.size(), default_level());
    let n = system.nodes() * m;
    let mut a = vec![0.0; n * n];
    let mut block = vec![0.0; m * m];
    let put = |a: &mut [f64], (i, j): (usize, usize), block: &[f64]| {
        for (r, row) in block.chunks_exact(m).enumerate() {
            a[(i * m + r) * n + j * m..][..m].copy_from_slice(row);
        }
    };
    for i in 0..system.nodes() {
        block.fill(0.0);
        system.add_node(i, &mut block);
        put(&mut a, (i, i), &block);
        if let Mix::Factors(_) = system.relation.mix {
            for j in 0..i {
                block.fill(0.0);
                system.add_pair((i, j), &mut block);
                put(&mut a, (i, j), &block);
            }
        }
    }
    for spring in &system.relation.springs {
        let (s, t) = (
            spring.ends.0.max(spring.ends.1),
            spring.ends.0.min(spring.ends.1),
        );
        for i in 0..m {
            a[(s * m + i) * n + s * m + i] += spring.stiffness;
            a[(t * m + i) * n + t * m + i] += spring.stiffness;
            a[(s * m + i) * n + t * m + i] -= spring.stiffness;
        }
    }
    cholesky(
        MatMut::planned(&mut a, n, n),
        &mut Work::new(level, &mut []),
    )?;
    x.copy_from_slice(g);
    cholesky_solve(MatRef::planned(&a, n, n), x, level);
    Ok(())
}

/// By conjugate gradients.
///
/// # Errors
/// If the block of a node is not positive definite.
pub(super) fn solve_iterative(system: &System<'_, '_>, g: &[f64], x: &mut [f64]) -> Result<()> {
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
    Ok(())
}

/// `out = (H + P) v`.
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
    fn new(system: &System<'_, '_>) -> Result<Self> {
        let m = system.size();
        let mut factors = vec![0.0; system.nodes() * m * m];
        for (n, block) in factors.chunks_exact_mut(m * m).enumerate() {
            system.add_node(n, block);
        }
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
