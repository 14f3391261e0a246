//! Made-up data with known structure: [`make_classification`], [`make_regression`], [`make_blobs`].
//!
//! The constructions and their settings' meaning are scikit-learn's; the numbers come from this crate's own streams, so that a seed
//! means the same table on every machine. Each part of a construction (its features, its labels' noise, its order) draws from a
//! stream of its own: more flips leave the features as they were.

mod blobs;
mod classification;
mod regression;

use alloc::vec::Vec;

pub use blobs::{Blobs, BlobsConfig, make_blobs};
pub use classification::{Classification, ClassificationConfig, make_classification};
pub use regression::{Regression, RegressionConfig, make_regression};

use crate::rng::Rng;
use crate::{Error, Result};

fn normals(stream: &mut Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| stream.normal()).collect()
}

fn uniforms(stream: &mut Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| stream.uniform()).collect()
}

/// The rows of a row-major matrix of `width` columns in the order `rows`, its columns in the order `columns`.
fn reordered(x: &[f64], width: usize, rows: &[usize], columns: &[usize]) -> Vec<f64> {
    let row = |&i: &usize| columns.iter().map(move |&j| x[i * width + j]);
    rows.iter().flat_map(row).collect()
}

/// The product of `a: rows x inner` and `b: inner x cols`, row-major; each sum from left to right, the same bits everywhere.
fn product(a: &[f64], b: &[f64], inner: usize, cols: usize) -> Vec<f64> {
    let entry = |row: &[f64], j: usize| {
        let terms = row.iter().enumerate().map(|(k, a)| a * b[k * cols + j]);
        terms.fold(0.0, |sum, term| sum + term)
    };
    let rows = a.chunks_exact(inner);
    rows.flat_map(|row| (0..cols).map(move |j| entry(row, j)))
        .collect()
}

/// An error unless `holds`.
fn setting(holds: bool, name: &'static str, must: &'static str, found: f64) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::Setting { name, must, found })
}
