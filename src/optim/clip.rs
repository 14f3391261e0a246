//! Gradient clipping: bounds on what one step may see.

use cognate_kernels::{Level, Real, dot, max_abs, scale};

/// Scales `g` down to Euclidean length `limit`, if it is longer (Pascanu, Mikolov and Bengio 2013); returns the length before.
///
/// A length too large for the element type is found all the same. Where `g` holds a NaN or an infinity, so is the length, and `g` is
/// left as it is.
pub fn clip_norm<T: Real>(level: Level, g: &mut [T], limit: f64) -> f64 {
    let length = norm(level, g);
    if length > limit && length.is_finite() {
        scale(level, T::from_f64(limit / length), g);
    }
    length
}

/// Euclidean length: again after a scaling by the largest element where squares overflow or underflow.
fn norm<T: Real>(level: Level, g: &[T]) -> f64 {
    let square = dot(level, g, g);
    if square.is_finite() && square >= T::MIN_POSITIVE / T::EPSILON {
        return Real::sqrt(square.to_f64());
    }
    let top = max_abs(level, g).to_f64();
    if top == 0.0 || !top.is_finite() {
        return top;
    }
    let squares = g.iter().map(|v| {
        let part = v.to_f64() / top;
        part * part
    });
    top * Real::sqrt(squares.sum::<f64>())
}

/// Moves every element of `g` into `[-limit, limit]`; a NaN stays.
pub fn clip_value<T: Real>(g: &mut [T], limit: f64) {
    let limit = T::from_f64(limit);
    for v in g {
        if *v > limit {
            *v = limit;
        } else if *v < -limit {
            *v = -limit;
        }
    }
}
