//! What can be wrong with data or settings, said so that it can be mended: the argument, the row, the column.

#[cfg(feature = "alloc")]
use alloc::{borrow::ToOwned, string::String};
use core::fmt;

/// `Result` with this crate's [`Error`].
pub type Result<T> = core::result::Result<T, Error>;

/// What was wrong with an argument. Rows and columns count from 0.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The argument has no rows, columns or elements.
    Empty {
        /// The argument's name.
        argument: &'static str,
    },
    /// The argument's shape is not the one that the others ask for.
    Shape {
        /// The argument's name.
        argument: &'static str,
        /// Rows and columns that would fit.
        expected: (usize, usize),
        /// Rows and columns found.
        found: (usize, usize),
    },
    /// A number is NaN or infinite.
    NotFinite {
        /// The argument's name.
        argument: &'static str,
        /// Row of the first such number.
        row: usize,
        /// Its column.
        column: usize,
    },
    /// A class label is outside `0..classes`.
    Label {
        /// Row of the label.
        row: usize,
        /// The label.
        found: u32,
        /// Number of classes.
        classes: usize,
    },
    /// A sample weight is negative, NaN or infinite.
    Weight {
        /// Row of the weight.
        row: usize,
        /// The weight.
        found: f64,
    },
    /// Fewer than two classes have (weighted) rows.
    OneClass,
    /// A class has too few rows for what was asked.
    FewRows {
        /// The class.
        class: u32,
        /// Rows that it has.
        found: usize,
        /// Rows that it would need.
        needed: usize,
    },
    /// A setting's value is not allowed.
    Setting {
        /// The setting's name.
        name: &'static str,
        /// What it must be.
        must: &'static str,
        /// The value found.
        found: f64,
    },
    /// A matrix that must be positive definite is not, even after the jitter allowed.
    NotPositiveDefinite {
        /// The first pivot that failed.
        pivot: usize,
    },
    /// The loss is NaN or infinite, and there is no earlier result to keep.
    Diverged,
    /// A callback asked to stop before there was a result.
    Cancelled,
    /// A named column of a table is not what it should be.
    #[cfg(feature = "alloc")]
    Column {
        /// The column's name.
        name: String,
        /// The row, where one is to blame.
        row: Option<usize>,
        /// What its cell holds.
        found: Option<String>,
        /// What is wrong.
        problem: &'static str,
    },
    /// A task is not what it should be.
    #[cfg(feature = "alloc")]
    Task {
        /// The task's name.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A file is not what it should be.
    File {
        /// What is wrong with it.
        what: &'static str,
        /// The byte where it was noticed.
        offset: usize,
    },
}

#[cfg(feature = "alloc")]
impl Error {
    pub(crate) fn column(
        name: &str,
        row: Option<usize>,
        found: Option<String>,
        problem: &'static str,
    ) -> Self {
        let name = name.to_owned();
        Self::Column {
            name,
            row,
            found,
            problem,
        }
    }

    pub(crate) fn task(name: &str, problem: &'static str) -> Self {
        let name = name.to_owned();
        Self::Task { name, problem }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { argument } => write!(f, "{argument} is empty"),
            Self::Shape {
                argument,
                expected: (er, ec),
                found: (fr, fc),
            } => write!(f, "{argument} is {fr} x {fc}, but {er} x {ec} is needed"),
            Self::NotFinite {
                argument,
                row,
                column,
            } => write!(
                f,
                "{argument} has a number that is not finite in row {row}, column {column}"
            ),
            Self::Setting { name, must, found } => {
                write!(f, "{name} must be {must}, not {found}")
            }
            Self::NotPositiveDefinite { pivot } => {
                write!(f, "the matrix is not positive definite (pivot {pivot})")
            }
            Self::Diverged => write!(f, "the loss is not finite"),
            Self::Cancelled => write!(f, "cancelled before there was a result"),
            Self::File { what, offset } => write!(f, "{what} (byte {offset})"),
            #[cfg(feature = "alloc")]
            Self::Task { name, problem } => write!(f, "task {name:?} {problem}"),
            _ => self.fmt_data(f),
        }
    }
}

impl Error {
    /// What is wrong with rows, labels and columns.
    fn fmt_data(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label {
                row,
                found,
                classes,
            } => write!(
                f,
                "the label in row {row} is {found}, but there are {classes} classes"
            ),
            Self::Weight { row, found } => write!(
                f,
                "sample_weight is {found} in row {row}, but must be finite and not negative"
            ),
            Self::OneClass => write!(f, "fewer than two classes have rows"),
            Self::FewRows {
                class,
                found,
                needed,
            } => write!(f, "class {class} has {found} rows, {needed} are needed"),
            #[cfg(feature = "alloc")]
            Self::Column {
                name,
                row,
                found,
                problem,
            } => {
                write!(f, "column {name:?}")?;
                row.map_or(Ok(()), |row| write!(f, ", row {row}"))?;
                found
                    .as_ref()
                    .map_or(Ok(()), |found| write!(f, ": {found:?}"))?;
                write!(f, " {problem}")
            }
            _ => Ok(()),
        }
    }
}

impl core::error::Error for Error {}
