//! Newton's method over the nodes of a relation, to a certified gap.
//!
//! ```text
//! x = (H + P)^-1 g           v <- v - s x            nu^2 = g'x, the decrement
//! ```
//! For squared losses one step is the solution, and `F - F* = nu^2 / 2` wherever it is asked. For the others the same is a bound up to a
//! factor that can be had too. The logistic loss and softmax cross-entropy have third derivatives no larger than the second times the
//! largest difference of two links' changes (Bach 2010, self-concordant analysis for logistic regression). Let `s` be that difference on
//! the way to the optimum, over all rows. Along it curvature falls no faster than `e^-s`, from which
//! ```text
//! ||v - v*||_(H + P) (1 - e^-s) / s <= nu           F - F* <= nu ||v - v*||_(H + P)
//! ```
//! A row whose least curvature between two links is h changes them by no more than `||v - v*|| / sqrt(h)`, since H holds that curvature.
//! So with `a = nu / sqrt(min h)`, if `a < 1`,
//! ```text
//! s <= -log(1 - a)                                 F - F* <= nu^2 (-log(1 - a)) / a
//! ```
//! and nothing is known if not: far from the optimum, where another step is due anyway.
//!
//! Conjugate gradients leave a residual r of the step; by the smallest eigenvalue of `H + P` (`bound.rs`) the decrement is larger by no
//! more than `x'r + ||r||^2 / lambda_min`, and that is added.

use alloc::{vec, vec::Vec};

use cognate_kernels::{Real, axpy, dot};

use super::coupled::{DENSE, Dense, solve_iterative};
use super::elimination::Forest;
use super::relation::Mix;
use super::rotations;
use super::system::System;
use crate::error::{Error, Result};
use crate::mtl::linear::FitSettings;
use crate::workspace::default_level;

/// The point reached.
#[derive(Clone, Debug)]
pub(in crate::mtl::linear) struct Solution {
    /// `N x m`.
    pub nodes: Vec<f64>,
    /// `T x m`.
    pub tasks: Vec<f64>,
    pub value: f64,
    pub gap: f64,
    pub iterations: usize,
    pub converged: bool,
}

/// Numbers a node beyond which elimination, several products of m^3 a node, costs more than the factors for conjugate gradients.
const WIDE: usize = 128;

/// How the linear systems are solved.
enum Solver {
    Forest(Forest),
    /// With the factor, where the matrix does not change.
    Dense(Option<Dense>),
    Iterative,
    /// By rotations of the rows' factors, with the nodes in order.
    Rotations(Vec<usize>),
}

impl Solver {
    #[inline]
    fn of(system: &System<'_, '_>) -> Self {
        let narrow = system.size() <= WIDE || system.relation.springs.is_empty();
        match Forest::of(system.relation) {
            forest if system.terms.factored() => {
                Self::Rotations(rotations::order(system.relation, forest))
            }
            Some(forest) if narrow => Self::Forest(forest),
            _ if system.nodes() * system.size() <= DENSE => Self::Dense(None),
            _ => Self::Iterative,
        }
    }

    /// The step `x` from `v`, where the gradient is `g`; what the decrement may exceed `g'x` by.
    #[inline]
    fn solve(
        &mut self,
        system: &System<'_, '_>,
        v: &[f64],
        g: &[f64],
        x: &mut [f64],
    ) -> Result<f64> {
        match self {
            Self::Forest(forest) => forest.solve(system, g, x)?,
            Self::Dense(kept) => {
                let dense = match kept.take() {
                    Some(dense) => dense,
                    None => Dense::new(system)?,
                };
                dense.solve(g, x);
                *kept = Some(dense).filter(|_| system.terms.quadratic());
            }
            Self::Iterative => return solve_iterative(system, g, x),
            Self::Rotations(order) => rotations::solve(system, order, v, x)?,
        }
        Ok(0.0)
    }
}

/// Minimises from the point before, if there is one, else from 0.
///
/// # Errors
/// If the objective is not finite, or without curvature.
#[inline]
pub(super) fn minimise(
    system: &mut System<'_, '_>,
    limits: FitSettings,
    before: Option<&Solution>,
) -> Result<Solution> {
    let mut solver = Solver::of(system);
    let mut v = start(system, before);
    let (mut g, mut x) = (vec![0.0; v.len()], vec![0.0; v.len()]);
    let mut at = system.expand(&v, &mut g);
    let (mut iterations, mut last, mut stuck) = (0, f64::INFINITY, false);
    let (gap, converged) = loop {
        let beyond = solver.solve(system, &v, &g, &mut x)?;
        let decrement = dot(default_level(), &g, &x);
        if !(decrement.is_finite() && at.value.is_finite()) {
            return Err(Error::Diverged);
        }
        let quadratic = system.terms.quadratic();
        let gap = gap(decrement.max(0.0) + beyond, at.least_curvature, quadratic);
        // Below this a step can no longer be judged by the value; it is taken while the decrement falls.
        let blind = decrement <= 1e-10 * at.value;
        let done = gap <= limits.tol * at.value;
        if done || stuck || iterations == limits.max_iter || (blind && decrement >= 0.5 * last) {
            break (gap, done);
        }
        last = decrement;
        iterations += 1;
        let enough = if blind {
            f64::NEG_INFINITY
        } else {
            1e-4 * decrement
        };
        let (mut step, from) = (1.0, at.value);
        axpy(default_level(), -step, &x, &mut v);
        at = system.expand(&v, &mut g);
        if from - at.value < enough * step || !at.value.is_finite() {
            while step > f64::EPSILON {
                step *= 0.5;
                axpy(default_level(), step, &x, &mut v);
                if from - system.value(&v) >= enough * step {
                    break;
                }
            }
            stuck = step <= f64::EPSILON;
            at = system.expand(&v, &mut g);
        }
    };
    let m = system.size();
    let mut tasks = vec![0.0; system.relation.tasks() * m];
    for (t, theta) in tasks.chunks_exact_mut(m).enumerate() {
        system.task(t, &v, theta);
    }
    Ok(Solution {
        nodes: v,
        tasks,
        value: at.value,
        gap,
        iterations,
        converged,
    })
}

fn start(system: &System<'_, '_>, before: Option<&Solution>) -> Vec<f64> {
    match before {
        Some(solution) if solution.nodes.len() == system.nodes() * system.size() => {
            match system.relation.mix {
                Mix::Node(_) => solution.nodes.clone(),
                Mix::Factors(_) => system.nearest(&solution.tasks),
            }
        }
        _ => vec![0.0; system.nodes() * system.size()],
    }
}

/// What a decrement says of `F - F*`.
fn gap(decrement: f64, least_curvature: f64, quadratic: bool) -> f64 {
    if quadratic {
        return 0.5 * decrement;
    }
    let a = Real::sqrt(decrement / least_curvature);
    if a < 1e-4 {
        // -log(1 - a) / a is 1 + a/2 + a^2/3 + ..
        return decrement * (1.0 + a);
    }
    match a < 1.0 {
        true => decrement * -Real::ln(1.0 - a) / a,
        false => f64::INFINITY,
    }
}
