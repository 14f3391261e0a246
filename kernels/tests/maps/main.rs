//! Maps: activations and their derivatives, products, the logistic pair and the optimisers' steps, each against a reference that knows
//! nothing of the kernels, within a bound from the roundings; around every register width; with NaN, infinities, subnormal numbers and
//! zeros of both signs; and in strided matrices the bits of dense ones.

#[path = "../support/mod.rs"]
mod support;

mod activations;
mod losses;
mod optimisers;
mod places;
mod products;

use cognate_kernels::Real;
use support::{Numbers, gamma, is_nan};

/// Lengths around the registers of 4, 8 and 16 lanes.
const LENGTHS: [usize; 14] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 70];

/// Zeros, subnormal numbers, ends of ranges, infinities, NaN.
fn specials<T: Real>() -> Vec<T> {
    let subnormal = T::MIN_POSITIVE * T::from_f64(0.25);
    let mut all = vec![T::ZERO, T::ONE, subnormal, T::MIN_POSITIVE, T::EPSILON];
    all.extend([T::from_f64(7.5), T::from_f64(40.0), T::MAX, T::INFINITY]);
    all.extend(all.clone().iter().map(|&x| -x));
    all.push(T::NAN);
    all
}

/// `n` numbers between -6 and 6; where `wild`, every third is a special one.
fn numbers<T: Real>(numbers: &mut Numbers, n: usize, wild: bool) -> Vec<T> {
    let special = specials::<T>();
    let number = |i| match wild && i % 3 == 0 {
        true => special[numbers.bits() as usize % special.len()],
        false => T::from_f64(numbers.uniform(-6.0, 6.0)),
    };
    (0..n).map(number).collect()
}

/// `n` roundings of a number of this size, and what rounding to subnormal numbers adds.
fn rounded<T: Real>(n: usize, size: f64) -> f64 {
    gamma::<T>(n) * size + n as f64 * (T::MIN_POSITIVE * T::EPSILON).to_f64()
}

/// Holds a result to the exact one. Where that is NaN or beyond the largest number, so must the result be.
#[track_caller]
fn judge<T: Real>(got: T, exact: f64, bound: f64, what: &str) {
    if exact.is_nan() {
        assert!(is_nan(got), "{what}: {got} for NaN");
    } else if exact.abs() > T::MAX.to_f64() {
        let infinity = T::INFINITY.to_f64().copysign(exact);
        assert_eq!(got.to_f64(), infinity, "{what}: for {exact:e}");
    } else {
        let off = (got.to_f64() - exact).abs();
        assert!(
            off <= bound,
            "{what}: {got:e} for {exact:e}, off by {off:e} of {bound:e}",
            got = got.to_f64()
        );
    }
}
