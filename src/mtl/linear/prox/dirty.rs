//! Dirty model (Jalali, Ravikumar, Sanghavi and Ruan 2010): features that all tasks share, and features of single tasks.
//! ```text
//! W = S + B            lambda ( sum_jk |S_jk| + shared * sum_j ||B_j|| )
//! ```
//! Rows of B are measured by their 2-norm, or by their largest entry ([`RowSize::Largest`], as in the paper). For K links B is 0 from
//! `shared = sqrt(K)` on (K for the largest entry), and then this is [`L1`](super::L1); S is 0 up to `shared = 1`, and with 2-norms this
//! is [`L21`](super::L21). In between, where nothing is set, lies the geometric mean of both. The sum W is what is unique, its parts need
//! not be.

use alloc::{vec, vec::Vec};

use cognate_kernels::Real;

use super::{Columns, Norm, Parts, Penalty, Proximal, TOL};
use crate::check;
use crate::error::Result;
use crate::mtl::linear::convex::{Convex, Form};
use crate::mtl::linear::{FitSettings, Learned};

/// How large a row is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowSize {
    /// `||B_j||_2`.
    #[default]
    Length,
    /// `max_k |B_jk|`.
    Largest,
}

/// Shared features and single ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dirty {
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// The price of shared features against single ones, above 0. Default: between the two at which one part is off.
    pub shared: Option<f64>,
    /// The size of a row of the shared part. Default: its 2-norm.
    pub size: RowSize,
    /// How it is fitted; the tolerance's default is 1e-8 here.
    pub settings: FitSettings,
}

impl Default for Dirty {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            shared: None,
            size: RowSize::Length,
            settings: FitSettings::default().with_tol(TOL),
        }
    }
}

impl Dirty {
    /// Sets [`Dirty::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`Dirty::shared`].
    pub fn with_shared(self, shared: f64) -> Self {
        Self {
            shared: Some(shared),
            ..self
        }
    }

    /// Sets [`Dirty::size`].
    pub fn with_size(self, size: RowSize) -> Self {
        Self { size, ..self }
    }

    /// Sets the settings of the fit.
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for Dirty {
    const NAME: &'static str = "dirty";

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

impl Proximal for Dirty {
    fn penalty(&self, columns: &Columns<'_>) -> Result<Penalty> {
        let root = Real::sqrt(columns.count() as f64);
        let (norm, middle) = match self.size {
            RowSize::Length => (Norm::Rows, Real::sqrt(root)),
            RowSize::Largest => (Norm::RowMaxima, root),
        };
        let shared = self.shared.unwrap_or(middle);
        check::setting("shared", "above 0", shared, shared > 0.0)?;
        Ok(Penalty {
            parts: vec![(Norm::Entries, 1.0), (norm, shared)],
            square: 0.0,
        })
    }

    fn learned(&self, parts: &Parts) -> Vec<Learned> {
        vec![
            parts.support(1),
            parts.part("single", 0),
            parts.part("shared", 1),
        ]
    }
}
