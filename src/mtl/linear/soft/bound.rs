//! A lower bound on the smallest eigenvalue of `H + P`: what a residual leaves of a system is then at most `||r||^2` over it.
//!
//! **Coefficients.** With `S = diag(ridges) + Laplacian of the springs`, P is S for each of them. S has no positive entries beside its
//! diagonal, so that its inverse, if there is one, has no negative ones, and for any `y > 0` with `S y >= c > 0`
//! ```text
//! S^-1 1 <= y / c        lambda_min(S) >= 1 / ||S^-1||_inf >= c / max y        (M-matrices: Berman and Plemmons 1979)
//! ```
//! `y` that solves `S y = 1`, nearly, gives a sharp one; that it is not exact takes nothing from the proof.
//!
//! **Intercepts** may have no ridge: the rows hold their level, and rows mix them with coefficients. With `(a + b)'Q(a + b) >= 1/2 b'Q b -
//! a'Q a` for each row's curvature Q, for any share `f <= 1` of them, w being all coefficients and b all intercepts,
//! ```text
//! v'(H + P) v >= (mu - f M) ||w||^2 + b'(f/2 B + S_b) b          f = min(1, mu / 2M)
//! ```
//! mu bounds S, M is the largest trace of a node's H, B a node's curvature by its intercepts: again an M-matrix, with the smallest
//! eigenvalue of each node's `f/2 B` on its diagonal. In the eigenvectors of a dense relation the level takes the place of b.

use alloc::{vec, vec::Vec};

use cognate_kernels::MatMut;

use super::relation::{Mix, Spring};
use super::system::System;
use crate::linalg::{Cg, cg_scratch, eigen};
use crate::workspace::default_level;

/// How well `S y = 1` is solved, and in how many products.
const TOL: f64 = 1e-6;
const PRODUCTS: usize = 500;

/// The bound, at the point last expanded about; 0 where nothing is proved.
pub(super) fn least_eigenvalue(system: &System<'_, '_>) -> f64 {
    let springs = &system.relation.springs;
    let intercept = system.terms.intercept;
    let places: Vec<usize> = match &system.relation.mix {
        Mix::Node(places) => places.clone(),
        Mix::Factors(_) => vec![system.nodes() - 1; system.relation.tasks()],
    };
    let dense = matches!(system.relation.mix, Mix::Factors(_));
    let ridges = |i: usize| (0..system.nodes()).map(move |n| system.ridge(n, i));
    // A dense relation's last node has no coefficients: its ridge there is 1 and moves nothing.
    let coefficients = least(&ridges(0).collect::<Vec<f64>>(), springs);
    if !intercept || coefficients == 0.0 {
        return coefficients;
    }
    let rows = Rows::of(system, &places);
    let share = match rows.trace > 0.0 {
        true => (coefficients / (2.0 * rows.trace)).min(1.0),
        false => 1.0,
    };
    let last = system.terms.width - 1;
    let levels = ridges(last).enumerate().map(|(n, ridge)| {
        let held = match dense && n + 1 < system.nodes() {
            // Beside the level all numbers of a dense relation count as coefficients do.
            true => 0.0,
            false => rows.level(n, 0.5 * share),
        };
        ridge + held
    });
    let levels = least(&levels.collect::<Vec<f64>>(), springs);
    levels.min(0.5 * coefficients)
}

/// What the rows of the tasks on each node say.
struct Rows {
    links: usize,
    /// The largest trace of H.
    trace: f64,
    /// Curvature by the intercepts, `k x k` a node; empty without rows.
    levels: Vec<Vec<f64>>,
}

impl Rows {
    fn of(system: &System<'_, '_>, places: &[usize]) -> Self {
        let (m, k, width) = (system.size(), system.terms.links, system.terms.width);
        let mut rows = Self {
            links: k,
            trace: 0.0,
            levels: vec![Vec::new(); system.nodes()],
        };
        let (mut traces, mut h) = (vec![0.0; system.nodes()], vec![0.0; m * m]);
        for (t, &n) in places.iter().enumerate() {
            h.fill(0.0);
            system.terms.add_hessian(t, 1.0, &mut h);
            let trace: f64 = h.iter().step_by(m + 1).sum();
            match system.relation.mix {
                Mix::Node(_) => traces[n] += trace,
                Mix::Factors(_) => traces[n] = trace.max(traces[n]),
            }
            let level = &mut rows.levels[n];
            level.resize(k * k, 0.0);
            for (at, sum) in level.iter_mut().enumerate() {
                let place = |link: usize| (link + 1) * width - 1;
                *sum += h[place(at / k) * m + place(at % k)];
            }
        }
        rows.trace = traces.into_iter().fold(0.0, f64::max);
        rows
    }

    /// The smallest eigenvalue of `share` times the curvature of node `n` by its intercepts. What is added to all links, which softmax
    /// does not see, has 1: nothing moves there.
    fn level(&self, n: usize, share: f64) -> f64 {
        let (k, level) = (self.links, &self.levels[n]);
        if level.is_empty() {
            return 0.0;
        }
        let unseen = if k > 1 { 1.0 / k as f64 } else { 0.0 };
        let mut all: Vec<f64> = level.iter().map(|v| share * v + unseen).collect();
        let mut vectors = vec![0.0; k * k];
        eigen(
            MatMut::planned(&mut all, k, k),
            MatMut::planned(&mut vectors, k, k),
        );
        all[0].max(0.0)
    }
}

/// A lower bound on the smallest eigenvalue of `diag(ridges) + Laplacian`; 0 if none is found.
fn least(ridges: &[f64], springs: &[Spring]) -> f64 {
    let n = ridges.len();
    let apply = |v: &[f64], out: &mut [f64]| {
        for (out, (ridge, v)) in out.iter_mut().zip(ridges.iter().zip(v)) {
            *out = ridge * v;
        }
        for Spring { ends, stiffness } in springs {
            let pull = stiffness * (v[ends.0] - v[ends.1]);
            out[ends.0] += pull;
            out[ends.1] -= pull;
        }
    };
    let mut diagonal = ridges.to_vec();
    for spring in springs {
        diagonal[spring.ends.0] += spring.stiffness;
        diagonal[spring.ends.1] += spring.stiffness;
    }
    if diagonal.iter().any(|&v| v <= 0.0) {
        return 0.0;
    }
    let inverse: Vec<f64> = diagonal.iter().map(|v| 1.0 / v).collect();
    let cg = Cg {
        max_iter: PRODUCTS,
        tol: TOL,
        inverse_diagonal: Some(&inverse),
    };
    let (mut y, mut sums) = (vec![0.0; n], vec![0.0; n]);
    let mut scratch = vec![0.0; cg_scratch(n)];
    cg.solve(default_level(), apply, &vec![1.0; n], &mut y, &mut scratch);
    apply(&y, &mut sums);
    let smallest = |v: &[f64]| v.iter().fold(f64::INFINITY, |least, &v| least.min(v));
    let largest = y.iter().fold(0.0, |most: f64, &v| most.max(v));
    match smallest(&y) > 0.0 && smallest(&sums) > 0.0 {
        true => smallest(&sums) / largest,
        false => 0.0,
    }
}
