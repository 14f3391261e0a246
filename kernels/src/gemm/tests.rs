//! The order of every sum, to the bit: each instruction set, and the model at each width, against the rule written down literally.

use std::vec::Vec;
use std::{println, vec};

use super::{Product, run};
#[cfg(target_arch = "aarch64")]
use crate::isa::Neon;
#[cfg(target_arch = "x86_64")]
use crate::isa::{Avx2, Avx512};
use crate::isa::{Model, Simd};
use crate::{Activation, MatMut, MatRef, Real};

/// Numbers that depend on the seed alone, in (-1, 1).
struct Stream(u64);

impl Stream {
    fn bits(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// As [`Stream::numbers`], one vector in four with zeros of both signs, one in eight with an infinity or a NaN.
    fn special<T: Real>(&mut self, n: usize) -> Vec<T> {
        let mut x = self.numbers(n);
        if self.below(4) == 0 {
            for _ in 0..n / 2 {
                let at = self.below(n);
                x[at] = self.one_of(&[T::ZERO, -T::ZERO, T::ONE, -T::ONE]);
            }
        }
        if n > 0 && self.below(8) == 0 {
            let at = self.below(n);
            x[at] = self.one_of(&[T::INFINITY, T::NAN]);
        }
        x
    }

    fn numbers<T: Real>(&mut self, n: usize) -> Vec<T> {
        (0..n)
            .map(|_| T::from_f64(self.bits() as f64 / (1_u64 << 30) as f64 - 1.0))
            .collect()
    }
}

/// `a b + c` of the standard library, independent of the kernels': in one rounding or in two.
trait Fused: Real {
    fn multiply_add(fused: bool, a: Self, b: Self, c: Self) -> Self;
}

impl Fused for f32 {
    fn multiply_add(fused: bool, a: f32, b: f32, c: f32) -> f32 {
        if fused { a.mul_add(b, c) } else { a * b + c }
    }
}

impl Fused for f64 {
    fn multiply_add(fused: bool, a: f64, b: f64, c: f64) -> f64 {
        if fused { a.mul_add(b, c) } else { a * b + c }
    }
}

/// A matrix with strides of its own in a vector that ends with it.
#[derive(Clone)]
struct Stored<T> {
    data: Vec<T>,
    rows: usize,
    cols: usize,
    row: usize,
    col: usize,
}

impl<T: Real> Stored<T> {
    /// `how`: 0 row-major, 1 column-major, 2 rows apart, 3 columns apart, 4 neither side by side.
    fn new(s: &mut Stream, rows: usize, cols: usize, how: usize) -> Self {
        let (row, col) = match how {
            0 => (cols, 1),
            1 => (1, rows),
            2 => (cols + 3, 1),
            3 => (1, rows + 5),
            _ => (3 * cols + 1, 3),
        };
        let length = if rows * cols == 0 {
            0
        } else {
            (rows - 1) * row + (cols - 1) * col + 1
        };
        Self {
            data: s.special(length),
            rows,
            cols,
            row,
            col,
        }
    }

    fn at(&self, i: usize, j: usize) -> T {
        self.data[i * self.row + j * self.col]
    }

    fn view(&self) -> MatRef<'_, T> {
        MatRef::with_strides(&self.data, self.rows, self.cols, self.row, self.col).unwrap()
    }

    fn view_mut(&mut self) -> MatMut<'_, T> {
        MatMut::with_strides(&mut self.data, self.rows, self.cols, self.row, self.col).unwrap()
    }
}

impl<T> std::fmt::Debug for Stored<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} x {} ({}, {})",
            self.rows, self.cols, self.row, self.col
        )
    }
}

#[derive(Clone, Debug)]
struct Case<T> {
    alpha: T,
    a: Stored<T>,
    b: Stored<T>,
    beta: T,
    c: Stored<T>,
    bias: Option<Vec<T>>,
    activation: Activation,
    scratch: usize,
}

impl<T: Fused> Case<T> {
    fn new(s: &mut Stream, (m, k, n): (usize, usize, usize)) -> Self {
        let factors = [T::ZERO, T::ONE, -T::ONE, T::from_f64(0.7)];
        let activations = [
            Activation::Identity,
            Activation::Identity,
            Activation::Relu,
            Activation::Tanh,
        ];
        let (a, b, c) = (s.below(5), s.below(5), s.below(5));
        // Half of all cases are plain: dense, without factors.
        let plain = s.below(2) == 0;
        let how = |h: usize, forms: usize| if plain { h % forms } else { h };
        Self {
            alpha: if plain { T::ONE } else { s.one_of(&factors) },
            a: Stored::new(s, m, k, how(a, 2)),
            b: Stored::new(s, k, n, how(b, 2)),
            beta: if plain { T::ZERO } else { s.one_of(&factors) },
            c: Stored::new(s, m, n, how(c, 1)),
            bias: (s.below(2) == 0).then(|| s.numbers(n)),
            activation: s.one_of(&activations),
            scratch: s.one_of(&[0, 0, 5000, 100_000]),
        }
    }

    fn product(&self) -> Product<'_, T> {
        Product {
            alpha: self.alpha,
            a: self.a.view(),
            b: self.b.view(),
            beta: self.beta,
            bias: self.bias.as_deref(),
            activation: self.activation,
        }
    }

    /// C by the rule: chains, or lanes where they apply.
    fn expected(&self) -> Vec<T> {
        let fused = Model::<1>::detect().is_fused();
        let (k, n) = (self.a.cols, self.b.cols);
        let lanes = if size_of::<T>() == 4 { 16 } else { 8 };
        let by_lanes = n <= 4 && k >= 16 && (self.a.col == 1) && self.alpha != T::ZERO;
        let mut out = self.c.clone();
        for i in 0..self.a.rows {
            for j in 0..n {
                let old = if self.beta == T::ZERO {
                    T::ZERO
                } else {
                    self.beta * self.c.at(i, j)
                };
                let mut sum = old;
                if by_lanes {
                    let mut lane = vec![T::ZERO; lanes];
                    for l in 0..k.next_multiple_of(lanes) {
                        let inside = l < k;
                        let x = if inside { self.a.at(i, l) } else { T::ZERO };
                        let y = if inside { self.b.at(l, j) } else { T::ZERO };
                        lane[l % lanes] = T::multiply_add(fused, x, y, lane[l % lanes]);
                    }
                    let mut half = lanes / 2;
                    while half > 0 {
                        for l in 0..half {
                            lane[l] = lane[l] + lane[l + half];
                        }
                        half /= 2;
                    }
                    sum = T::multiply_add(fused, self.alpha, lane[0], old);
                } else if self.alpha != T::ZERO {
                    for l in 0..k {
                        sum = T::multiply_add(
                            fused,
                            self.alpha * self.a.at(i, l),
                            self.b.at(l, j),
                            sum,
                        );
                    }
                }
                if let Some(bias) = &self.bias {
                    sum += bias[j];
                }
                out.data[i * self.c.row + j * self.c.col] = self.activation.value(sum);
            }
        }
        out.data
    }

    fn run<S: Simd<T>>(&self, s: S) -> Vec<T> {
        let (mut c, mut scratch) = (self.c.clone(), vec![T::NAN; self.scratch]);
        if self.beta == T::ZERO {
            poison(&mut c);
        }
        let product = self.product();
        s.enter(|| run(s, &product, &mut c.view_mut(), &mut scratch));
        c.data
    }

    #[track_caller]
    fn check<S: Simd<T>>(&self, s: S, expected: &[T]) {
        let got = self.run(s);
        // What lies between the rows of C must not change: it was poisoned with C, or is as it was.
        for (at, (g, e)) in got.iter().zip(expected).enumerate() {
            let inside = (0..self.c.rows)
                .any(|i| (0..self.c.cols).any(|j| i * self.c.row + j * self.c.col == at));
            if inside {
                assert_eq!(bits(*g), bits(*e), "{g} for {e} at {at} of {self:?}");
            } else {
                assert_eq!(bits(*g), bits(self.c.data[at]), "outside of C");
            }
        }
    }
}

/// Bits, with every NaN the same.
fn bits<T: Real>(x: T) -> u64 {
    let wide = x.to_f64();
    if wide.is_nan() {
        f64::NAN.to_bits()
    } else {
        wide.to_bits()
    }
}

/// NaN into every element of C.
fn poison<T: Real>(c: &mut Stored<T>) {
    for i in 0..c.rows {
        for j in 0..c.cols {
            c.data[i * c.row + j * c.col] = T::NAN;
        }
    }
}

/// Sizes around the tiles, the registers, the runs of k.
fn sizes(s: &mut Stream) -> (usize, usize, usize) {
    // A kernel of their own have few rows times two columns.
    if s.below(4) == 0 {
        return (1 + s.below(5), 16 + s.below(60), 2);
    }
    let m = [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 17, 33];
    let k = [0, 1, 2, 3, 7, 15, 16, 17, 31, 40, 64, 100, 300];
    let n = [
        1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 24, 31, 33, 47, 48, 50, 65, 100, 131,
    ];
    (s.one_of(&m), s.one_of(&k), s.one_of(&n))
}

/// Whether the instruction set is to run: those that COGNATE_TEST_LEVELS names must, without it those that there are do.
fn wanted(name: &str, there: bool) -> bool {
    match std::env::var("COGNATE_TEST_LEVELS") {
        Ok(names) => {
            let wanted = names.split(',').any(|n| n == name);
            assert!(there || !wanted, "{name} is asked for and absent");
            wanted
        }
        Err(_) => there,
    }
}

/// The model of width W.
fn model<const W: usize>() -> Option<Model<W>> {
    wanted("scalar", true).then(Model::detect)
}

/// Holds instruction sets to the rule in `cases` random cases; `check` says how many it has tried.
fn every_set<T: Fused>(cases: usize, check: impl Fn(&Case<T>, &[T]) -> usize) {
    let mut s = Stream(7);
    let mut tried = 0;
    for _ in 0..cases {
        let size = sizes(&mut s);
        let case = Case::new(&mut s, size);
        tried += check(&case, &case.expected());
    }
    println!("{}: {cases} cases, {tried} runs", T::NAME);
    assert!(tried >= cases);
}

/// Checks one instruction set, if it is there.
fn one<T: Fused, S: Simd<T>>(case: &Case<T>, expected: &[T], set: Option<S>) -> usize {
    set.map_or(0, |s| {
        case.check(s, expected);
        1
    })
}

#[cfg(target_arch = "x86_64")]
fn vector_sets<T: Fused>(case: &Case<T>, expected: &[T]) -> usize
where
    Avx2: Simd<T>,
    Avx512: Simd<T>,
{
    let (avx2, avx512) = (Avx2::detect(), Avx512::detect());
    let narrow = wanted("avx2", avx2.is_some());
    let wide = wanted("avx512", avx512.is_some());
    one(case, expected, avx2.filter(|_| narrow)) + one(case, expected, avx512.filter(|_| wide))
}

#[cfg(target_arch = "aarch64")]
fn vector_sets<T: Fused>(case: &Case<T>, expected: &[T]) -> usize
where
    Neon: Simd<T>,
{
    let neon = Neon::detect();
    one(case, expected, neon.filter(|_| wanted("neon", true)))
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn vector_sets<T: Fused>(_: &Case<T>, _: &[T]) -> usize {
    0
}

#[test]
fn bits_f32() {
    every_set::<f32>(700, |case, expected| {
        one(case, expected, model::<1>())
            + one(case, expected, model::<4>())
            + one(case, expected, model::<8>())
            + one(case, expected, model::<16>())
            + vector_sets(case, expected)
    });
}

#[test]
fn bits_f64() {
    // A sum of f64 has 8 lanes: no wider model.
    every_set::<f64>(700, |case, expected| {
        one(case, expected, model::<1>())
            + one(case, expected, model::<4>())
            + one(case, expected, model::<8>())
            + vector_sets(case, expected)
    });
}
