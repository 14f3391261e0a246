//! The loss of a network of many tasks: `f(p) = sum_t L_t(p) + l2 / 2 * sum over chosen spans of ||W||^2 + kappa R(p)`, each `L_t` a mean over
//! the task's own labelled weight in the batch, R a relation between the heads ([`HeadRelation`]) if there is one.
//!
//! What a step of training wants is a weighted gradient, after the weights are known, and the weights may depend on the gradients:
//! ```text
//! visit           one forward pass: values, and dz_t = dL_t/dz                               z = net(p, x)
//! gram            T delta passes: G_st = <g_s, g_t> over what tasks share                    products of gradients, layer by layer
//! weighted_grad   one backward pass with the combined delta: sum_t w_t g_t on shared spans,  one weight-gradient product a layer
//!                 g_t on the spans of task t alone, and the penalty's gradient
//! ```
//! Tasks that share rows go back as T ways over one forward pass; tasks with rows of their own as T groups of one way. Hessian and
//! Gauss-Newton products are those of the unweighted sum.
//!
//! `saved` holds a visited point: what the layers keep, z, what the losses keep, dz, and (after `value_grad`) the deltas.

mod verbs;

use core::ops::Range;

use cognate_kernels::{MatMut, MatRef, Real};

use super::{HeadRelation, TaskBatch, TaskNet};
use crate::layer::{At, Ctx, Gram, Mode, Out};
use crate::loss::Loss;
use crate::params::Span;
use crate::workspace::{Need, Work, cut, cut_mut};

/// The losses of a network's tasks on a batch, as functions of its parameters.
#[derive(Clone, Copy, Debug)]
pub struct TaskNetObjective<'a, T, L> {
    /// The network: a layer to all tasks' links, side by side.
    pub net: L,
    /// Number of parameters.
    pub params: usize,
    /// The rows with their labels.
    pub batch: &'a TaskBatch<T>,
    /// Factor of `1/2 ||W||^2`.
    pub l2: T,
    /// The spans that `l2` holds down, usually all weights and no bias.
    pub penalised: &'a [Span],
    /// How the heads are related, and the factor `kappa` of that penalty.
    pub relation: Option<(&'a HeadRelation, T)>,
    /// Seed of the step, for dropout.
    pub seed: u64,
}

/// What a pass asks for.
struct Sizes {
    net: Need,
    /// `n x K` links.
    links: usize,
    losses: Need,
}

impl Sizes {
    /// A visited point: what the layers keep, z, what the losses keep, dz.
    fn point(&self) -> [usize; 4] {
        [self.net.saved, self.links, self.losses.saved, self.links]
    }

    /// A direction: what `r_forward` keeps, rz, rdz, and deltas for a Gauss-Newton product.
    fn direction(&self) -> [usize; 4] {
        [self.net.rsaved, self.links, self.links, self.net.deltas]
    }
}

/// A point that was visited.
struct Point<'s, T> {
    at: At<'s, T>,
    losses: &'s [T],
    dz: MatRef<'s, T>,
}

impl<'a, T: Real, L: TaskNet<T>> TaskNetObjective<'a, T, L> {
    /// The losses of `net`, of `params` parameters, on `batch`, without a penalty.
    ///
    /// # Panics
    /// If the network's inputs and outputs are not those of the batch's tasks.
    #[track_caller]
    pub fn new(net: L, params: usize, batch: &'a TaskBatch<T>) -> Self {
        let links = batch.kinds().iter().map(|kind| kind.links()).sum();
        assert_eq!(net.width(), (batch.x().cols(), links), "the network's ends");
        Self {
            net,
            params,
            batch,
            l2: T::ZERO,
            penalised: &[],
            relation: None,
            seed: 0,
        }
    }

    /// One gradient, of rows that know their tasks.
    fn together(&self) -> Ctx<'a> {
        Ctx {
            groups: self.batch.groups(),
            merged: true,
            row_ids: self.batch.rows(),
            ..Ctx::train(self.seed)
        }
    }

    /// A gradient a task: a group, or a way.
    fn apart(&self) -> Ctx<'a> {
        let own = !self.batch.groups().is_empty();
        Ctx {
            merged: false,
            ways: if own { 1 } else { self.batch.tasks() },
            ..self.together()
        }
    }

    fn sizes(&self) -> Sizes {
        let (n, own) = (self.batch.len(), !self.batch.groups().is_empty());
        let mut losses = Need::default();
        self.each_task(|t, _, columns| {
            let all = Loss::<T>::need(&self.batch.targets(t).loss, n, columns.len());
            losses = match own {
                // As if all rows were the task's that keeps most: the same for every batch of as many rows.
                true => Need {
                    saved: losses.saved.max(all.saved),
                    ..Need::scratch(losses.scratch.max(all.scratch))
                },
                false => losses.then(all),
            };
        });
        Sizes {
            net: self.net.need(Mode::Train, n, 1),
            links: n * self.net.width().1,
            losses,
        }
    }

    /// Calls `task` with each task, its rows, and its columns of the links.
    fn each_task(&self, mut task: impl FnMut(usize, Range<usize>, Range<usize>)) {
        let mut column = 0;
        for (t, kind) in self.batch.kinds().iter().enumerate() {
            let columns = column..column + kind.links();
            column = columns.end;
            task(t, self.batch.rows_of(t), columns);
        }
    }

    /// Memory for going forward and for the weighted gradient, and for the Gram matrix if that is wanted: less than
    /// [`Objective::need`](crate::objective::Objective::need), which includes second derivatives.
    pub fn step_need(&self, gram: bool) -> Need {
        let sizes = self.sizes();
        let point: usize = sizes.point().iter().sum();
        let scratch = sizes.net.scratch.max(sizes.losses.scratch);
        let value = point + scratch;
        let gram = if gram { self.gram_need() } else { 0 };
        Need {
            saved: point + sizes.net.deltas,
            ..Need::scratch(value.max(sizes.net.deltas + scratch).max(gram))
        }
    }

    /// Scratch of the Gram pass: cotangents and deltas of all ways, and what the layers ask for.
    fn gram_need(&self) -> usize {
        let (n, c) = (self.batch.len(), self.apart());
        let deltas = self.net.need(Mode::Train, n, c.ways).deltas;
        let scratch = self.net.gram_scratch(n, c.ways, c.gradients());
        c.ways * n * self.net.width().1 + deltas + scratch
    }

    /// Each task's loss by its links `z`, and `dz` if wanted.
    fn losses(
        &self,
        z: MatRef<'_, T>,
        mut dz: Option<MatMut<'_, T>>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
        mut value: impl FnMut(usize, f64),
    ) {
        let mut saved = saved;
        self.each_task(|t, rows, columns| {
            let task = self.batch.targets(t);
            let z = block(z, &rows, &columns);
            let need = Loss::<T>::need(&task.loss, rows.len(), columns.len());
            let own;
            ([own], saved) = cut_mut(core::mem::take(&mut saved), [need.saved]);
            let dz = dz.as_mut().map(|dz| block_mut(dz, &rows, &columns));
            let loss = task.loss.value_grad(z, &task.y, task.scale, dz, own, w);
            value(t, loss.to_f64());
        });
    }

    /// Forward: the point and dz into `saved`; `value(t, L_t)` for each task.
    fn go(&self, p: &[T], saved: &mut [T], w: &mut Work<'_, T>, value: impl FnMut(usize, f64)) {
        let (n, k) = (self.batch.len(), self.net.width().1);
        let ([net, z, losses, dz], _) = cut_mut(saved, self.sizes().point());
        let (p, into) = (&p[..self.params], MatMut::planned(z, n, k));
        self.net
            .forward(&self.together(), p, self.batch.x(), into, net, w);
        let (z, dz) = (MatRef::planned(z, n, k), MatMut::planned(dz, n, k));
        self.losses(z, Some(dz), losses, w, value);
    }

    /// The point that `saved` holds.
    fn point<'s>(&self, saved: &'s [T]) -> Point<'s, T>
    where
        'a: 's,
    {
        let (n, k, sizes) = (self.batch.len(), self.net.width().1, self.sizes());
        let ([net, z, losses, dz], _) = cut(saved, sizes.point());
        Point {
            at: At {
                x: self.batch.x(),
                y: MatRef::planned(z, n, k),
                saved: net,
            },
            losses,
            dz: MatRef::planned(dz, n, k),
        }
    }

    /// Goes forward: each task's loss (0 for one that is absent), and a point in `saved` for the weighted gradient and the Gram matrix.
    pub fn visit(&self, p: &[T], values: &mut [f64], saved: &mut [T], w: &mut Work<'_, T>) {
        self.go(p, saved, w, |t, value| values[t] = value);
    }

    /// Each task's loss alone; the point that was visited stays.
    pub fn values(&self, p: &[T], values: &mut [f64], w: &mut Work<'_, T>) {
        self.go_without(p, w, |t, value| values[t] = value);
    }

    /// Forward in scratch: `value(t, L_t)` for each task, and no point.
    fn go_without(&self, p: &[T], w: &mut Work<'_, T>, value: impl FnMut(usize, f64)) {
        let (n, k) = (self.batch.len(), self.net.width().1);
        let [net, z, losses, _] = self.sizes().point();
        let (room, mut w) = w.take(net + z + losses);
        let ([net, z, losses], _) = cut_mut(room, [net, z, losses]);
        let (c, p, into) = (self.together(), &p[..self.params], MatMut::planned(z, n, k));
        self.net.forward(&c, p, self.batch.x(), into, net, &mut w);
        let z = MatRef::planned(z, n, k);
        self.losses(z, None, losses, &mut w, value);
    }

    /// Adds the products of the tasks' gradients at the visited point to `gram`; an absent task's are 0.
    pub fn gram(&self, p: &[T], saved: &[T], gram: &mut Gram<'_>, w: &mut Work<'_, T>) {
        let (n, k, c) = (self.batch.len(), self.net.width().1, self.apart());
        let point = self.point(saved);
        let deltas = self.net.need(Mode::Train, n, c.ways).deltas;
        let cotangents = if c.ways == 1 { 0 } else { c.ways * n * k };
        let (room, mut w) = w.take(deltas + cotangents);
        let ([deltas, ways], _) = cut_mut(room, [deltas, cotangents]);
        let dy = match c.ways {
            1 => point.dz,
            _ => self.spread(point.dz, ways),
        };
        let p = &p[..self.params];
        self.net
            .gram_backward(&c, p, point.at, dy, deltas, Out::Skip, gram, &mut w);
    }

    /// A way a task, `T n x K`: the task's columns of `dz`, and 0 elsewhere.
    fn spread<'s>(&self, dz: MatRef<'_, T>, ways: &'s mut [T]) -> MatRef<'s, T> {
        let (n, k) = (dz.rows(), dz.cols());
        ways.fill(T::ZERO);
        let mut all = MatMut::planned(ways, self.batch.tasks() * n, k);
        self.each_task(|t, rows, columns| {
            let way = t * n..(t + 1) * n;
            block_mut(&mut all, &way, &columns).copy_from(block(dz, &rows, &columns));
        });
        MatRef::planned(ways, self.batch.tasks() * n, k)
    }
}

/// Some rows and columns.
fn block<'a, T>(m: MatRef<'a, T>, rows: &Range<usize>, columns: &Range<usize>) -> MatRef<'a, T> {
    m.rows_range(rows.clone()).cols_range(columns.clone())
}

/// The same, to be written.
fn block_mut<'a, T>(
    m: &'a mut MatMut<'_, T>,
    rows: &Range<usize>,
    columns: &Range<usize>,
) -> MatMut<'a, T> {
    let (_, right) = m
        .rb_mut()
        .rows_range(rows.clone())
        .split_cols(columns.start);
    right.split_cols(columns.len()).0
}
