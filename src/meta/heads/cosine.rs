//! The head of baseline++ (Chen, Liu, Kira, Wang and Huang 2019): a direction a class, learned on frozen features.
//!
//! ```text
//! z_c = s cos(h, w_c)        L = mean over the rows of CE(z, y)
//! u = h / |h|,  v_c = w_c / |w_c|,  g_c = s sum_i dL/dz_ic u_i        dL/dw_c = (g_c - v_c (v_c . g_c)) / |w_c|
//! ```
//! with a fixed scale s, 2 in the paper (10 for hundreds of classes). L is not convex and has no closed form: the classes' mean features
//! are the start of some steps of Adam on all rows. *Deviation*: the paper takes 100 epochs of stochastic steps with momentum from a random
//! start. There is no adjoint: the head is for bodies that were trained otherwise.

use cognate_kernels::{MatMut, MatRef, Product, Real, dot};

use super::prototype::{class_means, unit_rows};
use super::support::{Support, finite};
use super::{Head, PrototypeHead, Shape};
use crate::error::Result;
use crate::loss::{Loss, Softmax};
use crate::optim::{Adam, Method, StepState};
use crate::workspace::{Need, Work, cut_mut};

/// A cosine classifier on frozen features; targets are classes, each with a row of weight in the support set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineHead {
    /// `s`. Default 2.
    pub scale: f64,
    /// Steps of Adam. Default 100.
    pub steps: usize,
    /// Their rate, for features of length 1. Default 0.05.
    pub rate: f64,
}

impl Default for CosineHead {
    fn default() -> Self {
        Self {
            scale: 2.0,
            steps: 100,
            rate: 0.05,
        }
    }
}

/// Unit features, then room for a step: `v`, lengths, `z`, `dz`, the gradient, Adam's memory, the loss's.
fn parts(n: usize, d: usize, c: usize, loss: Need) -> [usize; 9] {
    [
        n * d,
        n,
        c * d,
        c,
        n * c,
        n * c,
        c * d,
        2 * c * d,
        loss.saved,
    ]
}

impl CosineHead {
    /// `W: C x d` into `weights`, which hold the start.
    fn descend<T: Real>(&self, support: &Support<'_, T>, weights: &mut [T], w: &mut Work<'_, T>) {
        let ((n, d), c, level) = (
            (support.h.rows(), support.h.cols()),
            support.outputs,
            w.level(),
        );
        let (softmax, need) = (
            Softmax::default(),
            Loss::<T>::need(&Softmax::default(), n, c),
        );
        let parts = parts(n, d, c, need);
        let (slab, mut w) = w.take(parts.iter().sum());
        let ([units, own, v, lengths, z, dz, g, memory, kept], _) = cut_mut(slab, parts);
        let mut units = MatMut::planned(units, n, d);
        units.copy_from(support.h);
        unit_rows(units.rb_mut(), own, level);
        memory.fill(T::ZERO);
        let (scale, mean) = (T::from_f64(self.scale), T::ONE / support.weight());
        let (adam, mut state) = (Method::Adam(Adam::default()), StepState::new(memory));
        for _ in 0..self.steps {
            let mut v = MatMut::planned(v, c, d);
            v.copy_from(MatRef::planned(weights, c, d));
            unit_rows(v.rb_mut(), lengths, level);
            let links = Product::new(units.rb(), v.rb().t()).alpha(scale);
            w.gemm(links, MatMut::planned(z, n, c));
            let (links, into) = (MatRef::planned(z, n, c), MatMut::planned(dz, n, c));
            softmax.value_grad(links, &support.y, mean, Some(into), kept, &mut w);
            let back = Product::new(MatRef::planned(dz, n, c).t(), units.rb()).alpha(scale);
            w.gemm(back, MatMut::planned(g, c, d));
            for (class, g) in g.chunks_exact_mut(d).enumerate() {
                let v = v.rb().row(class);
                let along = dot(level, v, g);
                let pairs = g.iter_mut().zip(v);
                pairs.for_each(|(g, &v)| *g = (*g - v * along) / lengths[class].max(T::EPSILON));
            }
            adam.step(level, self.rate, weights, g, &mut state);
        }
    }
}

impl<T: Real> Head<T> for CosineHead {
    fn fitted(&self, shape: &Shape) -> usize {
        shape.outputs * shape.features
    }

    fn need(&self, shape: &Shape) -> Need {
        let (n, d, c) = (shape.support, shape.features, shape.outputs);
        let loss = Loss::<T>::need(&Softmax::default(), n, c);
        let descent = parts(n, d, c, loss).iter().sum::<usize>() + loss.scratch;
        Need {
            saved: c,
            ..Need::scratch(descent.max(c * (d + 1)))
        }
    }

    fn fit(
        &self,
        _p: &[T],
        support: &Support<'_, T>,
        fitted: &mut [T],
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> Result<()> {
        let (c, d) = (support.outputs, support.h.cols());
        let (fitted, weights) = (&mut fitted[..c * d], &mut saved[..c]);
        class_means(support, MatMut::planned(fitted, c, d), weights)?;
        unit_rows(MatMut::planned(fitted, c, d), weights, w.level());
        self.descend(support, fitted, w);
        finite(fitted, w.level())
    }

    /// The scale is the head's own, not learned across tasks.
    fn predict(
        &self,
        _p: &[T],
        fitted: &[T],
        h: MatRef<'_, T>,
        z: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        let log_scale = [T::from_f64(self.scale).ln()];
        PrototypeHead::COSINE.predict(&log_scale, fitted, h, z, w);
    }
}
