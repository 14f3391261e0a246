//! The dense layer: `z = x W + 1 b'`, `y = act(z)`.
//!
//! With `x: n x in`, `W: in x out`, `dz = act'(z) dy` and the matrix product written side by side, the verbs are
//! ```text
//! forward     y  = act(x W + 1 b')                                      one product, bias and activation in its epilogue
//! backward    dW = x' dz          db = 1' dz          dx = dz W'
//! r_forward   rz = rx W + x rW + 1 rb'                ry = act'(z) rz
//! r_backward  rdz = act''(z) rz dy + act'(z) rdy
//!             rdW = rx' dz + x' rdz                   rdb = 1' rdz      rdx = rdz W' + dz rW'
//! ```
//! `act'` and `act''` come from `y`, except gelu's, for which forward saves `z`. Backward leaves `dz`, `r_forward` keeps `rz`; with the
//! identity these are `dy` and `ry`, so nothing is kept and no pass is made. A weight gradient is one product over the rows of a block
//! (a way and a group), straight into its place: `x` and `dz` are views, nothing is copied or transposed.

use cognate_kernels::{
    Activation, Level, MatMut, MatRef, Product, Real, activate, derive, derive_twice, gemm_scratch,
};

use super::{At, Backward, Ctx, Forward, Gradients, Mode, Out, RAt, Tangent};
use crate::params::Span;
use crate::workspace::{Need, Work, default_level};

/// `y = act(x W + 1 b')`, with `W: in x out` in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dense {
    /// `W`, `in x out`.
    pub weight: Span,
    /// `b`, `out` numbers; none where absent.
    pub bias: Option<Span>,
    /// Applied to every output.
    pub activation: Activation,
}

impl Dense {
    /// Whether `z` and `y` are the same numbers.
    fn is_linear(&self) -> bool {
        self.activation == Activation::Identity
    }

    /// What the activation's derivatives are computed from.
    fn derivative_input<'a, T: Real>(&self, at: &At<'a, T>) -> MatRef<'a, T> {
        if self.activation.needs_input() {
            MatRef::planned(at.saved, at.y.rows(), at.y.cols())
        } else {
            at.y
        }
    }

    /// The product with weights `p`, bias included: `x W + 1 b'`.
    fn affine<'a, T: Real>(&self, p: &'a [T], x: MatRef<'a, T>) -> Product<'a, T> {
        Product {
            bias: self.bias.map(|b| b.of(p)),
            ..Product::new(x, self.weight.mat(p))
        }
    }

    /// `dz = act'(z) dy`, way by way; `dy` itself where the activation is the identity.
    pub(super) fn derive<'a, T: Real>(
        &self,
        at: &At<'_, T>,
        dy: MatRef<'a, T>,
        deltas: &'a mut [T],
        level: Level,
    ) -> MatRef<'a, T> {
        if self.is_linear() {
            return dy;
        }
        let from = self.derivative_input(at);
        let (mut ways, mut rest) = (dy, MatMut::planned(deltas, dy.rows(), dy.cols()));
        while rest.rows() > 0 {
            let (dy, dz);
            (dy, ways) = ways.split_rows(from.rows());
            (dz, rest) = rest.split_rows(from.rows());
            derive(level, self.activation, from, dy, dz);
        }
        MatRef::planned(deltas, dy.rows(), dy.cols())
    }

    /// `rdz = act''(z) rz dy + act'(z) rdy`, way by way; `rdy` itself where the activation is the identity.
    fn derive_twice<'a, T: Real>(
        &self,
        at: &At<'_, T>,
        rz: &[T],
        dy: MatRef<'_, T>,
        rdy: MatRef<'a, T>,
        room: &'a mut [T],
        level: Level,
    ) -> MatRef<'a, T> {
        if self.is_linear() {
            return rdy;
        }
        if self.activation == Activation::Relu {
            // Nothing curves.
            return self.derive(at, rdy, room, level);
        }
        let from = self.derivative_input(at);
        let rz = MatRef::planned(rz, from.rows(), from.cols());
        let (mut ways, mut rest) = (dy, MatMut::planned(room, rdy.rows(), rdy.cols()));
        rest.copy_from(rdy);
        while rest.rows() > 0 {
            let (dy, rdz);
            (dy, ways) = ways.split_rows(from.rows());
            (rdz, rest) = rest.split_rows(from.rows());
            derive_twice(level, self.activation, from, rz, dy, rdz);
        }
        MatRef::planned(room, rdy.rows(), rdy.cols())
    }

    /// `dW = beta dW + x' dz`, block by block.
    fn weight_gradient<T: Real>(
        &self,
        c: &Ctx<'_>,
        x: MatRef<'_, T>,
        dz: MatRef<'_, T>,
        dp: &mut Gradients<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        for block in c.blocks(x.rows()) {
            let (x, dz) = (
                x.rows_range(block.x.clone()),
                dz.rows_range(block.dy.clone()),
            );
            let product = Product::new(x.t(), dz).beta(dp.beta);
            w.gemm(product, self.weight.mat_mut(dp.of(&block)));
        }
    }

    /// `db = beta db + 1' dz`, block by block; `rows` is the number of inputs.
    fn bias_gradient<T: Real>(
        &self,
        c: &Ctx<'_>,
        rows: usize,
        dz: MatRef<'_, T>,
        dp: &mut Gradients<'_, T>,
        level: Level,
    ) {
        let Some(bias) = self.bias else { return };
        for block in c.blocks(rows) {
            dp.put_col_sums(&block, bias, dz, level);
        }
    }
}

impl<T: Real> Forward<T> for Dense {
    fn width(&self) -> (usize, usize) {
        (self.weight.rows, self.weight.cols)
    }

    fn need(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        let (inputs, outputs) = (self.weight.rows, self.weight.cols);
        let level = default_level();
        let forward = gemm_scratch::<T>(level, rows, inputs, outputs);
        if mode == Mode::Predict {
            return Need::scratch(forward);
        }
        let products = forward
            .max(gemm_scratch::<T>(level, inputs, rows, outputs))
            .max(gemm_scratch::<T>(level, ways * rows, outputs, inputs));
        let kept = Forward::<T>::kept(self, mode, rows, ways);
        kept.with_scratch(products + ways * kept.rsaved)
    }

    fn kept(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        if mode == Mode::Predict {
            return Need::default();
        }
        let links = rows * self.weight.cols;
        let kept = if self.is_linear() { 0 } else { links };
        let saves = self.activation.needs_input();
        Need {
            saved: if saves { links } else { 0 },
            deltas: ways * kept,
            rsaved: kept,
            scratch: 0,
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
        let z = self.affine(p, x);
        if self.activation.needs_input() && c.mode == Mode::Train {
            w.gemm(z, MatMut::planned(saved, y.rows(), y.cols()));
            let z = MatRef::planned(saved, y.rows(), y.cols());
            activate(w.level(), self.activation, z, y);
        } else {
            w.gemm(z.activation(self.activation), y);
        }
    }
}

impl<T: Real> Backward<T> for Dense {
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
        let dz = self.derive(&at, dy, deltas, w.level());
        if let Some(mut dp) = Gradients::new(dp, p.len()) {
            self.weight_gradient(c, at.x, dz, &mut dp, w);
            self.bias_gradient(c, at.x.rows(), dz, &mut dp, w.level());
        }
        if let Some((dx, beta)) = dx.place() {
            w.gemm(Product::new(dz, self.weight.mat(p).t()).beta(beta), dx);
        }
    }
}

impl<T: Real> Tangent<T> for Dense {
    fn by_group(&self) -> bool {
        true
    }

    fn r_forward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        rp: &[T],
        at: At<'_, T>,
        rx: Option<MatRef<'_, T>>,
        mut ry: MatMut<'_, T>,
        rsaved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let (rows, outputs) = (ry.rows(), ry.cols());
        let mut rz = if self.is_linear() {
            ry.rb_mut()
        } else {
            MatMut::planned(rsaved, rows, outputs)
        };
        let one_way = Ctx { ways: 1, ..*c };
        for (range, rp) in one_way.directions(rp, p.len(), rows) {
            let x = at.x.rows_range(range.clone());
            w.gemm(self.affine(rp, x), rz.rb_mut().rows_range(range));
        }
        if let Some(rx) = rx {
            w.gemm(Product::new(rx, self.weight.mat(p)).beta(T::ONE), rz);
        }
        if !self.is_linear() {
            let rz = MatRef::planned(rsaved, rows, outputs);
            derive(
                w.level(),
                self.activation,
                self.derivative_input(&at),
                rz,
                ry,
            );
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
        deltas: &[T],
        rdy: MatRef<'_, T>,
        rdx: Out<MatMut<'_, T>>,
        rdp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        let kept = if self.is_linear() {
            0
        } else {
            dy.rows() * dy.cols()
        };
        let (room, mut w) = w.take(kept);
        let dz = if self.is_linear() {
            dy
        } else {
            MatRef::planned(deltas, dy.rows(), dy.cols())
        };
        let rdz = self.derive_twice(&at, r.rsaved, dy, rdy, room, w.level());
        if let Some(mut rdp) = Gradients::new(rdp, p.len()) {
            self.weight_gradient(c, at.x, rdz, &mut rdp, &mut w);
            self.bias_gradient(c, at.x.rows(), rdz, &mut rdp, w.level());
            if let Some(rx) = r.rx {
                rdp.beta = T::ONE;
                self.weight_gradient(c, rx, dz, &mut rdp, &mut w);
            }
        }
        if let Some((mut rdx, beta)) = rdx.place() {
            w.gemm(
                Product::new(rdz, self.weight.mat(p).t()).beta(beta),
                rdx.rb_mut(),
            );
            for (range, rp) in c.directions(rp, p.len(), at.x.rows()) {
                let turned = self.weight.mat(rp).t();
                let product = Product::new(dz.rows_range(range.clone()), turned);
                w.gemm(product.beta(T::ONE), rdx.rb_mut().rows_range(range));
            }
        }
    }
}
