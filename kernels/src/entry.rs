//! Where the two element types meet the instruction sets.
//!
//! A public kernel is generic over [`Real`](crate::Real) and calls its forwarder here, which is compiled once, in this crate, for each
//! type and level: a dependent compiles no kernel and sees no token. The trait cannot be named from outside, which seals `Real`.

use crate::func::{self, One};
use crate::isa::Model;
use crate::isa::dispatch;
use crate::{
    Activation, AdamStep, Entropy, Func, Level, MatMut, MatRef, Product, SgdStep, Smoothing, gemm,
    map, reduce,
};

/// One forwarder a public kernel, of the same name and arguments.
#[doc(hidden)]
#[allow(missing_docs)] // of the public functions that they stand behind
pub trait Kernels: Sized {
    fn one(what: One, x: Self) -> Self;
    fn gemm(level: Level, p: &Product<'_, Self>, c: &mut MatMut<'_, Self>, scratch: &mut [Self]);
    fn map(level: Level, f: Func, x: &mut [Self]);
    fn activate(level: Level, a: Activation, z: MatRef<'_, Self>, y: MatMut<'_, Self>);
    fn derive(
        level: Level,
        a: Activation,
        at: MatRef<'_, Self>,
        dy: MatRef<'_, Self>,
        dz: MatMut<'_, Self>,
    );
    fn derive_twice(level: Level, a: Activation, x: [MatRef<'_, Self>; 3], rdz: MatMut<'_, Self>);
    fn multiply(level: Level, x: MatRef<'_, Self>, y: MatMut<'_, Self>);
    fn scale_rows(level: Level, weights: &[Self], x: MatMut<'_, Self>);
    fn softplus_logistic(level: Level, z: &[Self], softplus: &mut [Self], logistic: &mut [Self]);
    fn logistic_loss(level: Level, scale: Self, z: &mut [Self], y: &mut [Self], w: &mut [Self]);
    fn softmax_rows(level: Level, z: MatRef<'_, Self>, p: MatMut<'_, Self>, lse: &mut [Self]);
    fn cross_entropy(
        level: Level,
        target: &Smoothing<Self>,
        z: MatRef<'_, Self>,
        labels: &[Self],
        w: &mut [Self],
        into: Entropy<'_, Self>,
    );
    fn adam(
        level: Level,
        step: &AdamStep<Self>,
        p: &mut [Self],
        g: &[Self],
        m: &mut [Self],
        v: &mut [Self],
    );
    fn sgd(level: Level, step: &SgdStep<Self>, p: &mut [Self], g: &[Self], u: &mut [Self]);
    fn dot(level: Level, x: &[Self], y: &[Self]) -> Self;
    fn sum(level: Level, x: &[Self]) -> Self;
    fn sum_f64(level: Level, x: &[Self]) -> f64;
    fn max_abs(level: Level, x: &[Self]) -> Self;
    fn axpy(level: Level, a: Self, x: &[Self], y: &mut [Self]);
    fn scale(level: Level, a: Self, x: &mut [Self]);
    fn col_sums(level: Level, x: MatRef<'_, Self>, beta: Self, out: &mut [Self]);
}

impl Kernels for f32 {
    fn one(what: One, x: f32) -> f32 {
        func::one(Model::<1>::cached(), what, x)
    }
    fn gemm(level: Level, p: &Product<'_, f32>, c: &mut MatMut<'_, f32>, scratch: &mut [f32]) {
        dispatch!(level, s => gemm::run(s, p, c, scratch));
    }
    fn map(level: Level, f: Func, x: &mut [f32]) {
        dispatch!(level, s => map::run_map(s, f, x))
    }
    fn activate(level: Level, a: Activation, z: MatRef<'_, f32>, y: MatMut<'_, f32>) {
        dispatch!(level, s => map::run_activate(s, a, z, y))
    }
    fn derive(
        level: Level,
        a: Activation,
        at: MatRef<'_, f32>,
        dy: MatRef<'_, f32>,
        dz: MatMut<'_, f32>,
    ) {
        dispatch!(level, s => map::run_derive(s, a, at, dy, dz))
    }
    fn derive_twice(level: Level, a: Activation, x: [MatRef<'_, f32>; 3], rdz: MatMut<'_, f32>) {
        dispatch!(level, s => map::run_derive_twice(s, a, x, rdz))
    }
    fn multiply(level: Level, x: MatRef<'_, f32>, y: MatMut<'_, f32>) {
        dispatch!(level, s => map::run_multiply(s, x, y))
    }
    fn scale_rows(level: Level, weights: &[f32], x: MatMut<'_, f32>) {
        dispatch!(level, s => map::run_scale_rows(s, weights, x))
    }
    fn softplus_logistic(level: Level, z: &[f32], softplus: &mut [f32], logistic: &mut [f32]) {
        dispatch!(level, s => map::run_softplus_logistic(s, z, softplus, logistic))
    }
    fn logistic_loss(level: Level, scale: f32, z: &mut [f32], y: &mut [f32], w: &mut [f32]) {
        dispatch!(level, s => map::run_logistic_loss(s, scale, z, y, w))
    }
    fn softmax_rows(level: Level, z: MatRef<'_, f32>, p: MatMut<'_, f32>, lse: &mut [f32]) {
        dispatch!(level, s => map::run_softmax(s, z, p, lse))
    }
    fn cross_entropy(
        level: Level,
        target: &Smoothing<f32>,
        z: MatRef<'_, f32>,
        labels: &[f32],
        w: &mut [f32],
        into: Entropy<'_, f32>,
    ) {
        dispatch!(level, s => map::run_cross_entropy(s, target, z, labels, w, into))
    }
    fn adam(
        level: Level,
        step: &AdamStep<f32>,
        p: &mut [f32],
        g: &[f32],
        m: &mut [f32],
        v: &mut [f32],
    ) {
        dispatch!(level, s => map::run_adam(s, step, p, g, m, v))
    }
    fn sgd(level: Level, step: &SgdStep<f32>, p: &mut [f32], g: &[f32], u: &mut [f32]) {
        dispatch!(level, s => map::run_sgd(s, step, p, g, u))
    }
    fn dot(level: Level, x: &[f32], y: &[f32]) -> f32 {
        dispatch!(level, s => reduce::run_dot(s, x, y))
    }
    fn sum(level: Level, x: &[f32]) -> f32 {
        dispatch!(level, s => reduce::run_sum(s, x))
    }
    fn sum_f64(level: Level, x: &[f32]) -> f64 {
        dispatch!(level, _s => reduce::run_sum_f64(x))
    }
    fn max_abs(level: Level, x: &[f32]) -> f32 {
        dispatch!(level, s => reduce::run_max_abs(s, x))
    }
    fn axpy(level: Level, a: f32, x: &[f32], y: &mut [f32]) {
        dispatch!(level, s => reduce::run_axpy(s, a, x, y))
    }
    fn scale(level: Level, a: f32, x: &mut [f32]) {
        dispatch!(level, s => reduce::run_scale(s, a, x))
    }
    fn col_sums(level: Level, x: MatRef<'_, f32>, beta: f32, out: &mut [f32]) {
        dispatch!(level, s => reduce::run_col_sums(s, x, beta, out))
    }
}

impl Kernels for f64 {
    fn one(what: One, x: f64) -> f64 {
        func::one(Model::<1>::cached(), what, x)
    }
    fn gemm(level: Level, p: &Product<'_, f64>, c: &mut MatMut<'_, f64>, scratch: &mut [f64]) {
        dispatch!(level, s => gemm::run(s, p, c, scratch));
    }
    fn map(level: Level, f: Func, x: &mut [f64]) {
        dispatch!(level, s => map::run_map(s, f, x))
    }
    fn activate(level: Level, a: Activation, z: MatRef<'_, f64>, y: MatMut<'_, f64>) {
        dispatch!(level, s => map::run_activate(s, a, z, y))
    }
    fn derive(
        level: Level,
        a: Activation,
        at: MatRef<'_, f64>,
        dy: MatRef<'_, f64>,
        dz: MatMut<'_, f64>,
    ) {
        dispatch!(level, s => map::run_derive(s, a, at, dy, dz))
    }
    fn derive_twice(level: Level, a: Activation, x: [MatRef<'_, f64>; 3], rdz: MatMut<'_, f64>) {
        dispatch!(level, s => map::run_derive_twice(s, a, x, rdz))
    }
    fn multiply(level: Level, x: MatRef<'_, f64>, y: MatMut<'_, f64>) {
        dispatch!(level, s => map::run_multiply(s, x, y))
    }
    fn scale_rows(level: Level, weights: &[f64], x: MatMut<'_, f64>) {
        dispatch!(level, s => map::run_scale_rows(s, weights, x))
    }
    fn softplus_logistic(level: Level, z: &[f64], softplus: &mut [f64], logistic: &mut [f64]) {
        dispatch!(level, s => map::run_softplus_logistic(s, z, softplus, logistic))
    }
    fn logistic_loss(level: Level, scale: f64, z: &mut [f64], y: &mut [f64], w: &mut [f64]) {
        dispatch!(level, s => map::run_logistic_loss(s, scale, z, y, w))
    }
    fn softmax_rows(level: Level, z: MatRef<'_, f64>, p: MatMut<'_, f64>, lse: &mut [f64]) {
        dispatch!(level, s => map::run_softmax(s, z, p, lse))
    }
    fn cross_entropy(
        level: Level,
        target: &Smoothing<f64>,
        z: MatRef<'_, f64>,
        labels: &[f64],
        w: &mut [f64],
        into: Entropy<'_, f64>,
    ) {
        dispatch!(level, s => map::run_cross_entropy(s, target, z, labels, w, into))
    }
    fn adam(
        level: Level,
        step: &AdamStep<f64>,
        p: &mut [f64],
        g: &[f64],
        m: &mut [f64],
        v: &mut [f64],
    ) {
        dispatch!(level, s => map::run_adam(s, step, p, g, m, v))
    }
    fn sgd(level: Level, step: &SgdStep<f64>, p: &mut [f64], g: &[f64], u: &mut [f64]) {
        dispatch!(level, s => map::run_sgd(s, step, p, g, u))
    }
    fn dot(level: Level, x: &[f64], y: &[f64]) -> f64 {
        dispatch!(level, s => reduce::run_dot(s, x, y))
    }
    fn sum(level: Level, x: &[f64]) -> f64 {
        dispatch!(level, s => reduce::run_sum(s, x))
    }
    fn sum_f64(level: Level, x: &[f64]) -> f64 {
        dispatch!(level, _s => reduce::run_sum_f64(x))
    }
    fn max_abs(level: Level, x: &[f64]) -> f64 {
        dispatch!(level, s => reduce::run_max_abs(s, x))
    }
    fn axpy(level: Level, a: f64, x: &[f64], y: &mut [f64]) {
        dispatch!(level, s => reduce::run_axpy(s, a, x, y))
    }
    fn scale(level: Level, a: f64, x: &mut [f64]) {
        dispatch!(level, s => reduce::run_scale(s, a, x))
    }
    fn col_sums(level: Level, x: MatRef<'_, f64>, beta: f64, out: &mut [f64]) {
        dispatch!(level, s => reduce::run_col_sums(s, x, beta, out))
    }
}
