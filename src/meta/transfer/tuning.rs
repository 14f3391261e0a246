//! Fine-tuning as a rate a span and stage; a span without a rate is frozen, to the bit.
//!
//! | what | the rates |
//! |---|---|
//! | linear probe | the last layer's alone |
//! | LP-FT (Kumar and others 2022) | a probe, then all |
//! | discriminative rates (ULMFiT: Howard and Ruder 2018) | `rate / decay^l` for the l-th layer from the top, decay 2.6 |
//! | gradual unfreezing (same) | one stage a layer: the last, the last two, .. |
//! | bias-only (BitFit: Ben Zaken and others 2022; TinyTL: Cai and others 2020) | the biases' |
//!
//! Each span has a memory of its own in the method, kept over the stages, so that a span that is unfrozen late starts as at step 1.

use alloc::{vec, vec::Vec};

use cognate_kernels::{Level, Real, max_abs};

use crate::check;
use crate::error::{Error, Result};
use crate::layer::Dense;
use crate::objective::Objective;
use crate::optim::{Adam, Callback, Method, Progress, Report, StepState, Stop};
use crate::params::Span;
use crate::workspace::Workspace;

/// Some steps with the same rates.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Number of steps.
    pub steps: u64,
    /// The spans that move, each with its rate; all others are frozen.
    pub rates: Vec<(Span, f64)>,
}

/// Stages of fine-tuning.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// The method that steps.
    pub method: Method,
    /// One after the other.
    pub stages: Vec<Stage>,
}

/// Where a tuning stands: steps taken, and the method's memory of each span met so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TuningState<T> {
    steps: u64,
    memories: Vec<(Span, StepState<Vec<T>>)>,
}

/// The spans of each layer, from the inputs on: what the constructors of [`Stage`] call layers.
pub fn layer_spans(layers: &[Dense]) -> Vec<Vec<Span>> {
    let spans = |layer: &Dense| core::iter::once(layer.weight).chain(layer.bias).collect();
    layers.iter().map(spans).collect()
}

impl Stage {
    /// All layers at the same rate.
    pub fn all(layers: &[Vec<Span>], steps: u64, rate: f64) -> Self {
        Self::discriminative(layers, steps, rate, 1.0)
    }

    /// The last layer at `rate`, each one below at the rate of the one above divided by `decay`.
    pub fn discriminative(layers: &[Vec<Span>], steps: u64, rate: f64, decay: f64) -> Self {
        let (mut rate, mut rates) = (rate, Vec::new());
        for layer in layers.iter().rev() {
            rates.extend(layer.iter().map(|&span| (span, rate)));
            rate /= decay;
        }
        Self { steps, rates }
    }

    /// The last layer alone: a linear probe.
    pub fn probe(layers: &[Vec<Span>], steps: u64, rate: f64) -> Self {
        Self::all(&layers[layers.len().saturating_sub(1)..], steps, rate)
    }

    /// The biases alone.
    pub fn biases(layers: &[Dense], steps: u64, rate: f64) -> Self {
        let biases = layers.iter().filter_map(|layer| layer.bias);
        let rates = biases.map(|bias| (bias, rate)).collect();
        Self { steps, rates }
    }
}

impl Tuning {
    /// These stages, by Adam.
    pub fn new(stages: Vec<Stage>) -> Self {
        Self {
            method: Method::Adam(Adam::default()),
            stages,
        }
    }

    /// Sets [`Tuning::method`].
    pub fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// A linear probe of `probe` steps, then `steps` steps of all layers.
    pub fn probe_then_all(layers: &[Vec<Span>], (probe, steps): (u64, u64), rate: f64) -> Self {
        Self::new(vec![
            Stage::probe(layers, probe, rate),
            Stage::all(layers, steps, rate),
        ])
    }

    /// A stage a layer, of `steps` steps: the last layer, then the last two, and so on, at discriminative rates.
    pub fn gradual(layers: &[Vec<Span>], steps: u64, rate: f64, decay: f64) -> Self {
        let stage = |from| Stage::discriminative(&layers[from..], steps, rate, decay);
        Self::new((0..layers.len()).rev().map(stage).collect())
    }

    /// The stage of step `t`, from 0; `None` when all are done.
    fn stage(&self, t: u64) -> Option<&Stage> {
        let mut end = 0;
        self.stages.iter().find(|stage| {
            end += stage.steps;
            t < end
        })
    }

    /// Steps of all stages.
    pub fn steps(&self) -> u64 {
        self.stages.iter().map(|stage| stage.steps).sum()
    }

    /// One step along the gradient `g` (as long as `p`); false, and nothing moves, when all stages are done. Memory is made when a span is
    /// first met.
    pub fn step<T: Real>(
        &self,
        level: Level,
        p: &mut [T],
        g: &[T],
        state: &mut TuningState<T>,
    ) -> bool {
        let Some(stage) = self.stage(state.steps) else {
            return false;
        };
        state.steps += 1;
        for &(span, rate) in stage.rates.iter().filter(|(_, rate)| *rate != 0.0) {
            let memory = state.memory(span, self.method.memory(span.len()));
            self.method
                .step(level, rate, span.of_mut(p), span.of(g), memory);
        }
        true
    }

    /// Rates are numbers, spans lie within `len` parameters.
    fn check(&self, len: usize) -> Result<()> {
        for (span, rate) in self.stages.iter().flat_map(|stage| &stage.rates) {
            check::setting("every rate", "0 or above", *rate, *rate >= 0.0)?;
            let end = span.range().end;
            check::setting(
                "the end of every span",
                "within the parameters",
                end as f64,
                end <= len,
            )?;
        }
        Ok(())
    }

    /// All stages on the whole objective, from `p`. The report's gradient is that of all parameters, frozen or not.
    ///
    /// # Errors
    /// If a rate or span is not sound, or the objective is not finite at the start. One that becomes so later ends the work where it was
    /// last finite.
    pub fn run<T: Real, O: Objective<T> + ?Sized>(
        &self,
        objective: &O,
        p: &mut [T],
        callback: Callback<'_>,
    ) -> Result<Report> {
        self.check(objective.len())?;
        let mut workspace = Workspace::new(objective.need());
        let mut slabs = workspace.slabs();
        let level = slabs.work.level();
        let w = &mut slabs.work;
        let (mut g, mut before) = (vec![T::ZERO; p.len()], p.to_vec());
        let mut state = TuningState::default();
        let (mut history, mut norm, mut stopped) = (Vec::new(), f64::NAN, Stop::MaxIterations);
        loop {
            let value = objective
                .value_grad(p, Some(&mut g), slabs.saved, w)
                .to_f64();
            let steepest = max_abs(level, &g).to_f64();
            if !(value.is_finite() && steepest.is_finite()) {
                p.copy_from_slice(&before);
                stopped = Stop::Diverged;
                break;
            }
            history.push(value);
            norm = steepest;
            let progress = Progress {
                iteration: history.len() - 1,
                max_iter: self.steps() as usize,
                evaluations: history.len(),
                value,
                gradient_norm: norm,
            };
            if callback(&progress).is_break() {
                stopped = Stop::Cancelled;
                break;
            }
            before.copy_from_slice(p);
            if !self.step(level, p, &g, &mut state) {
                break;
            }
        }
        let Some(&value) = history.last() else {
            return Err(Error::Diverged);
        };
        Ok(Report {
            iterations: history.len() - 1,
            evaluations: history.len(),
            products: 0,
            value,
            gradient_norm: norm,
            stopped,
            history,
        })
    }
}

impl<T: Real> TuningState<T> {
    /// Before the first step.
    pub fn new() -> Self {
        Self {
            steps: 0,
            memories: Vec::new(),
        }
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What the method remembers of `span`; zeros at first.
    fn memory(&mut self, span: Span, len: usize) -> &mut StepState<Vec<T>> {
        let found = self.memories.iter().position(|(met, _)| *met == span);
        let at = found.unwrap_or_else(|| {
            self.memories
                .push((span, StepState::new(vec![T::ZERO; len])));
            self.memories.len() - 1
        });
        &mut self.memories[at].1
    }
}
