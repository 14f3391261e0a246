//! Feature augmentation (Daume 2007): transfer by writing the features down twice.
//!
//! With T tasks a row x of task t becomes `[x, 0, .., x, .., 0]`: a copy for all and one in the task's place. Plain ridge regression on that,
//! `|v|^2 + sum_t |v_t|^2`, learns a shared part v and a part of each task's own, `w_t = v + v_t`: mean-regularised learning whose centre
//! is held down as well.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use cognate_kernels::{MatRef, Real};

use crate::check;
use crate::error::{Error, Result};

/// The rows of `x: n x d`, each of its task in `0..tasks`: `n x d (tasks + 1)`, row-major.
///
/// # Errors
/// If there are not as many tasks given as rows, or one is outside `0..tasks`.
pub fn augment<T: Real>(x: MatRef<'_, T>, task: &[usize], tasks: usize) -> Result<Vec<T>> {
    let (n, d) = (x.rows(), x.cols());
    check::shape("task", (task.len(), 1), (n, 1))?;
    if let Some(row) = task.iter().position(|&t| t >= tasks) {
        return Err(Error::Label {
            row,
            found: task[row] as u32,
            classes: tasks,
        });
    }
    let width = d * (tasks + 1);
    let mut wide = vec![T::ZERO; n * width];
    for (i, row) in wide.chunks_exact_mut(width).enumerate() {
        for j in 0..d {
            row[j] = x.at(i, j);
            row[augmented_span(d, task[i]).start + j] = x.at(i, j);
        }
    }
    Ok(wide)
}

/// The columns of a task's own copy of d features; those of the shared copy are `0..d`.
pub const fn augmented_span(d: usize, task: usize) -> Range<usize> {
    d * (task + 1)..d * (task + 2)
}
