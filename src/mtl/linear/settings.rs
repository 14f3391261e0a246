//! What all convex methods are fitted with.

use crate::check;
use crate::error::Result;

/// How a convex method is fitted. A method's own default may ask for another tolerance: its page says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitSettings {
    /// Whether each link has an intercept. Norms leave it free; for relations see [`Relation`](super::Relation). Default true.
    pub intercept: bool,
    /// Converged when the objective is proved to be within `tol` of its minimum, relative to itself where the penalty is a relation, and
    /// to what it is at `W = 0` where it is made of norms. Default 1e-12.
    pub tol: f64,
    /// Most iterations: steps of Newton's method, proximal steps, or passes over the features. Default 10,000.
    pub max_iter: usize,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self {
            intercept: true,
            tol: 1e-12,
            max_iter: 10_000,
        }
    }
}

impl FitSettings {
    /// Sets [`FitSettings::intercept`].
    pub fn with_intercept(self, intercept: bool) -> Self {
        Self { intercept, ..self }
    }

    /// Sets [`FitSettings::tol`].
    pub fn with_tol(self, tol: f64) -> Self {
        Self { tol, ..self }
    }

    /// Sets [`FitSettings::max_iter`].
    pub fn with_max_iter(self, max_iter: usize) -> Self {
        Self { max_iter, ..self }
    }

    pub(super) fn check(&self) -> Result<()> {
        check::setting("tol", "at least 0", self.tol, self.tol >= 0.0)
    }
}
