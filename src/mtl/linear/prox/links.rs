//! One task's classes: loss, residuals, curvature and conjugate from the links `z_i = W'x_i`, the intercepts at their best.
//!
//! With `p_i = softmax(z_i + b)`, `e_i` the unit vector of the label and `c_i` the weights times the task's own:
//! ```text
//! value      sum_i c_i (-log p_i,y)                     residuals   r_i = c_i (e_i - p_i),   sum_i r_i = 0
//! curvature  u_i = c_i (P_i rz_i - P_i beta),           P_i = diag(p_i) - p_i p_i',   beta such that sum_i u_i = 0
//! conjugate  f*(-s r) = sum_i c_i sum_j q_ij log q_ij,   q_i = (1 - s) e_i + s p_i
//! ```
//! Two classes have one link, the logit of class 1. What is kept of them is the probability of the wrong class, `m_i`, in which nothing
//! cancels: residuals are `c_i m_i` away from it, `P_i` is `m_i (1 - m_i)`.
//!
//! **Intercepts.** The sum of the residuals is the gradient by b. For one link Newton's step is taken as long as it stays between the
//! points known to lie to both sides of the root, else these are halved; for several it is halved until the value falls.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real, dot, max_abs, softmax_rows, softplus_logistic};

use crate::linalg::{cholesky, cholesky_solve};
use crate::mtl::Task;
use crate::workspace::{Work, default_level};

/// Newton steps for the intercepts, and the gradient at which they end, against the total weight.
const STEPS: usize = 60;
const SMALL: f64 = 1e-14;

/// What a step of Newton's method gains, against the value, from which on rounding of the value says more.
const BLIND: f64 = 1e-10;

/// A task's labels and weights.
pub(super) struct Links {
    classes: usize,
    labels: Vec<u32>,
    /// Rows' weights times the task's.
    weights: Vec<f64>,
    total: f64,
    intercept: bool,
}

impl Links {
    pub(super) fn new(task: &Task, rows: &[f64], intercept: bool) -> Self {
        let weights: Vec<f64> = rows.iter().map(|w| w * task.weight).collect();
        Self {
            classes: task.kind.links().max(2),
            labels: task.labels.iter().map(|&label| label as u32).collect(),
            total: weights.iter().sum(),
            weights,
            intercept,
        }
    }

    /// Links a row.
    pub(super) fn width(&self) -> usize {
        if self.classes == 2 { 1 } else { self.classes }
    }

    /// Whether the intercepts are free, there are rows, and some class has none.
    pub(super) fn lacks_a_class(&self) -> bool {
        let mut weight = vec![0.0; self.classes];
        for (&label, w) in self.labels.iter().zip(&self.weights) {
            weight[label as usize] += w;
        }
        self.intercept && self.total > 0.0 && weight.contains(&0.0)
    }

    /// The value at the links `z`, which become the residuals; `p` and `b` are filled, `b` from where it stands. `room`: a number a row.
    #[inline]
    pub(super) fn settle(
        &self,
        z: &mut [f64],
        p: &mut [f64],
        b: &mut [f64],
        room: &mut [f64],
    ) -> f64 {
        match self.classes {
            2 => self.settle_two(z, p, &mut b[0], room),
            _ => self.settle_many(z, p, b, room),
        }
    }

    fn settle_two(&self, z: &mut [f64], miss: &mut [f64], b: &mut f64, loss: &mut [f64]) -> f64 {
        let level = default_level();
        let away = |i: usize| if self.labels[i] == 0 { 1.0 } else { -1.0 };
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut t = vec![0.0; z.len()];
        for _ in 0..STEPS {
            for (i, t) in t.iter_mut().enumerate() {
                *t = away(i) * (z[i] + *b);
            }
            softplus_logistic(level, &t, loss, miss);
            if !self.intercept {
                break;
            }
            let (mut slope, mut curvature) = (0.0, 0.0);
            for (i, (m, c)) in miss.iter().zip(&self.weights).enumerate() {
                slope -= away(i) * c * m;
                curvature += c * m * (1.0 - m);
            }
            if slope.abs() <= SMALL * self.total {
                break;
            }
            (low, high) = if slope > 0.0 { (*b, high) } else { (low, *b) };
            let next = *b + slope / curvature;
            *b = match next > low && next < high {
                true => next,
                false if low.is_finite() && high.is_finite() => low + 0.5 * (high - low),
                false => *b + slope.signum(),
            };
            if *b <= low || *b >= high {
                break;
            }
        }
        for (i, z) in z.iter_mut().enumerate() {
            *z = -away(i) * self.weights[i] * miss[i];
        }
        loss.iter().zip(&self.weights).map(|(l, c)| l * c).sum()
    }

    #[inline]
    fn settle_many(&self, z: &mut [f64], p: &mut [f64], b: &mut [f64], lse: &mut [f64]) -> f64 {
        let mut value = self.probabilities(z, b, p, lse);
        let mut last = f64::INFINITY;
        for _ in 0..if self.intercept { STEPS } else { 0 } {
            let mut step = vec![0.0; self.classes];
            self.add_residuals(p, &mut step);
            let steepest = max_abs(default_level(), &step);
            let slope = step.clone();
            self.solve(p, &mut step);
            // Below this a step can no longer be judged by the value; it is taken while the gradient falls.
            let blind = dot(default_level(), &slope, &step) <= BLIND * value;
            if steepest <= SMALL * self.total || (blind && steepest >= 0.5 * last) {
                break;
            }
            last = steepest;
            let before = b.to_vec();
            let mut length = 1.0;
            let better = loop {
                for (b, (old, step)) in b.iter_mut().zip(before.iter().zip(&step)) {
                    *b = old + length * step;
                }
                let next = self.probabilities(z, b, p, lse);
                if next < value || blind {
                    break Some(next);
                }
                if length < 1e-3 {
                    break None;
                }
                length *= 0.5;
            };
            let Some(better) = better else {
                b.copy_from_slice(&before);
                value = self.probabilities(z, b, p, lse);
                break;
            };
            value = better;
        }
        let rows = z
            .chunks_exact_mut(self.classes)
            .zip(p.chunks_exact(self.classes));
        for (i, (z, p)) in rows.enumerate() {
            for (j, (z, p)) in z.iter_mut().zip(p).enumerate() {
                *z = self.weights[i] * (self.is(i, j) - p);
            }
        }
        value
    }

    /// 1 if row `i` is of class `j`, else 0.
    fn is(&self, i: usize, j: usize) -> f64 {
        if self.labels[i] as usize == j {
            1.0
        } else {
            0.0
        }
    }

    /// `p = softmax(z + b)`; the value.
    fn probabilities(&self, z: &[f64], b: &[f64], p: &mut [f64], lse: &mut [f64]) -> f64 {
        let (n, k) = (self.labels.len(), self.classes);
        let mut shifted = z.to_vec();
        for row in shifted.chunks_exact_mut(k) {
            row.iter_mut().zip(b).for_each(|(z, b)| *z += b);
        }
        let of = MatRef::planned(&shifted, n, k);
        softmax_rows(default_level(), of, MatMut::planned(p, n, k), lse);
        let loss = |i: usize| self.weights[i] * (lse[i] - of.at(i, self.labels[i] as usize));
        (0..n).map(loss).sum()
    }

    /// The sum of the residuals.
    fn add_residuals(&self, p: &[f64], sum: &mut [f64]) {
        for (i, p) in p.chunks_exact(self.classes).enumerate() {
            for (j, (sum, p)) in sum.iter_mut().zip(p).enumerate() {
                *sum += self.weights[i] * (self.is(i, j) - p);
            }
        }
    }

    /// Overwrites `b` with the solution of `(sum_i c_i P_i) x = b` whose entries sum to 0; `b`'s do.
    #[inline]
    fn solve(&self, p: &[f64], b: &mut [f64]) {
        let k = self.classes;
        let mut sum = vec![0.0; k * k];
        for (c, p) in self.weights.iter().zip(p.chunks_exact(k)) {
            for i in 0..k {
                for j in 0..k {
                    sum[i * k + j] -= c * p[i] * p[j];
                }
                sum[i * k + i] += c * p[i];
            }
        }
        // Ones are what the matrix does not see; with them it is definite.
        let size = (0..k).map(|i| sum[i * k + i]).sum::<f64>() / (k * k) as f64;
        sum.iter_mut().for_each(|s| *s += size);
        let mut work = Work::new(default_level(), &mut []);
        match cholesky(MatMut::planned(&mut sum, k, k), &mut work) {
            Ok(()) => cholesky_solve(MatRef::planned(&sum, k, k), b, default_level()),
            // Probabilities of 0 and 1 to rounding: downhill is all that is known.
            Err(_) => b.iter_mut().for_each(|b| *b /= self.total),
        }
    }

    /// Overwrites the links' direction `rz` with that of the residuals, turned round.
    #[inline]
    pub(super) fn curve(&self, rz: &mut [f64], p: &[f64]) {
        if self.classes == 2 {
            let bend = |i: usize| self.weights[i] * p[i] * (1.0 - p[i]);
            let (mut with, mut total) = (0.0, 0.0);
            for (i, rz) in rz.iter().enumerate() {
                with += bend(i) * rz;
                total += bend(i);
            }
            let mean = if self.intercept && total > 0.0 {
                with / total
            } else {
                0.0
            };
            for (i, rz) in rz.iter_mut().enumerate() {
                *rz = bend(i) * (*rz - mean);
            }
            return;
        }
        let k = self.classes;
        let bend = |c: f64, p: &[f64], rz: &mut [f64]| {
            let mean: f64 = p.iter().zip(&*rz).map(|(p, rz)| p * rz).sum();
            let turned = rz.iter_mut().zip(p);
            turned.for_each(|(rz, p)| *rz = c * p * (*rz - mean));
        };
        let mut beta = vec![0.0; k];
        if self.intercept && self.total > 0.0 {
            let mut u = rz.to_vec();
            for (i, u) in u.chunks_exact_mut(k).enumerate() {
                bend(self.weights[i], &p[i * k..(i + 1) * k], u);
                beta.iter_mut().zip(u).for_each(|(sum, u)| *sum += *u);
            }
            self.solve(p, &mut beta);
        }
        for (i, rz) in rz.chunks_exact_mut(k).enumerate() {
            rz.iter_mut().zip(&beta).for_each(|(rz, b)| *rz -= b);
            bend(self.weights[i], &p[i * k..(i + 1) * k], rz);
        }
    }

    /// `sum_i c_i (1 / p_i - 1)`, p being the probability of the label: the squares of the residuals in units of the curvature.
    pub(super) fn squares(&self, p: &[f64]) -> f64 {
        let of = |(i, p): (usize, &[f64])| {
            let right = match self.width() {
                1 => 1.0 - p[0],
                _ => p[self.labels[i] as usize],
            };
            // Where a label is all but ruled out, the expansion is of no use, and need not be finite to say so.
            self.weights[i] * (1.0 - right) / right.max(f64::EPSILON)
        };
        p.chunks_exact(self.width()).enumerate().map(of).sum()
    }

    /// `f*` at minus `s` times the residuals.
    pub(super) fn conjugate(&self, s: f64, p: &[f64]) -> f64 {
        let width = self.width();
        let of = |(i, p): (usize, &[f64])| {
            let (wrong, others) = match width {
                1 => (p[0], entropy(s * p[0])),
                _ => {
                    let others = p.iter().enumerate().filter(|&(j, _)| self.is(i, j) == 0.0);
                    let sums = |(sum, e), (_, &p): (usize, &f64)| (sum + p, e + entropy(s * p));
                    others.fold((0.0, 0.0), sums)
                }
            };
            let right = 1.0 - s * wrong;
            let last = if right > 0.0 {
                right * Real::ln_1p(-s * wrong)
            } else {
                0.0
            };
            self.weights[i] * (others + last)
        };
        p.chunks_exact(width).enumerate().map(of).sum()
    }
}

/// `q log q`.
fn entropy(q: f64) -> f64 {
    if q > 0.0 { q * Real::ln(q) } else { 0.0 }
}
