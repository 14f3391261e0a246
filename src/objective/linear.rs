//! A loss over a linear map, reading the rows once an evaluation.
//!
//! With `X: n x d`, weights `W: d x k` and intercepts `b: k`, flat as `[W, b]`,
//! ```text
//! Z = X W + 1 b'                         n x k, the link space of the loss
//! f = scale * sum_i w_i l(z_i, y_i) + l2 / 2 ||W||^2
//! R = scale * w_i dl/dz_i                n x k
//! grad W = X' R + l2 W                   grad b = R' 1
//! ```
//! X is the only large thing here and is read from memory once: a block of rows that fits the cache goes through `Z`, the loss and
//! `X' R` before the next block is touched. Since a product's sum is a chain over the rows that may stop and go on, the gradient's bits
//! by W do not depend on the size of a block; the intercept of a single output is summed in lanes block by block, whose size is a formula of
//! shapes.
//!
//! **Second order.** `Z` and what the loss saved are kept a row (`n x k` and the loss's), so that `H v = X' H_l (X V + 1 v_b') + l2 V`
//! is one more pass over X without a transcendental function. The map is linear, so Gauss-Newton is Newton.
//!
//! **Threads.** Chunks of rows have their own partial gradients, added in order (see `parallel`).

use core::hint::black_box;
use core::ops::Range;

use cognate_kernels::{
    Level, MatMut, MatRef, Product, Real, axpy, col_sums, dot, gemm_scratch, sum,
};

use crate::loss::{Loss, Targets};
use crate::objective::Objective;
use crate::parallel::{Chunks, MAX_CHUNKS, for_each};
use crate::workspace::{Need, Work, default_level};

/// Bytes of X that a block of rows takes: half of a small second-level cache, so that calls cost little a row.
const BLOCK_BYTES: usize = 128 * 1024;

/// More bytes of X than this may lie beyond the second-level cache.
const FAR_BYTES: usize = 4 * 1024 * 1024;

/// `scale * sum_i w_i l(W' x_i + b, y_i) + l2 / 2 ||W||^2` over `[W, b]`.
#[derive(Clone, Copy, Debug)]
pub struct LinearObjective<'a, T, L> {
    /// Inputs, `n x d`.
    pub x: MatRef<'a, T>,
    /// Targets of the n rows, with weights and masks.
    pub y: Targets<'a, T>,
    /// The loss on `k` outputs.
    pub loss: &'a L,
    /// Outputs `k`.
    pub outputs: usize,
    /// Whether there is an intercept an output, unpenalised.
    pub intercept: bool,
    /// Factor of the summed loss (scikit-learn's C).
    pub scale: T,
    /// Factor of `1/2 ||W||^2`.
    pub l2: T,
    /// An estimate of the inverse Hessian by one output's weights and intercept, for [`Objective::precondition`]: square, row-major.
    pub inverse: Option<&'a [T]>,
}

/// What one chunk of rows works in: its part of `saved`, its partial sums, its scratch.
#[derive(Default)]
struct Part<'s, T> {
    chunk: usize,
    saved: &'s mut [T],
    sums: &'s mut [T],
    scratch: &'s mut [T],
    value: f64,
}

/// A point or a direction as a map: weights `d x k` and intercepts.
#[derive(Clone, Copy)]
struct Map<'p, T> {
    weights: MatRef<'p, T>,
    bias: Option<&'p [T]>,
}

impl<'a, T: Real, L: Loss<T> + Sync> LinearObjective<'a, T, L> {
    /// The summed loss of all rows and `1/2 ||W||^2`, with intercepts: scikit-learn's objective at C = 1.
    pub fn new(x: MatRef<'a, T>, y: Targets<'a, T>, loss: &'a L, outputs: usize) -> Self {
        Self {
            x,
            y,
            loss,
            outputs,
            intercept: true,
            scale: T::ONE,
            l2: T::ONE,
            inverse: None,
        }
    }

    /// Number of coefficients, `k d`; the intercepts follow them.
    pub fn coefficients(&self) -> usize {
        self.outputs * self.x.cols()
    }

    /// Rows of a block: a formula of the shapes alone, since the summed loss is rounded a block at a time.
    fn block(&self) -> usize {
        let row = (self.x.cols() + self.outputs).max(1) * size_of::<T>();
        (BLOCK_BYTES / row).clamp(16, 512) / 8 * 8
    }

    /// Numbers kept of a block: its links, and what the loss keeps.
    fn block_saved(&self) -> usize {
        let rows = self.block();
        rows * self.outputs + self.loss.need(rows, self.outputs).saved
    }

    /// Numbers kept of a chunk, block after block.
    fn chunk_saved(&self) -> usize {
        let rows = Chunks::of(self.x.rows()).size();
        rows.div_ceil(self.block()) * self.block_saved()
    }

    /// Scratch of a chunk: two matrices of links, what is kept of a block, and room for the loss or to pack.
    fn chunk_scratch(&self) -> usize {
        let (m, d, k) = (self.block(), self.x.cols(), self.outputs);
        let level = default_level();
        let pack = gemm_scratch::<T>(level, m, d, k).max(gemm_scratch::<T>(level, k, m, d));
        2 * m * k + self.block_saved() + self.loss.need(m, k).scratch.max(pack)
    }

    /// The blocks of chunk `i`: their rows and the place of what is kept of them in the chunk's part of `saved`.
    fn blocks(&self, i: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<T, L> {
        let (rows, block, saved) = (
            Chunks::of(self.x.rows()).range(i),
            self.block(),
            self.block_saved(),
        );
        (0..rows.len().div_ceil(block)).map(move |j| {
            let start = rows.start + j * block;
            (
                start..(start + block).min(rows.end),
                j * saved..(j + 1) * saved,
            )
        })
    }

    fn map<'p>(&self, params: &'p [T]) -> Map<'p, T> {
        let (coef, bias) = params[..self.len()].split_at(self.coefficients());
        Map {
            weights: MatRef::planned(coef, self.x.cols(), self.outputs),
            bias: self.intercept.then_some(bias),
        }
    }

    /// The chunks' parts, the first `Chunks::count` of the array.
    fn parts<'s>(&self, saved: &'s mut [T], scratch: &'s mut [T]) -> [Part<'s, T>; MAX_CHUNKS] {
        let count = Chunks::of(self.x.rows()).count();
        let mut saved = saved.chunks_mut(self.chunk_saved().max(1));
        let mut scratch = scratch.chunks_mut(self.len() + self.chunk_scratch());
        core::array::from_fn(|chunk| {
            let mine = scratch.next().unwrap_or_default();
            if chunk >= count {
                return Part::default();
            }
            let (sums, scratch) = mine.split_at_mut(self.len());
            sums.fill(T::ZERO);
            Part {
                chunk,
                saved: saved.next().unwrap_or_default(),
                sums,
                scratch,
                value: 0.0,
            }
        })
    }

    /// Reads a block from end to end, if X is too large to be near: memory is at its fastest so, whereas a product takes a tile of rows
    /// at a time, an order that the hardware does not foresee. 80,000 x 100 by 5: 9.3 ms an evaluation instead of 11.7.
    fn fetch(&self, x: MatRef<'_, T>, level: Level) {
        let far = size_of::<T>() * self.x.rows() * self.x.cols() > FAR_BYTES;
        if let Some(block) = x.as_slice().filter(|_| far) {
            black_box(sum(level, block));
        }
    }

    /// `z = X_b W + 1 b'` for a block of rows.
    fn push(&self, map: Map<'_, T>, x: MatRef<'_, T>, z: MatMut<'_, T>, w: &mut Work<'_, T>) {
        let product = Product::new(x, map.weights);
        w.gemm(map.bias.iter().fold(product, |p, bias| p.bias(bias)), z);
    }

    /// `sums += [R' X_b, R' 1]` for a block of rows: the chain over the rows goes on where the last block left it, but for the intercept of
    /// a single output, to which the block's sum is added. Sums are `k x d`, since there are more features than outputs and products run
    /// along the columns.
    fn pull(&self, r: MatRef<'_, T>, x: MatRef<'_, T>, sums: &mut [T], w: &mut Work<'_, T>) {
        let (coef, bias) = sums.split_at_mut(self.coefficients());
        let coef = MatMut::planned(coef, self.outputs, x.cols());
        w.gemm(Product::new(r.t(), x).beta(T::ONE), coef);
        match r.as_slice() {
            _ if !self.intercept => {}
            Some(column) if self.outputs == 1 => bias[0] += sum(w.level(), column),
            _ => col_sums(w.level(), r, T::ONE, bias),
        }
    }

    /// One pass over a chunk: its loss, and its part of the gradient if wanted.
    fn chunk_value(&self, map: Map<'_, T>, part: &mut Part<'_, T>, level: Level, grad: bool) {
        let k = self.outputs;
        let (links, scratch) = part.scratch.split_at_mut(self.block() * k);
        let (spare, scratch) = scratch.split_at_mut(self.block_saved());
        let mut w = Work::new(level, scratch);
        for (rows, place) in self.blocks(part.chunk) {
            let (x, m) = (self.x.rows_range(rows.clone()), rows.len());
            let saved = if grad {
                &mut part.saved[place]
            } else {
                &mut *spare
            };
            let (z, kept) = saved.split_at_mut(self.block() * k);
            self.fetch(x, level);
            self.push(map, x, MatMut::planned(z, m, k), &mut w);
            let z = MatRef::planned(z, m, k);
            let r = grad.then(|| MatMut::planned(links, m, k));
            let y = self.y.rows(rows);
            let value = self.loss.value_grad(z, &y, self.scale, r, kept, &mut w);
            part.value += value.to_f64();
            if grad {
                self.pull(MatRef::planned(links, m, k), x, part.sums, &mut w);
            }
        }
    }

    /// One pass over a chunk: its part of the Hessian product along `map`.
    fn chunk_hvp(&self, map: Map<'_, T>, part: &mut Part<'_, T>, level: Level, saved: &[T]) {
        let k = self.outputs;
        let (rz, scratch) = part.scratch.split_at_mut(self.block() * k);
        let (rr, scratch) = scratch.split_at_mut(self.block() * k);
        let mut w = Work::new(level, scratch);
        let saved = &saved[part.chunk * self.chunk_saved()..];
        for (rows, place) in self.blocks(part.chunk) {
            let (x, m) = (self.x.rows_range(rows.clone()), rows.len());
            self.fetch(x, level);
            self.push(map, x, MatMut::planned(rz, m, k), &mut w);
            let (z, kept) = saved[place].split_at(self.block() * k);
            let (z, rz) = (MatRef::planned(z, m, k), MatRef::planned(rz, m, k));
            let y = self.y.rows(rows);
            let into = MatMut::planned(rr, m, k);
            self.loss.hvp(z, &y, self.scale, kept, rz, into, &mut w);
            self.pull(MatRef::planned(rr, m, k), x, part.sums, &mut w);
        }
    }

    /// `out = sum of the chunks' sums + l2 [V, 0]`.
    fn total(&self, parts: &mut [Part<'_, T>], v: &[T], level: Level, out: &mut [T]) {
        let (first, rest) = parts.split_first_mut().expect("one chunk at least");
        for part in rest {
            axpy(level, T::ONE, part.sums, first.sums);
        }
        let (d, k, count) = (self.x.cols(), self.outputs, self.coefficients());
        let (coef, bias) = out[..self.len()].split_at_mut(count);
        bias.copy_from_slice(&first.sums[count..]);
        MatMut::planned(coef, d, k).copy_from(MatRef::planned(first.sums, k, d).t());
        axpy(level, self.l2, &v[..count], coef);
    }
}

impl<T: Real, L: Loss<T> + Sync> Objective<T> for LinearObjective<'_, T, L> {
    fn len(&self) -> usize {
        self.coefficients() + if self.intercept { self.outputs } else { 0 }
    }

    fn need(&self) -> Need {
        let chunks = Chunks::of(self.x.rows()).count();
        let each = self.len() + self.chunk_scratch();
        Need {
            saved: chunks * self.chunk_saved(),
            ..Need::scratch(chunks * each)
        }
    }

    fn value_grad(&self, p: &[T], g: Option<&mut [T]>, saved: &mut [T], w: &mut Work<'_, T>) -> T {
        let (level, threads) = (w.level(), w.threads());
        let map = self.map(p);
        let mut parts = self.parts(saved, w.scratch());
        let parts = &mut parts[..Chunks::of(self.x.rows()).count()];
        let grad = g.is_some();
        for_each(threads, parts, |part| {
            self.chunk_value(map, part, level, grad)
        });
        if let Some(g) = g {
            self.total(parts, p, level, g);
        }
        let loss: f64 = parts.iter().map(|part| part.value).sum();
        let coef = &p[..self.coefficients()];
        let penalty = 0.5 * self.l2.to_f64() * dot(level, coef, coef).to_f64();
        T::from_f64(loss + penalty)
    }

    fn hvp(&self, _p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>) {
        let (level, threads) = (w.level(), w.threads());
        let map = self.map(v);
        let mut parts = self.parts(&mut [], w.scratch());
        let parts = &mut parts[..Chunks::of(self.x.rows()).count()];
        for_each(threads, parts, |part| {
            self.chunk_hvp(map, part, level, saved)
        });
        self.total(parts, v, level, out);
    }

    fn precondition(&self, v: &mut [T], w: &mut Work<'_, T>) -> bool {
        let Some(inverse) = self.inverse else {
            return false;
        };
        let side = self.x.cols() + usize::from(self.intercept);
        let (copy, mut w) = w.take(self.len());
        copy.copy_from_slice(&v[..self.len()]);
        let product = Product::new(
            MatRef::planned(inverse, side, side),
            MatRef::planned(copy, side, self.outputs),
        );
        w.gemm(product, MatMut::planned(v, side, self.outputs));
        true
    }

    fn gnvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>) {
        self.hvp(p, saved, v, out, w);
    }
}
