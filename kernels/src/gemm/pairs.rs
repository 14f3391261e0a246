//! A few rows times two columns that lie side by side: the product of [`super::lanes`], to the bit, with B read as it lies.
//!
//! A register of B holds pairs `(B[k, 0], B[k, 1])`; one of A, turned against itself, its even elements twice each, or its odd ones:
//! ```text
//! even: a0 a0 a2 a2 ..  times  b00 b01 b20 b21 ..        odd: a1 a1 a3 a3 ..  times  b10 b11 b30 b31 ..
//! ```
//! so that the lanes of both columns lie in one register, a sum a lane as the rule asks. B's registers come to even and odd by the rounds
//! of a transpose. Packing B first, as for more rows, would cost more than the product.

use super::lanes::lanes;
use super::problem::Problem;
use crate::Real;
use crate::isa::Simd;

/// Rows for which reading B as it lies is cheaper than packing it.
const ROWS: usize = 4;

/// Whether this is the kernel for a problem that [`Problem::by_lanes`] accepts.
#[inline(always)]
pub(super) fn fits<T: Real, S: Simd<T>>(p: &Problem<T>) -> bool {
    let side_by_side = p.n == 2 && p.b.row == 2 && p.b.col == 1 && p.c.col == 1;
    S::LANES >= 4 && side_by_side && p.m <= ROWS
}

/// Chooses by the registers of a lane set.
///
/// # Safety
/// - Every element of the problem's operands is valid, C's for writes; nothing aliases C.
#[inline(never)]
pub(super) unsafe fn solve<T: Real, S: Simd<T>>(s: S, p: &Problem<T>) {
    s.enter(
        #[inline(always)]
        || {
            // SAFETY: the caller's promises.
            unsafe {
                match const { lanes::<T>() / S::LANES } {
                    1 => rows::<T, S, 1>(s, p),
                    2 => rows::<T, S, 2>(s, p),
                    _ => rows::<T, S, 4>(s, p),
                }
            }
        },
    );
}

#[inline(always)]
unsafe fn rows<T: Real, S: Simd<T>, const H: usize>(s: S, p: &Problem<T>) {
    for i in 0..p.m {
        // SAFETY: row i of A, and all of B; row i of C.
        unsafe {
            let sums = row::<T, S, H>(s, p.a.at(i, 0).ptr, p.b.ptr, p.k);
            finish(s, p, sums, p.c.at(i, 0).ptr);
        }
    }
}

/// `c = fma(alpha, sums, beta c) + bias`, two numbers.
///
/// # Safety
/// - `c` is valid for reads and writes of two numbers, the bias for reads.
#[inline(always)]
unsafe fn finish<T: Real, S: Simd<T>>(s: S, p: &Problem<T>, sums: S::V, c: *mut T) {
    let two = s.tail(2);
    // SAFETY: the caller's promises.
    unsafe {
        let old = match p.beta == T::ZERO {
            true => s.splat(T::ZERO),
            false => s.mul(s.splat(p.beta), s.load_tail(c, two)),
        };
        let mut new = s.fma(s.splat(p.alpha), sums, old);
        if !p.bias.is_null() {
            new = s.add(new, s.load_tail(p.bias, two));
        }
        s.store_tail(c, new, two);
    }
}

/// Lanes 0 and 1: the products of `a: k` with the columns of `b: k x 2`.
///
/// # Safety
/// - `a` is valid for reads of `k` numbers, `b` for `2 k`.
#[inline(always)]
unsafe fn row<T: Real, S: Simd<T>, const H: usize>(
    s: S,
    a: *const T,
    b: *const T,
    k: usize,
) -> S::V {
    let zero = s.splat(T::ZERO);
    let (mut even, mut odd) = ([zero; H], [zero; H]);
    let mut at = 0;
    while at + lanes::<T>() <= k {
        for h in 0..H {
            let from = at + h * S::LANES;
            // SAFETY: LANES numbers of a and twice as many of b lie before k.
            let (a, b) = unsafe {
                let b = b.add(2 * from);
                (s.load(a.add(from)), [s.load(b), s.load(b.add(S::LANES))])
            };
            add(s, a, b, &mut even[h], &mut odd[h]);
        }
        at += lanes::<T>();
    }
    for h in 0..H {
        let from = at + h * S::LANES;
        let left = k.saturating_sub(from).min(S::LANES);
        let (first, second) = (
            2 * left.min(S::LANES / 2),
            2 * left.max(S::LANES / 2) - S::LANES,
        );
        let (first, second) = (s.tail(first), s.tail(second));
        // SAFETY: the tails end at k.
        let (a, b) = unsafe {
            let b = b.wrapping_add(2 * from);
            let b = [
                s.load_tail(b, first),
                s.load_tail(b.wrapping_add(S::LANES), second),
            ];
            (s.load_tail(a.wrapping_add(from), s.tail(left)), b)
        };
        add(s, a, b, &mut even[h], &mut odd[h]);
    }
    fold(s, even, odd)
}

/// A step of LANES k.
#[inline(always)]
fn add<T: Real, S: Simd<T>>(s: S, a: S::V, b: [S::V; 2], even: &mut S::V, odd: &mut S::V) {
    let [mut x, mut y] = b;
    if S::LANES > 8 {
        (x, y) = s.trn::<8>(x, y);
    }
    if S::LANES > 4 {
        (x, y) = s.trn::<4>(x, y);
    }
    let (x, y) = s.trn::<2>(x, y);
    let (twice_even, twice_odd) = s.trn::<1>(a, a);
    *even = s.fma(twice_even, x, *even);
    *odd = s.fma(twice_odd, y, *odd);
}

/// Lane l of a sum with lane l + n/2, for n from all lanes to 2; of the rule's n lanes, the even ones lie in `even`.
#[inline(always)]
fn fold<T: Real, S: Simd<T>, const H: usize>(
    s: S,
    mut even: [S::V; H],
    mut odd: [S::V; H],
) -> S::V {
    let mut left = H;
    while left > 1 {
        left /= 2;
        for h in 0..left {
            even[h] = s.add(even[h], even[h + left]);
            odd[h] = s.add(odd[h], odd[h + left]);
        }
    }
    s.add(pair(s, even[0]), pair(s, odd[0]))
}

/// Pairs of lanes added by halves to one pair.
#[inline(always)]
fn pair<T: Real, S: Simd<T>>(s: S, v: S::V) -> S::V {
    let mut v = v;
    if S::LANES > 8 {
        let (low, high) = s.trn::<8>(v, v);
        v = s.add(low, high);
    }
    if S::LANES > 4 {
        let (low, high) = s.trn::<4>(v, v);
        v = s.add(low, high);
    }
    let (low, high) = s.trn::<2>(v, v);
    s.add(low, high)
}
