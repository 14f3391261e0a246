//! The first step of several tasks at once, through one network.
//!
//! All tasks of a group stand at the same `phi`, so that their rows pass through the network together: each layer is one product over
//! the rows of all, and only what belongs to a task, its weight gradients, its loss, its direction on the way back, is made task by task.
//! ```text
//! gradient    z = net(phi, x of all)      dz = dl/dz task by task      g_i = J' dz over task i's rows
//! products    rz = J v_i task by task     rdz = H_l rz                 H_i v_i = J' rdz + (dJ along v_i)' dz
//! ```
//! Row by row these are the sums of a task alone, so the bits are the same.

use core::ops::Range;

use cognate_kernels::{MatMut, MatRef, Real};

use super::cut::GROUP;
use super::net_tasks::NetTasks;
use super::tasks::{Gradients, Start};
use crate::layer::{At, Ctx, Mode, Out, RAt, Tangent};
use crate::loss::{Loss, Targets};
use crate::workspace::{Need, Work, cut, cut_mut};

/// Tasks that start together: their rows, and where each task's lie among them.
pub(super) struct Together<'a, 'n, T, L, S> {
    tasks: &'n NetTasks<'a, T, L, S>,
    x: MatRef<'a, T>,
    y: Targets<'a, T>,
    groups: [Range<usize>; GROUP],
    count: usize,
    /// What the layers keep.
    net: Need,
    /// What the loss of the longest task needs.
    loss: Need,
}

impl<'a, 'n, T: Real, L: Tangent<T> + Sync, S: Loss<T> + Sync> Together<'a, 'n, T, L, S> {
    /// The tasks of a group.
    pub(super) fn new(tasks: &'n NetTasks<'a, T, L, S>, range: Range<usize>) -> Self {
        let rows = &tasks.support;
        let ranges = &rows.ranges[range];
        let start = ranges.first().map_or(0, |range| range.start);
        let end = ranges.last().map_or(0, |range| range.end);
        let mut groups: [Range<usize>; GROUP] = Default::default();
        for (group, range) in groups.iter_mut().zip(ranges) {
            *group = range.start - start..range.end - start;
        }
        let widest = ranges.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
        Self {
            tasks,
            x: rows.x.rows_range(start..end),
            y: rows.y.rows(start..end),
            groups,
            count: ranges.len(),
            net: tasks.net.kept(Mode::Train, end - start, 1),
            loss: tasks.loss.need(widest, tasks.net.width().1),
        }
    }

    fn links(&self) -> (usize, usize) {
        (self.x.rows(), self.tasks.net.width().1)
    }

    fn groups(&self) -> &[Range<usize>] {
        &self.groups[..self.count]
    }

    fn ctx(&self) -> Ctx<'_> {
        Ctx {
            groups: self.groups(),
            ..Ctx::train(0)
        }
    }

    /// Saved by the layers, links, saved by the losses, their gradient, deltas.
    fn sizes(&self) -> [usize; 5] {
        let (n, k) = self.links();
        [
            self.net.saved,
            n * k,
            self.count * self.loss.saved,
            n * k,
            self.net.deltas,
        ]
    }

    pub(super) fn need(&self) -> Need {
        let (n, k) = self.links();
        let held = self.net.rsaved + 2 * n * k;
        let layers = self.tasks.net.need(Mode::Train, n, 1).scratch;
        Need {
            saved: self.sizes().iter().sum(),
            ..Need::scratch(held + layers.max(self.loss.scratch))
        }
    }

    /// Values and gradients at `phi`.
    pub(super) fn gradients(
        &self,
        phi: &[T],
        into: Gradients<'_, T>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let ((n, k), c, net) = (self.links(), self.ctx(), &self.tasks.net);
        let ([own, z, loss, dz, deltas], _) = cut_mut(saved, self.sizes());
        net.forward(&c, phi, self.x, MatMut::planned(z, n, k), own, w);
        let y = MatRef::planned(z, n, k);
        for (i, rows) in self.groups().iter().enumerate() {
            let targets = self.y.rows(rows.clone());
            let dz = MatMut::planned(dz, n, k).rows_range(rows.clone());
            let kept = &mut loss[i * self.loss.saved..][..self.loss.saved];
            let (z, scale) = (y.rows_range(rows.clone()), self.tasks.scale(&targets));
            into.values[i] = self
                .tasks
                .loss
                .value_grad(z, &targets, scale, Some(dz), kept, w);
        }
        let at = At {
            x: self.x,
            y,
            saved: own,
        };
        let (dz, g) = (MatRef::planned(dz, n, k), Out::Set(into.g));
        net.backward(&c, phi, at, dz, deltas, Out::Skip, g, w);
    }

    /// Each task's Hessian product with its direction in `v`, at the start.
    pub(super) fn products(
        &self,
        Start { phi, saved }: Start<'_, T>,
        v: &[T],
        out: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let ((n, k), c, net) = (self.links(), self.ctx(), &self.tasks.net);
        let ([own, z, loss, dz, deltas], _) = cut(saved, self.sizes());
        let at = At {
            x: self.x,
            y: MatRef::planned(z, n, k),
            saved: own,
        };
        let (slab, mut w) = w.take(self.net.rsaved + 2 * n * k);
        let ([rsaved, rz, rdz], _) = cut_mut(slab, [self.net.rsaved, n * k, n * k]);
        let into = MatMut::planned(rz, n, k);
        net.r_forward(&c, phi, v, at, None, into, rsaved, &mut w);
        let rz = MatRef::planned(rz, n, k);
        for (i, rows) in self.groups().iter().enumerate() {
            let targets = self.y.rows(rows.clone());
            let rdz = MatMut::planned(rdz, n, k).rows_range(rows.clone());
            let kept = &loss[i * self.loss.saved..][..self.loss.saved];
            let (z, rz) = (at.y.rows_range(rows.clone()), rz.rows_range(rows.clone()));
            let scale = self.tasks.scale(&targets);
            let of = &self.tasks.loss;
            of.hvp(z, &targets, scale, kept, rz, rdz, &mut w);
        }
        let r = RAt {
            rx: None,
            ry: rz,
            rsaved,
        };
        let (dz, rdz) = (MatRef::planned(dz, n, k), MatRef::planned(rdz, n, k));
        let out = Out::Set(out);
        net.r_backward(&c, phi, v, at, r, dz, deltas, rdz, Out::Skip, out, &mut w);
    }
}
