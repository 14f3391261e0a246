//! Context: the same numbers beside every row of a layer's inputs.
//!
//! `y = f(p, [x, c])` with `c` a span of the parameters (Zintgraf and others 2019): a task that adapts `c` alone shifts the layer's inputs,
//! so a handful of numbers says which task it is. Without a context, where the span is empty, the layer is `f` itself.
//! ```text
//! backward    [dx, dc] = J' dy     dc summed over the rows          r_forward    along [rx, rc]
//! ```

use cognate_kernels::{MatMut, MatRef, Real};

use super::{At, Backward, Ctx, Forward, Gradients, Mode, Out, RAt, Tangent};
use crate::params::Span;
use crate::workspace::{Need, Work, cut, cut_mut};

/// A layer that sees a context beside its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contextual<L> {
    /// The context, as a row: as many numbers as the layer has inputs more.
    pub context: Span,
    /// The layer behind it.
    pub layer: L,
}

/// `c` into every row.
fn put_rows<T: Real>(c: &[T], mut rows: MatMut<'_, T>) {
    for i in 0..rows.rows() {
        for (j, &c) in c.iter().enumerate() {
            rows.set(i, j, c);
        }
    }
}

/// `[x, c]` into `slab`.
fn beside<'s, T: Real>(x: MatRef<'_, T>, c: &[T], slab: &'s mut [T]) -> MatRef<'s, T> {
    let (n, d) = (x.rows(), x.cols());
    let (mut left, right) = MatMut::planned(&mut *slab, n, d + c.len()).split_cols(d);
    left.copy_from(x);
    put_rows(c, right);
    MatRef::planned(slab, n, d + c.len())
}

impl<L> Contextual<L> {
    /// The point inside: the wide inputs lie in front of what the layer saved.
    fn inside<'a, T: Real>(&self, at: At<'a, T>) -> At<'a, T> {
        let (n, wide) = (at.x.rows(), at.x.cols() + self.context.len());
        let ([x], saved) = cut(at.saved, [n * wide]);
        let x = MatRef::planned(x, n, wide);
        At { x, saved, ..at }
    }

    /// Splits the gradient by `[x, c]`: `dx` to its place, `dc` summed over each block's rows.
    fn split<T: Real>(
        &self,
        c: &Ctx<'_>,
        wide: MatRef<'_, T>,
        (n, params): (usize, usize),
        dx: Out<MatMut<'_, T>>,
        dp: Out<&mut [T]>,
        w: &Work<'_, T>,
    ) {
        let (to_x, to_c) = wide.split_cols(wide.cols() - self.context.len());
        if let Some(mut dp) = Gradients::new(dp, params) {
            for block in c.blocks(n) {
                dp.put_col_sums(&block, self.context, to_c, w.level());
            }
        }
        dx.put(|i, j| to_x.at(i, j));
    }
}

impl<T: Real, L: Forward<T>> Forward<T> for Contextual<L> {
    fn width(&self) -> (usize, usize) {
        let (inputs, outputs) = self.layer.width();
        (inputs - self.context.len(), outputs)
    }

    fn need(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        let wide = match self.context.is_empty() {
            true => 0,
            false => ways * rows * self.layer.width().0,
        };
        Need {
            scratch: self.layer.need(mode, rows, ways).scratch + wide,
            ..self.kept(mode, rows, ways)
        }
    }

    fn kept(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        let kept = self.layer.kept(mode, rows, ways);
        if self.context.is_empty() || mode == Mode::Predict {
            return kept;
        }
        let wide = rows * self.layer.width().0;
        Need {
            saved: kept.saved + wide,
            rsaved: kept.rsaved + wide,
            ..kept
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
        if self.context.is_empty() {
            return self.layer.forward(c, p, x, y, saved, w);
        }
        let wide = x.rows() * self.layer.width().0;
        let context = self.context.of(p);
        if c.mode == Mode::Predict {
            let (slab, mut w) = w.take(wide);
            let x = beside(x, context, slab);
            return self.layer.forward(c, p, x, y, saved, &mut w);
        }
        let ([slab], saved) = cut_mut(saved, [wide]);
        let x = beside(x, context, slab);
        self.layer.forward(c, p, x, y, saved, w);
    }
}

impl<T: Real, L: Backward<T>> Backward<T> for Contextual<L> {
    fn backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        deltas: &mut [T],
        dx: Out<MatMut<'_, T>>,
        mut dp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        if self.context.is_empty() {
            return self.layer.backward(c, p, at, dy, deltas, dx, dp, w);
        }
        let inside = self.inside(at);
        let (n, wide) = (dy.rows(), inside.x.cols());
        let (slab, mut w) = w.take(n * wide);
        let d = Out::Set(MatMut::planned(slab, n, wide));
        self.layer
            .backward(c, p, inside, dy, deltas, d, dp.rb_mut(), &mut w);
        let d = MatRef::planned(slab, n, wide);
        self.split(c, d, (at.x.rows(), p.len()), dx, dp, &w);
    }
}

impl<T: Real, L: Tangent<T>> Tangent<T> for Contextual<L> {
    fn by_group(&self) -> bool {
        self.layer.by_group()
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
        if self.context.is_empty() {
            return self.layer.r_forward(c, p, rp, at, rx, ry, rsaved, w);
        }
        let inside = self.inside(at);
        let (n, wide) = (inside.x.rows(), inside.x.cols());
        let ([slab], rsaved) = cut_mut(rsaved, [n * wide]);
        let (mut to_x, mut to_c) = MatMut::planned(&mut *slab, n, wide).split_cols(at.x.cols());
        match rx {
            Some(rx) => to_x.copy_from(rx),
            None => to_x.fill(T::ZERO),
        }
        let one_way = Ctx { ways: 1, ..*c };
        for (range, rp) in one_way.directions(rp, p.len(), n) {
            put_rows(self.context.of(rp), to_c.rb_mut().rows_range(range));
        }
        let rx = MatRef::planned(slab, n, wide);
        self.layer
            .r_forward(c, p, rp, inside, Some(rx), ry, rsaved, w);
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
        mut rdp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        if self.context.is_empty() {
            return self
                .layer
                .r_backward(c, p, rp, at, r, dy, deltas, rdy, rdx, rdp, w);
        }
        let inside = self.inside(at);
        let (rows, wide) = (at.x.rows(), inside.x.cols());
        let ([rx], rsaved) = cut(r.rsaved, [rows * wide]);
        let rx = Some(MatRef::planned(rx, rows, wide));
        let r = RAt { rx, rsaved, ..r };
        let n = rdy.rows();
        let (slab, mut w) = w.take(n * wide);
        let rd = Out::Set(MatMut::planned(slab, n, wide));
        self.layer.r_backward(
            c,
            p,
            rp,
            inside,
            r,
            dy,
            deltas,
            rdy,
            rd,
            rdp.rb_mut(),
            &mut w,
        );
        let rd = MatRef::planned(slab, n, wide);
        self.split(c, rd, (rows, p.len()), rdx, rdp, &w);
    }
}
