//! The inverse of a small symmetric positive definite matrix, in place.

use alloc::vec::Vec;

use cognate_kernels::Real;

use crate::error::{Error, Result};

/// Overwrites `a` (`n x n`, whole) with its inverse, by Gauss-Jordan elimination on the diagonal: n^3 multiplications.
///
/// For preconditioners and the like. To solve systems, [`cholesky`](super::cholesky) is better. No pivots are chosen: a positive
/// definite matrix needs none, however its rows and columns are scaled.
///
/// # Errors
/// [`Error::NotPositiveDefinite`] with the first pivot that is not positive, or is lost in rounding beside the element that it was; `a`
/// is then half done.
///
/// # Panics
/// If `a` has not `n * n` elements.
#[track_caller]
pub fn invert<T: Real>(a: &mut [T], n: usize) -> Result<()> {
    assert_eq!(a.len(), n * n, "a square matrix");
    let whole: Vec<T> = (0..n).map(|i| a[i * n + i]).collect();
    let noise = T::from_usize(n) * T::EPSILON;
    let mut pivot_row = Vec::with_capacity(n);
    for k in 0..n {
        let pivot = a[k * n + k];
        if !(pivot > noise * whole[k] && pivot.is_finite()) {
            return Err(Error::NotPositiveDefinite { pivot: k });
        }
        a[k * n + k] = T::ONE;
        pivot_row.clear();
        pivot_row.extend(a[k * n..(k + 1) * n].iter().map(|&v| v / pivot));
        for (i, row) in a.chunks_exact_mut(n).enumerate() {
            if i == k {
                row.copy_from_slice(&pivot_row);
                continue;
            }
            let factor = core::mem::take(&mut row[k]);
            for (v, &p) in row.iter_mut().zip(&pivot_row) {
                *v -= factor * p;
            }
        }
    }
    Ok(())
}
