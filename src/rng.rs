//! Random numbers that stay the same for ever: one seed means one stream on every machine.
//!
//! **Streams.** `rng(seed, purpose, index)` hashes its three arguments to the 64-bit seed of a xoshiro256++ generator (Blackman and
//! Vigna 2021, as `rand` implements it). Work that draws from a stream of its own (a fold, an epoch, one layer's start) does not move
//! any other stream: adding a task changes no other task's numbers.
//!
//! **Numbers.** With `u` the next 64-bit word of the stream:
//! ```text
//! uniform       floor(u / 2^11) / 2^53                       in [0, 1), 53 random bits
//! below(n)      the high word of u * n; a word whose low half is under 2^64 mod n is drawn again   (Lemire 2019: no bias)
//! normal        the normal quantile of (floor(u / 2^11) + 1/2) / 2^53          one word a number    (Wichura 1988, AS 241)
//! shuffle       for i = n-1 .. 1: swap i with below(i + 1)                                          (Fisher and Yates)
//! ```
//! A normal number takes exactly one word, grows with it, and never lies further out than 8.3.
//!
//! **Same bits.** Only integer operations and the four correctly rounded ones of IEEE 754 are used: no fused multiply-add, no
//! `libm`. The logarithm and the square root that the tails of [`Rng::normal`] need are written here for that reason, not for speed.
//! `tests/rng.rs` pins every stream against a second implementation in another language.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng as _, SeedableRng};

/// The increment of SplitMix64: 2^64 divided by the golden ratio, made odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The stream of `purpose` (a short name, such as `"split"` or `"init"`) and `index` (an epoch, a fold, a span's key) under `seed`.
///
/// ```
/// use cognate::rng::rng;
/// let (mut a, mut b) = (rng(7, "split", 0), rng(7, "split", 1));
/// assert_ne!(a.next_u64(), b.next_u64());
/// assert_eq!(rng(7, "split", 0).uniform(), rng(7, "split", 0).uniform());
/// ```
pub fn rng(seed: u64, purpose: &str, index: u64) -> Rng {
    let key = hash(&[seed, hash_name(purpose), index]);
    Rng(Xoshiro256PlusPlus::seed_from_u64(key))
}

/// A 64-bit hash of `words`, in order. For numbers that must be found from their place alone, such as a dropout mask.
///
/// Each word passes through the finaliser of SplitMix64 (Steele, Lea and Flood 2014), a bijection: hashes that differ in the last
/// word only never collide.
pub const fn hash(words: &[u64]) -> u64 {
    let mut state = 0;
    let mut i = 0;
    while i < words.len() {
        state = finalise((state ^ words[i]).wrapping_add(GOLDEN));
        i += 1;
    }
    state
}

/// A 64-bit hash of a name: FNV-1a over its UTF-8 bytes.
pub const fn hash_name(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut state = 0xcbf2_9ce4_8422_2325;
    let mut i = 0;
    while i < bytes.len() {
        state = (state ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    state
}

const fn finalise(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One stream of random numbers, made by [`rng`].
#[derive(Clone, Debug)]
pub struct Rng(Xoshiro256PlusPlus);

impl Rng {
    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A multiple of 2^-53 in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * TWO_POW_MINUS_53
    }

    /// A number between `low` and `high`: `low + (high - low) * uniform`, which rounding may bring up to `high` itself.
    pub fn uniform_in(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// An integer in `0..n`, each as likely as any other.
    ///
    /// # Panics
    /// If `n` is 0.
    #[track_caller]
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "below(0): there is no integer below 0");
        let n = n as u64;
        // 2^64 mod n words are too many for n equal shares.
        let surplus = n.wrapping_neg() % n;
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(n);
            if wide as u64 >= surplus {
                return (wide >> 64) as usize;
            }
        }
    }

    /// A number of the standard normal distribution, mean 0 and variance 1.
    pub fn normal(&mut self) -> f64 {
        // k + 1/2 with |k| <= 2^52 is exact, and so is the way back to a probability in the tails.
        let centred = (self.next_u64() >> 11) as i64 - (1 << 52);
        normal_quantile((centred as f64 + 0.5) * TWO_POW_MINUS_53)
    }

    /// Puts `items` in random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
    }

    /// The integers `0..n` in random order.
    #[cfg(feature = "alloc")]
    pub fn permutation(&mut self, n: usize) -> alloc::vec::Vec<usize> {
        let mut order: alloc::vec::Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }

    /// `k` different integers of `0..n` in random order.
    ///
    /// # Panics
    /// If `k > n`.
    #[cfg(feature = "alloc")]
    #[track_caller]
    pub fn choose(&mut self, n: usize, k: usize) -> alloc::vec::Vec<usize> {
        assert!(k <= n, "choose: {k} different integers out of {n}");
        let mut pool: alloc::vec::Vec<usize> = (0..n).collect();
        for i in 0..k {
            let j = i + self.below(n - i);
            pool.swap(i, j);
        }
        pool.truncate(k);
        pool
    }
}

const TWO_POW_MINUS_53: f64 = 1.0 / 9_007_199_254_740_992.0;

/// The `z` with `P(Z < z) = 1/2 + q`, for `-1/2 < q < 1/2`: algorithm AS 241 (PPND16), relative error about 1e-16.
///
/// Three ratios of polynomials: in `0.425^2 - q^2` around the middle; beyond, in `r = sqrt(-ln(the tail's probability))`, up to 5 and
/// from there.
fn normal_quantile(q: f64) -> f64 {
    let size = q.abs();
    if size <= 0.425 {
        return q * ratio(0.180625 - q * q, &MIDDLE);
    }
    let r = sqrt(-ln(0.5 - size));
    let z = if r <= 5.0 {
        ratio(r - 1.6, &TAIL)
    } else {
        ratio(r - 5.0, &FAR_TAIL)
    };
    if q < 0.0 { -z } else { z }
}

/// Numerator and denominator, each with its constant term first.
type Ratio = [[f64; 8]; 2];

fn ratio(x: f64, [over, under]: &Ratio) -> f64 {
    polynomial(x, over) / polynomial(x, under)
}

fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// The natural logarithm of a positive normal number, to about 1e-16 relative.
///
/// With `x = 2^e m`, `m` between `sqrt(1/2)` and `sqrt(2)`, and `s = (m - 1) / (m + 1)`:
/// `ln x = e ln 2 + 2 s (1 + s^2 / 3 + s^4 / 5 + ..)`; `s^2 < 0.03`, so that twelve terms leave less than 1e-19.
fn ln(x: f64) -> f64 {
    const TERMS: [f64; 12] = {
        let mut terms = [0.0; 12];
        let mut k = 0;
        while k < 12 {
            terms[k] = 1.0 / (2 * k + 1) as f64;
            k += 1;
        }
        terms
    };
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i64 - 1023;
    let mut m = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    if m > core::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    let s = (m - 1.0) / (m + 1.0);
    exponent as f64 * core::f64::consts::LN_2 + 2.0 * s * polynomial(s * s, &TERMS)
}

/// The square root of a positive normal number, to about 1e-16 relative: Heron's rule `y = (y + x / y) / 2`.
///
/// Halving the exponent's bits gives a start within 7 % of the root, four steps square that error to nothing.
fn sqrt(x: f64) -> f64 {
    let mut y = f64::from_bits((x.to_bits() >> 1) + (1023 << 51));
    for _ in 0..4 {
        y = 0.5 * (y + x / y);
    }
    y
}

const MIDDLE: Ratio = [
    [
        3.3871328727963665,
        133.14166789178438,
        1971.5909503065513,
        13731.69376550946,
        45921.95393154987,
        67265.7709270087,
        33430.57558358813,
        2509.0809287301227,
    ],
    [
        1.0,
        42.31333070160091,
        687.1870074920579,
        5394.196021424751,
        21213.794301586597,
        39307.89580009271,
        28729.085735721943,
        5226.495278852854,
    ],
];

const TAIL: Ratio = [
    [
        1.4234371107496835,
        4.630337846156546,
        5.769497221460691,
        3.6478483247632045,
        1.2704582524523684,
        0.2417807251774506,
        0.022723844989269184,
        0.0007745450142783414,
    ],
    [
        1.0,
        2.053191626637759,
        1.6763848301838038,
        0.6897673349851,
        0.14810397642748008,
        0.015198666563616457,
        0.0005475938084995345,
        1.0507500716444169e-09,
    ],
];

const FAR_TAIL: Ratio = [
    [
        6.657904643501103,
        5.463784911164114,
        1.7848265399172913,
        0.29656057182850487,
        0.026532189526576124,
        0.0012426609473880784,
        2.7115555687434876e-05,
        2.0103343992922881e-07,
    ],
    [
        1.0,
        0.599832206555888,
        0.1369298809227358,
        0.014875361290850615,
        0.0007868691311456133,
        1.8463183175100548e-05,
        1.421511758316446e-07,
        2.0442631033899397e-15,
    ],
];
