//! Small dense linear algebra: Cholesky, symmetric eigenvalues, conjugate gradients.
