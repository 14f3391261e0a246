//! Layers without parameters that multiply one half of their inputs by the other.
//!
//! A row is `[a | b]` and the output `B(a, b)`, linear in `a` and in `b`. Let `B'(a, b; v)` be its adjoint, `[cotangent of a | of b]`,
//! of which the first half is linear in `b` and the second in `a`. Then, row by row,
//! ```text
//! forward     y = B(a, b)                          r_forward   ry = B(ra, b) + B(a, rb)
//! backward    [da | db] = B'(a, b; dy)             r_backward  [rda | rdb] = B'(ra, rb; dy) + B'(a, b; rdy)
//! ```
//! and nothing is kept. Two such products are
//! ```text
//! Blend     m_g = sum over k in E_g of s_gk e_k    a: experts e_1 .. e_K, each h wide; b: the gates' weights s, a gate after the other
//! Attend    y_t = u_t * z, elementwise             a: z, h wide;                       b: masks u_1 .. u_T, each h wide
//! ```
//! Rows must be contiguous, as those of a graph's board are.

use alloc::vec::Vec;

use cognate_kernels::{Level, MatMut, MatRef, Real, axpy, dot};

use super::part::cleared;
use crate::layer::{At, Backward, Ctx, Forward, Mode, Out, RAt, Tangent, TaskGram};
use crate::params::Span;
use crate::workspace::{Need, Work};

/// A bilinear function of a row's halves.
pub trait Pairing {
    /// Columns of `a`, of `b` and of the output.
    fn widths(&self) -> [usize; 3];

    /// `y += B(a, b)`.
    fn multiply<T: Real>(&self, level: Level, a: &[T], b: &[T], y: &mut [T]);

    /// `[da | db] += B'(a, b; dy)`.
    fn adjoint<T: Real>(&self, level: Level, ab: [&[T]; 2], dy: &[T], dab: (&mut [T], &mut [T]));
}

/// The layer of a [`Pairing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bilinear<B>(pub B);

/// Combinations of experts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blend {
    /// Columns of an expert, `h`.
    pub width: usize,
    /// Number of experts, `K`.
    pub experts: usize,
    /// Each gate's experts, `E_g`, in the order of its weights.
    pub gates: Vec<Vec<usize>>,
}

/// Columns weighed one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attend {
    /// Columns, `h`.
    pub width: usize,
    /// Number of masks, `T`.
    pub masks: usize,
}

impl Blend {
    /// Every `(gate, expert)` that has a weight, in the order of the weights.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let gates = self.gates.iter().enumerate();
        gates.flat_map(|(g, experts)| experts.iter().map(move |&k| (g, k)))
    }
}

/// Block `k` of `width` numbers.
fn block<T>(row: &[T], k: usize, width: usize) -> &[T] {
    &row[k * width..][..width]
}

fn block_mut<T>(row: &mut [T], k: usize, width: usize) -> &mut [T] {
    &mut row[k * width..][..width]
}

impl Pairing for Blend {
    fn widths(&self) -> [usize; 3] {
        let weights = self.gates.iter().map(Vec::len).sum();
        [
            self.experts * self.width,
            weights,
            self.gates.len() * self.width,
        ]
    }

    fn multiply<T: Real>(&self, level: Level, a: &[T], b: &[T], y: &mut [T]) {
        let h = self.width;
        for ((g, k), &s) in self.pairs().zip(b) {
            axpy(level, s, block(a, k, h), block_mut(y, g, h));
        }
    }

    fn adjoint<T: Real>(
        &self,
        level: Level,
        [a, b]: [&[T]; 2],
        dy: &[T],
        (da, db): (&mut [T], &mut [T]),
    ) {
        let h = self.width;
        for (((g, k), &s), ds) in self.pairs().zip(b).zip(db) {
            let dm = block(dy, g, h);
            axpy(level, s, dm, block_mut(da, k, h));
            *ds += dot(level, dm, block(a, k, h));
        }
    }
}

impl Pairing for Attend {
    fn widths(&self) -> [usize; 3] {
        [self.width, self.masks * self.width, self.masks * self.width]
    }

    fn multiply<T: Real>(&self, _: Level, z: &[T], u: &[T], y: &mut [T]) {
        for ((y, &u), &z) in y.iter_mut().zip(u).zip(z.iter().cycle()) {
            *y += u * z;
        }
    }

    fn adjoint<T: Real>(
        &self,
        _: Level,
        [z, u]: [&[T]; 2],
        dy: &[T],
        (dz, du): (&mut [T], &mut [T]),
    ) {
        for t in 0..self.masks {
            let (u, dy) = (block(u, t, z.len()), block(dy, t, z.len()));
            let du = block_mut(du, t, z.len());
            for j in 0..z.len() {
                dz[j] += u[j] * dy[j];
                du[j] += z[j] * dy[j];
            }
        }
    }
}

impl<B: Pairing> Bilinear<B> {
    /// Row `i` of inputs, in its halves.
    fn halves<'a, T: Real>(&self, x: MatRef<'a, T>, i: usize) -> [&'a [T]; 2] {
        x.row(i).split_at(self.0.widths()[0]).into()
    }

    /// `dx += B'(x; dy)`, the rows of `x` again for every way of `dy`.
    fn add_adjoint<T: Real>(
        &self,
        level: Level,
        x: MatRef<'_, T>,
        dy: MatRef<'_, T>,
        dx: &mut MatMut<'_, T>,
    ) {
        for i in 0..dy.rows() {
            let halves = self.halves(x, i % x.rows());
            let into = dx.row_mut(i).split_at_mut(self.0.widths()[0]);
            self.0.adjoint(level, halves, dy.row(i), into);
        }
    }
}

impl<T: Real, B: Pairing> Forward<T> for Bilinear<B> {
    fn width(&self) -> (usize, usize) {
        let [a, b, y] = self.0.widths();
        (a + b, y)
    }

    fn need(&self, _: Mode, _rows: usize, _ways: usize) -> Need {
        Need::default()
    }

    fn forward(
        &self,
        _: &Ctx<'_>,
        _: &[T],
        x: MatRef<'_, T>,
        mut y: MatMut<'_, T>,
        _: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        y.fill(T::ZERO);
        for i in 0..x.rows() {
            let [a, b] = self.halves(x, i);
            self.0.multiply(w.level(), a, b, y.row_mut(i));
        }
    }
}

impl<T: Real, B: Pairing> Backward<T> for Bilinear<B> {
    fn backward(
        &self,
        _: &Ctx<'_>,
        _: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        _: &mut [T],
        dx: Out<MatMut<'_, T>>,
        _: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        if let Some(mut dx) = cleared(dx) {
            self.add_adjoint(w.level(), at.x, dy, &mut dx);
        }
    }
}

impl<T: Real, B: Pairing> Tangent<T> for Bilinear<B> {
    fn r_forward(
        &self,
        _: &Ctx<'_>,
        _: &[T],
        _: &[T],
        at: At<'_, T>,
        rx: Option<MatRef<'_, T>>,
        mut ry: MatMut<'_, T>,
        _: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        ry.fill(T::ZERO);
        let Some(rx) = rx else { return };
        for i in 0..rx.rows() {
            let ([a, b], [ra, rb]) = (self.halves(at.x, i), self.halves(rx, i));
            let ry = ry.row_mut(i);
            self.0.multiply(w.level(), ra, b, ry);
            self.0.multiply(w.level(), a, rb, ry);
        }
    }

    fn r_backward(
        &self,
        _: &Ctx<'_>,
        _: &[T],
        _: &[T],
        at: At<'_, T>,
        r: RAt<'_, T>,
        dy: MatRef<'_, T>,
        _: &[T],
        rdy: MatRef<'_, T>,
        rdx: Out<MatMut<'_, T>>,
        _: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        let Some(mut rdx) = cleared(rdx) else { return };
        if let Some(rx) = r.rx {
            self.add_adjoint(w.level(), rx, dy, &mut rdx);
        }
        self.add_adjoint(w.level(), at.x, rdy, &mut rdx);
    }
}

impl<T: Real, B: Pairing> TaskGram<T> for Bilinear<B> {
    fn each_shared(&self, _visit: &mut dyn FnMut(Span)) {}
}
