//! Linear heads: [`Heads`] of dense layers, going back with all of them at once.
//!
//! Heads are narrow, so a product a head is mostly overhead. Back, the products of all heads are one, with the same bits: with
//! `dY = [dy_1, .., dy_T]` and the weights side by side,
//! ```text
//! [dW_1, .., dW_T] = h' dY                        every column is a sum of its own over the rows
//! dh = sum_t (w_t dy_t) W_t' = dY_w [W_1, .., W_T]'          the same chain of products, head after head
//! ```
//! Forward, each head stays a product of its own: a narrow product sums in another order than a wide one.

use core::ops::Deref;

use cognate_kernels::{MatMut, MatRef, Product, Real, gemm_scratch};

use super::Heads;
use crate::layer::{
    At, Backward, Ctx, Dense, Forward, Gradients, Gram, Mode, Out, RAt, Tangent, TaskGram,
};
use crate::params::Span;
use crate::workspace::{Need, Work, default_level};

/// Inputs from which on sums run in the same order whatever the number of outputs.
const WIDE: usize = 5;

/// A linear layer a task, side by side, each without activation. All have the same inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinearHeads<S>(pub S);

impl<S: Deref<Target = [Dense]>> LinearHeads<S> {
    fn heads(&self) -> Heads<&[Dense]> {
        Heads(&self.0)
    }

    /// Calls `copy` with each head's weight and its first column among all.
    fn each_column(&self, mut copy: impl FnMut(Span, usize)) {
        let mut column = 0;
        for head in self.0.iter() {
            copy(head.weight, column);
            column += head.weight.cols;
        }
    }

    /// The heads' weights in `p` side by side into `all: in x K`, row-major.
    fn gather<T: Real>(&self, p: &[T], all: &mut [T]) {
        let outputs = all.len() / self.inputs();
        self.each_column(|span, column| {
            let rows = span.of(p).chunks_exact(span.cols);
            for (row, side) in rows.zip(all.chunks_exact_mut(outputs)) {
                for (j, &weight) in row.iter().enumerate() {
                    side[column + j] = weight;
                }
            }
        });
    }

    /// The way back of [`LinearHeads::gather`].
    fn scatter<T: Real>(&self, all: &[T], p: &mut [T]) {
        let outputs = all.len() / self.inputs();
        self.each_column(|span, column| {
            let rows = span.of_mut(p).chunks_exact_mut(span.cols);
            for (row, side) in rows.zip(all.chunks_exact(outputs)) {
                for (j, weight) in row.iter_mut().enumerate() {
                    *weight = side[column + j];
                }
            }
        });
    }

    fn inputs(&self) -> usize {
        self.0[0].weight.rows
    }

    /// `dW_t = h' dy_t`, `db_t = 1' dy_t`, for all heads.
    fn gradients<T: Real>(
        &self,
        c: &Ctx<'_>,
        h: MatRef<'_, T>,
        dy: MatRef<'_, T>,
        mut dp: Gradients<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        let (inputs, outputs, level) = (h.cols(), dy.cols(), w.level());
        let (room, mut w) = w.take(inputs * outputs);
        let block = c.blocks(h.rows()).next().expect("one gradient");
        if dp.beta != T::ZERO {
            self.gather(dp.of(&block), room);
        }
        let product = Product::new(h.t(), dy).beta(dp.beta);
        w.gemm(product, MatMut::planned(room, inputs, outputs));
        self.scatter(room, dp.of(&block));
        let mut column = 0;
        for head in self.0.iter() {
            let columns = column..column + head.weight.cols;
            column = columns.end;
            if let Some(bias) = head.bias {
                dp.put_col_sums(&block, bias, dy.cols_range(columns), level);
            }
        }
    }

    /// `dh = sum_t w_t dy_t W_t'`.
    fn back<T: Real>(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        dy: MatRef<'_, T>,
        (dx, beta): (MatMut<'_, T>, T),
        w: &mut Work<'_, T>,
    ) {
        let (n, inputs, outputs) = (dy.rows(), dx.cols(), dy.cols());
        let (room, mut w) = w.take(inputs * outputs + n * outputs);
        let (weights, weighted) = room.split_at_mut(inputs * outputs);
        self.gather(p, weights);
        let mut dy = dy;
        if !c.weights.is_empty() {
            let mut into = MatMut::planned(weighted, n, outputs);
            into.copy_from(dy);
            self.weigh(c.weights, into);
            dy = MatRef::planned(weighted, n, outputs);
        }
        let weights = MatRef::planned(weights, inputs, outputs);
        w.gemm(Product::new(dy, weights.t()).beta(beta), dx);
    }

    /// Multiplies each head's columns of `dy` by its weight.
    fn weigh<T: Real>(&self, weights: &[f64], mut dy: MatMut<'_, T>) {
        for i in 0..dy.rows() {
            let mut row = &mut dy.row_mut(i)[..];
            for (head, &weight) in self.0.iter().zip(weights) {
                let (mine, rest) = row.split_at_mut(head.weight.cols);
                mine.iter_mut().for_each(|dy| *dy *= T::from_f64(weight));
                row = rest;
            }
        }
    }
}

impl<T: Real, S: Deref<Target = [Dense]>> Forward<T> for LinearHeads<S> {
    fn width(&self) -> (usize, usize) {
        Forward::<T>::width(&self.heads())
    }

    fn need(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        let heads = Forward::<T>::need(&self.heads(), mode, rows, ways);
        if mode == Mode::Predict {
            return heads;
        }
        let (inputs, outputs) = Forward::<T>::width(self);
        let level = default_level();
        let products = gemm_scratch::<T>(level, inputs, rows, outputs)
            .max(gemm_scratch::<T>(level, rows, outputs, inputs));
        Need {
            scratch: heads.scratch.max((inputs + rows) * outputs + products),
            ..heads
        }
    }

    fn forward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        x: MatRef<'_, T>,
        y: MatMut<'_, T>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        self.heads().forward(c, p, x, y, saved, w);
    }
}

impl<T: Real, S: Deref<Target = [Dense]>> Backward<T> for LinearHeads<S> {
    fn backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        deltas: &mut [T],
        dx: Out<MatMut<'_, T>>,
        dp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        if c.ways > 1 || !c.groups.is_empty() || at.x.cols() < WIDE {
            return self.heads().backward(c, p, at, dy, deltas, dx, dp, w);
        }
        if let Some(dp) = Gradients::new(dp, p.len()) {
            self.gradients(c, at.x, dy, dp, w);
        }
        if let Some(dx) = dx.place() {
            self.back(c, p, dy, dx, w);
        }
    }
}

impl<T: Real, S: Deref<Target = [Dense]>> Tangent<T> for LinearHeads<S> {
    fn r_forward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        rp: &[T],
        at: At<'_, T>,
        rx: Option<MatRef<'_, T>>,
        ry: MatMut<'_, T>,
        rsaved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        self.heads().r_forward(c, p, rp, at, rx, ry, rsaved, w);
    }

    fn r_backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        rp: &[T],
        at: At<'_, T>,
        r: RAt<'_, T>,
        dy: MatRef<'_, T>,
        deltas: &[T],
        rdy: MatRef<'_, T>,
        rdx: Out<MatMut<'_, T>>,
        rdp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        self.heads()
            .r_backward(c, p, rp, at, r, dy, deltas, rdy, rdx, rdp, w);
    }
}

/// Heads share nothing.
impl<T: Real, S: Deref<Target = [Dense]>> TaskGram<T> for LinearHeads<S> {
    fn each_shared(&self, _visit: &mut dyn FnMut(Span)) {}

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
        self.heads()
            .gram_backward(c, p, at, dy, deltas, dx, gram, w);
    }
}
