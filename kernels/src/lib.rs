//! # cognate-kernels
//!
//! Small dense products, elementwise functions and reductions over explicit SIMD: one source for every instruction set, no heap, no
//! threads, no `std`. A caller holds a [`Level`] (detected once), passes views ([`MatRef`], [`MatMut`]) and, where a kernel wants room
//! to pack, scratch.
//!
//! Results are defined to the bit: the order of every sum depends on the shape of the work alone, never on the instruction set, so
//! every fused level (AVX2, AVX-512, NEON, the array model on hardware with FMA) returns the same bits.
#![no_std]

#[cfg(test)]
extern crate std;

mod entry;
mod func;
mod gemm;
mod isa;
mod map;
mod real;
mod reduce;
#[cfg(test)]
mod tests;
mod view;

pub use func::{Activation, Func};
pub use gemm::{Product, gemm, gemm_scratch};
pub use isa::Level;
pub use map::{
    AdamStep, Entropy, SgdStep, Smoothing, activate, adam, cross_entropy, derive, derive_twice,
    logistic_loss, map, mul, scale_rows, sgd, softmax_rows, softplus_logistic,
};
pub use real::Real;
pub use reduce::{axpy, col_sums, dot, max_abs, scale, sum, sum_f64, sum_squares};
pub use view::{MatMut, MatRef, ViewError};
