//! Logistic and softmax losses of tasks that share their rows, with the intercepts at their best.
//!
//! With `Z = X W`, a task's columns of it go to `links.rs`, which finds the task's intercepts and gives the residuals `R`; then
//! ```text
//! C = -grad f = X'R            H V = X' [what the task's curvature makes of X V]
//! ```
//! are one product each for all tasks of a group. Since intercepts are at their best, f is a function of W alone, and its Hessian has
//! their part projected out.

use core::ops::Range;

use alloc::vec::Vec;

use cognate_kernels::{MatMut, MatRef, Product, gemm_scratch};

use super::groups::Group;
use super::links::Links;
use crate::error::{Error, Result};
use crate::mtl::TaskSet;
use crate::workspace::{Need, Work, cut, cut_mut, default_level};

/// Several tasks' losses.
pub(super) struct Classes<'a> {
    /// Their columns of W.
    pub(super) columns: Range<usize>,
    x: Inputs<'a>,
    links: Vec<Links>,
}

/// What is done with a task's links: its columns in the group, its links `n x k`, and room for a number a row.
type EachTask<'f> = &'f mut dyn FnMut(&Links, Range<usize>, &mut [f64], &mut [f64]);

/// `X: n x d`, copied only where its rows do not lie side by side.
enum Inputs<'a> {
    There(MatRef<'a, f64>),
    Copied(Vec<f64>, usize, usize),
}

impl<'a> Inputs<'a> {
    fn new(x: MatRef<'a, f64>, rows: &[u32]) -> Self {
        let first = rows.first().map_or(0, |&row| row as usize);
        let last = rows.last().map_or(0, |&row| row as usize + 1);
        if last - first == rows.len() {
            return Self::There(x.rows_range(first..last));
        }
        let row = |&i: &u32| (0..x.cols()).map(move |j| x.at(i as usize, j));
        let copy = rows.iter().flat_map(row).collect();
        Self::Copied(copy, rows.len(), x.cols())
    }

    fn mat(&self) -> MatRef<'_, f64> {
        match self {
            Self::There(x) => *x,
            Self::Copied(x, n, d) => MatRef::planned(x, *n, *d),
        }
    }
}

impl<'a> Classes<'a> {
    /// The losses of a group.
    ///
    /// # Errors
    /// If a task has rows, but one of its classes has none of positive weight: a free intercept has no optimum then.
    #[inline]
    pub(super) fn new(tasks: &TaskSet<'a, f64>, group: &Group, intercept: bool) -> Result<Self> {
        let rows = &tasks.tasks()[group.tasks[0]].rows;
        let weights: Vec<f64> = rows.iter().map(|&i| tasks.weight(i)).collect();
        let of = |&t: &usize| {
            let task = &tasks.tasks()[t];
            let links = Links::new(task, &weights, intercept);
            match links.lacks_a_class() {
                true => Err(Error::task(
                    &task.name,
                    "has a class without rows, so that its free intercept has no optimum",
                )),
                false => Ok(links),
            }
        };
        Ok(Self {
            columns: group.columns.clone(),
            x: Inputs::new(tasks.x(), rows),
            links: group.tasks.iter().map(of).collect::<Result<_>>()?,
        })
    }

    fn rows(&self) -> usize {
        self.x.mat().rows()
    }

    fn width(&self) -> usize {
        self.columns.len()
    }

    /// `saved`: probabilities `n x k`, intercepts `k`, the value. `scratch`: links `n x k`, those of a task and as much again.
    pub(super) fn need(&self) -> Need {
        let (level, n, k, d) = (
            default_level(),
            self.rows(),
            self.width(),
            self.x.mat().cols(),
        );
        let products = gemm_scratch::<f64>(level, n, d, k).max(gemm_scratch::<f64>(level, d, n, k));
        let widest = self.links.iter().map(Links::width).max().unwrap_or(0);
        Need {
            saved: n * k + k + 1,
            ..Need::scratch(n * k + products.max(n * (widest + 1)))
        }
    }

    /// `Z = X W` through `each` task's links, in place, then `out = X'Z`.
    fn through(
        &self,
        w: MatRef<'_, f64>,
        out: MatMut<'_, f64>,
        work: &mut Work<'_, f64>,
        each: EachTask<'_>,
    ) {
        let (x, n, k) = (self.x.mat(), self.rows(), self.width());
        let (z, mut work) = work.take(n * k);
        work.gemm(Product::new(x, w), MatMut::planned(z, n, k));
        let mut start = 0;
        for links in &self.links {
            let columns = start..start + links.width();
            start = columns.end;
            let (own, mut work) = work.take(n * columns.len());
            let (room, _) = work.take(n);
            for (own, z) in own.chunks_exact_mut(columns.len()).zip(z.chunks_exact(k)) {
                own.copy_from_slice(&z[columns.clone()]);
            }
            each(links, columns.clone(), own, room);
            for (own, z) in own.chunks_exact(columns.len()).zip(z.chunks_exact_mut(k)) {
                z[columns.clone()].copy_from_slice(own);
            }
        }
        let z = MatRef::planned(z, n, k);
        work.gemm(Product::new(x.t(), z), out);
    }

    /// `C = -grad f` at `w: d x k`; the value.
    #[inline]
    pub(super) fn correlate(
        &self,
        w: MatRef<'_, f64>,
        c: MatMut<'_, f64>,
        saved: &mut [f64],
        work: &mut Work<'_, f64>,
    ) -> f64 {
        let (n, k) = (self.rows(), self.width());
        let ([p, b, value], _) = cut_mut(saved, [n * k, k, 1]);
        value[0] = 0.0;
        self.through(w, c, work, &mut |links, columns, z, room| {
            let p = &mut p[n * columns.start..n * columns.end];
            value[0] += links.settle(z, p, &mut b[columns], room);
        });
        value[0]
    }

    /// `out = H v` at the point that `saved` holds.
    #[inline]
    pub(super) fn multiply(
        &self,
        v: MatRef<'_, f64>,
        out: MatMut<'_, f64>,
        saved: &[f64],
        work: &mut Work<'_, f64>,
    ) {
        let n = self.rows();
        self.through(v, out, work, &mut |links, columns, rz, _| {
            links.curve(rz, &saved[n * columns.start..n * columns.end]);
        });
    }

    /// The value, and that of the dual at `s` times the residuals, apart at the point that `saved` holds.
    pub(super) fn apart(&self, s: f64, saved: &[f64]) -> f64 {
        let (n, k) = (self.rows(), self.width());
        let ([p, _, value], _) = cut(saved, [n * k, k, 1]);
        let mut start = 0;
        let conjugates = self.links.iter().map(|links| {
            let columns = start..start + links.width();
            start = columns.end;
            links.conjugate(s, &p[n * columns.start..n * columns.end])
        });
        value[0] + conjugates.sum::<f64>()
    }

    /// Each task's columns, among those of the group, and squares of its residuals in units of the curvature there.
    pub(super) fn squares<'s>(
        &'s self,
        saved: &'s [f64],
    ) -> impl Iterator<Item = (Range<usize>, f64)> + use<'s, 'a> {
        let (n, mut start) = (self.rows(), 0);
        self.links.iter().map(move |links| {
            let columns = start..start + links.width();
            start = columns.end;
            let p = &saved[n * columns.start..n * columns.end];
            (columns, links.squares(p))
        })
    }

    /// The intercepts at the point that `saved` holds.
    pub(super) fn intercepts(&self, saved: &[f64], b: &mut [f64]) {
        let (n, k) = (self.rows(), self.width());
        b.copy_from_slice(&saved[n * k..n * k + k]);
    }
}
