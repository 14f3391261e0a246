//! The losses that meta-learners step on: means over rows and outputs.

use cognate_kernels::{MatMut, MatRef, Real};

use super::episodes::TargetKind;
use crate::loss::{Loss, Softmax, Squared, Targets};
use crate::workspace::{Need, Work};

/// Squared for numbers, softmax cross-entropy for classes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TargetLoss(pub(super) TargetKind);

impl TargetLoss {
    /// 2 makes `(z - y)^2` of the halved square.
    pub(super) fn factor(self) -> f64 {
        match self.0 {
            TargetKind::Numbers(_) => 2.0,
            TargetKind::Classes(_) => 1.0,
        }
    }
}

impl<T: Real> Loss<T> for TargetLoss {
    fn need(&self, rows: usize, outputs: usize) -> Need {
        match self.0 {
            TargetKind::Numbers(_) => Loss::<T>::need(&Squared, rows, outputs),
            TargetKind::Classes(_) => Loss::<T>::need(&Softmax::default(), rows, outputs),
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
        match self.0 {
            TargetKind::Numbers(_) => Squared.value_grad(z, y, scale, dz, saved, w),
            TargetKind::Classes(_) => Softmax::default().value_grad(z, y, scale, dz, saved, w),
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
        match self.0 {
            TargetKind::Numbers(_) => Squared.hvp(z, y, scale, saved, rz, rdz, w),
            TargetKind::Classes(_) => Softmax::default().hvp(z, y, scale, saved, rz, rdz, w),
        }
    }
}
