//! Aligned-MTL (Senushkin et al. 2023): all singular values of the gradient matrix made equal, so that no gradient dominates.
//! ```text
//! G = V S^2 V'          w = s V S^-1 V' 1/T
//! ```
//! s is the smallest singular value kept, or one of the other two choices. A *mean*: orthogonal gradients of one length have weight `1/T`.
//! Eigenvalues up to `T eps32` times the largest are cut, `eps32` the rounding unit of f32, as in the other implementations.

use cognate_kernels::Real;

use super::rule::{Answer, Needs, Rule, Scratch, View};
use super::spectrum::Spectrum;

/// The common singular value of the aligned gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlignedScale {
    /// The smallest of those kept: the paper's choice, and the default.
    #[default]
    Min,
    /// The median of those kept, of an even number the lower one.
    Median,
    /// The root of the mean square of those kept.
    Rms,
}

/// Settings of Aligned-MTL.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AlignedMtl {
    /// Default the smallest.
    pub scale: AlignedScale,
}

impl AlignedMtl {
    /// s^2, of the eigenvalues kept.
    fn square(&self, mut kept: impl Iterator<Item = f64> + Clone) -> f64 {
        let count = kept.clone().count();
        let chosen = match self.scale {
            AlignedScale::Min => kept.next(),
            AlignedScale::Median => kept.nth(count.saturating_sub(1) / 2),
            AlignedScale::Rms => Some(kept.sum::<f64>() / count as f64),
        };
        chosen.unwrap_or(0.0)
    }
}

impl Rule for AlignedMtl {
    fn needs(&self) -> Needs {
        Needs::Gram
    }

    #[inline]
    fn weights(&self, view: &View<'_>, _: &mut [f64], s: &mut Scratch, w: &mut [f64]) -> Answer {
        let n = view.len();
        let [matrix, vectors, ..] = &mut s.matrices;
        let (matrix, vectors) = (&mut matrix[..n * n], &mut vectors[..n * n]);
        let mean = &mut s.vectors[0][..n];
        view.gradients.scaled_gram(matrix);
        mean.fill(1.0 / n as f64);
        let spectrum = Spectrum::of(matrix, vectors, n);
        let cut = n as f64 * f64::from(f32::EPSILON) * spectrum.top();
        let square = self.square(spectrum.values().filter(|value| *value > cut));
        if square <= 0.0 {
            return Answer::Undefined;
        }
        spectrum.apply(mean, cut, |value| Real::sqrt(square / value), w);
        Answer::Solved(0.0)
    }
}
