//! The logistic head (LR-D2: Bertinetto and others 2019): each class against the others, by Newton's method, to its optimum.
//!
//! For one output with labels `y_i` in [0, 1], weights `u_i`, inputs `X = [H_S, 1]` and a penalty `r`,
//! ```text
//! w = argmin sum_i u_i (log(1 + e^f_i) - y_i f_i) + r/2 |w|^2         f = X w
//! ```
//! and `z = scale [h, 1] w + shift`, with r, scale and shift learned across tasks as in the ridge head. The optimum has `w = X' a / r`
//! with `a_i = u_i (y_i - s_i)`, `s_i = 1 / (1 + e^-f_i)`: with few rows it is sought in `a` (see `irls.rs`), from `K = X X'`, which is
//! made once for all outputs.
//!
//! **Adjoint**, at the optimum and not through the steps: with `D = diag(u s (1 - s))`, the system `Q = r I + D^1/2 K D^1/2` of n rows,
//! `G = dL/dw` and `v = (X' D X + r I)^-1 G`,
//! ```text
//! dL/dX = a v' - D X v w'        dL/dr = - v . w        dL/dy = u X v        v = (G - X' D^1/2 Q^-1 D^1/2 X G) / r
//! ```

use cognate_kernels::{MatMut, MatRef, Product, Real, dot};

use super::affine::{Affine, PARAMS};
use super::irls::{Dual, Room};
use super::support::{Support, finite};
use super::{Head, HeadAdjoint, HeadGradient, HeadPoint, Shape};
use crate::error::{Error, Result};
use crate::loss::Target;
use crate::workspace::{Need, Work, cut, cut_mut};

/// Logistic regression of each class against the others; targets are classes, or numbers in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogisticHead {
    /// The penalty at the start of meta-training. Default 1.
    pub penalty: f64,
    /// Whether it is multiplied by the support set's total weight. Default false.
    pub per_weight: bool,
    /// Whether there is a column of ones, last, penalised as the rest. Default true.
    pub bias: bool,
}

impl Default for LogisticHead {
    fn default() -> Self {
        Self {
            penalty: 1.0,
            per_weight: false,
            bias: true,
        }
    }
}

impl LogisticHead {
    /// Sets [`LogisticHead::penalty`].
    pub fn with_penalty(self, penalty: f64) -> Self {
        Self { penalty, ..self }
    }

    /// Sets [`LogisticHead::per_weight`].
    pub fn with_per_weight(self, per_weight: bool) -> Self {
        Self { per_weight, ..self }
    }

    /// Sets [`LogisticHead::bias`].
    pub fn with_bias(self, bias: bool) -> Self {
        Self { bias, ..self }
    }

    fn columns(&self, features: usize) -> usize {
        features + usize::from(self.bias)
    }

    /// Weights, ones (or 0 for a row without label), inputs, `K`, labels `c x n`, `a: c x n`.
    fn parts(&self, n: usize, d: usize, c: usize) -> [usize; 6] {
        [n, n, n * self.columns(d), n * n, c * n, c * n]
    }

    fn penalty_of<T: Real>(&self, p: &[T], support: &Support<'_, T>) -> T {
        match self.per_weight {
            true => p[0].exp() * support.weight(),
            false => p[0].exp(),
        }
    }
}

/// Labels are probabilities.
fn check_labels<T: Real>(support: &Support<'_, T>, labels: MatRef<'_, T>) -> Result<()> {
    let outside = |&i: &usize| {
        let mut column = (0..labels.rows()).map(|j| labels.at(j, i));
        column.any(|y| !(y >= T::ZERO && y <= T::ONE))
    };
    let wrong =
        matches!(support.y.target, Target::Values(_)) && (0..labels.cols()).any(|i| outside(&i));
    match wrong {
        false => Ok(()),
        true => Err(Error::Setting {
            name: "every target of a logistic head",
            must: "in [0, 1]",
            found: f64::NAN,
        }),
    }
}

impl<T: Real> Head<T> for LogisticHead {
    fn params(&self) -> usize {
        PARAMS
    }

    fn start(&self, p: &mut [T]) {
        p[..PARAMS].copy_from_slice(&[T::from_f64(self.penalty).ln(), T::ONE, T::ZERO]);
    }

    fn fitted(&self, shape: &Shape) -> usize {
        self.columns(shape.features) * shape.outputs
    }

    fn need(&self, shape: &Shape) -> Need {
        let (n, d, c) = (shape.support, shape.features, shape.outputs);
        let p = self.columns(d);
        Need {
            saved: self.parts(n, d, c).iter().sum(),
            ..Need::scratch(c + p * c + c * n + n * p + Room::<T>::len(n))
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
        let columns = self.columns(d);
        let ([weights, ones, x, gram, labels, a], _) = cut_mut(saved, self.parts(n, d, c));
        for i in 0..n {
            weights[i] = support.y.weight(i, 0);
            ones[i] = if weights[i] > T::ZERO {
                T::ONE
            } else {
                T::ZERO
            };
        }
        support.inputs(ones, self.bias, x);
        support.targets(ones, MatMut::planned(labels, c, n));
        check_labels(support, MatRef::planned(labels, c, n))?;
        let x = MatRef::planned(x, n, columns);
        w.gemm(Product::new(x, x.t()), MatMut::planned(gram, n, n));
        let penalty = self.penalty_of(p, support);
        let (slab, mut w) = w.take(Room::<T>::len(n));
        let room = &mut Room::new(slab, n);
        for (a, labels) in a.chunks_exact_mut(n).zip(labels.chunks_exact(n)) {
            let dual = Dual {
                gram: MatRef::planned(gram, n, n),
                penalty,
                weights,
                labels,
            };
            dual.solve(a, room, &mut w)?;
        }
        let fitted = &mut fitted[..columns * c];
        let product = Product::new(x.t(), MatRef::planned(a, c, n).t());
        let into = MatMut::planned(fitted, columns, c);
        w.gemm(product.alpha(T::ONE / penalty), into);
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

impl<T: Real> HeadAdjoint<T> for LogisticHead {
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
        let ([weights, ones, x, gram, labels, a], _) = cut(at.saved, self.parts(n, d, c));
        let penalty = self.penalty_of(p, &at.support);
        let (x, gram) = (MatRef::planned(x, n, columns), MatRef::planned(gram, n, n));
        let map = Affine::new(p, at.fitted, (d, c), self.bias);
        map.d_query(dz, into.query.rb_mut(), w);
        let sizes = [columns * c, c * n, n * columns];
        let (slab, mut w) = w.take(sizes.iter().sum::<usize>() + Room::<T>::len(n));
        let ([g, xv, dx], slab) = cut_mut(slab, sizes);
        let (d_scale, d_shift) = map.d_map(at.query, dz, g, &mut w);
        let (mut g, mut xv) = (MatMut::planned(g, columns, c), MatMut::planned(xv, c, n));
        w.gemm(Product::new(g.rb().t(), x.t()), xv.rb_mut());
        let mut room = Room::new(slab, n);
        for j in 0..c {
            let dual = Dual {
                gram,
                penalty,
                weights,
                labels: &labels[j * n..][..n],
            };
            dual.links(&a[j * n..][..n], room.links, &w);
            let factored = dual.factor(room.links, room.roots, room.system, &mut w);
            factored.expect("the fit factored the same system");
            let xv = dual.adjoint(xv.row_mut(j), &mut room, &w);
            if let Some(targets) = &mut into.targets {
                (0..n).for_each(|i| targets.set(i, j, weights[i] * xv[i]));
            }
        }
        let (a, q) = (MatRef::planned(a, c, n), xv);
        let reduce = Product::new(x.t(), q.rb().t());
        w.gemm(reduce.alpha(-T::ONE).beta(T::ONE), g.rb_mut());
        let mut dx = MatMut::planned(dx, n, columns);
        let weights = MatRef::planned(at.fitted, columns, c);
        let first = Product::new(a.t(), g.rb().t()).alpha(T::ONE / penalty);
        w.gemm(first, dx.rb_mut());
        let second = Product::new(q.rb().t(), weights.t());
        w.gemm(second.alpha(-T::ONE).beta(T::ONE), dx.rb_mut());
        // dL/d ln r = - r v . w, and g holds r v.
        let along = |i: usize| dot(w.level(), g.rb().row(i), weights.row(i));
        let d_log = (0..columns).fold(T::ZERO, |sum, i| sum - along(i));
        into.params[..PARAMS].copy_from_slice(&[d_log, d_scale, d_shift]);
        for i in 0..n {
            for j in 0..d {
                into.support.set(i, j, ones[i] * dx.at(i, j));
            }
        }
    }
}
