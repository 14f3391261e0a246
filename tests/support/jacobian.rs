//! Task gradients: known ones, and random ones that are hard to reconcile.
#![allow(dead_code, reason = "each test file uses a part of it")]

/// T gradients of one length.
#[derive(Clone, Debug)]
pub struct Jacobian {
    pub rows: Vec<Vec<f64>>,
}

/// How hard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Independent directions.
    Plain,
    /// The mean is this far from 0: all gradients conflict.
    NearStationary(f64),
    /// All nearly the same, this far apart.
    NearlyEqual(f64),
    /// Half as many dimensions as tasks.
    Deficient,
    /// Each gradient is there twice.
    Twins,
}

pub const KINDS: [Kind; 8] = [
    Kind::Plain,
    Kind::NearStationary(1e-1),
    Kind::NearStationary(1e-3),
    Kind::NearStationary(1e-5),
    Kind::NearlyEqual(0.3),
    Kind::NearlyEqual(1e-3),
    Kind::Deficient,
    Kind::Twins,
];

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Jacobian {
    /// `tasks` gradients of `kind`, from numbers in [-1, 1); `scales` powers of ten between the smallest and the largest.
    pub fn random(kind: Kind, tasks: usize, scales: f64, mut number: impl FnMut() -> f64) -> Self {
        let columns = match kind {
            Kind::Deficient => tasks.div_ceil(2),
            _ => tasks + 3,
        };
        let mut row = || (0..columns).map(|_| number()).collect::<Vec<f64>>();
        let common = row();
        let mut rows: Vec<_> = (0..tasks).map(|_| row()).collect();
        match kind {
            Kind::NearStationary(distance) => {
                let mean: Vec<f64> = (0..columns)
                    .map(|k| rows.iter().map(|row| row[k]).sum::<f64>() / tasks as f64)
                    .collect();
                for row in &mut rows {
                    for k in 0..columns {
                        row[k] += distance * common[k] - mean[k];
                    }
                }
            }
            Kind::NearlyEqual(distance) => {
                for row in &mut rows {
                    for k in 0..columns {
                        row[k] = common[k] + distance * row[k];
                    }
                }
            }
            Kind::Twins => (0..tasks).for_each(|t| rows[t] = rows[t / 2 * 2].clone()),
            Kind::Plain | Kind::Deficient => {}
        }
        for row in &mut rows {
            let scale = 10f64.powf(scales * (0.5 + 0.5 * number()));
            row.iter_mut().for_each(|x| *x *= scale);
        }
        Self { rows }
    }

    pub fn tasks(&self) -> usize {
        self.rows.len()
    }

    pub fn gram(&self) -> Vec<f64> {
        let rows = self.rows.iter();
        rows.flat_map(|a| self.rows.iter().map(move |b| dot(a, b)))
            .collect()
    }

    /// `sum_t w_t g_t`.
    pub fn direction(&self, w: &[f64]) -> Vec<f64> {
        let entry = |j: usize| self.rows.iter().zip(w).map(|(row, w)| w * row[j]).sum();
        (0..self.rows[0].len()).map(entry).collect()
    }

    pub fn norm(&self, t: usize) -> f64 {
        dot(&self.rows[t], &self.rows[t]).sqrt()
    }

    /// `sum_t |w_t| |g_t|`: what a rounding error of the direction is relative to.
    pub fn size(&self, w: &[f64]) -> f64 {
        (0..w.len()).map(|t| w[t].abs() * self.norm(t)).sum()
    }

    pub fn largest(&self) -> f64 {
        self.rows.iter().flatten().fold(0.0, |m, x| x.abs().max(m))
    }

    pub fn scaled(&self, factor: f64) -> Self {
        let scale = |row: &Vec<f64>| row.iter().map(|x| x * factor).collect();
        Self {
            rows: self.rows.iter().map(scale).collect(),
        }
    }
}
