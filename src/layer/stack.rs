//! A stack: layers one after the other, itself a layer.
//!
//! A stack is its first layer and then the rest, a shorter stack, with a seam between the two: `n x width` numbers. So each verb is two
//! calls, and the slabs are cut as the recursion goes down; there is no table of offsets.
//! ```text
//! saved     the first's, a, the rest's        a: what the first gives and the rest takes
//! deltas    the first's, d, the rest's        d = dL/da, way after way
//! rsaved    the first's, r, the rest's        r: the derivative of a
//! scratch   rd, the rest's                    in r_backward: the derivative of d
//! scratch   two seams in turn, a layer's own  where nothing is kept: in a pass that predicts
//! ```

use core::ops::Deref;

use cognate_kernels::{MatMut, MatRef, Real};

use super::{At, Backward, Ctx, Forward, Gram, Mode, Out, RAt, Tangent, TaskGram};
use crate::params::Span;
use crate::workspace::{Need, Work, cut, cut_mut};

/// Layers one after the other, owned or borrowed: `Stack(vec![first, second])`, `Stack(&layers[..])`; of one type or of
/// `&dyn Tangent<T>`.
///
/// A stack without layers has no width: its verbs panic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stack<S>(pub S);

/// The point between the first layer, which has `width` outputs, and the rest.
fn split_at<'a, T: Real>(at: At<'a, T>, need: &Need, width: usize) -> (At<'a, T>, At<'a, T>) {
    let n = at.x.rows();
    let ([own, a], behind) = cut(at.saved, [need.saved, n * width]);
    let a = MatRef::planned(a, n, width);
    let head = At {
        x: at.x,
        y: a,
        saved: own,
    };
    let tail = At {
        x: a,
        y: at.y,
        saved: behind,
    };
    (head, tail)
}

/// The direction between the first layer and the rest.
fn split_direction<'a, T: Real>(
    r: RAt<'a, T>,
    need: &Need,
    width: usize,
) -> (RAt<'a, T>, RAt<'a, T>) {
    let n = r.ry.rows();
    let ([own, a], behind) = cut(r.rsaved, [need.rsaved, n * width]);
    let a = MatRef::planned(a, n, width);
    let head = RAt {
        rx: r.rx,
        ry: a,
        rsaved: own,
    };
    let tail = RAt {
        rx: Some(a),
        ry: r.ry,
        rsaved: behind,
    };
    (head, tail)
}

/// The first layer, and the others if there are any.
#[track_caller]
fn first_and_rest<L>(layers: &[L]) -> (&L, Option<Stack<&[L]>>) {
    let (first, rest) = layers.split_first().expect("a stack of no layers");
    (first, (!rest.is_empty()).then_some(Stack(rest)))
}

impl<T: Real, L: Forward<T>, S: Deref<Target = [L]>> Forward<T> for Stack<S> {
    fn width(&self) -> (usize, usize) {
        let (first, rest) = first_and_rest(&self.0);
        let last = rest.and_then(|rest| rest.0.last()).unwrap_or(first);
        (first.width().0, last.width().1)
    }

    fn need(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        let own = |layer: &L| layer.need(mode, rows, ways).scratch;
        let layers = self.0.iter().map(own).max().unwrap_or(0);
        let widths = || self.0.iter().skip(1).map(|layer| layer.width().0);
        let seams = match mode {
            Mode::Predict => widths().count().min(2) * widths().max().unwrap_or(0),
            Mode::Train => ways * widths().sum::<usize>(),
        };
        Need {
            scratch: layers + rows * seams,
            ..self.kept(mode, rows, ways)
        }
    }

    fn kept(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        let own = |layer: &L| layer.kept(mode, rows, ways);
        let layers = self.0.iter().map(own).fold(Need::default(), Need::then);
        if mode == Mode::Predict {
            return layers;
        }
        let widths = self.0.iter().skip(1).map(|layer| layer.width().0);
        let seams = rows * widths.sum::<usize>();
        layers.then(Need {
            saved: seams,
            deltas: ways * seams,
            rsaved: seams,
            scratch: 0,
        })
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
        if c.mode == Mode::Predict {
            return predict(&self.0, c, p, x, y, w);
        }
        let (first, rest) = first_and_rest(&self.0);
        let Some(rest) = rest else {
            return first.forward(c, p, x, y, saved, w);
        };
        let (n, width) = (x.rows(), first.width().1);
        let own = first.kept(c.mode, n, c.ways).saved;
        let ([own, a], behind) = cut_mut(saved, [own, n * width]);
        first.forward(c, p, x, MatMut::planned(a, n, width), own, w);
        rest.forward(c, p, MatRef::planned(a, n, width), y, behind, w);
    }
}

/// Forward without keeping anything: the seams take turns in two pieces of scratch.
fn predict<T: Real, L: Forward<T>>(
    layers: &[L],
    c: &Ctx<'_>,
    p: &[T],
    x: MatRef<'_, T>,
    y: MatMut<'_, T>,
    w: &mut Work<'_, T>,
) {
    let (first, rest) = first_and_rest(layers);
    let Some((last, inner)) = rest.and_then(|rest| rest.0.split_last()) else {
        return first.forward(c, p, x, y, &mut [], w);
    };
    let n = x.rows();
    let widest = layers.iter().skip(1).map(|layer| layer.width().0).max();
    let seam = n * widest.unwrap_or(0);
    let (mut from, mut w) = w.take(seam);
    let (mut to, mut w) = w.take(if inner.is_empty() { 0 } else { seam });
    let mut width = first.width().1;
    first.forward(c, p, x, MatMut::planned(from, n, width), &mut [], &mut w);
    for layer in inner {
        let (a, wider) = (MatRef::planned(from, n, width), layer.width().1);
        layer.forward(c, p, a, MatMut::planned(to, n, wider), &mut [], &mut w);
        (from, to, width) = (to, from, wider);
    }
    last.forward(c, p, MatRef::planned(from, n, width), y, &mut [], &mut w);
}

impl<T: Real, L: Backward<T>, S: Deref<Target = [L]>> Backward<T> for Stack<S> {
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
        let (first, rest) = first_and_rest(&self.0);
        let Some(rest) = rest else {
            return first.backward(c, p, at, dy, deltas, dx, dp, w);
        };
        let (n, width) = (at.x.rows(), first.width().1);
        let need = first.kept(c.mode, n, c.ways);
        let (head, tail) = split_at(at, &need, width);
        let ([own, d], behind) = cut_mut(deltas, [need.deltas, dy.rows() * width]);
        let into_d = Out::Set(MatMut::planned(d, dy.rows(), width));
        rest.backward(c, p, tail, dy, behind, into_d, dp.rb_mut(), w);
        let d = MatRef::planned(d, dy.rows(), width);
        first.backward(c, p, head, d, own, dx, dp, w);
    }
}

impl<T: Real, L: TaskGram<T>, S: Deref<Target = [L]>> TaskGram<T> for Stack<S> {
    fn each_shared(&self, visit: &mut dyn FnMut(Span)) {
        self.0.iter().for_each(|layer| layer.each_shared(visit));
    }

    fn gram_scratch(&self, rows: usize, ways: usize, gradients: usize) -> usize {
        let own = |layer: &L| layer.gram_scratch(rows, ways, gradients);
        self.0.iter().map(own).max().unwrap_or(0)
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
        let (first, rest) = first_and_rest(&self.0);
        let Some(rest) = rest else {
            return first.gram_backward(c, p, at, dy, deltas, dx, gram, w);
        };
        let (n, width) = (at.x.rows(), first.width().1);
        let need = first.kept(c.mode, n, c.ways);
        let (head, tail) = split_at(at, &need, width);
        let ([own, d], behind) = cut_mut(deltas, [need.deltas, dy.rows() * width]);
        let into_d = Out::Set(MatMut::planned(d, dy.rows(), width));
        rest.gram_backward(c, p, tail, dy, behind, into_d, gram, w);
        if !gram.is_done() {
            let d = MatRef::planned(d, dy.rows(), width);
            first.gram_backward(c, p, head, d, own, dx, gram, w);
        }
    }
}

impl<T: Real, L: Tangent<T>, S: Deref<Target = [L]>> Tangent<T> for Stack<S> {
    fn by_group(&self) -> bool {
        self.0.iter().all(L::by_group)
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
        let (first, rest) = first_and_rest(&self.0);
        let Some(rest) = rest else {
            return first.r_forward(c, p, rp, at, rx, ry, rsaved, w);
        };
        let (n, width) = (at.x.rows(), first.width().1);
        let need = first.kept(c.mode, n, c.ways);
        let (head, tail) = split_at(at, &need, width);
        let ([own, r], behind) = cut_mut(rsaved, [need.rsaved, n * width]);
        first.r_forward(c, p, rp, head, rx, MatMut::planned(r, n, width), own, w);
        let r = MatRef::planned(r, n, width);
        rest.r_forward(c, p, rp, tail, Some(r), ry, behind, w);
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
        let (first, rest) = first_and_rest(&self.0);
        let Some(rest) = rest else {
            return first.r_backward(c, p, rp, at, r, dy, deltas, rdy, rdx, rdp, w);
        };
        let (n, width) = (at.x.rows(), first.width().1);
        let need = first.kept(c.mode, n, c.ways);
        let (head, tail) = split_at(at, &need, width);
        let (r_head, r_tail) = split_direction(r, &need, width);
        let ([own, d], behind) = cut(deltas, [need.deltas, dy.rows() * width]);
        let (rd, mut w) = w.take(dy.rows() * width);
        let into_rd = Out::Set(MatMut::planned(rd, dy.rows(), width));
        rest.r_backward(
            c,
            p,
            rp,
            tail,
            r_tail,
            dy,
            behind,
            rdy,
            into_rd,
            rdp.rb_mut(),
            &mut w,
        );
        let d = MatRef::planned(d, dy.rows(), width);
        let rd = MatRef::planned(rd, dy.rows(), width);
        first.r_backward(c, p, rp, head, r_head, d, own, rd, rdx, rdp, &mut w);
    }
}
