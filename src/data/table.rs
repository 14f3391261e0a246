//! Raw tables: named columns of numbers or of text, with empty cells, before anything is encoded.
//!
//! A table is what a CSV file holds and what the bundled sets decode into. A column is of one kind: [`Values::Numbers`] (an empty cell
//! is NaN) or [`Values::Levels`], text whose different values are stored once. [`crate::data::encode`] turns columns into the matrix
//! that a model takes.

use alloc::{
    borrow::{Cow, ToOwned},
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

use crate::{Error, Result};

/// The cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// One number a row; NaN is an empty cell.
    Numbers(Vec<f64>),
    /// Text: row `i` holds `names[codes[i]]`.
    Levels {
        /// The different texts, in the order of their first row.
        names: Vec<String>,
        /// One code a row; [`EMPTY`] is an empty cell.
        codes: Vec<u32>,
    },
}

/// The code of an empty cell in [`Values::Levels`].
pub const EMPTY: u32 = u32::MAX;

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name, as in the header.
    pub name: String,
    /// Its cells, one a row.
    pub values: Values,
}

/// What a cell's text is, taken alone.
#[derive(Clone, Copy, PartialEq)]
enum Reading {
    Number(f64),
    /// Reads as a number, but NaN, infinite or too large.
    NotFinite,
    Text,
}

fn read(text: &str) -> Reading {
    match text.trim().parse::<f64>() {
        Ok(x) if x.is_finite() => Reading::Number(x),
        Ok(_) => Reading::NotFinite,
        Err(_) => Reading::Text,
    }
}

impl Column {
    /// A column of numbers; NaN is an empty cell.
    pub fn numbers(name: &str, numbers: Vec<f64>) -> Self {
        Self {
            name: name.to_owned(),
            values: Values::Numbers(numbers),
        }
    }

    /// A column of text; `None` is an empty cell.
    pub fn text<'a>(name: &str, cells: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut places: BTreeMap<&str, u32> = BTreeMap::new();
        let mut names = Vec::new();
        let codes = cells
            .map(|cell| {
                cell.map_or(EMPTY, |text| {
                    *places.entry(text).or_insert_with(|| {
                        names.push(text.to_owned());
                        names.len() as u32 - 1
                    })
                })
            })
            .collect();
        Self {
            name: name.to_owned(),
            values: Values::Levels { names, codes },
        }
    }

    /// The column that the texts of `cells` spell: numbers if each is one, text if none is; `None` is an empty cell, and a column
    /// without any other is one of numbers.
    ///
    /// # Errors
    /// [`Error::Column`] naming the first text of a column that holds numbers too, or a NaN or infinity in a column of numbers.
    pub fn parse<'a>(
        name: &str,
        cells: impl Iterator<Item = Option<&'a str>> + Clone,
    ) -> Result<Self> {
        let readings: Vec<Option<Reading>> = cells.clone().map(|cell| cell.map(read)).collect();
        let first = |wanted| readings.iter().position(|r| *r == Some(wanted));
        let has_numbers = readings
            .iter()
            .any(|r| matches!(r, Some(Reading::Number(_))));
        let (row, problem) = match (first(Reading::Text), first(Reading::NotFinite)) {
            (Some(_), _) if !has_numbers => return Ok(Self::text(name, cells)),
            (Some(row), _) => (row, "is text, in a column that also has numbers"),
            (None, Some(row)) => (row, "is not a finite number"),
            (None, None) => {
                let number = |reading: &Option<Reading>| match reading {
                    Some(Reading::Number(x)) => *x,
                    _ => f64::NAN,
                };
                return Ok(Self::numbers(name, readings.iter().map(number).collect()));
            }
        };
        let found = cells.clone().nth(row).flatten().map(str::to_owned);
        Err(Error::column(name, Some(row), found, problem))
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match &self.values {
            Values::Numbers(numbers) => numbers.len(),
            Values::Levels { codes, .. } => codes.len(),
        }
    }

    /// Whether the cell of `row` is empty.
    pub fn is_empty_at(&self, row: usize) -> bool {
        match &self.values {
            Values::Numbers(numbers) => numbers[row].is_nan(),
            Values::Levels { codes, .. } => codes[row] == EMPTY,
        }
    }

    /// The text of the cell of `row`, `None` if it is empty. A number is the shortest decimal that reads back as itself.
    pub fn cell(&self, row: usize) -> Option<Cow<'_, str>> {
        if self.is_empty_at(row) {
            return None;
        }
        Some(match &self.values {
            Values::Numbers(numbers) => Cow::Owned(numbers[row].to_string()),
            Values::Levels { names, codes } => Cow::Borrowed(&names[codes[row] as usize]),
        })
    }

    /// The numbers, NaN where a cell is empty.
    ///
    /// # Errors
    /// [`Error::Column`] naming the first cell if the column is text.
    pub fn as_numbers(&self) -> Result<&[f64]> {
        match &self.values {
            Values::Numbers(numbers) => Ok(numbers),
            Values::Levels { .. } => {
                let row = (0..self.rows()).find(|&row| !self.is_empty_at(row));
                let found = row.and_then(|row| self.cell(row)).map(Cow::into_owned);
                Err(Error::column(&self.name, row, found, "is not a number"))
            }
        }
    }

    /// Whether a target of these values is a class where nothing else is said: text, or numbers of exactly two values.
    pub fn reads_as_classes(&self) -> bool {
        let Values::Numbers(numbers) = &self.values else {
            return true;
        };
        let mut present = numbers.iter().filter(|x| !x.is_nan());
        let Some(first) = present.next() else {
            return false;
        };
        let mut others = present.filter(|x| *x != first);
        others
            .next()
            .is_some_and(|second| others.all(|x| x == second))
    }

    /// The column of the given rows, in the given order.
    ///
    /// # Panics
    /// If one of `rows` is no row.
    #[track_caller]
    pub fn take(&self, rows: &[usize]) -> Self {
        let values = match &self.values {
            Values::Numbers(x) => Values::Numbers(rows.iter().map(|&i| x[i]).collect()),
            Values::Levels { names, codes } => Values::Levels {
                names: names.clone(),
                codes: rows.iter().map(|&i| codes[i]).collect(),
            },
        };
        Self {
            name: self.name.clone(),
            values,
        }
    }
}

/// Columns of equal length with different names.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    columns: Vec<Column>,
    rows: usize,
}

impl Table {
    /// A table of `columns`.
    ///
    /// # Errors
    /// [`Error::Empty`] without columns, [`Error::Shape`] if their lengths differ, [`Error::Column`] if a name comes twice.
    pub fn new(columns: Vec<Column>) -> Result<Self> {
        let argument = "columns";
        let rows = columns.first().ok_or(Error::Empty { argument })?.rows();
        for (i, column) in columns.iter().enumerate() {
            if column.rows() != rows {
                return Err(Error::Shape {
                    argument,
                    expected: (rows, 1),
                    found: (column.rows(), 1),
                });
            }
            if columns[..i].iter().any(|other| other.name == column.name) {
                return Err(Error::column(&column.name, None, None, "comes twice"));
            }
        }
        Ok(Self { columns, rows })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column called `name`.
    ///
    /// # Errors
    /// [`Error::Column`] if there is none.
    pub fn column(&self, name: &str) -> Result<&Column> {
        let mut columns = self.columns.iter();
        columns
            .find(|column| column.name == name)
            .ok_or_else(|| Error::column(name, None, None, "is not in the table"))
    }

    /// The table of the given rows, in the given order.
    ///
    /// # Panics
    /// If one of `rows` is no row.
    #[track_caller]
    pub fn take(&self, rows: &[usize]) -> Self {
        Self {
            columns: self
                .columns
                .iter()
                .map(|column| column.take(rows))
                .collect(),
            rows: rows.len(),
        }
    }
}
