//! Losses of classes with any norm: proximal Newton steps (Lee, Sun and Saunders 2014).
//!
//! ```text
//! V = argmin <-C, V - W> + 1/2 <V - W, H (V - W)> + penalty(V)         W <- W + s (V - W),   s = 1, 1/2, 1/4, .. until the objective falls
//! ```
//! The problem in V has squared losses and the same norms, so it is solved by what solves those, from a few numbers a feature. A step
//! reads the rows twice for each feature and link, where proximal gradients read them hundreds of times. It is solved to a tenth of the
//! gap that is left, which keeps the steps few; the gap that ends the work is that of the losses themselves.

use alloc::{vec, vec::Vec};

use cognate_kernels::dot;

use super::penalty::Penalised;
use super::solve::Found;
use crate::workspace::{Slabs, default_level};

/// The gap of a step's problem, against that of the whole and against that which ends the work.
const INNER: f64 = 0.1;

/// What a step should gain, against what it would if the objective were straight.
const ENOUGH: f64 = 1e-4;

/// What a step should gain, against the objective, from which on rounding says more than the objective.
const BLIND: f64 = 1e-12;

/// Halvings of a step.
const HALVINGS: usize = 40;

/// Where a search stands.
struct Point {
    /// `C` of the losses.
    c: Vec<f64>,
    objective: f64,
    /// Norms and square, times lambda.
    penalty: f64,
    gap: f64,
}

/// When a search ends.
#[derive(Clone, Copy)]
pub(super) struct Until {
    pub(super) gap: f64,
    pub(super) steps: usize,
}

/// Minimises from `parts`, a step's problem by `solve` from where it stands to a gap; slabs are left as the losses saved them at the end.
pub(super) fn search(
    problem: &Penalised<'_>,
    parts: &mut [f64],
    slabs: &mut Slabs<'_, f64>,
    until: Until,
    mut solve: impl FnMut(&Penalised<'_>, &mut [f64], f64),
) -> Found {
    let (mut at, mut iterations) = (visit(problem, parts, slabs), 0);
    loop {
        let found = Found {
            iterations,
            objective: at.objective,
            gap: at.gap,
        };
        if at.gap <= until.gap || iterations >= until.steps || !at.gap.is_finite() {
            return found;
        }
        iterations += 1;
        let w = problem.whole(parts);
        let losses = problem.losses;
        let model = losses.expanded(&w, &at.c, slabs.saved, &mut slabs.work);
        let model = Penalised::new(&model, problem.penalty, problem.lambda);
        let mut aim = parts.to_vec();
        solve(&model, &mut aim, INNER * at.gap.max(until.gap));
        let Some(next) = step(problem, parts, &aim, &at, slabs) else {
            visit(problem, parts, slabs);
            return found;
        };
        at = next;
    }
}

/// Moves `parts` towards `aim`; nothing, and they stay, if no step makes the objective or the gap smaller.
fn step(
    problem: &Penalised<'_>,
    parts: &mut [f64],
    aim: &[f64],
    at: &Point,
    slabs: &mut Slabs<'_, f64>,
) -> Option<Point> {
    let (from, w) = (parts.to_vec(), problem.whole(parts));
    let whole = problem.whole(aim);
    let level = default_level();
    let along = dot(level, &at.c, &w) - dot(level, &at.c, &whole);
    let norms = problem.penalty.value(aim, problem.losses.columns);
    let slope = along + problem.penalty_at(&whole, norms) - at.penalty;
    let blind = slope.abs() <= BLIND * at.objective;
    let mut length = 1.0;
    for _ in 0..HALVINGS {
        for ((part, from), aim) in parts.iter_mut().zip(&from).zip(aim) {
            *part = if length == 1.0 {
                *aim
            } else {
                from + length * (aim - from)
            };
        }
        let next = visit(problem, parts, slabs);
        let falls = next.objective <= at.objective + ENOUGH * length * slope.min(0.0);
        match blind {
            true if next.gap < 0.5 * at.gap => return Some(next),
            true => break,
            false if falls => return Some(next),
            false => length *= 0.5,
        }
    }
    parts.copy_from_slice(&from);
    None
}

/// Losses, penalty and gap at `parts`.
fn visit(problem: &Penalised<'_>, parts: &[f64], slabs: &mut Slabs<'_, f64>) -> Point {
    let w = problem.whole(parts);
    let mut c = vec![0.0; w.len()];
    let losses = problem.losses;
    let value = losses.correlate(&w, &mut c, slabs.saved, &mut slabs.work);
    let norms = problem.penalty.value(parts, losses.columns);
    let penalty = problem.penalty_at(&w, norms);
    Point {
        gap: problem.gap(&w, &c, slabs.saved, norms),
        c,
        objective: value + penalty,
        penalty,
    }
}
