//! Where the two element types meet the instruction sets.
//!
//! A public kernel is generic over [`Real`](crate::Real) and calls its forwarder here, which is compiled once, in this crate, for each
//! type and level: a dependent compiles no kernel and sees no token. The trait cannot be named from outside, which seals `Real`.

use crate::isa::dispatch;
use crate::{Level, MatMut, Product, gemm};

/// One forwarder a public kernel, of the same name and arguments.
pub trait Kernels: Sized {
    #[doc(hidden)]
    fn gemm(level: Level, p: Product<'_, Self>, c: MatMut<'_, Self>, scratch: &mut [Self]);
}

impl Kernels for f32 {
    fn gemm(level: Level, p: Product<'_, f32>, c: MatMut<'_, f32>, scratch: &mut [f32]) {
        dispatch!(level, s => gemm::run(s, p, c, scratch));
    }
}

impl Kernels for f64 {
    fn gemm(level: Level, p: Product<'_, f64>, c: MatMut<'_, f64>, scratch: &mut [f64]) {
        dispatch!(level, s => gemm::run(s, p, c, scratch));
    }
}
