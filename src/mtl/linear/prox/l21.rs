//! L21 (Obozinski, Taskar and Jordan 2006; Argyriou, Evgeniou and Pontil 2008): the tasks share the features that they use.
//! ```text
//! lambda sum_j ||W_j||_2            W_j: the weights of feature j in all tasks
//! ```
//! A feature is in for all tasks or out for all. With one X, squared losses and `lambda = n alpha` it is scikit-learn's `MultiTaskLasso`;
//! for one task it is the lasso.

use alloc::{boxed::Box, vec, vec::Vec};

use super::{Columns, Norm, Parts, Penalty, Proximal, Settings, path_of_summaries};
use crate::error::Result;
use crate::mtl::Summaries;
use crate::mtl::linear::{Fitted, Learned, LinearMethod, Summarised};

/// Joint sparsity: whole features are in or out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct L21 {
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// Intercept, tolerance, iterations.
    pub settings: Settings,
}

impl Default for L21 {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            settings: Settings::default(),
        }
    }
}

impl L21 {
    /// Sets [`L21::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`L21::settings`].
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }
}

impl Proximal for L21 {
    fn name(&self) -> &'static str {
        "l21"
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
        Ok(Penalty::of(Norm::Rows))
    }

    fn learned(&self, parts: &Parts) -> Vec<Learned> {
        vec![parts.support(0)]
    }
}

impl Summarised for L21 {
    fn path_of_summaries(
        &self,
        names: &[&str],
        summaries: &Summaries,
        lambdas: &[f64],
    ) -> Result<Vec<Fitted>> {
        path_of_summaries(self, names, summaries, lambdas)
    }
}
