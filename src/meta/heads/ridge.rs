//! The ridge head (R2-D2: Bertinetto, Henriques, Torr and Vedaldi 2019; MetaOptNet-RR: Lee and others 2019).
//!
//! With support features `H_S` and targets `Y` (one-hot for classes, numbers for regression) of n rows with weights `u_i`,
//! ```text
//! W = argmin sum_i u_i |[h_i, 1] W - y_i|^2 + r |W|^2          z = scale [h, 1] W + shift
//! ```
//! where the penalty `r` is lambda, or lambda times the total weight where it is a penalty of the mean; lambda, scale and shift are
//! learned across tasks, lambda as its logarithm. The column of ones may be left out; it is penalised as the rest.
//!
//! Weights become factors `sqrt u_i` of rows, so that only unweighted problems are solved (see `problem.rs` for the two forms, and the
//! adjoint that reuses the factor). *Deviations*: R2-D2's code divides rows by `sqrt n`, which gives the same W as a penalty of the mean;
//! MetaOptNet's has no column of ones and lambda 50.

use cognate_kernels::{MatMut, MatRef, Real};

use super::affine::{Affine, PARAMS};
use super::problem::{self, Problem, Solved, factor_len};
use super::support::{Support, finite};
use super::{Head, HeadAdjoint, HeadGradient, HeadPoint, Shape};
use crate::error::Result;
use crate::workspace::{Need, Work, cut, cut_mut};

/// Ridge regression to the support set's targets, for classes and for numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RidgeHead {
    /// Lambda at the start of meta-training. Default 1.
    pub penalty: f64,
    /// Whether lambda is multiplied by the support set's total weight. Default true.
    pub per_weight: bool,
    /// Whether there is a column of ones, last. Default true.
    pub bias: bool,
    /// The scale at the start of meta-training. Default: 1, but 10 where an
    /// [`EmbeddingLearner`](crate::meta::embedding::EmbeddingLearner) is to tell classes apart, since a fit to targets of 0 and 1 gives
    /// logits that lie within 1 or so.
    pub scale: Option<f64>,
}

impl Default for RidgeHead {
    fn default() -> Self {
        Self {
            penalty: 1.0,
            per_weight: true,
            bias: true,
            scale: None,
        }
    }
}

impl RidgeHead {
    /// Sets [`RidgeHead::penalty`].
    pub fn with_penalty(self, penalty: f64) -> Self {
        Self { penalty, ..self }
    }

    /// Sets [`RidgeHead::per_weight`].
    pub fn with_per_weight(self, per_weight: bool) -> Self {
        Self { per_weight, ..self }
    }

    /// Sets [`RidgeHead::bias`].
    pub fn with_bias(self, bias: bool) -> Self {
        Self { bias, ..self }
    }

    /// Sets [`RidgeHead::scale`].
    pub fn with_scale(self, scale: f64) -> Self {
        Self {
            scale: Some(scale),
            ..self
        }
    }

    /// Columns of the problem.
    fn columns(&self, features: usize) -> usize {
        features + usize::from(self.bias)
    }

    /// Row factors, inputs, factor, `B'`.
    fn parts(&self, n: usize, d: usize, c: usize) -> [usize; 4] {
        let p = self.columns(d);
        [n, n * p, factor_len(n, p), c * n]
    }

    /// The penalty, and its derivative by `ln lambda`: the same number.
    fn penalty_of<T: Real>(&self, p: &[T], support: &Support<'_, T>) -> T {
        let lambda = p[0].exp();
        match self.per_weight {
            true => lambda * support.weight(),
            false => lambda,
        }
    }

    /// The solved problem that a fit left.
    fn solved<'a, T: Real>(
        &self,
        p: &[T],
        support: &Support<'_, T>,
        fitted: &'a [T],
        saved: &'a [T],
    ) -> Solved<'a, T> {
        let (n, d, c) = (support.h.rows(), support.h.cols(), support.outputs);
        let columns = self.columns(d);
        let ([_, x, factor, b], _) = cut(saved, self.parts(n, d, c));
        Solved {
            problem: Problem {
                x: MatRef::planned(x, n, columns),
                penalty: self.penalty_of(p, support),
            },
            factor,
            b: MatRef::planned(b, c, n),
            weights: MatRef::planned(fitted, columns, c),
        }
    }

    /// What each support row's residual `z_i - y_i` (before scale and shift) would be under the fit to all the others at the same
    /// penalty, into `out: n x c`: the error on new rows, without any. Rows of weight 0 give NaN.
    ///
    /// # Panics
    /// If `fitted` and `saved` are not those of a fit to `support`, or the scratch is not [`Head::need`].
    pub fn leave_one_out<T: Real>(
        &self,
        p: &[T],
        support: &Support<'_, T>,
        (fitted, saved): (&[T], &[T]),
        mut out: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        let (n, c) = (support.h.rows(), support.outputs);
        let solved = self.solved(p, support, fitted, saved);
        let (residuals, mut w) = w.take(c * n);
        let mut residuals = MatMut::planned(residuals, c, n);
        solved.leave_one_out(&[], residuals.rb_mut(), &mut w);
        for i in 0..n {
            for j in 0..c {
                out.set(i, j, -residuals.at(j, i) / saved[i]);
            }
        }
    }
}

impl<T: Real> Head<T> for RidgeHead {
    fn params(&self) -> usize {
        PARAMS
    }

    fn start(&self, p: &mut [T]) {
        let scale = T::from_f64(self.scale.unwrap_or(1.0));
        p[..PARAMS].copy_from_slice(&[T::from_f64(self.penalty).ln(), scale, T::ZERO]);
    }

    fn fitted(&self, shape: &Shape) -> usize {
        self.columns(shape.features) * shape.outputs
    }

    fn need(&self, shape: &Shape) -> Need {
        let &Shape {
            support: n,
            features: d,
            outputs: c,
            ..
        } = shape;
        let p = self.columns(d);
        let adjoint = p * c + c * n + n * p;
        Need {
            saved: self.parts(n, d, c).iter().sum(),
            ..Need::scratch(c + adjoint + problem::scratch(n, p, c))
        }
    }

    fn fit(
        &self,
        p: &[T],
        support: &Support<'_, T>,
        fitted: &mut [T],
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> Result<()> {
        support.check()?;
        let (n, d, c) = (support.h.rows(), support.h.cols(), support.outputs);
        let ([factors, x, factor, b], _) = cut_mut(saved, self.parts(n, d, c));
        support.row_factors(factors);
        support.inputs(factors, self.bias, x);
        let (x, mut b) = (
            MatRef::planned(x, n, self.columns(d)),
            MatMut::planned(b, c, n),
        );
        support.targets(factors, b.rb_mut());
        let penalty = self.penalty_of(p, support);
        let problem = Problem { x, penalty };
        problem.factor(factor, w)?;
        let fitted = &mut fitted[..x.cols() * c];
        problem.solve(factor, b, MatMut::planned(fitted, x.cols(), c), w);
        finite(fitted, w.level())
    }

    fn predict(
        &self,
        p: &[T],
        fitted: &[T],
        h: MatRef<'_, T>,
        z: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        Affine::new(p, fitted, (h.cols(), z.cols()), self.bias).predict(h, z, w);
    }
}

impl<T: Real> HeadAdjoint<T> for RidgeHead {
    fn adjoint(
        &self,
        p: &[T],
        at: &HeadPoint<'_, T>,
        dz: MatRef<'_, T>,
        mut into: HeadGradient<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        let (n, d, c) = (at.support.h.rows(), at.query.cols(), dz.cols());
        let columns = self.columns(d);
        let solved = self.solved(p, &at.support, at.fitted, at.saved);
        let map = Affine::new(p, at.fitted, (d, c), self.bias);
        map.d_query(dz, into.query.rb_mut(), w);
        let (slab, mut w) = w.take(columns * c + c * n + n * columns);
        let ([g, m, dx], _) = cut_mut(slab, [columns * c, c * n, n * columns]);
        let (d_scale, d_shift) = map.d_map(at.query, dz, g, &mut w);
        let (mut e, mut m) = (MatMut::planned(g, columns, c), MatMut::planned(m, c, n));
        let d_penalty = solved.adjoint(e.rb_mut(), m.rb_mut(), &mut w);
        let d_log = d_penalty * solved.problem.penalty;
        into.params[..PARAMS].copy_from_slice(&[d_log, d_scale, d_shift]);
        let mut dx = MatMut::planned(dx, n, columns);
        solved.d_x(e.rb(), m.rb(), dx.rb_mut(), &mut w);
        let factors = &at.saved[..n];
        into.put_support(factors, dx.rb(), m.rb().t());
    }
}
