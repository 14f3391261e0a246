//! Which method won, and which simpler one the folds cannot tell from it.
//!
//! Folds share training rows, so that the scores of a cross-validation vary less than independent ones would. For the differences
//! `x_1..x_n` of two methods on the same folds, with mean m and standard deviation s, the corrected t statistic (Nadeau and Bengio 2003)
//! is
//! ```text
//! t = m / (s sqrt(1/n + n_test / n_train))          n - 1 degrees of freedom
//! ```
//! The winner is the method of the best mean. It is compared with every method that has fewer parameters, and Holm's procedure (1979)
//! keeps the chance of a single false difference among them at [`LEVEL`]. The simplest of those that are not shown to be worse is as
//! good as the winner for all that these folds say. The winner's own score was chosen on the same folds and is optimistic: the text says
//! so.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use cognate_kernels::Real;

use super::reduce::MethodReport;
use super::student::two_sided;

/// The chance of declaring a difference where there is none.
pub const LEVEL: f64 = 0.05;

/// What a comparison comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The method of the best mean score.
    pub winner: String,
    /// The method of fewest parameters that is not shown to be worse; the winner itself if there is none.
    pub simplest_as_good: String,
    /// Both, in a sentence or two.
    pub text: String,
}

/// The standard error of the mean of correlated fold scores: `s sqrt(1/n + ratio)`, where `ratio` is `n_test / n_train`.
pub fn standard_error(scores: &[f64], ratio: f64) -> f64 {
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let squares: f64 = scores.iter().map(|x| (x - mean) * (x - mean)).sum();
    Real::sqrt(squares / (n - 1.0) * (1.0 / n + ratio))
}

/// The probability, were two methods alike, of differences as far from 0 as these.
pub fn p_value(differences: &[f64], ratio: f64) -> f64 {
    let mean = differences.iter().sum::<f64>() / differences.len() as f64;
    if mean == 0.0 {
        return 1.0;
    }
    // The same difference on every fold has an error of 0 and a t without bound.
    two_sided(
        mean / standard_error(differences, ratio),
        differences.len() - 1,
    )
}

/// The verdict on methods of which lower scores are better, at least one; `ratio` is `n_test / n_train`.
#[inline]
pub(super) fn judge(methods: &[MethodReport], ratio: f64) -> Verdict {
    let winner = best(methods);
    let simpler: Vec<&MethodReport> = methods
        .iter()
        .filter(|m| m.parameters < winner.parameters && m.mean.is_finite())
        .collect();
    let p_values = simpler
        .iter()
        .map(|m| p_value(&differences(m, winner), ratio));
    let adjusted = holm(&p_values.collect::<Vec<_>>());
    let pairs = simpler.iter().copied().zip(adjusted);
    let simplest = pairs
        .filter(|(_, p)| *p > LEVEL)
        .min_by(|a, b| a.0.parameters.total_cmp(&b.0.parameters));
    Verdict {
        winner: winner.name.clone(),
        simplest_as_good: simplest.map_or(&winner.name, |(m, _)| &m.name).clone(),
        text: text(winner, simplest, simpler.len()),
    }
}

fn best(methods: &[MethodReport]) -> &MethodReport {
    let order = |x: f64| if x.is_nan() { f64::INFINITY } else { x };
    let better = |a: &&MethodReport, b: &&MethodReport| order(a.mean).total_cmp(&order(b.mean));
    methods.iter().min_by(better).expect("at least one method")
}

fn differences(a: &MethodReport, b: &MethodReport) -> Vec<f64> {
    a.folds.iter().zip(&b.folds).map(|(a, b)| a - b).collect()
}

/// Probabilities adjusted for their number, each to be held against [`LEVEL`] alone: from the smallest on, the i-th of m is multiplied
/// by `m - i`, and none may be less than the one before.
#[inline]
fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = p.to_vec();
    let mut least = 0.0;
    for (i, &at) in order.iter().enumerate() {
        least = (p[at] * (p.len() - i) as f64).min(1.0).max(least);
        adjusted[at] = least;
    }
    adjusted
}

fn text(winner: &MethodReport, simplest: Option<(&MethodReport, f64)>, compared: usize) -> String {
    let best = format!("{} has the best score", winner.name);
    let how = match (simplest, compared) {
        (Some((simple, p)), _) => format!(
            ", but the folds cannot tell it from {}, which is simpler (p = {p:.2}, {TEST})",
            simple.name
        ),
        (None, 0) => " and is the simplest method".to_owned(),
        (None, 1) => format!(", and the simpler method is worse (p < {LEVEL}, {TEST})"),
        (None, n) => {
            format!(", and each of the {n} simpler methods is worse (p < {LEVEL}, {TEST})")
        }
    };
    format!("{best}{how}; its score was chosen on these folds and is optimistic.")
}

const TEST: &str = "corrected t-test, Holm";

#[cfg(test)]
mod tests {
    use super::holm;

    #[test]
    fn holm_by_hand() {
        // 0.01 x 4; 0.02 x 3; 0.03 x 2 and 0.04 x 1 are raised to what stands before them.
        assert_eq!(holm(&[0.04, 0.01, 0.03, 0.02]), [0.06, 0.04, 0.06, 0.06]);
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert_eq!(holm(&[]), [0.0; 0]);
    }
}
