//! Penalised logistic regression with few rows: Newton's method in as many coordinates as there are rows.
//!
//! With `K = X X'`, a penalty r, weights u, labels y and links `f = K a / r`, the objective is `sum_i u_i l(f_i, y_i) + a . f / 2`, and at
//! its optimum `a_i = u_i (y_i - s_i)`, `s = 1 / (1 + e^-f)`. A Newton step is one reweighted ridge regression (IRLS): with
//! `D = diag(u s (1 - s))` and `Q = r I + D^1/2 K D^1/2`,
//! ```text
//! b = D f + u (y - s)        a <- b - D^1/2 Q^-1 D^1/2 K b
//! ```
//! in the form whose system stays well conditioned where D vanishes (Rasmussen and Williams 2006, algorithm 3.1). A step is halved until
//! it lowers the objective or its gradient, and the last point is accepted only where `max |a_i - u_i (y_i - s_i)|`, the gradient in these
//! coordinates, is of the size of rounding.

use cognate_kernels::{MatMut, MatRef, Real, dot};

use crate::error::{Error, Result};
use crate::linalg::{cholesky, cholesky_solve};
use crate::workspace::{Work, cut_mut};

/// Newton steps at most. From 0 few-shot problems take five to eight.
const STEPS: usize = 50;
/// Halvings of a step at most.
const HALVINGS: usize = 30;

/// One output's problem in the coordinates `a`.
pub(super) struct Dual<'a, T> {
    /// `X X'`, `n x n`.
    pub(super) gram: MatRef<'a, T>,
    pub(super) penalty: T,
    /// `u`, `n`.
    pub(super) weights: &'a [T],
    /// `y`, `n`.
    pub(super) labels: &'a [T],
}

/// What Newton's method works in: vectors of n, and a system.
pub(super) struct Room<'a, T> {
    /// `f = K a / r`.
    pub(super) links: &'a mut [T],
    /// `sqrt D`.
    pub(super) roots: &'a mut [T],
    /// The next `a`, then the step to it.
    pub(super) step: &'a mut [T],
    /// `f` along the step.
    pub(super) along: &'a mut [T],
    /// `Q`, then its factor.
    pub(super) system: &'a mut [T],
}

impl<'a, T: Real> Room<'a, T> {
    pub(super) fn len(n: usize) -> usize {
        (4 + n) * n
    }

    pub(super) fn new(slab: &'a mut [T], n: usize) -> Self {
        let ([links, roots, step, along, system], _) = cut_mut(slab, [n, n, n, n, n * n]);
        Self {
            links,
            roots,
            step,
            along,
            system,
        }
    }
}

impl<T: Real> Dual<'_, T> {
    fn rows(&self) -> usize {
        self.labels.len()
    }

    /// `u (y - s)` of row `i` at the link `f`.
    fn pull(&self, i: usize, f: T) -> T {
        self.weights[i] * (self.labels[i] - f.logistic())
    }

    /// The objective at `a`, whose links are `f`: `sum u l(f) + a . f / 2`.
    fn value(&self, a: &[T], f: &[T]) -> f64 {
        let row = |i: usize| {
            let loss = f[i].softplus() - self.labels[i] * f[i];
            (self.weights[i] * loss + a[i] * f[i] * T::from_f64(0.5)).to_f64()
        };
        (0..self.rows()).map(row).sum()
    }

    /// `max |a - u (y - s)|`.
    fn residual(&self, a: &[T], f: &[T]) -> T {
        let row = |i: usize| (a[i] - self.pull(i, f[i])).abs();
        // NaN has to come out as what it is.
        (0..self.rows())
            .map(row)
            .fold(T::ZERO, |top, r| if r <= top { top } else { r })
    }

    /// The largest weight.
    fn heaviest(&self) -> T {
        self.weights.iter().fold(T::ZERO, |top, &u| top.max(u))
    }

    /// Rounding's part of that residual: of the links, which are sums of n terms over r.
    fn rounding(&self, a: &[T]) -> T {
        let sum = (0..self.rows()).fold(T::ZERO, |sum, j| sum + a[j].abs());
        let widest = (0..self.rows()).fold(T::ZERO, |top, i| top.max(self.gram.at(i, i)));
        let links = T::from_usize(self.rows() + 8) * sum * widest / self.penalty;
        T::from_usize(16) * T::EPSILON * (T::ONE + links)
    }

    /// `K x / r`.
    pub(super) fn links(&self, x: &[T], into: &mut [T], w: &Work<'_, T>) {
        for (i, link) in into.iter_mut().enumerate() {
            *link = dot(w.level(), self.gram.row(i), x) / self.penalty;
        }
    }

    /// `sqrt D` at the links `f`, and the factor of `Q`.
    pub(super) fn factor(
        &self,
        f: &[T],
        roots: &mut [T],
        system: &mut [T],
        w: &mut Work<'_, T>,
    ) -> Result<()> {
        let n = self.rows();
        for (i, root) in roots.iter_mut().enumerate() {
            let s = f[i].logistic();
            *root = (self.weights[i] * s * (T::ONE - s)).sqrt();
        }
        for i in 0..n {
            for j in 0..=i {
                system[i * n + j] = roots[i] * self.gram.at(i, j) * roots[j];
            }
            system[i * n + i] += self.penalty;
        }
        cholesky(MatMut::planned(system, n, n), w)
    }

    /// `x = D^1/2 Q^-1 D^1/2 x`.
    fn reweigh(&self, x: &mut [T], roots: &[T], system: &[T], w: &Work<'_, T>) {
        let n = self.rows();
        multiply(x, roots);
        cholesky_solve(MatRef::planned(system, n, n), x, w.level());
        multiply(x, roots);
    }

    /// `X G` in `x` becomes `q = D X v`; gives `X v = (X G - K q) / r`.
    pub(super) fn adjoint<'r>(
        &self,
        x: &mut [T],
        room: &'r mut Room<'_, T>,
        w: &Work<'_, T>,
    ) -> &'r [T] {
        room.along.copy_from_slice(x);
        self.reweigh(x, room.roots, room.system, w);
        self.links(x, room.step, w);
        for (xv, &xg) in room.step.iter_mut().zip(&*room.along) {
            *xv = xg / self.penalty - *xv;
        }
        room.step
    }

    /// One damped Newton step; false where none lowers the objective or its gradient.
    fn step(&self, a: &mut [T], room: &mut Room<'_, T>, w: &mut Work<'_, T>) -> Result<bool> {
        self.factor(room.links, room.roots, room.system, w)?;
        for i in 0..self.rows() {
            let f = room.links[i];
            room.step[i] = room.roots[i] * room.roots[i] * f + self.pull(i, f);
        }
        self.links(room.step, room.along, w);
        room.along.iter_mut().for_each(|v| *v *= self.penalty);
        self.reweigh(room.along, room.roots, room.system, w);
        for i in 0..self.rows() {
            room.step[i] -= room.along[i] + a[i];
        }
        self.links(room.step, room.along, w);
        let before = (self.value(a, room.links), self.residual(a, room.links));
        let (mut part, half) = (T::ONE, T::from_f64(0.5));
        // Near the optimum the objective no longer sees what the gradient does: whole steps, as long as that falls by half.
        let near = before.1 <= T::EPSILON.sqrt() * self.heaviest();
        for _ in 0..if near { 1 } else { HALVINGS } {
            add(part, room.step, a);
            add(part, room.along, room.links);
            let fell = self.residual(a, room.links) < half * before.1;
            if fell || (!near && self.value(a, room.links) < before.0) {
                return Ok(true);
            }
            add(-part, room.step, a);
            add(-part, room.along, room.links);
            part *= half;
        }
        Ok(false)
    }

    /// The optimum into `a`.
    pub(super) fn solve(
        &self,
        a: &mut [T],
        room: &mut Room<'_, T>,
        w: &mut Work<'_, T>,
    ) -> Result<()> {
        a.fill(T::ZERO);
        room.links.fill(T::ZERO);
        for _ in 0..STEPS {
            let fell = self.step(a, room, w)?;
            self.links(a, room.links, w);
            if !fell {
                break;
            }
        }
        match self.residual(a, room.links) <= self.rounding(a) {
            true => Ok(()),
            false => Err(Error::Diverged),
        }
    }
}

/// `x = x y`, each by its own.
fn multiply<T: Real>(x: &mut [T], y: &[T]) {
    for (x, &y) in x.iter_mut().zip(y) {
        *x *= y;
    }
}

/// `y += part x`.
fn add<T: Real>(part: T, x: &[T], y: &mut [T]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y += part * x;
    }
}
