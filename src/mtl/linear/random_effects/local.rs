//! What the tasks of a tile add to the derivatives of the [likelihood](super::likelihood).

use alloc::{vec, vec::Vec};

use super::lanes::{LANES, Lanes, Tile, ZERO, add_scaled, product};
use super::likelihood::Point;

/// What a tile's tasks add: `A_t`, `B_t`, `u_t u_t'` and their parts of `G`, each `q x q`.
pub(super) struct Local {
    pub(super) a: Vec<Lanes>,
    pub(super) b: Vec<Lanes>,
    pub(super) slope: Vec<Lanes>,
    pub(super) spread: Vec<Lanes>,
    /// `A_t A^-1`.
    half: Vec<Lanes>,
    /// `u_t`.
    pub(super) residual: Vec<Lanes>,
}

impl Local {
    pub(super) fn new(q: usize) -> Self {
        let square = || vec![ZERO; q * q];
        Self {
            a: square(),
            b: square(),
            slope: square(),
            spread: square(),
            half: square(),
            residual: vec![ZERO; q],
        }
    }

    pub(super) fn take(&mut self, tile: &Tile, point: &Point, restricted: bool) {
        let q = self.residual.len();
        for (i, row) in tile.products.chunks_exact(q + 1).take(q).enumerate() {
            self.a[i * q..][..q].copy_from_slice(&row[..q]);
            self.residual[i] = row[q];
            for (v, &phi) in row.iter().zip(&point.phi) {
                add_scaled(
                    core::slice::from_mut(&mut self.residual[i]),
                    -phi,
                    core::slice::from_ref(v),
                );
            }
        }
        if restricted {
            self.half.fill(ZERO);
            for (row, to) in self.a.chunks_exact(q).zip(self.half.chunks_exact_mut(q)) {
                for (v, line) in row.iter().zip(point.inverse.chunks_exact(q)) {
                    for (t, &w) in to.iter_mut().zip(line) {
                        for l in 0..LANES {
                            t[l] += w * v[l];
                        }
                    }
                }
            }
        }
        for i in 0..q {
            for j in 0..=i {
                self.pair(i, j, point.noise, restricted);
            }
        }
    }

    /// Elements (i, j) and (j, i) of what is symmetric.
    fn pair(&mut self, i: usize, j: usize, noise: f64, restricted: bool) {
        let q = self.residual.len();
        let (at, mirror, a) = (i * q + j, j * q + i, self.a[i * q + j]);
        let mut e = ZERO;
        if restricted {
            for (h, a) in self.half[i * q..][..q].iter().zip(&self.a[j * q..]) {
                for l in 0..LANES {
                    e[l] += h[l] * a[l];
                }
            }
        }
        let spread = product(&self.residual[i], &self.residual[j]);
        let known: Lanes = core::array::from_fn(|l| spread[l] / noise + e[l]);
        let slope = core::array::from_fn(|l| a[l] - known[l]);
        let b = core::array::from_fn(|l| 2.0 * known[l] - a[l]);
        for at in [at, mirror] {
            (self.spread[at], self.slope[at], self.b[at]) = (spread, slope, b);
        }
    }
}
