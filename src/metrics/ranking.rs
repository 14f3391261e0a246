//! The area under the receiver operating characteristic: how well scores put rows of a class before the others.

use alloc::vec::Vec;

use cognate_kernels::{MatRef, Real};

use crate::{Error, Result, check};

/// The area under the ROC curve of the scores of class 1; `y` holds 0 and 1.
///
/// Only the order of the scores matters: decision values do as well as probabilities.
///
/// # Errors
/// [`Error::Empty`] without rows, [`Error::Shape`] if lengths differ, [`Error::Label`] if a label is neither 0 nor 1,
/// [`Error::NotFinite`] for a score that is not finite, [`Error::Weight`] for a wrong weight, [`Error::OneClass`] if one class has no
/// weight.
pub fn roc_auc<T: Real>(y: &[u32], scores: &[T], weights: Option<&[f64]>) -> Result<f64> {
    let scores = MatRef::planned(scores, scores.len(), 1);
    check_rows(y, scores, 2, weights)?;
    area(y, scores, 1, weights).ok_or(Error::OneClass)
}

/// The mean over classes of the area of each class's probability against all other classes; `proba: n x classes`.
///
/// # Errors
/// As [`roc_auc`]; [`Error::FewRows`] naming a class without rows.
pub fn roc_auc_ovr<T: Real>(
    y: &[u32],
    proba: MatRef<'_, T>,
    weights: Option<&[f64]>,
) -> Result<f64> {
    let classes = proba.cols();
    check_rows(y, proba, classes, weights)?;
    let mut sum = 0.0;
    for class in 0..classes as u32 {
        let scores = proba.cols_range(class as usize..class as usize + 1);
        sum += area(y, scores, class, weights).ok_or_else(|| match y.contains(&class) {
            true => Error::OneClass,
            false => Error::FewRows {
                class,
                found: 0,
                needed: 1,
            },
        })?;
    }
    Ok(sum / classes as f64)
}

fn check_rows<T: Real>(
    y: &[u32],
    scores: MatRef<'_, T>,
    classes: usize,
    weights: Option<&[f64]>,
) -> Result<()> {
    check::not_empty("y", y.len())?;
    let expected = (y.len(), scores.cols());
    check::shape("scores", (scores.rows(), scores.cols()), expected)?;
    check::labels(y, classes)?;
    check::finite("scores", scores)?;
    check::weight_sum(weights, y.len()).map(|_| ())
}

/// With the rows in falling order of their scores, sums over groups of equal scores
/// `negatives of the group * (positives before it + half the group's positives)`. `None` if a side has no weight.
fn area<T: Real>(
    y: &[u32],
    scores: MatRef<'_, T>,
    class: u32,
    weights: Option<&[f64]>,
) -> Option<f64> {
    let row = |i: usize| {
        let weight = weights.map_or(1.0, |w| w[i]);
        let is_positive = y[i] == class;
        let (positive, negative) = if is_positive {
            (weight, 0.0)
        } else {
            (0.0, weight)
        };
        (scores.at(i, 0).to_f64(), positive, negative)
    };
    let mut rows: Vec<_> = (0..y.len()).map(row).collect();
    rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut positives, mut negatives, mut pairs) = (0.0, 0.0, 0.0);
    for group in rows.chunk_by(|a, b| a.0 == b.0) {
        let [p, n] = group
            .iter()
            .fold([0.0; 2], |[p, n], row| [p + row.1, n + row.2]);
        pairs += n * (positives + 0.5 * p);
        positives += p;
        negatives += n;
    }
    (positives > 0.0 && negatives > 0.0).then(|| pairs / (positives * negatives))
}
