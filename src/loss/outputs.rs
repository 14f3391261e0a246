//! Losses that act on each output by itself.

use cognate_kernels::{MatMut, MatRef, Real};

use super::{Targets, scaled};

/// `scale * sum of w l(z, y)` over all cells, and its gradient into `dz` if wanted; `l(z, y)` gives value and slope by `z`.
///
/// The sum is made in f64, so that many small terms are not lost in `f32`.
///
/// # Panics
/// If the targets have another shape than `z`.
#[track_caller]
pub fn sum_of_outputs<T: Real>(
    z: MatRef<'_, T>,
    y: &Targets<'_, T>,
    scale: T,
    mut dz: Option<MatMut<'_, T>>,
    l: impl Fn(T, T) -> (T, T),
) -> T {
    assert_eq!(y.shape(), (z.rows(), z.cols()), "targets against outputs");
    let mut total = 0.0;
    for i in 0..z.rows() {
        for j in 0..z.cols() {
            let mut gradient = T::ZERO;
            if let Some((weight, target)) = y.cell(i, j) {
                let (value, slope) = l(z.at(i, j), target);
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

/// `rdz = scale w l'' rz`, cell by cell; `curvature(z, y)` gives `l''`.
pub fn hvp_of_outputs<T: Real>(
    z: MatRef<'_, T>,
    y: &Targets<'_, T>,
    scale: T,
    rz: MatRef<'_, T>,
    mut rdz: MatMut<'_, T>,
    curvature: impl Fn(T, T) -> T,
) {
    for i in 0..z.rows() {
        for j in 0..z.cols() {
            let product = |(weight, target)| {
                let second: T = curvature(z.at(i, j), target);
                scale * weight * second * rz.at(i, j)
            };
            rdz.set(i, j, y.cell(i, j).map_or(T::ZERO, product));
        }
    }
}
