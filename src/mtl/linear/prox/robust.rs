//! Robust multi-task learning: most tasks share something, a few are outliers and do not.
//! ```text
//! W = L + S            lambda ( R(L) + outlier * sum_t ||S_t||_2 )
//! ```
//! What is shared is a subspace, `R = ||L||_*` (Chen, Zhou and Ye 2011), or features, `R = sum_j ||L_j||_2` ([`Common::Features`]: Gong,
//! Ye and Zhang 2012). A task's own part is there as a whole or not at all.
//!
//! With low rank S is 0 from `outlier = 1` on, and this is [`Trace`](super::Trace); L is 0 below `1 / sqrt(T)` for T tasks. In
//! between, where nothing is set, lies the geometric mean. For features the default is `sqrt(d / T)`, at which chance makes both dual
//! norms equal.

use alloc::{vec, vec::Vec};

use cognate_kernels::Real;

use super::{Columns, Norm, Parts, Penalty, Proximal, TOL};
use crate::check;
use crate::error::Result;
use crate::mtl::linear::convex::{Convex, Form};
use crate::mtl::linear::{FitSettings, Learned};

/// What the tasks that are no outliers share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Common {
    /// A subspace: low rank.
    #[default]
    Subspace,
    /// Features.
    Features,
}

/// What most tasks share, and outlying tasks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Robust {
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// The price of an outlying task against what is common, above 0. Default: see above.
    pub outlier: Option<f64>,
    /// What the other tasks share. Default: a subspace.
    pub common: Common,
    /// How it is fitted; the tolerance's default is 1e-8 here.
    pub settings: FitSettings,
}

impl Default for Robust {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            outlier: None,
            common: Common::Subspace,
            settings: FitSettings::default().with_tol(TOL),
        }
    }
}

impl Robust {
    /// Sets [`Robust::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`Robust::outlier`].
    pub fn with_outlier(self, outlier: f64) -> Self {
        Self {
            outlier: Some(outlier),
            ..self
        }
    }

    /// Sets [`Robust::common`].
    pub fn with_common(self, common: Common) -> Self {
        Self { common, ..self }
    }

    /// Sets the settings of the fit.
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for Robust {
    const NAME: &'static str = "robust";

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

impl Proximal for Robust {
    fn penalty(&self, columns: &Columns<'_>) -> Result<Penalty> {
        let root = Real::sqrt(columns.names.len() as f64);
        let (norm, usual) = match self.common {
            Common::Subspace => (Norm::Nuclear, 1.0 / Real::sqrt(root)),
            Common::Features => (Norm::Rows, Real::sqrt(columns.features as f64) / root),
        };
        let outlier = self.outlier.unwrap_or(usual);
        check::setting("outlier", "above 0", outlier, outlier > 0.0)?;
        Ok(Penalty {
            parts: vec![(norm, 1.0), (Norm::Tasks(columns.tasks()), outlier)],
            square: 0.0,
        })
    }

    #[inline]
    fn learned(&self, parts: &Parts) -> Vec<Learned> {
        let mut learned = vec![parts.part("common", 0), parts.part("outlier", 1)];
        match self.common {
            Common::Subspace => learned.extend(parts.low_rank(0)),
            Common::Features => learned.push(parts.support(0)),
        }
        learned
    }
}
