//! The linear methods by name: those that need nothing but the tasks, and those that are told how the tasks are related.

use alloc::{boxed::Box, vec, vec::Vec};

use crate::mtl::Kind;
use crate::mtl::linear::random_effects::RandomEffects;
use crate::mtl::linear::{
    Clustered, Dirty, Elastic, FitSettings, Graph, Icm, Independent, L1, L21, LinearMethod,
    MeanRegularised, Mtrl, Pooled, Robust, SharedSpecific, TaskGroup, Trace, Tree, TreeLasso,
    TreeNode,
};

/// Makes a method with its default settings, but for the tolerance if one is given.
type Make = fn(Option<f64>) -> Box<dyn LinearMethod>;

/// Whether a method can learn tasks of these kinds together.
type Learns = fn(&[Kind]) -> bool;

/// The methods that need nothing but the tasks, from the simplest up.
const METHODS: [(&str, Make, Learns); 13] = [
    (
        "pooled",
        |tol| {
            let own = Pooled::default();
            Box::new(own.with_settings(within(tol, own.settings)))
        },
        alike,
    ),
    (
        "independent",
        |tol| {
            let own = Independent::default();
            Box::new(own.with_settings(within(tol, own.settings)))
        },
        any,
    ),
    (
        "mean-regularised",
        |tol| {
            let own = MeanRegularised::default();
            Box::new(own.with_settings(within(tol, own.settings)))
        },
        alike,
    ),
    (
        "shared-specific",
        |tol| {
            let own = SharedSpecific::default();
            Box::new(own.with_settings(within(tol, own.settings)))
        },
        alike,
    ),
    (
        "random-effects",
        |_| Box::new(RandomEffects::default()),
        numbers,
    ),
    (
        "mtrl",
        |tol| {
            let own = Mtrl::default();
            Box::new(own.with_settings(within(tol, own.settings)))
        },
        alike,
    ),
    (
        "clustered",
        |tol| {
            let own = Clustered::default();
            Box::new(own.with_settings(within(tol, own.settings)))
        },
        alike,
    ),
    (
        "l21",
        |tol| {
            let own = L21::default();
            Box::new(own.with_settings(within(tol, own.settings)))
        },
        any,
    ),
    (
        "l1",
        |tol| {
            let own = L1::default();
            Box::new(own.with_settings(within(tol, own.settings)))
        },
        any,
    ),
    (
        "elastic",
        |tol| {
            let own = Elastic::default();
            Box::new(own.with_settings(within(tol, own.settings)))
        },
        any,
    ),
    (
        "trace",
        |tol| {
            let own = Trace::default();
            Box::new(own.with_settings(within(tol, own.settings)))
        },
        any,
    ),
    (
        "dirty",
        |tol| {
            let own = Dirty::default();
            Box::new(own.with_settings(within(tol, own.settings)))
        },
        any,
    ),
    (
        "robust",
        |tol| {
            let own = Robust::default();
            Box::new(own.with_settings(within(tol, own.settings)))
        },
        any,
    ),
];

/// A method's own settings, but for the tolerance if one is given.
fn within(tol: Option<f64>, own: FitSettings) -> FitSettings {
    own.with_tol(tol.unwrap_or(own.tol))
}

/// Relations of whole tasks relate them link by link.
fn alike(kinds: &[Kind]) -> bool {
    kinds.windows(2).all(|k| k[0].links() == k[1].links())
}

/// The likelihood is that of a normal distribution.
fn numbers(kinds: &[Kind]) -> bool {
    kinds.iter().all(|kind| *kind == Kind::Number)
}

/// Norms take any links side by side.
fn any(_: &[Kind]) -> bool {
    true
}

/// The names of the methods that need nothing but the tasks and can learn tasks of these kinds together, from the simplest up.
pub fn linear_methods(kinds: &[Kind]) -> impl Iterator<Item = &'static str> {
    let able = METHODS.iter().filter(|(_, _, learns)| learns(kinds));
    able.map(|(name, ..)| *name)
}

/// The method called `name`, if it is one that needs nothing but the tasks: with its default settings, but for the tolerance if one is
/// given, a duality gap relative to the objective.
#[inline]
pub fn linear_method(name: &str, tol: Option<f64>) -> Option<Box<dyn LinearMethod>> {
    let found = METHODS.iter().find(|(own, ..)| *own == name);
    found.map(|(_, make, _)| make(tol))
}

/// What is known of how tasks are related.
#[derive(Clone, Debug, PartialEq)]
pub enum Relation {
    /// They are nested.
    Tree(Tree),
    /// Pairs of them are alike.
    Graph(Graph),
    /// They have a covariance.
    Icm(Icm),
}

impl Relation {
    /// The names of the methods that use it.
    pub fn methods(&self) -> Vec<&'static str> {
        match self {
            Self::Tree(_) => vec!["tree", "tree-lasso"],
            Self::Graph(_) => vec!["graph"],
            Self::Icm(_) => vec!["icm"],
        }
    }

    /// The method called `name` for `tasks`, if it uses such a relation.
    #[inline]
    pub fn method(&self, name: &str, tasks: &[&str]) -> Option<Box<dyn LinearMethod>> {
        match (self, name) {
            (Self::Tree(tree), "tree") => Some(Box::new(tree.clone())),
            (Self::Tree(tree), "tree-lasso") => Some(Box::new(TreeLasso::new(groups(tree, tasks)))),
            (Self::Graph(graph), "graph") => Some(Box::new(graph.clone())),
            (Self::Icm(icm), "icm") => Some(Box::new(icm.clone())),
            _ => None,
        }
    }
}

/// A group a node of the tree: the tasks at and below it, with its strength.
fn groups(tree: &Tree, tasks: &[&str]) -> Vec<TaskGroup> {
    let parent = |name: &str| {
        let node = tree.nodes.iter().find(|node| node.name == name)?;
        node.parent.as_deref()
    };
    let group = |node: &TreeNode| {
        let below = |task: &&&str| {
            let mut line = core::iter::successors(Some(**task), |name| parent(name));
            line.any(|name| name == node.name)
        };
        let own: Vec<&str> = tasks.iter().filter(below).copied().collect();
        TaskGroup::new(&own, node.lambda)
    };
    tree.nodes.iter().map(group).collect()
}
