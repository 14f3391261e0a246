//! The linear complementarity problem of a symmetric positive semidefinite M, by an active set:
//! ```text
//! z >= 0,    y = M z + q >= 0,    z'y = 0          the optimum of   1/2 z'M z + q'z   over   z >= 0
//! ```
//! The set S of free coordinates starts empty. The coordinate whose `y_j` is most negative joins S; then `M_SS x = -q_S` is solved, and
//! z moves towards x as far as it stays non-negative. What became zero on the way leaves S, until x itself is reached (Lawson and
//! Hanson 1974, in the form that knows the products only: Bro and de Jong 1997). The objective falls with each set, so none returns:
//! the work is finite and its result exact, but for rounding.
//!
//! *M may be singular*, if q lies in its range: a column that depends on those of S has nothing to gain, and one whose distance to
//! their span is lost in rounding is passed over.

use alloc::{vec, vec::Vec};

use cognate_kernels::{Level, MatMut, MatRef};

use super::{cholesky, cholesky_solve};
use crate::workspace::{Work, default_level};

/// One problem. `m: n x n`, row-major and symmetric; `q: n`.
#[derive(Clone, Copy, Debug)]
pub struct Complementarity<'a> {
    /// M.
    pub m: &'a [f64],
    /// q.
    pub q: &'a [f64],
    /// The relative rounding error that M and q came with; at least [`f64::EPSILON`].
    pub eps: f64,
}

impl Complementarity<'_> {
    fn at(&self, i: usize, j: usize) -> f64 {
        self.m[i * self.q.len() + j]
    }

    /// `y_j`, and the sum of the absolute terms that it is made of.
    fn slack(&self, j: usize, z: &[f64]) -> (f64, f64) {
        let mut sum = (self.q[j], self.q[j].abs());
        for (k, z) in z.iter().enumerate() {
            let term = self.at(j, k) * z;
            sum = (sum.0 + term, sum.1 + term.abs());
        }
        sum
    }

    /// What is taken for rounding, relative.
    fn noise(&self) -> f64 {
        4.0 * (self.q.len() + 1) as f64 * self.eps
    }

    /// How far z is from the solution: the greatest violation of a condition, each relative to the terms of its `y_j`.
    fn residual(&self, z: &[f64]) -> f64 {
        let violation = |j: usize| {
            let (y, size) = self.slack(j, z);
            let wrong = if z[j] > 0.0 { y.abs() } else { -y };
            if wrong > 0.0 { wrong / size } else { 0.0 }
        };
        (0..z.len()).map(violation).fold(0.0, f64::max)
    }
}

/// The memory to solve problems of up to n unknowns, which then allocates nothing.
#[derive(Clone, Debug)]
pub struct Lcp {
    level: Level,
    /// S, in the order of joining.
    set: Vec<usize>,
    /// Coordinates that were passed over since z last changed.
    barred: Vec<bool>,
    factor: Vec<f64>,
    /// `x_S`, in the order of S.
    x: Vec<f64>,
}

impl Lcp {
    /// For problems of up to `n` unknowns.
    pub fn new(n: usize) -> Self {
        Self {
            level: default_level(),
            set: Vec::with_capacity(n),
            barred: vec![false; n],
            factor: vec![0.0; n * n],
            x: vec![0.0; n],
        }
    }

    /// Solves `problem` into `z: n`; returns the residual: the greatest violation of a condition relative to the terms it is made of.
    ///
    /// # Panics
    /// If the lengths do not fit, or n is larger than was prepared for.
    #[track_caller]
    #[inline]
    pub fn solve(&mut self, problem: &Complementarity<'_>, z: &mut [f64]) -> f64 {
        let n = problem.q.len();
        assert_eq!((problem.m.len(), z.len()), (n * n, n), "M is n x n, z is n");
        z.fill(0.0);
        self.set.clear();
        self.barred[..n].fill(false);
        for _ in 0..20 * (n + 1) {
            let Some(j) = self.entering(problem, z) else {
                break;
            };
            self.set.push(j);
            if self.equate(problem) && self.x[self.set.len() - 1] > 0.0 {
                self.walk(problem, z);
                self.barred[..n].fill(false);
            } else {
                self.set.pop();
                self.barred[j] = true;
            }
        }
        problem.residual(z)
    }

    /// The solution of `M_SS z_S = -q_S`, zero elsewhere, for the S that the last solved problem ended with; whether there is one.
    pub fn solve_on_set(&mut self, problem: &Complementarity<'_>, z: &mut [f64]) -> bool {
        z.fill(0.0);
        let solved = self.equate(problem);
        for (&i, &x) in self.set.iter().zip(&self.x) {
            z[i] = x;
        }
        solved
    }

    /// The coordinate outside S with the most negative y, if one is negative beyond rounding.
    fn entering(&self, problem: &Complementarity<'_>, z: &[f64]) -> Option<usize> {
        let mut best = (0.0, None);
        for j in (0..z.len()).filter(|j| !self.barred[*j] && !self.set.contains(j)) {
            let (y, size) = problem.slack(j, z);
            if y < best.0 && -y > problem.noise() * size {
                best = (y, Some(j));
            }
        }
        best.1
    }

    /// `x = -M_SS^-1 q_S`; false if the last column of `M_SS` depends on the others to rounding.
    fn equate(&mut self, problem: &Complementarity<'_>) -> bool {
        let k = self.set.len();
        let factor = &mut self.factor[..k * k];
        for (a, &i) in self.set.iter().enumerate() {
            for (b, &j) in self.set.iter().enumerate() {
                factor[a * k + b] = problem.at(i, j);
            }
            self.x[a] = -problem.q[i];
        }
        let mut w = Work::new(self.level, &mut []);
        if cholesky(MatMut::planned(factor, k, k), &mut w).is_err() {
            return false;
        }
        if let Some(&last) = self.set.last() {
            let pivot = factor[k * k - 1];
            if pivot * pivot <= problem.noise() * problem.at(last, last) {
                return false;
            }
        }
        cholesky_solve(MatRef::planned(factor, k, k), &mut self.x[..k], self.level);
        true
    }

    /// From z to x along straight lines that end where a coordinate becomes zero, which then leaves S.
    fn walk(&mut self, problem: &Complementarity<'_>, z: &mut [f64]) {
        loop {
            let mut step = 1.0f64;
            for (&i, &x) in self.set.iter().zip(&self.x) {
                if x <= 0.0 {
                    step = step.min(z[i] / (z[i] - x));
                }
            }
            for (&i, &x) in self.set.iter().zip(&self.x) {
                let stops = x <= 0.0 && z[i] / (z[i] - x) <= step;
                z[i] = if stops {
                    0.0
                } else {
                    (z[i] + step * (x - z[i])).max(0.0)
                };
            }
            if step == 1.0 {
                return;
            }
            self.set.retain(|&i| z[i] > 0.0);
            if !self.equate(problem) {
                return;
            }
        }
    }
}
