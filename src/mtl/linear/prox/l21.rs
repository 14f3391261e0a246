//! L21 (Obozinski, Taskar and Jordan 2006; Argyriou, Evgeniou and Pontil 2008): the tasks share the features that they use.
//! ```text
//! lambda sum_j ||W_j||_2            W_j: the weights of feature j in all tasks
//! ```
//! A feature is in for all tasks or out for all. With one X, squared losses and `lambda = n alpha` it is scikit-learn's `MultiTaskLasso`;
//! for one task it is the lasso.

use alloc::{vec, vec::Vec};

use super::{Columns, Norm, Parts, Penalty, Proximal, TOL};
use crate::error::Result;
use crate::mtl::linear::convex::{Convex, Form};
use crate::mtl::linear::{FitSettings, Learned};

/// Joint sparsity: whole features are in or out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct L21 {
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// How it is fitted; the tolerance's default is 1e-8 here.
    pub settings: FitSettings,
}

impl Default for L21 {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            settings: FitSettings::default().with_tol(TOL),
        }
    }
}

impl L21 {
    /// Sets [`L21::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets the settings of the fit.
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for L21 {
    const NAME: &'static str = "l21";

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

impl Proximal for L21 {
    fn penalty(&self, _: &Columns<'_>) -> Result<Penalty> {
        Ok(Penalty::of(Norm::Rows))
    }

    fn learned(&self, parts: &Parts) -> Vec<Learned> {
        vec![parts.support(0)]
    }
}
