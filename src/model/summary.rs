//! What the squared loss needs to know of rows: their count, means and centred products.
//!
//! For rows `v_i = [x_i, y_i]` of `d` features and `k` outputs with weights `w_i` a summary is
//! ```text
//! n = number of rows      W = sum_i w_i      m = sum_i w_i v_i / W      S = sum_i w_i (v_i - m)(v_i - m)'
//! ```
//! Every linear method with a squared loss fits from it, whatever the penalty, so that a path over penalties, folds or tasks costs one
//! pass over the rows. Summaries of disjoint rows are merged by addition (Chan, Golub and LeVeque 1983), never subtracted:
//! ```text
//! m = m_a + (W_b / W) (m_b - m_a)            S = S_a + S_b + (W_a W_b / W) (m_b - m_a)(m_b - m_a)'
//! ```
//! Rows come in blocks, each centred about its own mean before its product is taken, so no digits are lost to a large mean. All numbers
//! are f64, whatever the rows are.

use alloc::{vec, vec::Vec};

use core::ops::Range;

use cognate_kernels::{MatMut, MatRef, Product, Real, axpy, gemm, gemm_scratch, scale};

use crate::check;
use crate::error::Result;
use crate::parallel::{Chunks, for_each};
use crate::workspace::default_level;

/// Rows that are centred together.
pub(crate) const BLOCK: usize = 128;

/// Count, means and centred products of weighted rows `[x, y]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    features: usize,
    outputs: usize,
    rows: usize,
    weight: f64,
    /// `d + k`.
    mean: Vec<f64>,
    /// `(d + k) x (d + k)`, whole.
    products: Vec<f64>,
}

impl Summary {
    /// No rows yet, of `features` features and `outputs` outputs.
    pub fn new(features: usize, outputs: usize) -> Self {
        let width = features + outputs;
        Self {
            features,
            outputs,
            rows: 0,
            weight: 0.0,
            mean: vec![0.0; width],
            products: vec![0.0; width * width],
        }
    }

    /// Number of features, `d`.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Number of outputs, `k`.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of rows added, whatever they weigh.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Total weight of the rows.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Weighted means of the features, `d`.
    pub fn mean_x(&self) -> &[f64] {
        &self.mean[..self.features]
    }

    /// Weighted means of the outputs, `k`.
    pub fn mean_y(&self) -> &[f64] {
        &self.mean[self.features..]
    }

    /// `X'X` of the centred rows, `d x d`.
    pub fn xx(&self) -> MatRef<'_, f64> {
        self.all()
            .split_rows(self.features)
            .0
            .split_cols(self.features)
            .0
    }

    /// `Y'X` of the centred rows, `k x d`.
    pub fn yx(&self) -> MatRef<'_, f64> {
        self.all()
            .split_rows(self.features)
            .1
            .split_cols(self.features)
            .0
    }

    /// `Y'Y` of the centred rows, `k x k`.
    pub fn yy(&self) -> MatRef<'_, f64> {
        self.all()
            .split_rows(self.features)
            .1
            .split_cols(self.features)
            .1
    }

    fn all(&self) -> MatRef<'_, f64> {
        MatRef::planned(&self.products, self.mean.len(), self.mean.len())
    }

    /// Adds rows: `x: n x d`, `y: n x k`, a weight a row.
    ///
    /// # Errors
    /// If shapes do not fit, a number is not finite, a weight negative or all weights 0; nothing is added then.
    pub fn add<T: Real>(
        &mut self,
        x: MatRef<'_, T>,
        y: MatRef<'_, T>,
        sample_weight: Option<&[T]>,
    ) -> Result<()> {
        check::shape("x", (x.rows(), x.cols()), (x.rows(), self.features))?;
        check::shape("y", (y.rows(), y.cols()), (x.rows(), self.outputs))?;
        check::finite("x", x)?;
        check::finite("y", y)?;
        if x.rows() == 0 {
            return Ok(());
        }
        check::weight_sum(sample_weight, x.rows())?;
        let rows = Rows {
            x,
            y,
            sample_weight,
        };
        self.add_checked(rows, 1);
        Ok(())
    }

    /// Adds rows that are known to be finite and to fit, on up to `threads` threads.
    pub(crate) fn add_checked<T: Real>(&mut self, rows: Rows<'_, T>, threads: usize) {
        let chunks = Chunks::of(rows.x.rows());
        let empty = Self::new(self.features, self.outputs);
        let mut parts: Vec<_> = (0..chunks.count()).map(|i| (i, empty.clone())).collect();
        for_each(threads, &mut parts, |(i, part)| {
            part.add_chunk(rows, chunks.range(*i));
        });
        parts.iter().for_each(|(_, part)| self.merge(part));
    }

    /// Adds a chunk of rows, block by block.
    fn add_chunk<T: Real>(&mut self, rows: Rows<'_, T>, chunk: Range<usize>) {
        let (level, width) = (default_level(), self.mean.len());
        let mut block = Block::new(BLOCK, width);
        let mut mean = vec![0.0; width];
        let mut scratch = vec![0.0; gemm_scratch::<f64>(level, width, BLOCK, width)];
        for range in Block::ranges(chunk) {
            block.load(rows, range.clone());
            let weight = block.mean(rows, &mut mean);
            block.centre(rows, &mean);
            self.merge_mean(range.len(), weight, &mean);
            let product = Product::new(block.mat().t(), block.mat()).beta(1.0);
            let all = MatMut::planned(&mut self.products, width, width);
            gemm(level, product, all, &mut scratch);
        }
    }

    /// Adds the rows of another summary.
    ///
    /// # Panics
    /// If it has other features or outputs.
    #[track_caller]
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(
            (self.features, self.outputs),
            (other.features, other.outputs),
            "summaries of one shape"
        );
        self.merge_mean(other.rows, other.weight, &other.mean);
        axpy(default_level(), 1.0, &other.products, &mut self.products);
    }

    /// Takes in the count, weight and mean of other rows, and what the two means' difference adds to the products.
    fn merge_mean(&mut self, rows: usize, weight: f64, mean: &[f64]) {
        self.rows += rows;
        if weight == 0.0 {
            return;
        }
        let total = self.weight + weight;
        let (share, factor) = (weight / total, self.weight * (weight / total));
        self.weight = total;
        let width = mean.len();
        let apart: Vec<f64> = (0..width).map(|j| mean[j] - self.mean[j]).collect();
        if factor > 0.0 {
            for (i, row) in self.products.chunks_exact_mut(width).enumerate() {
                axpy(default_level(), factor * apart[i], &apart, row);
            }
        }
        axpy(default_level(), share, &apart, &mut self.mean);
    }
}

/// Rows to be summed up: `x: n x d`, `y: n x k`, a weight a row.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a, T> {
    pub(crate) x: MatRef<'a, T>,
    pub(crate) y: MatRef<'a, T>,
    pub(crate) sample_weight: Option<&'a [T]>,
}

impl<T: Real> Rows<'_, T> {
    pub(crate) fn weight(&self, i: usize) -> f64 {
        self.sample_weight.map_or(1.0, |w| w[i].to_f64())
    }
}

/// A few rows `[x, y]` in f64.
pub(crate) struct Block {
    rows: Range<usize>,
    width: usize,
    values: Vec<f64>,
}

impl Block {
    /// Room for `rows` rows of `width` numbers.
    pub(crate) fn new(rows: usize, width: usize) -> Self {
        Self {
            rows: 0..0,
            width,
            values: vec![0.0; rows * width],
        }
    }

    /// The ranges of [`BLOCK`] rows that a block is loaded with, one after the other.
    pub(crate) fn ranges(rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let end = rows.end;
        rows.step_by(BLOCK)
            .map(move |start| start..(start + BLOCK).min(end))
    }

    /// The rows loaded, `m x (d + k)`.
    pub(crate) fn mat(&self) -> MatRef<'_, f64> {
        MatRef::planned(&self.values, self.rows.len(), self.width)
    }

    pub(crate) fn load<T: Real>(&mut self, from: Rows<'_, T>, rows: Range<usize>) {
        let d = from.x.cols();
        self.rows = rows;
        for (i, row) in lines(&self.rows, &mut self.values, self.width) {
            for (j, v) in row.iter_mut().enumerate() {
                let value = if j < d {
                    from.x.at(i, j)
                } else {
                    from.y.at(i, j - d)
                };
                *v = value.to_f64();
            }
        }
    }

    /// The rows' weight, and their weighted mean into `mean`.
    pub(crate) fn mean<T: Real>(&mut self, from: Rows<'_, T>, mean: &mut [f64]) -> f64 {
        let weight: f64 = self.rows.clone().map(|i| from.weight(i)).sum();
        mean.fill(0.0);
        if weight > 0.0 {
            for (i, row) in lines(&self.rows, &mut self.values, self.width) {
                axpy(default_level(), from.weight(i) / weight, row, mean);
            }
        }
        weight
    }

    /// Takes `mean` from every row and multiplies it by the root of its weight.
    pub(crate) fn centre<T: Real>(&mut self, from: Rows<'_, T>, mean: &[f64]) {
        let level = default_level();
        for (i, row) in lines(&self.rows, &mut self.values, self.width) {
            axpy(level, -1.0, mean, row);
            if from.sample_weight.is_some() {
                scale(level, from.weight(i).sqrt(), row);
            }
        }
    }
}

/// Row indices with the rows of a block.
fn lines<'a>(
    rows: &Range<usize>,
    values: &'a mut [f64],
    width: usize,
) -> impl Iterator<Item = (usize, &'a mut [f64])> {
    rows.clone().zip(values.chunks_exact_mut(width))
}
