//! # Cognate
//!
//! Learns many small related tasks together, and new ones from few examples, on hand-written layers over explicit SIMD.
//!
//! Everything is `min over theta, phi of sum_i L_i(theta_i, phi) + lambda R(theta, phi)`: `theta_i` belongs to task i, `phi` is shared.
//! The hinge of the crate is [`objective::Objective`]: a function of one flat parameter vector that gives its value, gradient and
//! exact Hessian products. Models build objectives, optimisers minimise them, and neither knows the other.
//!
//! # What is compiled where
//!
//! Most of the crate is generic over [`Real`], so its code is made where a precision is chosen: in the program. What is in `f64` alone, or
//! chooses a precision itself ([`mod@pipeline`], [`mod@compare`], the linear methods of [`mod@mtl`]), would pull all of that into the library,
//! for every program that depends on it and whatever it calls. Such functions, and the private ones they call, are therefore
//! `#[inline]`, however long: not for speed, but so that a program compiles the methods it uses and the library none of them.
//! Left without it are the functions that bring little code with them: those are compiled here, once. `.ci/build-time.sh` measures what is left.
#![no_std]
#![forbid(unsafe_code)]
// Module docs link to what needs a heap; without one there is nothing to link to.
#![cfg_attr(not(feature = "alloc"), allow(rustdoc::broken_intra_doc_links))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod check;
#[cfg(feature = "alloc")]
pub mod compare;
pub mod data;
pub mod error;
pub mod io;
pub mod layer;
pub mod linalg;
pub mod loss;
pub mod meta;
pub mod metrics;
pub mod model;
#[cfg(feature = "alloc")]
pub mod mtl;
pub mod objective;
pub mod optim;
mod parallel;
pub mod params;
#[cfg(feature = "alloc")]
pub mod pipeline;
pub mod rng;
pub mod workspace;

pub use cognate_kernels::{Activation, Level, MatMut, MatRef, Real, ViewError};
pub use error::{Error, Result};

/// README's example, compiled and run with the other examples.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
