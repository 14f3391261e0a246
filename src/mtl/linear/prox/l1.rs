//! L1 (Tibshirani 1996): a lasso a task at one common strength; nothing but the strength is shared.
//! ```text
//! lambda sum_jk |W_jk|
//! ```

use alloc::{boxed::Box, vec, vec::Vec};

use super::{Columns, Norm, Parts, Penalty, Proximal, Settings, path_of_summaries};
use crate::error::Result;
use crate::mtl::Summaries;
use crate::mtl::linear::{Fitted, Learned, LinearMethod, Summarised};

/// Sparsity, each task by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct L1 {
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// Intercept, tolerance, iterations.
    pub settings: Settings,
}

impl Default for L1 {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            settings: Settings::default(),
        }
    }
}

impl L1 {
    /// Sets [`L1::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`L1::settings`].
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }
}

impl Proximal for L1 {
    fn name(&self) -> &'static str {
        "l1"
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
        Ok(Penalty::of(Norm::Entries))
    }

    fn learned(&self, parts: &Parts) -> Vec<Learned> {
        vec![parts.support(0)]
    }
}

impl Summarised for L1 {
    fn path_of_summaries(
        &self,
        names: &[&str],
        summaries: &Summaries,
        lambdas: &[f64],
    ) -> Result<Vec<Fitted>> {
        path_of_summaries(self, names, summaries, lambdas)
    }
}
