//! Student's t distribution, for whole degrees of freedom.
//!
//! With `tan a = |t| / sqrt(n)`, the probability within `-t..t` at `n` degrees of freedom is a finite sum (Abramowitz and Stegun 26.7.3
//! and 26.7.4):
//! ```text
//! n odd    2/pi (a + sin a (cos a + 2/3 cos^3 a + .. + (2 4 .. n-3)/(3 5 .. n-2) cos^(n-2) a))           n = 1: 2/pi a
//! n even   sin a (1 + 1/2 cos^2 a + (1 3)/(2 4) cos^4 a + .. + (1 3 .. n-3)/(2 4 .. n-2) cos^(n-2) a)
//! ```

use cognate_kernels::Real;

/// The probability that a t of `freedom` degrees of freedom lies further from 0 than `t`.
///
/// # Panics
/// If `freedom` is 0.
pub(super) fn two_sided(t: f64, freedom: usize) -> f64 {
    assert!(
        freedom > 0,
        "a t distribution has at least one degree of freedom"
    );
    let n = freedom as f64;
    let length = Real::sqrt(n + t * t);
    if !length.is_finite() {
        return if t.is_nan() { f64::NAN } else { 0.0 };
    }
    let (sine, cosine_squared) = (t.abs() / length, n / (n + t * t));
    let odd = freedom % 2 == 1;
    let mut term = if odd { Real::sqrt(cosine_squared) } else { 1.0 };
    let mut sum = 0.0;
    // Each term is the one before, times cos^2 and (k - 1) / k.
    for k in (2 + freedom % 2..=freedom).step_by(2) {
        sum += term;
        term *= cosine_squared * (k - 1) as f64 / k as f64;
    }
    let within = if odd {
        core::f64::consts::FRAC_2_PI * (arc_tangent(t.abs() / Real::sqrt(n)) + sine * sum)
    } else {
        sine * sum
    };
    (1.0 - within).clamp(0.0, 1.0)
}

/// `atan x` for `x >= 0`: the angle is halved four times, `tan(a/2) = x / (1 + sqrt(1 + x^2))`, then nine terms of its series leave
/// less than 1e-18.
fn arc_tangent(x: f64) -> f64 {
    let halve = |x: f64| {
        if x > 1e8 {
            1.0 - 1.0 / x
        } else {
            x / (1.0 + Real::sqrt(1.0 + x * x))
        }
    };
    let small = (0..4).fold(x, |x, _| halve(x));
    let square = small * small;
    let series = (0..9)
        .rev()
        .fold(0.0, |sum, k| 1.0 / (2 * k + 1) as f64 - square * sum);
    16.0 * small * series
}

#[cfg(test)]
mod tests {
    use super::two_sided;

    /// The tail of the density `(1 + x^2 / n)^(-(n + 1) / 2)`, by Simpson's rule in `x = tan(u) sqrt(n)`, where it is `cos^(n - 1) u`.
    fn by_quadrature(t: f64, freedom: usize) -> f64 {
        let density = |u: f64| u.cos().powi(freedom as i32 - 1);
        let area = |from: f64, to: f64| {
            let steps = 20_000;
            let h = (to - from) / steps as f64;
            let at = |i: usize| {
                let weight = if i == 0 || i == steps {
                    1.0
                } else {
                    [2.0, 4.0][i % 2]
                };
                weight * density(from + h * i as f64)
            };
            (0..=steps).map(at).sum::<f64>() * h / 3.0
        };
        let quarter = std::f64::consts::FRAC_PI_2;
        area((t / (freedom as f64).sqrt()).atan(), quarter) / area(0.0, quarter)
    }

    #[test]
    fn agrees_with_its_density() {
        for freedom in 1..40 {
            for t in [0.0, 1e-3, 0.3, 1.0, 2.0, 2.776, 5.0, 20.0, 300.0] {
                let (sum, area) = (two_sided(t, freedom), by_quadrature(t, freedom));
                assert!(
                    (sum - area).abs() < 1e-12,
                    "t {t}, n {freedom}: {sum}, {area}"
                );
                assert_eq!(sum, two_sided(-t, freedom));
            }
        }
    }

    #[test]
    fn extreme_arguments() {
        assert_eq!(two_sided(f64::INFINITY, 4), 0.0);
        assert_eq!(two_sided(1e200, 3), 0.0);
        assert!(two_sided(1e12, 1) < 1e-11);
        assert!(two_sided(f64::NAN, 4).is_nan());
    }
}
