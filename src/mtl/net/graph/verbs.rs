//! Forward, its derivative, and the derivative of backward.

use cognate_kernels::{MatMut, MatRef, Real};

use super::{Graph, Node, View};
use crate::layer::{At, Ctx, Forward, Mode, Out, RAt, Tangent};
use crate::mtl::net::part::cleared;
use crate::workspace::{Need, Work, cut, cut_mut};

/// A slab cut into a board and the nodes' pieces.
pub(super) struct Slab<'a, T> {
    pub board: MatRef<'a, T>,
    pub nodes: &'a [T],
}

/// A piece of `size` off the end of `slab`, which gets shorter.
pub(super) fn pop<'a, T>(slab: &mut &'a [T], size: usize) -> &'a [T] {
    let (rest, piece) = slab.split_at(slab.len() - size);
    *slab = rest;
    piece
}

impl Node {
    /// Its point, `graph` being the whole graph's.
    pub(super) fn at<'a, T: Real>(
        &self,
        view: &View<'_>,
        graph: At<'a, T>,
        board: MatRef<'a, T>,
        saved: &'a [T],
    ) -> At<'a, T> {
        let rows = view.rows.clone();
        At {
            x: self.from.of(graph.x, board).rows_range(rows.clone()),
            y: self.to.of(board).rows_range(rows),
            saved,
        }
    }

    /// Its columns, of rows that it does not see, are 0.
    fn clear_others<T: Real>(&self, view: &View<'_>, columns: MatMut<'_, T>) {
        let (before, rest) = columns.split_rows(view.rows.start);
        let (_, behind) = rest.split_rows(view.rows.len());
        for mut others in [before, behind] {
            others.fill(T::ZERO);
        }
    }
}

impl Graph {
    /// The sum of the nodes' needs.
    pub(super) fn nodes_need<T: Real>(&self, c: &Ctx<'_>, n: usize) -> Need {
        let needs = self
            .nodes
            .iter()
            .map(|node| self.view::<T>(node, c, n).need);
        needs.fold(Need::default(), Need::then)
    }

    pub(super) fn cut<'a, T: Real>(
        &self,
        slab: &'a [T],
        rows: usize,
        behind: usize,
    ) -> Slab<'a, T> {
        let ([board, nodes], _) = cut(slab, [rows * self.width, behind]);
        Slab {
            board: MatRef::planned(board, rows, self.width),
            nodes,
        }
    }

    pub(super) fn cut_mut<'a, T: Real>(
        &self,
        slab: &'a mut [T],
        rows: usize,
    ) -> (MatMut<'a, T>, &'a mut [T]) {
        let ([board], nodes) = cut_mut(slab, [rows * self.width]);
        (MatMut::planned(board, rows, self.width), nodes)
    }

    /// Fills `board`, node by node.
    fn fill<T: Real>(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        x: MatRef<'_, T>,
        mut board: MatMut<'_, T>,
        mut saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        for node in &self.nodes {
            let view = self.view::<T>(node, c, x.rows());
            let own;
            ([own], saved) = cut_mut(saved, [view.need.saved]);
            let (before, mut into) = node.to.split(board.rb_mut());
            node.clear_others(&view, into.rb_mut());
            let x = node.from.of(x, before.rb()).rows_range(view.rows.clone());
            let into = into.rows_range(view.rows);
            node.part.verbs().forward(&view.c, p, x, into, own, w);
        }
    }

    /// The links on the board, side by side into `y`.
    fn read_links<T: Real>(&self, c: &Ctx<'_>, board: MatRef<'_, T>, y: MatMut<'_, T>) {
        let mut rest = y;
        for (t, links) in self.links.iter().enumerate() {
            let into;
            (into, rest) = rest.split_cols(links.width);
            let (rows, _) = self.rows_of(c, t, board.rows());
            let from = links.of(board).rows_range(rows.clone());
            into.rows_range(rows).copy_from(from);
        }
    }
}

impl<T: Real> Forward<T> for Graph {
    fn width(&self) -> (usize, usize) {
        (self.inputs, self.links().sum())
    }

    fn need(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        let c = Ctx {
            mode,
            ways,
            ..Ctx::PREDICT
        };
        let (nodes, board) = (self.nodes_need::<T>(&c, rows), rows * self.width);
        if mode == Mode::Predict {
            return nodes.with_scratch(board);
        }
        let boards = Need {
            saved: board,
            deltas: ways * board,
            rsaved: board,
            scratch: 0,
        };
        nodes.then(boards).with_scratch(ways * board)
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
        let n = x.rows();
        let (in_scratch, mut w) = w.take(match c.mode {
            Mode::Predict => n * self.width,
            Mode::Train => 0,
        });
        let (mut board, nodes) = match c.mode {
            Mode::Predict => self.cut_mut(in_scratch, n),
            Mode::Train => self.cut_mut(saved, n),
        };
        self.fill(c, p, x, board.rb_mut(), nodes, &mut w);
        self.read_links(c, board.rb(), y);
    }
}

impl<T: Real> Tangent<T> for Graph {
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
        let n = at.x.rows();
        let need = self.nodes_need::<T>(c, n);
        let Slab { board, nodes } = self.cut(at.saved, n, need.saved);
        let mut saved = nodes;
        let (mut r, mut rsaved) = self.cut_mut(rsaved, n);
        for node in &self.nodes {
            let view = self.view::<T>(node, c, n);
            let (own, r_own);
            ([own], saved) = cut(saved, [view.need.saved]);
            ([r_own], rsaved) = cut_mut(rsaved, [view.need.rsaved]);
            let at = node.at(&view, at, board, own);
            let (before, mut into) = node.to.split(r.rb_mut());
            node.clear_others(&view, into.rb_mut());
            let rx = node.from.direction(rx, before.rb());
            let rx = rx.map(|rx| rx.rows_range(view.rows.clone()));
            let (into, verbs) = (into.rows_range(view.rows), node.part.verbs());
            verbs.r_forward(&view.c, p, rp, at, rx, into, r_own, w);
        }
        self.read_links(c, r.rb(), ry);
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
        let n = at.x.rows();
        let need = self.nodes_need::<T>(c, n);
        let values = self.cut(at.saved, n, need.saved);
        let d = self.cut(deltas, dy.rows(), need.deltas);
        let along = self.cut(r.rsaved, n, need.rsaved);
        let (mut saved, mut deltas, mut rsaved) = (values.nodes, d.nodes, along.nodes);
        let (rd, mut w) = w.take(rdy.rows() * self.width);
        let mut rd = MatMut::planned(rd, rdy.rows(), self.width);
        let mut rdx = cleared(rdx);
        self.write_links(c, &[], rdy, rd.rb_mut());
        for node in self.nodes.iter().rev() {
            let view = self.view::<T>(node, c, n);
            let at = node.at(&view, at, values.board, pop(&mut saved, view.need.saved));
            let rx = node.from.direction(r.rx, along.board);
            let r = RAt {
                rx: rx.map(|rx| rx.rows_range(view.rows.clone())),
                ry: node.to.of(along.board).rows_range(view.rows.clone()),
                rsaved: pop(&mut rsaved, view.need.rsaved),
            };
            let dy = node.to.of(d.board).rows_range(view.ways.clone());
            let own = pop(&mut deltas, view.need.deltas);
            let (before, rdy) = node.to.split(rd.rb_mut());
            let rdy = rdy.rb().rows_range(view.ways.clone());
            let into = node.from.collect(&mut rdx, before, view.ways);
            let gradient = node.gradient(c, p.len(), &mut rdp);
            let (verbs, c) = (node.part.verbs(), &view.c);
            verbs.r_backward(c, p, rp, at, r, dy, own, rdy, into, gradient, &mut w);
        }
    }
}
