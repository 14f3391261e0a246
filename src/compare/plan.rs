//! The folds, made once for all methods.
//!
//! Rows without any label take no part. Groups stay whole where there are some; otherwise each fold has its share of every class, or,
//! with several tasks of their own rows, of every task.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{Method, Set, methods};
use crate::data::split::{GroupKFold, KFold, Split, StratifiedKFold};
use crate::error::Result;
use crate::pipeline::tasks::Response;

/// A comparison: a set, its folds, the methods.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// The set.
    pub set: &'a Set,
    /// The methods, the constant first.
    pub methods: Vec<Method>,
    /// Rows of the set's table for training and testing.
    pub folds: Vec<Split>,
    /// The seed of folds and methods.
    pub seed: u64,
}

impl<'a> Plan<'a> {
    /// The plan of a cross-validation of `folds` folds over all methods that fit `set`.
    ///
    /// # Errors
    /// [`crate::Error::FewRows`] naming a class of a lone task with fewer rows than folds, [`crate::Error::Setting`] if there are not
    /// enough rows or groups.
    #[inline]
    pub fn new(set: &'a Set, folds: usize, seed: u64) -> Result<Self> {
        Ok(Self {
            set,
            methods: methods(set),
            folds: split(set, folds, seed)?,
            seed,
        })
    }

    /// Method and fold of each cell.
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        let (methods, folds) = (self.methods.len(), self.folds.len());
        (0..methods).flat_map(move |method| (0..folds).map(move |fold| (method, fold)))
    }
}

#[inline]
fn split(set: &Set, folds: usize, seed: u64) -> Result<Vec<Split>> {
    let mut labelled: Vec<usize> = set.tasks.iter().flat_map(|t| &t.rows).copied().collect();
    labelled.sort_unstable();
    labelled.dedup();
    let splits = if let Some(groups) = &set.groups {
        let groups: Vec<u32> = labelled.iter().map(|&row| groups[row]).collect();
        GroupKFold { folds, seed }.split(&groups)?
    } else {
        match strata(set, folds) {
            Some(of_row) => {
                let strata: Vec<u32> = labelled.iter().map(|row| of_row[row]).collect();
                StratifiedKFold { folds, seed }.split(&strata)?
            }
            None => KFold { folds, seed }.split(labelled.len())?,
        }
    };
    let rows = |places: Vec<usize>| places.into_iter().map(|place| labelled[place]).collect();
    let split = |s: Split| Split {
        train: rows(s.train),
        test: rows(s.test),
    };
    Ok(splits.into_iter().map(split).collect())
}

/// What each labelled row is to be spread by: its class in a lone task, its task where tasks have rows of their own.
#[inline]
fn strata(set: &Set, folds: usize) -> Option<BTreeMap<usize, u32>> {
    let mut of_row = BTreeMap::new();
    if let [task] = &set.tasks[..] {
        let Response::Classes(_) = task.response else {
            return None;
        };
        let classes = task.labels.iter().map(|&label| label as u32);
        of_row.extend(task.rows.iter().copied().zip(classes));
        return Some(of_row);
    }
    // Tasks with fewer rows than folds are spread together.
    let rare = set.tasks.len() as u32;
    let mut rare_rows = 0;
    for (task, code) in set.tasks.iter().zip(0..) {
        let is_rare = task.rows.len() < folds;
        rare_rows += if is_rare { task.rows.len() } else { 0 };
        let stratum = if is_rare { rare } else { code };
        for &row in &task.rows {
            if of_row.insert(row, stratum).is_some() {
                return None;
            }
        }
    }
    (rare_rows == 0 || rare_rows >= folds).then_some(of_row)
}
