//! Importance weights: source rows count as much as they look like the target's.
//!
//! Under covariate shift the loss on the target is the source's, weighted by `w(x) = p_T(x) / p_S(x)` (Shimodaira 2000). A classifier that
//! tells target rows from source rows knows the quotient (Bickel, Brueckner and Scheffer 2007): with its log-odds `z(x)` of the target,
//! ```text
//! w(x) = n_S / n_T  e^z(x)
//! ```
//! The classifier is logistic regression. A few rows that stand alone may get very large weights; a bound on them trades some bias for much
//! variance.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatRef, Real};

use crate::check;
use crate::error::Result;
use crate::model::{LogisticModel, LogisticRegression};
use crate::optim::Report;

/// Weights by the odds of a classifier between source and target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImportanceWeights {
    /// The classifier's inverse penalty, as [`LogisticRegression::c`]. Default 1.
    pub c: f64,
    /// The largest weight. Default: none.
    pub bound: Option<f64>,
}

impl Default for ImportanceWeights {
    fn default() -> Self {
        Self {
            c: 1.0,
            bound: None,
        }
    }
}

/// The fitted quotient of densities.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportanceModel<T> {
    /// Log-odds of the target against the source.
    pub odds: LogisticModel<T>,
    /// `n_S / n_T`.
    pub ratio: f64,
    /// The largest weight.
    pub bound: Option<f64>,
}

impl ImportanceWeights {
    /// Learns to tell rows of the target (`m x d`) from rows of the source (`n x d`); no labels are needed.
    ///
    /// # Errors
    /// If there are no rows on a side, the features differ or a number is not finite.
    pub fn fit<T: Real>(
        &self,
        source: MatRef<'_, T>,
        target: MatRef<'_, T>,
    ) -> Result<(ImportanceModel<T>, Report)> {
        check::matrix("source", source)?;
        check::matrix("target", target)?;
        let (n, m, d) = (source.rows(), target.rows(), source.cols());
        check::shape("target", (m, target.cols()), (m, d))?;
        let cells = |x: MatRef<'_, T>| -> Vec<T> {
            (0..x.rows() * d).map(|at| x.at(at / d, at % d)).collect()
        };
        let all = [cells(source), cells(target)].concat();
        let mut side = vec![0; n];
        side.resize(n + m, 1);
        let classifier = LogisticRegression::default().with_c(self.c);
        let (odds, report) = classifier.fit(MatRef::planned(&all, n + m, d), &side, None)?;
        let model = ImportanceModel {
            odds,
            ratio: n as f64 / m as f64,
            bound: self.bound,
        };
        Ok((model, report))
    }
}

impl<T: Real> ImportanceModel<T> {
    /// The weights of rows `x: n x d`.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn weights(&self, x: MatRef<'_, T>) -> Result<Vec<T>> {
        let mut weights = self.odds.decision_function(x)?;
        let bound = T::from_f64(self.bound.unwrap_or(f64::INFINITY)).min(T::MAX);
        for weight in &mut weights {
            *weight = (weight.exp() * T::from_f64(self.ratio)).min(bound);
        }
        Ok(weights)
    }
}
