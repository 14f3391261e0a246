//! A meta-trained network: what a new task starts from.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use cognate_kernels::{MatRef, Real, axpy};

use super::Adaptation;
use super::adapter::{Adapted, Adapter};
use super::episodes::{Shape, TargetKind};
use super::learner::{InnerLoop, Learner, MetaGradient};
use super::loss::TargetLoss;
use super::net::{MetaNet, Net};
use super::net_tasks::{NetTasks, Rows};
use super::rates::Rates;
use super::settings::MetaLearner;
use crate::check;
use crate::error::{Error, Result};
use crate::loss::{Target, Targets};
use crate::params::{Layout, Span};
use crate::workspace::default_level;

/// Shared parameters, learned rates, and the rule by which a task makes its own of them.
#[derive(Clone, Debug, PartialEq)]
pub struct MetaModel<T> {
    settings: MetaLearner,
    pub(super) net: MetaNet,
    adapts: Vec<Span>,
    pub(super) meta: Vec<T>,
}

impl<T: Real> MetaModel<T> {
    /// An untrained model for rows of this shape.
    ///
    /// # Errors
    /// If a setting is not allowed, or the rows have no features or targets.
    pub fn start(settings: &MetaLearner, shape: Shape) -> Result<Self> {
        settings.check()?;
        check::not_empty("features", shape.features)?;
        check::not_empty("targets", shape.targets.outputs())?;
        let net = MetaNet::new(settings, shape);
        let adapts = net.spans(settings.rule.part);
        let mut model = Self {
            settings: settings.clone(),
            net,
            adapts,
            meta: Vec::new(),
        };
        let (params, len) = (model.net.params(), model.learner().len(model.net.params()));
        model.meta = vec![T::from_f64(settings.inner_rate); len];
        model.net.init(settings, &mut model.meta[..params]);
        Ok(model)
    }

    /// The model of these parameters and rates, as [`MetaModel::meta`] gives them.
    ///
    /// # Errors
    /// As [`MetaModel::start`]; if `meta` has another length than the model, or a number that is not finite.
    pub fn new(settings: &MetaLearner, shape: Shape, meta: Vec<T>) -> Result<Self> {
        let model = Self::start(settings, shape)?;
        check::shape("meta", (meta.len(), 1), (model.meta.len(), 1))?;
        check::finite("meta", MatRef::planned(&meta, meta.len(), 1))?;
        Ok(Self { meta, ..model })
    }

    /// The settings that it was trained with.
    pub fn settings(&self) -> &MetaLearner {
        &self.settings
    }

    /// What its rows are like.
    pub fn shape(&self) -> Shape {
        self.net.shape
    }

    /// Names and places of the network's parameters.
    pub fn layout(&self) -> Layout<'_> {
        self.net.layout()
    }

    /// The shared parameters, then the learned rates.
    pub fn meta(&self) -> &[T] {
        &self.meta
    }

    /// The shared parameters.
    pub fn params(&self) -> &[T] {
        &self.meta[..self.net.params()]
    }

    /// The spans that a task adapts.
    pub fn adapts(&self) -> &[Span] {
        &self.adapts
    }

    /// The learner, as plain data.
    pub fn learner(&self) -> Learner<'_> {
        self.learner_at(u64::MAX, &[])
    }

    /// The learner of a meta-step.
    pub(super) fn learner_at<'a>(&'a self, step: u64, query_weights: &'a [f64]) -> Learner<'a> {
        let settings = &self.settings;
        let rates = match settings.rule.learned {
            None => Rates::Fixed(settings.inner_rate),
            Some(learned) => Rates::Learned {
                shared_by: learned.shared_by,
                per_step: learned.per_step,
            },
        };
        let inner = InnerLoop {
            learns_start: settings.context_width() == 0,
            momentum: settings.momentum,
            proximal: settings.proximal,
            clip: settings.inner_clip,
            ..InnerLoop::new(&self.adapts, settings.inner_steps, rates)
        };
        let early = step < settings.first_order_steps;
        let gradient = match settings.rule.gradient {
            MetaGradient::SecondOrder if early => MetaGradient::FirstOrder,
            gradient => gradient,
        };
        Learner {
            query_weights,
            ..Learner::new(inner, gradient)
        }
    }

    /// The tasks of these rows.
    pub(super) fn tasks<'a>(
        &'a self,
        support: Rows<'a, T>,
        query: Rows<'a, T>,
    ) -> NetTasks<'a, T, Net<'a>, TargetLoss> {
        let loss = TargetLoss(self.net.shape.targets);
        NetTasks {
            net: self.net.net(),
            loss,
            factor: loss.factor(),
            params: self.net.params(),
            support,
            query,
        }
    }

    /// The one task of these rows, which serve as both sets.
    pub(super) fn one_task<'a>(
        &'a self,
        x: MatRef<'a, T>,
        y: Targets<'a, T>,
        range: &'a Range<usize>,
    ) -> NetTasks<'a, T, Net<'a>, TargetLoss> {
        let ranges = core::slice::from_ref(range);
        let rows = Rows { x, y, ranges };
        self.tasks(rows, rows)
    }

    /// Checks rows with targets.
    pub(super) fn check(&self, x: MatRef<'_, T>, y: &Targets<'_, T>) -> Result<()> {
        check::matrix("x", x)?;
        check::shape("x", (x.rows(), x.cols()), (x.rows(), self.shape().features))?;
        match (y.target, self.shape().targets) {
            (Target::Values(y), TargetKind::Numbers(k)) => {
                check::shape("y", (y.rows(), y.cols()), (x.rows(), k))?;
                check::finite("y", y)
            }
            (Target::Classes(y), TargetKind::Classes(classes)) => {
                check::shape("y", (y.len(), 1), (x.rows(), 1))?;
                check::labels(y, classes)
            }
            _ => Err(Error::Setting {
                name: "the kind of y",
                must: "the one that the model was trained on",
                found: 0.0,
            }),
        }
    }

    /// Learns a task from the support rows `x: n x d` with targets `y`, by as many steps as the model was trained for.
    ///
    /// # Errors
    /// If a shape or the kind of target does not fit, a number is not finite, or the loss after the steps is not.
    pub fn adapt(&self, x: MatRef<'_, T>, y: Targets<'_, T>) -> Result<(Adapted<T>, Adaptation)> {
        let mut adapter = Adapter::new(self, x.rows());
        let report = adapter.adapt(x, y, self.settings.inner_steps)?;
        Ok((adapter.adapted(), report))
    }

    /// Outputs (numbers, or logits) for `x: n x d` of a task: `n x k`, row by row. `None`: of no task, with the shared parameters.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn predict(&self, adapted: Option<&Adapted<T>>, x: MatRef<'_, T>) -> Result<Vec<T>> {
        let mut adapter = Adapter::new(self, x.rows());
        if let Some(adapted) = adapted {
            adapter.load(adapted);
        }
        let mut z = vec![T::ZERO; x.rows() * self.shape().targets.outputs()];
        adapter.predict_into(x, &mut z)?;
        Ok(z)
    }

    /// An adapted task as a plain network with the hidden layers' activation: sizes of its layers from the inputs on, and their parameters
    /// in the order `W_0 (in x out), b_0, W_1, ..`. A context becomes a part of the first bias.
    pub fn adapted_layers(&self, adapted: &Adapted<T>) -> (Vec<usize>, Vec<T>) {
        let mut adapter = Adapter::new(self, 1);
        adapter.load(adapted);
        let (theta, shape) = (adapter.params(), self.shape());
        let mut sizes = vec![shape.features];
        sizes.extend_from_slice(&self.settings.hidden);
        sizes.push(shape.targets.outputs());
        let (inputs, units) = (shape.features, sizes[1]);
        let context = &theta[self.layout().len() - self.settings.context_width()..];
        let (of_inputs, rest) = theta[..theta.len() - context.len()].split_at(inputs * units);
        let (of_context, rest) = rest.split_at(context.len() * units);
        let mut params = of_inputs.to_vec();
        params.extend_from_slice(rest);
        let bias = &mut params[inputs * units..][..units];
        for (&c, row) in context.iter().zip(of_context.chunks_exact(units)) {
            axpy(default_level(), c, row, bias);
        }
        (sizes, params)
    }
}
