//! Activations, their derivatives, and the derivatives' derivative along a direction.

use cognate_kernels::{Activation, Level, MatMut, MatRef, Real, activate, derive, derive_twice};

use crate::support::{Numbers, assert_bits, dd, levels};
use crate::{LENGTHS, judge, numbers, rounded};

pub const ALL: [Activation; 5] = [
    Activation::Identity,
    Activation::Relu,
    Activation::Tanh,
    Activation::Logistic,
    Activation::Gelu,
];

/// A number and how far off it may be.
#[derive(Clone, Copy)]
struct Near {
    exact: f64,
    bound: f64,
}

fn near(exact: f64, bound: f64) -> Near {
    Near { exact, bound }
}

/// Error of the normal distribution function, in epsilons: half of erf's two units in the last place of numbers below 1, a quarter by
/// the roundings of its argument z / sqrt 2 (`a erf'(a) / 2 < 0.25`), an exponential's and two sums' beside.
const NORMAL: f64 = 2.5;

/// Value, first and second derivative at `z`, from the output that is `y` in memory where that is what the kernels take them from.
fn exact<T: Real>(activation: Activation, z: f64, y: f64) -> [Near; 3] {
    let e = T::EPSILON.to_f64();
    match activation {
        Activation::Identity => [near(z, 0.0), near(1.0, 0.0), near(0.0, 0.0)],
        Activation::Relu => {
            let value = if z < 0.0 { 0.0 } else { z };
            [
                near(value, 0.0),
                near(f64::from(y > 0.0), 0.0),
                near(0.0, 0.0),
            ]
        }
        // Units in the last place as the functions promise; the derivatives are polynomials of y.
        Activation::Tanh => {
            let (value, d) = (dd::tanh(z).value(), 1.0 - y * y);
            let second = rounded::<T>(3, 2.0 * y.abs() * (1.0 + y * y));
            [
                near(value, rounded::<T>(1, 5.0 * value.abs())),
                near(d, rounded::<T>(2, 1.0 + y * y)),
                near(-2.0 * y * d, second),
            ]
        }
        Activation::Logistic => {
            let (value, d) = (dd::logistic(z).value(), y * (1.0 - y));
            [
                near(value, rounded::<T>(1, 5.0 * value)),
                near(d, rounded::<T>(2, d)),
                near(d * (1.0 - 2.0 * y), rounded::<T>(5, d)),
            ]
        }
        Activation::Gelu => {
            let (phi, density) = dd::normal(z);
            let (phi, density) = (phi.hi, density.hi);
            let (size, square) = (z.abs().min(T::MAX.to_f64()), (z * z).min(1e8));
            // z^2 rounds once: e^(-z^2/2) is off by z^2/2 of that, relatively.
            let off = e * density * (0.5 * square + 3.0);
            let value = if phi == 0.0 { 0.0 } else { z * phi };
            let first = if density == 0.0 {
                phi
            } else {
                phi + z * density
            };
            let curve = if density == 0.0 {
                0.0
            } else {
                (2.0 - z * z) * density
            };
            let second = (2.0 + square) * (off + e * density);
            [
                near(value, NORMAL * e * size + rounded::<T>(1, value.abs())),
                near(
                    first,
                    NORMAL * e
                        + size.min(1e4) * off
                        + rounded::<T>(2, 1.0 + size.min(1e4) * density),
                ),
                near(curve, second + rounded::<T>(2, 0.0)),
            ]
        }
    }
}

/// One activation on `n` numbers.
fn check<T: Real>(level: Level, activation: Activation, z: &[T], stream: &mut Numbers) {
    let n = z.len();
    let (dy, rz, rdy) = (stream.vec::<T>(n), stream.vec::<T>(n), stream.vec::<T>(n));
    let row = |x| MatRef::new(x, 1, n).unwrap();
    let (mut y, mut dz, mut rdz) = (vec![T::NAN; n], vec![T::NAN; n], rdy.clone());
    activate(
        level,
        activation,
        row(z),
        MatMut::new(&mut y, 1, n).unwrap(),
    );
    let at = if activation.needs_input() { z } else { &y };
    derive(
        level,
        activation,
        row(at),
        row(&dy),
        MatMut::new(&mut dz, 1, n).unwrap(),
    );
    let into = MatMut::new(&mut rdz, 1, n).unwrap();
    derive_twice(level, activation, row(at), row(&rz), row(&dy), into);
    for i in 0..n {
        let what = format!("{activation:?} of {} {} at {}", z[i], T::NAME, level.name());
        let alone = [
            activation.value(z[i]),
            activation.derivatives(at[i]).0 * dy[i],
        ];
        assert_bits(&[y[i], dz[i]], &alone, &what);
        let (z, dy, rz, rdy) = (
            z[i].to_f64(),
            dy[i].to_f64(),
            rz[i].to_f64(),
            rdy[i].to_f64(),
        );
        let [value, first, second] = exact::<T>(activation, z, y[i].to_f64());
        judge(y[i], value.exact, value.bound, &what);
        let product = first.exact * dy;
        let bound = first.bound * dy.abs() + rounded::<T>(2, product.abs());
        judge(dz[i], product, bound, &format!("first derivative, {what}"));
        let (bend, keep) = (second.exact * rz * dy, first.exact * rdy);
        let bound = second.bound * (rz * dy).abs() + first.bound * rdy.abs();
        let bound = bound + rounded::<T>(4, bend.abs() + keep.abs());
        judge(
            rdz[i],
            bend + keep,
            bound,
            &format!("second derivative, {what}"),
        );
    }
}

fn check_all<T: Real>() {
    let (mut stream, mut tried) = (Numbers(21), 0);
    for level in levels() {
        for activation in ALL {
            for n in LENGTHS {
                for wild in [false, true] {
                    let mut z = numbers::<T>(&mut stream, n, wild);
                    // Derivatives at infinity and of NaN are the next test's.
                    z.iter_mut()
                        .filter(|z| !z.is_finite())
                        .for_each(|z| *z = T::ONE);
                    check(level, activation, &z, &mut stream);
                    tried += n;
                }
            }
        }
    }
    assert!(tried >= ALL.len() * 2 * LENGTHS.iter().sum::<usize>());
}

#[test]
fn values_and_derivatives_are_within_their_bounds() {
    check_all::<f32>();
    check_all::<f64>();
}

fn ends<T: Real>() {
    let (zero, one, inf) = (T::ZERO, T::ONE, T::INFINITY);
    for level in levels() {
        for (activation, at, want) in [
            (Activation::Identity, -inf, -inf),
            (Activation::Relu, -inf, zero),
            (Activation::Relu, inf, inf),
            (Activation::Tanh, -inf, -one),
            (Activation::Tanh, inf, one),
            (Activation::Logistic, -inf, zero),
            (Activation::Logistic, inf, one),
            (Activation::Gelu, inf, inf),
        ] {
            check_end(level, activation, at, want);
        }
        check_end(level, Activation::Gelu, -inf, zero);
        for activation in ALL {
            check_end(level, activation, T::NAN, T::NAN);
        }
    }
}

/// The value at `z`, in every lane; the derivatives are those of a constant or of a line, NaN at NaN.
fn check_end<T: Real>(level: Level, activation: Activation, z: T, want: T) {
    let n = 19;
    let (z, dy) = (vec![z; n], vec![T::ONE; n]);
    let (mut y, mut dz) = (vec![T::ZERO; n], vec![T::ZERO; n]);
    let row = |x| MatRef::new(x, 1, n).unwrap();
    activate(
        level,
        activation,
        row(&z),
        MatMut::new(&mut y, 1, n).unwrap(),
    );
    let at = if activation.needs_input() { &z } else { &y };
    derive(
        level,
        activation,
        row(at),
        row(&dy),
        MatMut::new(&mut dz, 1, n).unwrap(),
    );
    let slope = match activation {
        Activation::Identity => 1.0,
        Activation::Relu => f64::from(z[0] > T::ZERO),
        Activation::Gelu if z[0].is_finite() || z[0] > T::ZERO => 1.0,
        _ => 0.0,
    };
    for i in 0..n {
        let what = format!("{activation:?} of {} at {}", z[i], level.name());
        judge(y[i], want.to_f64(), 0.0, &what);
        let nan = z[i].to_f64().is_nan()
            && !matches!(activation, Activation::Identity | Activation::Relu);
        judge(
            dz[i],
            if nan { f64::NAN } else { slope },
            0.0,
            &format!("slope, {what}"),
        );
    }
}

#[test]
fn infinities_and_nan_are_answered_as_limits() {
    ends::<f32>();
    ends::<f64>();
}
