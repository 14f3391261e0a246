//! A loss over a network: `f(p) = scale * sum_i w_i l(net(p, x_i), y_i) + l2 / 2 * sum over chosen spans of ||W||^2`.
//!
//! ```text
//! value, gradient    z = net(p, x)           dz = dl/dz        g = J' dz
//! H v                rz = J v                rdz = H_l rz      H v = J' rdz + (dJ along v)' dz       Pearlmutter 1994
//! G v                rz = J v                rdz = H_l rz      G v = J' rdz                          Schraudolph 2002
//! ```
//! `saved` holds a visited point: what the layers keep, `z`, what the loss keeps, `dz`, and the deltas. A value without a gradient
//! works in scratch, so the point stays.
//!
//! **Threads.** Many rows are cut into chunks (see `parallel`), each with its own slabs; the first writes its gradient straight into
//! the result, the others' are added in order. A mini-batch is one chunk: nothing is added, nothing is copied.

use cognate_kernels::{Level, MatMut, MatRef, Real, axpy, dot};

use crate::layer::{At, Ctx, Mode, Out, RAt, Tangent};
use crate::loss::{Loss, Targets};
use crate::objective::Objective;
use crate::parallel::{Chunks, MAX_CHUNKS, for_each};
use crate::params::Span;
use crate::workspace::{Need, Work, cut, cut_mut};

/// The loss of a network on some rows, as a function of its parameters.
///
/// Each parameter must belong to one layer; the gradient by a number that no layer owns is left as it was found.
#[derive(Clone, Copy, Debug)]
pub struct NetObjective<'a, T, L, S> {
    /// The network: a layer, usually a [`Stack`](crate::layer::Stack).
    pub net: L,
    /// The loss of its outputs.
    pub loss: S,
    /// Number of parameters.
    pub params: usize,
    /// Inputs, `n x in`.
    pub x: MatRef<'a, T>,
    /// Targets of the n rows, with weights and masks.
    pub y: Targets<'a, T>,
    /// Factor of the summed loss: 1 over [`Targets::labelled_weight`] for a mean.
    pub scale: T,
    /// Factor of `1/2 ||W||^2`.
    pub l2: T,
    /// The spans that `l2` holds down, usually all weights and no bias.
    pub penalised: &'a [Span],
    /// Seed of the step, for dropout.
    pub seed: u64,
    /// Ids of the rows, for dropout (see [`Ctx::row_ids`]); may be empty.
    pub row_ids: &'a [u32],
}

/// What a chunk of rows keeps.
#[derive(Clone, Copy)]
struct Sizes {
    net: Need,
    loss: Need,
    /// Outputs of all its rows.
    links: usize,
}

impl Sizes {
    /// A visited point without its gradient.
    fn point(&self) -> [usize; 3] {
        [self.net.saved, self.links, self.loss.saved]
    }

    /// What the gradient adds to the point.
    fn gradient(&self) -> [usize; 2] {
        [self.links, self.net.deltas]
    }

    /// A direction: what `r_forward` keeps, `rz`, `rdz`, and deltas for a Gauss-Newton product.
    fn direction(&self) -> [usize; 4] {
        [self.net.rsaved, self.links, self.links, self.net.deltas]
    }

    fn saved(&self) -> usize {
        self.point().iter().sum::<usize>() + self.gradient().iter().sum::<usize>()
    }

    /// The scratch of a chunk whose layers ask for `layers`.
    fn scratch(&self, layers: usize) -> usize {
        let held = self.direction().iter().sum::<usize>();
        let held = held.max(self.point().iter().sum());
        held + layers.max(self.loss.scratch)
    }
}

/// One chunk of rows with what it works in.
#[derive(Default)]
struct Part<'s, T> {
    chunk: usize,
    saved: &'s mut [T],
    sums: &'s mut [T],
    scratch: &'s mut [T],
    value: f64,
}

/// The rows of a chunk.
struct Rows<'a, T> {
    c: Ctx<'a>,
    x: MatRef<'a, T>,
    y: Targets<'a, T>,
}

/// A point that a chunk has visited.
struct Point<'s, T> {
    sizes: Sizes,
    at: At<'s, T>,
    loss: &'s [T],
    dz: MatRef<'s, T>,
    deltas: &'s [T],
}

/// A direction that a chunk has followed from a point: `rz`, `rdz`, and room behind.
struct Followed<'s, T> {
    r: RAt<'s, T>,
    rdz: MatRef<'s, T>,
    deltas: &'s mut [T],
    scratch: &'s mut [T],
}

impl<'a, T: Real, L: Tangent<T> + Sync, S: Loss<T> + Sync> NetObjective<'a, T, L, S> {
    /// The summed loss of `net` on rows `x` with targets `y`, as a function of `params` parameters.
    pub fn new(net: L, loss: S, params: usize, x: MatRef<'a, T>, y: Targets<'a, T>) -> Self {
        Self {
            net,
            loss,
            params,
            x,
            y,
            scale: T::ONE,
            l2: T::ZERO,
            penalised: &[],
            seed: 0,
            row_ids: &[],
        }
    }

    fn chunks(&self) -> Chunks {
        Chunks::of(self.x.rows())
    }

    fn sizes(&self) -> Sizes {
        let rows = self.chunks().size();
        let outputs = self.net.width().1;
        Sizes {
            net: self.net.kept(Mode::Train, rows, 1),
            loss: self.loss.need(rows, outputs),
            links: rows * outputs,
        }
    }

    /// The scratch of a chunk.
    fn scratch(&self) -> usize {
        let layers = self.net.need(Mode::Train, self.chunks().size(), 1).scratch;
        self.sizes().scratch(layers)
    }

    fn rows(&self, chunk: usize) -> Rows<'a, T> {
        let range = self.chunks().range(chunk);
        let c = Ctx {
            row_ids: self.row_ids.get(range.clone()).unwrap_or_default(),
            first_id: range.start as u32,
            ..Ctx::train(self.seed)
        };
        Rows {
            c,
            x: self.x.rows_range(range.clone()),
            y: self.y.rows(range),
        }
    }

    /// The shape of a chunk's outputs.
    fn links(&self, rows: &Rows<'_, T>) -> (usize, usize) {
        (rows.x.rows(), self.net.width().1)
    }

    /// `chunk` for every chunk; what they put into their sums is added up in `into`. Returns the sum of their values.
    fn run(
        &self,
        saved: &mut [T],
        into: &mut [T],
        w: &mut Work<'_, T>,
        chunk: impl Fn(&Sizes, &mut Part<'_, T>) + Sync,
    ) -> f64 {
        let (level, threads, count) = (w.level(), w.threads(), self.chunks().count());
        let (sizes, each) = (self.sizes(), into.len());
        if count == 1 {
            let mut part = Part {
                chunk: 0,
                saved,
                sums: into,
                scratch: w.scratch(),
                value: 0.0,
            };
            chunk(&sizes, &mut part);
            return part.value;
        }
        let kept = if saved.is_empty() { 0 } else { sizes.saved() };
        let ([more_sums], mut scratch) = cut_mut(w.scratch(), [(count - 1) * each]);
        more_sums.fill(T::ZERO);
        let room = self.scratch();
        let (mut saved, mut sums, mut next) = (saved, more_sums, into);
        let mut parts: [Part<'_, T>; MAX_CHUNKS] = Default::default();
        let parts = &mut parts[..count];
        for (chunk, part) in parts.iter_mut().enumerate() {
            part.chunk = chunk;
            part.sums = next;
            ([next], sums) = cut_mut(sums, [each.min(sums.len())]);
            ([part.saved], saved) = cut_mut(saved, [kept]);
            ([part.scratch], scratch) = cut_mut(scratch, [room]);
        }
        for_each(threads, parts, |part| chunk(&sizes, part));
        let (first, others) = parts.split_first_mut().expect("at least one chunk");
        for part in others {
            axpy(level, T::ONE, part.sums, first.sums);
            first.value += part.value;
        }
        first.value
    }

    /// `out += l2 v` on the penalised spans.
    fn add_penalty(&self, level: Level, v: &[T], out: &mut [T]) {
        for span in self.penalised {
            axpy(level, self.l2, span.of(v), span.of_mut(out));
        }
    }

    /// The chunk's loss, and its gradient into its sums if they have room for it.
    fn chunk_value(&self, p: &[T], sizes: &Sizes, part: &mut Part<'_, T>, level: Level) {
        let rows = self.rows(part.chunk);
        let (n, k) = self.links(&rows);
        let grad = !part.sums.is_empty();
        let (slab, scratch) = match grad {
            true => (&mut *part.saved, &mut *part.scratch),
            false => part.scratch.split_at_mut(sizes.point().iter().sum()),
        };
        let w = &mut Work::new(level, scratch);
        let ([saved, z, loss], slab) = cut_mut(slab, sizes.point());
        self.net
            .forward(&rows.c, p, rows.x, MatMut::planned(z, n, k), saved, w);
        let z = MatRef::planned(z, n, k);
        if !grad {
            let value = self.loss.value_grad(z, &rows.y, self.scale, None, loss, w);
            part.value = value.to_f64();
            return;
        }
        let ([dz, deltas], _) = cut_mut(slab, sizes.gradient());
        let into = Some(MatMut::planned(dz, n, k));
        let value = self.loss.value_grad(z, &rows.y, self.scale, into, loss, w);
        part.value = value.to_f64();
        let at = At {
            x: rows.x,
            y: z,
            saved,
        };
        let (dz, sums) = (MatRef::planned(dz, n, k), Out::Set(&mut *part.sums));
        self.net
            .backward(&rows.c, p, at, dz, deltas, Out::Skip, sums, w);
    }

    /// What `chunk_value` left in `saved` for its chunk.
    fn point<'s>(
        &self,
        rows: &Rows<'s, T>,
        sizes: &Sizes,
        chunk: usize,
        saved: &'s [T],
    ) -> Point<'s, T> {
        let (n, k) = self.links(rows);
        let saved = &saved[chunk * sizes.saved()..];
        let ([saved, z, loss], rest) = cut(saved, sizes.point());
        let ([dz, deltas], _) = cut(rest, sizes.gradient());
        let y = MatRef::planned(z, n, k);
        Point {
            sizes: *sizes,
            at: At {
                x: rows.x,
                y,
                saved,
            },
            loss,
            dz: MatRef::planned(dz, n, k),
            deltas,
        }
    }

    /// `rz = J v` and `rdz = H_l rz` from the point.
    fn follow<'s>(
        &self,
        p: &[T],
        v: &[T],
        rows: &Rows<'_, T>,
        point: &Point<'_, T>,
        slab: &'s mut [T],
        level: Level,
    ) -> Followed<'s, T> {
        let (n, k) = self.links(rows);
        let ([rsaved, rz, rdz, deltas], scratch) = cut_mut(slab, point.sizes.direction());
        let w = &mut Work::new(level, scratch);
        let into = MatMut::planned(rz, n, k);
        self.net
            .r_forward(&rows.c, p, v, point.at, None, into, rsaved, w);
        let (ry, into) = (MatRef::planned(rz, n, k), MatMut::planned(rdz, n, k));
        self.loss
            .hvp(point.at.y, &rows.y, self.scale, point.loss, ry, into, w);
        Followed {
            r: RAt {
                rx: None,
                ry,
                rsaved,
            },
            rdz: MatRef::planned(rdz, n, k),
            deltas,
            scratch,
        }
    }
}

impl<T: Real, L: Tangent<T> + Sync, S: Loss<T> + Sync> Objective<T> for NetObjective<'_, T, L, S> {
    fn len(&self) -> usize {
        self.params
    }

    fn need(&self) -> Need {
        let count = self.chunks().count();
        Need {
            saved: count * self.sizes().saved(),
            ..Need::scratch((count - 1) * self.params + count * self.scratch())
        }
    }

    fn value_grad(&self, p: &[T], g: Option<&mut [T]>, saved: &mut [T], w: &mut Work<'_, T>) -> T {
        let (level, p) = (w.level(), &p[..self.params]);
        let chunk = |sizes: &Sizes, part: &mut Part<'_, T>| self.chunk_value(p, sizes, part, level);
        let loss = match g {
            None => self.run(&mut [], &mut [], w, chunk),
            Some(g) => {
                let g = &mut g[..self.params];
                let loss = self.run(saved, g, w, chunk);
                self.add_penalty(level, p, g);
                loss
            }
        };
        let squares = |span: &Span| dot(level, span.of(p), span.of(p)).to_f64();
        let penalty: f64 = self.penalised.iter().map(squares).sum();
        T::from_f64(loss + 0.5 * self.l2.to_f64() * penalty)
    }

    fn hvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>) {
        let (level, p, v) = (w.level(), &p[..self.params], &v[..self.params]);
        let out = &mut out[..self.params];
        self.run(&mut [], out, w, |sizes, part| {
            let rows = self.rows(part.chunk);
            let point = self.point(&rows, sizes, part.chunk, saved);
            let f = self.follow(p, v, &rows, &point, part.scratch, level);
            let Point { at, dz, deltas, .. } = point;
            let (sums, w) = (Out::Set(&mut *part.sums), &mut Work::new(level, f.scratch));
            self.net.r_backward(
                &rows.c,
                p,
                v,
                at,
                f.r,
                dz,
                deltas,
                f.rdz,
                Out::Skip,
                sums,
                w,
            );
        });
        self.add_penalty(level, v, out);
    }

    fn gnvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>) {
        let (level, p, v) = (w.level(), &p[..self.params], &v[..self.params]);
        let out = &mut out[..self.params];
        self.run(&mut [], out, w, |sizes, part| {
            let rows = self.rows(part.chunk);
            let point = self.point(&rows, sizes, part.chunk, saved);
            let f = self.follow(p, v, &rows, &point, part.scratch, level);
            let (sums, w) = (Out::Set(&mut *part.sums), &mut Work::new(level, f.scratch));
            self.net
                .backward(&rows.c, p, point.at, f.rdz, f.deltas, Out::Skip, sums, w);
        });
        self.add_penalty(level, v, out);
    }
}
