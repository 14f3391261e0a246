//! The Gram pass: products of the tasks' gradients, without the gradients.
//!
//! Let `g_t` be the gradient of task t's loss by the parameters that tasks share. What methods of gradient surgery want is
//! `G_st = <g_s, g_t>`, a sum over layers, so one layer at a time is enough: a pass goes back through the network with the cotangents of
//! all tasks, each layer adds its part of `G` and forgets its gradients. Memory is T times one layer at most, never T times the network.
//!
//! A task is one of [`Ctx::blocks`]: a way, where tasks share rows, or a group, where they bring their own. For a dense layer with inputs
//! A and cotangents `D_t` there are two forms; it takes the one of fewer operations:
//! ```text
//! G_st += <A'D_s, A'D_t> + <1'D_s, 1'D_t>          a block of columns of the T gradients at a time
//! G_st += <D_s, (AA' + 11') D_t>                   = sum_ij (AA' + 11')_ij (D_s D_t')_ij: no gradient at all, good for few rows
//! ```

mod dense;

use core::slice;

use cognate_kernels::{Level, MatMut, MatRef, Real, dot};

use super::{At, Backward, Ctx, Dropout, LayerNorm, Mode, Out};
use crate::params::Span;
use crate::workspace::Work;

/// Where the products of a pass are added up.
#[derive(Debug)]
pub struct Gram<'a> {
    products: &'a mut [f64],
    tasks: usize,
    last_only: bool,
    touched: bool,
}

impl<'a> Gram<'a> {
    /// Over all shared layers, into `products: T x T`, row-major, which is set to 0.
    ///
    /// # Panics
    /// If `products` is not `T x T`.
    #[track_caller]
    pub fn new(products: &'a mut [f64], tasks: usize) -> Self {
        assert_eq!(products.len(), tasks * tasks, "one product a pair of tasks");
        products.fill(0.0);
        Self {
            products,
            tasks,
            last_only: false,
            touched: false,
        }
    }

    /// Over the last shared layer alone.
    pub fn last_layer(self) -> Self {
        Self {
            last_only: true,
            ..self
        }
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// Whether layers further back have nothing to add: a layer of layers stops here.
    pub fn is_done(&self) -> bool {
        self.last_only && self.touched
    }

    /// Adds the products of task t's gradient with those of the tasks 0, 1, .. t.
    pub fn add(&mut self, t: usize, products: impl Iterator<Item = f64>) {
        self.touched = true;
        for (s, product) in (0..=t).zip(products) {
            self.products[s * self.tasks + t] += product;
            if s < t {
                self.products[t * self.tasks + s] += product;
            }
        }
    }

    /// Adds the products of `gradients`: T of them, one behind the other, of `len` numbers each.
    pub fn add_gradients<T: Real>(&mut self, level: Level, gradients: &[T], len: usize) {
        let of = |t: usize| &gradients[t * len..][..len];
        for t in 0..self.tasks {
            self.add(t, (0..=t).map(|s| dot(level, of(s), of(t)).to_f64()));
        }
    }
}

/// The verb that weighs tasks: backward without gradients but with their products.
///
/// A layer without parameters, or with few, needs [`TaskGram::each_shared`] only.
pub trait TaskGram<T: Real>: Backward<T> {
    /// Calls `visit` with every span that all tasks share.
    fn each_shared(&self, visit: &mut dyn FnMut(Span));

    /// Scratch of [`TaskGram::gram_backward`] for up to `rows` rows, `ways` ways and as many gradients as [`Ctx::gradients`] says.
    fn gram_scratch(&self, rows: usize, ways: usize, gradients: usize) -> usize {
        let shared = Shared::of(self);
        let own = self.need(Mode::Train, rows, ways).scratch;
        own + shared.end + gradients * shared.len
    }

    /// `dx = J_x' dy` as in [`Backward::backward`], for every way; and the products of the gradients by the shared spans, a gradient a
    /// block of [`Ctx::blocks`], are added to `gram`. Where [`Gram::is_done`] already, `dx` need not be written.
    #[expect(clippy::too_many_arguments, reason = "the verb's inputs and outputs")]
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
        let (shared, rows) = (Shared::of(self), at.x.rows());
        if shared.len == 0 {
            return;
        }
        let (room, mut w) = w.take(shared.end + c.gradients() * shared.len);
        let (dp, gradients) = room.split_at_mut(shared.end);
        for (block, gradient) in c.blocks(rows).zip(gradients.chunks_mut(shared.len)) {
            let way = block.dy.start - block.x.start;
            let c = Ctx {
                groups: slice::from_ref(&block.x),
                ways: 1,
                ..*c
            };
            let dy = dy.rows_range(way..way + rows);
            let (p, dp_out) = (&p[..shared.end], Out::Set(&mut *dp));
            self.backward(&c, p, at, dy, deltas, Out::Skip, dp_out, &mut w);
            let mut rest = gradient;
            self.each_shared(&mut |span| {
                let (mine, behind) = core::mem::take(&mut rest).split_at_mut(span.len());
                mine.copy_from_slice(span.of(dp));
                rest = behind;
            });
        }
        gram.add_gradients(w.level(), gradients, shared.len);
    }
}

/// The parameters of a layer that tasks share.
struct Shared {
    /// Number of them.
    len: usize,
    /// Where the last of them ends in the flat vector.
    end: usize,
}

impl Shared {
    fn of<T: Real>(layer: &(impl TaskGram<T> + ?Sized)) -> Self {
        let mut shared = Self { len: 0, end: 0 };
        layer.each_shared(&mut |span| {
            shared.len += span.len();
            shared.end = shared.end.max(span.range().end);
        });
        shared
    }
}

impl<T: Real> TaskGram<T> for LayerNorm {
    fn each_shared(&self, visit: &mut dyn FnMut(Span)) {
        visit(self.gain);
        visit(self.bias);
    }
}

impl<T: Real> TaskGram<T> for Dropout {
    fn each_shared(&self, _visit: &mut dyn FnMut(Span)) {}
}
