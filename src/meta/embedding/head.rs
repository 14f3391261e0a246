//! The heads that an embedding may have, behind one type.

use cognate_kernels::{MatMut, MatRef, Real};

use crate::error::Result;
use crate::meta::episodes::TargetKind;
use crate::meta::heads::{
    Head, HeadAdjoint, HeadGradient, HeadPoint, LogisticHead, PrototypeHead, RidgeHead, Shape,
    Support, affine_as_linear, prototypes_as_linear,
};
use crate::workspace::{Need, Work, default_level};

/// A head in closed form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EmbeddingHead {
    /// Ridge regression, for numbers and classes.
    Ridge(RidgeHead),
    /// Logistic regression of each class against the others.
    Logistic(LogisticHead),
    /// Squared distances to the classes' means.
    Prototypes,
}

impl EmbeddingHead {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ridge(_) => "ridge-head",
            Self::Logistic(_) => "logistic-head",
            Self::Prototypes => "protonet",
        }
    }

    /// The head as it starts for such targets: the logits of a ridge head for classes lie within 1 or so, too near each other to learn from.
    pub(super) fn started_for(self, targets: TargetKind) -> Self {
        match (self, targets) {
            (Self::Ridge(head), TargetKind::Classes(_)) if head.scale.is_none() => {
                Self::Ridge(head.with_scale(10.0))
            }
            _ => self,
        }
    }

    /// The linear map that a fitted head is to every softmax, and for numbers: `d x c` into `weights`, c numbers into `bias`.
    pub(super) fn as_linear<T: Real>(
        &self,
        p: &[T],
        fitted: &[T],
        weights: &mut [T],
        bias: &mut [T],
    ) {
        let (c, d) = (bias.len(), weights.len() / bias.len());
        match self {
            Self::Ridge(head) => affine_as_linear(p, fitted, head.bias, weights, bias),
            Self::Logistic(head) => affine_as_linear(p, fitted, head.bias, weights, bias),
            Self::Prototypes => {
                let (prototypes, into) = (
                    MatRef::planned(fitted, c, d),
                    MatMut::planned(weights, d, c),
                );
                prototypes_as_linear(prototypes, into, bias, default_level());
            }
        }
    }

    pub(super) fn of<T: Real>(&self) -> &dyn HeadAdjoint<T> {
        match self {
            Self::Ridge(head) => head,
            Self::Logistic(head) => head,
            Self::Prototypes => &PrototypeHead::SQUARED,
        }
    }
}

impl<T: Real> Head<T> for EmbeddingHead {
    fn params(&self) -> usize {
        self.of::<T>().params()
    }

    fn start(&self, p: &mut [T]) {
        self.of().start(p);
    }

    fn fitted(&self, shape: &Shape) -> usize {
        self.of::<T>().fitted(shape)
    }

    fn need(&self, shape: &Shape) -> Need {
        self.of::<T>().need(shape)
    }

    fn fit(
        &self,
        p: &[T],
        support: &Support<'_, T>,
        fitted: &mut [T],
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> Result<()> {
        self.of().fit(p, support, fitted, saved, w)
    }

    fn predict(
        &self,
        p: &[T],
        fitted: &[T],
        h: MatRef<'_, T>,
        z: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        self.of().predict(p, fitted, h, z, w);
    }
}

impl<T: Real> HeadAdjoint<T> for EmbeddingHead {
    fn adjoint(
        &self,
        p: &[T],
        at: &HeadPoint<'_, T>,
        dz: MatRef<'_, T>,
        into: HeadGradient<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        self.of().adjoint(p, at, dz, into, w);
    }
}
