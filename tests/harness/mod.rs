//! What the tests of layers, losses and objectives share: cases, levels, strided matrices, and the comparison with the reference.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod build;
pub mod labels;
pub mod objective;
pub mod verbs;

use std::ops::Range;

use cognate::{Level, MatMut, MatRef, Real};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseError};

use crate::support::{Bounded, Dual, Random, Scalar};

/// The number on which the reference runs.
pub type Twice = Dual<Dual<Bounded>>;

/// `cases` cases from one fixed seed; failures are printed, not kept in a file.
pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x0c09_4a7e),
        ..ProptestConfig::default()
    }
}

/// The levels that this run must cover: those that `COGNATE_TEST_LEVELS` names, else all that this machine has.
pub fn levels() -> Vec<Level> {
    match std::env::var("COGNATE_TEST_LEVELS") {
        Ok(names) => names
            .split(',')
            .map(|name| Level::by_name(name).unwrap_or_else(|| panic!("no level {name} here")))
            .collect(),
        Err(_) => Level::all_available().collect(),
    }
}

/// Lengths from 1 to 70, half of them short.
pub fn length() -> impl Strategy<Value = usize> {
    prop_oneof![1..=8_usize, 1..=70_usize]
}

/// A matrix as a block of columns of a wider one, the rest of which is NaN.
#[derive(Clone, Debug)]
pub struct Block<T> {
    data: Vec<T>,
    rows: usize,
    cols: usize,
    stride: usize,
}

impl<T: Real> Block<T> {
    pub fn new(numbers: &[f64], cols: usize, beside: usize) -> Self {
        let rows = numbers.len() / cols;
        let mut block = Self::filled(T::NAN, rows, cols, beside);
        for (k, &x) in numbers.iter().enumerate() {
            block.view_mut().set(k / cols, k % cols, T::from_f64(x));
        }
        block
    }

    pub fn filled(value: T, rows: usize, cols: usize, beside: usize) -> Self {
        let stride = cols + beside;
        let mut block = Self {
            data: vec![T::NAN; rows * stride + beside],
            rows,
            cols,
            stride,
        };
        block.view_mut().fill(value);
        block
    }

    pub fn view(&self) -> MatRef<'_, T> {
        MatRef::with_strides(&self.data, self.rows, self.cols, self.stride, 1).unwrap()
    }

    pub fn view_mut(&mut self) -> MatMut<'_, T> {
        MatMut::with_strides(&mut self.data, self.rows, self.cols, self.stride, 1).unwrap()
    }

    pub fn numbers(&self) -> Vec<f64> {
        let view = self.view();
        (0..self.rows * self.cols)
            .map(|k| view.at(k / self.cols, k % self.cols).to_f64())
            .collect()
    }
}

/// What a pass is like, beside the layer.
#[derive(Clone, Debug)]
pub struct Pass {
    pub rows: usize,
    pub ways: usize,
    /// Number of groups; 0 for none.
    pub groups: usize,
    /// Results are added to what is there.
    pub add: bool,
    /// Columns of others beside each matrix.
    pub beside: usize,
    /// Inputs do not move.
    pub still: bool,
    pub seed: u64,
}

impl Pass {
    /// A pass of `rows` rows with nothing special about it.
    pub fn plain(rows: usize, seed: u64) -> Self {
        Self {
            rows,
            ways: 1,
            groups: 0,
            add: false,
            beside: 0,
            still: false,
            seed,
        }
    }

    pub fn any() -> impl Strategy<Value = Self> {
        let ways = prop_oneof![4 => Just(1_usize), 1 => 2..=3_usize];
        let groups = prop_oneof![4 => Just(0_usize), 1 => 1..=3_usize];
        (length(), ways, groups, any::<[bool; 3]>(), any::<u64>()).prop_map(
            |(rows, ways, groups, [add, wide, still], seed)| Self {
                rows,
                ways,
                groups,
                add,
                beside: if wide { 3 } else { 0 },
                still,
                seed,
            },
        )
    }

    /// Consecutive groups that end at random rows, the last ones perhaps empty.
    pub fn ranges(&self) -> Vec<Range<usize>> {
        let mut random = Random::new(self.seed ^ 1);
        let mut start = 0;
        let mut next = |g| {
            let left = self.rows - start;
            let end = match g + 1 == self.groups {
                true => self.rows,
                false => start + random.below(left + 1),
            };
            std::mem::replace(&mut start, end)..end
        };
        (0..self.groups).map(&mut next).collect()
    }
}
pub fn typed<T: Real>(numbers: &[f64]) -> Vec<T> {
    numbers.iter().map(|&x| T::from_f64(x)).collect()
}

pub fn doubles<T: Real>(numbers: &[T]) -> Vec<f64> {
    numbers.iter().map(|x| x.to_f64()).collect()
}

/// Every coordinate of `n` numbers up to 200, with its index; else three random directions.
pub fn coordinates(n: usize, random: &mut Random) -> Vec<(Vec<f64>, Option<usize>)> {
    let unit = |k| {
        let mut direction = vec![0.0; n];
        direction[k] = 1.0;
        (direction, Some(k))
    };
    match n {
        0..=200 => (0..n).map(unit).collect(),
        _ => (0..3).map(|_| (random.numbers(n), None)).collect(),
    }
}

/// Fails unless `got` lies within the reference's bound; rejects the case if a kink was too near.
pub fn close<T: Real>(what: &str, got: f64, expected: Bounded) -> Result<(), TestCaseError> {
    if expected.undecided {
        return Err(TestCaseError::reject("a kink within rounding"));
    }
    let unit = T::EPSILON.to_f64() / 2.0;
    let tolerance = expected.tolerance(unit, T::MIN_POSITIVE.to_f64());
    let difference = (got - expected.value()).abs();
    prop_assert!(
        difference <= tolerance,
        "{what} in {}: {got:e}, not {:e} within {tolerance:e}",
        T::NAME,
        expected.value()
    );
    Ok(())
}

pub fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
