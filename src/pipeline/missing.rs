//! Several targets of which some labels are missing (NaN): each has the rows that have its label.
//!
//! Least squares and ridge fall apart into a problem a target, so that a missing label is a row that this target does not have, and no
//! more. The scaler of a target, and its scores, are those of its labelled rows too. Where nothing is missing all targets are one fit.

use alloc::{string::String, vec::Vec};

use cognate_kernels::{MatRef, Real};

use super::name_column;
use crate::data::scale::{Scaler, StandardScaler};
use crate::error::{Error, Result};
use crate::model::{LinearModel, LinearReport};

/// Rows that have a label of one target.
pub(super) struct Labelled<T> {
    pub rows: Vec<usize>,
    pub labels: Vec<T>,
}

impl<T: Real> Labelled<T> {
    /// Those of column `j` out of `k` in `y: n x k`.
    pub fn of(y: &[T], (j, k): (usize, usize)) -> Self {
        let column = y.iter().skip(j).step_by(k).copied().enumerate();
        let (rows, labels) = column.filter(|(_, y)| !y.to_f64().is_nan()).unzip();
        Self { rows, labels }
    }

    /// The weights of these rows.
    pub fn weights<W: Copy>(&self, all: Option<&[W]>) -> Option<Vec<W>> {
        let all = all?;
        Some(self.rows.iter().map(|&row| all[row]).collect())
    }

    /// The labels, `n x 1`.
    pub fn matrix(&self) -> MatRef<'_, T> {
        MatRef::planned(&self.labels, self.labels.len(), 1)
    }

    fn check(&self, name: &str) -> Result<()> {
        match self.rows.is_empty() {
            false => Ok(()),
            true => Err(Error::column(
                name,
                None,
                None,
                "has no label among the rows to learn from",
            )),
        }
    }
}

/// Whether a label is missing.
pub(super) fn any<T: Real>(y: &[T]) -> bool {
    y.iter().any(|y| y.to_f64().is_nan())
}

/// The scaler of the targets called `names` in `y: n x k`, each of its labelled rows.
#[inline]
pub(super) fn scaler(y: &[f64], names: &[String], weights: Option<&[f64]>) -> Result<Scaler> {
    let k = names.len();
    let fit = |y: MatRef<'_, f64>, w: Option<&[f64]>| StandardScaler::default().fit(y, w);
    if !any(y) {
        let whole = MatRef::planned(y, y.len() / k, k);
        return fit(whole, weights).map_err(|e| name_column(e, names));
    }
    let (mut shift, mut scale) = (Vec::new(), Vec::new());
    for (j, name) in names.iter().enumerate() {
        let own = Labelled::of(y, (j, k));
        own.check(name)?;
        let fitted = fit(own.matrix(), own.weights(weights).as_deref());
        let fitted = fitted.map_err(|e| name_column(e, core::slice::from_ref(name)))?;
        shift.extend_from_slice(fitted.shift());
        scale.extend_from_slice(fitted.scale());
    }
    Scaler::new(shift, scale)
}

/// A linear fit of one or more targets.
pub(super) type Fit<'f, T> = &'f dyn Fn(
    MatRef<'_, T>,
    MatRef<'_, T>,
    Option<&[T]>,
) -> Result<(LinearModel<T>, LinearReport)>;

/// Fits the targets called `names`, `y: n x k`, to `x: n x d`. The report is that of the least rank.
pub(super) fn fit<T: Real>(
    x: MatRef<'_, T>,
    (y, names): (&[T], &[String]),
    weights: Option<&[T]>,
    fit: Fit<'_, T>,
) -> Result<(LinearModel<T>, LinearReport)> {
    let (k, d) = (names.len(), x.cols());
    if !any(y) {
        return fit(x, MatRef::planned(y, x.rows(), k), weights);
    }
    let (mut coef, mut intercept, mut reports) = (Vec::new(), Vec::new(), Vec::new());
    for (j, name) in names.iter().enumerate() {
        let own = Labelled::of(y, (j, k));
        own.check(name)?;
        let rows = own
            .rows
            .iter()
            .flat_map(|&i| (0..d).map(move |j| x.at(i, j)));
        let rows: Vec<T> = rows.collect();
        let rows = MatRef::planned(&rows, own.rows.len(), d);
        let (model, report) = fit(rows, own.matrix(), own.weights(weights).as_deref())?;
        coef.extend((0..d).map(|j| model.coef().at(0, j)));
        intercept.extend_from_slice(model.intercept());
        reports.push(report);
    }
    let report = reports.into_iter().min_by_key(|report| report.rank);
    let model = LinearModel::new(MatRef::planned(&coef, k, d), &intercept)?;
    Ok((model, report.ok_or(Error::Empty { argument: "y" })?))
}
