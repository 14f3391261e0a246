//! From tasks and a penalty to fitted models, one strength after the other.

use alloc::{vec, vec::Vec};

use cognate_kernels::Real;

use super::blocks::{Cache, Until, descend};
use super::losses::Losses;
use super::penalty::{Penalised, Penalty, Steps};
use super::{Columns, Parts, Proximal, Settings};
use crate::check;
use crate::error::{Error, Result};
use crate::mtl::linear::{Certificate, Fitted, TaskLinear};
use crate::mtl::{Kind, Summaries, TaskSet};
use crate::objective::Objective;
use crate::optim::Fista;
use crate::workspace::Workspace;

/// Rows a feature from which `X'X` is kept instead of the rows: for proximal gradients, whose every step needs all of it, and for block
/// descent, which needs few of its rows.
const GRAM_FROM: usize = 1;
const GRAM_FROM_BLOCKS: usize = 8;

/// Strengths of a grid, and how far it goes down from where all is 0.
const GRID: usize = 24;
const GRID_END: f64 = 1e-3;

/// The problem of one method on some tasks, at any strength.
pub(super) struct Problem<'a> {
    method: &'a dyn Proximal,
    /// Names and kinds of the tasks.
    tasks: Vec<(&'a str, Kind)>,
    settings: Settings,
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
struct Found {
    iterations: usize,
    objective: f64,
    gap: f64,
}

impl<'a> Problem<'a> {
    pub(super) fn new(method: &'a dyn Proximal, tasks: &'a TaskSet<'a, f64>) -> Result<Self> {
        let settings = method.settings();
        settings.check()?;
        let penalty = method.penalty(&Columns::of(tasks))?;
        let gram_from = match penalty.by_rows() {
            true => GRAM_FROM_BLOCKS,
            false => GRAM_FROM,
        };
        let losses = Losses::new(tasks, settings.intercept, gram_from)?;
        let named = tasks
            .tasks()
            .iter()
            .map(|task| (task.name.as_str(), task.kind));
        Ok(Self::with(method, named.collect(), losses, penalty))
    }

    /// The same, of tasks that predict numbers and are called `names`, from their summaries.
    pub(super) fn of_summaries(
        method: &'a dyn Proximal,
        names: &[&'a str],
        summaries: &Summaries,
    ) -> Result<Self> {
        let settings = method.settings();
        settings.check()?;
        check::shape("names", (names.len(), 1), (summaries.tasks(), 1))?;
        check::not_empty("names", names.len())?;
        let losses = Losses::of_summaries(summaries, settings.intercept);
        let penalty = method.penalty(&Columns {
            features: losses.features,
            names: names.to_vec(),
            of_task: losses.of_task.clone(),
        })?;
        let named = names.iter().map(|&name| (name, Kind::Number));
        Ok(Self::with(method, named.collect(), losses, penalty))
    }

    fn with(
        method: &'a dyn Proximal,
        tasks: Vec<(&'a str, Kind)>,
        losses: Losses<'a>,
        penalty: Penalty,
    ) -> Self {
        let need = Penalised::new(&losses, &penalty, 0.0).need();
        let mut workspace = Workspace::new(need);
        let mut c = vec![0.0; losses.len()];
        let mut slabs = workspace.slabs();
        let at_zero = losses.start(&mut c, slabs.saved, &mut slabs.work);
        let by_blocks = penalty.by_rows() && tasks.iter().all(|task| task.1 == Kind::Number);
        Self {
            method,
            tasks,
            settings: method.settings(),
            at_zero,
            lambda_max: penalty.dual(&c, losses.columns),
            cache: by_blocks.then(|| Cache::new(&losses)),
            workspace,
            w: vec![0.0; losses.len() * penalty.parts.len()],
            losses,
            penalty,
        }
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
    pub(super) fn path(&mut self, lambdas: &[f64]) -> Result<Vec<Fitted>> {
        lambdas.iter().map(|&lambda| self.fit(lambda)).collect()
    }

    /// The optimum at `lambda`, searched from that of the strength before.
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
            None => self.by_gradients(lambda),
        }
    }

    /// Nothing to search for: `W = 0` is optimal.
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

    fn by_gradients(&mut self, lambda: f64) -> Found {
        let penalised = Penalised::new(&self.losses, &self.penalty, lambda);
        let fista = Fista::default()
            .with_max_iter(self.settings.max_iter)
            .with_tol(self.settings.tol * self.at_zero)
            .with_noise(16.0 * f64::EPSILON * self.at_zero);
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
