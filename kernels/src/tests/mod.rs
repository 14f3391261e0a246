//! Functions, maps and reductions on every instruction set, and on the model at each width: one result, to the bit, and the one that the
//! golden table holds.

mod golden;
mod outcomes;

use std::vec::Vec;
use std::{format, println};

use crate::Real;
use crate::isa::{Model, Simd};
use outcomes::{Numbers, Outcome, outcomes};

/// Lengths around the registers of 4, 8 and 16 lanes, and around the 32 and 64 lanes of a sum.
fn lengths() -> impl Iterator<Item = usize> {
    (0..=35).chain([47, 48, 63, 64, 65, 95, 127, 128, 129, 200])
}

/// What `s` makes of `n` numbers; the seed is a function of n alone.
fn results<T: Real, S: Simd<T>>(s: S, n: usize) -> Vec<Outcome<T>> {
    outcomes(s, &Numbers::new(n as u64), n)
}

/// Holds an instruction set to the model of one lane, whose registers cannot mix lanes up.
fn holds<T: Real, S: Simd<T>>(name: &str, s: S) -> usize
where
    Model<1>: Simd<T>,
{
    let mut compared = 0;
    for n in lengths() {
        let one = results::<T, _>(Model::<1>::detect(), n);
        for (got, want) in results::<T, S>(s, n).iter().zip(&one) {
            let what = format!("{name}: {} of {n} {}", got.kernel, T::NAME);
            assert_eq!(got.kernel, want.kernel, "{what}");
            assert_eq!(got.bits(), want.bits(), "{what}");
            compared += 1;
        }
    }
    println!("{name}: {compared} results of {}", T::NAME);
    compared
}

/// Every instruction set of this machine whose sums round as the model's do.
#[cfg(target_arch = "x86_64")]
fn vector_sets(check: &mut impl Check) {
    if let Some(s) = crate::isa::Avx2::detect() {
        check.on("avx2", s);
    }
    if let Some(s) = crate::isa::Avx512::detect() {
        check.on("avx512", s);
    }
}

#[cfg(target_arch = "aarch64")]
fn vector_sets(check: &mut impl Check) {
    if let Some(s) = crate::isa::Neon::detect() {
        check.on("neon", s);
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn vector_sets(_: &mut impl Check) {}

/// Something to do with every token.
trait Check {
    fn on<S: Simd<f32> + Simd<f64>>(&mut self, name: &str, s: S);
}

fn every_set(check: &mut impl Check) {
    check.on("model 4", Model::<4>::detect());
    check.on("model 8", Model::<8>::detect());
    check.on("model 16", Model::<16>::detect());
    vector_sets(check);
}

#[test]
fn every_width_gives_the_bits_of_one_lane() {
    struct Same(usize);
    impl Check for Same {
        fn on<S: Simd<f32> + Simd<f64>>(&mut self, name: &str, s: S) {
            self.0 += holds::<f32, S>(name, s) + holds::<f64, S>(name, s);
        }
    }
    let mut same = Same(0);
    every_set(&mut same);
    assert!(same.0 >= 3 * 2 * 40 * lengths().count());
}
