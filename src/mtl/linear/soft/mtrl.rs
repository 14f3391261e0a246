//! Multi-task relationship learning (Zhang and Yeung 2010): how tasks are related is learned with their coefficients.

use alloc::{boxed::Box, vec, vec::Vec};

use cognate_kernels::Real;

use super::learned::{Family, Learns, Outcome};
use crate::check;
use crate::error::Result;
use crate::mtl::linear::convex::{Convex, Form};
use crate::mtl::linear::{Axis, FitSettings, Learned};

/// `ridge/2 ||W||^2 + lambda/2 tr((W'W + eps I) Omega^-1)` over W and `Omega >= 0, tr Omega = 1`.
///
/// Omega is reported as `relation`, tasks x tasks: the covariance of the tasks, of trace 1. Its best value for a W is
/// `(W'W + eps I)^(1/2)` over its trace, so that as eps goes to 0 the penalty is `lambda/2` times the squared trace norm of W: convex, and
/// often singular at its minimum. eps keeps Omega regular; it counts in the objective.
///
/// With intercepts, their differences from a free common level are related as coefficients are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mtrl {
    /// The strength of the relation, above 0. Default 1.
    pub lambda: f64,
    /// The ridge on each task, at least 0. Default 0.1.
    pub ridge: f64,
    /// Keeps Omega regular, above 0, in units of squared coefficients. Default 0.01.
    pub eps: f64,
    /// Most turns of coefficients and relation. Default 2,000.
    pub max_rounds: usize,
    /// How it is fitted; the tolerance's default is 1e-7 here.
    pub settings: FitSettings,
}

impl Default for Mtrl {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            ridge: 0.1,
            eps: 0.01,
            max_rounds: 2000,
            settings: FitSettings::default().with_tol(1e-7),
        }
    }
}

impl Mtrl {
    /// Sets [`Mtrl::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`ridge`](field@Mtrl::ridge).
    pub fn with_ridge(self, ridge: f64) -> Self {
        Self { ridge, ..self }
    }

    /// Sets [`eps`](field@Mtrl::eps).
    pub fn with_eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// Sets the limit of rounds.
    pub fn with_max_rounds(self, max_rounds: usize) -> Self {
        Self { max_rounds, ..self }
    }

    /// Sets [`settings`](field@Mtrl::settings).
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }
}

impl Family for Mtrl {
    fn factor(&self) -> f64 {
        self.lambda
    }

    fn own_ridge(&self) -> f64 {
        self.ridge
    }

    fn raise(&self) -> f64 {
        self.eps
    }

    fn start(&self, tasks: usize) -> Vec<f64> {
        vec![1.0 / tasks as f64; tasks]
    }

    /// `sum g / a` over `sum a = 1` is least where a is as the root of g.
    fn best(&self, g: &[f64]) -> Vec<f64> {
        let roots: Vec<f64> = g.iter().map(|&g| Real::sqrt(g)).collect();
        let total: f64 = roots.iter().sum();
        roots.iter().map(|root| root / total).collect()
    }

    fn feasible(&self, values: &[f64]) -> Vec<f64> {
        let total: f64 = values.iter().sum();
        values.iter().map(|v| v / total).collect()
    }

    fn support(&self, h: &[f64]) -> f64 {
        h[h.len() - 1]
    }
}

impl Convex for Mtrl {
    const NAME: &'static str = "mtrl";

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
        Form::Learned(self)
    }
}

impl Learns for Mtrl {
    fn check(&self) -> Result<()> {
        check::setting("ridge", "at least 0", self.ridge, self.ridge >= 0.0)?;
        check::setting("eps", "above 0", self.eps, self.eps > 0.0)
    }

    fn max_rounds(&self) -> usize {
        self.max_rounds
    }

    fn family(&self, lambda: f64) -> Box<dyn Family> {
        Box::new(self.with_lambda(lambda))
    }

    /// Omega.
    fn table(&self, outcome: &Outcome) -> Learned {
        let tasks = outcome.relation.values.len();
        Learned {
            name: "relation",
            axes: (Axis::Tasks, Axis::Tasks),
            shape: (tasks, tasks),
            values: outcome.relation.matrix(),
        }
    }
}
