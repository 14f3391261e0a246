//! A body under a head in closed form: the meta-learner without a Hessian.
//!
//! The meta-parameters are `[body, the head's own]`. For an episode with support rows S and query rows Q
//! ```text
//! H = body(phi, [X_S; X_Q])        fit = head(H_S, Y_S)        z = fit(H_Q)        L = loss(z, Y_Q)
//! dz = dL/dz                       [dH_S; dH_Q] = the head's adjoint               dphi = one backward pass of the body
//! ```
//! The loss is the caller's with its scale: mean cross-entropy for classes, the mean of `(z - y)^2` for numbers.

use core::marker::PhantomData;

use cognate_kernels::{MatMut, MatRef, Real};

use super::{HeadAdjoint, HeadGradient, HeadPoint, Shape, Support};
use crate::check;
use crate::error::Result;
use crate::layer::{At, Backward, Ctx, Mode, Out};
use crate::loss::{Loss, Target, Targets};
use crate::workspace::{Need, Work, cut_mut};

/// A task's rows: those to learn from and those to be judged on. Views, of any strides.
#[derive(Clone, Copy, Debug)]
pub struct Episode<'a, T> {
    /// Support inputs, `n x in`.
    pub support: MatRef<'a, T>,
    /// Their targets.
    pub support_y: Targets<'a, T>,
    /// Query inputs, `m x in`.
    pub query: MatRef<'a, T>,
    /// Their targets.
    pub query_y: Targets<'a, T>,
    /// Classes, or numbers a row.
    pub outputs: usize,
}

impl<T: Real> Episode<'_, T> {
    /// Whether the query's targets fit its rows and the support's.
    fn check(&self) -> Result<()> {
        let (m, inputs) = (self.query.rows(), self.support.cols());
        check::not_empty("query", m)?;
        check::shape("query", (m, self.query.cols()), (m, inputs))?;
        let cells = match self.query_y.target {
            Target::Classes(labels) => {
                check::labels(labels, self.outputs)?;
                1
            }
            Target::Values(_) => self.outputs,
        };
        check::shape("query targets", self.query_y.shape(), (m, cells))
    }
}

/// A body, a head on its outputs, and the loss of the head's outputs.
#[derive(Clone, Copy, Debug)]
pub struct ClosedForm<T, B, H, L> {
    /// From inputs to features: a layer, usually a [`Stack`](crate::layer::Stack).
    pub body: B,
    /// Number of the body's parameters.
    pub body_params: usize,
    /// From a support set's features to outputs.
    pub head: H,
    /// The loss of a query: [`Softmax`](crate::loss::Softmax) or [`Squared`](crate::loss::Squared).
    pub loss: L,
    kind: PhantomData<T>,
}

/// Memory of an episode, part by part.
struct Sizes {
    body: Need,
    head: Need,
    loss: Need,
    /// Inputs, features, the fitted head, outputs: numbers of each.
    inputs: usize,
    features: usize,
    fitted: usize,
    links: usize,
}

impl Sizes {
    /// What a visited episode keeps: inputs, the body's, features, the head, the head's.
    fn point(&self) -> [usize; 5] {
        [
            self.inputs,
            self.body.saved,
            self.features,
            self.fitted,
            self.head.saved,
        ]
    }

    /// The point, `z`, the loss's, `dz`.
    fn passes(&self) -> [usize; 4] {
        let point = self.point().iter().sum();
        [point, self.links, self.loss.saved, self.links]
    }

    fn need(&self) -> Need {
        let verbs = [self.body, self.head, self.loss].map(|need| need.scratch);
        let held = self.passes().iter().sum::<usize>() + self.features + self.body.deltas;
        Need::scratch(held + verbs.into_iter().max().unwrap_or(0))
    }
}

/// The mean over rows and outputs as a factor of a sum of losses: of cross-entropy, and of `(z - y)^2`, of which
/// [`Squared`](crate::loss::Squared) is half.
pub fn mean_scale<T: Real>(y: &Targets<'_, T>) -> T {
    let halves = match y.target {
        Target::Classes(_) => 1.0,
        Target::Values(_) => 2.0,
    };
    T::from_f64(halves / y.labelled_weight())
}

/// An episode that has been visited: rows, features, the fitted head, outputs.
struct Visited<'s, T> {
    x: MatRef<'s, T>,
    body: &'s [T],
    h: MatRef<'s, T>,
    fitted: &'s [T],
    head: &'s [T],
}

impl<T: Real, B: Backward<T>, H: HeadAdjoint<T>, L: Loss<T>> ClosedForm<T, B, H, L> {
    /// The learner of these parts; the body has `body_params` parameters.
    pub fn new(body: B, body_params: usize, head: H, loss: L) -> Self {
        Self {
            body,
            body_params,
            head,
            loss,
            kind: PhantomData,
        }
    }

    /// Number of meta-parameters: the body's, then the head's own.
    pub fn params(&self) -> usize {
        self.body_params + self.head.params()
    }

    /// The sizes of an episode of so many support and query rows, and classes or numbers.
    pub fn shape(&self, support: usize, query: usize, outputs: usize) -> Shape {
        Shape {
            support,
            query,
            features: self.body.width().1,
            outputs,
        }
    }

    fn sizes(&self, shape: &Shape) -> Sizes {
        let rows = shape.support + shape.query;
        Sizes {
            body: self.body.need(Mode::Train, rows, 1),
            head: self.head.need(shape),
            loss: self.loss.need(shape.query, shape.outputs),
            inputs: rows * self.body.width().0,
            features: rows * shape.features,
            fitted: self.head.fitted(shape),
            links: shape.query * shape.outputs,
        }
    }

    /// Scratch for [`ClosedForm::adapt`] and [`ClosedForm::predict`] on up to so many support and query rows.
    pub fn adapt_need(&self, shape: &Shape) -> Need {
        let head = self.head.need(shape);
        let rows = shape.support.max(shape.query);
        let body = self.body.need(Mode::Predict, rows, 1);
        let held = rows * shape.features + head.saved;
        Need::scratch(held + body.scratch.max(head.scratch))
    }

    /// Scratch for [`ClosedForm::loss_grad`] on episodes of up to this size.
    pub fn need(&self, shape: &Shape) -> Need {
        self.sizes(shape).need()
    }

    /// Features of all rows, and the head of the support's.
    fn visit<'s>(
        &self,
        p: &[T],
        episode: &Episode<'_, T>,
        slab: &'s mut [T],
        seed: u64,
        w: &mut Work<'_, T>,
    ) -> Result<Visited<'s, T>> {
        let (n, m, inputs) = (
            episode.support.rows(),
            episode.query.rows(),
            episode.support.cols(),
        );
        let shape = self.shape(n, m, episode.outputs);
        let ([x, body, h, fitted, head], _) = cut_mut(slab, self.sizes(&shape).point());
        let (of_body, of_head) = p[..self.params()].split_at(self.body_params);
        let (mut of_support, mut of_query) = MatMut::planned(x, n + m, inputs).split_rows(n);
        of_support.copy_from(episode.support);
        of_query.copy_from(episode.query);
        let x = MatRef::planned(x, n + m, inputs);
        let into = MatMut::planned(h, n + m, shape.features);
        self.body
            .forward(&Ctx::train(seed), of_body, x, into, body, w);
        let h = MatRef::planned(h, n + m, shape.features);
        let support = Support::new(h.rows_range(0..n), episode.support_y, episode.outputs);
        self.head.fit(of_head, &support, fitted, head, w)?;
        Ok(Visited {
            x,
            body,
            h,
            fitted,
            head,
        })
    }

    /// Adapts to a task: the head of support rows `x: n x in` with targets `y` into `fitted` (as many numbers as the head says).
    ///
    /// # Errors
    /// If the targets do not fit, or the head's fit fails.
    pub fn adapt(
        &self,
        p: &[T],
        x: MatRef<'_, T>,
        y: Targets<'_, T>,
        outputs: usize,
        fitted: &mut [T],
        w: &mut Work<'_, T>,
    ) -> Result<()> {
        let (n, shape) = (x.rows(), self.shape(x.rows(), 0, outputs));
        let (of_body, of_head) = p[..self.params()].split_at(self.body_params);
        let kept = self.sizes(&shape).head.saved;
        let (slab, mut w) = w.take(n * shape.features + kept);
        let (h, saved) = slab.split_at_mut(n * shape.features);
        let into = MatMut::planned(h, n, shape.features);
        self.body
            .forward(&Ctx::PREDICT, of_body, x, into, &mut [], &mut w);
        let support = Support::new(MatRef::planned(h, n, shape.features), y, outputs);
        self.head.fit(of_head, &support, fitted, saved, &mut w)
    }

    /// The adapted learner's outputs for `x: m x in` into `z: m x c`.
    pub fn predict(
        &self,
        p: &[T],
        fitted: &[T],
        x: MatRef<'_, T>,
        z: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        let (m, d) = (x.rows(), self.body.width().1);
        let (of_body, of_head) = p[..self.params()].split_at(self.body_params);
        let (h, mut w) = w.take(m * d);
        let into = MatMut::planned(h, m, d);
        self.body
            .forward(&Ctx::PREDICT, of_body, x, into, &mut [], &mut w);
        self.head
            .predict(of_head, fitted, MatRef::planned(h, m, d), z, &mut w);
    }

    /// The gradient by `p` into `g`, from that by the query's outputs.
    fn back(
        &self,
        (p, g): (&[T], &mut [T]),
        visited: &Visited<'_, T>,
        support: Support<'_, T>,
        dz: MatRef<'_, T>,
        seed: u64,
        w: &mut Work<'_, T>,
    ) {
        let (of_body, of_head) = p[..self.params()].split_at(self.body_params);
        let (g_body, g_head) = g[..self.params()].split_at_mut(self.body_params);
        let (h, rows) = (visited.h, visited.h.rows());
        let (n, deltas) = (
            support.h.rows(),
            self.body.need(Mode::Train, rows, 1).deltas,
        );
        let (slab, mut w) = w.take(rows * h.cols() + deltas);
        let (dh, deltas) = slab.split_at_mut(rows * h.cols());
        let at = HeadPoint {
            support,
            fitted: visited.fitted,
            saved: visited.head,
            query: h.rows_range(n..rows),
        };
        let (of_support, of_query) = MatMut::planned(dh, rows, h.cols()).split_rows(n);
        let into = HeadGradient {
            support: of_support,
            query: of_query,
            targets: None,
            params: g_head,
        };
        self.head.adjoint(of_head, &at, dz, into, &mut w);
        let dh = MatRef::planned(dh, rows, h.cols());
        let at = At {
            x: visited.x,
            y: h,
            saved: visited.body,
        };
        let (ctx, into) = (Ctx::train(seed), Out::Set(g_body));
        self.body
            .backward(&ctx, of_body, at, dh, deltas, Out::Skip, into, &mut w);
    }

    /// The query loss of an episode, and its gradient by the meta-parameters `p` into `g` if wanted. `seed` is the body's, for dropout.
    ///
    /// # Errors
    /// If targets do not fit, or the head's fit fails.
    pub fn loss_grad(
        &self,
        p: &[T],
        episode: &Episode<'_, T>,
        g: Option<&mut [T]>,
        seed: u64,
        w: &mut Work<'_, T>,
    ) -> Result<T> {
        episode.check()?;
        let (n, m, c) = (
            episode.support.rows(),
            episode.query.rows(),
            episode.outputs,
        );
        let (sizes, level) = (self.sizes(&self.shape(n, m, c)), w.level());
        let ([point, z, loss, dz], slab) = cut_mut(w.scratch(), sizes.passes());
        let of_head = &p[self.body_params..self.params()];
        let visited = self.visit(p, episode, point, seed, &mut Work::new(level, slab))?;
        let w = &mut Work::new(level, slab);
        let query = visited.h.rows_range(n..n + m);
        let into = MatMut::planned(z, m, c);
        self.head.predict(of_head, visited.fitted, query, into, w);
        let (z, y) = (MatRef::planned(z, m, c), &episode.query_y);
        let into = g.is_some().then(|| MatMut::planned(dz, m, c));
        let value = self.loss.value_grad(z, y, mean_scale(y), into, loss, w);
        if let Some(g) = g {
            let support = Support::new(visited.h.rows_range(0..n), episode.support_y, c);
            let dz = MatRef::planned(dz, m, c);
            self.back((p, g), &visited, support, dz, seed, w);
        }
        Ok(value)
    }
}
