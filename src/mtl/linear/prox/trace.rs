//! Trace norm (Argyriou, Evgeniou and Pontil 2008; Ji and Ye 2009): the tasks' weights lie in a subspace of few dimensions.
//! ```text
//! lambda ||W||_* = lambda sum of the singular values of W = min over W = U V of lambda / 2 (||U||_F^2 + ||V||_F^2)
//! ```
//! The convex form of `theta_t = U v_t` with a shared basis U. What is learned is told as `W' = loadings basis'`.

use alloc::{boxed::Box, vec::Vec};

use super::{Columns, Norm, Parts, Penalty, Proximal, Settings, path_of_summaries};
use crate::error::Result;
use crate::mtl::Summaries;
use crate::mtl::linear::{Fitted, Learned, LinearMethod, Summarised};

/// Low rank: the tasks share a few directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trace {
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// Intercept, tolerance, iterations.
    pub settings: Settings,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            settings: Settings::default(),
        }
    }
}

impl Trace {
    /// Sets [`Trace::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`Trace::settings`].
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }
}

impl Proximal for Trace {
    fn name(&self) -> &'static str {
        "trace"
    }

    fn lambda(&self) -> f64 {
        self.lambda
    }

    fn at(&self, lambda: f64) -> Box<dyn LinearMethod> {
        Box::new(self.with_lambda(lambda))
    }

    fn settings(&self) -> Settings {
        self.settings
    }

    fn penalty(&self, _: &Columns<'_>) -> Result<Penalty> {
        Ok(Penalty::of(Norm::Nuclear))
    }

    fn learned(&self, parts: &Parts) -> Vec<Learned> {
        parts.low_rank(0).into()
    }
}

impl Summarised for Trace {
    fn path_of_summaries(
        &self,
        names: &[&str],
        summaries: &Summaries,
        lambdas: &[f64],
    ) -> Result<Vec<Fitted>> {
        path_of_summaries(self, names, summaries, lambdas)
    }
}
