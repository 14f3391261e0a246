//! SimpleShot (Wang, Chao, Weinberger and van der Maaten 2019): on a frozen body, the nearest class mean of centred features of length 1.
//!
//! ```text
//! c(h) = (h - mean) / |h - mean|        p_c = mean of c(h_i) over class c        z_c = -|c(h) - p_c|^2
//! ```
//! `mean` is that of the features on which the body was trained; without one nothing is centred. Nothing is learned across tasks: this,
//! and a [`PrototypeHead`] on raw inputs, are the baselines that a meta-learner has to beat.

use cognate_kernels::{MatMut, MatRef, Real};

use super::prototype::unit_rows;
use super::{Head, PrototypeHead, Shape, Support};
use crate::error::Result;
use crate::workspace::{Need, Work};

/// The nearest centroid after centring and scaling to length 1; targets are classes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CentroidHead<'a, T> {
    /// Mean of the training features, `d`; 0 where absent.
    pub mean: Option<&'a [T]>,
}

impl<T: Real> CentroidHead<'_, T> {
    /// `c(h)` of every row, into `into`.
    fn centre(&self, h: MatRef<'_, T>, into: &mut [T], w: &mut Work<'_, T>) {
        let (level, d) = (w.level(), h.cols());
        let (lengths, _) = w.take(h.rows());
        let mut rows = MatMut::planned(into, h.rows(), d);
        rows.copy_from(h);
        for i in 0..h.rows() {
            let pairs = rows
                .row_mut(i)
                .iter_mut()
                .zip(self.mean.unwrap_or_default());
            pairs.for_each(|(v, &mean)| *v -= mean);
        }
        unit_rows(rows, lengths, level);
    }
}

impl<T: Real> Head<T> for CentroidHead<'_, T> {
    fn fitted(&self, shape: &Shape) -> usize {
        Head::<T>::fitted(&PrototypeHead::SQUARED, shape)
    }

    fn need(&self, shape: &Shape) -> Need {
        let rows = shape.support.max(shape.query);
        let need = Head::<T>::need(&PrototypeHead::SQUARED, shape);
        need.with_scratch(rows * (shape.features + 1))
    }

    fn fit(
        &self,
        p: &[T],
        support: &Support<'_, T>,
        fitted: &mut [T],
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> Result<()> {
        let (n, d) = (support.h.rows(), support.h.cols());
        let (rows, mut w) = w.take(n * d);
        self.centre(support.h, rows, &mut w);
        let h = MatRef::planned(rows, n, d);
        let centred = Support { h, ..*support };
        PrototypeHead::SQUARED.fit(p, &centred, fitted, saved, &mut w)
    }

    fn predict(
        &self,
        p: &[T],
        fitted: &[T],
        h: MatRef<'_, T>,
        z: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        let (m, d) = (h.rows(), h.cols());
        let (rows, mut w) = w.take(m * d);
        self.centre(h, rows, &mut w);
        let h = MatRef::planned(rows, m, d);
        PrototypeHead::SQUARED.predict(p, fitted, h, z, &mut w);
    }
}
