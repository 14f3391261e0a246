//! Random effects: the tasks' own parts have a covariance, and the likelihood learns it.
//!
//! ```text
//! y_ti = [1, x_ti]'(phi + v_t) + e_ti        v_t ~ N(0, Lambda)        e_ti ~ N(0, s2 / w_ti)
//! ```
//! the linear mixed model of Laird and Ware (1982), what lme4 and statsmodels' MixedLM fit. Given `Lambda` and `s2` it is shared +
//! specific: `min over phi, v of 1/2 sum w (y - [1, x]'(phi + v_t))^2 + s2 / 2 sum_t v_t' Lambda^-1 v_t`; and the (restricted) likelihood
//! says how strongly to share, feature by feature, without cross-validation.
//!
//! Only [`Summaries`] of the rows are read. A frame puts features and label in units of their own; tiles of eight tasks reduce each to
//! `q x q`; the likelihood and its derivatives are sums of that over tasks; the search is Newton's in the numbers of a factor of
//! `Lambda / s2`, so that a singular `Lambda` is an ordinary answer, of which the rank is reported.

mod config;
mod curvature;
mod derivatives;
mod frame;
mod lanes;
mod likelihood;
mod local;
mod model;
mod search;
mod structure;
#[cfg(test)]
mod tests;

pub use config::{Covariance, Likelihood, RandomEffects};
pub use model::{Estimate, Posterior, RandomEffectsModel};

use alloc::{boxed::Box, vec, vec::Vec};

use super::{Certificate, Fitted, LinearMethod, Summarised};
use crate::check;
use crate::error::{Error, Result};
use crate::mtl::{Summaries, TaskSet};
use crate::optim::Stop;
use frame::Frame;
use lanes::Factor;
use search::Search;
use structure::Structure;

/// How a fit went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomEffectsReport {
    /// The (restricted) log-likelihood, with all constants: the number that statsmodels and lme4 report. Infinite where one linear model
    /// fits all rows without noise.
    pub log_likelihood: f64,
    /// Steps of the search.
    pub iterations: usize,
    /// Evaluations of the likelihood.
    pub evaluations: usize,
    /// The largest derivative of -2 log-likelihood by the numbers of the covariance's factor or, where the covariance is singular, by a
    /// direction that it lacks, in units of features and label, a degree of freedom.
    pub residual: f64,
    /// Why the search ended.
    pub stopped: Stop,
}

impl RandomEffectsReport {
    /// Whether the residual is as small as was asked.
    pub fn converged(&self) -> bool {
        self.stopped == Stop::Converged
    }
}

impl RandomEffects {
    /// Learns from the summaries of the tasks' rows. Features that are constant or repeat others are left out: their coefficients are 0.
    ///
    /// # Errors
    /// If the tolerance is not above 0, there are no rows, or fewer rows than coefficients and one more.
    #[inline]
    pub fn fit_summaries(
        &self,
        tasks: &Summaries,
    ) -> Result<(RandomEffectsModel, RandomEffectsReport)> {
        self.check()?;
        let frame = Frame::of(tasks)?;
        if frame.rows <= frame.len() {
            return Err(Error::Setting {
                name: "the number of rows",
                must: "above that of independent coefficients",
                found: frame.rows as f64,
            });
        }
        let likelihood = likelihood::Likelihood {
            tasks,
            frame,
            restricted: self.likelihood == Likelihood::Reml,
            threads: self.threads,
        };
        let structure = Structure::new(self.covariance, &likelihood.frame);
        let mut search = Search::new(&likelihood, structure, self.tolerance)?;
        let mut stopped = search.run(self.max_iter);
        if search.residual > 0.0 {
            search.trim();
        }
        if search.residual <= self.tolerance {
            stopped = Stop::Converged;
        }
        let report = RandomEffectsReport {
            log_likelihood: -0.5 * search.point.deviance,
            iterations: search.iterations,
            evaluations: search.evaluations,
            residual: search.residual,
            stopped,
        };
        Ok((learned(&search), report))
    }
}

/// The model at the end of a search.
#[inline]
fn learned(search: &Search<'_>) -> RandomEffectsModel {
    let frame = &search.likelihood.frame;
    let (mean, scale) = frame.label();
    let by = |v: Vec<f64>, factor: f64| v.into_iter().map(|v| v * factor).collect::<Vec<_>>();
    let noise_variance = search.point.noise * scale * scale;
    let mut phi = by(frame.raw(&search.point.phi), scale);
    phi[0] += mean;
    let mut model = RandomEffectsModel {
        factor: search.structure.factor(&search.theta),
        rank: search.rank,
        center: search.point.phi.clone(),
        inverse: search.point.inverse.clone(),
        covariance: by(search.structure.raw(frame, &search.theta), noise_variance),
        effects: Vec::new(),
        frame: frame.clone(),
        noise_variance,
        phi,
    };
    model.effects = effects(search, &model);
    model
}

/// The posterior means of all tasks' own coefficients, `T x (d + 1)`.
#[inline]
fn effects(search: &Search<'_>, model: &RandomEffectsModel) -> Vec<f64> {
    let factor = Factor {
        values: &model.factor,
        rank: search.structure.rank(),
    };
    let parts = search
        .likelihood
        .over_tasks(factor, Vec::new, |part, tile, tasks| {
            for lane in 0..tasks.len() {
                part.extend(model.raw_effect(tile, lane));
            }
        });
    parts.concat()
}

impl LinearMethod for RandomEffects {
    fn name(&self) -> &'static str {
        "random-effects"
    }

    /// The same: the likelihood chooses the strength.
    #[inline]
    fn at(&self, _lambda: f64) -> Box<dyn LinearMethod> {
        Box::new(*self)
    }

    fn grid(&self, _tasks: &TaskSet<'_, f64>) -> Result<Vec<f64>> {
        Ok(vec![])
    }

    #[inline]
    fn fit(&self, tasks: &TaskSet<'_, f64>) -> Result<Fitted> {
        let summaries = Summaries::of(tasks, self.threads)?;
        let names = tasks.tasks().iter().map(|t| t.name.as_str());
        self.fit_named(names, &summaries)
    }

    #[inline]
    fn summarised(&self) -> Option<&dyn Summarised> {
        Some(self)
    }
}

impl Summarised for RandomEffects {
    /// The same fit for every strength.
    #[inline]
    fn path_of_summaries(
        &self,
        names: &[&str],
        summaries: &Summaries,
        lambdas: &[f64],
    ) -> Result<Vec<Fitted>> {
        check::shape("names", (names.len(), 1), (summaries.tasks(), 1))?;
        let fitted = self.fit_named(names.iter().copied(), summaries)?;
        Ok(vec![fitted; lambdas.len()])
    }
}

impl RandomEffects {
    /// The fit as other methods give theirs. The strength is the noise variance, which stands before `1/2 sum v_t' Lambda^-1 v_t`; the
    /// objective is minus the log-likelihood.
    fn fit_named<'t>(
        &self,
        names: impl Iterator<Item = &'t str>,
        summaries: &Summaries,
    ) -> Result<Fitted> {
        let (model, report) = self.fit_summaries(summaries)?;
        Ok(Fitted {
            model: model.task_linear(names)?,
            lambda: model.noise_variance(),
            objective: -report.log_likelihood,
            iterations: report.iterations,
            certificate: Certificate::Residual {
                residual: report.residual,
            },
            converged: report.converged(),
        })
    }
}
