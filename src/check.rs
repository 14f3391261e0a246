//! Checks of arguments, each with the error that names what is wrong.

use cognate_kernels::{MatRef, Real, max_abs};

use crate::workspace::default_level;
use crate::{Error, Result};

/// `argument` has something in it.
pub(crate) fn not_empty(argument: &'static str, count: usize) -> Result<()> {
    if count == 0 {
        return Err(Error::Empty { argument });
    }
    Ok(())
}

/// `argument` has the shape that the others ask for.
pub(crate) fn shape(
    argument: &'static str,
    found: (usize, usize),
    expected: (usize, usize),
) -> Result<()> {
    if found != expected {
        return Err(Error::Shape {
            argument,
            expected,
            found,
        });
    }
    Ok(())
}

/// `x` has rows and columns, and every number of it is finite.
#[cfg(feature = "alloc")]
pub(crate) fn matrix<T: Real>(argument: &'static str, x: MatRef<'_, T>) -> Result<()> {
    not_empty(argument, x.rows() * x.cols())?;
    finite(argument, x)
}

/// Every number of `x` is finite. One fast pass where rows lie side by side, and a second one only to find the culprit.
pub(crate) fn finite<T: Real>(argument: &'static str, x: MatRef<'_, T>) -> Result<()> {
    let side_by_side = x.as_slice();
    if side_by_side.is_some_and(|all| max_abs(default_level(), all).is_finite()) {
        return Ok(());
    }
    for row in 0..x.rows() {
        if let Some(column) = (0..x.cols()).find(|&column| !x.at(row, column).is_finite()) {
            return Err(Error::NotFinite {
                argument,
                row,
                column,
            });
        }
    }
    Ok(())
}

/// Every label is one of `classes`.
pub(crate) fn labels(labels: &[u32], classes: usize) -> Result<()> {
    match labels.iter().position(|&label| label as usize >= classes) {
        None => Ok(()),
        Some(row) => Err(Error::Label {
            row,
            found: labels[row],
            classes,
        }),
    }
}

/// The sum of `rows` weights, none of them negative, not all of them 0; the number of rows where there are no weights.
pub(crate) fn weight_sum<T: Real>(weights: Option<&[T]>, rows: usize) -> Result<f64> {
    let Some(weights) = weights else {
        return Ok(rows as f64);
    };
    let argument = "sample_weight";
    shape(argument, (weights.len(), 1), (rows, 1))?;
    self::weights(weights)?;
    let sum: f64 = weights.iter().map(|w| w.to_f64()).sum();
    if sum == 0.0 {
        return Err(Error::Setting {
            name: "the sum of sample_weight",
            must: "positive",
            found: 0.0,
        });
    }
    Ok(sum)
}

/// No weight is negative or not finite.
pub(crate) fn weights<T: Real>(weights: &[T]) -> Result<()> {
    let fault = |w: &T| !w.is_finite() || *w < T::ZERO;
    match weights.iter().position(fault) {
        None => Ok(()),
        Some(row) => Err(Error::Weight {
            row,
            found: weights[row].to_f64(),
        }),
    }
}

/// A setting is finite and `allowed`.
#[cfg(feature = "alloc")]
pub(crate) fn setting(
    name: &'static str,
    must: &'static str,
    found: f64,
    allowed: bool,
) -> Result<()> {
    if allowed && found.is_finite() {
        return Ok(());
    }
    Err(Error::Setting { name, must, found })
}
