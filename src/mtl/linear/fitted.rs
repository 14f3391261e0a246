//! What a convex fit gives back: the model, and how far from the optimum it can be.

use core::fmt;

use super::TaskLinear;

/// A bound on, or a measure of, the distance from the optimum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Certificate {
    /// The objective exceeds its minimum by no more than `gap`.
    Gap {
        /// In units of the objective.
        gap: f64,
    },
    /// The point moves by no more than `residual` in a proximal or fixed-point step, relative to the size of the point or gradient that
    /// the method's page names.
    Residual {
        /// Relative.
        residual: f64,
    },
}

impl Certificate {
    /// The number, whatever it bounds.
    pub fn value(&self) -> f64 {
        match *self {
            Self::Gap { gap } => gap,
            Self::Residual { residual } => residual,
        }
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap { gap } => write!(f, "duality gap {gap:.1e}"),
            Self::Residual { residual } => write!(f, "residual {residual:.1e}"),
        }
    }
}

/// A fitted model and how it came about.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The model.
    pub model: TaskLinear,
    /// The strength of the penalty, as the method's settings count it.
    pub lambda: f64,
    /// The objective at the model.
    pub objective: f64,
    /// Iterations of the outermost loop; 0 for a closed form.
    pub iterations: usize,
    /// The distance from the optimum.
    pub certificate: Certificate,
    /// Whether the certificate is as small as was asked.
    pub converged: bool,
}
