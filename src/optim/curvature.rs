//! The curvature that a linear system of second order is made of.

/// The matrix in Newton's system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Curvature {
    /// The Hessian, by [`Objective::hvp`](crate::objective::Objective::hvp).
    #[default]
    Hessian,
    /// The Gauss-Newton matrix, by [`Objective::gnvp`](crate::objective::Objective::gnvp).
    GaussNewton,
}
