//! Cognate.
#![no_std]
#[cfg(feature = "alloc")]
extern crate alloc;
pub mod rng;
