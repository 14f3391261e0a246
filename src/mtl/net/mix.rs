//! Cross-stitch units (Misra et al. 2016): each task's columns a learned combination of all tasks' columns.
//!
//! A row of inputs is `T` blocks of `h` columns, as a matrix `X: T x h`; so is a row of outputs. With `A: T x T` the parameters, and
//! sums over rows where parameters are concerned,
//! ```text
//! forward     Y = A X                       backward    dA  = dY X'                    dX  = A' dY
//! r_forward   rY = A rX + rA X              r_backward  rdA = rdY X' + dY rX'          rdX = A' rdY + rA' dY
//! ```
//! `A` starts with 0.9 on the diagonal, and the others share 0.1: nearly independent towers, and a row that keeps its scale. Rows must be
//! contiguous.

use cognate_kernels::{MatMut, MatRef, Product, Real, gemm_scratch};

use crate::layer::{
    At, Backward, Ctx, Forward, Gradients, Gram, Mode, Out, RAt, Tangent, TaskGram,
};
use crate::params::Span;
use crate::workspace::{Need, Work, default_level};

/// What a task keeps of its own columns at the start; the others share the rest.
const OWN: f64 = 0.9;

/// `y_t = sum over s of a_ts x_s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// `A`, `T x T`.
    pub weight: Span,
    /// Columns of a task, `h`.
    pub width: usize,
}

impl Mix {
    /// Starts the layer's part of `p`: 0.9 for a task's own columns, the rest of 1 for the others' in equal parts.
    pub fn init<T: Real>(&self, p: &mut [T]) {
        let tasks = self.weight.rows;
        let others = match tasks {
            1 => [1.0, 0.0],
            _ => [OWN, (1.0 - OWN) / (tasks - 1) as f64],
        };
        for (k, a) in self.weight.of_mut(p).iter_mut().enumerate() {
            let own = k / tasks == k % tasks;
            *a = T::from_f64(if own { others[0] } else { others[1] });
        }
    }

    /// Row `i`, a task a row.
    fn blocks<'a, T: Real>(&self, x: MatRef<'a, T>, i: usize) -> MatRef<'a, T> {
        MatRef::planned(x.row(i), self.weight.rows, self.width)
    }

    /// `out = beta out + a x`, row by row.
    fn multiply<T: Real>(
        &self,
        a: MatRef<'_, T>,
        x: MatRef<'_, T>,
        beta: T,
        out: &mut MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        for i in 0..out.rows() {
            let product = Product::new(a, self.blocks(x, i)).beta(beta);
            let into = MatMut::planned(out.row_mut(i), self.weight.rows, self.width);
            w.gemm(product, into);
        }
    }

    /// `dA = beta dA + sum over rows of dY X'`, block by block.
    fn gradient<T: Real>(
        &self,
        c: &Ctx<'_>,
        x: MatRef<'_, T>,
        dy: MatRef<'_, T>,
        dp: &mut Gradients<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        for block in c.blocks(x.rows()) {
            let beta = dp.beta;
            let mut into = self.weight.mat_mut(dp.of(&block));
            if beta == T::ZERO {
                into.fill(T::ZERO);
            }
            for (i, j) in block.x.zip(block.dy) {
                let product = Product::new(self.blocks(dy, j), self.blocks(x, i).t());
                w.gemm(product.beta(T::ONE), into.rb_mut());
            }
        }
    }
}

impl<T: Real> Forward<T> for Mix {
    fn width(&self) -> (usize, usize) {
        let width = self.weight.rows * self.width;
        (width, width)
    }

    fn need(&self, _: Mode, _rows: usize, _ways: usize) -> Need {
        let (tasks, level) = (self.weight.rows, default_level());
        let forward = gemm_scratch::<T>(level, tasks, tasks, self.width);
        let gradient = gemm_scratch::<T>(level, tasks, self.width, tasks);
        Need::scratch(forward.max(gradient))
    }

    fn forward(
        &self,
        _: &Ctx<'_>,
        p: &[T],
        x: MatRef<'_, T>,
        mut y: MatMut<'_, T>,
        _: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        self.multiply(self.weight.mat(p), x, T::ZERO, &mut y, w);
    }
}

impl<T: Real> Backward<T> for Mix {
    fn backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        _: &mut [T],
        dx: Out<MatMut<'_, T>>,
        dp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        if let Some(mut dp) = Gradients::new(dp, p.len()) {
            self.gradient(c, at.x, dy, &mut dp, w);
        }
        if let Some((mut dx, beta)) = dx.place() {
            self.multiply(self.weight.mat(p).t(), dy, beta, &mut dx, w);
        }
    }
}

impl<T: Real> Tangent<T> for Mix {
    fn r_forward(
        &self,
        _: &Ctx<'_>,
        p: &[T],
        rp: &[T],
        at: At<'_, T>,
        rx: Option<MatRef<'_, T>>,
        mut ry: MatMut<'_, T>,
        _: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        self.multiply(self.weight.mat(rp), at.x, T::ZERO, &mut ry, w);
        if let Some(rx) = rx {
            self.multiply(self.weight.mat(p), rx, T::ONE, &mut ry, w);
        }
    }

    fn r_backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        rp: &[T],
        at: At<'_, T>,
        r: RAt<'_, T>,
        dy: MatRef<'_, T>,
        _: &[T],
        rdy: MatRef<'_, T>,
        rdx: Out<MatMut<'_, T>>,
        rdp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        if let Some(mut rdp) = Gradients::new(rdp, p.len()) {
            self.gradient(c, at.x, rdy, &mut rdp, w);
            if let Some(rx) = r.rx {
                rdp.beta = T::ONE;
                self.gradient(c, rx, dy, &mut rdp, w);
            }
        }
        if let Some((mut rdx, beta)) = rdx.place() {
            self.multiply(self.weight.mat(p).t(), rdy, beta, &mut rdx, w);
            self.multiply(self.weight.mat(rp).t(), dy, T::ONE, &mut rdx, w);
        }
    }
}

impl<T: Real> TaskGram<T> for Mix {
    fn each_shared(&self, visit: &mut dyn FnMut(Span)) {
        visit(self.weight);
    }

    fn gram_scratch(&self, rows: usize, ways: usize, gradients: usize) -> usize {
        let products = Forward::<T>::need(self, Mode::Train, rows, ways).scratch;
        products + gradients * self.weight.len()
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
        self.backward(c, p, at, dy, deltas, dx, Out::Skip, w);
        let (level, len) = (w.level(), self.weight.len());
        let (gradients, mut w) = w.take(c.gradients() * len);
        // The gradients alone, one behind the other.
        let alone = Self {
            weight: self.weight.rebased(self.weight.start),
            ..*self
        };
        if let Some(mut into) = Gradients::new(Out::Set(&mut *gradients), len) {
            alone.gradient(c, at.x, dy, &mut into, &mut w);
        }
        gram.add_gradients(level, gradients, len);
    }
}
