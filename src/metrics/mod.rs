//! Scores of predictions, with scikit-learn's conventions.
//!
//! Every score takes optional sample weights and is a weighted mean over rows (`w` is 1 where there are none):
//! ```text
//! accuracy           sum w [p = y] / sum w
//! balanced accuracy  the mean over classes of their recall
//! precision, recall  of class c: C_cc / sum_i C_ic and C_cc / sum_j C_cj, C the confusion matrix; 0 where the sum is 0
//! F1                 2 C_cc / (sum_i C_ic + sum_j C_cj)
//! log loss           -sum w ln p_y / sum w, p clipped to [eps, 1 - eps]
//! ROC AUC            the share of pairs (a row of the class, a row of another) that the score puts in order, ties counting half
//! MSE, MAE           sum w (p - y)^2 / sum w, sum w |p - y| / sum w
//! R2                 1 - sum w (p - y)^2 / sum w (y - mean)^2
//! ```
//! A row of weight 0 counts as absent. Sums are in f64, whatever the numbers are.

mod classification;
#[cfg(feature = "alloc")]
mod confusion;
#[cfg(feature = "alloc")]
mod ranking;
mod regression;

pub use classification::{accuracy, log_loss};
#[cfg(feature = "alloc")]
pub use confusion::{Average, ConfusionMatrix, Scores};
#[cfg(feature = "alloc")]
pub use ranking::{roc_auc, roc_auc_ovr};
pub use regression::{mean_absolute_error, mean_squared_error, r2};
