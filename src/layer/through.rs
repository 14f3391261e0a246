//! A pointer to a layer (`&L`, `Box<L>`, `&dyn Tangent<T>`) is the layer.

use core::ops::Deref;

use cognate_kernels::{MatMut, MatRef, Real};

use super::{At, Backward, Ctx, Forward, Gram, Mode, Out, RAt, Tangent, TaskGram};
use crate::params::Span;
use crate::workspace::{Need, Work};

impl<T: Real, D: Deref<Target: Forward<T>>> Forward<T> for D {
    fn width(&self) -> (usize, usize) {
        (**self).width()
    }

    fn need(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        (**self).need(mode, rows, ways)
    }

    fn kept(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        (**self).kept(mode, rows, ways)
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
        (**self).forward(c, p, x, y, saved, w);
    }
}

impl<T: Real, D: Deref<Target: Backward<T>>> Backward<T> for D {
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
        (**self).backward(c, p, at, dy, deltas, dx, dp, w);
    }
}

impl<T: Real, D: Deref<Target: TaskGram<T>>> TaskGram<T> for D {
    fn each_shared(&self, visit: &mut dyn FnMut(Span)) {
        (**self).each_shared(visit);
    }

    fn gram_scratch(&self, rows: usize, ways: usize, gradients: usize) -> usize {
        (**self).gram_scratch(rows, ways, gradients)
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
        (**self).gram_backward(c, p, at, dy, deltas, dx, gram, w);
    }
}

impl<T: Real, D: Deref<Target: Tangent<T>>> Tangent<T> for D {
    fn by_group(&self) -> bool {
        (**self).by_group()
    }

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
        (**self).r_forward(c, p, rp, at, rx, ry, rsaved, w);
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
        (**self).r_backward(c, p, rp, at, r, dy, deltas, rdy, rdx, rdp, w);
    }
}
