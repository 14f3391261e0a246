//! Layer normalisation (Ba, Kiros and Hinton 2016): each row to mean 0 and variance 1, then a gain and a bias a column.
//!
//! With means over the `d` columns of a row, `c = x - mean x`, `s = (mean c^2 + epsilon)^(-1/2)` and `h = s c`:
//! ```text
//! forward     y  = g h + b
//! backward    e  = g dy                  project(v) = v - mean v - h mean(h v)
//!             dx = s project(e)          dg = sum over rows of dy h        db = sum over rows of dy
//! r_forward   rh = s project(rx)         rs = -s^2 mean(h rx)              ry = rg h + g rh + rb
//! r_backward  re = rg dy + g rdy
//!             rdx = rs project(e) + s (re - mean re - rh mean(h e) - h mean(rh e + h re))
//!             rdg = sum of rdy h + dy rh                                   rdb = sum of rdy
//! ```
//! Forward keeps `h` and `s`, `r_forward` keeps `rh` and `rs`.

use cognate_kernels::{Level, MatMut, MatRef, Real, dot, sum};

use super::{At, Backward, Ctx, Forward, Gradients, Mode, Out, RAt, Tangent, put_row};
use crate::params::Span;
use crate::workspace::{Need, Work};

/// `y = g (x - mean x) / sqrt(var x + epsilon) + b`, row by row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorm {
    /// `g`, a number a column.
    pub gain: Span,
    /// `b`, a number a column.
    pub bias: Span,
    /// Added to the variance.
    pub epsilon: f64,
}

/// A row of `d` numbers and one more: `h` and `s`, or their derivatives.
#[derive(Clone, Copy)]
struct Row<'a, T> {
    h: &'a [T],
    s: T,
}

impl<'a, T: Real> Row<'a, T> {
    /// Row `i` of a slab that holds one `d`-row behind the other and then the single numbers.
    fn of(slab: &'a [T], i: usize, rows: usize, d: usize) -> Self {
        Self {
            h: &slab[i * d..][..d],
            s: slab[rows * d + i],
        }
    }
}

/// The mean of `v`, and of its product with `h`.
fn means<T: Real>(level: Level, h: &[T], v: &[T]) -> (T, T) {
    let d = T::from_usize(v.len());
    (sum(level, v) / d, dot(level, h, v) / d)
}

/// `out = beta out + column sums of a b`, elementwise products.
fn column_dots<T: Real>(a: MatRef<'_, T>, b: MatRef<'_, T>, beta: T, out: &mut [T]) {
    if beta == T::ZERO {
        out.fill(T::ZERO);
    }
    for i in 0..a.rows() {
        for (j, total) in out.iter_mut().enumerate() {
            *total += a.at(i, j) * b.at(i, j);
        }
    }
}

/// `rh` along row `i` of `rx`, and returns `rs`.
fn r_normalise<T: Real>(
    level: Level,
    rx: MatRef<'_, T>,
    i: usize,
    Row { h, s }: Row<'_, T>,
    rh: &mut [T],
) -> T {
    for (j, rh) in rh.iter_mut().enumerate() {
        *rh = rx.at(i, j);
    }
    let (a, b) = means(level, h, rh);
    for (rh, &h) in rh.iter_mut().zip(h) {
        *rh = s * (*rh - a - h * b);
    }
    -s * s * b
}

impl LayerNorm {
    /// `h` of row `i` of `x`, and returns `s`.
    fn normalise<T: Real>(&self, level: Level, x: MatRef<'_, T>, i: usize, h: &mut [T]) -> T {
        let d = T::from_usize(h.len());
        for (j, h) in h.iter_mut().enumerate() {
            *h = x.at(i, j);
        }
        let mean = sum(level, h) / d;
        h.iter_mut().for_each(|h| *h -= mean);
        let variance = dot(level, h, h) / d;
        let s = T::ONE / (variance + T::from_f64(self.epsilon)).sqrt();
        h.iter_mut().for_each(|h| *h *= s);
        s
    }

    /// `e = factors v` for row `i` of `v`; added to what is there if `add`.
    fn weigh<T: Real>(factors: &[T], v: MatRef<'_, T>, i: usize, add: bool, e: &mut [T]) {
        for (j, (e, &factor)) in e.iter_mut().zip(factors).enumerate() {
            let before = if add { *e } else { T::ZERO };
            *e = before + factor * v.at(i, j);
        }
    }

    /// `dg += sums of dy h`, `db += sums of dy`, block by block.
    fn parameter_gradients<T: Real>(
        &self,
        c: &Ctx<'_>,
        h: MatRef<'_, T>,
        dy: MatRef<'_, T>,
        dp: &mut Gradients<'_, T>,
        level: Level,
    ) {
        let beta = dp.beta;
        for block in c.blocks(h.rows()) {
            let h = h.rows_range(block.x.clone());
            let rows = dy.rows_range(block.dy.clone());
            column_dots(h, rows, beta, self.gain.of_mut(dp.of(&block)));
            dp.put_col_sums(&block, self.bias, dy, level);
        }
    }
}

impl<T: Real> Forward<T> for LayerNorm {
    fn width(&self) -> (usize, usize) {
        (self.gain.len(), self.gain.len())
    }

    fn need(&self, mode: Mode, rows: usize, _ways: usize) -> Need {
        let d = self.gain.len();
        if mode == Mode::Predict {
            return Need::scratch(d + 1);
        }
        Need {
            saved: rows * (d + 1),
            deltas: 0,
            rsaved: rows * (d + 1),
            scratch: 2 * d,
        }
    }

    fn forward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        x: MatRef<'_, T>,
        mut y: MatMut<'_, T>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let d = x.cols();
        let level = w.level();
        // A pass that predicts keeps one row, and that only until it is written.
        let (slab, kept) = match c.mode {
            Mode::Predict => (w.scratch(), 1),
            Mode::Train => (saved, x.rows()),
        };
        let (hs, ss) = slab.split_at_mut(kept * d);
        let (gain, bias) = (self.gain.of(p), self.bias.of(p));
        for i in 0..x.rows() {
            let place = i.min(kept - 1);
            let h = &mut hs[place * d..][..d];
            ss[place] = self.normalise(level, x, i, h);
            for j in 0..d {
                y.set(i, j, gain[j] * h[j] + bias[j]);
            }
        }
    }
}

impl<T: Real> Backward<T> for LayerNorm {
    fn backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        _deltas: &mut [T],
        dx: Out<MatMut<'_, T>>,
        dp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        let (n, d) = (at.x.rows(), at.x.cols());
        let level = w.level();
        if let Some(mut dp) = Gradients::new(dp, p.len()) {
            let h = MatRef::planned(at.saved, n, d);
            self.parameter_gradients(c, h, dy, &mut dp, level);
        }
        let Some((mut dx, beta)) = dx.place() else {
            return;
        };
        let (e, _) = w.take(d);
        for i in 0..dy.rows() {
            let Row { h, s } = Row::of(at.saved, i % n, n, d);
            Self::weigh(self.gain.of(p), dy, i, false, e);
            let (a, b) = means(level, h, e);
            put_row(&mut dx, i, beta, |j| s * (e[j] - a - h[j] * b));
        }
    }
}

impl<T: Real> Tangent<T> for LayerNorm {
    fn r_forward(
        &self,
        _c: &Ctx<'_>,
        p: &[T],
        rp: &[T],
        at: At<'_, T>,
        rx: Option<MatRef<'_, T>>,
        mut ry: MatMut<'_, T>,
        rsaved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        let (n, d) = (at.x.rows(), at.x.cols());
        let (rhs, rss) = rsaved.split_at_mut(n * d);
        let gain = self.gain.of(p);
        let (r_gain, r_bias) = (self.gain.of(rp), self.bias.of(rp));
        for i in 0..n {
            let Row { h, s } = Row::of(at.saved, i, n, d);
            let rh = &mut rhs[i * d..][..d];
            rss[i] = match rx {
                Some(rx) => r_normalise(w.level(), rx, i, Row { h, s }, rh),
                None => {
                    rh.fill(T::ZERO);
                    T::ZERO
                }
            };
            for j in 0..d {
                ry.set(i, j, r_gain[j] * h[j] + gain[j] * rh[j] + r_bias[j]);
            }
        }
    }

    fn r_backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        rp: &[T],
        at: At<'_, T>,
        r: RAt<'_, T>,
        dy: MatRef<'_, T>,
        _deltas: &[T],
        rdy: MatRef<'_, T>,
        rdx: Out<MatMut<'_, T>>,
        rdp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        let (n, d) = (at.x.rows(), at.x.cols());
        let level = w.level();
        if let Some(mut rdp) = Gradients::new(rdp, p.len()) {
            let (h, rh) = (
                MatRef::planned(at.saved, n, d),
                MatRef::planned(r.rsaved, n, d),
            );
            self.parameter_gradients(c, h, rdy, &mut rdp, level);
            for block in c.blocks(n) {
                let (rh, dy) = (
                    rh.rows_range(block.x.clone()),
                    dy.rows_range(block.dy.clone()),
                );
                column_dots(rh, dy, T::ONE, self.gain.of_mut(rdp.of(&block)));
            }
        }
        let Some((mut rdx, beta)) = rdx.place() else {
            return;
        };
        let (e, mut w) = w.take(d);
        let (re, _) = w.take(d);
        for i in 0..dy.rows() {
            let Row { h, s } = Row::of(at.saved, i % n, n, d);
            let Row { h: rh, s: rs } = Row::of(r.rsaved, i % n, n, d);
            Self::weigh(self.gain.of(p), dy, i, false, e);
            Self::weigh(self.gain.of(rp), dy, i, false, re);
            Self::weigh(self.gain.of(p), rdy, i, true, re);
            let ((a, b), (ra, rb)) = (means(level, h, e), means(level, h, re));
            let rb = rb + means(level, rh, e).1;
            put_row(&mut rdx, i, beta, |j| {
                rs * (e[j] - a - h[j] * b) + s * (re[j] - ra - rh[j] * b - h[j] * rb)
            });
        }
    }
}
