//! Scores of predicted classes and probabilities.

use cognate_kernels::{MatRef, Real};

use crate::{Error, Result, check};

/// The share of rows whose class was predicted.
///
/// # Errors
/// [`Error::Empty`] without rows, [`Error::Shape`] if lengths differ, [`Error::Weight`] or [`Error::Setting`] for wrong weights.
pub fn accuracy(y: &[u32], predicted: &[u32], weights: Option<&[f64]>) -> Result<f64> {
    check::not_empty("y", y.len())?;
    check::shape("predicted", (predicted.len(), 1), (y.len(), 1))?;
    let total = check::weight_sum(weights, y.len())?;
    let right = (0..y.len()).filter(|&row| y[row] == predicted[row]);
    let right: f64 = right.map(|row| weights.map_or(1.0, |w| w[row])).sum();
    Ok(right / total)
}

/// The mean negative log-probability of the true classes, in nats; `proba: n x classes`.
///
/// Probabilities are clipped to `[eps, 1 - eps]`, `eps` being the type's own; rows are not asked to sum to 1.
///
/// # Errors
/// [`Error::Empty`] without rows, [`Error::Shape`] if lengths differ, [`Error::Label`] if a class has no column,
/// [`Error::NotFinite`] or [`Error::Setting`] for a number that is no probability, [`Error::Weight`] for a wrong weight.
pub fn log_loss<T: Real>(y: &[u32], proba: MatRef<'_, T>, weights: Option<&[f64]>) -> Result<f64> {
    check::not_empty("y", y.len())?;
    check::shape(
        "proba",
        (proba.rows(), proba.cols()),
        (y.len(), proba.cols()),
    )?;
    check::labels(y, proba.cols())?;
    check::finite("proba", proba)?;
    let total = check::weight_sum(weights, y.len())?;
    let eps = T::EPSILON.to_f64();
    let mut sum = 0.0;
    for (row, &class) in y.iter().enumerate() {
        let p = proba.at(row, class as usize).to_f64();
        if !(0.0..=1.0).contains(&p) {
            return Err(Error::Setting {
                name: "a probability",
                must: "from 0 to 1",
                found: p,
            });
        }
        sum -= weights.map_or(1.0, |w| w[row]) * Real::ln(p.clamp(eps, 1.0 - eps));
    }
    Ok(sum / total)
}
