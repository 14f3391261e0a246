//! How tasks are related: one precision matrix, kept as the structure that it comes from.
//!
//! Every soft relation is a penalty `1/2 tr(W K^-1 W')` on the tasks' coefficients, column t of `W: d x T` being task t's. Seldom is K the
//! best way to write it down. A [`Relation`] is a set of *nodes*, each with coefficients `v_n` of its own, such that
//! ```text
//! w_t = v_(node of t)                                   tasks sit on nodes; a node without a task is a hidden one
//! penalty = sum_n ridge_n/2 ||v_n||^2 + sum_(m,n) q_mn/2 ||v_m - v_n||^2
//! ```
//! and hidden nodes are minimised over. A few nodes and springs say what T x T numbers would:
//! ```text
//! independent          a node a task, each with a ridge
//! pooled               one node, on which all tasks sit
//! mean-regularised     a ridge on each task's node, a spring q from it to a hidden node, which is then the tasks' mean
//! shared + specific    a ridge mu on a hidden node, phi, and a spring nu from it to each task's: v_t - phi is the specific part
//! tree                 a ridge on the roots, a spring from each node to its parent
//! graph                a ridge on each task's node, a spring an edge: the graph's Laplacian
//! ```
//! A dense K is diagonalised instead: its eigenvectors are the nodes, `w_t = sum_n E_tn v_n`, with the inverse eigenvalues as ridges. An
//! eigenvalue of 0 leaves its node out, so K may be singular.
//!
//! **Intercepts** follow the springs and no ridge: differences between tasks are held as those of coefficients are, the common level is
//! free. So a stiff relation ends in the pooled fit with its one free intercept, a soft one in independent fits with one each. For a dense
//! K the same is `b_t = level + u_t`, u penalised by K as a coefficient is.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef};

use crate::check;
use crate::error::{Error, Result};
use crate::linalg::eigen;

/// The penalty on the tasks' coefficients.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    tasks: usize,
    pub(super) mix: Mix,
    pub(super) nodes: Vec<Ridge>,
    pub(super) springs: Vec<Spring>,
    /// The node of a task never seen.
    pub(super) unseen: Option<usize>,
}

/// What tasks are made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mix {
    /// Each task is a node.
    Node(Vec<usize>),
    /// Each task is a sum over the nodes with these factors, `T x (N - 1)`; the last node is the common level of the intercepts.
    Factors(Vec<f64>),
}

/// A node's pull towards 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Ridge {
    pub coef: f64,
    pub intercept: f64,
}

/// A pull of two nodes towards each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spring {
    pub ends: (usize, usize),
    pub stiffness: f64,
}

/// A node of a [`tree`](Relation::tree), known by its place among them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Branch {
    /// The node above; none for a root.
    pub parent: Option<usize>,
    /// Factor of `1/2 ||u||^2`, u the node's difference from its parent, or a root's own coefficients.
    pub lambda: f64,
}

impl Relation {
    /// `ridge/2 ||W||^2`: nothing is shared.
    ///
    /// # Errors
    /// If `ridge` is not above 0.
    pub fn independent(tasks: usize, ridge: f64) -> Result<Self> {
        positive("lambda", ridge)?;
        Ok(Self::on_nodes(tasks, ridge))
    }

    /// One `w` for all tasks, `T ridge/2 ||w||^2`: nothing but what is shared.
    ///
    /// # Errors
    /// If `ridge` is not above 0.
    pub fn pooled(tasks: usize, ridge: f64) -> Result<Self> {
        positive("lambda", ridge)?;
        Ok(Self {
            tasks,
            mix: Mix::Node(vec![0; tasks]),
            unseen: Some(0),
            ..Self::on_nodes(1, tasks as f64 * ridge)
        })
    }

    /// `rho/2 sum_t ||w_t - mean||^2 + eps/2 ||W||^2` (Evgeniou and Pontil 2004).
    ///
    /// # Errors
    /// If `rho` is negative or `eps` not above 0.
    pub fn mean_regularised(tasks: usize, rho: f64, eps: f64) -> Result<Self> {
        check::setting("rho", "at least 0", rho, rho >= 0.0)?;
        positive("eps", eps)?;
        let mut relation = Self::on_nodes(tasks, eps);
        if rho > 0.0 {
            relation.hang(rho, Ridge::default());
        }
        Ok(relation)
    }

    /// `w_t = phi + v_t` with `mu/2 ||phi||^2 + nu/2 sum_t ||v_t||^2`, that is `K = 11'/mu + I/nu`.
    ///
    /// # Errors
    /// If `mu` or `nu` is not above 0.
    pub fn shared_specific(tasks: usize, mu: f64, nu: f64) -> Result<Self> {
        positive("mu", mu)?;
        positive("nu", nu)?;
        let mut relation = Self::on_nodes(tasks, 0.0);
        relation.hang(nu, Ridge::of(mu));
        Ok(relation)
    }

    /// A tree, or several: each node's coefficients are its parent's and a part `u` of its own, `sum lambda/2 ||u||^2`; task t sits on
    /// node `place[t]` (Gopal and Yang 2013).
    ///
    /// # Errors
    /// If a `lambda` is not above 0, parents run in a circle, or a parent or place is no node.
    pub fn tree(nodes: &[Branch], place: &[usize]) -> Result<Self> {
        for (n, node) in nodes.iter().enumerate() {
            positive("lambda", node.lambda)?;
            let mut above = core::iter::successors(node.parent, |&p| nodes.get(p)?.parent);
            let lost = above.by_ref().take(nodes.len()).any(|p| p >= nodes.len());
            if lost || above.next().is_some() {
                return Err(no_node("the parent of a node", n));
            }
        }
        if let Some(t) = place.iter().position(|&n| n >= nodes.len()) {
            return Err(no_node("the place of a task", t));
        }
        let ridge = |node: &Branch| match node.parent {
            None => Ridge::of(node.lambda),
            Some(_) => Ridge::default(),
        };
        let springs = nodes.iter().enumerate().filter_map(|(n, node)| {
            let ends = (node.parent?, n);
            Some(Spring {
                ends,
                stiffness: node.lambda,
            })
        });
        let mut roots = (0..nodes.len()).filter(|&n| nodes[n].parent.is_none());
        let (root, second) = (roots.next(), roots.next());
        Ok(Self {
            tasks: place.len(),
            mix: Mix::Node(place.to_vec()),
            nodes: nodes.iter().map(ridge).collect(),
            springs: springs.collect(),
            unseen: root.filter(|_| second.is_none()),
        })
    }

    /// `sum over edges (s, t, weight) of weight/2 ||w_s - w_t||^2 + eps/2 ||W||^2`.
    ///
    /// # Errors
    /// If a weight is negative, `eps` is not above 0, or an edge's end is no task.
    pub fn graph(tasks: usize, edges: &[(usize, usize, f64)], eps: f64) -> Result<Self> {
        positive("eps", eps)?;
        let mut relation = Self::on_nodes(tasks, eps);
        for (at, &(s, t, weight)) in edges.iter().enumerate() {
            check::setting("the weight of an edge", "at least 0", weight, weight >= 0.0)?;
            if s.max(t) >= tasks {
                return Err(no_node("an end of an edge", at));
            }
            if s != t && weight > 0.0 {
                relation.springs.push(Spring {
                    ends: (s, t),
                    stiffness: weight,
                });
            }
        }
        Ok(relation)
    }

    /// `scale/2 tr(W K^-1 W')` for a covariance `k: T x T` of the tasks, which may be singular: W then stays in its range.
    ///
    /// # Errors
    /// If `scale` is not above 0, or `k` is not square, finite, symmetric and positive semidefinite.
    #[inline]
    pub fn covariance(k: MatRef<'_, f64>, scale: f64) -> Result<Self> {
        positive("lambda", scale)?;
        let (values, vectors) = spectrum("the covariance of the tasks", k)?;
        let noise = noise(&values);
        let ridges = values.iter().map(|&v| (v > noise).then(|| scale / v));
        Ok(Self::factored(&ridges.collect::<Vec<_>>(), &vectors))
    }

    /// `1/2 tr(W P W')` for a precision `p: T x T` of the tasks, which may be singular: what it does not see is free.
    ///
    /// # Errors
    /// If `p` is not square, finite, symmetric and positive semidefinite.
    #[inline]
    pub fn precision(p: MatRef<'_, f64>) -> Result<Self> {
        let (values, vectors) = spectrum("the precision of the tasks", p)?;
        let noise = noise(&values);
        let ridges = values
            .iter()
            .map(|&v| Some(if v > noise { v } else { 0.0 }));
        Ok(Self::factored(&ridges.collect::<Vec<_>>(), &vectors))
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// A node a task, each with this ridge.
    fn on_nodes(tasks: usize, ridge: f64) -> Self {
        Self {
            tasks,
            mix: Mix::Node((0..tasks).collect()),
            nodes: vec![Ridge::of(ridge); tasks],
            springs: Vec::new(),
            unseen: None,
        }
    }

    /// Adds a hidden node with a spring to every other.
    fn hang(&mut self, stiffness: f64, ridge: Ridge) {
        let hidden = self.nodes.len();
        let spring = |n| Spring {
            ends: (hidden, n),
            stiffness,
        };
        self.springs.extend((0..hidden).map(spring));
        self.nodes.push(ridge);
        self.unseen = Some(hidden);
    }

    /// Nodes along `vectors: T x T`, orthonormal rows, with these ridges.
    #[inline]
    pub(super) fn along(vectors: &[f64], ridges: &[f64]) -> Self {
        let ridges: Vec<Option<f64>> = ridges.iter().copied().map(Some).collect();
        Self::factored(&ridges, vectors)
    }

    /// Nodes along the eigenvectors, rows of `vectors: T x T`, that have a ridge, and one for the level of the intercepts.
    fn factored(ridges: &[Option<f64>], vectors: &[f64]) -> Self {
        let tasks = ridges.len();
        let kept: Vec<usize> = (0..tasks).filter(|&i| ridges[i].is_some()).collect();
        let factors = (0..tasks).flat_map(|t| kept.iter().map(move |&i| vectors[i * tasks + t]));
        let both = |&coef: &f64| Ridge {
            coef,
            intercept: coef,
        };
        let mut nodes: Vec<Ridge> = ridges.iter().flatten().map(both).collect();
        nodes.push(Ridge::of(1.0));
        Self {
            tasks,
            mix: Mix::Factors(factors.collect()),
            nodes,
            springs: Vec::new(),
            unseen: None,
        }
    }
}

impl Ridge {
    /// On the coefficients alone.
    fn of(coef: f64) -> Self {
        Self {
            coef,
            intercept: 0.0,
        }
    }
}

fn positive(name: &'static str, value: f64) -> Result<()> {
    check::setting(name, "above 0", value, value > 0.0)
}

fn no_node(name: &'static str, found: usize) -> Error {
    Error::Setting {
        name,
        must: "one of the nodes, none above itself",
        found: found as f64,
    }
}

/// Eigenvalues and, as rows, eigenvectors of a symmetric positive semidefinite matrix.
#[inline]
fn spectrum(argument: &'static str, m: MatRef<'_, f64>) -> Result<(Vec<f64>, Vec<f64>)> {
    let n = m.rows();
    check::shape(argument, (n, m.cols()), (n, n))?;
    check::matrix(argument, m)?;
    let (mut values, mut vectors) = (vec![0.0; n * n], vec![0.0; n * n]);
    MatMut::planned(&mut values, n, n).copy_from(m);
    let size = values.iter().fold(0.0f64, |top, v| top.max(v.abs()));
    let skewed = |i: usize| (0..i).any(|j| (m.at(i, j) - m.at(j, i)).abs() > 1e-12 * size);
    if let Some(pivot) = (0..n).find(|&i| skewed(i)) {
        return Err(Error::NotPositiveDefinite { pivot });
    }
    eigen(
        MatMut::planned(&mut values, n, n),
        MatMut::planned(&mut vectors, n, n),
    );
    let values: Vec<f64> = (0..n).map(|i| values[i * n + i]).collect();
    if values[0] < -noise(&values) {
        return Err(Error::NotPositiveDefinite { pivot: 0 });
    }
    Ok((values, vectors))
}

/// Eigenvalues up to this are 0 but for rounding.
fn noise(values: &[f64]) -> f64 {
    values.len() as f64 * 16.0 * f64::EPSILON * values.iter().fold(0.0, |top, v| v.abs().max(top))
}
