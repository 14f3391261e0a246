use std::vec::Vec;

use super::model::{Element, Model};
use super::{Simd, fold};
use crate::Real;

/// The numbers that every method is tried on, in all pairs.
fn numbers<T: Real>() -> Vec<T> {
    let plain = [0.0, -0.0, 1.0, -1.5, 2.75, 1e-3, -7.0, 123_456.7, 0.1, -3.3];
    let mut all: Vec<T> = plain.iter().map(|&x| T::from_f64(x)).collect();
    all.extend([T::MAX, T::MIN_POSITIVE, T::INFINITY, -T::INFINITY, T::NAN]);
    all.push(T::MIN_POSITIVE * T::from_f64(0.25));
    all
}

/// A register's lanes.
fn lanes<T: Real, S: Simd<T>>(s: S, v: S::V) -> Vec<T> {
    let mut out = std::vec![T::ZERO; S::LANES];
    // SAFETY: LANES numbers.
    unsafe { s.store(out.as_mut_ptr(), v) };
    out
}

/// Bits, with every NaN the same.
fn bits<T: Real>(x: T) -> (u64, bool) {
    let wide = x.to_f64();
    if wide.is_nan() {
        (0, true)
    } else {
        (wide.to_bits(), false)
    }
}

#[track_caller]
fn assert_lanes<T: Real>(name: &str, got: &[T], want: impl Fn(usize) -> T) {
    for (l, &g) in got.iter().enumerate() {
        assert_eq!(
            bits(g),
            bits(want(l)),
            "{name}, lane {l}: {g} for {}",
            want(l)
        );
    }
}

/// Every method against the model of one lane.
fn arithmetic<T: Element, S: Simd<T>>(s: S, one: impl Simd<T, V = [T; 1], Mask = [bool; 1]>) {
    let (numbers, n) = (numbers::<T>(), numbers::<T>().len());
    let mut tried = 0;
    for shift in 0..n {
        for start in 0..n {
            let a: Vec<T> = (0..S::LANES).map(|l| numbers[(start + l) % n]).collect();
            let b: Vec<T> = (0..S::LANES)
                .map(|l| numbers[(start + shift + l) % n])
                .collect();
            // SAFETY: LANES numbers each.
            let (va, vb) = unsafe { (s.load(a.as_ptr()), s.load(b.as_ptr())) };
            let (x, y) = (|l: usize| [a[l]], |l: usize| [b[l]]);
            assert_lanes("add", &lanes(s, s.add(va, vb)), |l| one.add(x(l), y(l))[0]);
            assert_lanes("sub", &lanes(s, s.sub(va, vb)), |l| one.sub(x(l), y(l))[0]);
            assert_lanes("mul", &lanes(s, s.mul(va, vb)), |l| one.mul(x(l), y(l))[0]);
            assert_lanes("div", &lanes(s, s.div(va, vb)), |l| one.div(x(l), y(l))[0]);
            assert_lanes("min", &lanes(s, s.min(va, vb)), |l| one.min(x(l), y(l))[0]);
            assert_lanes("max", &lanes(s, s.max(va, vb)), |l| one.max(x(l), y(l))[0]);
            assert_lanes("fma", &lanes(s, s.fma(va, vb, va)), |l| {
                one.fma(x(l), y(l), x(l))[0]
            });
            assert_lanes("copysign", &lanes(s, s.copysign(va, vb)), |l| {
                one.copysign(x(l), y(l))[0]
            });
            let (yes, no) = (s.splat(T::ONE), s.splat(T::ZERO));
            let truth = |t: bool| if t { T::ONE } else { T::ZERO };
            let lt = s.select(s.lt(va, vb), yes, no);
            assert_lanes("lt", &lanes(s, lt), |l| truth(a[l] < b[l]));
            let le = s.select(s.le(va, vb), yes, no);
            assert_lanes("le", &lanes(s, le), |l| truth(a[l] <= b[l]));
            assert_lanes("sqrt", &lanes(s, s.sqrt(va)), |l| a[l].sqrt());
            assert_lanes("abs", &lanes(s, s.abs(va)), |l| one.abs(x(l))[0]);
            assert_lanes("neg", &lanes(s, s.neg(va)), |l| -a[l]);
            let (e, m) = s.split(va);
            assert_lanes("split e", &lanes(s, e), |l| a[l].split().0);
            assert_lanes("split m", &lanes(s, m), |l| a[l].split().1);
            tried += 1;
        }
    }
    assert!(tried > 0);
}

/// Powers of two, tails, blocks and folds.
fn movement<T: Element, S: Simd<T>>(s: S) {
    let bias = if T::NAME == "f32" { 127 } else { 1023 };
    for n in -bias..=bias + 1 {
        let want = match n {
            n if n == -bias => T::ZERO,
            n if n > bias => T::INFINITY,
            _ => T::from_f64(f64::powi(2.0, n)),
        };
        let got = lanes(s, s.pow2(s.splat(T::from_f64(f64::from(n)))));
        assert_lanes("pow2", &got, |_| want);
    }
    let a: Vec<T> = (1..=S::LANES).map(T::from_usize).collect();
    let b: Vec<T> = a.iter().map(|&x| x * T::from_f64(100.0)).collect();
    for n in 0..=S::LANES {
        // Slices of exactly n numbers: valgrind and the sanitizer watch their ends.
        let (input, mut output) = (a[..n].to_vec(), std::vec![-T::ONE; n + 1]);
        let tail = s.tail(n);
        // SAFETY: n numbers.
        let v = unsafe { s.load_tail(input.as_ptr(), tail) };
        assert_lanes("load_tail", &lanes(s, v), |l| {
            if l < n { a[l] } else { T::ZERO }
        });
        // SAFETY: n numbers.
        unsafe { s.store_tail(output.as_mut_ptr(), v, tail) };
        assert_lanes(
            "store_tail",
            &output,
            |l| if l < n { a[l] } else { -T::ONE },
        );
    }
    // SAFETY: LANES numbers.
    let (va, vb) = unsafe { (s.load(a.as_ptr()), s.load(b.as_ptr())) };
    let blocks = |d: usize, (low, high): (S::V, S::V)| {
        assert_lanes("trn low", &lanes(s, low), |l| {
            if l & d == 0 { a[l] } else { b[l - d] }
        });
        assert_lanes("trn high", &lanes(s, high), |l| {
            if l & d == 0 { a[l + d] } else { b[l] }
        });
    };
    if S::LANES > 8 {
        blocks(8, s.trn::<8>(va, vb));
    }
    if S::LANES > 4 {
        blocks(4, s.trn::<4>(va, vb));
    }
    if S::LANES > 2 {
        blocks(2, s.trn::<2>(va, vb));
    }
    blocks(1, s.trn::<1>(va, vb));
    assert_eq!(s.first(va), T::ONE);
    let total = fold(
        s,
        va,
        #[inline(always)]
        |x, y| s.add(x, y),
    );
    assert_eq!(total, T::from_usize(S::LANES * (S::LANES + 1) / 2));
}

fn check<S: Simd<f32> + Simd<f64>>(s: S) {
    let one = Model::<1>::detect();
    s.enter(|| {
        arithmetic::<f32, S>(s, one);
        arithmetic::<f64, S>(s, one);
        movement::<f32, S>(s);
        movement::<f64, S>(s);
    });
}

#[test]
fn every_method_equals_the_model_of_one_lane() {
    let mut ran = std::vec!["model"];
    check(Model::<4>::detect());
    check(Model::<8>::detect());
    check(Model::<16>::detect());
    #[cfg(target_arch = "x86_64")]
    if let Some(s) = super::avx2::Avx2::detect() {
        check(s);
        ran.push("avx2");
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(s) = super::avx512::Avx512::detect() {
        check(s);
        ran.push("avx512");
    }
    #[cfg(target_arch = "aarch64")]
    if let Some(s) = super::neon::Neon::detect() {
        check(s);
        ran.push("neon");
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    if let Some(s) = super::simd128::Simd128::detect() {
        check(s);
        ran.push("simd128");
    }
    std::println!("ran: {ran:?}");
}

#[test]
fn levels_have_names() {
    let all: Vec<_> = super::Level::all_available().collect();
    assert_eq!(all[0], super::Level::scalar());
    assert_eq!(all[all.len() - 1], super::Level::detect());
    for level in all {
        assert_eq!(super::Level::by_name(level.name()), Some(level));
    }
    assert_eq!(super::Level::by_name("sse9"), None);
}
