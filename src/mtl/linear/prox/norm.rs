//! The norms of `W: d x K` that penalties are made of, each by its value, its proximal step and its dual.
//!
//! | norm | `Omega(W)` | `prox_tau` | dual `Omega*(C)` |
//! |---|---|---|---|
//! | entries | `sum_jk \|W_jk\|` | soft threshold | `max \|C_jk\|` |
//! | rows | `sum_j \|\|W_j\|\|_2` | a row shrinks by tau | `max_j \|\|C_j\|\|_2` |
//! | row maxima | `sum_j max_k \|W_jk\|` | what is left of the projection on the l1 ball of radius tau | `max_j \|\|C_j\|\|_1` |
//! | tasks | `sum_t \|\|W_(., t)\|\|_2` | a task's columns shrink by tau | `max_t \|\|C_(., t)\|\|_2` |
//! | nuclear | sum of singular values | they shrink by tau | the largest one |
//! | tree | `sum_j sum_g c_g \|\|W_(j, g)\|\|_2` | group by group, leaf to root | see [`TaskTree`] |
//!
//! A row is a feature, a column a link of a task. `Omega*(C) <= lambda` is the same as `prox_lambda(C) = 0`: at and above
//! `Omega*(-grad f(0))` nothing but zeros is optimal.

use alloc::{vec, vec::Vec};

use cognate_kernels::{Real, axpy, dot, max_abs, scale};

use super::nuclear::Spectrum;
use super::tree::TaskTree;
use crate::workspace::default_level;

/// A norm of a `d x K` matrix.
#[derive(Clone, Debug, PartialEq)]
pub enum Norm {
    /// Sum of absolute values.
    Entries,
    /// Sum of the rows' 2-norms.
    Rows,
    /// Sum of the rows' largest absolute values.
    RowMaxima,
    /// Sum of the tasks' 2-norms, all columns of a task together: the task of each column.
    Tasks(Vec<usize>),
    /// Sum of the singular values.
    Nuclear,
    /// Weighted sum of the 2-norms of nested groups of columns in each row.
    Tree(TaskTree),
}

impl Norm {
    /// `Omega(W)` for `w: d x K`, row-major, `columns` being K.
    #[inline]
    pub fn value(&self, w: &[f64], columns: usize) -> f64 {
        match self {
            Self::Entries => w.iter().map(|w| w.abs()).sum(),
            Self::Rows => rows(w, columns).map(length).sum(),
            Self::RowMaxima => rows(w, columns).map(largest).sum(),
            Self::Tasks(task) => task_lengths(w, task).iter().sum(),
            Self::Nuclear => Spectrum::of(w, columns).values().sum(),
            Self::Tree(tree) => rows(w, columns).map(|row| tree.value(row)).sum(),
        }
    }

    /// Overwrites `w: d x K` with `argmin_V tau Omega(V) + 1/2 ||V - W||^2`, and returns `Omega` there.
    #[inline]
    pub fn prox(&self, tau: f64, w: &mut [f64], columns: usize) -> f64 {
        let by_row = |w: &mut [f64], row: &dyn Fn(&mut [f64]) -> f64| {
            w.chunks_exact_mut(columns).map(row).sum()
        };
        match self {
            Self::Entries => soften(tau, w),
            Self::Rows => by_row(w, &|row| shrink(tau, row)),
            Self::RowMaxima => by_row(w, &|row| flatten(tau, row)),
            Self::Tasks(task) => shrink_tasks(tau, w, task),
            Self::Nuclear => Spectrum::of(w, columns).shrink(tau, w),
            Self::Tree(tree) => by_row(w, &|row| {
                tree.prox(tau, row);
                tree.value(row)
            }),
        }
    }

    /// `Omega*(C) = max over Omega(V) <= 1 of <C, V>` for `c: d x K`.
    #[inline]
    pub fn dual(&self, c: &[f64], columns: usize) -> f64 {
        let most = |lengths: &mut dyn Iterator<Item = f64>| lengths.fold(0.0, larger);
        match self {
            Self::Entries => max_abs(default_level(), c),
            Self::Rows => most(&mut rows(c, columns).map(length)),
            Self::RowMaxima => {
                most(&mut rows(c, columns).map(|row| row.iter().map(|c| c.abs()).sum()))
            }
            Self::Tasks(task) => most(&mut task_lengths(c, task).into_iter()),
            Self::Nuclear => most(&mut Spectrum::of(c, columns).values()),
            Self::Tree(tree) => rows(c, columns).fold(0.0, |least, row| tree.dual(least, row)),
        }
    }
}

/// The larger of two, a NaN if there is one.
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

fn rows(w: &[f64], columns: usize) -> impl Iterator<Item = &[f64]> {
    w.chunks_exact(columns)
}

/// The 2-norm.
pub(super) fn length(row: &[f64]) -> f64 {
    Real::sqrt(dot(default_level(), row, row))
}

fn largest(row: &[f64]) -> f64 {
    max_abs(default_level(), row)
}

/// `length - tau`, not below 0; a NaN where either is.
pub(super) fn left_of(length: f64, tau: f64) -> f64 {
    if length <= tau { 0.0 } else { length - tau }
}

/// Each number nearer to 0 by `tau`; the sum of what is left.
pub(super) fn soften(tau: f64, w: &mut [f64]) -> f64 {
    let mut sum = 0.0;
    for w in w {
        let left = left_of(w.abs(), tau);
        *w = if left == 0.0 { 0.0 } else { left.copysign(*w) };
        sum += left;
    }
    sum
}

/// The vector shorter by `tau`; what is left of its length.
fn shrink(tau: f64, row: &mut [f64]) -> f64 {
    let length = length(row);
    let left = left_of(length, tau);
    match left {
        0.0 => row.fill(0.0),
        _ => scale(default_level(), left / length, row),
    }
    left
}

/// The row cut off at the height above which `tau` lies in all; that height.
///
/// What is cut is the projection on the l1 ball of radius tau, whose threshold is found among the sorted sizes (Duchi et al. 2008).
#[inline]
fn flatten(tau: f64, row: &mut [f64]) -> f64 {
    let mut sizes: Vec<f64> = row.iter().map(|w| w.abs()).collect();
    sizes.sort_unstable_by(|a, b| b.total_cmp(a));
    if sizes.iter().sum::<f64>() <= tau {
        row.fill(0.0);
        return 0.0;
    }
    let (mut above, mut height) = (0.0, 0.0);
    for (i, size) in sizes.iter().enumerate() {
        above += size;
        let level = (above - tau) / (i + 1) as f64;
        if level > *size {
            break;
        }
        height = level;
    }
    for w in row {
        *w = if w.abs() < height {
            *w
        } else {
            height.copysign(*w)
        };
    }
    height
}

/// The 2-norm of each task's columns.
fn task_lengths(w: &[f64], task: &[usize]) -> Vec<f64> {
    let tasks = task.iter().max().map_or(0, |t| t + 1);
    let mut squares = vec![0.0; tasks];
    for row in w.chunks_exact(task.len()) {
        for (w, &t) in row.iter().zip(task) {
            squares[t] += w * w;
        }
    }
    squares.iter_mut().for_each(|s| *s = Real::sqrt(*s));
    squares
}

fn shrink_tasks(tau: f64, w: &mut [f64], task: &[usize]) -> f64 {
    let mut lengths = task_lengths(w, task);
    let mut left = 0.0;
    for length in &mut lengths {
        let rest = left_of(*length, tau);
        left += rest;
        *length = if rest == 0.0 { 0.0 } else { rest / *length };
    }
    for row in w.chunks_exact_mut(task.len()) {
        for (w, &t) in row.iter_mut().zip(task) {
            *w = if lengths[t] == 0.0 {
                0.0
            } else {
                *w * lengths[t]
            };
        }
    }
    left
}

/// `sum += factor * w`, for matrices in parts.
pub(super) fn add(factor: f64, w: &[f64], sum: &mut [f64]) {
    axpy(default_level(), factor, w, sum);
}
