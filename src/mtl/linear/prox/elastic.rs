//! Elastic net over rows: joint sparsity that keeps correlated features together.
//! ```text
//! lambda ( rho sum_j ||W_j||_2 + (1 - rho) / 2 ||W||_F^2 )            rho: l1_ratio
//! ```
//! With one X, squared losses and `lambda = n alpha` it is scikit-learn's `MultiTaskElasticNet`; at `rho = 1` it is
//! [`L21`](super::L21).

use alloc::{vec, vec::Vec};

use super::{Columns, Norm, Parts, Penalty, Proximal, TOL};
use crate::check;
use crate::error::Result;
use crate::mtl::linear::convex::{Convex, Form};
use crate::mtl::linear::{FitSettings, Learned};

/// Joint sparsity and a square.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elastic {
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// The share of the norm, above 0 and at most 1; the rest is the square's. Default 0.5.
    pub l1_ratio: f64,
    /// How it is fitted; the tolerance's default is 1e-8 here.
    pub settings: FitSettings,
}

impl Default for Elastic {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            l1_ratio: 0.5,
            settings: FitSettings::default().with_tol(TOL),
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

    /// Sets the settings of the fit.
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for Elastic {
    const NAME: &'static str = "elastic";

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

impl Proximal for Elastic {
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
