//! The softmax of a few numbers, and the logarithm of the sum of their exponentials.

use cognate_kernels::Real;

/// `x_i = e^x_i / sum_j e^x_j`; returns `log sum_j e^x_j`. The largest is subtracted first, so nothing overflows.
pub(super) fn softmax(x: &mut [f64]) -> f64 {
    let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for x in x.iter_mut() {
        *x = Real::exp(*x - top);
    }
    let sum: f64 = x.iter().sum();
    for x in x {
        *x /= sum;
    }
    top + Real::ln(sum)
}
