//! Class labels: how much each class weighs.

use alloc::{vec, vec::Vec};

use cognate_kernels::Real;

use crate::error::{Error, Result};

/// Factors of the rows' weights, a class.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ClassWeight {
    /// All 1.
    #[default]
    None,
    /// Every class weighs as much as every other: the factor is the total weight over the number of classes and the class's weight.
    Balanced,
    /// One factor a class, none negative.
    Given(Vec<f64>),
}

impl ClassWeight {
    /// The factors for classes of these total weights; `None` for all 1.
    pub(crate) fn factors(&self, totals: &[f64]) -> Result<Option<Vec<f64>>> {
        match self {
            Self::None => Ok(None),
            Self::Balanced => {
                let even = totals.iter().sum::<f64>() / totals.len() as f64;
                Ok(Some(totals.iter().map(|total| even / total).collect()))
            }
            Self::Given(factors) => {
                let argument = "class_weight";
                if factors.len() != totals.len() {
                    return Err(Error::Shape {
                        argument,
                        expected: (totals.len(), 1),
                        found: (factors.len(), 1),
                    });
                }
                // A class of factor 0 would have no rows, and its intercept no optimum.
                match factors.iter().find(|f| !(f.is_finite() && **f > 0.0)) {
                    Some(&found) => Err(Error::Setting {
                        name: argument,
                        must: "above 0 for every class",
                        found,
                    }),
                    None => Ok(Some(factors.clone())),
                }
            }
        }
    }
}

/// The total weight of each class of `0..=max(y)`.
///
/// # Errors
/// If fewer than two classes have weight, or one of them has none.
pub(crate) fn class_totals<T: Real>(y: &[u32], sample_weight: Option<&[T]>) -> Result<Vec<f64>> {
    let highest = y.iter().max().map_or(0, |&label| label as usize);
    // With as many classes as rows, or more, and a class has no row: no need to count beyond.
    let classes = (highest + 1).min(y.len() + 1);
    let mut totals = vec![0.0; classes];
    for (i, &label) in y.iter().enumerate() {
        if let Some(total) = totals.get_mut(label as usize) {
            *total += sample_weight.map_or(1.0, |w| w[i].to_f64());
        }
    }
    let weighty = totals.iter().filter(|&&total| total > 0.0).count();
    if classes < 2 || weighty < 2 {
        return Err(Error::OneClass);
    }
    match totals.iter().position(|&total| total == 0.0) {
        None => Ok(totals),
        Some(class) => Err(Error::FewRows {
            class: class as u32,
            found: 0,
            needed: 1,
        }),
    }
}

/// Each row's weight times its class's factor.
pub(crate) fn row_weights<T: Real>(
    factors: &[f64],
    y: &[u32],
    sample_weight: Option<&[T]>,
) -> Vec<T> {
    let weight = |(i, &label): (usize, &u32)| {
        let factor = factors[label as usize];
        T::from_f64(sample_weight.map_or(1.0, |w| w[i].to_f64()) * factor)
    };
    y.iter().enumerate().map(weight).collect()
}
