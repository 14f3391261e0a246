//! Data: tables, splits, scalers, batches, generators, bundled real sets.

pub mod batches;
#[cfg(feature = "datasets")]
pub mod datasets;
#[cfg(feature = "alloc")]
pub mod encode;
#[cfg(feature = "alloc")]
pub mod generate;
#[cfg(feature = "alloc")]
pub mod levels;
#[cfg(feature = "alloc")]
pub mod scale;
#[cfg(feature = "alloc")]
pub mod split;
#[cfg(feature = "alloc")]
pub mod table;
