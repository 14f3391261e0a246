//! The careful summaries: a triangular factor a task instead of products, for features that are nearly dependent.
//!
//! ```text
//! [1 X y]' D [1 X y] = L L'        L: (d + 2) x (d + 2), lower triangular; D: the rows' weights
//! ```
//! `L'` is the R factor of the rows times the roots of their weights. A row is added by plane rotations, and so are the rows `L'` of other
//! factors when they are merged; nothing is ever squared. Products of features with condition number k determine coefficients to about
//! `k^2` roundings, the factor to `k`: from `k = 10^6` on that is the difference between some digits and most. It costs three times the
//! arithmetic, and the intercept is a column like the others (Golub and Van Loan, Matrix Computations, 5.3 and 6.5).

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real, axpy, dot};

use super::{Rows, fill, numbers};
use crate::check;
use crate::error::{Error, Result};
use crate::linalg::{cholesky_update, solve_lower_transposed, update_scratch};
use crate::mtl::linear::TaskLinear;
use crate::mtl::{Kind, TaskSet};
use crate::workspace::{Work, default_level};

/// A factor of the rows of each task.
#[derive(Clone, Debug)]
pub struct TaskFactors {
    tasks: usize,
    features: usize,
    /// `L` a task.
    factors: Vec<f64>,
}

impl TaskFactors {
    /// No rows yet, of `tasks` tasks with `features` features.
    pub fn new(tasks: usize, features: usize) -> Self {
        Self {
            tasks,
            features,
            factors: vec![0.0; tasks * (features + 2) * (features + 2)],
        }
    }

    /// The factors of a set of tasks. A task's weight multiplies those of its rows.
    ///
    /// # Errors
    /// [`Error::Task`] if a task does not predict a number.
    pub fn of(tasks: &TaskSet<'_, f64>) -> Result<Self> {
        numbers(tasks)?;
        let mut factors = Self::new(tasks.tasks().len(), tasks.features());
        let mut turn = Turn::new(tasks.features());
        for (t, task) in tasks.tasks().iter().enumerate() {
            let x = |i: usize, row: &mut [f64]| fill::load(tasks.x(), task.rows[i] as usize, row);
            let weight = |i: usize| task.weight * tasks.weight(task.rows[i]);
            for i in 0..task.rows.len() {
                turn.load(|row| x(i, row), task.labels[i], weight(i));
                turn.add_to(factors.factor_mut(t));
            }
        }
        Ok(factors)
    }

    /// Adds rows of any tasks in any order, as [`Summaries::add`](super::Summaries::add).
    ///
    /// # Errors
    /// The same; nothing is added then.
    #[inline]
    pub fn add(
        &mut self,
        task: &[u32],
        x: MatRef<'_, f64>,
        y: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<()> {
        let rows = Rows {
            task,
            x,
            y,
            weights,
        };
        rows.check(self.tasks, self.features)?;
        let mut turn = Turn::new(self.features);
        for (i, &t) in task.iter().enumerate() {
            let weight = weights.map_or(1.0, |w| w[i]);
            turn.load(|row| fill::load(x, i, row), y[i], weight);
            turn.add_to(self.factor_mut(t as usize));
        }
        Ok(())
    }

    /// Adds the rows of other factors of the same tasks.
    ///
    /// # Panics
    /// If they have other tasks or features.
    #[track_caller]
    pub fn merge(&mut self, other: &Self) {
        let shape = |f: &Self| (f.tasks, f.features);
        assert_eq!(shape(self), shape(other), "factors of one shape");
        let mut turn = Turn::new(self.features);
        for t in 0..self.tasks {
            turn.merge(self.factor_mut(t), other.factor(t));
        }
    }

    /// Least squares of each task alone, with a penalty `lambda / 2 ||w||^2` on all coefficients but the intercept; none for a task never
    /// seen.
    ///
    /// # Errors
    /// If the rows of a task, with the penalty, do not determine its coefficients ([`Error::Task`] names it), or there are not as many
    /// names as tasks.
    #[inline]
    pub fn independent(&self, names: &[&str], lambda: f64) -> Result<TaskLinear> {
        check::shape("names", (names.len(), 1), (self.tasks, 1))?;
        let solved = names.iter().enumerate().map(|(t, name)| {
            let solved = solve(self.factor(t).to_vec(), lambda);
            solved.map_err(|error| match error {
                Error::NotPositiveDefinite { .. } => {
                    Error::task(name, "has rows that do not determine its coefficients")
                }
                other => other,
            })
        });
        self.model(names, solved.collect::<Result<Vec<_>>>()?, false)
    }

    /// Least squares of all rows together, with the same penalty; every task's coefficients, and those of a task never seen.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] if the rows, with the penalty, do not determine the coefficients; if there are no tasks, or not as
    /// many names as tasks.
    #[inline]
    pub fn pooled(&self, names: &[&str], lambda: f64) -> Result<TaskLinear> {
        check::not_empty("tasks", self.tasks)?;
        let (mut all, mut turn) = (self.factor(0).to_vec(), Turn::new(self.features));
        (1..self.tasks).for_each(|t| turn.merge(&mut all, self.factor(t)));
        let solved = solve(all, lambda)?;
        self.model(names, vec![solved; self.tasks + 1], true)
    }

    #[inline]
    fn model(&self, names: &[&str], solved: Vec<Vec<f64>>, shared: bool) -> Result<TaskLinear> {
        let named = names.iter().map(|&name| (name, Kind::Number));
        let intercept = solved.iter().map(|b| b[0]).collect();
        let coef = solved.iter().flat_map(|b| &b[1..]).copied().collect();
        TaskLinear::new(named, self.features, coef, intercept, shared)
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// Number of features, `d`.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The factor of task `t`.
    pub(crate) fn task(&self, t: usize) -> TaskFactor<'_> {
        TaskFactor {
            l: self.factor(t),
            width: self.features + 2,
        }
    }

    fn factor(&self, t: usize) -> &[f64] {
        let size = self.factors.len() / self.tasks;
        &self.factors[t * size..][..size]
    }

    fn factor_mut(&mut self, t: usize) -> &mut [f64] {
        let size = self.factors.len() / self.tasks;
        &mut self.factors[t * size..][..size]
    }
}

/// One task's `R = L'`, `(d + 2) x (d + 2)`: columns for the intercept, the features and the label, of rows that say what all its rows say.
#[derive(Clone, Copy)]
pub(crate) struct TaskFactor<'a> {
    l: &'a [f64],
    width: usize,
}

impl<'a> TaskFactor<'a> {
    /// Column `j` of R, down to its diagonal.
    pub fn column(&self, j: usize) -> &'a [f64] {
        &self.l[j * self.width..][..=j]
    }

    /// Total weight of the rows.
    pub fn weight(&self) -> f64 {
        self.l[0] * self.l[0]
    }

    /// The column of R for each number of `theta`: `d` coefficients and, where `intercept`, that behind them.
    pub fn columns(&self, intercept: bool) -> impl Iterator<Item = &'a [f64]> + use<'a> {
        let (own, d) = (*self, self.width - 2);
        let last = intercept.then_some(0);
        (1..=d).chain(last).map(move |j| own.column(j))
    }

    /// `R [b, w, -1]` for `theta = [w, b]`, or `w` alone.
    pub fn residual(&self, theta: &[f64]) -> Vec<f64> {
        let mut residual: Vec<f64> = self.column(self.width - 1).iter().map(|v| -v).collect();
        let columns = self.columns(theta.len() + 1 == self.width);
        for (column, &v) in columns.zip(theta) {
            axpy(default_level(), v, column, &mut residual[..column.len()]);
        }
        residual
    }

    /// The gradient of half the square of a `residual`.
    pub fn gradient(&self, residual: &[f64], g: &mut [f64]) {
        let columns = self.columns(g.len() + 1 == self.width);
        for (column, g) in columns.zip(g) {
            *g = dot(default_level(), column, &residual[..column.len()]);
        }
    }
}

/// A row to be turned into a factor, and room for the rotations.
struct Turn {
    row: Vec<f64>,
    scratch: Vec<f64>,
}

impl Turn {
    fn new(features: usize) -> Self {
        let width = features + 2;
        Self {
            row: vec![0.0; width],
            scratch: vec![0.0; update_scratch(width)],
        }
    }

    /// Takes `[1, x, y]` times the root of a weight; `x` writes the features.
    fn load(&mut self, x: impl Fn(&mut [f64]), label: f64, weight: f64) {
        let (last, root) = (self.row.len() - 1, Real::sqrt(weight));
        self.row[0] = 1.0;
        x(&mut self.row[1..last]);
        self.row[last] = label;
        self.row.iter_mut().for_each(|v| *v *= root);
    }

    /// Adds the row: `L L' + v v'`.
    fn add_to(&mut self, l: &mut [f64]) {
        let width = self.row.len();
        let mut work = Work::new(default_level(), &mut self.scratch);
        cholesky_update(MatMut::planned(l, width, width), &self.row, &mut work);
    }

    /// Adds the rows of another factor.
    fn merge(&mut self, l: &mut [f64], other: &[f64]) {
        let width = self.row.len();
        for j in 0..width {
            let column = other.iter().skip(j).step_by(width);
            self.row.iter_mut().zip(column).for_each(|(v, c)| *v = *c);
            self.add_to(l);
        }
    }
}

/// Intercept and coefficients from a factor: `L_zz' b = l_y`, after rows `sqrt(lambda)` for the penalty.
#[inline]
fn solve(mut l: Vec<f64>, lambda: f64) -> Result<Vec<f64>> {
    let width = l.len().isqrt();
    check::setting("lambda", "at least 0", lambda, lambda >= 0.0)?;
    let mut turn = Turn::new(width - 2);
    for j in (1..width - 1).filter(|_| lambda > 0.0) {
        turn.row.fill(0.0);
        turn.row[j] = Real::sqrt(lambda);
        turn.add_to(&mut l);
    }
    let all = MatRef::planned(&l, width, width);
    let (z, y) = all.split_rows(width - 1);
    // A diagonal that is rounding beside its row's length is that of a column which repeats those before it.
    let lost = |i: &usize| {
        let row = &z.row(*i)[..=*i];
        let length = Real::sqrt(row.iter().map(|v| v * v).sum::<f64>());
        z.at(*i, *i).abs() <= width as f64 * f64::EPSILON * length
    };
    if let Some(pivot) = (0..width - 1).find(lost) {
        return Err(Error::NotPositiveDefinite { pivot });
    }
    let mut b = y.row(0)[..width - 1].to_vec();
    solve_lower_transposed(z.split_cols(width - 1).0, &mut b, default_level());
    Ok(b)
}
