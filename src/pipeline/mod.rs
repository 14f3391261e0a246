//! From a raw table to predictions, as one thing that is fitted, used and saved together.
//!
//! ```text
//! table --encoder--> numbers (n x d) --scaler--> model --target scaler, backwards--> prediction
//! ```
//! The encoder's levels and fill values, and both scalers, are learned on the training rows along with the model, so that no test row
//! takes part in them, and prediction takes the raw table. A [`Recipe`] says what to fit, [`Recipe::fit`] gives a [`Pipeline`], which a
//! model file holds whole ([`Pipeline::to_file`], [`AnyPipeline::from_file`]).
//!
//! Likewise [`tasks`] learns several tasks together, [`meta`] what new tasks start from, [`transfer`] starts from a pipeline, and
//! [`distill`] teaches a small one what others say.

pub mod distill;
mod file;
mod learner;
pub mod meta;
mod missing;
mod model;
mod score;
pub mod tasks;
pub mod transfer;

pub use file::AnyPipeline;
pub use learner::{Learner, Outcome};
pub use model::Model;
pub use score::Scores;

use alloc::{string::String, vec::Vec};

use cognate_kernels::{MatRef, Real};

use crate::data::encode::{Encoder, EncoderConfig};
use crate::data::levels::Levels;
use crate::data::scale::{Scaler, StandardScaler};
use crate::data::table::Table;
use crate::error::{Error, Result};
use crate::optim::Callback;

/// What is predicted.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Numbers, one a name.
    Numbers(Vec<String>),
    /// One of `levels`.
    Classes {
        /// The column's name.
        name: String,
        /// The classes; a label is a place in this list.
        levels: Levels,
    },
}

impl Target {
    /// The names of the predicted columns.
    pub fn names(&self) -> &[String] {
        match self {
            Self::Numbers(names) => names,
            Self::Classes { name, .. } => core::slice::from_ref(name),
        }
    }

    /// Numbers of a row's [`Prediction`]: one a name, or one a class.
    pub fn width(&self) -> usize {
        match self {
            Self::Numbers(names) => names.len(),
            Self::Classes { levels, .. } => levels.len(),
        }
    }
}

/// The answers that a fit learns from.
#[derive(Clone, Copy, Debug)]
pub enum Labels<'a> {
    /// `n x k`, row-major; NaN where one is missing.
    Numbers(&'a [f64]),
    /// One class a row.
    Classes(&'a [u32]),
}

/// The rows that a fit learns from.
#[derive(Clone, Copy, Debug)]
pub struct Training<'a> {
    /// The raw table, `n` rows.
    pub table: &'a Table,
    /// Its columns that are features.
    pub features: &'a [&'a str],
    /// What is predicted.
    pub target: &'a Target,
    /// The rows' answers.
    pub labels: Labels<'a>,
    /// A weight a row.
    pub weights: Option<&'a [f64]>,
}

/// What to fit, and what to do to the table first.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The model.
    pub learner: Learner,
    /// Categories and empty cells.
    pub encoder: EncoderConfig,
    /// Whether features, and targets that are numbers, are brought to mean 0 and variance 1.
    pub standardize: bool,
    /// The seed, kept in the file.
    pub seed: u64,
}

impl Recipe {
    /// Fits to `training`, in numbers of `T`. `progress` is called after each iteration or epoch and may stop the work.
    ///
    /// # Errors
    /// What the encoder, the scalers and the learner say of the data and of their settings.
    pub fn fit<T: Real>(
        &self,
        training: &Training<'_>,
        progress: Callback<'_>,
    ) -> Result<(Pipeline<T>, Outcome)> {
        let encoder = Encoder::fit(training.table, training.features, &self.encoder)?;
        let (n, d) = (training.table.rows(), encoder.width());
        let mut x = encoder.transform(training.table)?;
        let mut scaler = None;
        if self.standardize {
            let raw = MatRef::planned(&x, n, d);
            let fitted = StandardScaler::default().fit(raw, training.weights);
            let fitted = fitted.map_err(|e| name_column(e, &encoder.names()))?;
            x = fitted.transform(raw)?;
            scaler = Some(fitted);
        }
        let (labels, target_scaler) = self.scale_target(training)?;
        let x: Vec<T> = narrow(&x);
        let weights: Option<Vec<T>> = training.weights.map(narrow);
        let fitting = learner::Fitting {
            x: MatRef::planned(&x, n, d),
            target: training.target,
            labels: labels.as_deref().map_or(training.labels, Labels::Numbers),
            weights: weights.as_deref(),
        };
        let fitted = self.learner.fit(&fitting, progress);
        let (model, outcome) = fitted.map_err(|e| match e {
            Error::NotFinite { argument: "y", .. } => name_column(e, training.target.names()),
            _ => name_column(e, &encoder.names()),
        })?;
        let pipeline = Pipeline {
            encoder,
            scaler,
            model,
            target_scaler,
            target: training.target.clone(),
            seed: self.seed,
        };
        Ok((pipeline, outcome))
    }

    /// Targets that are numbers, scaled, where that is wanted.
    #[inline]
    fn scale_target(&self, training: &Training<'_>) -> Result<(Option<Vec<f64>>, Option<Scaler>)> {
        let (true, Labels::Numbers(y)) = (self.standardize, training.labels) else {
            return Ok((None, None));
        };
        let scaler = missing::scaler(y, training.target.names(), training.weights)?;
        let (shift, scale) = (scaler.shift(), scaler.scale());
        let k = training.target.width();
        let scaled = y.iter().enumerate();
        let scaled = scaled.map(|(i, y)| (y - shift[i % k]) / scale[i % k]);
        Ok((Some(scaled.collect()), Some(scaler)))
    }
}

/// An error about a number in a matrix, by the name of its column. What was read is finite, so that such a number is one beyond the
/// model's precision, or one whose square is.
fn name_column(error: Error, names: &[String]) -> Error {
    match error {
        Error::NotFinite { column, .. } if column < names.len() => Error::column(
            &names[column],
            None,
            None,
            "has numbers too large to compute with",
        ),
        other => other,
    }
}

fn narrow<T: Real>(numbers: &[f64]) -> Vec<T> {
    numbers.iter().map(|x| T::from_f64(*x)).collect()
}

/// A fitted model with what stands around it.
#[derive(Clone, Debug)]
pub struct Pipeline<T> {
    encoder: Encoder,
    scaler: Option<Scaler>,
    model: Model<T>,
    target_scaler: Option<Scaler>,
    target: Target,
    seed: u64,
}

/// Predictions, `n x width` row-major: of numbers, one a target; of classes, the probability of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction<T> {
    /// The numbers.
    pub values: Vec<T>,
    /// Numbers a row.
    pub width: usize,
}

impl<T: Real> Prediction<T> {
    /// The rows.
    pub fn rows(&self) -> impl Iterator<Item = &[T]> {
        self.values.chunks_exact(self.width)
    }

    /// The predictions of the given rows, in the given order.
    ///
    /// # Panics
    /// If one of `rows` is no row.
    #[track_caller]
    pub fn take(&self, rows: &[usize]) -> Self {
        let row = |&i: &usize| &self.values[i * self.width..][..self.width];
        Self {
            values: rows.iter().flat_map(row).copied().collect(),
            width: self.width,
        }
    }

    /// The numbers of column `j` alone.
    ///
    /// # Panics
    /// If there is no such column.
    #[track_caller]
    pub fn column(&self, j: usize) -> Self {
        Self {
            values: self.rows().map(|row| row[j]).collect(),
            width: 1,
        }
    }

    /// The most probable class of each row, the first among equals.
    pub fn classes(&self) -> Vec<u32> {
        let most_probable = |row: &[T]| {
            let better = |best: usize, j: usize| if row[j] > row[best] { j } else { best };
            (1..row.len()).fold(0, better) as u32
        };
        self.rows().map(most_probable).collect()
    }
}

impl<T: Real> Pipeline<T> {
    /// Predicts the rows of a raw table, which has the features' columns in any order.
    ///
    /// # Errors
    /// What the encoder says of the table.
    pub fn predict(&self, table: &Table) -> Result<Prediction<T>> {
        let (n, d) = (table.rows(), self.encoder.width());
        let x = self.inputs(table)?;
        let width = self.target.width();
        let mut values = self.model.predict(MatRef::planned(&x, n, d))?;
        if let Some(scaler) = &self.target_scaler {
            values = scaler.inverse(MatRef::planned(&values, n, width))?;
        }
        Ok(Prediction { values, width })
    }

    /// The encoded and scaled features of a raw table's rows: `n x d`.
    fn inputs(&self, table: &Table) -> Result<Vec<T>> {
        let mut x = self.encoder.transform(table)?;
        if let Some(scaler) = &self.scaler {
            let raw = MatRef::planned(&x, table.rows(), self.encoder.width());
            x = scaler.transform(raw)?;
        }
        Ok(narrow(&x))
    }

    /// What it predicts.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The features and their encoding.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The scaler of the encoded features.
    pub fn scaler(&self) -> Option<&Scaler> {
        self.scaler.as_ref()
    }

    /// The model.
    pub fn model(&self) -> &Model<T> {
        &self.model
    }

    /// The seed that it was fitted with.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}
