//! What is wrong with data, said by argument, row and column.

use cognate_kernels::{Level, MatRef, Real, max_abs};

use crate::error::{Error, Result};

/// Every number of `x` is finite. One pass; a second one only to find the culprit.
pub(crate) fn finite<T: Real>(
    argument: &'static str,
    x: MatRef<'_, T>,
    level: Level,
) -> Result<()> {
    let side_by_side = x.as_slice();
    if side_by_side.is_some_and(|all| max_abs(level, all).is_finite()) {
        return Ok(());
    }
    for row in 0..x.rows() {
        for column in 0..x.cols() {
            if !x.at(row, column).is_finite() {
                return Err(Error::NotFinite {
                    argument,
                    row,
                    column,
                });
            }
        }
    }
    Ok(())
}

/// `x` is a finite matrix with rows and columns.
pub(crate) fn matrix<T: Real>(
    argument: &'static str,
    x: MatRef<'_, T>,
    level: Level,
) -> Result<()> {
    if x.rows() == 0 || x.cols() == 0 {
        return Err(Error::Empty { argument });
    }
    finite(argument, x, level)
}

/// `found` is `expected`, rows by columns.
pub(crate) fn shape(
    argument: &'static str,
    expected: (usize, usize),
    found: (usize, usize),
) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    Err(Error::Shape {
        argument,
        expected,
        found,
    })
}

/// Weights of `rows` rows: as many, finite, none negative.
pub(crate) fn weights<T: Real>(weights: Option<&[T]>, rows: usize) -> Result<()> {
    let argument = "sample_weight";
    let Some(weights) = weights else {
        return Ok(());
    };
    shape(argument, (rows, 1), (weights.len(), 1))?;
    for (row, &weight) in weights.iter().enumerate() {
        if !weight.is_finite() {
            return Err(Error::NotFinite {
                argument,
                row,
                column: 0,
            });
        }
        if weight < T::ZERO {
            return Err(Error::Setting {
                name: argument,
                must: "at least 0 in every row",
                found: weight.to_f64(),
            });
        }
    }
    Ok(())
}

/// As [`weights`], and not all zero.
pub(crate) fn some_weight<T: Real>(weights: Option<&[T]>, rows: usize) -> Result<()> {
    self::weights(weights, rows)?;
    match weights {
        Some(weights) if weights.iter().all(|&weight| weight == T::ZERO) => Err(Error::Setting {
            name: "sample_weight",
            must: "above 0 in some row",
            found: 0.0,
        }),
        _ => Ok(()),
    }
}

/// A setting is finite and `allowed`.
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
