//! The scores of predictions whose answers are known, by name.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatRef, Real};

use super::{Labels, Prediction};
use crate::error::{Error, Result};
use crate::metrics::{
    Average, ConfusionMatrix, log_loss, mean_absolute_error, mean_squared_error, r2, roc_auc,
    roc_auc_ovr,
};

/// Scores by name, in the order to show them. One that these rows do not define (the area under the curve of a single class, R2 of one
/// row) is NaN.
pub type Scores = Vec<(&'static str, f64)>;

impl<T: Real> Prediction<T> {
    /// Scores against the true `labels` of the same rows, with a weight a row: of numbers `mse`, `mae`, `r2`; of classes `accuracy`,
    /// `balanced_accuracy`, `log_loss`, `roc_auc` (one against the rest, averaged, for more than two) and `precision`, `recall`, `f1`
    /// (of class 1 out of two, else averaged over the classes).
    ///
    /// # Errors
    /// If there are no rows, lengths differ, or a weight is negative.
    pub fn score(&self, labels: Labels<'_>, weights: Option<&[f64]>) -> Result<Scores> {
        match labels {
            Labels::Numbers(y) => self.score_numbers(y, weights),
            Labels::Classes(y) => self.score_classes(y, weights),
        }
    }

    fn matrix(&self) -> MatRef<'_, T> {
        MatRef::planned(&self.values, self.values.len() / self.width, self.width)
    }

    fn score_numbers(&self, y: &[f64], weights: Option<&[f64]>) -> Result<Scores> {
        let predicted: Vec<f64> = self.values.iter().map(|x| x.to_f64()).collect();
        let predicted = MatRef::planned(&predicted, self.matrix().rows(), self.width);
        let y = MatRef::planned(y, y.len() / self.width, self.width);
        Ok(vec![
            ("mse", mean_squared_error(y, predicted, weights)?),
            ("mae", mean_absolute_error(y, predicted, weights)?),
            ("r2", r2(y, predicted, weights)?),
        ])
    }

    fn score_classes(&self, y: &[u32], weights: Option<&[f64]>) -> Result<Scores> {
        let proba = self.matrix();
        let confusion = ConfusionMatrix::new(y, &self.classes(), self.width, weights)?;
        let (area, average) = match self.width {
            2 => {
                let scores: Vec<T> = self.rows().map(|row| row[1]).collect();
                (roc_auc(y, &scores, weights), Average::Binary)
            }
            _ => (roc_auc_ovr(y, proba, weights), Average::Macro),
        };
        let area = match area {
            Err(Error::OneClass | Error::FewRows { .. }) => f64::NAN,
            other => other?,
        };
        let by_class = confusion.scores(average)?;
        Ok(vec![
            ("accuracy", confusion.accuracy()),
            ("balanced_accuracy", confusion.balanced_accuracy()),
            ("log_loss", log_loss(y, proba, weights)?),
            ("roc_auc", area),
            ("precision", by_class.precision),
            ("recall", by_class.recall),
            ("f1", by_class.f1),
        ])
    }
}
