//! The dense layer's part of the Gram matrix.

use cognate_kernels::{Level, MatMut, MatRef, Product, Real, col_sums, dot, gemm_scratch};

use super::{Gram, TaskGram};
use crate::layer::{At, Ctx, Dense, Forward, Mode, Out};
use crate::params::Span;
use crate::workspace::{Work, default_level};

/// Columns of the gradients that are formed at a time: a multiple of every kernel's tile, few enough for T blocks to stay near.
const COLUMNS: usize = 32;

/// Rows up to which the form without gradients is thought of, in inputs: beyond, its `rows x rows` matrix is larger than a gradient.
const ROWS: usize = 2;

/// A pass through one dense layer, with what both forms want.
struct Pass<'a, T> {
    c: &'a Ctx<'a>,
    bias: bool,
    /// Inputs, `n x in`.
    x: MatRef<'a, T>,
    /// Cotangents, way after way, `ways n x out`.
    dz: MatRef<'a, T>,
}

impl<T: Real> Pass<'_, T> {
    /// Whether the form without gradients takes fewer multiplications.
    fn is_short(&self) -> bool {
        let (n, inputs, outputs) = (self.x.rows(), self.x.cols(), self.dz.cols());
        let tasks = self.c.gradients();
        let rows: usize = self.c.blocks(n).map(|block| block.x.len()).sum();
        let pairs = tasks * (tasks + 1) / 2;
        let by_gradients = (rows + pairs) * inputs * outputs;
        let by_rows = n * n * inputs + rows * n * outputs + pairs * (rows / tasks) * outputs;
        n <= ROWS * inputs && by_rows < by_gradients
    }

    /// `G_st += <A'D_s, A'D_t> + <1'D_s, 1'D_t>`.
    fn by_gradients(&self, gram: &mut Gram<'_>, w: &mut Work<'_, T>) {
        let (n, inputs, outputs) = (self.x.rows(), self.x.cols(), self.dz.cols());
        let (level, height) = (w.level(), inputs + usize::from(self.bias));
        for first in (0..outputs).step_by(COLUMNS) {
            let columns = first..outputs.min(first + COLUMNS);
            let (width, len) = (columns.len(), height * columns.len());
            let (gradients, mut w) = w.take(self.c.gradients() * len);
            for block in self.c.blocks(n) {
                let dz = self.dz.rows_range(block.dy).cols_range(columns.clone());
                let product = Product::new(self.x.rows_range(block.x).t(), dz);
                let gradient = &mut gradients[block.gradient * len..][..len];
                let (weight, bias) = gradient.split_at_mut(inputs * width);
                w.gemm(product, MatMut::planned(weight, inputs, width));
                if self.bias {
                    col_sums(level, dz, T::ZERO, bias);
                }
            }
            gram.add_gradients(level, gradients, len);
        }
    }

    /// `G_st += <D_s, (AA' + 11') D_t>`.
    fn by_rows(&self, gram: &mut Gram<'_>, w: &mut Work<'_, T>) {
        let (n, outputs, level) = (self.x.rows(), self.dz.cols(), w.level());
        let (room, mut w) = w.take(n * n + n * outputs);
        let (kernel, product) = room.split_at_mut(n * n);
        let one = if self.bias { T::ONE } else { T::ZERO };
        kernel.fill(one);
        let inputs = Product::new(self.x, self.x.t()).beta(one);
        w.gemm(inputs, MatMut::planned(kernel, n, n));
        let kernel = MatRef::planned(kernel, n, n);
        for block in self.c.blocks(n) {
            let columns = kernel.cols_range(block.x);
            let into = MatMut::planned(product, n, outputs);
            w.gemm(Product::new(columns, self.dz.rows_range(block.dy)), into);
            let product = MatRef::planned(product, n, outputs);
            let others = self.c.blocks(n).map(|other| {
                let dz = self.dz.rows_range(other.dy);
                inner(level, dz, product.rows_range(other.x))
            });
            gram.add(block.gradient, others);
        }
    }
}

/// `sum_ij a_ij b_ij`.
fn inner<T: Real>(level: Level, a: MatRef<'_, T>, b: MatRef<'_, T>) -> f64 {
    if let (Some(a), Some(b)) = (a.as_slice(), b.as_slice()) {
        return dot(level, a, b).to_f64();
    }
    let row = |i| (0..a.cols()).map(move |j| (a.at(i, j) * b.at(i, j)).to_f64());
    (0..a.rows()).flat_map(row).sum()
}

impl<T: Real> TaskGram<T> for Dense {
    fn each_shared(&self, visit: &mut dyn FnMut(Span)) {
        visit(self.weight);
        self.bias.into_iter().for_each(visit);
    }

    fn gram_scratch(&self, rows: usize, ways: usize, gradients: usize) -> usize {
        let (inputs, outputs) = Forward::<T>::width(self);
        let (level, few) = (default_level(), rows.min(ROWS * inputs));
        let by_gradients = gradients * (inputs + 1) * outputs.min(COLUMNS)
            + gemm_scratch::<T>(level, inputs, rows, outputs.min(COLUMNS));
        let by_rows = few * (few + outputs)
            + gemm_scratch::<T>(level, few, inputs, few)
                .max(gemm_scratch::<T>(level, few, few, outputs));
        let own = Forward::<T>::need(self, Mode::Train, rows, ways).scratch;
        own.max(by_gradients).max(by_rows)
    }

    fn gram_backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        deltas: &mut [T],
        dx: Out<MatMut<'_, T>>,
        gram: &mut Gram<'_>,
        w: &mut Work<'_, T>,
    ) {
        let dz = self.derive(&at, dy, deltas, w.level());
        let pass = Pass {
            c,
            bias: self.bias.is_some(),
            x: at.x,
            dz,
        };
        if pass.is_short() {
            pass.by_rows(gram, w);
        } else {
            pass.by_gradients(gram, w);
        }
        if let Some((dx, beta)) = dx.place() {
            w.gemm(Product::new(dz, self.weight.mat(p).t()).beta(beta), dx);
        }
    }
}
