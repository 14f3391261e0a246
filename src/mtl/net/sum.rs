//! The sum of blocks of columns, activated: where several layers feed one.
//!
//! A row of inputs is `m` blocks of `h` columns; with `z = x_1 + ... + x_m`,
//! ```text
//! forward     y = act(z)                    backward    dz = act'(z) dy                          dx_k = dz for every k
//! r_forward   ry = act'(z) rz               r_backward  rdz = act''(z) rz dy + act'(z) rdy       rdx_k = rdz
//! ```
//! Dense layers without activation before it, one a source, make it a dense layer of the sources side by side, of which each keeps
//! weights, a name and a product of its own: without a source the others' bits are what they were. Forward keeps `z`, `r_forward` `rz`.

use cognate_kernels::{Activation, MatMut, MatRef, Real, activate, derive, derive_twice};

use crate::layer::{At, Backward, Ctx, Forward, Mode, Out, RAt, Tangent, TaskGram};
use crate::params::Span;
use crate::workspace::{Need, Work};

/// `y = act(x_1 + ... + x_m)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Columns of a block, `h`.
    pub width: usize,
    /// Number of blocks, `m`.
    pub blocks: usize,
    /// Applied to the sum.
    pub activation: Activation,
}

impl Sum {
    /// `z = sum over blocks`, from the first on.
    fn add_up<T: Real>(&self, x: MatRef<'_, T>, z: &mut MatMut<'_, T>) {
        let (first, mut rest) = x.split_cols(self.width);
        z.copy_from(first);
        while rest.cols() > 0 {
            let block;
            (block, rest) = rest.split_cols(self.width);
            for i in 0..block.rows() {
                for j in 0..self.width {
                    z.set(i, j, z.at(i, j) + block.at(i, j));
                }
            }
        }
    }

    /// What the activation's derivatives are computed from.
    fn derivative_input<'a, T: Real>(&self, at: &At<'a, T>) -> MatRef<'a, T> {
        match self.activation.needs_input() {
            true => MatRef::planned(at.saved, at.y.rows(), self.width),
            false => at.y,
        }
    }
}

/// `dz` into every block of `dx`.
fn hand_out<T: Real>(dz: MatRef<'_, T>, dx: Out<MatMut<'_, T>>) {
    dx.put(|i, j| dz.at(i, j % dz.cols()));
}

impl<T: Real> Forward<T> for Sum {
    fn width(&self) -> (usize, usize) {
        (self.blocks * self.width, self.width)
    }

    fn need(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        let z = rows * self.width;
        match mode {
            Mode::Predict => Need::scratch(z),
            Mode::Train => Need {
                saved: z,
                deltas: 0,
                rsaved: z,
                scratch: ways * z,
            },
        }
    }

    fn forward(
        &self,
        c: &Ctx<'_>,
        _: &[T],
        x: MatRef<'_, T>,
        y: MatMut<'_, T>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let level = w.level();
        let slab = match c.mode {
            Mode::Predict => w.scratch(),
            Mode::Train => saved,
        };
        let mut z = MatMut::planned(slab, x.rows(), self.width);
        self.add_up(x, &mut z);
        activate(level, self.activation, z.rb(), y);
    }
}

impl<T: Real> Backward<T> for Sum {
    fn backward(
        &self,
        _: &Ctx<'_>,
        _: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        _: &mut [T],
        dx: Out<MatMut<'_, T>>,
        _: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        let (level, from) = (w.level(), self.derivative_input(&at));
        let (room, _) = w.take(dy.rows() * self.width);
        let (mut ways, mut rest) = (dy, MatMut::planned(room, dy.rows(), self.width));
        while rest.rows() > 0 {
            let (dy, dz);
            (dy, ways) = ways.split_rows(from.rows());
            (dz, rest) = rest.split_rows(from.rows());
            derive(level, self.activation, from, dy, dz);
        }
        hand_out(MatRef::planned(room, dy.rows(), self.width), dx);
    }
}

impl<T: Real> Tangent<T> for Sum {
    fn r_forward(
        &self,
        _: &Ctx<'_>,
        _: &[T],
        _: &[T],
        at: At<'_, T>,
        rx: Option<MatRef<'_, T>>,
        ry: MatMut<'_, T>,
        rsaved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let mut rz = MatMut::planned(rsaved, ry.rows(), self.width);
        match rx {
            Some(rx) => self.add_up(rx, &mut rz),
            None => rz.fill(T::ZERO),
        }
        let from = self.derivative_input(&at);
        derive(w.level(), self.activation, from, rz.rb(), ry);
    }

    fn r_backward(
        &self,
        _: &Ctx<'_>,
        _: &[T],
        _: &[T],
        at: At<'_, T>,
        r: RAt<'_, T>,
        dy: MatRef<'_, T>,
        _: &[T],
        rdy: MatRef<'_, T>,
        rdx: Out<MatMut<'_, T>>,
        _: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        let level = w.level();
        let from = self.derivative_input(&at);
        let rz = MatRef::planned(r.rsaved, from.rows(), self.width);
        let (room, _) = w.take(rdy.rows() * self.width);
        let (mut ways, mut rest) = (dy, MatMut::planned(room, rdy.rows(), self.width));
        rest.copy_from(rdy);
        while rest.rows() > 0 {
            let (dy, rdz);
            (dy, ways) = ways.split_rows(from.rows());
            (rdz, rest) = rest.split_rows(from.rows());
            derive_twice(level, self.activation, from, rz, dy, rdz);
        }
        hand_out(MatRef::planned(room, rdy.rows(), self.width), rdx);
    }
}

impl<T: Real> TaskGram<T> for Sum {
    fn each_shared(&self, _visit: &mut dyn FnMut(Span)) {}
}
