//! Eight tasks at a time: the small matrices of each lie in the lanes of short vectors, so that every step is done for all eight.
//!
//! For a task with the products `C = Z'Z`, `c = Z'y`, `g = y'y` of its rows and the factor `F: q x r` of the relative covariance,
//! ```text
//! H = I + Z F F' Z'      M = I + F' C F = K K'      W = K^-1 F' [C c]
//!
//! [Z y]' H^-1 [Z y] = [C  c] - W'W = [A  b]         log det H = 2 sum log k_ii
//!                     [c' g]         [b' a]
//! ```
//! (Woodbury's identity), `q^3` work whatever the rows. A lane without a task holds zeros and adds nothing.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use cognate_kernels::Real;

use super::frame::Frame;
use crate::mtl::Summaries;

/// Tasks in a tile.
pub(super) const LANES: usize = 8;

/// A number a task.
pub(super) type Lanes = [f64; LANES];

pub(super) const ZERO: Lanes = [0.0; LANES];

/// The matrices of eight tasks.
pub(super) struct Tile {
    /// `q + 1`.
    width: usize,
    /// `[C c; c' g]`, then `[A b; b' a]`, whole.
    pub(super) products: Vec<Lanes>,
    pub(super) log_det: Lanes,
    /// `F'[C c]`, then `W`: `r x (q + 1)`.
    half: Vec<Lanes>,
    /// `M`, then `K`: `r x r`.
    middle: Vec<Lanes>,
}

/// The factor `F: q x r` of the relative covariance.
#[derive(Clone, Copy)]
pub(super) struct Factor<'a> {
    pub(super) values: &'a [f64],
    pub(super) rank: usize,
}

impl Tile {
    pub(super) fn new(q: usize, rank: usize) -> Self {
        let width = q + 1;
        Self {
            width,
            products: vec![ZERO; width * width],
            log_det: ZERO,
            half: vec![ZERO; rank * width],
            middle: vec![ZERO; rank * rank],
        }
    }

    /// Takes the products of up to eight tasks.
    pub(super) fn load(&mut self, frame: &Frame, tasks: &Summaries, range: Range<usize>) {
        if range.len() < LANES {
            self.products.fill(ZERO);
        }
        let (width, products) = (self.width, &mut self.products);
        for (lane, t) in range.enumerate() {
            frame.products(&tasks.task(t), |i, j, value| {
                products[i * width + j][lane] = value;
                products[j * width + i][lane] = value;
            });
        }
    }

    /// From `[C c; c' g]` to `[A b; b' a]`.
    pub(super) fn reduce(&mut self, f: Factor<'_>) {
        self.log_det = ZERO;
        if f.rank == 0 {
            return;
        }
        self.multiply(f);
        self.factor(f.rank);
        self.solve(f.rank);
        self.subtract(f.rank);
    }

    /// `F'[C c]` and `M = I + F'C F`, its lower triangle.
    fn multiply(&mut self, f: Factor<'_>) {
        let (width, r) = (self.width, f.rank);
        self.half.fill(ZERO);
        for (a, row) in f.values.chunks_exact(r).enumerate() {
            let from = &self.products[a * width..][..width];
            for (k, &v) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                add_scaled(&mut self.half[k * width..][..width], v, from);
            }
        }
        for k in 0..r {
            let line = &mut self.middle[k * r..][..r];
            line.fill(ZERO);
            line[k] = [1.0; LANES];
            for (row, half) in f.values.chunks_exact(r).zip(&self.half[k * width..]) {
                for (m, &v) in line[..=k].iter_mut().zip(row) {
                    for l in 0..LANES {
                        m[l] += v * half[l];
                    }
                }
            }
        }
    }

    /// `M = K K'` in place, its diagonal inverted, and the logarithm of the determinant. Pivots are at least 1.
    fn factor(&mut self, r: usize) {
        let mut det = [1.0; LANES];
        for i in 0..r {
            let (above, rest) = self.middle.split_at_mut(i * r);
            for j in 0..=i {
                let (row, from) = (&rest[..r], if j < i { &above[j * r..] } else { &rest[..] });
                let mut v = row[j];
                for p in 0..j {
                    for l in 0..LANES {
                        v[l] -= row[p][l] * from[p][l];
                    }
                }
                rest[j] = match j < i {
                    true => product(&v, &above[j * r + j]),
                    false => v.map(|pivot| 1.0 / Real::sqrt(pivot)),
                };
            }
            for l in 0..LANES {
                det[l] *= rest[i][l];
            }
            // The inverse of the determinant's root; before it can underflow, its logarithm is taken.
            if i + 1 == r || det.iter().any(|d| *d < 1e-100) {
                for l in 0..LANES {
                    self.log_det[l] -= 2.0 * Real::ln(det[l]);
                }
                det = [1.0; LANES];
            }
        }
    }

    /// `W = K^-1 F'[C c]`.
    fn solve(&mut self, r: usize) {
        let width = self.width;
        for i in 0..r {
            let (above, rest) = self.half.split_at_mut(i * width);
            for (m, line) in above.chunks_exact(width).enumerate() {
                let k = &self.middle[i * r + m];
                for (v, w) in rest[..width].iter_mut().zip(line) {
                    for l in 0..LANES {
                        v[l] -= k[l] * w[l];
                    }
                }
            }
            let inverse = &self.middle[i * r + i];
            for v in &mut rest[..width] {
                *v = product(v, inverse);
            }
        }
    }

    /// `K^-1 F': r x q` of one lane.
    pub(super) fn gain(&self, f: Factor<'_>, lane: usize) -> Vec<f64> {
        let (q, r) = (self.width - 1, f.rank);
        let mut gain = vec![0.0; r * q];
        for i in 0..r {
            let (above, rest) = gain.split_at_mut(i * q);
            for (j, v) in rest[..q].iter_mut().enumerate() {
                let k = |m: usize| self.middle[i * r + m][lane];
                let known: f64 = (0..i).map(|m| k(m) * above[m * q + j]).sum();
                *v = (f.values[j * r + i] - known) * k(i);
            }
        }
        gain
    }

    /// `W` of one lane, row `i`.
    pub(super) fn row(&self, i: usize, lane: usize) -> impl Iterator<Item = f64> {
        self.half[i * self.width..][..self.width]
            .iter()
            .map(move |v| v[lane])
    }

    /// `- W'W`, both triangles.
    fn subtract(&mut self, r: usize) {
        let width = self.width;
        for i in 0..width {
            for j in 0..=i {
                let mut v = self.products[i * width + j];
                for k in 0..r {
                    let (a, b) = (&self.half[k * width + i], &self.half[k * width + j]);
                    for l in 0..LANES {
                        v[l] -= a[l] * b[l];
                    }
                }
                self.products[i * width + j] = v;
                self.products[j * width + i] = v;
            }
        }
    }
}

/// `to += v from`.
pub(super) fn add_scaled(to: &mut [Lanes], v: f64, from: &[Lanes]) {
    for (to, from) in to.iter_mut().zip(from) {
        for l in 0..LANES {
            to[l] += v * from[l];
        }
    }
}

/// Lane by lane.
pub(super) fn product(a: &Lanes, b: &Lanes) -> Lanes {
    core::array::from_fn(|l| a[l] * b[l])
}

/// The sum over the lanes.
pub(super) fn total(v: &Lanes) -> f64 {
    v.iter().sum()
}
