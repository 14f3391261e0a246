//! L-BFGS: quasi-Newton steps from the last few gradients (Liu and Nocedal 1989; Nocedal and Wright 2006, algorithms 7.4 and 7.5).
//!
//! From the last m steps `s_i = p_(i+1) - p_i` and changes of gradient `y_i = g_(i+1) - g_i` the two-loop recursion forms `H g`, H the
//! inverse Hessian that BFGS updates would have built from `gamma P`, without ever forming H:
//! ```text
//! q = g
//! for i from the newest pair to the oldest:   a_i = rho_i s_i'q,   q -= a_i y_i        rho_i = 1 / s_i'y_i
//! q = gamma P q                                                    gamma = s'y / y'Py of the newest
//! for i from the oldest to the newest:        q += (a_i - rho_i y_i'q) s_i
//! d = -q
//! ```
//! P is the objective's own estimate of its inverse Hessian ([`Objective::precondition`]), else I.
//!
//! Pairs lie in a ring of m rows, one row a pair, so each product is over contiguous memory. A pair whose `s'y` is not safely positive
//! (the line search promises it is, rounding may not) is left out. Without pairs the direction is `-P g` at its full length, or `-g`, of
//! which the first trial step moves by at most 1 in Euclidean length.

use alloc::{vec, vec::Vec};

use cognate_kernels::{Real, axpy, dot, scale};

use super::descent::{Descent, Director, Limits, Oracle, Vectors};
use super::line_search::Rule;
use super::report::{Callback, Report};
use crate::objective::Objective;
use crate::workspace::Slabs;

/// Steps without progress within rounding: near an ill-conditioned optimum gradients fall by fits and starts.
const PATIENCE: usize = 40;

/// The settings of L-BFGS.
///
/// ```
/// use cognate::optim::Lbfgs;
/// let careful = Lbfgs::default().with_tol(1e-9).with_max_iter(5_000);
/// assert_eq!(careful.memory, 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lbfgs {
    /// Most iterations. Default 1000.
    pub max_iter: usize,
    /// Converged when `max |gradient|` is at most this (scikit-learn's `gtol`). Default 1e-4.
    pub tol: f64,
    /// Stop when an iteration lowers the value by at most this, relative to the larger of both values and 1. Default 0: never; a walk
    /// that only moves within rounding ends anyway.
    pub ftol: f64,
    /// Pairs remembered. Default 10.
    pub memory: usize,
    /// Most evaluations in one line search. Default 30.
    pub max_line_search: usize,
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self {
            max_iter: 1000,
            tol: 1e-4,
            ftol: 0.0,
            memory: 10,
            max_line_search: 30,
        }
    }
}

impl Lbfgs {
    /// Sets [`Lbfgs::max_iter`].
    pub fn with_max_iter(self, max_iter: usize) -> Self {
        Self { max_iter, ..self }
    }

    /// Sets [`Lbfgs::tol`].
    pub fn with_tol(self, tol: f64) -> Self {
        Self { tol, ..self }
    }

    /// Sets [`Lbfgs::ftol`].
    pub fn with_ftol(self, ftol: f64) -> Self {
        Self { ftol, ..self }
    }

    /// Sets [`Lbfgs::memory`].
    pub fn with_memory(self, memory: usize) -> Self {
        Self { memory, ..self }
    }

    /// Sets [`Lbfgs::max_line_search`].
    pub fn with_max_line_search(self, max_line_search: usize) -> Self {
        Self {
            max_line_search,
            ..self
        }
    }

    /// Minimises `objective` from `p`, which then holds the best point found; its value is never above the start's.
    ///
    /// `slabs` are those of a [`Workspace`](crate::workspace::Workspace) made for [`Objective::need`]. Pairs that `state` remembers
    /// are used: give the state of an earlier call to resume it, a new one (or [`LbfgsState::forget`]) to start afresh. Memory is
    /// allocated before the first iteration only.
    ///
    /// # Panics
    /// If `p` has another length than the objective.
    #[track_caller]
    pub fn minimise<T: Real, O: Objective<T> + ?Sized>(
        &self,
        objective: &O,
        p: &mut [T],
        state: &mut LbfgsState<T>,
        slabs: Slabs<'_, T>,
        callback: Callback<'_>,
    ) -> Report {
        state.fit(p.len(), self.memory);
        state.pairs.plain = false;
        let limits = Limits {
            max_iter: self.max_iter,
            tol: self.tol,
            ftol: self.ftol,
            patience: PATIENCE,
            rule: Rule {
                decrease: 1e-4,
                curvature: 0.9,
                max_trials: self.max_line_search,
            },
        };
        let LbfgsState { vectors, pairs } = state;
        Descent::start(limits, objective, p, vectors, slabs).run(pairs, callback)
    }
}

/// The memory of L-BFGS: its vectors and the pairs it has learned.
#[derive(Clone, Debug, Default)]
pub struct LbfgsState<T> {
    vectors: Vectors<T>,
    pairs: Pairs<T>,
}

impl<T: Real> LbfgsState<T> {
    /// For `n` parameters and `memory` pairs: `(2 memory + 6) n` elements.
    pub fn new(n: usize, memory: usize) -> Self {
        Self {
            vectors: Vectors::new(n),
            pairs: Pairs::new(n, memory),
        }
    }

    /// Forgets the pairs, so that the next call starts afresh.
    pub fn forget(&mut self) {
        self.pairs.count = 0;
    }

    fn fit(&mut self, n: usize, memory: usize) {
        if (self.vectors.len(), self.pairs.capacity()) != (n, memory) {
            *self = Self::new(n, memory);
        }
    }
}

/// The last steps and changes of gradient, in a ring.
#[derive(Clone, Debug, Default)]
struct Pairs<T> {
    /// `memory x n`, row by row.
    s: Vec<T>,
    /// `memory x n`.
    y: Vec<T>,
    rho: Vec<T>,
    a: Vec<T>,
    gamma: T,
    /// `P y` of the newest pair.
    py: Vec<T>,
    /// Whether the last direction stood on the objective's estimate; whether that is given up.
    preconditioned: bool,
    plain: bool,
    n: usize,
    count: usize,
    /// The row that the next pair takes.
    next: usize,
}

impl<T: Real> Pairs<T> {
    fn new(n: usize, memory: usize) -> Self {
        Self {
            s: vec![T::ZERO; memory * n],
            y: vec![T::ZERO; memory * n],
            rho: vec![T::ZERO; memory],
            a: vec![T::ZERO; memory],
            gamma: T::ONE,
            py: vec![T::ZERO; n],
            preconditioned: false,
            plain: false,
            n,
            count: 0,
            next: 0,
        }
    }

    fn capacity(&self) -> usize {
        self.rho.len()
    }

    /// The row of the pair that is `age` pairs older than the newest.
    fn row(&self, age: usize) -> usize {
        let m = self.capacity();
        (self.next + m - 1 - age) % m
    }

    /// `q = P q`; whether there is a P to stand on.
    fn precondition<O: Objective<T> + ?Sized>(
        &self,
        oracle: &mut Oracle<'_, T, O>,
        q: &mut [T],
    ) -> bool {
        !self.plain && oracle.precondition(q)
    }

    /// `y'Py` of a pair.
    fn squared<O: Objective<T> + ?Sized>(
        &mut self,
        oracle: &mut Oracle<'_, T, O>,
        row: usize,
    ) -> T {
        let mut py = core::mem::take(&mut self.py);
        let y = &self.y[row * self.n..(row + 1) * self.n];
        py.copy_from_slice(y);
        self.precondition(oracle, &mut py);
        let squared = dot(oracle.level(), y, &py);
        self.py = py;
        squared
    }

    /// `q = H q`.
    fn apply<O: Objective<T> + ?Sized>(&mut self, oracle: &mut Oracle<'_, T, O>, q: &mut [T]) {
        let level = oracle.level();
        for age in 0..self.count {
            let row = self.row(age);
            let at = row * self.n..(row + 1) * self.n;
            let a = self.rho[row] * dot(level, &self.s[at.clone()], q);
            axpy(level, -a, &self.y[at], q);
            self.a[row] = a;
        }
        self.preconditioned = self.precondition(oracle, q);
        scale(level, self.gamma, q);
        for age in (0..self.count).rev() {
            let row = self.row(age);
            let at = row * self.n..(row + 1) * self.n;
            let b = self.rho[row] * dot(level, &self.y[at.clone()], q);
            axpy(level, self.a[row] - b, &self.s[at], q);
        }
    }
}

impl<T: Real, O: Objective<T> + ?Sized> Director<T, O> for Pairs<T> {
    fn direct(&mut self, oracle: &mut Oracle<'_, T, O>, _: &[T], v: &mut Vectors<T>) -> f64 {
        let level = oracle.level();
        for (d, &g) in v.direction.iter_mut().zip(&v.gradient) {
            *d = -g;
        }
        if self.count == 0 {
            self.preconditioned = self.precondition(oracle, &mut v.direction);
            if self.preconditioned {
                return 1.0;
            }
            let length = dot(level, &v.gradient, &v.gradient).sqrt().to_f64();
            return (1.0 / length).min(1.0);
        }
        self.apply(oracle, &mut v.direction);
        1.0
    }

    fn learn(&mut self, oracle: &mut Oracle<'_, T, O>, p: &[T], v: &Vectors<T>) {
        if self.capacity() == 0 {
            return;
        }
        let level = oracle.level();
        let row = self.next;
        let at = row * self.n..(row + 1) * self.n;
        let (s, y) = (&mut self.s[at.clone()], &mut self.y[at]);
        for i in 0..p.len() {
            s[i] = v.trial[i] - p[i];
            y[i] = v.trial_gradient[i] - v.gradient[i];
        }
        let (ss, sy, yy) = (dot(level, s, s), dot(level, s, y), dot(level, y, y));
        let safe = T::EPSILON * ss.sqrt() * yy.sqrt();
        if sy > safe && sy >= T::MIN_POSITIVE && yy.is_finite() {
            self.rho[row] = T::ONE / sy;
            self.gamma = sy / self.squared(oracle, row);
            self.next = (row + 1) % self.capacity();
            self.count = (self.count + 1).min(self.capacity());
        } else if self.count == self.capacity() {
            // The refused pair has overwritten the oldest one.
            self.count -= 1;
        }
    }

    fn forget(&mut self) -> bool {
        if core::mem::take(&mut self.count) > 0 {
            return true;
        }
        self.plain = true;
        core::mem::take(&mut self.preconditioned)
    }
}
