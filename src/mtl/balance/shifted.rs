//! The point of least norm of the gradients shifted by a multiple of their mean, `g_t + lambda g0`.
//!
//! With `b = G 1/T` and `|g0|^2 = 1'G1/T^2` their Gram matrix is `G_st + lambda (b_s + b_t) + lambda^2 |g0|^2`: T x T, as everything else.
//! All is in units of the largest gradient norm.

use alloc::vec::Vec;

use cognate_kernels::Real;

use super::rule::View;
use crate::linalg::{Angles, MinNorm};

/// The gradients of a batch, to be shifted.
pub(super) struct Shifted<'a> {
    min_norm: &'a mut MinNorm,
    /// G, `n x n`.
    gram: &'a mut [f64],
    work: &'a mut [f64],
    cosines: &'a mut [f64],
    norms: &'a mut [f64],
    b: &'a mut [f64],
    eps: f64,
}

impl<'a> Shifted<'a> {
    /// On buffers of a [`Scratch`](super::rule::Scratch).
    pub fn new(
        view: &View<'_>,
        min_norm: &'a mut MinNorm,
        [gram, work, cosines, _]: &'a mut [Vec<f64>; 4],
        [norms, b]: [&'a mut Vec<f64>; 2],
    ) -> Self {
        let n = view.len();
        let (gram, b) = (&mut gram[..n * n], &mut b[..n]);
        view.gradients.scaled_gram(gram);
        for i in 0..n {
            b[i] = gram[i * n..][..n].iter().sum::<f64>() / n as f64;
        }
        Self {
            min_norm,
            gram,
            work: &mut work[..n * n],
            cosines: &mut cosines[..n * n],
            norms: &mut norms[..n],
            b,
            eps: view.gradients.eps,
        }
    }

    /// `|g0|^2`.
    pub fn mean_square(&self) -> f64 {
        (self.b.iter().sum::<f64>() / self.b.len() as f64).max(0.0)
    }

    /// `(G u)_i`.
    pub fn along(&self, i: usize, u: &[f64]) -> f64 {
        let row = &self.gram[i * u.len()..][..u.len()];
        row.iter().zip(u).map(|(g, u)| g * u).sum()
    }

    /// `<J'u, J'v>`.
    pub fn product(&self, u: &[f64], v: &[f64]) -> f64 {
        (0..u.len()).map(|i| u[i] * self.along(i, v)).sum()
    }

    /// `sum_t |u_t| |g_t|`.
    pub fn size(&self, u: &[f64]) -> f64 {
        let norm = |i: usize| Real::sqrt(self.gram[i * (u.len() + 1)]);
        (0..u.len()).map(|i| u[i].abs() * norm(i)).sum()
    }

    /// `b_i = <g_i, g0>`.
    pub fn mean_along(&self, i: usize) -> f64 {
        self.b[i]
    }

    /// The weights of least norm; returns their Frank-Wolfe gap.
    #[inline]
    pub fn solve(&mut self, lambda: f64, w: &mut [f64]) -> f64 {
        self.shift(lambda);
        let points = Angles::new(self.work, self.cosines, self.norms, self.eps);
        self.min_norm.solve(&points, w)
    }

    /// The weights of least norm over the affine hull of the tasks that the last solution gave weight; whether there are any.
    #[inline]
    pub fn solve_on_support(&mut self, lambda: f64, w: &mut [f64]) -> bool {
        self.shift(lambda);
        let points = Angles::new(self.work, self.cosines, self.norms, self.eps);
        points.norms.iter().all(|&norm| norm > 0.0) && self.min_norm.solve_on_support(&points, w)
    }

    fn shift(&mut self, lambda: f64) {
        let n = self.b.len();
        let square = lambda * lambda * self.mean_square();
        for i in 0..n {
            for j in 0..n {
                let shift = lambda * (self.b[i] + self.b[j]) + square;
                self.work[i * n + j] = self.gram[i * n + j] + shift;
            }
        }
    }
}
