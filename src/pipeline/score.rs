//! The scores of predictions whose answers are known, by name.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatRef, Real};

use super::missing::{self, Labelled};
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
    /// Scores against the true `labels` of the same rows, with a weight a row: of numbers `mse`, `mae`, `r2`, the mean over targets, each on
    /// the rows that have its label; of classes `accuracy`,
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
        if missing::any(y) {
            return self.score_labelled(y, weights);
        }
        let predicted: Vec<f64> = self.values.iter().map(|x| x.to_f64()).collect();
        let predicted = MatRef::planned(&predicted, self.matrix().rows(), self.width);
        let y = MatRef::planned(y, y.len() / self.width, self.width);
        Ok(vec![
            ("mse", mean_squared_error(y, predicted, weights)?),
            ("mae", mean_absolute_error(y, predicted, weights)?),
            ("r2", r2(y, predicted, weights)?),
        ])
    }

    /// The mean over the targets that have labels.
    fn score_labelled(&self, y: &[f64], weights: Option<&[f64]>) -> Result<Scores> {
        let of_column = |j: usize| {
            let own = Labelled::of(y, (j, self.width));
            let said = self.take(&own.rows).column(j);
            let weights = own.weights(weights);
            (!own.rows.is_empty()).then(|| said.score_numbers(&own.labels, weights.as_deref()))
        };
        let columns: Vec<Scores> = (0..self.width)
            .filter_map(of_column)
            .collect::<Result<_>>()?;
        let Some(first) = columns.first() else {
            return Err(Error::Empty { argument: "labels" });
        };
        let mean = |place: usize| {
            let sum: f64 = columns.iter().map(|scores| scores[place].1).sum();
            sum / columns.len() as f64
        };
        let named = first.iter().enumerate();
        Ok(named
            .map(|(place, (name, _))| (*name, mean(place)))
            .collect())
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
