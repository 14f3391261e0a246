//! Tree-guided group lasso (Kim and Xing 2010): a tree of groups of tasks says who is likely to use the same features.
//! ```text
//! lambda sum_j sum_g c_g ||W_(j, g)||_2            W_(j, g): the weights of feature j in the tasks of group g
//! ```
//! Groups are nested or apart. With single tasks as the only groups this is [`L1`](super::L1), with all tasks as the only group
//! [`L21`](super::L21); in a tree a feature may be out for a whole branch, or for a leaf of it.

use alloc::{string::String, vec, vec::Vec};

use super::tree::TaskTree;
use super::{Columns, Norm, Parts, Penalty, Proximal, TOL};
use crate::check;
use crate::error::{Error, Result};
use crate::mtl::linear::convex::{Convex, Form};
use crate::mtl::linear::{FitSettings, Learned, TreeNode};

/// Tasks that are likely to use the same features.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskGroup {
    /// Their names.
    pub tasks: Vec<String>,
    /// What a feature costs in this group, 0 or more.
    pub weight: f64,
}

impl TaskGroup {
    /// A group of the tasks called so.
    pub fn new(tasks: &[&str], weight: f64) -> Self {
        Self {
            tasks: tasks.iter().map(|&name| name.into()).collect(),
            weight,
        }
    }
}

/// Joint sparsity by nested groups of tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeLasso {
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// The groups, in any order. Each task is in one of positive weight at least.
    pub groups: Vec<TaskGroup>,
    /// How it is fitted; the tolerance's default is 1e-8 here.
    pub settings: FitSettings,
}

impl TreeLasso {
    /// These groups at strength 1.
    pub fn new(groups: Vec<TaskGroup>) -> Self {
        Self {
            lambda: 1.0,
            groups,
            settings: FitSettings::default().with_tol(TOL),
        }
    }

    /// At strength 1 a group for each node of a tree: the tasks at the leaves below it, or the task that it is, at the node's own
    /// strength. A node that is only a parent is no group.
    pub fn of_tree(nodes: &[TreeNode]) -> Self {
        let children = |name: &str| -> Vec<&TreeNode> {
            let below = |node: &&TreeNode| node.parent.as_deref() == Some(name);
            nodes.iter().filter(below).collect()
        };
        let group = |node: &TreeNode| {
            let (mut tasks, mut open, mut visited) = (Vec::new(), vec![node], 0);
            // In a circle there are no leaves, but an end to the nodes.
            while let Some(node) = open.pop().filter(|_| visited <= nodes.len()) {
                visited += 1;
                let below = children(&node.name);
                if below.is_empty() {
                    tasks.push(node.name.clone());
                }
                open.extend(below);
            }
            TaskGroup {
                tasks,
                weight: node.lambda,
            }
        };
        Self::new(nodes.iter().map(group).collect())
    }

    /// Sets [`TreeLasso::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets the settings of the fit.
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for TreeLasso {
    const NAME: &'static str = "tree-lasso";

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
        Form::Norms(self)
    }
}

impl Proximal for TreeLasso {
    #[inline]
    fn penalty(&self, columns: &Columns<'_>) -> Result<Penalty> {
        let mut of_columns = Vec::new();
        for TaskGroup {
            tasks: names,
            weight,
        } in &self.groups
        {
            check::setting(
                "the weight of a group",
                "0 or more",
                *weight,
                *weight >= 0.0,
            )?;
            let mut group = Vec::new();
            for name in names {
                let place = columns.names.iter().position(|other| other == name);
                let place = place
                    .ok_or_else(|| Error::task(name, "is in a group, but not among the tasks"))?;
                group.extend(columns.of_task[place].clone());
            }
            of_columns.push((group, *weight));
        }
        let tree = TaskTree::new(of_columns).ok_or(Error::Setting {
            name: "the number of groups that overlap without one holding the other, or are empty",
            must: "0",
            found: 1.0,
        })?;
        let mut places = columns.names.iter().zip(&columns.of_task);
        match places.find(|(_, columns)| !tree.penalises(columns.start)) {
            Some((name, _)) => Err(Error::task(name, "is in no group of positive weight")),
            None => Ok(Penalty::of(Norm::Tree(tree))),
        }
    }

    fn learned(&self, parts: &Parts) -> Vec<Learned> {
        vec![parts.support(0)]
    }
}
