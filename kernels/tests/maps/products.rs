//! Products by elements and by rows, and the logistic pair.

use cognate_kernels::{MatMut, MatRef, Real, mul, scale_rows, softplus_logistic};

use crate::support::{Numbers, assert_bits, bits, dd, levels};
use crate::{LENGTHS, judge, numbers};

/// A product rounds once, like the processor's own: the same bits, special numbers too.
fn products<T: Real>() {
    let mut stream = Numbers(22);
    for level in levels() {
        for n in LENGTHS {
            let (x, y) = (
                numbers::<T>(&mut stream, n, true),
                numbers::<T>(&mut stream, n, true),
            );
            let mut product = y.clone();
            mul(
                level,
                MatRef::new(&x, 1, n).unwrap(),
                MatMut::new(&mut product, 1, n).unwrap(),
            );
            let want: Vec<T> = x.iter().zip(&y).map(|(&x, &y)| x * y).collect();
            assert_bits(&product, &want, "mul");
            for rows in [1, 3, 9] {
                let weights = numbers::<T>(&mut stream, rows, true);
                let x = numbers::<T>(&mut stream, rows * n, true);
                let mut scaled = x.clone();
                scale_rows(level, &weights, MatMut::new(&mut scaled, rows, n).unwrap());
                let of = |e: usize| weights[e / n] * x[e];
                let want: Vec<T> = (0..rows * n).map(of).collect();
                assert_bits(&scaled, &want, "scale_rows");
            }
        }
    }
}

#[test]
fn products_round_once() {
    products::<f32>();
    products::<f64>();
}

/// The pair: to the bit the two functions, whose units in the last place are 2 and 2.5.
fn logistic_pair<T: Real>() {
    let mut stream = Numbers(23);
    for level in levels() {
        for n in LENGTHS {
            let z = numbers::<T>(&mut stream, n, true);
            let (mut softplus, mut logistic) = (vec![T::NAN; n], vec![T::NAN; n]);
            softplus_logistic(level, &z, &mut softplus, &mut logistic);
            for i in 0..n {
                let what = format!("of {} at {}", z[i], level.name());
                assert_eq!(bits(softplus[i]), bits(z[i].softplus()), "softplus {what}");
                assert_eq!(bits(logistic[i]), bits(z[i].logistic()), "logistic {what}");
                if z[i].is_finite() {
                    near(softplus[i], dd::softplus(z[i].to_f64()), 2.0, &what);
                    near(logistic[i], dd::logistic(z[i].to_f64()), 2.5, &what);
                }
            }
        }
    }
}

/// Within `ulps` units in the last place of the exact number, or of the smallest normal one.
fn near<T: Real>(got: T, exact: dd::Scaled, ulps: f64, what: &str) {
    let exact = exact.value();
    let size = exact.abs().max(T::MIN_POSITIVE.to_f64());
    judge(got, exact, ulps * T::EPSILON.to_f64() * size, what);
}

#[test]
fn the_logistic_pair_is_its_two_functions() {
    logistic_pair::<f32>();
    logistic_pair::<f64>();
}
