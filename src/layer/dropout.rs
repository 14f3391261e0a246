//! Dropout (Srivastava et al. 2014), inverted: `y = m x` with `m = 1 / (1 - rate)` where a unit is kept and 0 where it is dropped.
//!
//! The mask is a function of the step's seed, the layer's key, the row's id and the column, so that it does not depend on the order or
//! the size of batches. Forward writes it down, and all four verbs of a step multiply by the same mask: the layer is linear.

use cognate_kernels::{Level, MatMut, MatRef, Real, mul};

use super::{At, Backward, Ctx, Forward, Mode, Out, RAt, Tangent};
use crate::params::Span;
use crate::rng::hash;
use crate::workspace::{Need, Work};

/// Drops each input with probability `rate` while training; hands them through while predicting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// A part of `0 x width` parameters: gives the width and, by its name, the key of the masks.
    pub span: Span,
    /// Probability that a unit is dropped, in `[0, 1)`.
    pub rate: f64,
}

impl Dropout {
    /// The factors of row `i`: a hash decides for two columns, with 32 bits each.
    fn fill_mask<T: Real>(&self, c: &Ctx<'_>, i: usize, mask: &mut [T]) {
        let row = hash(&[c.seed, self.span.key, u64::from(c.row_id(i))]);
        // 32 bits are below this with probability `rate`.
        let threshold = (self.rate * (1_u64 << 32) as f64) as u64;
        let kept = T::from_f64(1.0 / (1.0 - self.rate));
        for (pair, factors) in mask.chunks_mut(2).enumerate() {
            let mut bits = hash(&[row, pair as u64]);
            for factor in factors {
                let dropped = bits & 0xffff_ffff < threshold;
                *factor = if dropped { T::ZERO } else { kept };
                bits >>= 32;
            }
        }
    }
}

/// `out = m v`, the mask of `n` rows repeating where `v` has the rows of several ways.
fn multiply<T: Real>(
    level: Level,
    mask: &[T],
    n: usize,
    v: MatRef<'_, T>,
    out: Out<MatMut<'_, T>>,
) {
    let mask = MatRef::planned(mask, n, v.cols());
    let Out::Set(mut rest) = out else {
        return out.put(|i, j| mask.at(i % n, j) * v.at(i, j));
    };
    rest.copy_from(v);
    while rest.rows() > 0 {
        let way;
        (way, rest) = rest.split_rows(n);
        mul(level, mask, way);
    }
}

impl<T: Real> Forward<T> for Dropout {
    fn width(&self) -> (usize, usize) {
        (self.span.cols, self.span.cols)
    }

    fn need(&self, mode: Mode, rows: usize, _ways: usize) -> Need {
        let saved = match mode {
            Mode::Predict => 0,
            Mode::Train => rows * self.span.cols,
        };
        Need {
            saved,
            ..Need::default()
        }
    }

    fn forward(
        &self,
        c: &Ctx<'_>,
        _p: &[T],
        x: MatRef<'_, T>,
        mut y: MatMut<'_, T>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        if c.mode == Mode::Predict {
            return y.copy_from(x);
        }
        let mut mask = MatMut::planned(saved, x.rows(), x.cols());
        for i in 0..x.rows() {
            self.fill_mask(c, i, mask.row_mut(i));
        }
        multiply(w.level(), saved, x.rows(), x, Out::Set(y));
    }
}

impl<T: Real> Backward<T> for Dropout {
    fn backward(
        &self,
        _c: &Ctx<'_>,
        _p: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        _deltas: &mut [T],
        dx: Out<MatMut<'_, T>>,
        _dp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        multiply(w.level(), at.saved, at.x.rows(), dy, dx);
    }
}

impl<T: Real> Tangent<T> for Dropout {
    fn r_forward(
        &self,
        _c: &Ctx<'_>,
        _p: &[T],
        _rp: &[T],
        at: At<'_, T>,
        rx: Option<MatRef<'_, T>>,
        mut ry: MatMut<'_, T>,
        _rsaved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        match rx {
            Some(rx) => multiply(w.level(), at.saved, rx.rows(), rx, Out::Set(ry)),
            None => ry.fill(T::ZERO),
        }
    }

    fn r_backward(
        &self,
        _c: &Ctx<'_>,
        _p: &[T],
        _rp: &[T],
        at: At<'_, T>,
        _r: RAt<'_, T>,
        _dy: MatRef<'_, T>,
        _deltas: &[T],
        rdy: MatRef<'_, T>,
        rdx: Out<MatMut<'_, T>>,
        _rdp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        multiply(w.level(), at.saved, at.x.rows(), rdy, rdx);
    }
}
