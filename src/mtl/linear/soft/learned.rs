//! Relations that are learned with the coefficients: `min over W and A of L(W) + 1/2 tr(W P(A) W') + h(A)`, A from a convex set.
//!
//! The function is convex in both together (`tr(W A^-1 W')` is), so taking turns finds the minimum and never goes up:
//! ```text
//! W, b    by Newton's method, P(A) being a given relation
//! A       in closed form from G = sum of u u' over the rows u of W (and the differences of the intercepts from their level): its best
//!         value has the eigenvectors of G
//! ```
//! **Certificate.** Where W is the best for A, convexity leaves `F(W, A) - F* <= max over A' of <grad_A F, A - A'>`. With A's eigenvectors
//! `V` and `P = c A^-1` plus a multiple of the identity, `-grad_A F = H`, in these axes `H_ij = c/2 (V G V' + eps I)_ij / (a_i a_j)`; the
//! maximum over the set is known from the eigenvalues of H. Newton's own gap is added. The next A can only be better, and is returned.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, axpy, gemm};

use super::newton::{Limits, Solution, minimise};
use super::relation::Relation;
use super::system::System;
use super::terms::Terms;
use crate::error::Result;
use crate::linalg::eigen;
use crate::workspace::default_level;

/// A family of relations.
pub(super) trait Family {
    /// `c` of `P(A) = c A^-1 + ridge I`.
    fn factor(&self) -> f64;

    /// `ridge` of it.
    fn ridge(&self) -> f64;

    /// What is added to every eigenvalue of G.
    fn eps(&self) -> f64;

    /// The A to start from, as eigenvalues.
    fn start(&self, tasks: usize) -> Vec<f64>;

    /// Eigenvalues of the best A for those of G with `eps`.
    fn best(&self, g: &[f64]) -> Vec<f64>;

    /// The maximum of `<H, A>` over the set, for eigenvalues of H, ascending.
    fn support(&self, h: &[f64]) -> f64;
}

/// A symmetric matrix: eigenvalues and, as rows, eigenvectors.
#[derive(Clone, Debug)]
pub(super) struct Spectrum {
    pub values: Vec<f64>,
    pub vectors: Vec<f64>,
}

/// What taking turns came to.
pub(super) struct Outcome {
    pub solution: Solution,
    /// A.
    pub relation: Spectrum,
    pub objective: f64,
    pub gap: f64,
    pub rounds: usize,
    pub converged: bool,
}

impl Spectrum {
    /// Of `m: n x n`.
    fn of(mut m: Vec<f64>, n: usize) -> Self {
        let mut vectors = vec![0.0; n * n];
        eigen(
            MatMut::planned(&mut m, n, n),
            MatMut::planned(&mut vectors, n, n),
        );
        let values = (0..n).map(|i| m[i * n + i]).collect();
        Self { values, vectors }
    }

    /// The whole matrix.
    pub fn matrix(&self) -> Vec<f64> {
        let n = self.values.len();
        let mut m = vec![0.0; n * n];
        for (value, vector) in self.values.iter().zip(self.vectors.chunks_exact(n)) {
            for (row, v) in m.chunks_exact_mut(n).zip(vector) {
                axpy(default_level(), value * v, vector, row);
            }
        }
        m
    }

    /// `V m V'` for `m: n x n`.
    fn turn(&self, m: &[f64]) -> Vec<f64> {
        let n = self.values.len();
        let v = MatRef::planned(&self.vectors, n, n);
        let (mut half, mut turned) = (vec![0.0; n * n], vec![0.0; n * n]);
        let product = |a, b, into: &mut [f64]| {
            gemm(
                default_level(),
                Product::new(a, b),
                MatMut::planned(into, n, n),
                &mut [],
            );
        };
        product(v, MatRef::planned(m, n, n), &mut half);
        product(MatRef::planned(&half, n, n), v.t(), &mut turned);
        turned
    }
}

/// Takes turns until the gap is `limits.tol` times the objective, from the outcome before, if there is one.
///
/// # Errors
/// As [`minimise`].
pub(super) fn alternate(
    family: &dyn Family,
    terms: &mut Terms<'_>,
    (limits, max_rounds): (Limits, usize),
    before: Option<Outcome>,
) -> Result<Outcome> {
    let tasks = terms.tasks.len();
    let (mut a, mut solution) = match before {
        Some(before) => (before.relation, Some(before.solution)),
        None => {
            let values = family.start(tasks);
            let unit = |i: usize| f64::from(u8::from(i / tasks == i % tasks));
            let vectors = (0..tasks * tasks).map(unit).collect();
            (Spectrum { values, vectors }, None)
        }
    };
    let inner = Limits {
        tol: 0.1 * limits.tol,
        ..limits
    };
    let mut rounds = 0;
    loop {
        rounds += 1;
        let ridge = |a: &f64| family.factor() / a + family.ridge();
        let ridges: Vec<f64> = a.values.iter().map(ridge).collect();
        let relation = Relation::along(&a.vectors, &ridges);
        let mut system = System::new(&relation, terms);
        let found = minimise(&mut system, inner, solution.as_ref())?;
        let gram = gram(&found, tasks);
        let turned = a.turn(&gram);
        let bare = found.value
            - 0.5
                * (0..tasks)
                    .map(|i| ridges[i] * turned[i * tasks + i])
                    .sum::<f64>();
        let gap = found.gap + distance(family, &a, turned);
        let next = best(family, gram, tasks);
        let objective = bare + next.1;
        let converged = gap <= limits.tol * objective;
        a = next.0;
        if converged || rounds == max_rounds {
            return Ok(Outcome {
                solution: found,
                relation: a,
                objective,
                gap,
                rounds,
                converged,
            });
        }
        solution = Some(found);
    }
}

/// The best A for `gram`, and what the penalty then is.
fn best(family: &dyn Family, gram: Vec<f64>, tasks: usize) -> (Spectrum, f64) {
    let trace: f64 = (0..tasks).map(|i| gram[i * tasks + i]).sum();
    let g = Spectrum::of(gram, tasks);
    // Eigenvalues of a Gram matrix: below 0 by rounding alone.
    let raised: Vec<f64> = g.values.iter().map(|v| v.max(0.0) + family.eps()).collect();
    let values = family.best(&raised);
    let related: f64 = raised.iter().zip(&values).map(|(g, a)| g / a).sum();
    let penalty = 0.5 * (family.factor() * related + family.ridge() * trace);
    let vectors = g.vectors;
    (Spectrum { values, vectors }, penalty)
}

/// `max over A' of <grad_A F, A - A'>`, with G turned into the axes of A.
fn distance(family: &dyn Family, a: &Spectrum, mut turned: Vec<f64>) -> f64 {
    let n = a.values.len();
    let mut own = 0.0;
    for i in 0..n {
        turned[i * n + i] += family.eps();
        for j in 0..n {
            turned[i * n + j] *= 0.5 * family.factor() / (a.values[i] * a.values[j]);
        }
        own += turned[i * n + i] * a.values[i];
    }
    (family.support(&Spectrum::of(turned, n).values) - own).max(0.0)
}

/// `G_st`: the products of the tasks' numbers, intercepts about their level.
fn gram(solution: &Solution, tasks: usize) -> Vec<f64> {
    let m = solution.tasks.len() / tasks;
    let level = &solution.nodes[solution.nodes.len() - m..];
    let mut own = solution.tasks.clone();
    own.chunks_exact_mut(m)
        .for_each(|theta| axpy(default_level(), -1.0, level, theta));
    let own = MatRef::planned(&own, tasks, m);
    let mut gram = vec![0.0; tasks * tasks];
    let into = MatMut::planned(&mut gram, tasks, tasks);
    gemm(default_level(), Product::new(own, own.t()), into, &mut []);
    gram
}
