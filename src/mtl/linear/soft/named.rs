//! Relations that are described task by task: a tree, a graph, a covariance.

use alloc::{collections::BTreeMap, string::String, vec, vec::Vec};

use cognate_kernels::MatRef;

use super::{Branch, Relation, Soft};
use crate::check;
use crate::error::{Error, Result};
use crate::mtl::linear::FitSettings;
use crate::mtl::linear::convex::{Convex, Form};

/// A node of a [`Tree`].
#[derive(Clone, Debug, PartialEq)]
pub struct TreeNode {
    /// Its name; a task's is the task's.
    pub name: String,
    /// The node above; none for a root. A parent that is not itself listed is a root of strength 1.
    pub parent: Option<String>,
    /// Its strength, above 0.
    pub lambda: f64,
}

/// Nested tasks: each node's coefficients are its parent's and a part of its own, `sum lambda_node/2 ||u_node||^2`, so that
/// `K_st = sum over common ancestors 1 / lambda` (Gopal and Yang 2013, recursive regularisation).
///
/// A task never seen has the root's part, where there is one root.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The nodes, in any order, the tasks' among them.
    pub nodes: Vec<TreeNode>,
    /// Factor of all strengths but the roots', above 0. Default 1.
    pub lambda: f64,
    /// How it is fitted.
    pub settings: FitSettings,
}

/// Two tasks that are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphEdge {
    /// One task's name.
    pub a: String,
    /// The other's.
    pub b: String,
    /// How alike, at least 0.
    pub weight: f64,
}

/// A graph of tasks: `lambda tr(W Lap W') + eps/2 ||W||^2`, which is `lambda sum over edges weight ||w_a - w_b||^2 + ..`.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The edges, each once.
    pub edges: Vec<GraphEdge>,
    /// How strongly tasks keep to their neighbours, at least 0. Default 1.
    pub lambda: f64,
    /// The ridge on each task, above 0. Default 0.1.
    pub eps: f64,
    /// How it is fitted.
    pub settings: FitSettings,
}

/// A given covariance of the tasks: `lambda/2 tr(W K^-1 W')`, the intrinsic model of coregionalisation with a linear kernel.
///
/// K may be singular; W then stays in its range.
#[derive(Clone, Debug, PartialEq)]
pub struct Icm {
    /// The tasks' names in the order of the covariance; more than the tasks are allowed.
    pub names: Vec<String>,
    /// K, row-major.
    pub covariance: Vec<f64>,
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// How it is fitted.
    pub settings: FitSettings,
}

impl TreeNode {
    /// A node without a parent.
    pub fn root(name: &str, lambda: f64) -> Self {
        Self {
            name: name.into(),
            parent: None,
            lambda,
        }
    }

    /// A node below another.
    pub fn below(parent: &str, name: &str, lambda: f64) -> Self {
        Self {
            parent: Some(parent.into()),
            ..Self::root(name, lambda)
        }
    }
}

impl Tree {
    /// The tree of these nodes.
    pub fn new(nodes: Vec<TreeNode>) -> Self {
        Self {
            nodes,
            lambda: 1.0,
            settings: FitSettings::default(),
        }
    }

    /// Sets [`Tree::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`settings`](field@Tree::settings).
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }

    /// The nodes' places by name, parents that are not listed behind those that are.
    #[inline]
    fn places(&self) -> Result<BTreeMap<&str, usize>> {
        let mut places = BTreeMap::new();
        for (n, node) in self.nodes.iter().enumerate() {
            if places.insert(node.name.as_str(), n).is_some() {
                return Err(Error::task(&node.name, "is the name of two nodes"));
            }
        }
        for parent in self.nodes.iter().filter_map(|node| node.parent.as_deref()) {
            let next = places.len();
            places.entry(parent).or_insert(next);
        }
        Ok(places)
    }
}

impl Convex for Tree {
    const NAME: &'static str = "tree";

    fn strength(&self) -> f64 {
        self.lambda
    }

    fn with_strength(self, lambda: f64) -> Self {
        self.with_lambda(lambda)
    }

    fn settings(&self) -> FitSettings {
        self.settings
    }

    #[inline]
    fn form(&self) -> Form<'_> {
        Form::Relation(self)
    }
}

impl Soft for Tree {
    #[inline]
    fn relation(&self, names: &[&str], lambda: f64) -> Result<Relation> {
        check::setting("lambda", "above 0", lambda, lambda > 0.0)?;
        let places = self.places()?;
        let root = Branch {
            parent: None,
            lambda: 1.0,
        };
        let mut branches = vec![root; places.len()];
        for (node, branch) in self.nodes.iter().zip(&mut branches) {
            branch.parent = node.parent.as_deref().map(|parent| places[parent]);
            let factor = if branch.parent.is_some() { lambda } else { 1.0 };
            branch.lambda = factor * node.lambda;
        }
        let place = |name: &str| places.get(name).copied();
        let place = find(names, place, "is no node of the tree")?;
        Relation::tree(&branches, &place)
    }

    fn unit(&self) -> f64 {
        let hanging = self.nodes.iter().filter(|node| node.parent.is_some());
        mean(hanging.map(|node| node.lambda)).recip()
    }
}

impl Graph {
    /// The graph of these edges.
    pub fn new(edges: Vec<GraphEdge>) -> Self {
        Self {
            edges,
            lambda: 1.0,
            eps: 0.1,
            settings: FitSettings::default(),
        }
    }

    /// Sets [`eps`](field@Graph::eps).
    pub fn with_eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// Sets [`Graph::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`settings`](field@Graph::settings).
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for Graph {
    const NAME: &'static str = "graph";

    fn strength(&self) -> f64 {
        self.lambda
    }

    fn with_strength(self, lambda: f64) -> Self {
        self.with_lambda(lambda)
    }

    fn settings(&self) -> FitSettings {
        self.settings
    }

    #[inline]
    fn form(&self) -> Form<'_> {
        Form::Relation(self)
    }
}

impl Soft for Graph {
    #[inline]
    fn relation(&self, names: &[&str], lambda: f64) -> Result<Relation> {
        check::setting("lambda", "at least 0", lambda, lambda >= 0.0)?;
        let all = names.iter().enumerate();
        let places: BTreeMap<&str, usize> = all.map(|(t, &name)| (name, t)).collect();
        let place = |name: &str| match places.get(name) {
            Some(&place) => Ok(place),
            None => Err(Error::task(
                name,
                "is in the graph, but not among the tasks",
            )),
        };
        let edge =
            |edge: &GraphEdge| Ok((place(&edge.a)?, place(&edge.b)?, 2.0 * lambda * edge.weight));
        let edges = self.edges.iter().map(edge).collect::<Result<Vec<_>>>()?;
        Relation::graph(places.len(), &edges, self.eps)
    }

    fn unit(&self) -> f64 {
        (2.0 * mean(self.edges.iter().map(|edge| edge.weight))).recip()
    }
}

impl Icm {
    /// The covariance `k`, T x T row-major, of the tasks called `names`.
    pub fn new(names: Vec<String>, covariance: Vec<f64>) -> Self {
        Self {
            names,
            covariance,
            lambda: 1.0,
            settings: FitSettings::default(),
        }
    }

    /// Sets [`Icm::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`settings`](field@Icm::settings).
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for Icm {
    const NAME: &'static str = "icm";

    fn strength(&self) -> f64 {
        self.lambda
    }

    fn with_strength(self, lambda: f64) -> Self {
        self.with_lambda(lambda)
    }

    fn settings(&self) -> FitSettings {
        self.settings
    }

    #[inline]
    fn form(&self) -> Form<'_> {
        Form::Relation(self)
    }
}

impl Soft for Icm {
    fn strongest(&self) -> f64 {
        10.0
    }

    #[inline]
    fn relation(&self, names: &[&str], lambda: f64) -> Result<Relation> {
        let n = self.names.len();
        let shape = (self.covariance.len(), 1);
        check::shape("the covariance of the tasks", shape, (n * n, 1))?;
        let all = self.names.iter().enumerate();
        let places: BTreeMap<&str, usize> = all.map(|(i, name)| (name.as_str(), i)).collect();
        let place = |name: &str| places.get(name).copied();
        let place = find(names, place, "is not among those of the covariance")?;
        let pairs = place
            .iter()
            .flat_map(|&s| place.iter().map(move |&t| s * n + t));
        let k: Vec<f64> = pairs.map(|at| self.covariance[at]).collect();
        Relation::covariance(MatRef::planned(&k, place.len(), place.len()), lambda)
    }

    fn unit(&self) -> f64 {
        let n = self.names.len();
        mean(self.covariance.iter().step_by(n + 1).copied())
    }
}

/// Every task's place.
fn find(
    names: &[&str],
    place: impl Fn(&str) -> Option<usize>,
    problem: &'static str,
) -> Result<Vec<usize>> {
    let of = |&name: &&str| place(name).ok_or_else(|| Error::task(name, problem));
    names.iter().map(of).collect()
}

/// The mean of positive numbers, 1 where there are none.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0, 0.0), |(n, sum), v| (n + 1, sum + v));
    if sum > 0.0 {
        sum / f64::from(count)
    } else {
        1.0
    }
}
