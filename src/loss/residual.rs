//! Losses of the residual `r = z - y`, each output by itself.
//! ```text
//! squared    l = r^2 / 2                                              l' = r                   l'' = 1
//! Huber      l = r^2 / 2 where |r| <= delta, else                     l' = r,  delta sign r    l'' = 1, 0
//!                delta (|r| - delta / 2)                              (Huber 1964)
//! ```

use cognate_kernels::{MatMut, MatRef, Real};

use super::{Loss, Targets, hvp_of_outputs, sum_of_outputs};
use crate::workspace::{Need, Work};

/// `(z - y)^2 / 2`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Squared;

/// Squared near 0, linear from `delta` on: outliers pull no harder than `delta`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Huber {
    /// Where the line begins; above 0.
    pub delta: f64,
}

impl Huber {
    /// Value and slope at the residual `r`.
    fn at<T: Real>(&self, r: T) -> (T, T) {
        let (delta, half) = (T::from_f64(self.delta), T::from_f64(0.5));
        if r.abs() <= delta {
            return (half * r * r, r);
        }
        let slope = if r > T::ZERO { delta } else { -delta };
        (delta * (r.abs() - half * delta), slope)
    }
}

impl<T: Real> Loss<T> for Squared {
    fn need(&self, _rows: usize, _outputs: usize) -> Need {
        Need::default()
    }

    fn value_grad(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        dz: Option<MatMut<'_, T>>,
        _saved: &mut [T],
        _w: &mut Work<'_, T>,
    ) -> T {
        sum_of_outputs(z, y, scale, dz, |z, y| {
            let r = z - y;
            (T::from_f64(0.5) * r * r, r)
        })
    }

    fn hvp(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        _saved: &[T],
        rz: MatRef<'_, T>,
        rdz: MatMut<'_, T>,
        _w: &mut Work<'_, T>,
    ) {
        hvp_of_outputs(z, y, scale, rz, rdz, |_, _| T::ONE);
    }
}

impl<T: Real> Loss<T> for Huber {
    fn need(&self, _rows: usize, _outputs: usize) -> Need {
        Need::default()
    }

    fn value_grad(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        dz: Option<MatMut<'_, T>>,
        _saved: &mut [T],
        _w: &mut Work<'_, T>,
    ) -> T {
        sum_of_outputs(z, y, scale, dz, |z, y| self.at(z - y))
    }

    fn hvp(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        _saved: &[T],
        rz: MatRef<'_, T>,
        rdz: MatMut<'_, T>,
        _w: &mut Work<'_, T>,
    ) {
        let delta = T::from_f64(self.delta);
        hvp_of_outputs(z, y, scale, rz, rdz, |z, y| {
            if (z - y).abs() <= delta {
                T::ONE
            } else {
                T::ZERO
            }
        });
    }
}
