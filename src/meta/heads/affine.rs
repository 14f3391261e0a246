//! What the linear heads share: a map `z = scale (h W + b) + shift` whose scale and shift, and whose penalty, are learned across tasks.
//!
//! A fitted head is `[W, b]` (`W: d x c`), the last row absent where there is no bias; its own numbers are
//! ```text
//! p = [ln penalty, scale, shift]
//! ```
//! Scale and shift stand after the fit, so that regression to targets of 0 and 1 can still give confident logits.

use cognate_kernels::{MatMut, MatRef, Product, Real, col_sums, dot, sum};

use crate::workspace::Work;

/// Numbers learned across tasks.
pub(super) const PARAMS: usize = 3;

/// A fitted map with its scale and shift.
#[derive(Clone, Copy, Debug)]
pub(super) struct Affine<'a, T> {
    /// `d x c`.
    weights: MatRef<'a, T>,
    bias: Option<&'a [T]>,
    scale: T,
    shift: T,
}

impl<'a, T: Real> Affine<'a, T> {
    /// The map of `fitted`, for `d` features and `c` outputs.
    pub(super) fn new(p: &[T], fitted: &'a [T], (d, c): (usize, usize), bias: bool) -> Self {
        let (weights, behind) = fitted.split_at(d * c);
        Self {
            weights: MatRef::planned(weights, d, c),
            bias: bias.then(|| &behind[..c]),
            scale: p[1],
            shift: p[2],
        }
    }

    /// `z` of features `h: m x d`.
    pub(super) fn predict(&self, h: MatRef<'_, T>, z: MatMut<'_, T>, w: &mut Work<'_, T>) {
        let (shifts, mut w) = w.take(z.cols());
        for (j, shift) in shifts.iter_mut().enumerate() {
            *shift = self.bias.map_or(T::ZERO, |bias| self.scale * bias[j]) + self.shift;
        }
        let product = Product::new(h, self.weights).alpha(self.scale);
        w.gemm(product.bias(shifts), z);
    }

    /// `dh = scale dz W'`.
    pub(super) fn d_query(&self, dz: MatRef<'_, T>, dh: MatMut<'_, T>, w: &mut Work<'_, T>) {
        w.gemm(Product::new(dz, self.weights.t()).alpha(self.scale), dh);
    }

    /// `dL/d[W, b]` into `g: (d + bias) x c`; returns the gradients by scale and shift.
    pub(super) fn d_map(
        &self,
        h: MatRef<'_, T>,
        dz: MatRef<'_, T>,
        g: &mut [T],
        w: &mut Work<'_, T>,
    ) -> (T, T) {
        let ((d, c), level) = ((h.cols(), dz.cols()), w.level());
        let (sums, mut w) = w.take(c);
        col_sums(level, dz, T::ZERO, sums);
        let (of_weights, of_bias) = g.split_at_mut(d * c);
        w.gemm(Product::new(h.t(), dz), MatMut::planned(of_weights, d, c));
        let weights = self.weights.as_slice().expect("weights lie side by side");
        let mut d_scale = dot(level, of_weights, weights);
        if let Some(bias) = self.bias {
            d_scale += dot(level, sums, bias);
            of_bias.copy_from_slice(sums);
        }
        let d_shift = sum(level, sums);
        g.iter_mut().for_each(|v| *v *= self.scale);
        (d_scale, d_shift)
    }
}

/// The map `z = h W' + b'` that a fitted ridge or logistic head is, scale and shift included: `d x c` into `weights`, c numbers into `into`.
pub fn affine_as_linear<T: Real>(
    p: &[T],
    fitted: &[T],
    bias: bool,
    weights: &mut [T],
    into: &mut [T],
) {
    let (scale, shift) = (p[1], p[2]);
    let (of_weights, of_bias) = fitted.split_at(weights.len());
    for (to, &w) in weights.iter_mut().zip(of_weights) {
        *to = scale * w;
    }
    into.fill(shift);
    if bias {
        for (to, &b) in into.iter_mut().zip(of_bias) {
            *to += scale * b;
        }
    }
}
