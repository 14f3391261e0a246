//! From tasks and a penalty to fitted models, one strength after the other.

use alloc::{vec, vec::Vec};

use cognate_kernels::Real;

use super::blocks::{Cache, Until, descend};
use super::losses::Losses;
use super::newton;
use super::penalty::{Penalised, Penalty, Steps};
use super::squared::Squared;
use super::{Columns, Parts, Proximal};
use crate::check;
use crate::error::{Error, Result};
use crate::mtl::Kind;
use crate::mtl::linear::convex::Source;
use crate::mtl::linear::{Certificate, FitSettings, Fitted, TaskLinear};
use crate::objective::Objective;
use crate::optim::Fista;
use crate::workspace::Workspace;

/// Rows a feature from which `X'X` is kept instead of the rows: for proximal gradients, whose every step needs all of it, and for block
/// descent, which needs few of its rows.
const GRAM_FROM: usize = 1;
const GRAM_FROM_BLOCKS: usize = 8;

/// Features times links of a task up to which losses of classes are expanded to second order.
const SECOND: usize = 256;

/// Numbers up to which the expansions of all tasks are held: 256 MB.
const EXPANDED: usize = 1 << 25;

/// Strengths of a grid, and how far it goes down from where all is 0.
const GRID: usize = 24;
const GRID_END: f64 = 1e-3;

/// The problem of one method on some tasks, at any strength.
pub(super) struct Problem<'a> {
    method: &'a dyn Proximal,
    /// Names and kinds of the tasks.
    tasks: Vec<(&'a str, Kind)>,
    settings: FitSettings,
    losses: Losses<'a>,
    penalty: Penalty,
    /// Losses at `W = 0`.
    at_zero: f64,
    /// The least strength at which W is 0.
    pub(super) lambda_max: f64,
    /// Rows of `X'X` for block descent, where that is the way.
    cache: Option<Cache>,
    workspace: Workspace<f64>,
    /// The parts of W, `d x K` each: where the next search starts.
    w: Vec<f64>,
}

/// What a search says of its end.
pub(super) struct Found {
    pub(super) iterations: usize,
    pub(super) objective: f64,
    pub(super) gap: f64,
}

impl<'a> Problem<'a> {
    #[inline]
    pub(super) fn new(
        method: &'a dyn Proximal,
        settings: FitSettings,
        source: Source<'a>,
    ) -> Result<Self> {
        let most = settings.max_iter as f64;
        check::setting("max_iter", "at least 1", most, settings.max_iter > 0)?;
        let columns = columns(source)?;
        let penalty = method.penalty(&columns)?;
        let losses = match source {
            Source::Rows(tasks) => {
                let gram_from = match penalty.by_rows() {
                    true => GRAM_FROM_BLOCKS,
                    false => GRAM_FROM,
                };
                Losses::new(tasks, settings.intercept, gram_from)?
            }
            Source::Products(_, summaries) => {
                Losses::of_summaries(summaries, columns.of_task, settings.intercept)
            }
            Source::Factors(_, factors) => {
                Losses::of_factors(factors, columns.of_task, settings.intercept)
            }
        };
        let kind = |t: usize| match source {
            Source::Rows(tasks) => tasks.tasks()[t].kind,
            _ => Kind::Number,
        };
        let names = columns.names.into_iter().enumerate();
        let tasks: Vec<(&str, Kind)> = names.map(|(t, name)| (name, kind(t))).collect();
        let need = Penalised::new(&losses, &penalty, 0.0).need();
        let mut workspace = Workspace::new(need);
        let mut c = vec![0.0; losses.len()];
        let mut slabs = workspace.slabs();
        let at_zero = losses.start(&mut c, slabs.saved, &mut slabs.work);
        let by_blocks = penalty.by_rows() && tasks.iter().all(|task| task.1 == Kind::Number);
        Ok(Self {
            method,
            tasks,
            settings,
            at_zero,
            lambda_max: penalty.dual(&c, losses.columns),
            cache: by_blocks.then(|| Cache::new(&losses)),
            workspace,
            w: vec![0.0; losses.len() * penalty.parts.len()],
            losses,
            penalty,
        })
    }

    /// Strengths from `lambda_max` down, evenly in their logarithms.
    pub(super) fn grid(&self) -> Vec<f64> {
        let ratio = Real::exp(Real::ln(GRID_END) / (GRID - 1) as f64);
        let next = |lambda: &f64| Some(lambda * ratio);
        let grid = core::iter::successors(Some(self.lambda_max), next);
        let positive = grid.take_while(|&lambda| lambda > 0.0);
        positive.take(GRID).collect()
    }

    /// The optima at `lambdas`, one after the other.
    #[inline]
    pub(super) fn path(&mut self, lambdas: &[f64]) -> Result<Vec<Fitted>> {
        lambdas.iter().map(|&lambda| self.fit(lambda)).collect()
    }

    /// The optimum at `lambda`, searched from that of the strength before.
    #[inline]
    pub(super) fn fit(&mut self, lambda: f64) -> Result<Fitted> {
        check::setting("lambda", "above 0", lambda, lambda > 0.0)?;
        let found = self.search(lambda);
        if !found.objective.is_finite() {
            return Err(Error::Diverged);
        }
        let saved = self.workspace.slabs().saved;
        let penalised = Penalised::new(&self.losses, &self.penalty, lambda);
        let by_column = self.losses.intercepts(&penalised.whole(&self.w), saved);
        let parts = self.parts();
        let mut coef = parts.parts[0].clone();
        for part in &parts.parts[1..] {
            coef.iter_mut().zip(part).for_each(|(w, p)| *w += p);
        }
        let columns = self.losses.of_task.iter().flat_map(Clone::clone);
        let intercept = columns.map(|column| by_column[column]).collect();
        let (tasks, d) = (self.tasks.iter().copied(), self.losses.features);
        let model = TaskLinear::new(tasks, d, coef, intercept, false)?;
        let learned = self.method.learned(&parts).into_iter();
        let model = learned.fold(model, TaskLinear::with_learned);
        Ok(Fitted {
            model,
            lambda,
            objective: found.objective,
            iterations: found.iterations,
            certificate: Certificate::Gap { gap: found.gap },
            converged: found.gap <= self.settings.tol * self.at_zero,
        })
    }

    #[inline]
    fn search(&mut self, lambda: f64) -> Found {
        if lambda >= self.lambda_max {
            self.w.fill(0.0);
            return self.zero(lambda);
        }
        match self.cache.take() {
            Some(mut cache) => {
                let found = self.by_blocks(lambda, &mut cache);
                self.cache = Some(cache);
                found
            }
            None if self.is_small() => self.by_newton(lambda),
            None => self.by_gradients(lambda),
        }
    }

    /// Nothing to search for: `W = 0` is optimal.
    #[inline]
    fn zero(&mut self, lambda: f64) -> Found {
        let penalised = Penalised::new(&self.losses, &self.penalty, lambda);
        let (zero, mut c) = (vec![0.0; self.losses.len()], vec![0.0; self.losses.len()]);
        let mut slabs = self.workspace.slabs();
        let losses = self.losses.start(&mut c, slabs.saved, &mut slabs.work);
        Found {
            iterations: 0,
            objective: losses,
            gap: penalised.gap(&zero, &c, slabs.saved, 0.0),
        }
    }

    #[inline]
    fn by_blocks(&mut self, lambda: f64, cache: &mut Cache) -> Found {
        let penalised = Penalised::new(&self.losses, &self.penalty, lambda);
        let until = Until {
            gap: self.settings.tol * self.at_zero,
            passes: self.settings.max_iter,
        };
        let end = descend(&penalised, cache, &mut self.w, until);
        Found {
            iterations: end.passes,
            objective: end.losses + penalised.penalty_at(&self.w, end.norm),
            gap: end.gap,
        }
    }

    /// Whether losses of classes are to be expanded to second order: no task beyond [`SECOND`], nor all together beyond [`EXPANDED`].
    #[inline]
    fn is_small(&self) -> bool {
        let widest = self.tasks.iter().map(|task| task.1.links()).max();
        let size = self.losses.features * widest.unwrap_or(1);
        let all = size * size * self.tasks.len();
        self.losses.has_classes() && size <= SECOND && all <= EXPANDED
    }

    /// By Newton's steps, and should they fail by gradients.
    fn by_newton(&mut self, lambda: f64) -> Found {
        let penalised = Penalised::new(&self.losses, &self.penalty, lambda);
        let until = newton::Until {
            gap: self.settings.tol * self.at_zero,
            steps: self.settings.max_iter,
        };
        let (settings, at_zero) = (self.settings, self.at_zero);
        let solve = |model: &Penalised<'_>, parts: &mut [f64], gap: f64| {
            let coupled = model.losses.squared.iter().any(Squared::is_coupled);
            if model.penalty.by_rows() && !coupled {
                let passes = settings.max_iter;
                let mut cache = Cache::new(model.losses);
                descend(model, &mut cache, parts, Until { gap, passes });
            } else {
                let mut workspace = Workspace::new(model.need());
                let fista = gradients(settings, gap, at_zero);
                fista.minimise(model, &mut Steps::new(*model), parts, workspace.slabs());
            }
        };
        let mut slabs = self.workspace.slabs();
        let found = newton::search(&penalised, &mut self.w, &mut slabs, until, solve);
        match found.gap <= until.gap || found.iterations >= until.steps {
            true => found,
            false => self.by_gradients(lambda),
        }
    }

    /// By proximal gradients on the losses themselves.
    #[inline]
    fn by_gradients(&mut self, lambda: f64) -> Found {
        let penalised = Penalised::new(&self.losses, &self.penalty, lambda);
        let gap = self.settings.tol * self.at_zero;
        let fista = gradients(self.settings, gap, self.at_zero);
        let slabs = self.workspace.slabs();
        let mut steps = Steps::new(penalised);
        let report = fista.minimise(&penalised, &mut steps, &mut self.w, slabs);
        Found {
            iterations: report.iterations,
            objective: report.value + report.penalty,
            gap: report.certificate,
        }
    }

    /// The parts of W, turned so that each task's numbers lie side by side.
    fn parts(&self) -> Parts {
        let (d, links) = (self.losses.features, self.losses.columns);
        let turn = |part: &[f64]| {
            let columns = self.losses.of_task.iter().flat_map(Clone::clone);
            let numbers = columns.flat_map(|k| (0..d).map(move |j| part[j * links + k]));
            numbers.collect()
        };
        Parts {
            features: d,
            links,
            by_task: links == self.tasks.len(),
            parts: self.w.chunks_exact(d * links).map(turn).collect(),
        }
    }
}

/// Proximal gradients to a gap, for losses that are `at_zero` at 0.
fn gradients(settings: FitSettings, gap: f64, at_zero: f64) -> Fista {
    Fista::default()
        .with_max_iter(settings.max_iter)
        .with_tol(gap)
        .with_noise(16.0 * f64::EPSILON * at_zero)
}

/// Names of the tasks, and their columns.
#[inline]
fn columns(source: Source<'_>) -> Result<Columns<'_>> {
    let (names, tasks, features) = match source {
        Source::Rows(tasks) => return Ok(Columns::of(tasks)),
        Source::Products(names, all) => (names, all.tasks(), all.features()),
        Source::Factors(names, all) => (names, all.tasks(), all.features()),
    };
    check::shape("names", (names.len(), 1), (tasks, 1))?;
    check::not_empty("names", tasks)?;
    Ok(Columns {
        features,
        names: names.to_vec(),
        of_task: (0..tasks).map(|t| t..t + 1).collect(),
    })
}
