//! Heads: a layer a task on the same inputs, their outputs side by side.
//!
//! With `h: n x width` what the tasks share and `f_t` the layer of task t, which has parameters of its own,
//! ```text
//! y = [f_1(h), .., f_T(h)]          dh = sum_t w_t J_t' dy_t          dp_t = (df_t / dp_t)' dy_t
//! ```
//! where `dy_t` are the columns of task t and `w_t` its weight, 1 where none is given. Every head is a product of its own, so that its
//! bits do not depend on its neighbours. Where tasks bring their own rows, head t sees its own rows only; where there is a way a task,
//! head t sees way t only: work grows with the rows of all tasks together, never with rows times tasks.

use core::ops::{Deref, Range};

use cognate_kernels::{MatMut, MatRef, Real};

use crate::layer::{At, Backward, Ctx, Forward, Gram, Mode, Out, RAt, Tangent, TaskGram};
use crate::params::Span;
use crate::workspace::{Need, Work, cut, cut_mut};

/// A layer a task, side by side: `Heads(vec![first, second])`, owned or borrowed. All have the same inputs.
///
/// Heads without a layer have no width: their verbs panic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heads<S>(pub S);

/// One head in a pass.
struct Head<'h, L> {
    layer: &'h L,
    task: usize,
    /// Its outputs among all.
    columns: Range<usize>,
    /// Its rows of inputs and outputs.
    rows: Range<usize>,
    /// Its rows of cotangents.
    ways: Range<usize>,
    /// What it asks for.
    need: Need,
}

impl<L> Head<'_, L> {
    /// Its rows and columns of `n x k` outputs.
    fn outputs<'a, T>(&self, y: MatRef<'a, T>) -> MatRef<'a, T> {
        y.rows_range(self.rows.clone())
            .cols_range(self.columns.clone())
    }

    /// The same, to be written.
    fn outputs_mut<'a, T>(&self, y: &'a mut MatMut<'_, T>) -> MatMut<'a, T> {
        let (_, right) = y
            .rb_mut()
            .rows_range(self.rows.clone())
            .split_cols(self.columns.start);
        right.split_cols(self.columns.len()).0
    }

    /// Its rows and columns of `ways n x k` cotangents.
    fn cotangents<'a, T>(&self, dy: MatRef<'a, T>) -> MatRef<'a, T> {
        dy.rows_range(self.ways.clone())
            .cols_range(self.columns.clone())
    }

    /// The pass as the head sees it: rows of its own, one gradient.
    fn pass<'a>(&self, c: &Ctx<'a>) -> Ctx<'a> {
        Ctx {
            groups: &[],
            weights: &[],
            ways: 1,
            row_ids: c.row_ids.get(self.rows.clone()).unwrap_or_default(),
            first_id: c.first_id.wrapping_add(self.rows.start as u32),
            ..*c
        }
    }

    /// Its point, of what all heads have saved the front being its own.
    fn at<'a, T>(&self, at: &At<'a, T>, saved: &'a [T]) -> At<'a, T> {
        At {
            x: at.x.rows_range(self.rows.clone()),
            y: self.outputs(at.y),
            saved,
        }
    }

    /// Its part of `dx`: set or added to by the first head that writes there, added to by the others.
    fn input_cotangent<'a, T>(
        &self,
        c: &Ctx<'_>,
        dx: &'a mut Out<MatMut<'_, T>>,
    ) -> Out<MatMut<'a, T>> {
        let is_first = self.task == 0 || c.ways > 1 || !c.groups.is_empty();
        let rows = self.ways.clone();
        match (dx, is_first) {
            (Out::Skip, _) => Out::Skip,
            (Out::Set(dx), true) => Out::Set(dx.rb_mut().rows_range(rows)),
            (Out::Set(dx) | Out::Add(dx), _) => Out::Add(dx.rb_mut().rows_range(rows)),
        }
    }
}

impl<L, S: Deref<Target = [L]>> Heads<S> {
    /// The heads in a pass over `n` rows.
    #[track_caller]
    fn heads<'s, T: Real>(&'s self, c: &Ctx<'s>, n: usize) -> impl Iterator<Item = Head<'s, L>>
    where
        L: Forward<T> + 's,
    {
        let (mut column, tasks, c) = (0, self.0.len(), *c);
        assert!(
            c.ways == 1 || (c.ways == tasks && c.groups.is_empty()),
            "one way, or one a task"
        );
        self.0.iter().enumerate().map(move |(task, layer)| {
            let columns = column..column + layer.width().1;
            column = columns.end;
            let rows = c.groups.get(task).cloned().unwrap_or(0..n);
            let way = if c.ways == 1 { 0 } else { task * n };
            Head {
                layer,
                task,
                columns,
                ways: way + rows.start..way + rows.end,
                rows,
                need: layer.need(c.mode, n, 1),
            }
        })
    }
}

impl<T: Real, L: Forward<T>, S: Deref<Target = [L]>> Forward<T> for Heads<S> {
    fn width(&self) -> (usize, usize) {
        let outputs = self.0.iter().map(|head| head.width().1).sum();
        (self.0[0].width().0, outputs)
    }

    fn need(&self, mode: Mode, rows: usize, _ways: usize) -> Need {
        let own = |head: &L| head.need(mode, rows, 1);
        let heads = self.0.iter().map(own).fold(Need::default(), Need::then);
        let widest = self.0.iter().map(|head| head.width().1).max().unwrap_or(0);
        match mode {
            Mode::Predict => heads,
            Mode::Train => heads.with_scratch(rows * widest),
        }
    }

    fn forward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        x: MatRef<'_, T>,
        mut y: MatMut<'_, T>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let mut saved = saved;
        for head in self.heads(c, x.rows()) {
            let own;
            ([own], saved) = cut_mut(saved, [head.need.saved]);
            let x = x.rows_range(head.rows.clone());
            let y = head.outputs_mut(&mut y);
            head.layer.forward(&head.pass(c), p, x, y, own, w);
        }
    }
}

/// Where the parameters' gradients of a head go.
struct Into<'a, 'd, T> {
    dp: &'a mut Out<&'d mut [T]>,
    params: usize,
}

impl<T: Real> Into<'_, '_, T> {
    /// Gradient `which` of them.
    fn gradient(&mut self, which: usize) -> Out<&mut [T]> {
        let place = which * self.params..(which + 1) * self.params;
        match self.dp {
            Out::Skip => Out::Skip,
            Out::Set(dp) => Out::Set(&mut dp[place]),
            Out::Add(dp) => Out::Add(&mut dp[place]),
        }
    }
}

impl<L, S: Deref<Target = [L]>> Heads<S> {
    /// `dx += w J_t' dy`, and the head's gradient of `dy`.
    #[expect(clippy::too_many_arguments, reason = "the verb's inputs and outputs")]
    fn one_back<T: Real>(
        head: &Head<'_, L>,
        c: &Ctx<'_>,
        p: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        deltas: &mut [T],
        dx: Out<MatMut<'_, T>>,
        dp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) where
        L: Backward<T>,
    {
        let weight = c.weights.get(head.task).map_or(T::ONE, |&w| T::from_f64(w));
        let pass = head.pass(c);
        if weight == T::ONE || matches!(dx, Out::Skip) {
            return head.layer.backward(&pass, p, at, dy, deltas, dx, dp, w);
        }
        head.layer
            .backward(&pass, p, at, dy, deltas, Out::Skip, dp, w);
        let (n, k) = (dy.rows(), dy.cols());
        let (weighted, mut w) = w.take(n * k);
        Out::Set(MatMut::planned(weighted, n, k)).put(|i, j| weight * dy.at(i, j));
        let dy = MatRef::planned(weighted, n, k);
        head.layer
            .backward(&pass, p, at, dy, deltas, dx, Out::Skip, &mut w);
    }
}

impl<T: Real, L: Backward<T>, S: Deref<Target = [L]>> Backward<T> for Heads<S> {
    fn backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        deltas: &mut [T],
        mut dx: Out<MatMut<'_, T>>,
        mut dp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        let (mut saved, mut deltas) = (at.saved, deltas);
        for head in self.heads(c, at.x.rows()) {
            let (before, own);
            ([before], saved) = cut(saved, [head.need.saved]);
            ([own], deltas) = cut_mut(deltas, [head.need.deltas]);
            let (here, dy) = (head.at(&at, before), head.cotangents(dy));
            let dx = head.input_cotangent(c, &mut dx);
            let mut into = Into {
                dp: &mut dp,
                params: p.len(),
            };
            let gradients = c.gradients();
            let mine = if gradients == 1 { 0 } else { head.task };
            // No row of another task's gradient is this head's.
            for other in (0..gradients).filter(|&other| other != mine) {
                let (c, none) = (
                    head.pass(c),
                    At {
                        x: here.x.rows_range(0..0),
                        y: here.y.rows_range(0..0),
                        saved: &[],
                    },
                );
                let (dy, dp) = (dy.rows_range(0..0), into.gradient(other));
                head.layer
                    .backward(&c, p, none, dy, &mut [], Out::Skip, dp, w);
            }
            Self::one_back(&head, c, p, here, dy, own, dx, into.gradient(mine), w);
        }
    }
}

impl<T: Real, L: Tangent<T>, S: Deref<Target = [L]>> Tangent<T> for Heads<S> {
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
        let (mut saved, mut rsaved) = (at.saved, rsaved);
        for head in self.heads(c, at.x.rows()) {
            let (before, own);
            ([before], saved) = cut(saved, [head.need.saved]);
            ([own], rsaved) = cut_mut(rsaved, [head.need.rsaved]);
            let rx = rx.map(|rx| rx.rows_range(head.rows.clone()));
            let (here, ry) = (head.at(&at, before), head.outputs_mut(&mut ry));
            head.layer
                .r_forward(&head.pass(c), p, rp, here, rx, ry, own, w);
        }
    }

    /// Of unit weights.
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
        mut rdx: Out<MatMut<'_, T>>,
        mut rdp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        let (mut saved, mut deltas, mut rsaved) = (at.saved, deltas, r.rsaved);
        assert_eq!(c.gradients(), 1, "second derivatives are one gradient's");
        for head in self.heads(c, at.x.rows()) {
            let (before, own, r_before);
            ([before], saved) = cut(saved, [head.need.saved]);
            ([own], deltas) = cut(deltas, [head.need.deltas]);
            ([r_before], rsaved) = cut(rsaved, [head.need.rsaved]);
            let r = RAt {
                rx: r.rx.map(|rx| rx.rows_range(head.rows.clone())),
                ry: head.outputs(r.ry),
                rsaved: r_before,
            };
            let (here, dy, rdy) = (
                head.at(&at, before),
                head.cotangents(dy),
                head.cotangents(rdy),
            );
            let rdx = head.input_cotangent(c, &mut rdx);
            head.layer.r_backward(
                &head.pass(c),
                p,
                rp,
                here,
                r,
                dy,
                own,
                rdy,
                rdx,
                rdp.rb_mut(),
                w,
            );
        }
    }
}

/// Heads share nothing.
impl<T: Real, L: Backward<T>, S: Deref<Target = [L]>> TaskGram<T> for Heads<S> {
    fn each_shared(&self, _visit: &mut dyn FnMut(Span)) {}

    fn gram_backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        deltas: &mut [T],
        dx: Out<MatMut<'_, T>>,
        _gram: &mut Gram<'_>,
        w: &mut Work<'_, T>,
    ) {
        self.backward(c, p, at, dy, deltas, dx, Out::Skip, w);
    }
}
