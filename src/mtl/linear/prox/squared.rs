//! Squared losses of tasks that share their rows, from what is read of the rows once.
//!
//! For `X: n x d` and `Y: n x k`, centred where there is an intercept and with rows times the roots of their weights,
//! ```text
//! f(W) = sum_t omega_t 1/2 ||Y_t - X W_t||^2          C = -grad f = (X'Y - X'X W) diag(omega)
//! ```
//! needs `B = X'Y`, the squares of Y, and `X'X` as a matrix ([`Form::Gram`]) or as rows to multiply by twice ([`Form::Rows`]). The best
//! intercept for W is `mean_y - W' mean_x`.

use core::ops::Range;

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, Real, axpy, dot, gemm_scratch, scale};

use super::groups::Group;
use crate::error::Result;
use crate::model::Summary;
use crate::mtl::{TaskSet, TaskSummary};
use crate::workspace::{Work, default_level};

/// Rows that are copied together on their way into a summary.
const BLOCK: usize = 128;

/// Several tasks' losses.
pub(super) struct Squared {
    /// Their columns of W.
    pub(super) columns: Range<usize>,
    /// The tasks' weights, `k`.
    pub(super) omega: Vec<f64>,
    mean_x: Vec<f64>,
    mean_y: Vec<f64>,
    /// `X'Y: d x k`.
    pub(super) xy: Vec<f64>,
    /// Squares of each column of Y, `k`.
    yy: Vec<f64>,
    form: Form,
}

/// `X'X`.
enum Form {
    /// `d x d`.
    Gram(Vec<f64>),
    /// `X: n x d`.
    Rows(Vec<f64>, usize),
}

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

    fn width(&self) -> usize {
        self.omega.len()
    }

    /// Scratch of [`Squared::correlate`] and [`Squared::multiply`].
    pub(super) fn scratch(&self) -> usize {
        let (level, k, d) = (default_level(), self.width(), self.mean_x.len());
        match self.form {
            Form::Gram(_) => gemm_scratch::<f64>(level, d, d, k),
            Form::Rows(_, n) => {
                let (to, fro) = (
                    gemm_scratch::<f64>(level, n, d, k),
                    gemm_scratch::<f64>(level, d, n, k),
                );
                n * k + to.max(fro)
            }
        }
    }

    /// `out = beta out + alpha X'X v`, for `d x k` matrices.
    fn gram(
        &self,
        alpha: f64,
        v: MatRef<'_, f64>,
        beta: f64,
        out: MatMut<'_, f64>,
        work: &mut Work<'_, f64>,
    ) {
        let d = self.mean_x.len();
        match &self.form {
            Form::Gram(gram) => {
                let gram = MatRef::planned(gram, d, d);
                work.gemm(Product::new(gram, v).alpha(alpha).beta(beta), out);
            }
            Form::Rows(x, n) => {
                let x = MatRef::planned(x, *n, d);
                let (z, mut work) = work.take(n * v.cols());
                work.gemm(Product::new(x, v), MatMut::planned(z, *n, v.cols()));
                let z = MatRef::planned(z, *n, v.cols());
                work.gemm(Product::new(x.t(), z).alpha(alpha).beta(beta), out);
            }
        }
    }

    /// `C = -grad f` at `w: d x k`; the value.
    pub(super) fn correlate(
        &self,
        w: MatRef<'_, f64>,
        mut c: MatMut<'_, f64>,
        work: &mut Work<'_, f64>,
    ) -> f64 {
        let d = self.mean_x.len();
        c.copy_from(MatRef::planned(&self.xy, d, self.width()));
        self.gram(-1.0, w, 1.0, c.rb_mut(), work);
        self.weigh(c.rb_mut());
        self.value(w, c.rb())
    }

    /// `C` at `W = 0`; the value.
    pub(super) fn start(&self, mut c: MatMut<'_, f64>) -> f64 {
        c.copy_from(MatRef::planned(&self.xy, self.mean_x.len(), self.width()));
        self.weigh(c);
        0.5 * self.squares()
    }

    /// The value at `w`, where C is `c`.
    pub(super) fn value(&self, w: MatRef<'_, f64>, c: MatRef<'_, f64>) -> f64 {
        let (with_y, with_c) = self.products(w, c);
        0.5 * (self.squares() - with_y - with_c)
    }

    /// `out = H v`.
    pub(super) fn multiply(
        &self,
        v: MatRef<'_, f64>,
        mut out: MatMut<'_, f64>,
        work: &mut Work<'_, f64>,
    ) {
        self.gram(1.0, v, 0.0, out.rb_mut(), work);
        self.weigh(out);
    }

    /// Columns times the tasks' weights.
    pub(super) fn weigh(&self, mut c: MatMut<'_, f64>) {
        if self.omega.iter().all(|&omega| omega == 1.0) {
            return;
        }
        for i in 0..c.rows() {
            let row = c.row_mut(i).iter_mut().zip(&self.omega);
            row.for_each(|(c, omega)| *c *= omega);
        }
    }

    /// The weighted squares of Y: twice the value at 0.
    pub(super) fn squares(&self) -> f64 {
        dot(default_level(), &self.omega, &self.yy)
    }

    /// `<W, B diag(omega)>` and `<W, C>`.
    fn products(&self, w: MatRef<'_, f64>, c: MatRef<'_, f64>) -> (f64, f64) {
        let (level, k) = (default_level(), self.width());
        let (mut with_y, mut with_c) = (0.0, 0.0);
        for j in 0..w.rows() {
            with_c += dot(level, w.row(j), c.row(j));
            let y = self.xy[j * k..][..k].iter().zip(&self.omega);
            with_y += w
                .row(j)
                .iter()
                .zip(y)
                .map(|(w, (y, o))| w * y * o)
                .sum::<f64>();
        }
        (with_y, with_c)
    }

    /// What value and dual value at `s` times the residuals are apart, but for `Omega`: `1/2 (1 - s)^2 ||r||^2 - s <W, C>`.
    pub(super) fn apart(&self, s: f64, w: MatRef<'_, f64>, c: MatRef<'_, f64>) -> f64 {
        let (with_y, with_c) = self.products(w, c);
        let residual = self.squares() - with_y - with_c;
        0.5 * (1.0 - s) * (1.0 - s) * residual - s * with_c
    }

    /// The best intercepts for `w: d x k`.
    pub(super) fn intercepts(&self, w: MatRef<'_, f64>, b: &mut [f64]) {
        b.copy_from_slice(&self.mean_y);
        for (j, mean) in self.mean_x.iter().enumerate() {
            axpy(default_level(), -mean, w.row(j), b);
        }
    }

    /// Rows `features` of `X'X`, `d` numbers each, behind those in `rows`.
    pub(super) fn gram_rows(&self, features: &[usize], rows: &mut Vec<f64>) {
        let d = self.mean_x.len();
        match &self.form {
            Form::Gram(gram) => {
                for &j in features {
                    rows.extend_from_slice(&gram[j * d..(j + 1) * d]);
                }
            }
            Form::Rows(x, n) => {
                let m = features.len();
                let old = rows.len();
                rows.resize(old + m * d, 0.0);
                let mut some = Vec::with_capacity(n * m);
                for row in x.chunks_exact(d) {
                    some.extend(features.iter().map(|&j| row[j]));
                }
                let (some, x) = (MatRef::planned(&some, *n, m), MatRef::planned(x, *n, d));
                let out = MatMut::planned(&mut rows[old..], m, d);
                product(Product::new(some.t(), x), out);
            }
        }
    }
}

/// A product with scratch of its own.
fn product(p: Product<'_, f64>, c: MatMut<'_, f64>) {
    let (level, inner) = (default_level(), p.a.cols());
    let mut scratch = vec![0.0; gemm_scratch::<f64>(level, c.rows(), inner, c.cols())];
    cognate_kernels::gemm(level, p, c, &mut scratch);
}
