//! L1 (Tibshirani 1996): a lasso a task at one common strength; nothing but the strength is shared.
//! ```text
//! lambda sum_jk |W_jk|
//! ```

use alloc::{vec, vec::Vec};

use super::{Columns, Norm, Parts, Penalty, Proximal, TOL};
use crate::error::Result;
use crate::mtl::linear::convex::{Convex, Form};
use crate::mtl::linear::{FitSettings, Learned};

/// Sparsity, each task by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct L1 {
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// How it is fitted; the tolerance's default is 1e-8 here.
    pub settings: FitSettings,
}

impl Default for L1 {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            settings: FitSettings::default().with_tol(TOL),
        }
    }
}

impl L1 {
    /// Sets [`L1::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets the settings of the fit.
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for L1 {
    const NAME: &'static str = "l1";

    fn strength(&self) -> f64 {
        self.lambda
    }

    fn with_strength(self, lambda: f64) -> Self {
        self.with_lambda(lambda)
    }

    fn settings(&self) -> FitSettings {
        self.settings
    }

    fn form(&self) -> Form<'_> {
        Form::Norms(self)
    }
}

impl Proximal for L1 {
    fn penalty(&self, _: &Columns<'_>) -> Result<Penalty> {
        Ok(Penalty::of(Norm::Entries))
    }

    fn learned(&self, parts: &Parts) -> Vec<Learned> {
        vec![parts.support(0)]
    }
}
