//! Clustered tasks, the convex relaxation (Jacob, Bach and Vert 2009; Zhou, Chen and Ye 2011).

use alloc::{boxed::Box, vec, vec::Vec};

use cognate_kernels::Real;

use super::learned::{Family, Learns, Outcome, Spectrum};
use crate::check;
use crate::error::Result;
use crate::mtl::linear::convex::{Convex, Form};
use crate::mtl::linear::{Axis, FitSettings, Learned};

/// `lambda eta (1 + eta) tr(W (eta I + M)^-1 W')` over W and `0 <= M <= I, tr M = k`.
///
/// Were M the projection on the indicators of k clusters, tasks would pay 1 for the mean of their cluster and `1 + 1/eta` for what parts
/// them from it. M is reported as `clusters`, tasks x tasks: near 0 between clusters, near 1 / size within one.
///
/// With intercepts, their differences from a free common level are related as coefficients are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clustered {
    /// The strength, above 0. Default 1.
    pub lambda: f64,
    /// How much less the clusters' own part costs than what parts tasks within them, above 0. Default 0.1.
    pub eta: f64,
    /// Clusters, k, at least 1; one a task where there are fewer tasks. Default 2.
    pub clusters: usize,
    /// Most turns of coefficients and clusters. Default 2,000.
    pub max_rounds: usize,
    /// How it is fitted; the tolerance's default is 1e-7 here.
    pub settings: FitSettings,
}

impl Default for Clustered {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            eta: 0.1,
            clusters: 2,
            max_rounds: 2000,
            settings: FitSettings::default().with_tol(1e-7),
        }
    }
}

impl Clustered {
    /// Sets [`Clustered::lambda`].
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets [`Clustered::eta`].
    pub fn with_eta(self, eta: f64) -> Self {
        Self { eta, ..self }
    }

    /// Sets [`Clustered::clusters`].
    pub fn with_clusters(self, clusters: usize) -> Self {
        Self { clusters, ..self }
    }

    /// Sets the limit of rounds.
    pub fn with_max_rounds(self, max_rounds: usize) -> Self {
        Self { max_rounds, ..self }
    }

    /// Sets [`settings`](field@Clustered::settings).
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings, ..self }
    }

    /// The trace of M.
    fn trace(&self, tasks: usize) -> f64 {
        self.clusters.min(tasks) as f64
    }
}

/// A is `eta I + M`.
impl Family for Clustered {
    fn factor(&self) -> f64 {
        2.0 * self.lambda * self.eta * (1.0 + self.eta)
    }

    fn own_ridge(&self) -> f64 {
        0.0
    }

    fn raise(&self) -> f64 {
        0.0
    }

    fn start(&self, tasks: usize) -> Vec<f64> {
        vec![self.eta + self.trace(tasks) / tasks as f64; tasks]
    }

    /// `sum g / (eta + m)` is least where `m = root(g) / s - eta`, cut to `[0, 1]`, for the s with which they add up to the trace.
    #[inline]
    fn best(&self, g: &[f64]) -> Vec<f64> {
        let roots: Vec<f64> = g.iter().map(|&g| Real::sqrt(g)).collect();
        let trace = self.trace(g.len());
        let top = roots.iter().fold(0.0f64, |top, &root| top.max(root));
        if top == 0.0 || trace >= g.len() as f64 {
            return self.start(g.len());
        }
        let at = |s: f64| {
            roots
                .iter()
                .map(move |root| (root / s - self.eta).clamp(0.0, 1.0))
        };
        // The sum falls with s; where all roots but a few are 0 no s gives the trace, and the rest is spread over those.
        let (mut low, mut high) = (f64::MIN_POSITIVE, top / self.eta);
        for _ in 0..BISECTIONS {
            let middle = Real::sqrt(low) * Real::sqrt(high);
            match at(middle).sum::<f64>() >= trace {
                true => low = middle,
                false => high = middle,
            }
        }
        let mut m: Vec<f64> = at(low).collect();
        let sum: f64 = m.iter().sum();
        let room: f64 = m.iter().map(|m| 1.0 - m).sum();
        if sum < trace {
            let share = (trace - sum) / room;
            m.iter_mut().for_each(|m| *m += share * (1.0 - *m));
        } else {
            m.iter_mut().for_each(|m| *m *= trace / sum);
        }
        m.iter().map(|m| self.eta + m).collect()
    }

    /// The nearest in the capped simplex: shifted and cut.
    fn feasible(&self, values: &[f64]) -> Vec<f64> {
        let trace = self.trace(values.len());
        let at = |shift: f64| {
            values
                .iter()
                .map(move |v| (v - self.eta + shift).clamp(0.0, 1.0))
        };
        let top = values.iter().fold(0.0f64, |top, &v| top.max(v)) + 1.0;
        let (mut low, mut high) = (-top, self.eta + 1.0);
        for _ in 0..BISECTIONS {
            let middle = 0.5 * (low + high);
            match at(middle).sum::<f64>() >= trace {
                true => high = middle,
                false => low = middle,
            }
        }
        at(high).map(|m| self.eta + m).collect()
    }

    fn support(&self, h: &[f64]) -> f64 {
        let k = self.clusters.min(h.len());
        let first: f64 = h[h.len() - k..].iter().sum();
        self.eta * h.iter().sum::<f64>() + first
    }
}

/// Halvings until neighbouring numbers are left, nearly.
const BISECTIONS: usize = 80;

impl Convex for Clustered {
    const NAME: &'static str = "clustered";

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

impl Learns for Clustered {
    fn check(&self) -> Result<()> {
        let k = self.clusters as f64;
        check::setting("clusters", "at least 1", k, k >= 1.0)?;
        check::setting("eta", "above 0", self.eta, self.eta > 0.0)
    }

    fn max_rounds(&self) -> usize {
        self.max_rounds
    }

    #[inline]
    fn family(&self, lambda: f64) -> Box<dyn Family> {
        Box::new(self.with_lambda(lambda))
    }

    /// M.
    fn table(&self, outcome: &Outcome) -> Learned {
        let Spectrum { values, vectors } = &outcome.relation;
        let tasks = values.len();
        let m = Spectrum {
            values: values.iter().map(|a| a - self.eta).collect(),
            vectors: vectors.clone(),
        };
        Learned {
            name: "clusters",
            axes: (Axis::Tasks, Axis::Tasks),
            shape: (tasks, tasks),
            values: m.matrix(),
        }
    }
}
