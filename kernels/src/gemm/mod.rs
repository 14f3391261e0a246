//! Matrix products `C = act(alpha A B + beta C + 1 bias')`.

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
pub fn gemm_scratch<T: Real>(_level: Level, _m: usize, _k: usize, _n: usize) -> usize {
    0
}

/// `C = act(alpha A B + beta C + 1 bias')`.
///
/// # Panics
/// If the shapes of A, B, C or the bias do not fit.
#[track_caller]
pub fn gemm<T: Real>(level: Level, p: Product<'_, T>, c: MatMut<'_, T>, scratch: &mut [T]) {
    assert_eq!(
        (p.a.rows(), p.a.cols(), p.b.cols()),
        (c.rows(), p.b.rows(), c.cols())
    );
    T::gemm(level, p, c, scratch);
}

/// Plain loops with the chain's bits, to be replaced by tiles.
#[inline(always)]
pub(crate) fn run<T: Real, S: Simd<T>>(
    s: S,
    p: Product<'_, T>,
    mut c: MatMut<'_, T>,
    _scratch: &mut [T],
) {
    for i in 0..c.rows() {
        for j in 0..c.cols() {
            let mut acc = if p.beta == T::ZERO {
                T::ZERO
            } else {
                p.beta * c.at(i, j)
            };
            for k in 0..p.a.cols() {
                let (a, b) = (s.splat(p.alpha * p.a.at(i, k)), s.splat(p.b.at(k, j)));
                acc = s.first(s.fma(a, b, s.splat(acc)));
            }
            if let Some(bias) = p.bias {
                acc += bias[j];
            }
            c.set(i, j, p.activation.value(acc));
        }
    }
}
