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
//! None of this asks where A came from, so turns start from a mixture of the last ones; if the objective is not lower then, from the
//! last one alone.

use alloc::{boxed::Box, vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, Real, axpy, dot, gemm};

use super::newton::{Solution, minimise};
use super::relation::Relation;
use super::system::System;
use super::terms::Terms;
use crate::error::Result;
use crate::linalg::{eigen, invert};
use crate::mtl::linear::{FitSettings, Learned};
use crate::workspace::default_level;

/// A method that learns the relation.
pub(in crate::mtl::linear) trait Learns {
    /// Whether its settings make sense.
    fn check(&self) -> Result<()>;

    /// Most turns.
    fn max_rounds(&self) -> usize;

    /// The relations to choose from at this strength.
    fn family(&self, lambda: f64) -> Box<dyn Family>;

    /// What was learned.
    fn table(&self, outcome: &Outcome) -> Learned;
}

/// A family of relations.
pub(in crate::mtl::linear) trait Family {
    /// `c` of `P(A) = c A^-1 + r I`.
    fn factor(&self) -> f64;

    /// `r` of it.
    fn own_ridge(&self) -> f64;

    /// What is added to every eigenvalue of G.
    fn raise(&self) -> f64;

    /// The A to start from, as eigenvalues.
    fn start(&self, tasks: usize) -> Vec<f64>;

    /// Eigenvalues of the best A for those of G with `eps`.
    fn best(&self, g: &[f64]) -> Vec<f64>;

    /// The eigenvalues of a member near to positive ones of something else.
    fn feasible(&self, values: &[f64]) -> Vec<f64>;

    /// The maximum of `<H, A>` over the set, for eigenvalues of H, ascending.
    fn support(&self, h: &[f64]) -> f64;
}

/// A symmetric matrix: eigenvalues and, as rows, eigenvectors.
#[derive(Clone, Debug)]
pub(in crate::mtl::linear) struct Spectrum {
    pub values: Vec<f64>,
    pub vectors: Vec<f64>,
}

/// What taking turns came to.
pub(in crate::mtl::linear) struct Outcome {
    pub solution: Solution,
    /// A.
    pub relation: Spectrum,
    pub objective: f64,
    pub gap: f64,
    pub rounds: usize,
    pub converged: bool,
}

impl Spectrum {
    /// Of a diagonal matrix.
    fn diagonal(values: Vec<f64>) -> Self {
        let n = values.len();
        let unit = |i: usize| f64::from(u8::from(i / n == i % n));
        Self {
            vectors: (0..n * n).map(unit).collect(),
            values,
        }
    }

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

    /// The function `f` of the matrix.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            values: self.values.iter().map(|&v| f(v)).collect(),
            vectors: self.vectors.clone(),
        }
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

/// Turns that the next A is mixed from.
const MEMORY: usize = 6;

/// Takes turns until the gap is `limits.tol` times the objective, from the outcome before, if there is one.
///
/// # Errors
/// As [`minimise`].
#[inline]
pub(super) fn alternate(
    family: &dyn Family,
    terms: &mut Terms<'_>,
    (limits, max_rounds): (FitSettings, usize),
    before: Option<Outcome>,
) -> Result<Outcome> {
    let inner = FitSettings {
        tol: 0.1 * limits.tol,
        ..limits
    };
    let (mut a, mut from) = match before {
        Some(before) => (before.relation, Some(before.solution)),
        None => (Spectrum::diagonal(family.start(terms.tasks.len())), None),
    };
    let (mut trail, mut last) = (Trail::default(), None::<Outcome>);
    let mut rounds = 0;
    loop {
        rounds += 1;
        let mut found = turn(family, terms, inner, (&a, from.as_ref()))?;
        found.rounds = rounds;
        found.converged = found.gap <= limits.tol * found.objective;
        if let Some(last) = &mut last
            && trail.carried
            && found.objective > last.objective
            && !found.converged
        {
            // Carried too far: back, and on without.
            trail = Trail::default();
            last.rounds = rounds;
            a = last.relation.clone();
        } else {
            a = trail.next(family, &a, &found.relation);
            last = Some(found);
        }
        if let Some(done) = last.take_if(|found| found.converged || rounds == max_rounds) {
            return Ok(done);
        }
        from = last.as_ref().map(|found| found.solution.clone());
    }
}

/// The last turns, each from the logarithm of an A to that of the next: what the next turn starts from is mixed of them.
///
/// Turns converge geometrically, and slowly where W is nearly of low rank. Anderson's mixing (1965; Walker and Ni 2011) takes the
/// combination of turns whose changes cancel best, `min ||sum c_i r_i||, sum c_i = 1`, and goes where it would go. In logarithms small
/// eigenvalues count as much as large ones, and every mixture is positive definite.
#[derive(Default)]
struct Trail {
    /// Where turns led to, and by how much that is not where they started, latest last.
    to: Vec<Vec<f64>>,
    change: Vec<Vec<f64>>,
    /// Whether what was given last is a mixture.
    carried: bool,
}

impl Trail {
    /// The A to start the next turn from, after a turn from `a` to `found`.
    #[inline]
    fn next(&mut self, family: &dyn Family, a: &Spectrum, found: &Spectrum) -> Spectrum {
        let (from, to) = (a.map(Real::ln).matrix(), found.map(Real::ln).matrix());
        self.change
            .push(to.iter().zip(&from).map(|(t, f)| t - f).collect());
        self.to.push(to);
        if self.to.len() > MEMORY {
            self.to.remove(0);
            self.change.remove(0);
        }
        let mixed = self
            .mixed()
            .map(|log| Spectrum::of(log, a.values.len()).map(Real::exp));
        let mixed = mixed.filter(|mixed| mixed.values.iter().all(|v| v.is_finite() && *v > 0.0));
        self.carried = mixed.is_some();
        match mixed {
            Some(mixed) => Spectrum {
                values: family.feasible(&mixed.values),
                vectors: mixed.vectors,
            },
            None => found.clone(),
        }
    }

    /// The mixture; none of a single turn, or where changes are too alike.
    #[inline]
    fn mixed(&self) -> Option<Vec<f64>> {
        let (level, last) = (default_level(), self.change.len() - 1);
        if last == 0 {
            return None;
        }
        let apart = |i: usize| {
            let mut apart = self.change[i].clone();
            axpy(level, -1.0, &self.change[last], &mut apart);
            apart
        };
        let apart: Vec<Vec<f64>> = (0..last).map(apart).collect();
        let mut gram: Vec<f64> = (0..last * last)
            .map(|i| dot(level, &apart[i / last], &apart[i % last]))
            .collect();
        let trace: f64 = (0..last).map(|i| gram[i * last + i]).sum();
        (0..last).for_each(|i| gram[i * last + i] += 1e-12 * trace);
        invert(&mut gram, last).ok()?;
        let pull: Vec<f64> = apart
            .iter()
            .map(|apart| -dot(level, apart, &self.change[last]))
            .collect();
        let mut mixed = self.to[last].clone();
        for (i, row) in gram.chunks_exact(last).enumerate() {
            let share = dot(level, row, &pull);
            let step = self.to[i]
                .iter()
                .zip(&self.to[last])
                .map(|(t, l)| share * (t - l));
            mixed.iter_mut().zip(step).for_each(|(m, s)| *m += s);
        }
        Some(mixed)
    }
}

/// Coefficients for A, and then the best A for them.
#[inline]
fn turn(
    family: &dyn Family,
    terms: &mut Terms<'_>,
    limits: FitSettings,
    (a, from): (&Spectrum, Option<&Solution>),
) -> Result<Outcome> {
    let tasks = a.values.len();
    let ridge = |a: &f64| family.factor() / a + family.own_ridge();
    let ridges: Vec<f64> = a.values.iter().map(ridge).collect();
    let given = Relation::along(&a.vectors, &ridges);
    let solution = minimise(&mut System::new(&given, terms), limits, from)?;
    let gram = gram(&solution, tasks);
    let turned = a.turn(&gram);
    let twice: f64 = (0..tasks).map(|i| ridges[i] * turned[i * tasks + i]).sum();
    let gap = solution.gap + distance(family, a, turned);
    let (relation, penalty) = best(family, gram, tasks);
    Ok(Outcome {
        objective: solution.value - 0.5 * twice + penalty,
        gap,
        solution,
        relation,
        rounds: 0,
        converged: false,
    })
}

/// The best A for `gram`, and what the penalty then is.
#[inline]
fn best(family: &dyn Family, gram: Vec<f64>, tasks: usize) -> (Spectrum, f64) {
    let trace: f64 = (0..tasks).map(|i| gram[i * tasks + i]).sum();
    let g = Spectrum::of(gram, tasks);
    // Eigenvalues of a Gram matrix: below 0 by rounding alone.
    let raised: Vec<f64> = g
        .values
        .iter()
        .map(|v| v.max(0.0) + family.raise())
        .collect();
    let values = family.best(&raised);
    let related: f64 = raised.iter().zip(&values).map(|(g, a)| g / a).sum();
    let penalty = 0.5 * (family.factor() * related + family.own_ridge() * trace);
    let vectors = g.vectors;
    (Spectrum { values, vectors }, penalty)
}

/// `max over A' of <grad_A F, A - A'>`, with G turned into the axes of A.
#[inline]
fn distance(family: &dyn Family, a: &Spectrum, mut turned: Vec<f64>) -> f64 {
    let n = a.values.len();
    let mut own = 0.0;
    for i in 0..n {
        turned[i * n + i] += family.raise();
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
