//! Soft relations: `1/2 tr(W K^-1 W')` for every K there is, by one solver.
//!
//! [`Relation`] is the K; [`methods`](self) are its front ends, plain settings with a strength `lambda`, which scales what is shared:
//! ```text
//! Independent       lambda/2 ||W||^2
//! Pooled            one w, T lambda/2 ||w||^2
//! MeanRegularised   lambda/2 sum_t ||w_t - mean||^2 + eps/2 ||W||^2
//! SharedSpecific    w_t = phi + v_t, mu/2 ||phi||^2 + lambda/2 sum_t ||v_t||^2
//! Tree              sum over nodes lambda_n/2 ||u_n||^2, u_n a node's difference from its parent; times lambda but at the roots
//! Graph             lambda/2 sum_st A_st ||w_s - w_t||^2 + eps/2 ||W||^2 = lambda tr(W Lap W') + ..
//! Icm               lambda/2 tr(W K^-1 W')
//! ```
//! Losses are convex and twice differentiable, so Newton's method solves all of them, and its decrement bounds the gap. Its linear
//! systems are eliminated block by block where the relation is a forest (10,000 tasks cost 10,000 small factors), else factored as a
//! whole, or left to conjugate gradients. With squared losses one step is the solution, from summaries of the rows; from factors of the
//! rows it is made by rotations, and nothing is squared (`rotations.rs`).

mod apart;
mod block;
mod bound;
mod clustered;
mod coupled;
mod elimination;
mod learned;
mod methods;
mod mtrl;
mod named;
mod newton;
mod relation;
mod rotations;
mod system;
mod terms;

pub use clustered::Clustered;
pub(super) use learned::Learns;
pub use methods::{Independent, MeanRegularised, Pooled, SharedSpecific};
pub use mtrl::Mtrl;
pub use named::{Graph, GraphEdge, Icm, Tree, TreeNode};
pub use relation::{Branch, Relation};
pub(super) use terms::squared_loss;

use alloc::{vec, vec::Vec};

use learned::alternate;
use newton::{Solution, minimise};
use system::System;
use terms::Terms;

use super::convex::Source;
use super::{Certificate, FitSettings, Fitted, TaskLinear};
use crate::check;
use crate::error::Result;
use crate::mtl::{Kind, TaskSet};

/// A method that is a relation.
pub(super) trait Soft {
    /// The relation of the tasks called `names`, at this strength.
    fn relation(&self, names: &[&str], lambda: f64) -> Result<Relation>;

    /// The strength that balances a curvature of 1 in every task's loss.
    fn unit(&self) -> f64 {
        1.0
    }

    /// Whether it ties tasks together, which then must have as many links as one another.
    fn ties(&self) -> bool {
        true
    }

    /// The strongest strength worth trying, in these units.
    fn strongest(&self) -> f64 {
        1e3
    }
}

/// Strengths worth trying on these tasks.
pub(super) fn grid(method: &dyn Soft, tasks: &TaskSet<'_, f64>) -> Vec<f64> {
    strengths(method.strongest() * method.unit() * curvature(tasks))
}

/// The same where the relation is learned.
pub(super) fn learned_grid(tasks: &TaskSet<'_, f64>) -> Vec<f64> {
    strengths(10.0 * curvature(tasks))
}

/// The fits at these strengths, each from the one before.
#[inline]
pub(super) fn path(
    method: &dyn Soft,
    settings: FitSettings,
    source: Source<'_>,
    lambdas: &[f64],
) -> Result<Vec<Fitted>> {
    if let Source::Rows(tasks) = source
        && !method.ties()
        && !tasks.links_alike()
    {
        return apart::path(method, settings, tasks, lambdas);
    }
    let mut terms = Terms::new(source, settings.intercept)?;
    let names: Vec<&str> = terms.tasks.iter().map(|task| task.0).collect();
    let (mut fits, mut before) = (Vec::new(), None);
    for &lambda in lambdas {
        let relation = method.relation(&names, lambda)?;
        let mut system = System::new(&relation, &mut terms);
        let solution = minimise(&mut system, settings, before.as_ref())?;
        fits.push(Fitted {
            model: model(&terms, relation.unseen, &solution)?,
            lambda,
            objective: solution.value,
            iterations: solution.iterations,
            certificate: Certificate::Gap { gap: solution.gap },
            converged: solution.converged,
        });
        before = Some(solution);
    }
    Ok(fits)
}

/// The same where the relation is learned.
#[inline]
pub(super) fn learned_path(
    method: &dyn Learns,
    settings: FitSettings,
    source: Source<'_>,
    lambdas: &[f64],
) -> Result<Vec<Fitted>> {
    method.check()?;
    let mut terms = Terms::new(source, settings.intercept)?;
    let limits = (settings, method.max_rounds().max(1));
    let (mut fits, mut before) = (Vec::new(), None);
    for &lambda in lambdas {
        check::setting("lambda", "above 0", lambda, lambda > 0.0)?;
        let family = method.family(lambda);
        let outcome = alternate(&*family, &mut terms, limits, before)?;
        fits.push(Fitted {
            model: model(&terms, None, &outcome.solution)?.with_learned(method.table(&outcome)),
            lambda,
            objective: outcome.objective,
            iterations: outcome.rounds,
            certificate: Certificate::Gap { gap: outcome.gap },
            converged: outcome.converged,
        });
        before = Some(outcome);
    }
    Ok(fits)
}

/// Strengths tried, half a decade apart.
const STRENGTHS: usize = 13;

/// The root of 10.
const HALF_DECADE: f64 = 3.162_277_660_168_379_5;

/// Strengths from the strongest down.
fn strengths(strongest: f64) -> Vec<f64> {
    let all = core::iter::successors(Some(strongest), |strength| Some(strength / HALF_DECADE));
    all.take(STRENGTHS).collect()
}

/// The model of a solution; a task never seen is the node `unseen`.
#[inline]
fn model(terms: &Terms<'_>, unseen: Option<usize>, solution: &Solution) -> Result<TaskLinear> {
    let (d, m, kind) = (terms.features(), terms.size(), terms.tasks[0].1);
    let of_a_kind = terms.tasks.iter().all(|task| task.1 == kind);
    let shared = unseen.filter(|_| of_a_kind);
    let shared = shared.map(|n| &solution.nodes[n * m..][..m]);
    let blocks = solution.tasks.chunks_exact(m).chain(shared);
    let (mut coef, mut intercept) = (Vec::new(), Vec::new());
    for row in blocks.flat_map(|block| block.chunks_exact(terms.width)) {
        coef.extend_from_slice(&row[..d]);
        intercept.push(row.get(d).copied().unwrap_or(0.0));
    }
    let named = terms.tasks.iter().copied();
    TaskLinear::new(named, d, coef, intercept, shared.is_some())
}

/// The mean over tasks of a loss's curvature along a feature, about: the variance of the features times the task's weight times the
/// largest curvature by a link.
fn curvature(tasks: &TaskSet<'_, f64>) -> f64 {
    let (x, d) = (tasks.x(), tasks.features());
    let (mut total, mut mean, mut square) = (0.0, vec![0.0; d], 0.0);
    let mut weight = 0.0;
    for (t, task) in tasks.tasks().iter().enumerate() {
        let by_link = match task.kind {
            Kind::Number => 1.0,
            Kind::Classes(_) => 0.25,
        };
        weight += by_link * task.weight * tasks.labelled_weight(t);
        for &row in &task.rows {
            let w = tasks.weight(row);
            total += w;
            for j in 0..d {
                let v = x.at(row as usize, j);
                // Welford's running mean: nothing cancels.
                let away = v - mean[j];
                if w > 0.0 {
                    mean[j] += w / total * away;
                }
                square += w * away * (v - mean[j]);
            }
        }
    }
    let variance = if total > 0.0 {
        square / (total * d as f64)
    } else {
        0.0
    };
    let found = variance * weight / tasks.tasks().len() as f64;
    if found > 0.0 { found } else { 1.0 }
}
