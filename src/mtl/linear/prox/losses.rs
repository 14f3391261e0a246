//! The losses of all tasks as one smooth function of `W: d x K`, the intercepts always at their best.
//!
//! ```text
//! f(W) = min over b of sum_t omega_t sum_i c_i l_t(W_t' x_i + b_t, y_ti)          C = -grad f(W) = [X_t' r_t],   r_t = -l_t'
//! ```
//! Minimised over the intercepts f is as smooth and convex as before, an intercept slows nothing down, and the residuals of each task sum
//! to 0: so do multiples of them, which makes them feasible for the dual.
//!
//! **Apart.** For `s` times the residuals as dual point, `P - D = sum_t [f_t(z_t) + f_t*(-s r_t)] + lambda Omega(W)`. The losses' part,
//! less `<W, s C>`, is what [`Losses::apart`] gives.

use core::ops::Range;

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef};

use super::classes::Classes;
use super::groups::groups;
use super::squared::Squared;
use crate::error::Result;
use crate::mtl::{Summaries, TaskFactors, TaskSet};
use crate::workspace::{Need, Work};

/// All tasks' losses.
pub(super) struct Losses<'a> {
    /// Features, `d`.
    pub(super) features: usize,
    /// Columns of W, `K`.
    pub(super) columns: usize,
    /// The columns of each task.
    pub(super) of_task: Vec<Range<usize>>,
    pub(super) squared: Vec<Squared>,
    classes: Vec<Classes<'a>>,
}

impl<'a> Losses<'a> {
    /// The losses of `tasks`. Where squared losses have at least `gram_from` rows a feature, they keep `X'X` instead of the rows.
    ///
    /// # Errors
    /// If a task cannot be learned: it is named.
    #[inline]
    pub(super) fn new(tasks: &TaskSet<'a, f64>, intercept: bool, gram_from: usize) -> Result<Self> {
        let (groups, of_task) = groups(tasks);
        let (mut squared, mut classes) = (Vec::new(), Vec::new());
        for group in &groups {
            match group.numbers {
                true => squared.push(Squared::new(tasks, group, intercept, gram_from)?),
                false => classes.push(Classes::new(tasks, group, intercept)?),
            }
        }
        Ok(Self {
            features: tasks.features(),
            columns: of_task.iter().map(|range| range.end).max().unwrap_or(0),
            of_task,
            squared,
            classes,
        })
    }

    /// The losses of tasks that predict numbers, each with a column.
    pub(super) fn of_summaries(
        summaries: &Summaries,
        of_task: Vec<Range<usize>>,
        intercept: bool,
    ) -> Self {
        let squared = summaries.iter().enumerate();
        let squared = squared.map(|(t, task)| Squared::of_task(t, task, intercept));
        Self::of_numbers(squared.collect(), of_task, summaries.features())
    }

    /// The same from factors of the rows.
    #[inline]
    pub(super) fn of_factors(
        factors: &TaskFactors,
        of_task: Vec<Range<usize>>,
        intercept: bool,
    ) -> Self {
        let squared = (0..factors.tasks()).map(|t| {
            let factor = factors.task(t);
            Squared::of_factor(t, factor, factors.features(), intercept)
        });
        Self::of_numbers(squared.collect(), of_task, factors.features())
    }

    fn of_numbers(squared: Vec<Squared>, of_task: Vec<Range<usize>>, features: usize) -> Self {
        Self {
            features,
            columns: of_task.len(),
            of_task,
            squared,
            classes: Vec::new(),
        }
    }

    /// Numbers of `W`.
    pub(super) fn len(&self) -> usize {
        self.features * self.columns
    }

    pub(super) fn need(&self) -> Need {
        let squared = self.squared.iter().map(|s| Need::scratch(s.scratch()));
        let all = squared.chain(self.classes.iter().map(Classes::need));
        all.fold(Need::default(), Need::then)
    }

    fn mat<'w>(&self, w: &'w [f64]) -> MatRef<'w, f64> {
        MatRef::planned(w, self.features, self.columns)
    }

    /// The tasks of classes with their parts of `saved`.
    fn saved<'s>(&'s self, saved: &'s [f64]) -> impl Iterator<Item = (&'s Classes<'a>, &'s [f64])> {
        let mut rest = saved;
        self.classes.iter().map(move |classes| {
            let (part, behind) = rest.split_at(classes.need().saved);
            rest = behind;
            (classes, part)
        })
    }

    /// `C = -grad f` at `w`; the value. `saved` then holds the point.
    #[inline]
    pub(super) fn correlate(
        &self,
        w: &[f64],
        c: &mut [f64],
        saved: &mut [f64],
        work: &mut Work<'_, f64>,
    ) -> f64 {
        let (mat, mut value) = (self.mat(w), 0.0);
        let mut all = MatMut::planned(c, self.features, self.columns);
        for squared in &self.squared {
            let columns = squared.columns.clone();
            let part = block(all.rb_mut(), columns.clone());
            value += squared.correlate(mat.cols_range(columns), part, work);
        }
        value + self.correlate_classes(w, c, saved, work)
    }

    /// The same at `W = 0`, where squared losses have no work.
    #[inline]
    pub(super) fn start(&self, c: &mut [f64], saved: &mut [f64], work: &mut Work<'_, f64>) -> f64 {
        let mut all = MatMut::planned(c, self.features, self.columns);
        let mut value = 0.0;
        for squared in &self.squared {
            value += squared.start(block(all.rb_mut(), squared.columns.clone()));
        }
        value + self.correlate_classes(&vec![0.0; self.len()], c, saved, work)
    }

    /// The value of squared losses at `w`, where C is `c`; they are all there is.
    pub(super) fn value_of_squares(&self, w: &[f64], c: &[f64]) -> f64 {
        let (w, c) = (self.mat(w), self.mat(c));
        let of = |squared: &Squared| {
            let columns = squared.columns.clone();
            squared.value(w.cols_range(columns.clone()), c.cols_range(columns))
        };
        self.squared.iter().map(of).sum()
    }

    #[inline]
    fn correlate_classes(
        &self,
        w: &[f64],
        c: &mut [f64],
        saved: &mut [f64],
        work: &mut Work<'_, f64>,
    ) -> f64 {
        let (w, mut value) = (self.mat(w), 0.0);
        let mut c = MatMut::planned(c, self.features, self.columns);
        let mut rest = saved;
        for classes in &self.classes {
            let columns = classes.columns.clone();
            let part = block(c.rb_mut(), columns.clone());
            let (saved, behind) = rest.split_at_mut(classes.need().saved);
            rest = behind;
            value += classes.correlate(w.cols_range(columns), part, saved, work);
        }
        value
    }

    /// `out = H v`, H the Hessian at the point that `saved` holds.
    #[inline]
    pub(super) fn multiply(
        &self,
        v: &[f64],
        out: &mut [f64],
        saved: &[f64],
        work: &mut Work<'_, f64>,
    ) {
        let v = self.mat(v);
        let mut out = MatMut::planned(out, self.features, self.columns);
        for squared in &self.squared {
            let columns = squared.columns.clone();
            let part = block(out.rb_mut(), columns.clone());
            squared.multiply(v.cols_range(columns), part, work);
        }
        for (classes, saved) in self.saved(saved) {
            let columns = classes.columns.clone();
            let part = block(out.rb_mut(), columns.clone());
            classes.multiply(v.cols_range(columns), part, saved, work);
        }
    }

    /// Whether there are losses of classes.
    pub(super) fn has_classes(&self) -> bool {
        !self.classes.is_empty()
    }

    /// The same losses, those of classes expanded to second order about the point `w` that `saved` holds, where C is `c`.
    pub(super) fn expanded(
        &self,
        w: &[f64],
        c: &[f64],
        saved: &[f64],
        work: &mut Work<'_, f64>,
    ) -> Losses<'static> {
        let (w, c) = (self.mat(w), self.mat(c));
        let mut squared = self.squared.clone();
        for (classes, saved) in self.saved(saved) {
            let all = classes.columns.clone();
            let (w, c) = (w.cols_range(all.clone()), c.cols_range(all));
            squared.extend(expand(classes, w, c, saved, work));
        }
        Losses {
            features: self.features,
            columns: self.columns,
            of_task: self.of_task.clone(),
            squared,
            classes: Vec::new(),
        }
    }

    /// What value and dual value at `s` times the residuals are apart, but for the penalty, at the point that `saved` holds.
    #[inline]
    pub(super) fn apart(&self, s: f64, w: &[f64], c: &[f64], saved: &[f64]) -> f64 {
        let (w, c) = (self.mat(w), self.mat(c));
        let of = |squared: &Squared| {
            let columns = squared.columns.clone();
            squared.apart(s, w.cols_range(columns.clone()), c.cols_range(columns))
        };
        let squared: f64 = self.squared.iter().map(of).sum();
        let classes = self
            .saved(saved)
            .map(|(classes, saved)| classes.apart(s, saved));
        squared + classes.sum::<f64>()
    }

    /// The best intercepts at the point that `saved` holds, one a column.
    pub(super) fn intercepts(&self, w: &[f64], saved: &[f64]) -> Vec<f64> {
        let mut b = vec![0.0; self.columns];
        for squared in &self.squared {
            let columns = squared.columns.clone();
            squared.intercepts(self.mat(w).cols_range(columns.clone()), &mut b[columns]);
        }
        for (classes, saved) in self.saved(saved) {
            classes.intercepts(saved, &mut b[classes.columns.clone()]);
        }
        b
    }
}

/// Some columns of a matrix.
fn block(c: MatMut<'_, f64>, columns: Range<usize>) -> MatMut<'_, f64> {
    c.split_cols(columns.end).0.split_cols(columns.start).1
}

/// The second order of each task of a group, at `w: d x k`, where C is `c`.
///
/// Products with the Hessian give it a column of every task at a time: tasks do not see each other.
fn expand(
    classes: &Classes<'_>,
    w: MatRef<'_, f64>,
    c: MatRef<'_, f64>,
    saved: &[f64],
    work: &mut Work<'_, f64>,
) -> Vec<Squared> {
    let (d, all) = (w.rows(), w.cols());
    let tasks: Vec<(Range<usize>, f64)> = classes.squares(saved).collect();
    let widest = tasks.iter().map(|task| task.0.len()).max().unwrap_or(0);
    let sizes = tasks.iter().map(|task| d * task.0.len());
    let mut hessians: Vec<Vec<f64>> = sizes.map(|size| vec![0.0; size * size]).collect();
    let (mut v, mut h) = (vec![0.0; d * all], vec![0.0; d * all]);
    for (j, link) in (0..d).flat_map(|j| (0..widest).map(move |link| (j, link))) {
        let having = || {
            tasks
                .iter()
                .zip(0..)
                .filter(|(task, _)| link < task.0.len())
        };
        having().for_each(|(task, _)| v[j * all + task.0.start + link] = 1.0);
        let out = MatMut::planned(&mut h, d, all);
        classes.multiply(MatRef::planned(&v, d, all), out, saved, work);
        for ((columns, _), t) in having() {
            let k = columns.len();
            for (row, h) in h.chunks_exact(all).enumerate() {
                for (a, h) in h[columns.clone()].iter().enumerate() {
                    hessians[t][(j * k + link) * d * k + row * k + a] = *h;
                }
            }
        }
        v.fill(0.0);
    }
    let pairs = tasks.into_iter().zip(hessians);
    let start = classes.columns.start;
    let of = |((columns, squares), hessian): ((Range<usize>, f64), Vec<f64>)| {
        let (w, c) = (w.cols_range(columns.clone()), c.cols_range(columns.clone()));
        let columns = start + columns.start..start + columns.end;
        Squared::about(columns, hessian, (w, c), squares)
    };
    pairs.map(of).collect()
}
