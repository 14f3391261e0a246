//! Squared losses with a penalty of rows or entries: block coordinate descent on a working set of features.
//!
//! The row `v` of feature j that is best while the others stand still solves
//! ```text
//! min over v of   sum_t 1/2 a_t v_t^2 - u_t v_t + lambda ||v||        a_t = omega_t (X_t'X_t)_jj + lambda rho,   u_t = C_jt + omega_t (X_t'X_t)_jj W_jt
//! ```
//! It is 0 if `||u|| <= lambda`, else `v_t = u_t nu / (a_t nu + lambda)` at the length `nu` at which `||v|| = nu`: a formula where all a
//! are equal, else a few steps of Newton's method on `1 / ||u / (a nu + lambda)|| = 1`, which is concave in nu, so that the steps from 0
//! never pass the root (the secular equation of trust regions: More and Sorensen 1983). By entries it is a soft threshold.
//!
//! **Working set** (Massias, Gramfort and Salmon 2018). Passes go over a few features only, those with weights and those with the largest
//! `||C_j||`, and keep their C right by the features' own rows of `X'X`; only these rows are ever made. When the gap within the set is
//! small against that of all features, C is made new for all of them, and the set takes in those that break `||C_j|| <= lambda`. The
//! gap that ends the work is that of all features.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, Real, dot, gemm, gemm_scratch, sum_squares};

use super::losses::Losses;
use super::norm::{Norm, length, soften};
use super::penalty::Penalised;
use super::squared::Squared;
use crate::workspace::default_level;

/// Features that the set begins with and grows by, at least.
const FIRST: usize = 16;
/// Passes between two looks at the gap within the set.
const PASSES: usize = 4;
/// The gap within the set against that of all features, at which the set is left.
const INNER: f64 = 0.1;

/// Rows of `X'X` made so far: they last as long as the data, whatever lambda.
#[derive(Default)]
pub(super) struct Cache {
    /// Features in the order of their rows.
    features: Vec<usize>,
    /// The place of each feature among them.
    places: Vec<Option<usize>>,
    /// Of each group of tasks, `m x d`.
    rows: Vec<Vec<f64>>,
}

impl Cache {
    pub(super) fn new(losses: &Losses<'_>) -> Self {
        Self {
            features: Vec::new(),
            places: vec![None; losses.features],
            rows: vec![Vec::new(); losses.squared.len()],
        }
    }

    #[inline]
    fn extend(&mut self, losses: &Losses<'_>, features: &[usize]) {
        let unknown = features.iter().filter(|&&j| self.places[j].is_none());
        let new: Vec<usize> = unknown.copied().collect();
        for &j in &new {
            self.places[j] = Some(self.features.len());
            self.features.push(j);
        }
        for (squared, rows) in losses.squared.iter().zip(&mut self.rows) {
            squared.gram_rows(&new, rows);
        }
    }

    /// Row `j` of the `X'X` of a group.
    fn row(&self, group: usize, j: usize) -> &[f64] {
        let d = self.places.len();
        let place = self.places[j].expect("a feature of the working set");
        &self.rows[group][place * d..(place + 1) * d]
    }
}

/// How far to go.
#[derive(Clone, Copy)]
pub(super) struct Until {
    pub(super) gap: f64,
    pub(super) passes: usize,
}

/// Where the descent ended.
pub(super) struct Descent {
    pub(super) passes: usize,
    /// The losses.
    pub(super) losses: f64,
    /// The norm.
    pub(super) norm: f64,
    pub(super) gap: f64,
}

/// Minimises from `w: d x K`.
#[inline]
pub(super) fn descend(
    problem: &Penalised<'_>,
    cache: &mut Cache,
    w: &mut [f64],
    until: Until,
) -> Descent {
    let columns = problem.losses.columns;
    let (mut c, mut set) = (vec![0.0; w.len()], Vec::new());
    let (mut passes, mut still) = (0, false);
    cache.extend(problem.losses, &support(w, columns));
    loop {
        correlate(problem.losses, cache, w, &mut c);
        let norm = problem.penalty.value(w, columns);
        let gap = problem.gap(w, &c, &[], norm);
        if gap <= until.gap || passes >= until.passes || still || !gap.is_finite() {
            return Descent {
                passes,
                losses: problem.losses.value_of_squares(w, &c),
                norm,
                gap,
            };
        }
        let grown = grow(problem, &set, w, &c);
        // A set that no longer grows has to go on by itself to the end.
        let whole = grown.len() == set.len();
        let inner = if whole { 0.0 } else { INNER * gap };
        set = grown;
        cache.extend(problem.losses, &set);
        let mut working = Working::new(problem, cache, &set, w, &c);
        let more = working.run(inner.max(0.5 * until.gap), until.passes - passes);
        working.store(&set, w);
        passes += more;
        still = whole && more == 1;
    }
}

/// The features that have weights.
fn support(w: &[f64], columns: usize) -> Vec<usize> {
    let rows = w.chunks_exact(columns).enumerate();
    let some = rows.filter(|(_, row)| row.iter().any(|&w| w != 0.0));
    some.map(|(j, _)| j).collect()
}

/// `C` of all features from the rows of `X'X` that W needs.
#[inline]
fn correlate(losses: &Losses<'_>, cache: &Cache, w: &[f64], c: &mut [f64]) {
    let (level, d, columns) = (default_level(), losses.features, losses.columns);
    let m = cache.features.len();
    let mut some = Vec::with_capacity(m * columns);
    for &j in &cache.features {
        some.extend_from_slice(&w[j * columns..(j + 1) * columns]);
    }
    let some = MatRef::planned(&some, m, columns);
    let mut c = MatMut::planned(c, d, columns);
    for (squared, rows) in losses.squared.iter().zip(&cache.rows) {
        let range = squared.columns.clone();
        let part = c.rb_mut().split_cols(range.end).0;
        let mut part = part.split_cols(range.start).1;
        part.copy_from(MatRef::planned(&squared.xy, d, range.len()));
        let rows = MatRef::planned(rows, m, d);
        let product = Product::new(rows.t(), some.cols_range(range.clone()));
        let mut scratch = vec![0.0; gemm_scratch::<f64>(level, d, m, range.len())];
        gemm(
            level,
            product.alpha(-1.0).beta(1.0),
            part.rb_mut(),
            &mut scratch,
        );
        squared.weigh(part);
    }
}

/// The next working set: the features with weights, the old ones that still matter, and those that break the condition the most.
#[inline]
fn grow(problem: &Penalised<'_>, set: &[usize], w: &[f64], c: &[f64]) -> Vec<usize> {
    let columns = problem.losses.columns;
    let strength = problem.lambda * problem.penalty.parts[0].1;
    let score = |row: &[f64]| problem.penalty.parts[0].0.dual(row, columns);
    let mut chosen = support(w, columns);
    let room = FIRST.max(chosen.len());
    let mut taken = vec![false; problem.losses.features];
    set.iter().chain(&chosen).for_each(|&j| taken[j] = true);
    chosen = (0..taken.len()).filter(|&j| taken[j]).collect();
    let rows = c.chunks_exact(columns).enumerate();
    let mut others: Vec<(f64, usize)> = rows
        .filter(|&(j, _)| !taken[j])
        .map(|(j, row)| (score(row), j))
        .filter(|&(score, _)| score > strength)
        .collect();
    others.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    chosen.extend(others.iter().take(room).map(|&(_, j)| j));
    chosen
}

/// The working set's part of the problem.
struct Working<'p> {
    problem: &'p Penalised<'p>,
    columns: usize,
    /// `m x K` each: weights, C, and `omega X'X_jj`.
    w: Vec<f64>,
    c: Vec<f64>,
    curvature: Vec<f64>,
    /// `X'Y diag(omega)` of the set, for its gap.
    xy: Vec<f64>,
    /// `(X'X)_ij` of each group: `m x m x groups`.
    gram: Vec<f64>,
    size: usize,
}

impl<'p> Working<'p> {
    fn new(problem: &'p Penalised<'p>, cache: &Cache, set: &[usize], w: &[f64], c: &[f64]) -> Self {
        let (losses, m) = (problem.losses, set.len());
        let columns = losses.columns;
        let gather = |from: &[f64]| {
            let rows = set
                .iter()
                .flat_map(|&j| &from[j * columns..(j + 1) * columns]);
            rows.copied().collect::<Vec<f64>>()
        };
        let groups = losses.squared.len();
        let mut gram = vec![0.0; m * m * groups];
        let (mut curvature, mut xy) = (vec![0.0; m * columns], vec![0.0; m * columns]);
        for (g, squared) in losses.squared.iter().enumerate() {
            let k = squared.omega.len();
            for (i, &j) in set.iter().enumerate() {
                let row = cache.row(g, j);
                for (other, &l) in set.iter().enumerate() {
                    gram[(i * m + other) * groups + g] = row[l];
                }
                let at = i * columns + squared.columns.start;
                for (t, &omega) in squared.omega.iter().enumerate() {
                    curvature[at + t] = omega * row[j];
                    xy[at + t] = omega * squared.xy[j * k + t];
                }
            }
        }
        Self {
            problem,
            columns,
            w: gather(w),
            c: gather(c),
            curvature,
            xy,
            gram,
            size: m,
        }
    }

    /// Passes until the gap within the set is at most `gap`; how many there were.
    #[inline]
    fn run(&mut self, gap: f64, most: usize) -> usize {
        let mut passes = 0;
        while passes < most {
            for _ in 0..PASSES {
                passes += 1;
                if !self.pass() {
                    return passes;
                }
            }
            if self.gap() <= gap {
                break;
            }
        }
        passes.min(most)
    }

    /// Every row at its best, one after the other; whether any moved.
    #[inline]
    fn pass(&mut self) -> bool {
        let k = self.columns;
        let mut moved = false;
        let mut step = vec![0.0; k];
        for i in 0..self.size {
            let at = i * k..(i + 1) * k;
            for (t, e) in at.clone().enumerate() {
                step[t] = self.c[e] + self.curvature[e] * self.w[e];
            }
            self.best(i, &mut step);
            let mut still = true;
            for (step, w) in step.iter_mut().zip(&mut self.w[at]) {
                let new = *step;
                *step = new - *w;
                *w = new;
                still &= *step == 0.0;
            }
            if !still {
                moved = true;
                self.follow(i, &step);
            }
        }
        moved
    }

    /// Overwrites `u` with the best row.
    fn best(&self, i: usize, u: &mut [f64]) {
        let (norm, factor) = &self.problem.penalty.parts[0];
        let (lambda, square) = (self.problem.lambda * factor, self.problem.square());
        let curvature = &self.curvature[i * self.columns..(i + 1) * self.columns];
        if *norm == Norm::Entries {
            soften(lambda, u);
            for (u, a) in u.iter_mut().zip(curvature) {
                *u = if *u == 0.0 { 0.0 } else { *u / (a + square) };
            }
        } else {
            best_row(lambda, square, curvature, u);
        }
    }

    /// Takes what row `i`'s step moves from C.
    fn follow(&mut self, i: usize, step: &[f64]) {
        let (m, k) = (self.size, self.columns);
        let squared = &self.problem.losses.squared;
        let gram = &self.gram[i * m * squared.len()..(i + 1) * m * squared.len()];
        let grams = gram.chunks_exact(squared.len());
        for (gram, c) in grams.zip(self.c.chunks_exact_mut(k)) {
            for (Squared { columns, omega, .. }, &gram) in squared.iter().zip(gram) {
                let moves = step[columns.clone()].iter().zip(omega);
                for (c, (step, omega)) in c[columns.clone()].iter_mut().zip(moves) {
                    *c -= gram * (omega * step);
                }
            }
        }
    }

    /// The duality gap of the problem that has the set's features only.
    #[inline]
    fn gap(&self) -> f64 {
        let (level, problem) = (default_level(), self.problem);
        let square = problem.square();
        let squares: f64 = problem.losses.squared.iter().map(Squared::squares).sum();
        let (with_y, with_c) = (dot(level, &self.w, &self.xy), dot(level, &self.w, &self.c));
        let longer: Vec<f64> = self
            .c
            .iter()
            .zip(&self.w)
            .map(|(c, w)| c - square * w)
            .collect();
        let dual = problem.penalty.dual(&longer, self.columns);
        let s = if dual <= problem.lambda {
            1.0
        } else {
            problem.lambda / dual
        };
        let residual = squares - with_y - with_c;
        let norms = problem.penalty.value(&self.w, self.columns);
        let ridge = 0.5 * square * (1.0 + s * s) * sum_squares(level, &self.w);
        0.5 * (1.0 - s) * (1.0 - s) * residual - s * with_c + ridge + problem.lambda * norms
    }

    fn store(&self, set: &[usize], w: &mut [f64]) {
        for (row, &j) in self.w.chunks_exact(self.columns).zip(set) {
            w[j * self.columns..(j + 1) * self.columns].copy_from_slice(row);
        }
    }
}

/// Overwrites `u` with `argmin_v sum_t 1/2 (a_t + square) v_t^2 - u_t v_t + lambda ||v||`.
fn best_row(lambda: f64, square: f64, a: &[f64], u: &mut [f64]) {
    let size = length(u);
    if size <= lambda {
        u.fill(0.0);
        return;
    }
    if a.iter().all(|&other| other == a[0]) {
        let factor = (1.0 - lambda / size) / (a[0] + square);
        u.iter_mut().for_each(|u| *u *= factor);
        return;
    }
    let mut nu = 0.0;
    for _ in 0..50 {
        let (mut norm, mut slope) = (0.0, 0.0);
        for (u, a) in u.iter().zip(a) {
            let below = 1.0 / ((a + square) * nu + lambda);
            let part = u * below * (u * below);
            norm += part;
            slope += part * (a + square) * below;
        }
        // h = norm^(-1/2) - 1, h' = norm^(-3/2) slope.
        let step = norm * (Real::sqrt(norm) - 1.0) / slope;
        nu = (nu + step).max(0.0);
        if step.is_nan() || step.abs() <= 2.0 * f64::EPSILON * nu {
            break;
        }
    }
    for (u, a) in u.iter_mut().zip(a) {
        *u *= nu / ((a + square) * nu + lambda);
    }
}
