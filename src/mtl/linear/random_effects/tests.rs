//! Gradient and Hessian against central differences of the likelihood and of the gradient, away from any optimum.

use alloc::vec::Vec;

use cognate_kernels::MatRef;

use super::config::Covariance;
use super::frame::Frame;
use super::lanes::Factor;
use super::likelihood::{Likelihood, Slopes};
use super::structure::Structure;
use crate::mtl::Summaries;
use crate::rng::rng;

/// Few tasks of few rows, so that no part of the curvature is small beside the others.
fn tasks() -> Summaries {
    let mut random = rng(3, "tests", 0);
    let (n, d) = (23, 2);
    let task: Vec<u32> = (0..n).map(|_| random.below(5) as u32).collect();
    let x: Vec<f64> = (0..n * d).map(|_| 1.0 + random.normal()).collect();
    let y: Vec<f64> = (0..n).map(|_| random.normal()).collect();
    let mut tasks = Summaries::new(5, d);
    let x = MatRef::planned(&x, n, d);
    tasks.add(&task, x, &y, None).unwrap();
    tasks
}

fn slopes(likelihood: &Likelihood<'_>, structure: &Structure, theta: &[f64]) -> (f64, Slopes) {
    let f = structure.factor(theta);
    let (values, rank) = (&f[..], structure.rank());
    let point = likelihood.at(Factor { values, rank }).unwrap();
    let empty = structure.curvature(likelihood.restricted);
    let slopes = likelihood.slopes(Factor { values, rank }, &point, &empty);
    (point.deviance, slopes)
}

/// Every kind of covariance and likelihood at an ordinary point.
fn each(mut test: impl FnMut(&Likelihood<'_>, &Structure, &[f64])) {
    let tasks = tasks();
    for covariance in [
        Covariance::Full,
        Covariance::Diagonal,
        Covariance::Scalar,
        Covariance::Intercept,
    ] {
        for restricted in [false, true] {
            let likelihood = Likelihood {
                tasks: &tasks,
                frame: Frame::of(&tasks).unwrap(),
                restricted,
                threads: 1,
            };
            let structure = Structure::new(covariance, &likelihood.frame);
            let mut random = rng(4, "tests", 0);
            let theta: Vec<f64> = structure.start(0.4);
            let theta: Vec<f64> = theta.iter().map(|t| t + 0.2 * random.normal()).collect();
            test(&likelihood, &structure, &theta);
        }
    }
}

/// Differences over `2 h`: what is left is of the order of `h^2` times a third derivative, here below a thousand, and of the rounding of
/// numbers of about a thousand over `h`.
const STEP: f64 = 1e-5;
const TOLERANCE: f64 = 1e3 * (STEP * STEP + f64::EPSILON / STEP);

/// `theta` with number `i` moved.
fn moved(theta: &[f64], i: usize, by: f64) -> Vec<f64> {
    let mut theta = theta.to_vec();
    theta[i] += by;
    theta
}

#[test]
fn the_gradient_is_that_of_the_likelihood() {
    each(|likelihood, structure, theta| {
        let (_, at) = slopes(likelihood, structure, theta);
        let (gradient, _) = structure.derivatives(theta, &at);
        for (i, g) in gradient.iter().enumerate() {
            let value = |by| slopes(likelihood, structure, &moved(theta, i, by)).0;
            let difference = (value(STEP) - value(-STEP)) / (2.0 * STEP);
            assert!((g - difference).abs() <= TOLERANCE, "{g} {difference}");
        }
    });
}

#[test]
fn the_hessian_is_that_of_the_gradient() {
    each(|likelihood, structure, theta| {
        let (_, at) = slopes(likelihood, structure, theta);
        let (_, hessian) = structure.derivatives(theta, &at);
        let n = theta.len();
        assert_eq!(hessian.len(), n * n);
        for i in 0..n {
            let gradient = |by| {
                let theta = moved(theta, i, by);
                structure
                    .derivatives(&theta, &slopes(likelihood, structure, &theta).1)
                    .0
            };
            let (up, down) = (gradient(STEP), gradient(-STEP));
            for j in 0..n {
                let (h, difference) = (hessian[i * n + j], (up[j] - down[j]) / (2.0 * STEP));
                assert!((h - difference).abs() <= TOLERANCE, "{h} {difference}");
            }
        }
    });
}

#[test]
fn other_pivots_are_the_same_covariance() {
    let mut seen = 0;
    each(|_, structure, theta| {
        let mut other = structure.clone();
        let mut small = theta.to_vec();
        small[0] *= 1e-3;
        let before = super::structure::outer(&other.factor(&small), other.rank());
        let Some(turned) = other.pivot(&small) else {
            return;
        };
        seen += 1;
        let after = super::structure::outer(&other.factor(&turned), other.rank());
        for (a, b) in after.iter().zip(&before) {
            assert!((a - b).abs() <= 16.0 * f64::EPSILON, "{a} {b}");
        }
    });
    assert_eq!(seen, 2, "full covariances with other pivots");
}
