//! The data of the two worked examples.

use cognate::Result;
use cognate::data::generate::{ClassificationConfig, make_classification};
use cognate::data::split::{Split, TestSize, train_test_split};

/// Features of the examples.
pub const FEATURES: usize = 20;

/// Rows with their classes.
pub struct Rows {
    /// `n x 20`.
    pub x: Vec<f64>,
    /// n classes.
    pub y: Vec<u32>,
}

/// 1000 rows of 20 features, 2 of them informative and 10 redundant; 2 classes of one cluster each, 5 % of them drawn anew. 800 rows to
/// learn from and 200 to be tested on.
pub fn data(seed: u64) -> Result<(Rows, Rows)> {
    let config = ClassificationConfig {
        rows: 1000,
        features: FEATURES,
        informative: 2,
        redundant: 10,
        clusters_per_class: 1,
        flip_y: 0.05,
        ..Default::default()
    };
    let all = make_classification(&config, seed)?;
    let Split { train, test } = train_test_split(1000, TestSize::Fraction(0.2), seed)?;
    let take = |rows: &[usize]| Rows {
        x: rows
            .iter()
            .flat_map(|&i| &all.x[i * FEATURES..(i + 1) * FEATURES])
            .copied()
            .collect(),
        y: rows.iter().map(|&i| all.y[i]).collect(),
    };
    Ok((take(&train), take(&test)))
}
