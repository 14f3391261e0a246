//! From raw columns to the matrix that a model takes.
//!
//! An [`Encoder`] is fitted on the training rows of a table and travels with the model, so that prediction takes the raw table:
//! ```text
//! a number      one column, as it is
//! a category    one column a level of the training rows: 1 in the row's level, 0 elsewhere; an unknown level is all zeros
//! an empty cell an error; or, by [`Impute`], the training rows' mean or median (all zeros for a category), followed by a column
//!               that is 1 where the cell is empty, if the training rows had one
//! ```

use alloc::{
    borrow::{Cow, ToOwned},
    format,
    string::String,
    vec,
    vec::Vec,
};

use super::levels::Levels;
use super::table::{Column, Table, Values};
use crate::{Error, Result};

/// What an empty cell of a column of numbers becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impute {
    /// The mean of the training rows' numbers.
    Mean,
    /// Their median.
    Median,
}

/// How to fit an [`Encoder`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EncoderConfig {
    /// What becomes of empty cells; `None`: they are an error.
    pub impute: Option<Impute>,
    /// Columns of numbers that are categories all the same.
    pub categorical: Vec<String>,
}

impl EncoderConfig {
    /// Empty cells are filled.
    pub fn with_impute(self, impute: Impute) -> Self {
        Self {
            impute: Some(impute),
            ..self
        }
    }

    /// `columns` are categories, whatever they hold.
    pub fn with_categorical(self, columns: &[&str]) -> Self {
        Self {
            categorical: columns.iter().map(|&name| name.to_owned()).collect(),
            ..self
        }
    }
}

/// What a feature's cells are.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A number: one encoded column.
    Number,
    /// A category: one encoded column a level.
    Category(Levels),
}

/// What a feature's empty cell is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Empty {
    /// An error.
    Refuse,
    /// Filled.
    Fill {
        /// With this number; a category has no use for it and is filled with zeros.
        value: f64,
        /// Whether a further encoded column is 1 where the cell is empty.
        indicator: bool,
    },
}

/// How one raw column is encoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// The raw column's name.
    pub name: String,
    /// What its cells are.
    pub kind: Kind,
    /// What its empty cells are.
    pub empty: Empty,
}

impl Feature {
    #[inline]
    fn fit(column: &Column, config: &EncoderConfig) -> Result<Self> {
        let first_empty = (0..column.rows()).find(|&row| column.is_empty_at(row));
        let forced = config.categorical.contains(&column.name);
        let (kind, present) = match &column.values {
            Values::Numbers(numbers) if !forced => {
                let present: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
                (Kind::Number, present)
            }
            _ => (Kind::Category(Levels::fit(column)), Vec::new()),
        };
        let nothing = match &kind {
            Kind::Number => present.is_empty(),
            Kind::Category(levels) => levels.is_empty(),
        };
        if nothing {
            return Err(Error::column(
                &column.name,
                None,
                None,
                "has no value in any training row",
            ));
        }
        let empty = match (config.impute, first_empty) {
            (None, Some(row)) => return Err(empty_cell(column, row, CHOOSE)),
            (None, None) => Empty::Refuse,
            (Some(how), first) => Empty::Fill {
                value: match kind {
                    Kind::Number => centre(present, how),
                    Kind::Category(_) => 0.0,
                },
                indicator: first.is_some(),
            },
        };
        Ok(Self {
            name: column.name.clone(),
            kind,
            empty,
        })
    }

    /// Number of encoded columns.
    pub fn width(&self) -> usize {
        self.value_width() + usize::from(self.has_indicator())
    }

    fn value_width(&self) -> usize {
        match &self.kind {
            Kind::Number => 1,
            Kind::Category(levels) => levels.len(),
        }
    }

    fn has_indicator(&self) -> bool {
        matches!(
            self.empty,
            Empty::Fill {
                indicator: true,
                ..
            }
        )
    }

    fn push_names(&self, names: &mut Vec<String>) {
        match &self.kind {
            Kind::Number => names.push(self.name.clone()),
            Kind::Category(levels) => {
                names.extend(
                    levels
                        .names()
                        .iter()
                        .map(|level| format!("{}={level}", self.name)),
                );
            }
        }
        if self.has_indicator() {
            names.push(format!("{} is empty", self.name));
        }
    }

    /// Writes the encoded columns `first..first + width` of `out`, which is zero there.
    #[inline]
    fn encode(&self, column: &Column, out: &mut Rows<'_>, first: usize) -> Result<()> {
        match &self.kind {
            Kind::Number => {
                for (row, &x) in column.as_numbers()?.iter().enumerate() {
                    if x.is_infinite() {
                        let found = column.cell(row).map(Cow::into_owned);
                        return Err(Error::column(
                            &column.name,
                            Some(row),
                            found,
                            "is not finite",
                        ));
                    }
                    out.set(row, first, x);
                }
            }
            Kind::Category(levels) => {
                for (row, code) in levels.codes(column).into_iter().enumerate() {
                    if let Some(code) = code {
                        out.set(row, first + code as usize, 1.0);
                    }
                }
            }
        }
        self.fill_empty(column, out, first)
    }

    fn fill_empty(&self, column: &Column, out: &mut Rows<'_>, first: usize) -> Result<()> {
        for row in (0..column.rows()).filter(|&row| column.is_empty_at(row)) {
            let Empty::Fill { value, indicator } = self.empty else {
                return Err(empty_cell(column, row, UNSEEN));
            };
            if self.kind == Kind::Number {
                out.set(row, first, value);
            }
            if indicator {
                out.set(row, first + self.value_width(), 1.0);
            }
        }
        Ok(())
    }
}

const CHOOSE: &str = "is empty: choose how to fill it, by mean or median";
const UNSEEN: &str = "is empty, and the model was fitted without a way to fill it";

fn empty_cell(column: &Column, row: usize, problem: &'static str) -> Error {
    Error::column(&column.name, Some(row), None, problem)
}

/// The mean or the median of numbers of which there is at least one.
fn centre(mut numbers: Vec<f64>, how: Impute) -> f64 {
    let n = numbers.len();
    match how {
        Impute::Mean => numbers.iter().sum::<f64>() / n as f64,
        Impute::Median => {
            numbers.sort_unstable_by(f64::total_cmp);
            // Halves first: the sum of two large numbers could overflow.
            0.5 * numbers[(n - 1) / 2] + 0.5 * numbers[n / 2]
        }
    }
}

/// A row-major matrix under construction.
struct Rows<'a> {
    data: &'a mut [f64],
    width: usize,
}

impl Rows<'_> {
    fn set(&mut self, row: usize, column: usize, x: f64) {
        self.data[row * self.width + column] = x;
    }
}

/// How a table's columns become a matrix of features.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoder {
    features: Vec<Feature>,
}

impl Encoder {
    /// Learns levels and fill values of the columns called `names` from the rows of `table`.
    ///
    /// # Errors
    /// [`Error::Column`] if a column is missing, has no value at all, or has an empty cell and `config.impute` is `None`;
    /// [`Error::Empty`] without columns or rows.
    #[inline]
    pub fn fit(table: &Table, names: &[&str], config: &EncoderConfig) -> Result<Self> {
        for (argument, count) in [("features", names.len()), ("rows", table.rows())] {
            if count == 0 {
                return Err(Error::Empty { argument });
            }
        }
        if let Some(name) = config
            .categorical
            .iter()
            .find(|name| !names.contains(&name.as_str()))
        {
            return Err(Error::column(name, None, None, "is no feature"));
        }
        let fit = |name: &&str| Feature::fit(table.column(name)?, config);
        let features = names.iter().map(fit).collect::<Result<_>>()?;
        Ok(Self { features })
    }

    /// An encoder of known features.
    ///
    /// # Errors
    /// [`Error::Empty`] if there are none.
    pub fn from_features(features: Vec<Feature>) -> Result<Self> {
        if features.is_empty() {
            return Err(Error::Empty {
                argument: "features",
            });
        }
        Ok(Self { features })
    }

    /// The features, in order.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// Number of encoded columns, `d`.
    pub fn width(&self) -> usize {
        self.features.iter().map(Feature::width).sum()
    }

    /// The names of the encoded columns: `age`, `island=Dream`, `age is empty`.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.width());
        self.features.iter().for_each(|f| f.push_names(&mut names));
        names
    }

    /// The encoded matrix of `table`, row-major `table.rows() x self.width()`. Columns that are no features are ignored.
    ///
    /// # Errors
    /// [`Error::Column`] if a feature is missing from the table, text where numbers were fitted, infinite, or empty where no cell was
    /// and none may be.
    #[inline]
    pub fn transform(&self, table: &Table) -> Result<Vec<f64>> {
        let mut out = vec![0.0; table.rows() * self.width()];
        self.transform_into(table, &mut out)?;
        Ok(out)
    }

    /// As [`Encoder::transform`], into the caller's `table.rows() x self.width()` numbers.
    ///
    /// # Errors
    /// As [`Encoder::transform`]; [`Error::Shape`] if `out` is of another length. After an error `out` holds no defined numbers.
    #[inline]
    pub fn transform_into(&self, table: &Table, out: &mut [f64]) -> Result<()> {
        let (rows, width) = (table.rows(), self.width());
        if out.len() != rows * width {
            return Err(Error::Shape {
                argument: "out",
                expected: (rows, width),
                found: (1, out.len()),
            });
        }
        out.fill(0.0);
        let mut out = Rows { data: out, width };
        let mut first = 0;
        for feature in &self.features {
            feature.encode(table.column(&feature.name)?, &mut out, first)?;
            first += feature.width();
        }
        Ok(())
    }
}
