//! What the kernels' tests share: the levels that must run, seeded numbers, bits. Nothing here knows how a kernel works.
#![allow(dead_code)] // each test uses a part

pub mod case;
pub mod dd;
pub mod product;

use cognate_kernels::{Level, Real, axpy};

/// The levels that `COGNATE_TEST_LEVELS` names (comma-separated), without it all that this machine has.
///
/// # Panics
/// If a level asked for is absent: a test that does not run must not pass.
pub fn levels() -> Vec<Level> {
    let levels: Vec<Level> = match std::env::var("COGNATE_TEST_LEVELS") {
        Ok(names) => names
            .split(',')
            .map(|name| {
                Level::by_name(name)
                    .unwrap_or_else(|| panic!("level {name} is asked for and absent"))
            })
            .collect(),
        Err(_) => Level::all_available().collect(),
    };
    assert!(!levels.is_empty(), "no level to test");
    let names: Vec<_> = levels.iter().map(|level| level.name()).collect();
    println!("levels: {}", names.join(", "));
    levels
}

/// The bits of `x`, every NaN alike.
pub fn bits<T: Real>(x: T) -> u64 {
    let wide = x.to_f64();
    if wide.is_nan() {
        f64::NAN.to_bits()
    } else {
        wide.to_bits()
    }
}

/// Whether `x` is NaN.
pub fn is_nan<T: Real>(x: T) -> bool {
    x.to_f64().is_nan()
}

/// Fails on the first element whose bits differ.
#[track_caller]
pub fn assert_bits<T: Real>(got: &[T], want: &[T], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}: lengths");
    for (i, (&g, &w)) in got.iter().zip(want).enumerate() {
        assert_eq!(bits(g), bits(w), "{what}, element {i}: {g:?} for {w:?}");
    }
}

/// `a b + c` as `level` rounds it: once, by `fused`, or, without a fused multiply-add in hardware, twice.
pub fn multiply_add<T: Real>(level: Level, fused: fn(T, T, T) -> T) -> fn(T, T, T) -> T {
    // (1 + e)(1 - e) - 1 = -e^2, which a product that is rounded first loses.
    let mut rest = [-T::ONE];
    axpy(
        level,
        T::ONE + T::EPSILON,
        &[T::ONE - T::EPSILON],
        &mut rest,
    );
    match rest[0] == T::ZERO {
        true => |a, b, c| a * b + c,
        false => fused,
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): enough for test data.
pub struct Numbers(pub u64);

impl Numbers {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Uniform between `low` and `high`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.bits() >> 11) as f64 / (1u64 << 53) as f64)
    }

    /// `n` numbers between -1 and 1, rounded to `T`.
    pub fn vec<T: Real>(&mut self, n: usize) -> Vec<T> {
        (0..n)
            .map(|_| T::from_f64(self.uniform(-1.0, 1.0)))
            .collect()
    }
}

/// `gamma_n = n u / (1 - n u)`, u half the distance from 1 to the next number: the bound of n roundings (Higham 2002, lemma 3.1).
pub fn gamma<T: Real>(n: usize) -> f64 {
    let nu = n as f64 * T::EPSILON.to_f64() / 2.0;
    nu / (1.0 - nu)
}
