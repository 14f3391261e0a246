//! From the signals of a batch to a rule and back: tasks that are absent are left out, products are split into norms and cosines, and
//! where a rule has no answer the outcome says so and there are weights all the same.

use alloc::{vec, vec::Vec};
use core::mem::Discriminant;

use cognate_kernels::MatRef;

use super::Balance;
use super::rule::{Answer, Needs, Rule, Scratch, View};
use crate::linalg::Angles;
use crate::{Result, check};

/// What one batch says about T tasks.
#[derive(Clone, Copy, Debug)]
pub struct Signals<'a> {
    losses: &'a [f64],
    gram: Option<&'a [f64]>,
    norms: Option<&'a [f64]>,
    present: Option<&'a [bool]>,
    precision: f64,
}

impl<'a> Signals<'a> {
    /// The tasks' mean losses: T.
    pub fn new(losses: &'a [f64]) -> Self {
        Self {
            losses,
            gram: None,
            norms: None,
            present: None,
            precision: f64::EPSILON,
        }
    }

    /// The Gram matrix of the tasks' gradients w.r.t. the shared parameters: `T x T`, row-major; the lower triangle is read.
    pub fn with_gram(self, gram: &'a [f64]) -> Self {
        Self {
            gram: Some(gram),
            ..self
        }
    }

    /// The norms of the tasks' gradients w.r.t. the last shared layer: T.
    pub fn with_norms(self, norms: &'a [f64]) -> Self {
        Self {
            norms: Some(norms),
            ..self
        }
    }

    /// Which tasks have labels in this batch. Default all.
    pub fn with_present(self, present: &'a [bool]) -> Self {
        Self {
            present: Some(present),
            ..self
        }
    }

    /// The relative rounding error of the Gram matrix: `f32::EPSILON` if it was computed from a network in f32. What is smaller is taken
    /// for zero. Default `f64::EPSILON`.
    pub fn with_precision(self, precision: f64) -> Self {
        Self { precision, ..self }
    }

    fn is_present(&self, task: usize) -> bool {
        self.present.is_none_or(|present| present[task])
    }
}

/// What the weights of a batch are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They are what the rule says.
    Regular,
    /// A combination of the gradients with non-negative weights is zero to rounding, so no direction is better for all tasks. Whatever the
    /// rule, these are the weights of MGDA, whose direction is zero as well as it can be.
    ParetoStationary,
    /// One of three: the rule has no answer, and a rule over losses then weighs the tasks alike, one over gradients as MGDA does, which
    /// always has an answer; or the rule's answer defeats its purpose (IMTL-G, which may go uphill for every task); or the gradient of a
    /// task is 0, so that it has no say.
    Degenerate,
}

/// How weights came about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Balanced {
    /// What they are worth.
    pub outcome: Outcome,
    /// The distance from the solution of the rule's problem, relative; which one, the rule's page says. 0 for a formula.
    pub certificate: f64,
    /// The function of the losses whose derivatives the weights are, where the rule has one.
    pub value: Option<f64>,
}

/// What a rule remembers from batch to batch, and its buffers: [`Balance::weights`](super::Balance::weights) allocates nothing.
#[derive(Clone, Debug)]
pub struct BalanceState {
    /// Whose state this is.
    pub(super) kind: Discriminant<Balance>,
    tasks: usize,
    steps: u64,
    memory: Vec<f64>,
    ids: Vec<usize>,
    losses: Vec<f64>,
    weights: Vec<f64>,
    norms: Vec<f64>,
    cosines: Vec<f64>,
    gram: Vec<f64>,
    scratch: Scratch,
}

impl BalanceState {
    /// Before the first batch of `balance`, whose rule is `rule`.
    pub(super) fn start(balance: &Balance, rule: &dyn Rule, tasks: usize) -> Result<Self> {
        check::not_empty("tasks", tasks)?;
        rule.check(tasks)?;
        let mut memory = vec![0.0; rule.memory(tasks)];
        rule.start(&mut memory);
        let square = if rule.needs() == Needs::Gram {
            tasks * tasks
        } else {
            0
        };
        Ok(Self {
            kind: core::mem::discriminant(balance),
            tasks,
            steps: 0,
            memory,
            ids: Vec::with_capacity(tasks),
            losses: Vec::with_capacity(tasks),
            weights: vec![0.0; tasks],
            norms: vec![0.0; tasks],
            cosines: vec![0.0; square],
            gram: Vec::with_capacity(square),
            scratch: Scratch::new(tasks, rule.needs()),
        })
    }

    /// Puts the state where it was when these numbers were saved.
    pub(super) fn restore(&mut self, steps: u64, memory: &[f64]) -> Result<()> {
        let found = (1, memory.len());
        check::shape("memory", found, (1, self.memory.len()))?;
        check::finite("memory", MatRef::planned(memory, 1, memory.len()))?;
        self.memory.copy_from_slice(memory);
        self.steps = steps;
        Ok(())
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// Batches so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What the rule remembers, as plain numbers, in the order that its page describes.
    pub fn memory(&self) -> &[f64] {
        &self.memory
    }

    #[track_caller]
    #[inline]
    pub(super) fn weights(
        &mut self,
        rule: &dyn Rule,
        signals: &Signals<'_>,
        weights: &mut [f64],
    ) -> Result<Balanced> {
        assert_eq!(weights.len(), self.tasks, "one weight a task");
        let needs = rule.needs();
        self.collect(needs, signals)?;
        weights.fill(0.0);
        self.steps += 1;
        if self.ids.is_empty() {
            return Ok(Balanced {
                outcome: Outcome::Degenerate,
                certificate: 0.0,
                value: None,
            });
        }
        let balanced = self.solve(rule, signals.precision);
        for (&id, &w) in self.ids.iter().zip(&self.weights) {
            weights[id] = w;
        }
        Ok(balanced)
    }

    #[track_caller]
    pub(super) fn stepped(&mut self, rule: &dyn Rule, losses: &[f64]) {
        assert_eq!(losses.len(), self.tasks, "one loss a task");
        rule.stepped(&mut self.memory, losses);
    }

    pub(super) fn epoch_ended(&mut self, rule: &dyn Rule) {
        rule.epoch_ended(&mut self.memory);
    }

    /// The signals of the tasks present, side by side.
    #[track_caller]
    fn collect(&mut self, needs: Needs, signals: &Signals<'_>) -> Result<()> {
        let tasks = self.tasks;
        assert_eq!(signals.losses.len(), tasks, "one loss a task");
        assert!(signals.present.is_none_or(|present| present.len() == tasks));
        self.ids.clear();
        self.losses.clear();
        self.gram.clear();
        for task in (0..tasks).filter(|&task| signals.is_present(task)) {
            self.ids.push(task);
            self.losses.push(signals.losses[task]);
            finite("losses", (task, 0), signals.losses[task])?;
        }
        match needs {
            Needs::Losses | Needs::LossesAfter => Ok(()),
            Needs::Norms => self.collect_norms(signals.norms.expect("this rule needs norms")),
            Needs::Gram => {
                let gram = signals.gram.expect("this rule needs the Gram matrix");
                self.collect_gram(gram, signals.precision)
            }
        }
    }

    #[track_caller]
    fn collect_norms(&mut self, norms: &[f64]) -> Result<()> {
        assert_eq!(norms.len(), self.tasks, "one norm a task");
        for (norm, &task) in self.norms.iter_mut().zip(&self.ids) {
            *norm = norms[task];
            finite("norms", (task, 0), *norm)?;
        }
        Ok(())
    }

    #[track_caller]
    fn collect_gram(&mut self, gram: &[f64], precision: f64) -> Result<()> {
        assert_eq!(gram.len(), self.tasks * self.tasks, "T x T products");
        let n = self.ids.len();
        for &i in &self.ids {
            for &j in &self.ids {
                let (row, column) = (i.max(j), i.min(j));
                let product = gram[row * self.tasks + column];
                finite("gram", (row, column), product)?;
                self.gram.push(product);
            }
        }
        let (cosines, norms) = (&mut self.cosines[..n * n], &mut self.norms[..n]);
        Angles::new(&self.gram, cosines, norms, precision);
        Ok(())
    }

    /// The rule's weights for what was collected, in the tasks' order.
    #[inline]
    fn solve(&mut self, rule: &dyn Rule, precision: f64) -> Balanced {
        let n = self.ids.len();
        let by_gradients = rule.needs() == Needs::Gram;
        let square = if by_gradients { n * n } else { 0 };
        let gradients = Angles {
            cosines: &self.cosines[..square],
            norms: &self.norms[..n],
            eps: precision.max(f64::EPSILON),
        };
        let view = View {
            ids: &self.ids,
            losses: &self.losses,
            gradients,
            step: self.steps - 1,
        };
        let w = &mut self.weights[..n];
        let mut balanced = Balanced {
            outcome: Outcome::Regular,
            certificate: 0.0,
            value: None,
        };
        let answer = rule.weights(&view, &mut self.memory, &mut self.scratch, w);
        match answer {
            Answer::Solved(certificate) => balanced.certificate = certificate,
            Answer::Derivative(value) => balanced.value = Some(value),
            Answer::Defeated | Answer::Undefined => balanced.outcome = Outcome::Degenerate,
        }
        if by_gradients {
            let mut stationary = vanishes(&gradients, w);
            if stationary || matches!(answer, Answer::Undefined) {
                balanced.certificate = self.scratch.min_norm.solve(&gradients, w);
                stationary |= vanishes(&gradients, w);
            }
            if stationary {
                balanced.outcome = Outcome::ParetoStationary;
            } else if gradients.norms.contains(&0.0) {
                balanced.outcome = Outcome::Degenerate;
            }
        }
        balanced
    }
}

fn finite(argument: &'static str, (row, column): (usize, usize), found: f64) -> Result<()> {
    if found.is_finite() {
        return Ok(());
    }
    Err(crate::Error::NotFinite {
        argument,
        row,
        column,
    })
}

/// Whether `sum_t w_t g_t` is zero to rounding, with weights of which none is negative.
fn vanishes(gradients: &Angles<'_>, w: &[f64]) -> bool {
    if w.iter().any(|&w| w < 0.0) {
        return false;
    }
    let size: f64 = w
        .iter()
        .zip(gradients.norms)
        .map(|(w, norm)| w * norm)
        .sum();
    if size == 0.0 {
        return true;
    }
    let share = |t: usize| w[t] * gradients.norms[t] / size;
    let along = |s: usize| -> f64 {
        let terms = (0..w.len()).map(|t| gradients.cosine(s, t) * share(t));
        terms.sum()
    };
    let square: f64 = (0..w.len()).map(|s| share(s) * along(s)).sum();
    square <= 4.0 * w.len() as f64 * gradients.eps
}
