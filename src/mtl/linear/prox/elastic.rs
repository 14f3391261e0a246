//! Elastic net over rows: joint sparsity that keeps correlated features together.
//! ```text
//! lambda ( rho sum_j ||W_j||_2 + (1 - rho) / 2 ||W||_F^2 )            rho: l1_ratio
//! ```
//! With one X, squared losses and `lambda = n alpha` it is scikit-learn's `MultiTaskElasticNet`; at `rho = 1` it is
//! [`L21`](super::L21).

use alloc::{boxed::Box, vec, vec::Vec};

use super::{Columns, Norm, Parts, Penalty, Proximal, Settings, path_of_summaries};
use crate::check;
use crate::error::Result;
use crate::mtl::Summaries;
use crate::mtl::linear::{Fitted, Learned, LinearMethod, Summarised};

/// Joint sparsity and a square.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elastic {
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// The share of the norm, above 0 and at most 1; the rest is the square's. Default 0.5.
    pub l1_ratio: f64,
    /// Intercept, tolerance, iterations.
    pub settings: Settings,
}

impl Default for Elastic {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            l1_ratio: 0.5,
            settings: Settings::default(),
        }
    }
}

impl Elastic {
    /// Sets [`Elastic::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`Elastic::l1_ratio`].
    pub fn with_l1_ratio(self, l1_ratio: f64) -> Self {
        Self { l1_ratio, ..self }
    }

    /// Sets [`Elastic::settings`].
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }
}

impl Proximal for Elastic {
    fn name(&self) -> &'static str {
        "elastic"
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
        let ratio = self.l1_ratio;
        check::setting(
            "l1_ratio",
            "above 0, and at most 1",
            ratio,
            ratio > 0.0 && ratio <= 1.0,
        )?;
        Ok(Penalty {
            parts: vec![(Norm::Rows, ratio)],
            square: 1.0 - ratio,
        })
    }

    fn learned(&self, parts: &Parts) -> Vec<Learned> {
        vec![parts.support(0)]
    }
}

impl Summarised for Elastic {
    fn path_of_summaries(
        &self,
        names: &[&str],
        summaries: &Summaries,
        lambdas: &[f64],
    ) -> Result<Vec<Fitted>> {
        path_of_summaries(self, names, summaries, lambdas)
    }
}
