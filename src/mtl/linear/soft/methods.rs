//! Relations that need no description of the tasks.

use super::{Relation, Soft};
use crate::error::Result;
use crate::mtl::linear::FitSettings;
use crate::mtl::linear::convex::{Convex, Form};

/// A ridge a task and nothing shared: `lambda/2 ||W||^2`. With intercepts, each task's is free.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Independent {
    /// The ridge, above 0. Default 1.
    pub lambda: f64,
    /// How it is fitted.
    pub settings: FitSettings,
}

/// One model for all tasks: `T lambda/2 ||w||^2`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pooled {
    /// The ridge a task, above 0. Default 1.
    pub lambda: f64,
    /// How it is fitted.
    pub settings: FitSettings,
}

/// Tasks near their mean: `lambda/2 sum_t ||w_t - mean||^2 + eps/2 ||W||^2` (Evgeniou and Pontil 2004).
///
/// From independent ridges (lambda to 0) to the pooled one (to infinity). A task never seen has the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanRegularised {
    /// How strongly tasks keep to the mean, at least 0. Default 1.
    pub lambda: f64,
    /// The ridge on each task, above 0. Default 0.1.
    pub eps: f64,
    /// How it is fitted.
    pub settings: FitSettings,
}

/// Tasks as a shared part and one of their own: `w_t = phi + v_t` with `mu/2 ||phi||^2 + lambda/2 sum_t ||v_t||^2`.
///
/// Pooled as lambda goes to infinity; independent as mu does. A task never seen has phi.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SharedSpecific {
    /// The ridge nu on each task's own part, above 0. Default 1.
    pub lambda: f64,
    /// The ridge on the shared part, above 0. Default 0.1.
    pub mu: f64,
    /// How it is fitted.
    pub settings: FitSettings,
}

impl Default for Independent {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            settings: FitSettings::default(),
        }
    }
}

impl Independent {
    /// Sets [`Independent::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`settings`](field@Independent::settings).
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for Independent {
    const NAME: &'static str = "independent";

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
        Form::Relation(self)
    }
}

impl Soft for Independent {
    fn ties(&self) -> bool {
        false
    }

    fn strongest(&self) -> f64 {
        10.0
    }

    fn relation(&self, names: &[&str], lambda: f64) -> Result<Relation> {
        Relation::independent(names.len(), lambda)
    }
}

impl Default for Pooled {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            settings: FitSettings::default(),
        }
    }
}

impl Pooled {
    /// Sets [`Pooled::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`settings`](field@Pooled::settings).
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for Pooled {
    const NAME: &'static str = "pooled";

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
        Form::Relation(self)
    }
}

impl Soft for Pooled {
    fn strongest(&self) -> f64 {
        10.0
    }

    fn relation(&self, names: &[&str], lambda: f64) -> Result<Relation> {
        Relation::pooled(names.len(), lambda)
    }
}

impl Default for MeanRegularised {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            eps: 0.1,
            settings: FitSettings::default(),
        }
    }
}

impl MeanRegularised {
    /// Sets [`eps`](field@MeanRegularised::eps).
    pub fn with_eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// Sets [`MeanRegularised::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`settings`](field@MeanRegularised::settings).
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for MeanRegularised {
    const NAME: &'static str = "mean-regularised";

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
        Form::Relation(self)
    }
}

impl Soft for MeanRegularised {
    fn relation(&self, names: &[&str], lambda: f64) -> Result<Relation> {
        Relation::mean_regularised(names.len(), lambda, self.eps)
    }
}

impl Default for SharedSpecific {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            mu: 0.1,
            settings: FitSettings::default(),
        }
    }
}

impl SharedSpecific {
    /// Sets [`mu`](field@SharedSpecific::mu).
    pub fn with_mu(self, mu: f64) -> Self {
        Self { mu, ..self }
    }

    /// Sets [`SharedSpecific::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`settings`](field@SharedSpecific::settings).
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Convex for SharedSpecific {
    const NAME: &'static str = "shared-specific";

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
        Form::Relation(self)
    }
}

impl Soft for SharedSpecific {
    fn relation(&self, names: &[&str], lambda: f64) -> Result<Relation> {
        Relation::shared_specific(names.len(), self.mu, lambda)
    }
}
