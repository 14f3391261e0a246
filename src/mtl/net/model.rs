//! A trained network of many tasks.

use alloc::{sync::Arc, vec, vec::Vec};
use core::ops::Range;

use cognate_kernels::{Activation, MatMut, MatRef, Real};

use super::{Architecture, Built, Outline, Output, TaskNet};
use crate::layer::{Ctx, Mode};
use crate::model::{ClassModel, Links, predict_links};
use crate::mtl::Kind;
use crate::params::Layout;
use crate::workspace::{Need, Work};
use crate::{Error, Result, check};

/// A network of many tasks with its parameters.
#[derive(Clone, Debug)]
pub struct TaskNetwork<T> {
    architecture: Architecture,
    hidden: Vec<usize>,
    activation: Activation,
    features: usize,
    outputs: Vec<Output>,
    built: Built<T>,
    params: Vec<T>,
}

impl<T: Real> TaskNetwork<T> {
    /// The network of these parameters, as many as [`TaskNetwork::layout`] will say, in that order.
    ///
    /// # Errors
    /// As [`Architecture::build`]; if there are too few or too many parameters, or one is not finite.
    pub fn new(architecture: &Architecture, outline: &Outline<'_>, params: Vec<T>) -> Result<Self> {
        let network = Self::start(architecture, outline, 0)?;
        let found = (params.len(), 1);
        check::shape("params", found, (network.params.len(), 1))?;
        check::finite("params", MatRef::planned(&params, found.0, 1))?;
        Ok(Self { params, ..network })
    }

    /// Untrained, with the start of `seed`.
    pub(super) fn start(
        architecture: &Architecture,
        outline: &Outline<'_>,
        seed: u64,
    ) -> Result<Self> {
        let built = architecture.build(outline, seed)?;
        Ok(Self {
            architecture: architecture.clone(),
            hidden: outline.hidden.to_vec(),
            activation: outline.activation,
            features: outline.features,
            outputs: outline.outputs.to_vec(),
            params: built.start.clone(),
            built,
        })
    }

    /// How its tasks share.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// What it was built from.
    pub fn outline(&self) -> Outline<'_> {
        Outline {
            features: self.features,
            hidden: &self.hidden,
            activation: self.activation,
            outputs: &self.outputs,
        }
    }

    /// Names and kinds of its tasks.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The place of the task called `name`.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|output| output.name == name)
    }

    /// Names and places of the parameters.
    pub fn layout(&self) -> Layout<'_> {
        self.built.layout.view()
    }

    /// The flat parameters.
    pub fn params(&self) -> &[T] {
        &self.params
    }

    pub(super) fn params_mut(&mut self) -> &mut [T] {
        &mut self.params
    }

    pub(super) fn built(&self) -> &Built<T> {
        &self.built
    }

    /// The layer from features to all tasks' links.
    pub fn net(&self) -> &Arc<dyn TaskNet<T>> {
        &self.built.net
    }

    /// What the network makes of task `t` alone.
    ///
    /// # Panics
    /// If there is no such task.
    #[track_caller]
    pub fn task(&self, t: usize) -> TaskView<'_, T> {
        let links = |outputs: &[Output]| outputs.iter().map(|o| o.kind.links()).sum();
        let start: usize = links(&self.outputs[..t]);
        TaskView {
            network: self,
            task: t,
            columns: (start, self.outputs[t].kind.links()),
        }
    }

    /// The links of all tasks for `x: n x d`: `n x K`, row-major, the columns of a task side by side, task after task.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn links(&self, x: MatRef<'_, T>) -> Result<Vec<T>> {
        predict_links(&Whole(self), x)
    }

    /// What task `t` predicts for `x: n x d`: n numbers, or places of classes.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    ///
    /// # Panics
    /// If there is no such task.
    #[track_caller]
    pub fn predict(&self, t: usize, x: MatRef<'_, T>) -> Result<Vec<T>> {
        let view = self.task(t);
        if self.outputs[t].kind == Kind::Number {
            return predict_links(&view, x);
        }
        let classes = ClassModel::from_map(view)?.predict(x)?;
        Ok(classes
            .into_iter()
            .map(|class| T::from_usize(class as usize))
            .collect())
    }

    /// The probabilities of task `t`'s classes for `x: n x d`: `n x classes`, row-major.
    ///
    /// # Errors
    /// As [`TaskNetwork::predict`]; [`Error::Task`] if the task predicts a number.
    ///
    /// # Panics
    /// If there is no such task.
    #[track_caller]
    pub fn predict_proba(&self, t: usize, x: MatRef<'_, T>) -> Result<Vec<T>> {
        let Output { name, kind } = &self.outputs[t];
        match kind {
            Kind::Number => Err(Error::task(name, "predicts a number, which has no classes")),
            Kind::Classes(_) => ClassModel::from_map(self.task(t))?.predict_proba(x),
        }
    }
}

/// A network as the map from features to all tasks' links.
struct Whole<'a, T>(&'a TaskNetwork<T>);

impl<T: Real> Links for Whole<'_, T> {
    type Number = T;

    fn features(&self) -> usize {
        self.0.features
    }

    fn outputs(&self) -> usize {
        self.0.net().width().1
    }

    fn need(&self, rows: usize) -> Need {
        self.0.net().need(Mode::Predict, rows, 1)
    }

    fn links_into(&self, x: MatRef<'_, T>, z: MatMut<'_, T>, w: &mut Work<'_, T>) {
        let (net, p) = (self.0.net(), &self.0.params);
        net.forward(&Ctx::PREDICT, p, x, z, &mut [], w);
    }
}

/// A network as the map from features to one task's links.
#[derive(Clone, Copy, Debug)]
pub struct TaskView<'a, T> {
    network: &'a TaskNetwork<T>,
    task: usize,
    /// The first of its columns among all, and how many there are.
    columns: (usize, usize),
}

impl<T: Real> TaskView<'_, T> {
    fn all(&self) -> usize {
        self.network.built.net.width().1
    }
}

impl<T: Real> Links for TaskView<'_, T> {
    type Number = T;

    fn features(&self) -> usize {
        self.network.features
    }

    fn outputs(&self) -> usize {
        self.columns.1
    }

    fn need(&self, rows: usize) -> Need {
        let need = self.network.built.net.need(Mode::Predict, rows, 1);
        need.with_scratch(rows * self.all())
    }

    fn links_into(&self, x: MatRef<'_, T>, mut z: MatMut<'_, T>, w: &mut Work<'_, T>) {
        let (n, all) = (x.rows(), self.all());
        let (board, mut w) = w.take(n * all);
        // The rows are the task's own: the others' heads have nothing to do.
        let mut groups: Vec<Range<usize>> = vec![0..0; self.network.outputs.len()];
        groups[self.task] = 0..n;
        let c = Ctx {
            groups: &groups,
            merged: true,
            ..Ctx::PREDICT
        };
        let (net, p) = (&self.network.built.net, &self.network.params);
        net.forward(&c, p, x, MatMut::planned(board, n, all), &mut [], &mut w);
        let (start, links) = self.columns;
        let links = start..start + links;
        z.copy_from(MatRef::planned(board, n, all).cols_range(links));
    }
}
