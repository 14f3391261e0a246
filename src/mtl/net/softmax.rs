//! A softmax of each row: a gate's weights, or the classes' probabilities that a later task reads.
//!
//! Row by row, with products of elements written side by side and `u . v` an inner product:
//! ```text
//! forward     y = softmax(x)                        backward    dx  = y (dy - y . dy)
//! r_forward   ry = y (rx - y . rx)                  r_backward  rdx = ry (dy - y . dy) + y (rdy - ry . dy - y . rdy)
//! ```
//! Everything follows from `y` and its derivative: nothing is kept. Rows must be contiguous.

use cognate_kernels::{MatMut, MatRef, Real, softmax_rows};

use crate::layer::{At, Backward, Ctx, Forward, Mode, Out, RAt, Tangent, TaskGram};
use crate::params::Span;
use crate::workspace::{Need, Work};

/// `y = softmax(x)`, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax {
    /// Columns.
    pub width: usize,
}

/// `a . b`, for rows of a few columns.
fn inner<T: Real>(a: &[T], b: &[T]) -> T {
    let products = a.iter().zip(b).map(|(&a, &b)| a * b);
    products.fold(T::ZERO, |sum, product| sum + product)
}

impl<T: Real> Forward<T> for Softmax {
    fn width(&self) -> (usize, usize) {
        (self.width, self.width)
    }

    fn need(&self, _: Mode, rows: usize, _ways: usize) -> Need {
        Need::scratch(rows)
    }

    fn forward(
        &self,
        _: &Ctx<'_>,
        _: &[T],
        x: MatRef<'_, T>,
        y: MatMut<'_, T>,
        _: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let level = w.level();
        let (log_sums, _) = w.take(x.rows());
        softmax_rows(level, x, y, log_sums);
    }
}

impl<T: Real> Backward<T> for Softmax {
    fn backward(
        &self,
        _: &Ctx<'_>,
        _: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        _: &mut [T],
        dx: Out<MatMut<'_, T>>,
        _: Out<&mut [T]>,
        _: &mut Work<'_, T>,
    ) {
        let Some((mut dx, beta)) = dx.place() else {
            return;
        };
        for i in 0..dy.rows() {
            let (y, dy) = (at.y.row(i % at.y.rows()), dy.row(i));
            let mean = inner(y, dy);
            put_row(dx.row_mut(i), beta, |j| y[j] * (dy[j] - mean));
        }
    }
}

impl<T: Real> Tangent<T> for Softmax {
    fn r_forward(
        &self,
        _: &Ctx<'_>,
        _: &[T],
        _: &[T],
        at: At<'_, T>,
        rx: Option<MatRef<'_, T>>,
        mut ry: MatMut<'_, T>,
        _: &mut [T],
        _: &mut Work<'_, T>,
    ) {
        let Some(rx) = rx else {
            return ry.fill(T::ZERO);
        };
        for i in 0..rx.rows() {
            let (y, rx) = (at.y.row(i), rx.row(i));
            let mean = inner(y, rx);
            put_row(ry.row_mut(i), T::ZERO, |j| y[j] * (rx[j] - mean));
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
        _: &mut Work<'_, T>,
    ) {
        let Some((mut rdx, beta)) = rdx.place() else {
            return;
        };
        for i in 0..dy.rows() {
            let n = at.y.rows();
            let (y, ry) = (at.y.row(i % n), r.ry.row(i % n));
            let (dy, rdy) = (dy.row(i), rdy.row(i));
            let mean = inner(y, dy);
            let r_mean = inner(ry, dy) + inner(y, rdy);
            put_row(rdx.row_mut(i), beta, |j| {
                ry[j] * (dy[j] - mean) + y[j] * (rdy[j] - r_mean)
            });
        }
    }
}

/// `out = beta out + value`, element by element; what is there is not read where `beta` is 0.
fn put_row<T: Real>(out: &mut [T], beta: T, value: impl Fn(usize) -> T) {
    for (j, out) in out.iter_mut().enumerate() {
        *out = value(j) + if beta == T::ZERO { T::ZERO } else { *out };
    }
}

impl<T: Real> TaskGram<T> for Softmax {
    fn each_shared(&self, _visit: &mut dyn FnMut(Span)) {}
}
