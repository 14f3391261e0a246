//! A task's own classes: its labels counted through, and logits for as many.

use alloc::{collections::BTreeSet, vec, vec::Vec};

use crate::data::levels::Levels;
use crate::error::{Error, Result};

/// Each row's place among the classes that its task has.
#[inline]
pub(super) fn own(labels: &[u32], tasks: &[u32]) -> Vec<u32> {
    let count = tasks.iter().max().map_or(0, |&top| top as usize + 1);
    let mut met = vec![BTreeSet::new(); count];
    for (&label, &task) in labels.iter().zip(tasks) {
        met[task as usize].insert(label);
    }
    let sorted: Vec<Vec<u32>> = met.into_iter().map(|m| m.into_iter().collect()).collect();
    let place = |(label, &task): (&u32, &u32)| {
        let classes = &sorted[task as usize];
        classes.partition_point(|class| class < label) as u32
    };
    labels.iter().zip(tasks).map(place).collect()
}

/// Classes of all tasks, counted through task after task; `own` are each task's from 0 on.
pub(super) fn apart(own: &[u32], tasks: &[u32]) -> Vec<u32> {
    let count = tasks.iter().max().map_or(0, |&top| top as usize + 1);
    let mut classes = vec![0; count];
    for (&label, &task) in own.iter().zip(tasks) {
        let most: &mut u32 = &mut classes[task as usize];
        *most = (*most).max(label + 1);
    }
    let mut before = 0;
    for classes in &mut classes {
        before += core::mem::replace(classes, before);
    }
    let pairs = own.iter().zip(tasks);
    pairs
        .map(|(&label, &task)| classes[task as usize] + label)
        .collect()
}

/// The levels that have a row, in their order.
#[inline]
pub(super) fn present(labels: &[u32], levels: &Levels) -> Result<Levels> {
    let met: BTreeSet<u32> = labels.iter().copied().collect();
    if met.len() < 2 {
        return Err(Error::OneClass);
    }
    let names = met
        .iter()
        .map(|&class| levels.names()[class as usize].clone());
    Levels::from_names(names.collect())
}

/// A network's last layer cut to the first `classes` logits; two of them become one, their difference.
pub(super) fn logits_of(
    classes: usize,
    mut sizes: Vec<usize>,
    params: Vec<f32>,
) -> Result<(Vec<usize>, Vec<f32>)> {
    let outputs = sizes.pop().unwrap_or(0);
    let inputs = sizes[sizes.len() - 1];
    if classes > outputs {
        return Err(Error::Setting {
            name: "the number of classes",
            must: "at most that of the tasks in training",
            found: classes as f64,
        });
    }
    // Weights row by row, then biases: rows of one shape.
    let (body, last) = params.split_at(params.len() - (inputs + 1) * outputs);
    let mut params = body.to_vec();
    for row in last.chunks_exact(outputs) {
        match classes {
            2 => params.push(row[1] - row[0]),
            _ => params.extend_from_slice(&row[..classes]),
        }
    }
    sizes.push(if classes == 2 { 1 } else { classes });
    Ok((sizes, params))
}
