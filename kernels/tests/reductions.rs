//! Reductions: within their bound of an f64 reference, the defined order to the bit, the same at every level, length and place.

mod support;

use cognate_kernels::{
    MatRef, Real, axpy, col_sums, dot, max_abs, scale, sum, sum_f64, sum_squares,
};
use support::{Numbers, gamma};

/// Lanes of a sum, as documented.
fn lanes<T>() -> usize {
    256 / size_of::<T>()
}

/// The documented order, by one-number steps: `a b + c` chains a lane, lanes folded by halves.
fn ordered_dot(x: &[f64], y: &[f64], fma: impl Fn(f64, f64, f64) -> f64) -> f64 {
    let mut acc = vec![0.0; lanes::<f64>()];
    for i in 0..x.len() {
        let lane = &mut acc[i % lanes::<f64>()];
        *lane = fma(x[i], y[i], *lane);
    }
    while acc.len() > 1 {
        let half = acc.len() / 2;
        acc = (0..half).map(|l| acc[l] + acc[l + half]).collect();
    }
    acc[0]
}

#[test]
fn dots_follow_the_documented_order() {
    let mut numbers = Numbers(5);
    let (x, y) = (numbers.vec::<f64>(1000), numbers.vec::<f64>(1000));
    for level in support::levels() {
        for n in (0..200).chain([999, 1000]) {
            let fma = support::multiply_add(level, f64::mul_add);
            let (got, want) = (
                dot(level, &x[..n], &y[..n]),
                ordered_dot(&x[..n], &y[..n], fma),
            );
            assert_eq!(got.to_bits(), want.to_bits(), "{} {n}", level.name());
        }
    }
}

/// Every reduction of `n` numbers, against f64 and against the first level's bits.
fn within_bounds<T: Real>() {
    let mut numbers = Numbers(1);
    let levels = support::levels();
    for n in (0..=200).chain([1000, 4097]) {
        for start in 0..3 {
            let (x, y) = (numbers.vec::<T>(n + start), numbers.vec::<T>(n + start));
            let (x, y) = (&x[start..], &y[start..]);
            let wide: Vec<f64> = x.iter().map(|v| v.to_f64()).collect();
            let products = x.iter().zip(y).map(|(a, b)| a.to_f64() * b.to_f64());
            // One rounding a term in a lane, one a fold.
            let steps = n.div_ceil(lanes::<T>()) + lanes::<T>().ilog2() as usize;
            let bound = |sizes: f64| gamma::<T>(steps) * sizes + gamma::<f64>(n) * sizes;
            let mut first: Option<[T; 4]> = None;
            for &level in &levels {
                let got = [
                    dot(level, x, y),
                    sum(level, x),
                    sum_squares(level, x),
                    max_abs(level, x),
                ];
                let close = |got: T, want: f64, sizes: f64| {
                    assert!(
                        (got.to_f64() - want).abs() <= bound(sizes),
                        "{} {} of {n}: {got} for {want}",
                        T::NAME,
                        level.name()
                    );
                };
                close(
                    got[0],
                    products.clone().sum(),
                    products.clone().map(f64::abs).sum(),
                );
                close(
                    got[1],
                    wide.iter().sum(),
                    wide.iter().map(|v| v.abs()).sum(),
                );
                let squares: f64 = wide.iter().map(|v| v * v).sum();
                close(got[2], squares, squares);
                assert_eq!(
                    got[3].to_f64(),
                    wide.iter().fold(0.0, |m, v| m.max(v.abs()))
                );
                let off = (sum_f64(level, x) - wide.iter().sum::<f64>()).abs();
                assert!(off <= gamma::<f64>(2 * n) * wide.iter().map(|v| v.abs()).sum::<f64>());
                support::assert_bits(&got, first.get_or_insert(got), level.name());
            }
        }
    }
}

#[test]
fn reductions_stay_within_their_bounds_and_agree() {
    within_bounds::<f32>();
    within_bounds::<f64>();
}

/// `y + a x` in one rounding where the hardware can, and `a x`; column sums in a chain over the rows; all against plain loops, bit by bit.
fn vectors<T: Real>(fused: fn(T, T, T) -> T) {
    let mut numbers = Numbers(2);
    for level in support::levels() {
        let fma = support::multiply_add(level, fused);
        for n in 0..=200 {
            let (x, y) = (numbers.vec::<T>(n), numbers.vec::<T>(n));
            let a = T::from_f64(-1.7);
            let (mut sum, mut product) = (y.clone(), x.clone());
            axpy(level, a, &x, &mut sum);
            scale(level, a, &mut product);
            let want: Vec<T> = (0..n).map(|i| fma(a, x[i], y[i])).collect();
            support::assert_bits(&sum, &want, "axpy");
            let want: Vec<T> = x.iter().map(|&x| a * x).collect();
            support::assert_bits(&product, &want, "scale");
        }
        for (rows, cols) in [
            (0, 3),
            (1, 1),
            (5, 200),
            (7, 16),
            (3, 33),
            (40, 10),
            (2, 77),
        ] {
            let data = numbers.vec::<T>(rows * cols + 3);
            let old = numbers.vec::<T>(cols);
            let plain = MatRef::new(&data, rows, cols).unwrap();
            let turned = MatRef::new(&data, cols, rows).unwrap().t();
            for (x, beta) in [
                (plain, T::ZERO),
                (plain, T::ONE),
                (turned, T::from_f64(0.3)),
            ] {
                let mut out = if beta == T::ZERO {
                    vec![T::NAN; cols]
                } else {
                    old.clone()
                };
                col_sums(level, x, beta, &mut out);
                let want: Vec<T> = (0..cols)
                    .map(|j| {
                        let start = if beta == T::ZERO { beta } else { beta * old[j] };
                        (0..rows).fold(start, |acc, i| acc + x.at(i, j))
                    })
                    .collect();
                support::assert_bits(&out, &want, &format!("col_sums {rows} x {cols}"));
            }
        }
    }
}

#[test]
fn vector_operations_round_once() {
    vectors::<f32>(f32::mul_add);
    vectors::<f64>(f64::mul_add);
}

fn awkward<T: Real>() {
    for level in support::levels() {
        for n in 1..100 {
            for at in [0, n / 2, n - 1] {
                let mut x = vec![T::ONE; n];
                x[at] = T::NAN;
                assert!(support::is_nan(max_abs(level, &x)), "NaN at {at} of {n}");
                assert!(support::is_nan(sum(level, &x)));
                x[at] = -T::INFINITY;
                assert_eq!(max_abs(level, &x), T::INFINITY);
                assert_eq!(sum(level, &x), -T::INFINITY);
            }
            let zeros = vec![-T::ZERO; n];
            for zero in [sum(level, &zeros), max_abs(level, &zeros)] {
                assert_eq!(support::bits(zero), support::bits(T::ZERO));
            }
            // Products that vanish from below: a sum is never -0, whatever the register width.
            let tiny = vec![T::MIN_POSITIVE; n];
            let minus: Vec<T> = tiny.iter().map(|&x| -x).collect();
            let zero = dot(level, &tiny, &minus);
            assert_eq!(support::bits(zero), support::bits(T::ZERO));
        }
    }
}

#[test]
fn nan_infinity_and_the_sign_of_zero() {
    awkward::<f32>();
    awkward::<f64>();
}

/// A million f32 losses: lanes of f64 lose nothing that f32 could show.
#[test]
fn losses_are_totalled_in_f64() {
    let x = vec![0.1_f32; 1_000_001];
    let want = f64::from(0.1_f32) * 1_000_001.0;
    for level in support::levels() {
        assert!((sum_f64(level, &x) - want).abs() <= gamma::<f64>(31_260) * want);
    }
}
