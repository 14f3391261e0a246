//! Back through a graph: gradients, and their products.

use cognate_kernels::{MatMut, MatRef, Real};

use super::verbs::{Slab, pop};
use super::{Graph, Node};
use crate::layer::{At, Backward, Ctx, Forward, Gram, Mode, Out, TaskGram};
use crate::mtl::net::part::cleared;
use crate::params::Span;
use crate::workspace::Work;

/// Which nodes get their gradients.
#[derive(Clone, Copy, PartialEq)]
enum Whose {
    /// All of them.
    All,
    /// Those that belong to tasks; `dx` goes no further down than they are.
    Own,
    /// The others.
    Shared,
}

impl Whose {
    /// Whether `node` is one of them.
    fn has(self, node: &Node) -> bool {
        match self {
            Self::All => true,
            Self::Own => node.task.is_some(),
            Self::Shared => node.task.is_none(),
        }
    }

    /// Whether what `node` sends back is wanted.
    fn goes_below(self, node: &Node) -> bool {
        self != Self::Own || node.above_own
    }
}

/// A pass backward, which begins with the links' cotangents in `d`.
struct Sweep<'s, T> {
    c: &'s Ctx<'s>,
    at: At<'s, T>,
    whose: Whose,
    /// Cotangents of the board, way after way.
    d: MatMut<'s, T>,
    deltas: &'s mut [T],
    dx: Option<MatMut<'s, T>>,
}

/// A node in a pass backward.
struct Visit<'v, T> {
    node: &'v Node,
    c: &'v Ctx<'v>,
    at: At<'v, T>,
    dy: MatRef<'v, T>,
    deltas: &'v mut [T],
    dx: Out<MatMut<'v, T>>,
}

impl Node {
    /// Where its gradient goes: a node of a task has one, the others are 0.
    pub(super) fn gradient<'a, T: Real>(
        &self,
        c: &Ctx<'_>,
        params: usize,
        dp: &'a mut Out<&mut [T]>,
    ) -> Out<&'a mut [T]> {
        let mine = match (self.task, c.gradients()) {
            (None, _) | (_, 1) => return dp.rb_mut(),
            (Some(task), _) => task,
        };
        if let Out::Set(dp) = dp {
            for other in dp.chunks_mut(params) {
                self.part
                    .each_span(&mut |span| span.of_mut(other).fill(T::ZERO));
            }
        }
        let place = mine * params..(mine + 1) * params;
        match dp {
            Out::Skip => Out::Skip,
            Out::Set(dp) => Out::Set(&mut dp[place]),
            Out::Add(dp) => Out::Add(&mut dp[place]),
        }
    }
}

impl Graph {
    /// A board of zeros but for the links, which `dy` has side by side; times the tasks' `weights`, 1 where there are none.
    pub(super) fn write_links<T: Real>(
        &self,
        c: &Ctx<'_>,
        weights: &[f64],
        dy: MatRef<'_, T>,
        mut board: MatMut<'_, T>,
    ) {
        board.fill(T::ZERO);
        let mut rest = dy;
        for (t, links) in self.links.iter().enumerate() {
            let from;
            (from, rest) = rest.split_cols(links.width);
            let (_, ways) = self.rows_of(c, t, dy.rows() / c.ways);
            let mut into = links.of_mut(board.rb_mut()).rows_range(ways.clone());
            match weights.get(t) {
                None => into.copy_from(from.rows_range(ways)),
                Some(&weight) => {
                    let (weight, from) = (T::from_f64(weight), from.rows_range(ways));
                    Out::Set(into).put(|i, j| weight * from.at(i, j));
                }
            }
        }
    }

    /// Goes back node by node with `each`, which says whether to go on.
    fn sweep<T: Real>(&self, sweep: Sweep<'_, T>, mut each: impl FnMut(Visit<'_, T>) -> bool) {
        let Sweep {
            c,
            at,
            whose,
            mut d,
            deltas,
            mut dx,
        } = sweep;
        let n = at.x.rows();
        let need = self.nodes_need::<T>(c, n);
        let Slab { board, nodes } = self.cut(at.saved, n, need.saved);
        let (mut saved, mut deltas) = (nodes, &mut deltas[..need.deltas]);
        for node in self.nodes.iter().rev() {
            let view = self.view::<T>(node, c, n);
            let own;
            (deltas, own) = deltas.split_at_mut(deltas.len() - view.need.deltas);
            let at = node.at(&view, at, board, pop(&mut saved, view.need.saved));
            if !whose.has(node) && !whose.goes_below(node) {
                continue;
            }
            let (before, dy) = node.to.split(d.rb_mut());
            let visit = Visit {
                node,
                c: &view.c,
                at,
                dy: dy.rb().rows_range(view.ways.clone()),
                deltas: own,
                dx: match whose.goes_below(node) {
                    true => node.from.collect(&mut dx, before, view.ways),
                    false => Out::Skip,
                },
            };
            if !each(visit) {
                return;
            }
        }
    }
}

impl<T: Real> Backward<T> for Graph {
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
        let (mut d, behind) = self.cut_mut(deltas, dy.rows());
        let mut pass = |whose: Whose, weights, dx| {
            self.write_links(c, weights, dy, d.rb_mut());
            let sweep = Sweep {
                c,
                at,
                whose,
                d: d.rb_mut(),
                deltas: behind,
                dx,
            };
            self.sweep(sweep, |visit| {
                let Visit { node, c: view, .. } = visit;
                let gradient = match whose.has(node) {
                    true => node.gradient(c, p.len(), &mut dp),
                    false => Out::Skip,
                };
                let (verbs, at) = (node.part.verbs(), visit.at);
                verbs.backward(view, p, at, visit.dy, visit.deltas, visit.dx, gradient, w);
                true
            });
        };
        let dx = cleared(dx);
        if c.weights.iter().all(|&weight| weight == 1.0) {
            return pass(Whose::All, &[], dx);
        }
        pass(Whose::Own, &[], None);
        pass(Whose::Shared, c.weights, dx);
    }
}

impl<T: Real> TaskGram<T> for Graph {
    fn each_shared(&self, visit: &mut dyn FnMut(Span)) {
        for node in self.nodes.iter().filter(|node| Whose::Shared.has(node)) {
            node.part.each_span(visit);
        }
    }

    fn gram_scratch(&self, rows: usize, ways: usize, gradients: usize) -> usize {
        let own = Forward::<T>::need(self, Mode::Train, rows, ways).scratch;
        let nodes = self.nodes.iter();
        let parts = nodes.map(|node| node.part.verbs::<T>().gram_scratch(rows, ways, gradients));
        parts.fold(own, usize::max)
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
        let (mut d, behind) = self.cut_mut(deltas, dy.rows());
        self.write_links(c, &[], dy, d.rb_mut());
        let sweep = Sweep {
            c,
            at,
            whose: Whose::All,
            d,
            deltas: behind,
            dx: cleared(dx),
        };
        self.sweep(sweep, |visit| {
            let Visit {
                node,
                c,
                at,
                dy,
                deltas,
                dx,
            } = visit;
            let verbs = node.part.verbs();
            match node.task {
                Some(_) => verbs.backward(c, p, at, dy, deltas, dx, Out::Skip, w),
                None => verbs.gram_backward(c, p, at, dy, deltas, dx, gram, w),
            }
            !gram.is_done()
        });
    }
}
