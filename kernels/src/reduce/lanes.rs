//! The order in which long sums are added.
//!
//! A sum runs in L lanes (64 for f32, 32 for f64: enough chains to be bound by loads at every register width): lane l takes the terms
//! i with i mod L = l, in order, from 0. Then lanes are added by halves: l and l + L/2, for l below L/2, until one is left. A register
//! of W lanes holds lanes l to l + W, so the order is the same for every W. Lanes beyond the end add 0, which changes nothing but the
//! sign of a zero: a sum is never -0.

use crate::Real;
use crate::isa::{Simd, fold};
use crate::map::Line;

/// Registers that hold the lanes where registers are narrowest, 4 numbers.
const MOST: usize = 64;

/// L.
pub(crate) const fn lanes<T>() -> usize {
    256 / size_of::<T>()
}

/// The lanes of a sum.
pub(crate) struct Lanes<V>([V; MOST]);

impl<V: Copy> Lanes<V> {
    /// All 0.
    #[inline(always)]
    pub fn zero<T: Real, S: Simd<T, V = V>>(s: S) -> Self {
        Self([s.splat(T::ZERO); MOST])
    }

    /// Registers in use.
    #[inline(always)]
    const fn registers<T: Real, S: Simd<T, V = V>>() -> usize {
        lanes::<T>() / S::LANES
    }

    /// Adds `n` terms, lane 0 first: `term(acc, j, left)` continues a register's sums with the `left <= LANES` terms from `j`, and
    /// adds 0 to the lanes beyond them.
    #[inline(always)]
    pub fn add<T: Real, S: Simd<T, V = V>>(
        &mut self,
        n: usize,
        term: impl Fn(V, usize, usize) -> V,
    ) {
        let mut j = 0;
        while j + lanes::<T>() <= n {
            for r in 0..Self::registers::<T, S>() {
                self.0[r] = term(self.0[r], j + r * S::LANES, S::LANES);
            }
            j += lanes::<T>();
        }
        for r in 0..Self::registers::<T, S>() {
            if j + S::LANES > n {
                if j < n {
                    self.0[r] = term(self.0[r], j, n - j);
                }
                break;
            }
            self.0[r] = term(self.0[r], j, S::LANES);
            j += S::LANES;
        }
    }

    /// The sum, by halves.
    #[inline(always)]
    pub fn total<T: Real, S: Simd<T, V = V>>(mut self, s: S) -> T {
        let mut left = Self::registers::<T, S>();
        while left > 1 {
            left /= 2;
            for r in 0..left {
                self.0[r] = s.add(self.0[r], self.0[r + left]);
            }
        }
        let sum = fold(
            s,
            self.0[0],
            #[inline(always)]
            |a, b| s.add(a, b),
        );
        sum + T::ZERO
    }
}

/// `sum of f over x` where `f(acc, x)` adds a term to a register's sums; `f(acc, 0)` must add 0.
#[inline(always)]
pub(crate) fn total<T: Real, S: Simd<T>, const I: usize>(
    s: S,
    x: [&[T]; I],
    f: impl Fn(S::V, [S::V; I]) -> S::V,
) -> T {
    let n = x[0].len();
    for k in 0..I {
        assert_eq!(x[k].len(), n, "lengths differ");
    }
    let mut sums = Lanes::zero(s);
    sums.add::<T, S>(
        n,
        #[inline(always)]
        |acc, j, left| {
            let mut v = [acc; I];
            for k in 0..I {
                let line = Line {
                    data: x[k].as_ptr().cast_mut(),
                    stride: 1,
                };
                // SAFETY: `left` elements from j are among the n; they are only read.
                v[k] = unsafe { line.load(s, j, left) };
            }
            f(acc, v)
        },
    );
    sums.total(s)
}
