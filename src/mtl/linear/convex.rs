//! What a convex method is below its name: a strength, settings, and a penalty of one of three forms, each with a solver of its own.
//!
//! ```text
//! Relation    1/2 tr(W K^-1 W') of a given K          Newton's method (soft/)
//! Learned     the same, minimised over K too          turns of W and K (soft/learned.rs)
//! Norms       sums of norms                           proximal steps, block descent (prox/)
//! ```
//! A [`Convex`] type says which; from that it is a [`LinearMethod`], and one that needs no rows.

use alloc::{boxed::Box, vec::Vec};

use super::prox::{self, Proximal};
use super::soft::{self, Learns, Soft};
use super::{Careful, FitSettings, Fitted, LinearMethod, Summarised};
use crate::error::Result;
use crate::mtl::{Summaries, TaskFactors, TaskSet};

/// What is known of the tasks' rows.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// All of it.
    Rows(&'a TaskSet<'a, f64>),
    /// Names, and summaries.
    Products(&'a [&'a str], &'a Summaries),
    /// Names, and factors.
    Factors(&'a [&'a str], &'a TaskFactors),
}

/// The penalty of a method.
pub(super) enum Form<'m> {
    Relation(&'m dyn Soft),
    Learned(&'m dyn Learns),
    Norms(&'m dyn Proximal),
}

impl Form<'_> {
    #[inline]
    fn grid(self, settings: FitSettings, tasks: &TaskSet<'_, f64>) -> Result<Vec<f64>> {
        match self {
            Self::Relation(method) => Ok(soft::grid(method, tasks)),
            Self::Learned(_) => Ok(soft::learned_grid(tasks)),
            Self::Norms(method) => prox::grid(method, settings, Source::Rows(tasks)),
        }
    }

    #[inline]
    fn path(
        self,
        settings: FitSettings,
        source: Source<'_>,
        lambdas: &[f64],
    ) -> Result<Vec<Fitted>> {
        settings.check()?;
        match self {
            Self::Relation(method) => soft::path(method, settings, source, lambdas),
            Self::Learned(method) => soft::learned_path(method, settings, source, lambdas),
            Self::Norms(method) => prox::path(method, settings, source, lambdas),
        }
    }
}

/// A convex method: what there is to say of it.
pub(super) trait Convex: Clone + 'static {
    const NAME: &'static str;

    fn strength(&self) -> f64;

    fn with_strength(self, lambda: f64) -> Self;

    fn settings(&self) -> FitSettings;

    fn form(&self) -> Form<'_>;
}

impl<M: Convex> LinearMethod for M {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn at(&self, lambda: f64) -> Box<dyn LinearMethod> {
        Box::new(self.clone().with_strength(lambda))
    }

    fn grid(&self, tasks: &TaskSet<'_, f64>) -> Result<Vec<f64>> {
        self.form().grid(self.settings(), tasks)
    }

    fn fit(&self, tasks: &TaskSet<'_, f64>) -> Result<Fitted> {
        Ok(self.path(tasks, &[self.strength()])?.remove(0))
    }

    fn path(&self, tasks: &TaskSet<'_, f64>, lambdas: &[f64]) -> Result<Vec<Fitted>> {
        self.form()
            .path(self.settings(), Source::Rows(tasks), lambdas)
    }

    fn summarised(&self) -> Option<&dyn Summarised> {
        Some(self)
    }

    fn careful(&self) -> Option<&dyn Careful> {
        Some(self)
    }
}

impl<M: Convex> Summarised for M {
    fn path_of_summaries(
        &self,
        names: &[&str],
        summaries: &Summaries,
        lambdas: &[f64],
    ) -> Result<Vec<Fitted>> {
        let source = Source::Products(names, summaries);
        self.form().path(self.settings(), source, lambdas)
    }
}

impl<M: Convex> Careful for M {
    fn path_of_factors(
        &self,
        names: &[&str],
        factors: &TaskFactors,
        lambdas: &[f64],
    ) -> Result<Vec<Fitted>> {
        let source = Source::Factors(names, factors);
        self.form().path(self.settings(), source, lambdas)
    }
}
