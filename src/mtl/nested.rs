//! Nested labels: classes in a tree, `p(child) = p(parent) p(child | parent)`.
//!
//! A label is a node of the tree, usually a leaf. At a node of several children a **choice** is made among them, and so above the tops
//! if there are several. Let `a_1, .., a_m` be the choices on the way to the label's node, each with the child `c_j` that the way takes:
//! ```text
//! log p(label) = sum over j of log p(c_j | a_j)
//! ```
//! So the log-likelihood falls apart into one softmax (or logistic) loss a choice, on the rows whose label lies below it: a choice is a
//! task, its labels are the children, and on every other row its label is missing. Whatever fits a [`TaskSet`], linear or a network, fits
//! the tree, and where it is convex for a task it stays convex. A label that is no leaf leaves the choices below it missing too: what is
//! known of a row is used, no more.
//!
//! Going down the tree turns the choices' links into the probability of every node; those of the leaves sum to one.

use alloc::{string::String, vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real};

use super::{Kind, Task, TaskSet};
use crate::check;
use crate::error::{Error, Result};

/// What the choice above several tops is called.
const TOP: &str = "(top)";

/// Classes in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassTree {
    names: Vec<String>,
    parents: Vec<Option<usize>>,
    /// Parents before children; a choice where there are several children.
    branches: Vec<Branch>,
}

/// A node, or the place above the tops, with what lies directly below.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Branch {
    node: Option<usize>,
    children: Vec<usize>,
}

impl ClassTree {
    /// The tree of nodes with their parents' names, in any order; a node without a parent is a top.
    ///
    /// # Errors
    /// [`Error::Empty`] without a node; [`Error::Task`] names a node that is there twice, has a parent that is not there, or is below
    /// itself.
    #[inline]
    pub fn new(nodes: &[(&str, Option<&str>)]) -> Result<Self> {
        check::not_empty("nodes", nodes.len())?;
        let place = |name: &str| nodes.iter().position(|(other, _)| *other == name);
        let mut parents = Vec::with_capacity(nodes.len());
        for (k, &(name, parent)) in nodes.iter().enumerate() {
            if place(name) != Some(k) {
                return Err(Error::task(name, "is the name of two nodes"));
            }
            let found = parent.map(place);
            if found == Some(None) {
                return Err(Error::task(name, "has a parent that is not in the tree"));
            }
            parents.push(found.flatten());
        }
        let mut tree = Self {
            names: nodes.iter().map(|(name, _)| (*name).into()).collect(),
            parents,
            branches: Vec::new(),
        };
        if let Some(node) = (0..tree.len()).find(|&node| tree.is_below_itself(node)) {
            return Err(Error::task(&tree.names[node], "is below itself"));
        }
        tree.add_branches(None);
        Ok(tree)
    }

    /// Whether the way up from `node` never ends.
    fn is_below_itself(&self, node: usize) -> bool {
        let mut way = Some(node);
        for _ in 0..self.len() {
            way = way.and_then(|node| self.parents[node]);
        }
        way.is_some()
    }

    /// The branch at `node` and all below it.
    fn add_branches(&mut self, node: Option<usize>) {
        let below = |child: &usize| self.parents[*child] == node;
        let children: Vec<usize> = (0..self.len()).filter(below).collect();
        if children.is_empty() {
            return;
        }
        self.branches.push(Branch {
            node,
            children: children.clone(),
        });
        for child in children {
            self.add_branches(Some(child));
        }
    }

    /// The branches of several children.
    fn forks(&self) -> impl Iterator<Item = &Branch> {
        self.branches
            .iter()
            .filter(|branch| branch.children.len() > 1)
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no nodes; never.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The nodes' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The place of the node called `name`.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| other == name)
    }

    /// The parent of `node`; none of a top.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn parent(&self, node: usize) -> Option<usize> {
        self.parents[node]
    }

    /// The nodes without children, in order.
    pub fn leaves(&self) -> impl Iterator<Item = usize> + '_ {
        let is_parent = |node| self.parents.contains(&Some(node));
        (0..self.len()).filter(move |&node| !is_parent(node))
    }

    /// The choices as tasks: names and kinds, parents before children. A choice has the name of its node, the one above the tops is
    /// called `(top)`.
    pub fn choices(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.forks().map(|fork| {
            let name = fork.node.map_or(TOP, |node| self.names[node].as_str());
            (name, Kind::Classes(fork.children.len()))
        })
    }

    /// The choices with the labels that rows of these nodes give them; `None` for a row whose label is missing.
    ///
    /// # Errors
    /// [`Error::Label`] if a label is no node.
    #[inline]
    pub fn tasks(&self, labels: &[Option<u32>]) -> Result<Vec<Task>> {
        let classes = self.len();
        let mut targets: Vec<Vec<(u32, f64)>> = vec![Vec::new(); self.forks().count()];
        for (row, &label) in labels.iter().enumerate() {
            let Some(found) = label else { continue };
            if found as usize >= classes {
                return Err(Error::Label {
                    row,
                    found,
                    classes,
                });
            }
            let way: Vec<usize> = self.way_up(found as usize).collect();
            for (fork, targets) in self.forks().zip(&mut targets) {
                let taken = fork.children.iter().position(|child| way.contains(child));
                targets.extend(taken.map(|child| (row as u32, child as f64)));
            }
        }
        let named = self.choices().zip(targets);
        let task = |((name, kind), targets): ((&str, Kind), Vec<(u32, f64)>)| {
            Task::new(name, kind, targets.into_iter())
        };
        Ok(named.map(task).collect())
    }

    /// The choices as a task set on `x: n x d`: see [`ClassTree::tasks`].
    ///
    /// # Errors
    /// As [`ClassTree::tasks`] and [`TaskSet::new`]; [`Error::Shape`] if there is not a label a row.
    pub fn set<'a, T: Real>(
        &self,
        x: MatRef<'a, T>,
        labels: &[Option<u32>],
        sample_weight: Option<&'a [T]>,
    ) -> Result<TaskSet<'a, T>> {
        check::shape("labels", (labels.len(), 1), (x.rows(), 1))?;
        TaskSet::new(x, sample_weight, self.tasks(labels)?)
    }

    /// The node and all above it.
    fn way_up(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        core::iter::successors(Some(node), |&node| self.parents[node])
    }

    /// Columns of the choices' links, side by side.
    pub fn links(&self) -> usize {
        self.choices().map(|(_, kind)| kind.links()).sum()
    }

    /// `log p(node)` of every node, from the choices' `links: n x K`, side by side, into `out: n x nodes`. A way down is a sum of
    /// logarithms: no probability underflows.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn log_probabilities<T: Real>(&self, links: MatRef<'_, T>, mut out: MatMut<'_, T>) {
        assert_eq!(links.cols(), self.links(), "a column a link");
        let fits = (out.rows(), out.cols()) == (links.rows(), self.len());
        assert!(fits, "a row a row, a column a node");
        let mut known = vec![T::ZERO; self.len()];
        for i in 0..links.rows() {
            let row: Vec<T> = (0..links.cols()).map(|j| links.at(i, j)).collect();
            self.go_down(&row, &mut known);
            for (node, &log_p) in known.iter().enumerate() {
                out.set(i, node, log_p);
            }
        }
    }

    /// The most probable leaf, of one row's log-probabilities of every node; the first of equals.
    ///
    /// # Panics
    /// If there is not a number a node.
    #[track_caller]
    pub fn most_probable_leaf<T: Real>(&self, log_probabilities: &[T]) -> usize {
        assert_eq!(log_probabilities.len(), self.len(), "a number a node");
        let of = |leaf: usize| log_probabilities[leaf];
        let better = |best: usize, leaf: usize| if of(leaf) > of(best) { leaf } else { best };
        self.leaves().reduce(better).expect("a tree has leaves")
    }

    /// The log-probability of every node into `known`, of a row's links.
    fn go_down<T: Real>(&self, mut links: &[T], known: &mut [T]) {
        for Branch { node, children } in &self.branches {
            let above = node.map_or(T::ZERO, |node| known[node]);
            if let [only] = children[..] {
                known[only] = above;
                continue;
            }
            let own;
            (own, links) = links.split_at(Kind::Classes(children.len()).links());
            log_shares(own, |j, log_share| known[children[j]] = above + log_share);
        }
    }
}

/// Calls `put` with each child and `log p(child | parent)`, of a choice's links: one for two children, else one a child.
fn log_shares<T: Real>(links: &[T], mut put: impl FnMut(usize, T)) {
    if let &[logit] = links {
        put(0, -logit.softplus());
        put(1, -(-logit).softplus());
        return;
    }
    let top = links.iter().fold(links[0], |top, &z| top.max(z));
    let shares = links.iter().map(|&z| (z - top).exp());
    let log_total = shares.fold(T::ZERO, |total, share| total + share).ln();
    for (j, &z) in links.iter().enumerate() {
        put(j, z - top - log_total);
    }
}
