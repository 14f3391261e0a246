//! Trace norm (Argyriou, Evgeniou and Pontil 2008; Ji and Ye 2009): the tasks' weights lie in a subspace of few dimensions.
//! ```text
//! lambda ||W||_* = lambda sum of the singular values of W = min over W = U V of lambda / 2 (||U||_F^2 + ||V||_F^2)
//! ```
//! The convex form of `theta_t = U v_t` with a shared basis U. What is learned is told as `W' = loadings basis'`.

use alloc::vec::Vec;

use super::{Columns, Norm, Parts, Penalty, Proximal, TOL};
use crate::error::Result;
use crate::mtl::linear::convex::{Convex, Form};
use crate::mtl::linear::{FitSettings, Learned};

/// Low rank: the tasks share a few directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trace {
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// How it is fitted; the tolerance's default is 1e-8 here.
    pub settings: FitSettings,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            settings: FitSettings::default().with_tol(TOL),
        }
    }
}

impl Trace {
    /// Sets [`Trace::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets the settings of the fit.
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for Trace {
    const NAME: &'static str = "trace";

    fn strength(&self) -> f64 {
        self.lambda
    }

    fn with_strength(self, lambda: f64) -> Self {
        self.with_lambda(lambda)
    }

    fn settings(&self) -> FitSettings {
        self.settings
    }

    #[inline]
    fn form(&self) -> Form<'_> {
        Form::Norms(self)
    }
}

impl Proximal for Trace {
    fn penalty(&self, _: &Columns<'_>) -> Result<Penalty> {
        Ok(Penalty::of(Norm::Nuclear))
    }

    #[inline]
    fn learned(&self, parts: &Parts) -> Vec<Learned> {
        parts.low_rank(0).into()
    }
}
