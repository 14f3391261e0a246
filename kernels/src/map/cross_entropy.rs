//! Cross-entropy of softmax over rows with its slope: what a multinomial regression does with a batch of logits.
//!
//! Narrow rows go in the transposed blocks of [`super::softmax`], where a register holds one column of a block: the slope is made of the
//! probabilities before they leave the registers' shape, and no row of a few numbers is read back.

use core::mem::MaybeUninit;

use super::each::{Line, WIDEST};
use super::softmax::{NARROW, Registers, row};
use crate::func::ln;
use crate::isa::Simd;
use crate::{Level, MatMut, MatRef, Real};

/// The target distribution of a row with label `c`, `q_j = beside [j = c] + every`, and the scale of the slope.
#[derive(Clone, Copy, Debug)]
pub struct Smoothing<T> {
    /// Factor of the slope.
    pub scale: T,
    /// What every class has.
    pub every: T,
    /// What the label has beside; 1 where `every` is 0.
    pub beside: T,
}

/// Where the results go: `p` and, if wanted, `slope`, both n x k.
#[derive(Debug)]
pub struct Entropy<'a, T> {
    /// The probabilities.
    pub p: MatMut<'a, T>,
    /// The scaled slope by `z`.
    pub slope: Option<MatMut<'a, T>>,
}

/// Cross-entropy of the rows of `z: n x k` for labels `c` (n numbers) with weights `w` (n numbers), which the losses replace:
/// ```text
/// p = softmax(z)         slope_j = scale w (p_j - q_j)         w <- w (log sum exp z - q'z)
/// ```
/// `q'z` is the chain `beside z_c`, then `every z_j` in the order of the columns. Where `w` is 0 slope and loss are 0, whatever stands in
/// `z`; p is that of [`softmax_rows`](crate::softmax_rows()), to the bit, and so is what is said there of NaN and infinity.
///
/// # Panics
/// If shapes differ, or the label of a row with weight is no column.
#[track_caller]
pub fn cross_entropy<T: Real>(
    level: Level,
    target: &Smoothing<T>,
    z: MatRef<'_, T>,
    labels: &[T],
    w: &mut [T],
    into: Entropy<'_, T>,
) {
    let shape = (z.rows(), z.cols());
    assert_eq!((into.p.rows(), into.p.cols()), shape, "shape of p");
    let slope = into
        .slope
        .as_ref()
        .map(|slope| (slope.rows(), slope.cols()));
    assert!(slope.is_none_or(|slope| slope == shape), "shape of slope");
    assert_eq!((labels.len(), w.len()), (z.rows(), z.rows()));
    let classes = T::from_usize(z.cols());
    let is_column = |label: T| label < classes && T::from_usize(label.to_f64() as usize) == label;
    let known = |(&label, &w): (&T, &T)| w == T::ZERO || is_column(label);
    assert!(labels.iter().zip(&*w).all(known), "a label is no column");
    T::cross_entropy(level, target, z, labels, w, into);
}

/// The kernel of [`cross_entropy`].
#[inline(always)]
pub(crate) fn run_cross_entropy<T: Real, S: Simd<T>>(
    s: S,
    target: &Smoothing<T>,
    z: MatRef<'_, T>,
    labels: &[T],
    w: &mut [T],
    mut into: Entropy<'_, T>,
) {
    let q = Target {
        scale: s.splat(target.scale),
        every: s.splat(target.every),
        beside: s.splat(target.beside),
        even: target.every == T::ZERO,
    };
    if z.cols() <= NARROW && (z.rows() > 2 || S::LANES == 1) {
        return blocks(s, &q, z, labels, w, into);
    }
    for i in 0..z.rows() {
        let (z, p) = (z.rows_range(i..i + 1), into.p.rb_mut().rows_range(i..i + 1));
        let slope = into
            .slope
            .as_mut()
            .map(|slope| slope.rb_mut().rows_range(i..i + 1));
        w[i] = alone(s, &q, z, (labels[i], w[i]), Entropy { p, slope });
    }
}

/// [`Smoothing`] in every lane; `even` where nothing is spread.
struct Target<V> {
    scale: V,
    every: V,
    beside: V,
    even: bool,
}

impl<V: Copy> Target<V> {
    /// `q'z` continued by a column, whose numbers are `z`.
    #[inline(always)]
    fn dot<T: Real, S: Simd<T, V = V>>(&self, s: S, sum: V, z: V) -> V {
        if self.even {
            sum
        } else {
            s.fma(self.every, z, sum)
        }
    }

    /// `scale w (p - q)`, q with the label's part or without.
    #[inline(always)]
    fn slope<T: Real, S: Simd<T, V = V>>(&self, s: S, w: V, p: V, label: S::Mask) -> V {
        let q = s.select(label, s.add(self.every, self.beside), self.every);
        s.mul(s.mul(self.scale, w), s.sub(p, q))
    }

    /// `q'z` of a block's rows.
    ///
    /// # Safety
    /// - As many registers as columns have been written.
    #[inline(always)]
    unsafe fn dots<T: Real, S: Simd<T, V = V>>(
        &self,
        s: S,
        z: Registers<T>,
        cols: usize,
        label: V,
    ) -> V {
        let mut of_label = s.splat(T::ZERO);
        // SAFETY: the caller's registers.
        unsafe {
            for j in 0..cols {
                of_label = s.select(is(s, label, j), z.get(s, j), of_label);
            }
            let mut dot = s.mul(self.beside, of_label);
            for j in 0..cols {
                dot = self.dot(s, dot, z.get(s, j));
            }
            dot
        }
    }

    /// The slopes of a block's rows in place of the probabilities.
    ///
    /// # Safety
    /// - As many registers as columns have been written.
    #[inline(always)]
    unsafe fn slopes<T: Real, S: Simd<T, V = V>>(
        &self,
        s: S,
        p: Registers<T>,
        cols: usize,
        w: V,
        label: V,
    ) {
        for j in 0..cols {
            // SAFETY: the caller's registers.
            unsafe {
                let slope = self.slope(s, w, p.get(s, j), is(s, label, j));
                p.set(s, j, seen(s, w, slope));
            }
        }
    }
}

/// Blocks of LANES rows, several at a time, as in [`super::softmax`].
#[inline(always)]
fn blocks<T: Real, S: Simd<T>>(
    s: S,
    q: &Target<S::V>,
    z: MatRef<'_, T>,
    labels: &[T],
    w: &mut [T],
    mut into: Entropy<'_, T>,
) {
    let mut place = [const { MaybeUninit::<[T; NARROW * WIDEST]>::uninit() }; 3];
    let [columns, dots, logs] = place
        .each_mut()
        .map(|place| Registers(place.as_mut_ptr().cast::<T>()));
    let cols = z.cols();
    let together = NARROW / cols.max(1);
    let mut i = 0;
    while i < z.rows() {
        let count = (z.rows() - i).div_ceil(S::LANES).min(together);
        let rows = |b: usize| i + b * S::LANES..z.rows().min(i + (b + 1) * S::LANES);
        // SAFETY: count * cols and count are at most NARROW, and no register has more than WIDEST lanes; all are written before they
        // are read.
        unsafe {
            for b in 0..count {
                let columns = columns.after(s, b * cols);
                columns.read(s, z.rows_range(rows(b)));
                dots.set(s, b, q.dots(s, columns, cols, of_rows(s, &labels[rows(b)])));
            }
            for b in 0..count {
                logs.set(s, b, columns.after(s, b * cols).exp(s, cols));
            }
            for b in 0..count {
                let total = columns.after(s, b * cols).normalise(s, cols);
                logs.set(s, b, s.add(logs.get(s, b), ln(s, total)));
            }
            for b in 0..count {
                let (columns, weight) = (columns.after(s, b * cols), of_rows(s, &w[rows(b)]));
                columns.write(s, into.p.rb_mut().rows_range(rows(b)));
                if let Some(slope) = &mut into.slope {
                    q.slopes(s, columns, cols, weight, of_rows(s, &labels[rows(b)]));
                    columns.write(s, slope.rb_mut().rows_range(rows(b)));
                }
                let loss = s.mul(weight, s.sub(logs.get(s, b), dots.get(s, b)));
                let losses = Line {
                    data: w[rows(b)].as_mut_ptr(),
                    stride: 1,
                };
                losses.store(s, seen(s, weight, loss), 0, rows(b).len());
            }
        }
        i += count * S::LANES;
    }
}

/// A number a row of a block.
#[inline(always)]
fn of_rows<T: Real, S: Simd<T>>(s: S, x: &[T]) -> S::V {
    let line = Line {
        data: x.as_ptr().cast_mut(),
        stride: 1,
    };
    // SAFETY: x has its numbers, a register's at most; they are only read.
    unsafe { line.load(s, 0, x.len()) }
}

/// 0 where the weight is.
#[inline(always)]
fn seen<T: Real, S: Simd<T>>(s: S, weight: S::V, v: S::V) -> S::V {
    let zero = s.splat(T::ZERO);
    s.select(s.le(s.abs(weight), zero), zero, v)
}

/// Where a label is `j`.
#[inline(always)]
fn is<T: Real, S: Simd<T>>(s: S, label: S::V, j: usize) -> S::Mask {
    let off = s.sub(label, s.splat(T::from_usize(j)));
    s.le(s.abs(off), s.splat(T::ZERO))
}

/// One row, with its label and weight; returns its weighted loss.
#[inline(always)]
fn alone<T: Real, S: Simd<T>>(
    s: S,
    q: &Target<S::V>,
    z: MatRef<'_, T>,
    (label, weight): (T, T),
    mut into: Entropy<'_, T>,
) -> T {
    let log = row(s, z, into.p.rb_mut());
    if weight == T::ZERO {
        if let Some(slope) = &mut into.slope {
            slope.fill(T::ZERO);
        }
        return T::ZERO;
    }
    let (w, c) = (s.splat(weight), label.to_f64() as usize);
    let mut dot = s.mul(q.beside, s.splat(z.at(0, c)));
    for j in 0..z.cols() {
        dot = q.dot(s, dot, s.splat(z.at(0, j)));
    }
    if let Some(slope) = &mut into.slope {
        let (zero, one) = (s.splat(T::ZERO), s.splat(T::ONE));
        let (yes, no) = (s.lt(zero, one), s.lt(one, zero));
        let line = |x: &mut MatMut<'_, T>| Line {
            data: x.as_mut_ptr(),
            stride: x.col_stride(),
        };
        let (p, to) = (line(&mut into.p), line(slope));
        for j in (0..z.cols()).step_by(S::LANES) {
            let n = S::LANES.min(z.cols() - j);
            // SAFETY: both rows have n numbers from j.
            unsafe { to.store(s, q.slope(s, w, p.load(s, j, n), no), j, n) };
        }
        let of_label = q.slope(s, w, s.splat(into.p.at(0, c)), yes);
        slope.set(0, c, s.first(of_label));
    }
    s.first(s.mul(w, s.sub(s.splat(log), dot)))
}
