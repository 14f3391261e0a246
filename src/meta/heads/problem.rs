//! The ridge problem and its adjoint: one factorisation, a triangular solve for each right-hand side.
//!
//! For inputs `X: n x p`, targets `Y: n x c` and a penalty `r > 0`,
//! ```text
//! W = argmin |X W - Y|^2 + r |W|^2 = X' K^-1 Y = A^-1 X' Y           K = X X' + r I: n x n      A = X' X + r I: p x p
//! ```
//! the *dual* form where `n <= p`, the *primal* one otherwise (Woodbury: the same W). With a cotangent `G = dL/dW`, implicit
//! differentiation of `A W = X' Y` gives with `N = A^-1 G`
//! ```text
//! dL/dY = X N = M          dL/dX = (Y - X W) N' - M W'          dL/dr = - sum N W
//! dual:    B = K^-1 Y      M = K^-1 X G      E = G - X' M       dL/dX = B E' - M W'      dL/dr = - sum M B
//! primal:  B = Y - X W     E = A^-1 G        M = X E            dL/dX = B E' - M W'      dL/dr = - sum E W
//! ```
//! In the dual form `Y - X W = r B` and `E = r N`, so nothing is ever divided by `r`. What a row's residual would be under the fit to
//! all the others costs no refit (Allen 1974):
//! ```text
//! y_i - x_i W_(-i) = B_i / (K^-1)_ii = B_i / (1 - x_i' A^-1 x_i)       dual, primal
//! ```
//! Right-hand sides lie as rows (`c x n`, `c x p`), so that each is a slice.

use cognate_kernels::{MatMut, MatRef, Product, Real, dot, sum_squares};

use crate::error::Result;
use crate::linalg::{cholesky, cholesky_solve, solve_lower};
use crate::workspace::Work;

/// Inputs and penalty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Problem<'a, T> {
    /// `n x p`, rows contiguous.
    pub(crate) x: MatRef<'a, T>,
    /// `r`.
    pub(crate) penalty: T,
}

/// A solved problem.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Solved<'a, T> {
    pub(crate) problem: Problem<'a, T>,
    /// The factor of `K` or `A`.
    pub(crate) factor: &'a [T],
    /// `B'`, `c x n`.
    pub(crate) b: MatRef<'a, T>,
    /// `W`, `p x c`.
    pub(crate) weights: MatRef<'a, T>,
}

/// Rows of the system that is factored.
pub(crate) const fn side(n: usize, p: usize) -> usize {
    if n <= p { n } else { p }
}

/// Elements of the factor.
pub(crate) const fn factor_len(n: usize, p: usize) -> usize {
    side(n, p) * side(n, p)
}

/// Scratch of everything here for `c` right-hand sides: two sets of them and the room of a product.
pub(crate) const fn scratch(n: usize, p: usize, c: usize) -> usize {
    (2 * c + 1) * (n + p)
}

impl<'a, T: Real> Problem<'a, T> {
    pub(crate) fn is_dual(&self) -> bool {
        self.x.rows() <= self.x.cols()
    }

    /// Factors `K` or `A` into `factor`.
    pub(crate) fn factor(&self, factor: &mut [T], w: &mut Work<'_, T>) -> Result<()> {
        let side = side(self.x.rows(), self.x.cols());
        let mut system = MatMut::planned(factor, side, side);
        let (left, right) = match self.is_dual() {
            true => (self.x, self.x.t()),
            false => (self.x.t(), self.x),
        };
        w.gemm(Product::new(left, right), system.rb_mut());
        for i in 0..side {
            let diagonal = system.at(i, i) + self.penalty;
            system.set(i, i, diagonal);
        }
        cholesky(system, w)
    }

    /// `W` into `weights: p x c` with the factor made before; `b: c x n` comes in as `Y'` and goes out as `B'`.
    pub(crate) fn solve(
        &self,
        factor: &[T],
        mut b: MatMut<'_, T>,
        mut weights: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        if self.is_dual() {
            solve_rows(factor, b.rb_mut(), w);
            return w.gemm(Product::new(self.x.t(), b.rb().t()), weights);
        }
        let (c, p) = (b.rows(), self.x.cols());
        let (rows, mut w) = w.take(c * p);
        let mut rows = MatMut::planned(rows, c, p);
        w.gemm(Product::new(b.rb(), self.x), rows.rb_mut());
        solve_rows(factor, rows.rb_mut(), &mut w);
        weights.copy_from(rows.rb().t());
        let residuals = Product::new(rows.rb(), self.x.t());
        w.gemm(residuals.alpha(-T::ONE).beta(T::ONE), b);
    }
}

impl<T: Real> Solved<'_, T> {
    /// `G` in `e: p x c` becomes `E`; `M'` into `m: c x n`. Returns `dL/dr`.
    pub(crate) fn adjoint(
        &self,
        mut e: MatMut<'_, T>,
        mut m: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) -> T {
        let (x, level) = (self.problem.x, w.level());
        if self.problem.is_dual() {
            w.gemm(Product::new(e.rb().t(), x.t()), m.rb_mut());
            solve_rows(self.factor, m.rb_mut(), w);
            let change = Product::new(x.t(), m.rb().t());
            w.gemm(change.alpha(-T::ONE).beta(T::ONE), e);
            let rows = (0..m.rows()).map(|j| dot(level, m.rb().row(j), self.b.row(j)));
            return rows.fold(T::ZERO, |sum, product| sum - product);
        }
        let (p, c) = (e.rows(), e.cols());
        let (rows, mut w) = w.take(c * p);
        let mut rows = MatMut::planned(rows, c, p);
        rows.copy_from(e.rb().t());
        solve_rows(self.factor, rows.rb_mut(), &mut w);
        e.copy_from(rows.rb().t());
        w.gemm(Product::new(rows.rb(), x.t()), m);
        let rows = (0..p).map(|i| dot(level, e.rb().row(i), self.weights.row(i)));
        rows.fold(T::ZERO, |sum, product| sum - product)
    }

    /// `dL/dX` into `dx: n x p`, from what [`Solved::adjoint`] gave.
    pub(crate) fn d_x(
        &self,
        e: MatRef<'_, T>,
        m: MatRef<'_, T>,
        mut dx: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        w.gemm(Product::new(self.b.t(), e.t()), dx.rb_mut());
        let second = Product::new(m.t(), self.weights.t());
        w.gemm(second.alpha(-T::ONE).beta(T::ONE), dx);
    }

    /// The residuals `y_i - x_i W` of each row under the fit to the others, into `out: c x n`. Where rows were centred before, each also
    /// pulled at the mean by its share, `leverages`; empty where they were not.
    pub(crate) fn leave_one_out(
        &self,
        leverages: &[T],
        mut out: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        let unit = match self.problem.is_dual() {
            true => self.problem.penalty,
            false => T::ONE,
        };
        for i in 0..self.problem.x.rows() {
            let leverage = leverages.get(i).copied().unwrap_or(T::ZERO);
            let share = self.share(i, w) - leverage / unit;
            for j in 0..out.rows() {
                out.set(j, i, self.b.at(j, i) / share);
            }
        }
    }

    /// `(K^-1)_ii`, or `1 - x_i' A^-1 x_i`.
    fn share(&self, i: usize, w: &mut Work<'_, T>) -> T {
        let side = side(self.problem.x.rows(), self.problem.x.cols());
        let level = w.level();
        let (column, _) = w.take(side);
        let factor = MatRef::planned(self.factor, side, side);
        if self.problem.is_dual() {
            column.fill(T::ZERO);
            column[i] = T::ONE;
            solve_lower(factor, column, level);
            return sum_squares(level, column);
        }
        column.copy_from_slice(self.problem.x.row(i));
        solve_lower(factor, column, level);
        T::ONE - sum_squares(level, column)
    }
}

/// Each row of `b` solved by the factor.
fn solve_rows<T: Real>(factor: &[T], mut b: MatMut<'_, T>, w: &mut Work<'_, T>) {
    let side = b.cols();
    let factor = MatRef::planned(factor, side, side);
    for j in 0..b.rows() {
        cholesky_solve(factor, b.row_mut(j), w.level());
    }
}
