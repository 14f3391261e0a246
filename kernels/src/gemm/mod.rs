//! Matrix products `C = act(alpha A B + beta C + 1 bias')`.
//!
//! ```text
//! view         checked matrices                                     crate::view
//! problem      raw parts; solved as given, or transposed            problem.rs
//! n <= 4       dot products in lanes along k                        lanes.rs
//! n of 5 to 8  chains along k, registers along the rows, where narrow     columns.rs
//! otherwise    blocks for the caches, packed where that pays        plan.rs, block.rs, pack.rs
//!              tiles of registers, chains along k                   tile.rs
//! finish       bias and activation, in the tile where cheap         finish.rs
//! ```
//!
//! Not done, and why: no path of its own for a single row or for k <= 2 (a tile of one row has up to 8 registers; an outer product is a
//! tile of one step); no vectors along k for more than 4 columns (a chain has one order at every width); no threads (callers split
//! rows, by which no bit changes).

mod block;
mod columns;
mod finish;
mod lanes;
mod pack;
mod pairs;
mod plan;
mod problem;
mod tile;

use plan::Plan;
use problem::Problem;

use crate::isa::Simd;
use crate::{Activation, Level, MatMut, MatRef, Real};

/// What a product computes into `C`: `act(alpha A B + beta C + 1 bias')`.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a, T> {
    /// Factor of `A B`.
    pub alpha: T,
    /// `m x k`.
    pub a: MatRef<'a, T>,
    /// `k x n`.
    pub b: MatRef<'a, T>,
    /// Factor of the old `C`; where it is 0, `C` is not read.
    pub beta: T,
    /// `n` numbers added to every row, after the product.
    pub bias: Option<&'a [T]>,
    /// Applied last.
    pub activation: Activation,
}

impl<'a, T: Real> Product<'a, T> {
    /// `A B`: alpha 1, beta 0, no bias, no activation.
    pub fn new(a: MatRef<'a, T>, b: MatRef<'a, T>) -> Self {
        Self {
            alpha: T::ONE,
            a,
            b,
            beta: T::ZERO,
            bias: None,
            activation: Activation::Identity,
        }
    }

    /// Sets `alpha`.
    pub fn alpha(self, alpha: T) -> Self {
        Self { alpha, ..self }
    }

    /// Sets `beta`.
    pub fn beta(self, beta: T) -> Self {
        Self { beta, ..self }
    }

    /// Adds `bias` (n numbers) to every row.
    pub fn bias(self, bias: &'a [T]) -> Self {
        Self {
            bias: Some(bias),
            ..self
        }
    }

    /// Applies `activation` last.
    pub fn activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }
}

/// Elements of scratch with which an `m x k` by `k x n` product runs at its best; with less it is right, but may be slower.
pub fn gemm_scratch<T: Real>(level: Level, m: usize, k: usize, n: usize) -> usize {
    plan::scratch_for::<T>(level, m, k, n)
}

/// `C = act(alpha A B + beta C + 1 bias')`, with A `m x k`, B `k x n`, C `m x n`, bias n numbers.
///
/// **Layout.** Any strides of any operand; a transposed operand is a view's [`MatRef::t`]. Fastest where rows of B and C lie side by
/// side, or columns of A and C; other layouts cost copies through scratch, or through a few KiB of stack where that is too short.
/// A view of a [`MatMut`] shares its elements with nothing, so C never overlaps A, B, bias or scratch.
///
/// **Order of the sums**, which fixes every bit on every fused level, in every batch, with any scratch: the chain
/// `acc = beta c` (0 where beta is 0), `acc = fma(alpha a, b, acc)` for k ascending, then the bias, then the activation. If n <= 4,
/// k >= 16 and A's columns lie side by side, the sum runs in lanes instead: lane l of L (16 for f32, 8 for f64) chains the k with
/// k mod L = l, lanes are added by halves, then `fma(alpha, sum, beta c)`. So a row of C depends on its row of A alone.
///
/// **Error.** `|computed - exact| <= gamma_(k + 2) (|alpha| |A| |B| + |beta| |C| + |bias|)` before the activation, elementwise
/// (Higham 2002, 3.5); one rounding more without FMA.
///
/// **NaN and infinity** spread as in the formula. Where beta is 0, C is not read; where alpha or k is 0, neither A nor B is: then C is
/// `act(beta C + 1 bias')`. Where m or n is 0 nothing happens.
///
/// **Cost.** `2 m k n` flops, at a share of the machine's peak that BENCHMARKS.md measures shape by shape.
///
/// # Panics
/// If the shapes of A, B, C or the bias do not fit.
#[track_caller]
pub fn gemm<T: Real>(level: Level, p: Product<'_, T>, mut c: MatMut<'_, T>, scratch: &mut [T]) {
    assert_eq!(
        (p.a.rows(), p.a.cols(), p.b.cols()),
        (c.rows(), p.b.rows(), c.cols()),
        "shapes of A B and C"
    );
    assert!(
        p.bias.is_none_or(|bias| bias.len() == c.cols()),
        "bias of another length than C has columns"
    );
    T::gemm(level, &p, &mut c, scratch);
}

/// [`gemm`] on the instruction set of the token, after the checks.
#[inline(always)]
pub(crate) fn run<T: Real, S: Simd<T>>(
    s: S,
    p: &Product<'_, T>,
    c: &mut MatMut<'_, T>,
    scratch: &mut [T],
) {
    if c.rows() == 0 || c.cols() == 0 {
        return;
    }
    // SAFETY: views hold valid elements of the shapes that `gemm` has compared, C's borrow is unique, and scratch is another.
    unsafe {
        if let Some((vectors, panel)) = block::single_tile::<T, S>(p, c) {
            return tile::panel(s, c.rows(), vectors, &panel);
        }
        let p = Problem::new(p, c);
        match Plan::small::<T, S>(&p) {
            Some(plan) => block::small(s, &p, &plan),
            None => any(s, &p, scratch),
        }
    }
}

/// Solves any problem.
///
/// # Safety
/// - Every element of the problem's operands is valid, C's for writes; nothing aliases C.
#[inline(never)]
unsafe fn any<T: Real, S: Simd<T>>(s: S, p: &Problem<T>, scratch: &mut [T]) {
    s.enter(
        #[inline(always)]
        // SAFETY: the caller's promises.
        || unsafe {
            if p.by_lanes() {
                lanes::solve(s, p, scratch);
            } else if columns::fits::<T, S>(p) {
                columns::solve(s, p);
            } else {
                let turned = p.t();
                block::solve(s, if p.turns::<S>() { &turned } else { p }, scratch);
            }
        },
    );
}

#[cfg(test)]
mod tests;
