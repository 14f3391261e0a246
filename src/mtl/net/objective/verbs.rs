//! What the objective of a network of many tasks owes as an [`Objective`] and as a [`TaskObjective`].

use cognate_kernels::{Level, MatMut, MatRef, Real, axpy, dot};

use super::{Point, TaskNetObjective, block, block_mut};
use crate::layer::{Ctx, Gram, Out, RAt};
use crate::loss::Loss;
use crate::mtl::net::{HeadRelation, TaskNet};
use crate::objective::{Objective, TaskObjective};
use crate::params::Span;
use crate::workspace::{Need, Work, cut, cut_mut};

/// A direction followed from a point, and room for deltas.
struct Followed<'s, T> {
    r: RAt<'s, T>,
    rdz: MatRef<'s, T>,
    deltas: &'s mut [T],
}

impl<'a, T: Real, L: TaskNet<T>> TaskNetObjective<'a, T, L> {
    /// What a visited point takes of `saved`; the deltas stand behind.
    fn point_len(&self) -> usize {
        self.sizes().point().iter().sum()
    }

    /// The spans that `l2` acts on: none if it is 0.
    fn decayed(&self) -> &'a [Span] {
        if self.l2 == T::ZERO {
            &[]
        } else {
            self.penalised
        }
    }

    /// `1/2 l2 ||W||^2 + kappa R`.
    pub(in crate::mtl::net) fn penalty(&self, level: Level, p: &[T]) -> f64 {
        let squares = |span: &Span| dot(level, span.of(p), span.of(p)).to_f64();
        let decay = 0.5 * self.l2.to_f64() * self.decayed().iter().map(squares).sum::<f64>();
        let related =
            |(relation, kappa): (&HeadRelation, T)| kappa.to_f64() * relation.value(level, p);
        decay + self.relation.map_or(0.0, related)
    }

    /// `g += l2 v` on the penalised spans, and what the relation adds to its heads.
    fn add_penalty(&self, level: Level, v: &[T], g: &mut [T]) {
        for span in self.decayed() {
            axpy(level, self.l2, span.of(v), span.of_mut(g));
        }
        if let Some((relation, kappa)) = self.relation {
            relation.add_product(level, kappa, v, g);
        }
    }

    /// The gradient at a point, and the deltas.
    fn back(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        point: &Point<'_, T>,
        deltas: &mut [T],
        g: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let (p, g) = (&p[..self.params], &mut g[..self.params]);
        let into = Out::Set(&mut *g);
        self.net
            .backward(c, p, point.at, point.dz, deltas, Out::Skip, into, w);
        self.add_penalty(w.level(), p, g);
    }

    /// `rz = J v` and `rdz = H_l rz` from a point; and what is left of the scratch.
    fn follow<'s>(
        &self,
        p: &[T],
        v: &[T],
        point: &Point<'_, T>,
        w: &'s mut Work<'_, T>,
    ) -> (Followed<'s, T>, Work<'s, T>) {
        let (n, k, sizes) = (self.batch.len(), self.net.width().1, self.sizes());
        let (room, mut w) = w.take(sizes.direction().iter().sum());
        let ([rsaved, rz, rdz, deltas], _) = cut_mut(room, sizes.direction());
        let (c, into) = (self.together(), MatMut::planned(rz, n, k));
        self.net
            .r_forward(&c, p, v, point.at, None, into, rsaved, &mut w);
        let ry = MatRef::planned(rz, n, k);
        self.losses_hvp(point, ry, MatMut::planned(rdz, n, k), &mut w);
        let r = RAt {
            rx: None,
            ry,
            rsaved,
        };
        let rdz = MatRef::planned(rdz, n, k);
        (Followed { r, rdz, deltas }, w)
    }

    /// `rdz = H_l rz`, task by task.
    fn losses_hvp(
        &self,
        point: &Point<'_, T>,
        rz: MatRef<'_, T>,
        mut rdz: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        let mut saved = point.losses;
        self.each_task(|t, rows, columns| {
            let task = self.batch.targets(t);
            let need = Loss::<T>::need(&task.loss, rows.len(), columns.len());
            let own;
            ([own], saved) = cut(saved, [need.saved]);
            let z = block(point.at.y, &rows, &columns);
            let rz = block(rz, &rows, &columns);
            let rdz = block_mut(&mut rdz, &rows, &columns);
            task.loss.hvp(z, &task.y, task.scale, own, rz, rdz, w);
        });
    }
}

impl<T: Real, L: TaskNet<T>> Objective<T> for TaskNetObjective<'_, T, L> {
    fn len(&self) -> usize {
        self.params
    }

    fn need(&self) -> Need {
        let sizes = self.sizes();
        let scratch = sizes.net.scratch.max(sizes.losses.scratch);
        let direction = sizes.direction().iter().sum::<usize>() + scratch;
        let step = self.step_need(true);
        Need {
            scratch: step.scratch.max(direction),
            ..step
        }
    }

    fn value_grad(&self, p: &[T], g: Option<&mut [T]>, saved: &mut [T], w: &mut Work<'_, T>) -> T {
        let mut total = self.penalty(w.level(), p);
        match g {
            None => self.go_without(p, w, |_, value| total += value),
            Some(g) => {
                self.go(p, saved, w, |_, value| total += value);
                let (point, deltas) = saved.split_at_mut(self.point_len());
                self.back(&self.together(), p, &self.point(point), deltas, g, w);
            }
        }
        T::from_f64(total)
    }

    fn hvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>) {
        let (p, v) = (&p[..self.params], &v[..self.params]);
        let (point, deltas) = saved.split_at(self.point_len());
        let point = self.point(point);
        let (f, mut w) = self.follow(p, v, &point, w);
        let (c, into) = (self.together(), Out::Set(&mut out[..self.params]));
        self.net.r_backward(
            &c,
            p,
            v,
            point.at,
            f.r,
            point.dz,
            deltas,
            f.rdz,
            Out::Skip,
            into,
            &mut w,
        );
        self.add_penalty(w.level(), v, out);
    }

    fn gnvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>) {
        let (p, v) = (&p[..self.params], &v[..self.params]);
        let point = self.point(&saved[..self.point_len()]);
        let (f, mut w) = self.follow(p, v, &point, w);
        let (c, into) = (self.together(), Out::Set(&mut out[..self.params]));
        self.net
            .backward(&c, p, point.at, f.rdz, f.deltas, Out::Skip, into, &mut w);
        self.add_penalty(w.level(), v, out);
    }
}

impl<T: Real, L: TaskNet<T>> TaskObjective<T> for TaskNetObjective<'_, T, L> {
    fn tasks(&self) -> usize {
        self.batch.tasks()
    }

    fn values_gram(
        &self,
        p: &[T],
        values: &mut [f64],
        gram: &mut [f64],
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        self.visit(p, values, saved, w);
        self.gram(p, saved, &mut Gram::new(gram, self.tasks()), w);
    }

    fn weighted_grad(
        &self,
        p: &[T],
        weights: &[f64],
        saved: &[T],
        g: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let all_one = weights.iter().all(|&weight| weight == 1.0);
        let c = Ctx {
            weights: if all_one { &[] } else { weights },
            ..self.together()
        };
        let point = self.point(saved);
        let (deltas, mut w) = w.take(self.sizes().net.deltas);
        self.back(&c, p, &point, deltas, g, &mut w);
    }
}
