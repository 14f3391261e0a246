//! Elementary functions: accuracy, special values, the same bits at every level, place and width; activations, softmax, optimisers.

mod support;

use cognate_kernels::{Func, Level, MatMut, MatRef, Real, map, softmax_rows};
use support::{Numbers, dd, gamma};

const ALL: [Func; 7] = [
    Func::Exp,
    Func::Ln,
    Func::Ln1p,
    Func::Tanh,
    Func::Logistic,
    Func::Softplus,
    Func::Erf,
];

/// The table of the module's documentation: largest error in ULP, f32 and f64.
fn promised(f: Func) -> (f64, f64) {
    match f {
        Func::Exp => (1.0, 1.0),
        Func::Ln => (1.0, 1.0),
        Func::Ln1p => (1.5, 1.5),
        Func::Tanh => (2.5, 2.5),
        Func::Logistic => (2.5, 2.5),
        Func::Softplus => (2.0, 2.0),
        Func::Erf => (2.0, 2.0),
    }
}

fn scalar<T: Real>(f: Func, x: T) -> T {
    match f {
        Func::Exp => x.exp(),
        Func::Ln => x.ln(),
        Func::Ln1p => x.ln_1p(),
        Func::Tanh => x.tanh(),
        Func::Logistic => x.logistic(),
        Func::Softplus => x.softplus(),
        Func::Erf => x.erf(),
    }
}

/// The f64 answer, good for judging f32.
fn wide(f: Func, x: f64) -> f64 {
    match f {
        Func::Exp => x.exp(),
        Func::Ln => x.ln(),
        Func::Ln1p => x.ln_1p(),
        Func::Tanh => x.tanh(),
        Func::Logistic => 1.0 / (1.0 + (-x).exp()),
        Func::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Func::Erf => libm::erf(x),
    }
}

fn exact(f: Func, x: f64) -> dd::Scaled {
    match f {
        Func::Exp => dd::exp(x),
        Func::Ln => dd::ln(x),
        Func::Ln1p => dd::ln_1p(x),
        Func::Tanh => dd::tanh(x),
        Func::Logistic => dd::logistic(x),
        Func::Softplus => dd::softplus(x),
        Func::Erf => dd::erf(x),
    }
}

/// Where the answer is neither NaN nor infinite by definition.
fn in_domain(f: Func, x: f64) -> bool {
    x.is_finite()
        && match f {
            Func::Ln => x > 0.0,
            Func::Ln1p => x > -1.0,
            _ => true,
        }
}

/// How far `got` is off `want`, in units in the last place of an f32.
fn ulps_f32(got: f32, want: f64) -> f64 {
    let last = f64::powi(
        2.0,
        (want.abs().max(f64::from(f32::MIN_POSITIVE)).to_bits() >> 52) as i32 - 1023 - 23,
    );
    let over = f64::from(f32::MAX) + f64::powi(2.0, 103);
    if got.is_infinite() {
        return if want >= over { 0.0 } else { f64::INFINITY };
    }
    (f64::from(got) - want).abs() / last
}

/// The worst of `f` over f32 numbers whose bits are `start`, `start + stride`, ..
fn worst_f32(level: Level, f: Func, stride: usize) -> (f64, f32) {
    let (mut worst, mut at, mut tried) = (0.0, 0.0, 0);
    let mut next = 0_u64;
    while next < 1 << 32 {
        let x: Vec<f32> = (0..4096)
            .map(|i| next + i * stride as u64)
            .filter(|&bits| bits < 1 << 32)
            .map(|bits| f32::from_bits(bits as u32))
            .filter(|&x| in_domain(f, f64::from(x)))
            .collect();
        next += 4096 * stride as u64;
        let mut y = x.clone();
        map(level, f, &mut y);
        for (&x, &y) in x.iter().zip(&y) {
            let off = ulps_f32(y, wide(f, f64::from(x)));
            // NaN is worse than anything.
            if off > worst || off.is_nan() {
                (worst, at) = (off, x);
            }
        }
        tried += x.len();
    }
    assert!(tried > 0);
    (worst, at)
}

#[test]
fn f32_functions_are_as_accurate_as_promised() {
    let level = support::levels()[0];
    for f in ALL {
        let (worst, at) = worst_f32(level, f, 4099);
        println!("{f:?} f32: {worst:.3} ULP at {at:e}");
        assert!(worst <= promised(f).0, "{f:?} f32: {worst} ULP at {at:e}");
    }
}

/// Arguments over the whole line: uniform where the function moves, and of every magnitude.
fn arguments(f: Func, n: usize) -> Vec<f64> {
    let mut numbers = Numbers(7);
    let reach = match f {
        Func::Exp => 750.0,
        Func::Logistic | Func::Softplus => 760.0,
        Func::Tanh => 25.0,
        Func::Erf => 7.0,
        Func::Ln | Func::Ln1p => 10.0,
    };
    let mut x = Vec::new();
    for _ in 0..n {
        x.push(numbers.uniform(-reach, reach));
        x.push(numbers.uniform(-2.0, 2.0));
        x.push(1.0 + numbers.uniform(-0.5, 0.5).powi(3));
        x.push(f64::from_bits(numbers.bits()));
    }
    x.retain(|&x| in_domain(f, x));
    x
}

#[test]
fn f64_functions_are_as_accurate_as_promised() {
    let level = support::levels()[0];
    for f in ALL {
        let x = arguments(f, 3000);
        let mut y = x.clone();
        map(level, f, &mut y);
        let (mut worst, mut at) = (0.0, 0.0);
        for (&x, &y) in x.iter().zip(&y) {
            let off = exact(f, x).ulps(y);
            if off > worst || off.is_nan() {
                (worst, at) = (off, x);
            }
        }
        println!("{f:?} f64: {worst:.3} ULP at {at:e} of {}", x.len());
        assert!(worst <= promised(f).1, "{f:?} f64: {worst} ULP at {at:e}");
    }
}

/// Numbers where functions change their mind: ends, signs of 0, subnormal ones, NaN.
fn special<T: Real>() -> Vec<T> {
    let plain = [
        0.0, 1.0, 0.5, 2.0, 1e-30, 0.346, 0.415, 9.01, 10.0, 19.06, 20.0, 88.7, 103.9, 709.7, 745.1,
    ];
    let mut all: Vec<T> = plain.iter().map(|&x| T::from_f64(x)).collect();
    let tiny = T::MIN_POSITIVE * T::EPSILON;
    all.extend([T::MAX, T::MIN_POSITIVE, tiny, T::INFINITY, T::EPSILON]);
    let negative: Vec<T> = all.iter().map(|&x| -x).collect();
    all.extend(negative);
    all.push(T::NAN);
    all
}

/// At every level, at every length and place: the bits of the scalar method.
fn same_bits<T: Real>() {
    let mut numbers = Numbers(3);
    let mut x: Vec<T> = special();
    x.extend((0..200).map(|_| T::from_f64(numbers.uniform(-8.0, 8.0))));
    let mut tried = 0;
    for f in ALL {
        let want: Vec<T> = x.iter().map(|&x| scalar(f, x)).collect();
        for level in support::levels() {
            for n in 0..=200 {
                for start in [0, 1, 3, x.len() - n] {
                    let mut y = x.clone();
                    map(level, f, &mut y[start..start + n]);
                    let what = format!("{f:?} {} {} at {start} of {n}", T::NAME, level.name());
                    support::assert_bits(&y[start..start + n], &want[start..start + n], &what);
                    support::assert_bits(&y[..start], &x[..start], &what);
                    support::assert_bits(&y[start + n..], &x[start + n..], &what);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= 7 * 201 * 4);
}

#[test]
fn functions_have_the_same_bits_at_every_level_and_place() {
    same_bits::<f32>();
    same_bits::<f64>();
}

/// `f(x) = y`, to the bit.
fn special_values<T: Real>() {
    let (zero, one, inf) = (T::ZERO, T::ONE, T::INFINITY);
    let ln2 = T::from_f64(std::f64::consts::LN_2);
    let cases = [
        (Func::Exp, zero, one),
        (Func::Exp, -zero, one),
        (Func::Exp, -inf, zero),
        (Func::Exp, inf, inf),
        (Func::Exp, T::from_f64(1e30), inf),
        (Func::Exp, T::from_f64(-1e30), zero),
        (Func::Ln, one, zero),
        (Func::Ln, zero, -inf),
        (Func::Ln, -zero, -inf),
        (Func::Ln, -one, T::NAN),
        (Func::Ln, -inf, T::NAN),
        (Func::Ln, inf, inf),
        (Func::Ln1p, zero, zero),
        (Func::Ln1p, -zero, -zero),
        (Func::Ln1p, -one, -inf),
        (Func::Ln1p, -one - one, T::NAN),
        (Func::Ln1p, -inf, T::NAN),
        (Func::Ln1p, inf, inf),
        (Func::Ln1p, T::MIN_POSITIVE, T::MIN_POSITIVE),
        (Func::Tanh, zero, zero),
        (Func::Tanh, -zero, -zero),
        (Func::Tanh, inf, one),
        (Func::Tanh, -inf, -one),
        (Func::Tanh, T::MIN_POSITIVE, T::MIN_POSITIVE),
        (Func::Logistic, zero, T::from_f64(0.5)),
        (Func::Logistic, inf, one),
        (Func::Logistic, -inf, zero),
        (Func::Softplus, zero, ln2),
        (Func::Softplus, inf, inf),
        (Func::Softplus, -inf, zero),
        (Func::Softplus, T::MAX, T::MAX),
        (Func::Erf, zero, zero),
        (Func::Erf, -zero, -zero),
        (Func::Erf, inf, one),
        (Func::Erf, -inf, -one),
    ];
    for (f, x, want) in cases {
        let got = scalar(f, x);
        assert_eq!(
            support::bits(got),
            support::bits(want),
            "{f:?}({x:?}) = {got:?}"
        );
    }
    for f in ALL {
        assert!(support::is_nan(scalar(f, T::NAN)), "{f:?}(NaN)");
    }
}

#[test]
fn special_values_are_right() {
    special_values::<f32>();
    special_values::<f64>();
}

/// tanh and erf are odd, and they and logistic stay inside their range, ends included.
#[test]
fn bounded_functions_stay_bounded() {
    let mut numbers = Numbers(11);
    for _ in 0..100_000 {
        let x = numbers.uniform(-30.0, 30.0) as f32;
        assert!(Real::tanh(x).abs() <= 1.0 && Real::erf(x).abs() <= 1.0);
        assert!((0.0..=1.0).contains(&Real::logistic(x)));
        assert_eq!(support::bits(Real::tanh(-x)), support::bits(-Real::tanh(x)));
        assert_eq!(support::bits(Real::erf(-x)), support::bits(-Real::erf(x)));
        // Both rounded to nearest: no more than a unit in the last place of 1 off.
        assert!((Real::logistic(x) + Real::logistic(-x) - 1.0).abs() <= 2.0 * f32::EPSILON);
    }
}

/// The places where a matrix may lie: dense, rows apart, transposed, elements apart.
const STRIDES: [(usize, usize); 4] = [(0, 1), (5, 1), (1, 0), (3, 2)];

/// A `rows x cols` view whose strides are the plain ones plus a gap; `flip` swaps the dimensions' places.
fn strides(rows: usize, cols: usize, (gap, step): (usize, usize)) -> (usize, usize) {
    match (gap, step) {
        (gap, 1) => (cols + gap, 1),
        (_, 0) => (1, rows),
        (gap, step) => (cols * step + gap, step),
    }
}

fn softmax<T: Real>() {
    let mut numbers = Numbers(4);
    for level in support::levels() {
        for cols in (1..=40).chain([64, 65, 100, 200]) {
            for rows in [1, 2, 7, 8, 16, 19, 33] {
                for place in STRIDES {
                    let (rs, cs) = strides(rows, cols, place);
                    let len = (rows - 1) * rs + (cols - 1) * cs + 1;
                    let data: Vec<T> = (0..len)
                        .map(|_| T::from_f64(numbers.uniform(-9.0, 9.0)))
                        .collect();
                    let z = MatRef::with_strides(&data, rows, cols, rs, cs).unwrap();
                    let mut out = vec![T::from_f64(7.0); len];
                    let mut lse = vec![T::ZERO; rows];
                    let p = MatMut::with_strides(&mut out, rows, cols, rs, cs).unwrap();
                    softmax_rows(level, z, p, &mut lse);
                    check_softmax(
                        level,
                        z,
                        MatRef::with_strides(&out, rows, cols, rs, cs).unwrap(),
                        &lse,
                    );
                    let mut rest = out;
                    for i in 0..rows {
                        (0..cols).for_each(|j| rest[i * rs + j * cs] = T::from_f64(7.0));
                    }
                    assert!(rest.iter().all(|&v| v == T::from_f64(7.0)), "wrote outside");
                }
            }
        }
    }
}

/// Against f64; and each row alone at the scalar level, bit by bit.
fn check_softmax<T: Real>(level: Level, z: MatRef<T>, p: MatRef<T>, lse: &[T]) {
    let (rows, cols) = (z.rows(), z.cols());
    for i in 0..rows {
        let row: Vec<f64> = (0..cols).map(|j| z.at(i, j).to_f64()).collect();
        let top = row.iter().fold(f64::NEG_INFINITY, |m, &v| m.max(v));
        let total: f64 = row.iter().map(|v| (v - top).exp()).sum();
        let want = top + total.ln();
        // Roundings: exp 2, a lane's chain and the folds, reciprocal and product 2; and the reference's own.
        let bound = gamma::<T>(12 + cols / 32) + gamma::<f64>(cols + 4);
        let mut sum = 0.0;
        for (j, v) in row.iter().enumerate() {
            // z - top is off by half a unit of itself, which e^.. turns into a relative error.
            let exact = (v - top).exp() / total;
            let relative = bound + (top - v) * (gamma::<T>(1) + gamma::<f64>(1));
            let off = (p.at(i, j).to_f64() - exact).abs();
            assert!(off <= relative * exact, "{} {cols}: {off}", level.name());
            sum += p.at(i, j).to_f64();
        }
        assert!((sum - 1.0).abs() <= bound, "row sums to {sum}");
        assert!((lse[i].to_f64() - want).abs() <= bound * (2.0 + want.abs()));

        let alone: Vec<T> = (0..cols).map(|j| z.at(i, j)).collect();
        let (mut q, mut one) = (vec![T::ZERO; cols], [T::ZERO]);
        let (z, q_view) = (
            MatRef::new(&alone, 1, cols).unwrap(),
            MatMut::new(&mut q, 1, cols).unwrap(),
        );
        softmax_rows(Level::scalar(), z, q_view, &mut one);
        let got: Vec<T> = (0..cols).map(|j| p.at(i, j)).collect();
        support::assert_bits(&got, &q, "a row alone");
        support::assert_bits(&[lse[i]], &one, "its sum alone");
    }
}

#[test]
fn softmax_rows_sum_to_one_and_do_not_see_their_neighbours() {
    softmax::<f32>();
    softmax::<f64>();
}
