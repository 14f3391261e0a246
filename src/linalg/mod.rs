//! Small dense linear algebra on the caller's buffers: Cholesky, symmetric eigenvalues, conjugate gradients,
//! and, with memory of their own, a complementarity problem and the point of least norm in a hull.
//!
//! Matrices are row-major and symmetric ones are whole, of which the lower triangle is read. A right-hand side is a slice.

mod cg;
mod cholesky;
mod eigen;
#[cfg(feature = "alloc")]
mod inverse;
#[cfg(feature = "alloc")]
mod lcp;
#[cfg(feature = "alloc")]
mod min_norm;
mod update;

pub use cg::{Cg, CgReport, CgStop, cg_scratch};
pub use cholesky::{
    cholesky, cholesky_log_det, cholesky_solve, solve_lower, solve_lower_rows,
    solve_lower_transposed,
};
pub use eigen::eigen;
#[cfg(feature = "alloc")]
pub use inverse::invert;
#[cfg(feature = "alloc")]
pub use lcp::{Complementarity, Lcp};
#[cfg(feature = "alloc")]
pub use min_norm::{Angles, MinNorm};
pub use update::{cholesky_downdate, cholesky_update, update_scratch};
