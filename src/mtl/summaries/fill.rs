//! Filling summaries: rows of one task are loaded a few at a time, centred, multiplied and merged.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use cognate_kernels::{MatMut, MatRef, Product, Real, gemm, gemm_scratch};

use crate::workspace::default_level;

/// Rows of a task that are centred together.
pub(super) const BLOCK: usize = 128;

/// From so many columns on, products are worth a kernel's call.
const WIDE: usize = 24;

/// Some of the tasks, being filled.
pub(super) struct Part<'a> {
    pub(super) tasks: Range<usize>,
    pub(super) rows: &'a mut [u32],
    pub(super) weight: &'a mut [[f64; 2]],
    pub(super) mean: &'a mut [f64],
    pub(super) products: &'a mut [f64],
}

impl Part<'_> {
    pub(super) fn width(&self) -> usize {
        match self.rows.len() {
            0 => 0,
            tasks => self.mean.len() / tasks,
        }
    }

    /// Adds `n` rows of task `t`; `fill` writes row `i` of them and says its weight.
    pub(super) fn add_run(
        &mut self,
        t: usize,
        n: usize,
        block: &mut Block,
        fill: impl Fn(usize, &mut [f64]) -> f64,
    ) {
        let size = block.width * block.width;
        for start in (0..n).step_by(BLOCK) {
            block.load(start..(start + BLOCK).min(n), &fill);
            self.merge(t, block.rows as u32, block.weight, &block.mean);
            let at = (t - self.tasks.start) * size;
            block.add_products(&mut self.products[at..at + size]);
        }
    }

    /// Takes in the count, weight and mean of other rows of task `t`, and what the two means' difference adds to the products.
    pub(super) fn merge(
        &mut self,
        t: usize,
        rows: u32,
        [weight, log_weight]: [f64; 2],
        other: &[f64],
    ) {
        if weight == 0.0 {
            return;
        }
        let (t, width) = (t - self.tasks.start, other.len());
        let mean = &mut self.mean[t * width..][..width];
        let before = self.weight[t][0];
        let share = weight / (before + weight);
        self.rows[t] += rows;
        self.weight[t][0] += weight;
        self.weight[t][1] += log_weight;
        if before > 0.0 {
            let products = &mut self.products[t * width * width..][..width * width];
            for (i, row) in products.chunks_exact_mut(width).enumerate() {
                let factor = before * share * (other[i] - mean[i]);
                for (j, s) in row.iter_mut().enumerate() {
                    *s += factor * (other[j] - mean[j]);
                }
            }
        }
        for (m, o) in mean.iter_mut().zip(other) {
            *m += share * (o - *m);
        }
    }
}

/// A few rows of one task.
pub(super) struct Block {
    width: usize,
    rows: usize,
    weight: [f64; 2],
    mean: Vec<f64>,
    values: Vec<f64>,
    weights: Vec<f64>,
    scratch: Vec<f64>,
}

impl Block {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            rows: 0,
            weight: [0.0; 2],
            mean: vec![0.0; width],
            values: vec![0.0; BLOCK * width],
            weights: vec![0.0; BLOCK],
            scratch: vec![0.0; gemm_scratch::<f64>(default_level(), width, BLOCK, width)],
        }
    }

    /// Takes the rows that weigh anything, centres them about their mean, and multiplies each by the root of its weight.
    fn load(&mut self, rows: Range<usize>, fill: impl Fn(usize, &mut [f64]) -> f64) {
        let width = self.width;
        (self.rows, self.weight) = (0, [0.0; 2]);
        self.mean.fill(0.0);
        for i in rows {
            let row = &mut self.values[self.rows * width..][..width];
            let weight = fill(i, row);
            if weight > 0.0 {
                self.weights[self.rows] = weight;
                self.rows += 1;
                self.weight[0] += weight;
                self.weight[1] += if weight == 1.0 { 0.0 } else { Real::ln(weight) };
                let add = |(m, v): (&mut f64, &f64)| *m += weight * v;
                self.mean.iter_mut().zip(&*row).for_each(add);
            }
        }
        let total = self.weight[0];
        self.mean.iter_mut().for_each(|m| *m /= total);
        let used = self.values.chunks_exact_mut(width).zip(&self.weights);
        for (row, weight) in used.take(self.rows) {
            let root = Real::sqrt(*weight);
            let centre = |(v, m): (&mut f64, &f64)| *v = root * (*v - m);
            row.iter_mut().zip(&self.mean).for_each(centre);
        }
    }

    /// Adds the rows' products to those of their task. Products of few columns, or of one row, are less work than a kernel's call.
    fn add_products(&mut self, products: &mut [f64]) {
        let width = self.width;
        let used = &self.values[..self.rows * width];
        if self.rows > 1 && width >= WIDE {
            let rows = MatRef::planned(used, self.rows, width);
            let product = Product::new(rows.t(), rows).beta(1.0);
            let to = MatMut::planned(products, width, width);
            return gemm(default_level(), product, to, &mut self.scratch);
        }
        for row in used.chunks_exact(width) {
            for (line, a) in products.chunks_exact_mut(width).zip(row) {
                line.iter_mut().zip(row).for_each(|(s, b)| *s += a * b);
            }
        }
    }
}

/// Row `i` of `x` into `row`.
pub(super) fn load(x: MatRef<'_, f64>, i: usize, row: &mut [f64]) {
    if x.col_stride() == 1 {
        return row.copy_from_slice(x.row(i));
    }
    for (j, v) in row.iter_mut().enumerate() {
        *v = x.at(i, j);
    }
}
