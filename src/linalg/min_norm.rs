//! The point of least norm in the convex hull of n points, from their products alone (Wolfe 1976):
//! ```text
//! min || sum_i w_i g_i ||^2     over     w >= 0,  sum_i w_i = 1
//! ```
//! *One complementarity problem.* On the simplex, adding `s (sum w)^2` to the square changes nothing but makes it definite wherever the
//! points are affinely independent, also when 0 is in their hull. Without the constraint its optimum is found up to a factor:
//! ```text
//! u >= 0,   (G + s 11') u - 1 >= 0,   complementary;      w = u / sum u
//! ```
//! *At any scale.* With `s` the least squared norm, and in the unknowns `x_i = |g_i| u_i`, all numbers are at most 1 and none is lost,
//! however different the norms: with the cosines C and `t_i = min norm / |g_i|` the problem is `(C + tt') x - t >= 0`.
//!
//! *Certificate.* With `d = sum_i w_i g_i` the Frank-Wolfe gap `|d|^2 - min_i <g_i, d>` is zero at the optimum only, and never less than
//! the squared distance of d from it.

use alloc::{vec, vec::Vec};

use cognate_kernels::Real;

use super::lcp::{Complementarity, Lcp};

/// Products of n points, `<g_i, g_j> = norms_i norms_j cosines_ij`. A point at 0 has cosines 0, also with itself.
#[derive(Clone, Copy, Debug)]
pub struct Angles<'a> {
    /// `n x n`, row-major.
    pub cosines: &'a [f64],
    /// n.
    pub norms: &'a [f64],
    /// The relative rounding error that the products came with.
    pub eps: f64,
}

impl<'a> Angles<'a> {
    /// Splits the Gram matrix `gram: n x n`, of which the lower triangle is read, into `cosines: n x n` and `norms: n`.
    ///
    /// # Panics
    /// If the lengths do not fit.
    #[track_caller]
    pub fn new(gram: &[f64], cosines: &'a mut [f64], norms: &'a mut [f64], eps: f64) -> Self {
        let n = norms.len();
        assert_eq!((gram.len(), cosines.len()), (n * n, n * n), "n x n numbers");
        for i in 0..n {
            norms[i] = Real::sqrt(gram[i * n + i].max(0.0));
            for j in 0..=i {
                let zero = norms[i] == 0.0 || norms[j] == 0.0;
                let cosine = if zero {
                    0.0
                } else if i == j {
                    1.0
                } else {
                    (gram[i * n + j] / norms[i] / norms[j]).clamp(-1.0, 1.0)
                };
                cosines[i * n + j] = cosine;
                cosines[j * n + i] = cosine;
            }
        }
        Self {
            cosines,
            norms,
            eps,
        }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.norms.len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.norms.is_empty()
    }

    /// The cosine between points i and j.
    pub fn cosine(&self, i: usize, j: usize) -> f64 {
        self.cosines[i * self.len() + j]
    }

    /// The largest norm.
    pub fn largest(&self) -> f64 {
        self.norms.iter().copied().fold(0.0, f64::max)
    }

    /// The Gram matrix in units of the largest squared norm, into `gram: n x n`.
    pub fn scaled_gram(&self, gram: &mut [f64]) {
        let top = self.largest().max(f64::MIN_POSITIVE);
        for (row, norm) in gram.chunks_exact_mut(self.len().max(1)).zip(self.norms) {
            for (j, product) in row.iter_mut().enumerate() {
                *product = norm / top * (self.norms[j] / top);
            }
        }
        for (product, cosine) in gram.iter_mut().zip(self.cosines) {
            *product *= cosine;
        }
    }

    /// `<g_i / |g_i|, sum_j w_j g_j>` in units of the largest norm.
    pub fn along(&self, i: usize, w: &[f64]) -> f64 {
        let top = self.largest().max(f64::MIN_POSITIVE);
        let term = |j: usize| self.cosine(i, j) * (w[j] * (self.norms[j] / top));
        (0..self.len()).map(term).sum()
    }
}

/// The memory to solve problems of up to n points, which then allocates nothing.
#[derive(Clone, Debug)]
pub struct MinNorm {
    lcp: Lcp,
    m: Vec<f64>,
    q: Vec<f64>,
}

impl MinNorm {
    /// For up to `n` points.
    pub fn new(n: usize) -> Self {
        Self {
            lcp: Lcp::new(n),
            m: vec![0.0; n * n],
            q: vec![0.0; n],
        }
    }

    /// Solves into `w: n`; returns the Frank-Wolfe gap in units of the largest squared norm.
    ///
    /// A point at 0 is the answer itself; the first one then has all the weight.
    ///
    /// # Panics
    /// If the lengths do not fit, or n is 0 or larger than was prepared for.
    #[track_caller]
    #[inline]
    pub fn solve(&mut self, points: &Angles<'_>, w: &mut [f64]) -> f64 {
        if let Some(zero) = points.norms.iter().position(|&norm| norm == 0.0) {
            w.fill(0.0);
            w[zero] = 1.0;
            return 0.0;
        }
        let problem = shift(points, &mut self.m, &mut self.q);
        self.lcp.solve(&problem, w);
        unscale(problem.q, w);
        frank_wolfe_gap(points, w)
    }

    /// The point of least norm in the *affine* hull of those points that the last solution gave weight; whether there is one.
    ///
    /// # Panics
    /// If the lengths do not fit, or a norm is 0.
    #[track_caller]
    #[inline]
    pub fn solve_on_support(&mut self, points: &Angles<'_>, w: &mut [f64]) -> bool {
        let problem = shift(points, &mut self.m, &mut self.q);
        let solved = self.lcp.solve_on_set(&problem, w);
        unscale(problem.q, w);
        solved
    }
}

/// `M = C + tt'` and `q = -t`.
fn shift<'a>(points: &Angles<'_>, m: &'a mut [f64], q: &'a mut [f64]) -> Complementarity<'a> {
    let n = points.len();
    let (m, q) = (&mut m[..n * n], &mut q[..n]);
    let least = points.norms.iter().copied().fold(f64::INFINITY, f64::min);
    for i in 0..n {
        q[i] = -least / points.norms[i];
        for j in 0..=i {
            m[i * n + j] = points.cosine(i, j) + q[i] * q[j];
            m[j * n + i] = m[i * n + j];
        }
    }
    Complementarity {
        m,
        q,
        eps: points.eps,
    }
}

/// From x to w: `w_i = t_i x_i / sum_j t_j x_j`.
fn unscale(q: &[f64], w: &mut [f64]) {
    for (w, q) in w.iter_mut().zip(q) {
        *w *= -q;
    }
    let sum: f64 = w.iter().sum();
    for w in w {
        *w /= sum;
    }
}

/// `|d|^2 - min_i <g_i, d>` in units of the largest squared norm.
fn frank_wolfe_gap(points: &Angles<'_>, w: &[f64]) -> f64 {
    let top = points.largest();
    let product = |i: usize| points.along(i, w) * (points.norms[i] / top);
    let square: f64 = (0..w.len()).map(|i| w[i] * product(i)).sum();
    let least = (0..w.len()).map(product).fold(f64::INFINITY, f64::min);
    (square - least).max(0.0)
}
