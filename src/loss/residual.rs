//! Losses of the residual `r = z - y`, each output by itself.
//! ```text
//! squared    l = r^2 / 2                                              l' = r                   l'' = 1
//! Huber      l = r^2 / 2 where |r| <= delta, else                     l' = r,  delta sign r    l'' = 1, 0
//!                delta (|r| - delta / 2)                              (Huber 1964)
//! ```

use cognate_kernels::{MatMut, MatRef, Real};

use super::{Loss, Targets, scaled};
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

/// Value and slope at the residual `r`.
fn huber<T: Real>(delta: T, r: T) -> (T, T) {
    let half = T::from_f64(0.5);
    if r.abs() <= delta {
        (half * r * r, r)
    } else {
        let slope = if r > T::ZERO { delta } else { -delta };
        (delta * (r.abs() - half * delta), slope)
    }
}

/// `scale * sum of w l(z - y)` and its gradient, `l` giving value and slope.
fn value_grad<T: Real>(
    l: impl Fn(T) -> (T, T),
    z: MatRef<'_, T>,
    y: &Targets<'_, T>,
    scale: T,
    mut dz: Option<MatMut<'_, T>>,
) -> T {
    assert_eq!(y.shape(), (z.rows(), z.cols()), "targets against outputs");
    let mut total = 0.0;
    for i in 0..z.rows() {
        for j in 0..z.cols() {
            let mut gradient = T::ZERO;
            if let Some((weight, target)) = y.cell(i, j) {
                let (value, slope) = l(z.at(i, j) - target);
                total += (weight * value).to_f64();
                gradient = scale * weight * slope;
            }
            if let Some(dz) = &mut dz {
                dz.set(i, j, gradient);
            }
        }
    }
    scaled(scale, total)
}

/// `rdz = scale w rz` where the residual is `curved`, else 0.
fn hvp<T: Real>(
    curved: impl Fn(T) -> bool,
    z: MatRef<'_, T>,
    y: &Targets<'_, T>,
    scale: T,
    rz: MatRef<'_, T>,
    mut rdz: MatMut<'_, T>,
) {
    for i in 0..z.rows() {
        for j in 0..z.cols() {
            let cell = y
                .cell(i, j)
                .filter(|&(_, target)| curved(z.at(i, j) - target));
            let product = |(weight, _)| scale * weight * rz.at(i, j);
            rdz.set(i, j, cell.map_or(T::ZERO, product));
        }
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
        value_grad(|r| (T::from_f64(0.5) * r * r, r), z, y, scale, dz)
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
        hvp(|_| true, z, y, scale, rz, rdz);
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
        let delta = T::from_f64(self.delta);
        value_grad(|r| huber(delta, r), z, y, scale, dz)
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
        hvp(|r: T| r.abs() <= delta, z, y, scale, rz, rdz);
    }
}
