//! How the [squared losses](Squared) of a group of tasks are read: from rows, summaries or factors.

use core::ops::Range;

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, Real, axpy, dot, scale};

use super::groups::Group;
use super::squared::{Form, Squared, product};
use crate::error::Result;
use crate::model::Summary;
use crate::mtl::summaries::TaskFactor;
use crate::mtl::{TaskSet, TaskSummary};
use crate::workspace::default_level;

/// Rows that are copied together on their way into a summary.
const BLOCK: usize = 128;

/// Weight, means and centred products of rows `[x, y]`.
struct Moments<'m> {
    weight: f64,
    mean_x: &'m [f64],
    mean_y: &'m [f64],
    /// `d x d`.
    xx: MatRef<'m, f64>,
    /// `k x d`.
    yx: MatRef<'m, f64>,
    /// `k x k`.
    yy: MatRef<'m, f64>,
}

/// The rows of a group, as they are.
struct Source<'s, 'a> {
    tasks: &'s TaskSet<'a, f64>,
    /// The tasks that share the rows.
    members: &'s [usize],
    /// Places in the tasks' lists of rows, of the rows that have weight.
    places: Vec<usize>,
}

impl Source<'_, '_> {
    fn row(&self, place: usize) -> u32 {
        self.tasks.tasks()[self.members[0]].rows[place]
    }

    /// Rows `[x, y]` and weights of a few places.
    fn copy(&self, places: &[usize], x: &mut [f64], y: &mut [f64], weight: &mut [f64]) {
        let (d, k) = (self.tasks.features(), self.members.len());
        for (i, &place) in places.iter().enumerate() {
            let row = self.row(place);
            for (j, x) in x[i * d..(i + 1) * d].iter_mut().enumerate() {
                *x = self.tasks.x().at(row as usize, j);
            }
            for (y, &t) in y[i * k..(i + 1) * k].iter_mut().zip(self.members) {
                *y = self.tasks.tasks()[t].labels[place];
            }
            weight[i] = self.tasks.weight(row);
        }
    }
}

impl Squared {
    /// The losses of a group. X'X is kept as a matrix from `gram_from` rows a feature on.
    ///
    /// # Errors
    /// None that a [`TaskSet`] has not excluded.
    #[inline]
    pub(super) fn new(
        tasks: &TaskSet<'_, f64>,
        group: &Group,
        intercept: bool,
        gram_from: usize,
    ) -> Result<Self> {
        let rows = &tasks.tasks()[group.tasks[0]].rows;
        let places = (0..rows.len()).filter(|&i| tasks.weight(rows[i]) > 0.0);
        let source = Source {
            tasks,
            members: &group.tasks,
            places: places.collect(),
        };
        let many = source.places.len() >= gram_from * tasks.features();
        let mut squared = match many {
            true => Self::summed(&source, intercept)?,
            false => Self::kept(&source, intercept),
        };
        squared.columns = group.columns.clone();
        squared.omega = group
            .tasks
            .iter()
            .map(|&t| tasks.tasks()[t].weight)
            .collect();
        Ok(squared)
    }

    /// From a summary.
    #[inline]
    fn summed(source: &Source<'_, '_>, intercept: bool) -> Result<Self> {
        let (d, k) = (source.tasks.features(), source.members.len());
        let mut summary = Summary::new(d, k);
        let (mut x, mut y) = (vec![0.0; BLOCK * d], vec![0.0; BLOCK * k]);
        let mut weight = vec![0.0; BLOCK];
        for places in source.places.chunks(BLOCK) {
            source.copy(places, &mut x, &mut y, &mut weight);
            let n = places.len();
            let (x, y) = (MatRef::planned(&x, n, d), MatRef::planned(&y, n, k));
            summary.add(x, y, Some(&weight[..n]))?;
        }
        let moments = Moments {
            weight: summary.weight(),
            mean_x: summary.mean_x(),
            mean_y: summary.mean_y(),
            xx: summary.xx(),
            yx: summary.yx(),
            yy: summary.yy(),
        };
        Ok(Self::of(&moments, intercept))
    }

    /// One task's losses, from its summary, in column `t`.
    pub(super) fn of_task(t: usize, task: TaskSummary<'_>, intercept: bool) -> Self {
        let (mean_y, yy) = ([task.mean_y()], [task.yy()]);
        let moments = Moments {
            weight: task.weight(),
            mean_x: task.mean_x(),
            mean_y: &mean_y,
            xx: task.xx(),
            yx: MatRef::planned(task.xy(), 1, task.mean_x().len()),
            yy: MatRef::planned(&yy, 1, 1),
        };
        Self {
            columns: t..t + 1,
            ..Self::of(&moments, intercept)
        }
    }

    /// The same from the factor R of its rows: without R's first row, where there is an intercept, these are few rows that are centred.
    #[inline]
    pub(super) fn of_factor(t: usize, factor: TaskFactor<'_>, d: usize, intercept: bool) -> Self {
        let first = usize::from(intercept);
        let n = d + 1 - first;
        let number = |i: usize, j: usize| factor.column(j).get(i).copied().unwrap_or(0.0);
        let x: Vec<f64> = (0..n * d)
            .map(|e| number(first + e / d, 1 + e % d))
            .collect();
        let label = &factor.column(d + 1)[first..];
        let mut xy = vec![0.0; d];
        for (row, &y) in x.chunks_exact(d).zip(label) {
            axpy(default_level(), y, row, &mut xy);
        }
        let root = Real::sqrt(factor.weight());
        let mean = |j: usize| match intercept && root > 0.0 {
            true => number(0, j) / root,
            false => 0.0,
        };
        Self {
            columns: t..t + 1,
            omega: vec![1.0],
            mean_x: (1..=d).map(mean).collect(),
            mean_y: vec![mean(d + 1)],
            xy,
            yy: vec![dot(default_level(), label, label)],
            form: Form::Rows(x, n),
        }
    }

    /// The expansion of a loss to second order about `w: d x k`, where it has the Hessian `h: (d k) x (d k)`, `C = c`, and `squares` is what
    /// least squares leave: `xy = h w + c`.
    pub(super) fn about(
        columns: Range<usize>,
        h: Vec<f64>,
        (w, c): (MatRef<'_, f64>, MatRef<'_, f64>),
        squares: f64,
    ) -> Self {
        let (d, k) = (w.rows(), w.cols());
        let flat = |m: MatRef<'_, f64>| {
            let entries = (0..d * k).map(|e| m.at(e / k, e % k));
            entries.collect::<Vec<f64>>()
        };
        let (w, c) = (flat(w), flat(c));
        let dot = |a: &[f64], b: &[f64]| dot(default_level(), a, b);
        let rows = h.chunks_exact(d * k).zip(&c);
        let xy: Vec<f64> = rows.map(|(row, c)| dot(row, &w) + c).collect();
        let mut yy = vec![0.0; k];
        yy[0] = squares + dot(&w, &xy) + dot(&w, &c);
        Self {
            columns,
            omega: vec![1.0; k],
            mean_x: vec![0.0; d],
            mean_y: vec![0.0; k],
            xy,
            yy,
            form: match k {
                1 => Form::Gram(h),
                _ => Form::Coupled(h),
            },
        }
    }

    /// Of tasks of weight 1 in the first columns.
    fn of(m: &Moments<'_>, intercept: bool) -> Self {
        let (d, k) = (m.mean_x.len(), m.mean_y.len());
        // About the means, or about 0: then n m m' joins the products.
        let about = if intercept { 0.0 } else { m.weight };
        let whole = |rows: usize, columns: usize, entry: &dyn Fn(usize, usize) -> f64| {
            let entries = (0..rows * columns).map(|e| entry(e / columns, e % columns));
            entries.collect::<Vec<f64>>()
        };
        let (x, y) = (m.mean_x, m.mean_y);
        let mean = |m: &[f64]| {
            if intercept {
                m.to_vec()
            } else {
                vec![0.0; m.len()]
            }
        };
        Self {
            columns: 0..k,
            omega: vec![1.0; k],
            mean_x: mean(x),
            mean_y: mean(y),
            xy: whole(d, k, &|j, t| m.yx.at(t, j) + about * x[j] * y[t]),
            yy: whole(k, 1, &|t, _| m.yy.at(t, t) + about * y[t] * y[t]),
            form: Form::Gram(whole(d, d, &|i, j| m.xx.at(i, j) + about * x[i] * x[j])),
        }
    }

    /// With the rows, centred and weighted.
    #[inline]
    fn kept(source: &Source<'_, '_>, intercept: bool) -> Self {
        let level = default_level();
        let (d, k) = (source.tasks.features(), source.members.len());
        let n = source.places.len();
        let (mut x, mut y) = (vec![0.0; n * d], vec![0.0; n * k]);
        let mut weight = vec![0.0; n];
        source.copy(&source.places, &mut x, &mut y, &mut weight);
        let total: f64 = weight.iter().sum();
        let settle = |rows: &mut [f64], width: usize| {
            let mut mean = vec![0.0; width];
            if intercept {
                for (row, w) in rows.chunks_exact(width).zip(&weight) {
                    axpy(level, w / total, row, &mut mean);
                }
            }
            for (row, &w) in rows.chunks_exact_mut(width).zip(&weight) {
                axpy(level, -1.0, &mean, row);
                if w != 1.0 {
                    scale(level, Real::sqrt(w), row);
                }
            }
            mean
        };
        let (mean_x, mean_y) = (settle(&mut x, d), settle(&mut y, k));
        let (mut xy, mut yy) = (vec![0.0; d * k], vec![0.0; k]);
        let (xs, ys) = (MatRef::planned(&x, n, d), MatRef::planned(&y, n, k));
        product(Product::new(xs.t(), ys), MatMut::planned(&mut xy, d, k));
        for row in y.chunks_exact(k) {
            yy.iter_mut().zip(row).for_each(|(yy, y)| *yy += y * y);
        }
        Self {
            columns: 0..k,
            omega: vec![1.0; k],
            mean_x,
            mean_y,
            xy,
            yy,
            form: Form::Rows(x, n),
        }
    }
}
