//! Which tasks share their rows, and where the columns of their weights lie.
//!
//! Tasks on the same rows make one product with X instead of one each. Their columns lie side by side: the columns of `W: d x K` are in
//! the order of the groups, not of the tasks.

use core::ops::Range;

use alloc::collections::BTreeMap;
use alloc::{vec, vec::Vec};

use crate::mtl::{Kind, TaskSet};

/// Tasks with the same rows, all of them numbers or all of them classes.
pub(super) struct Group {
    /// In the order of the set.
    pub(super) tasks: Vec<usize>,
    /// All their columns.
    pub(super) columns: Range<usize>,
    /// Whether they are numbers.
    pub(super) numbers: bool,
}

/// What a penalty may ask about the tasks: their names and columns.
#[derive(Clone, Debug)]
pub(in crate::mtl::linear) struct Columns<'a> {
    /// Features, `d`: rows of W.
    pub features: usize,
    /// Names, in the order of the set.
    pub names: Vec<&'a str>,
    /// The columns of each task.
    pub of_task: Vec<Range<usize>>,
}

impl<'a> Columns<'a> {
    #[inline]
    pub(super) fn of(tasks: &'a TaskSet<'_, f64>) -> Self {
        Self {
            features: tasks.features(),
            names: tasks.tasks().iter().map(|t| t.name.as_str()).collect(),
            of_task: groups(tasks).1,
        }
    }

    /// Columns in all, `K`.
    pub fn count(&self) -> usize {
        self.of_task.iter().map(|columns| columns.len()).sum()
    }

    /// The task of each column.
    pub fn tasks(&self) -> Vec<usize> {
        let mut task = vec![0; self.count()];
        for (t, columns) in self.of_task.iter().enumerate() {
            task[columns.clone()].fill(t);
        }
        task
    }
}

/// The groups of a set of tasks, in the order of their first tasks, and the columns of each task.
#[inline]
pub(super) fn groups(tasks: &TaskSet<'_, f64>) -> (Vec<Group>, Vec<Range<usize>>) {
    let mut places = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (t, task) in tasks.tasks().iter().enumerate() {
        let numbers = task.kind == Kind::Number;
        let place = *places
            .entry((numbers, task.rows.as_slice()))
            .or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group {
                tasks: Vec::new(),
                columns: 0..0,
                numbers,
            });
        }
        groups[place].tasks.push(t);
    }
    let mut of_task = vec![0..0; tasks.tasks().len()];
    let mut start = 0;
    for group in &mut groups {
        let first = start;
        for &t in &group.tasks {
            let end = start + tasks.tasks()[t].kind.links();
            of_task[t] = start..end;
            start = end;
        }
        group.columns = first..start;
    }
    (groups, of_task)
}
