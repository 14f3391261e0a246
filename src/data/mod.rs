//! Data: tables, splits, scalers, batches, generators, bundled real sets.

#[cfg(feature = "alloc")]
pub mod encode;
#[cfg(feature = "alloc")]
pub mod levels;
#[cfg(feature = "alloc")]
pub mod table;
