//! What the outputs of a network mean: the loss on them, and their score.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real};

use crate::loss::{Logistic, Loss, Softmax, Squared, Target, Targets};
use crate::metrics;
use crate::model::class_model::argmax;
use crate::workspace::{Need, Work};

/// The meaning of the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// One logit for two classes.
    Logistic,
    /// A logit a class.
    Softmax,
    /// Numbers.
    Squared,
}

impl Head {
    /// For a number of classes.
    pub(crate) fn of_classes(classes: usize) -> Self {
        if classes == 2 {
            Self::Logistic
        } else {
            Self::Softmax
        }
    }

    /// Accuracy or R2 of outputs `z`; NaN where there is none.
    pub(crate) fn score<T: Real>(self, z: MatRef<'_, T>, y: &Targets<'_, T>) -> f64 {
        let weights: Option<Vec<f64>> = y.weights.map(|w| w.iter().map(|w| w.to_f64()).collect());
        let score = match y.target {
            Target::Values(y) => metrics::r2(y, z, weights.as_deref()),
            Target::Classes(labels) => {
                let mut predicted = vec![0; labels.len()];
                for (i, label) in predicted.iter_mut().enumerate() {
                    *label = match self {
                        Self::Logistic => u32::from(z.at(i, 0) > T::ZERO),
                        _ => argmax(z.row(i)),
                    };
                }
                metrics::accuracy(labels, &predicted, weights.as_deref())
            }
        };
        score.unwrap_or(f64::NAN)
    }
}

impl<T: Real> Loss<T> for Head {
    fn need(&self, rows: usize, outputs: usize) -> Need {
        match self {
            Self::Logistic => Loss::<T>::need(&Logistic, rows, outputs),
            Self::Softmax => Loss::<T>::need(&Softmax::default(), rows, outputs),
            Self::Squared => Loss::<T>::need(&Squared, rows, outputs),
        }
    }

    fn value_grad(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        dz: Option<MatMut<'_, T>>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> T {
        match self {
            Self::Logistic => Logistic.value_grad(z, y, scale, dz, saved, w),
            Self::Softmax => Softmax::default().value_grad(z, y, scale, dz, saved, w),
            Self::Squared => Squared.value_grad(z, y, scale, dz, saved, w),
        }
    }

    fn hvp(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        saved: &[T],
        rz: MatRef<'_, T>,
        rdz: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        match self {
            Self::Logistic => Logistic.hvp(z, y, scale, saved, rz, rdz, w),
            Self::Softmax => Softmax::default().hvp(z, y, scale, saved, rz, rdz, w),
            Self::Squared => Squared.hvp(z, y, scale, saved, rz, rdz, w),
        }
    }
}
