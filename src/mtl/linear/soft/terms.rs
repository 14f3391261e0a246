//! What each task's rows say of its coefficients: value, gradient and Hessian of its loss.
//!
//! With `theta: k x (d + 1)` (a row a link: coefficients, then the intercept where there is one), flat, and `D` its numbers a link:
//! ```text
//! squared     from a Summary: L = w/2 (S_yy - 2 theta S_xy + theta S_xx theta' + n (mean_y - theta [mean_x, 1])^2)
//!             its Hessian is w (S_xx + n [mean_x, 1] [mean_x, 1]'): rows are read once, whatever is fitted
//! classes     from the rows, a block at a time with a column of ones beside: H = sum_i w_i (diag p - p p') x x'
//! ```
//! Summaries are centred, so values and gradients lose no digits to a large mean; the Hessian is only what steps are made with.
//!
//! Rows are gathered into a block whenever they are needed: tasks that share rows share the memory too. Hessians are kept packed, a
//! triangle a task.

use alloc::{vec, vec::Vec};

use cognate_kernels::{axpy, dot};

use super::block::{Block, triangle};
use crate::error::{Error, Result};
use crate::model::Summary;
use crate::mtl::{Kind, TaskSet};
use crate::workspace::default_level;

/// The losses of all tasks, and their expansions about the last point.
pub(super) struct Terms<'a> {
    pub tasks: &'a TaskSet<'a, f64>,
    terms: Vec<Term>,
    /// Links of every task, `k`.
    pub links: usize,
    /// Numbers a link, `D`.
    pub width: usize,
    pub intercept: bool,
    /// Triangles of the Hessians of those tasks that are not summaries.
    hessians: Vec<f64>,
    block: Block,
}

/// A task's loss.
enum Term {
    Squared(Summary),
    /// Number of the task's Hessian among those kept.
    Classes(usize),
}

/// What [`Terms::expand`] says of a task.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Expansion {
    pub value: f64,
    /// The least curvature of a row's loss between two links, where it changes with the links: infinite for squared loss.
    pub least_curvature: f64,
}

impl<'a> Terms<'a> {
    /// The losses of `tasks`, with an intercept or without.
    ///
    /// # Errors
    /// If tasks differ in the number of links; the first that does is named.
    pub fn new(tasks: &'a TaskSet<'a, f64>, intercept: bool) -> Result<Self> {
        let all = tasks.tasks();
        let links = all[0].kind.links();
        if let Some(other) = all.iter().find(|t| t.kind.links() != links) {
            let problem =
                "cannot share coefficients with the first task: it has another number of classes";
            return Err(Error::task(&other.name, problem));
        }
        let width = tasks.features() + usize::from(intercept);
        let mut block = Block::new(width, links);
        let mut kept = 0;
        let mut term = |t: usize| match all[t].kind {
            Kind::Number => block.summary(tasks, t).map(Term::Squared),
            Kind::Classes(_) => {
                kept += 1;
                Ok(Term::Classes(kept - 1))
            }
        };
        let terms = (0..all.len()).map(&mut term).collect::<Result<_>>()?;
        Ok(Self {
            tasks,
            terms,
            links,
            width,
            intercept,
            hessians: vec![0.0; kept * triangle(links * width)],
            block,
        })
    }

    /// Numbers a task, `m = k D`.
    pub fn size(&self) -> usize {
        self.links * self.width
    }

    /// Whether every loss is quadratic.
    pub fn quadratic(&self) -> bool {
        self.hessians.is_empty()
    }

    /// The loss of task `t` at `theta`.
    pub fn value(&mut self, t: usize, theta: &[f64]) -> f64 {
        let weight = self.tasks.tasks()[t].weight;
        match &self.terms[t] {
            Term::Squared(summary) => weight * Squared::at(summary, theta, self.intercept).value(),
            Term::Classes(_) => self.block.pass(self.tasks, t, theta, None).value,
        }
    }

    /// The loss of task `t` at `theta`, its gradient into `g: m`; its Hessian is kept.
    pub fn expand(&mut self, t: usize, theta: &[f64], g: &mut [f64]) -> Expansion {
        let (weight, triangle) = (self.tasks.tasks()[t].weight, triangle(self.size()));
        match &self.terms[t] {
            Term::Squared(summary) => {
                let at = Squared::at(summary, theta, self.intercept);
                at.gradient(weight, g);
                Expansion {
                    value: weight * at.value(),
                    least_curvature: f64::INFINITY,
                }
            }
            &Term::Classes(kept) => {
                let into = &mut self.hessians[kept * triangle..][..triangle];
                self.block.pass(self.tasks, t, theta, Some((g, into)))
            }
        }
    }

    /// `out += factor H`, H the Hessian of task `t` at the point last expanded about, `m x m`, whole.
    pub fn add_hessian(&self, t: usize, factor: f64, out: &mut [f64]) {
        let (m, triangle) = (self.size(), triangle(self.size()));
        match &self.terms[t] {
            Term::Squared(summary) => {
                let factor = factor * self.tasks.tasks()[t].weight;
                add_products(summary, self.intercept, factor, out);
            }
            &Term::Classes(kept) => {
                let packed = &self.hessians[kept * triangle..][..triangle];
                let mut at = 0;
                for i in 0..m {
                    for j in 0..=i {
                        out[i * m + j] += factor * packed[at];
                        if j < i {
                            out[j * m + i] += factor * packed[at];
                        }
                        at += 1;
                    }
                }
            }
        }
    }
}

/// A summary's loss at a point.
struct Squared<'s> {
    summary: &'s Summary,
    coef: &'s [f64],
    intercept: bool,
    /// `theta S_xx - S_yx`.
    slope: Vec<f64>,
    /// `mean_y - theta [mean_x, 1]`.
    miss: f64,
}

impl<'s> Squared<'s> {
    fn at(summary: &'s Summary, theta: &'s [f64], intercept: bool) -> Self {
        let (level, d) = (default_level(), summary.features());
        let (coef, bias) = theta.split_at(d);
        let mut slope: Vec<f64> = summary.yx().row(0).iter().map(|v| -v).collect();
        for (j, &w) in coef.iter().enumerate() {
            axpy(level, w, summary.xx().row(j), &mut slope);
        }
        let offset = bias.iter().sum::<f64>() + dot(level, coef, summary.mean_x());
        Self {
            summary,
            coef,
            intercept,
            slope,
            miss: summary.mean_y()[0] - offset,
        }
    }

    fn value(&self) -> f64 {
        let (level, s) = (default_level(), self.summary);
        let spread = s.yy().at(0, 0) + dot(level, self.coef, &self.slope)
            - dot(level, self.coef, s.yx().row(0));
        0.5 * (spread.max(0.0) + s.weight() * self.miss * self.miss)
    }

    fn gradient(&self, factor: f64, g: &mut [f64]) {
        let d = self.slope.len();
        let pull = -factor * self.summary.weight() * self.miss;
        for j in 0..d {
            g[j] = factor * self.slope[j] + pull * self.summary.mean_x()[j];
        }
        if self.intercept {
            g[d] = pull;
        }
    }
}

/// `out += factor (S_xx + n [mean_x, 1] [mean_x, 1]')`.
fn add_products(summary: &Summary, intercept: bool, factor: f64, out: &mut [f64]) {
    let (level, d) = (default_level(), summary.features());
    let m = d + usize::from(intercept);
    let mean = |j: usize| if j < d { summary.mean_x()[j] } else { 1.0 };
    for (i, row) in out.chunks_exact_mut(m).enumerate() {
        if i < d {
            axpy(level, factor, summary.xx().row(i), &mut row[..d]);
        }
        let pull = factor * summary.weight() * mean(i);
        axpy(level, pull, summary.mean_x(), &mut row[..d]);
        if intercept {
            row[d] += pull;
        }
    }
}
