//! Instruction sets.
//!
//! A kernel is written once, generic over a *token* `S: Simd<T>`: a zero-sized value that can only be had where the machine has the
//! instructions, so holding one is proof, and the arithmetic methods below are safe. `S::V` is a register of `S::LANES` numbers.
//!
//! ```text
//! dispatch!(level, s => kernel(s, x, y))       one match and one `enter` a public call, never one a row
//! #[inline(always)] fn kernel<T: Real, S: Simd<T>>(s: S, x: &[T], y: &mut [T]) { ..index loops.. }
//! ```
//!
//! `enter` runs a closure inside a function that is compiled for the token's features. Features do not cross a call that is not
//! inlined, so everything generic over a token is `#[inline(always)]` (the compiler refuses that together with `#[target_feature]`:
//! hence the closure), and no vector is ever an argument of a function that is not. On x86 the compiler ends such a function with
//! `vzeroupper`: dirty upper halves would slow whatever runs next.
//!
//! A new instruction set is one file of one-line methods. What the methods leave out is built here or in the kernels from what they
//! have: [`fold`] and [`turn`] from [`Simd::trn`], rounding by adding a magic constant, scaling by [`Simd::pow2`].

mod level;
mod model;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

pub(crate) use level::Kind;
pub use level::Level;
pub(crate) use model::Model;
#[cfg(all(test, target_arch = "aarch64"))]
pub(crate) use neon::Neon;
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) use {avx2::Avx2, avx512::Avx512};

/// A token: proof that this machine has an instruction set.
pub(crate) trait Isa: Copy {
    /// Runs `f` in a function that is compiled for this instruction set.
    fn enter<R>(self, f: impl FnOnce() -> R) -> R;

    /// Runs `f`, a piece that many kernels have: in each of them, for its features, but once for all where there are no features.
    #[inline(always)]
    fn shared<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }
}

/// What the kernels use of an instruction set, on registers of `T`.
///
/// Arithmetic is IEEE's, rounded to nearest, lane by lane; denormals count. The methods say the rest, once for all sets.
pub(crate) trait Simd<T>: Isa {
    /// A register.
    type V: Copy;
    /// A comparison's outcome, a truth value a lane.
    type Mask: Copy;
    /// The first lanes of a register, see [`Simd::tail`].
    type Tail: Copy;
    /// Numbers in a register; a power of two.
    const LANES: usize;
    /// The tiles of a matrix product that the registers hold: `TILE[v - 1]` is the most rows (to 8) of a tile of `v` registers a row.
    /// It falls with v; the rows of two registers are the main tile's.
    const TILE: [usize; 8];
    /// The set of the registers that are half as wide, where there is one to use beside this; else this set.
    type Half: Simd<T>;
    /// Whether `Half` is another set.
    const HALVES: bool;

    /// The token of `Half`.
    fn half(self) -> Self::Half;

    /// `x` in every lane.
    fn splat(self, x: T) -> Self::V;
    /// Lane 0.
    fn first(self, v: Self::V) -> T;
    /// The `LANES` numbers at `p`, at any address that fits `T`.
    ///
    /// # Safety
    /// - `p` is valid for reads of `LANES` numbers.
    unsafe fn load(self, p: *const T) -> Self::V;
    /// Writes the lanes to `p`, at any address that fits `T`.
    ///
    /// # Safety
    /// - `p` is valid for writes of `LANES` numbers.
    unsafe fn store(self, p: *mut T, v: Self::V);
    /// The first `n <= LANES` lanes, for [`Simd::load_tail`] and [`Simd::store_tail`].
    fn tail(self, n: usize) -> Self::Tail;
    /// The numbers at `p` in the tail's lanes, 0 in the others, which are not read.
    ///
    /// # Safety
    /// - `p` is valid for reads of as many numbers as the tail has lanes.
    unsafe fn load_tail(self, p: *const T, tail: Self::Tail) -> Self::V;
    /// Writes the tail's lanes to `p` and nothing else.
    ///
    /// # Safety
    /// - `p` is valid for writes of as many numbers as the tail has lanes.
    unsafe fn store_tail(self, p: *mut T, v: Self::V, tail: Self::Tail);

    /// `a + b`.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a b`.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a b + c`, rounded once on every fused set; an unfused one (no FMA in hardware) rounds the product first.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// Square root, correctly rounded.
    fn sqrt(self, a: Self::V) -> Self::V;
    /// `|a|`: the sign bit cleared, of NaN too.
    fn abs(self, a: Self::V) -> Self::V;
    /// `-a`: the sign bit flipped, of 0 and NaN too.
    fn neg(self, a: Self::V) -> Self::V;
    /// `a` with the sign bit of `sign`.
    fn copysign(self, a: Self::V, sign: Self::V) -> Self::V;
    /// `if a < b { a } else { b }`: `b` where either is NaN or both are 0.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// `if a > b { a } else { b }`: `b` where either is NaN or both are 0.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a < b`; false where either is NaN.
    fn lt(self, a: Self::V, b: Self::V) -> Self::Mask;
    /// `a <= b`; false where either is NaN.
    fn le(self, a: Self::V, b: Self::V) -> Self::Mask;
    /// `yes` where the mask is true, else `no`.
    fn select(self, mask: Self::Mask, yes: Self::V, no: Self::V) -> Self::V;

    /// `2^n` for integers `n` from `-BIAS` to `BIAS + 1` (BIAS 127 for f32, 1023 for f64); the ends give 0 and infinity.
    fn pow2(self, n: Self::V) -> Self::V;
    /// `(e, m)` with `x = m 2^e`, `1 <= m < 2`, `e` an integer, for positive normal `x`. Other `x` give some numbers.
    fn split(self, x: Self::V) -> (Self::V, Self::V);
    /// Transposes 2 x 2 blocks of `D` lanes (a power of two below `LANES`): `a = a0 a1 a2 a3 ..`, `b = b0 b1 b2 b3 ..` in blocks become
    /// `a0 b0 a2 b2 ..` and `a1 b1 a3 b3 ..`.
    fn trn<const D: usize>(self, a: Self::V, b: Self::V) -> (Self::V, Self::V);
}

/// The lanes of `v` combined by halves: lane `l` with lane `l + n/2`, for n = LANES, LANES/2, .. 2.
#[inline(always)]
pub(crate) fn fold<T, S: Simd<T>>(s: S, v: S::V, op: impl Fn(S::V, S::V) -> S::V) -> T {
    let mut v = v;
    if S::LANES > 8 {
        let (low, high) = s.trn::<8>(v, v);
        v = op(low, high);
    }
    if S::LANES > 4 {
        let (low, high) = s.trn::<4>(v, v);
        v = op(low, high);
    }
    if S::LANES > 2 {
        let (low, high) = s.trn::<2>(v, v);
        v = op(low, high);
    }
    if S::LANES > 1 {
        let (low, high) = s.trn::<1>(v, v);
        v = op(low, high);
    }
    s.first(v)
}

/// Transposes the first LANES registers.
#[inline(always)]
pub(crate) fn turn<T, S: Simd<T>>(s: S, v: &mut [S::V; 16]) {
    round::<T, S, 8>(s, v);
    round::<T, S, 4>(s, v);
    round::<T, S, 2>(s, v);
    round::<T, S, 1>(s, v);
}

/// Transposes both halves of the first LANES / 2 registers.
#[inline(always)]
pub(crate) fn turn_halves<T, S: Simd<T>>(s: S, v: &mut [S::V; 16]) {
    half_round::<T, S, 4>(s, v);
    half_round::<T, S, 2>(s, v);
    half_round::<T, S, 1>(s, v);
}

/// A round of [`turn_halves`].
#[inline(always)]
fn half_round<T, S: Simd<T>, const D: usize>(s: S, v: &mut [S::V; 16]) {
    if D >= S::LANES / 2 {
        return;
    }
    for l in 0..S::LANES / 2 {
        if l & D == 0 {
            (v[l], v[l + D]) = s.trn::<D>(v[l], v[l + D]);
        }
    }
}

/// Swaps bit `D` of the row number with that of the lane.
#[inline(always)]
fn round<T, S: Simd<T>, const D: usize>(s: S, v: &mut [S::V; 16]) {
    if D >= S::LANES {
        return;
    }
    for l in 0..S::LANES {
        if l & D == 0 {
            (v[l], v[l + D]) = s.trn::<D>(v[l], v[l + D]);
        }
    }
}

/// Runs the body with `$s` bound to the level's token, inside its `enter`. The body is compiled once a level. Without `inline(always)`
/// a large one would stay outside of `enter`'s function, and every intrinsic in it would be a call.
macro_rules! dispatch {
    ($level:expr, $s:ident => $body:expr) => {
        match $level.kind() {
            $crate::isa::Kind::Model($s) => $crate::isa::Isa::enter(
                $s,
                #[inline(always)]
                move || $body,
            ),
            #[cfg(target_arch = "x86_64")]
            $crate::isa::Kind::Avx2($s) => $crate::isa::Isa::enter(
                $s,
                #[inline(always)]
                move || $body,
            ),
            #[cfg(target_arch = "x86_64")]
            $crate::isa::Kind::Avx512($s) => $crate::isa::Isa::enter(
                $s,
                #[inline(always)]
                move || $body,
            ),
            #[cfg(target_arch = "aarch64")]
            $crate::isa::Kind::Neon($s) => $crate::isa::Isa::enter(
                $s,
                #[inline(always)]
                move || $body,
            ),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            $crate::isa::Kind::Simd128($s) => $crate::isa::Isa::enter(
                $s,
                #[inline(always)]
                move || $body,
            ),
        }
    };
}
pub(crate) use dispatch;

#[cfg(test)]
mod tests;
