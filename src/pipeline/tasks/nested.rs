//! Labels that are nodes of a tree: one target outside, a choice at each fork inside.
//!
//! The target's classes are the tree's leaves. A linear method or a network learns each choice as a task ([`ClassTree`]), on the rows whose
//! label lies below it; going down the tree turns its links into the leaves' probabilities. A label may be an inner node: the choices
//! below it are then missing, and those above are learned.

use alloc::{string::ToString, vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real};

use super::{Response, TaskModel, TaskTraining};
use crate::data::levels::Levels;
use crate::error::{Error, Result};
use crate::mtl::{self, ClassTree};

/// What a model of nested labels predicts: the leaves, in the tree's order.
#[inline]
pub(super) fn leaves(tree: &ClassTree) -> Result<Response> {
    let names: Vec<&str> = tree.names().collect();
    let leaves = tree.leaves().map(|leaf| names[leaf].to_string());
    Ok(Response::Classes(Levels::from_names(leaves.collect())?))
}

/// The one task of `training` as the choices that its labels, nodes of the tree by their classes' names, make.
#[inline]
pub(super) fn choices(tree: &ClassTree, training: &TaskTraining<'_>) -> Result<Vec<mtl::Task>> {
    let [task] = training.tasks else {
        return Err(Error::Shape {
            argument: "tasks",
            expected: (1, 1),
            found: (training.tasks.len(), 1),
        });
    };
    let Response::Classes(levels) = &task.response else {
        return Err(Error::task(
            &task.name,
            "predicts a number, not the nodes of a tree",
        ));
    };
    let node = |name: &str| {
        let found = tree.find(name).map(|node| node as u32);
        found.ok_or_else(|| Error::task(&task.name, "has a class that is no node of the tree"))
    };
    let nodes = levels.names().iter().map(|name| node(name));
    let nodes: Vec<u32> = nodes.collect::<Result<_>>()?;
    let mut labels = vec![None; training.rows.len()];
    let own = task.on(training.rows);
    for (&row, &class) in own.rows.iter().zip(&own.labels) {
        labels[row as usize] = nodes.get(class as usize).copied();
    }
    tree.tasks(&labels)
}

impl TaskModel {
    /// The leaves' probabilities for the rows of `x: n x d`: `n x leaves`, row-major.
    #[inline]
    pub(super) fn predict_leaves(&self, tree: &ClassTree, x: MatRef<'_, f64>) -> Result<Vec<f64>> {
        let links = self.links(x)?;
        let (n, nodes) = (x.rows(), tree.len());
        let mut log_p = vec![0.0; n * nodes];
        tree.log_probabilities(
            MatRef::planned(&links, n, tree.links()),
            MatMut::planned(&mut log_p, n, nodes),
        );
        let leaves: Vec<usize> = tree.leaves().collect();
        let of_row =
            |row: &[f64]| -> Vec<f64> { leaves.iter().map(|&leaf| Real::exp(row[leaf])).collect() };
        Ok(log_p.chunks(nodes).flat_map(of_row).collect())
    }
}
