//! Classes in a hidden subspace: new classes every task, and a known best answer.
//!
//! ```text
//! row = R [class mean + 0.5 noise ; 2 noise]         5 informative dimensions, 27 of nuisance, R a rotation that all tasks share
//! ```
//! with class means and noise standard normal. The nuisance drowns distances between raw rows; who has learned the subspace sees the
//! classes well apart. The nearest centroid in the true subspace ([`Subspace::project`]) is what no learner can be expected to beat.

use alloc::{vec, vec::Vec};

use cognate_kernels::Real;

use super::{Draw, Episodes, SetMut, Shape, Split, TargetKind};
use crate::rng::{Rng, hash, rng};

/// Features of a row.
const DIMENSIONS: usize = 32;
/// Dimensions in which classes differ.
const INFORMATIVE: usize = 5;
const SPREAD: f64 = 0.5;
const NUISANCE: f64 = 2.0;

/// The distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Subspace {
    /// Orthonormal rows: the informative directions, then those of nuisance.
    rotation: Vec<f64>,
    ways: usize,
    shots: usize,
    queries: usize,
    seed: u64,
}

impl Subspace {
    /// Tasks of `ways` classes with `shots` support and `queries` query rows each; the rotation is a function of the seed.
    pub fn new(ways: usize, shots: usize, queries: usize, seed: u64) -> Self {
        let mut stream = rng(seed, "subspace rotation", 0);
        Self {
            rotation: rotation(&mut stream),
            ways,
            shots,
            queries,
            seed,
        }
    }

    /// The informative coordinates of a row.
    pub fn project(&self, x: &[f64]) -> [f64; INFORMATIVE] {
        core::array::from_fn(|i| inner(&self.rotation[i * DIMENSIONS..][..DIMENSIONS], x))
    }

    /// The informative coordinates of a class's mean.
    fn mean(&self, task: u64, class: usize) -> [f64; INFORMATIVE] {
        let mut stream = rng(self.seed, "subspace mean", hash(&[task, class as u64]));
        core::array::from_fn(|_| stream.normal())
    }

    /// `rows` rows of each class.
    fn fill<T: Real>(&self, task: u64, rows: usize, stream: &mut Rng, set: SetMut<'_, T>) {
        let places = set.x.chunks_exact_mut(rows * DIMENSIONS);
        let places = places.zip(set.labels.chunks_exact_mut(rows));
        for (class, (x, labels)) in places.enumerate() {
            labels.fill(class as u32);
            let mean = self.mean(task, class);
            x.chunks_exact_mut(DIMENSIONS)
                .for_each(|x| self.row(&mean, stream, x));
        }
    }

    /// One row of a class.
    fn row<T: Real>(&self, mean: &[f64], stream: &mut Rng, x: &mut [T]) {
        let coordinates: [f64; DIMENSIONS] = core::array::from_fn(|k| match mean.get(k) {
            Some(mean) => mean + SPREAD * stream.normal(),
            None => NUISANCE * stream.normal(),
        });
        let mut total = [0.0; DIMENSIONS];
        for (c, direction) in coordinates
            .iter()
            .zip(self.rotation.chunks_exact(DIMENSIONS))
        {
            total
                .iter_mut()
                .zip(direction)
                .for_each(|(t, d)| *t += c * d);
        }
        x.iter_mut()
            .zip(total)
            .for_each(|(x, t)| *x = T::from_f64(t));
    }
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

/// Orthonormal rows, by Gram and Schmidt twice over, which is as good as exact.
fn rotation(stream: &mut Rng) -> Vec<f64> {
    let mut rows = vec![0.0; DIMENSIONS * DIMENSIONS];
    for i in 0..DIMENSIONS {
        let (before, rest) = rows.split_at_mut(i * DIMENSIONS);
        let row = &mut rest[..DIMENSIONS];
        row.iter_mut().for_each(|x| *x = stream.normal());
        for _ in 0..2 {
            for other in before.chunks_exact(DIMENSIONS) {
                let along = inner(row, other);
                row.iter_mut().zip(other).for_each(|(x, o)| *x -= along * o);
            }
        }
        let length = Real::sqrt(inner(row, row));
        row.iter_mut().for_each(|x| *x /= length);
    }
    rows
}

impl<T: Real> Episodes<T> for Subspace {
    fn shape(&self) -> Shape {
        Shape {
            features: DIMENSIONS,
            targets: TargetKind::Classes(self.ways),
        }
    }

    fn split(&self, _task: u64) -> Split {
        Split {
            support: self.ways * self.shots,
            query: self.ways * self.queries,
        }
    }

    fn draw(&self, task: u64, into: Draw<'_, T>) {
        let mut stream = rng(self.seed, "subspace", task);
        self.fill(task, self.shots, &mut stream, into.support);
        self.fill(task, self.queries, &mut stream, into.query);
    }
}
