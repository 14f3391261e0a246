//! Fitting to classes and to numbers: checks, starts, and the training run between.

use alloc::vec;
use core::ops::ControlFlow;

use cognate_kernels::{MatRef, Real};

use super::batch::Data;
use super::head::Head;
use super::network::Network;
use super::settings::Mlp;
use super::training::Training;
use crate::check;
use crate::error::{Error, Result};
use crate::loss::Targets;
use crate::model::ClassModel;
use crate::model::class_model::logits;
use crate::model::classes::class_totals;
use crate::model::links::Links;
use crate::optim::{Callback, Report};

/// Targets are classes: see [`MlpClassifier`](super::MlpClassifier).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classes;

/// Targets are numbers: see [`MlpRegressor`](super::MlpRegressor).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values;

impl<K> Mlp<K> {
    /// An untrained network.
    fn start_net<T: Real>(&self, ends: (usize, usize), head: Head) -> Result<Training<T, K>> {
        self.check()?;
        let mut sizes = vec![ends.0];
        sizes.extend_from_slice(&self.hidden_layer_sizes);
        sizes.push(ends.1);
        let network = Network::zeros(&sizes, self.activation)?.init(self.seed);
        Ok(Training::new(network, head))
    }

    /// Checks what every kind of target shares.
    fn check_rows<T: Real>(
        &self,
        training: &Training<T, K>,
        x: MatRef<'_, T>,
        sample_weight: Option<&[T]>,
    ) -> Result<()> {
        self.check()?;
        check::matrix("x", x)?;
        let features = training.network.features();
        check::shape("x", (x.rows(), x.cols()), (x.rows(), features))?;
        check::weight_sum(sample_weight, x.rows())?;
        Ok(())
    }

    fn one_pass<T: Real>(&self, training: &mut Training<T, K>, data: Data<'_, T>) -> Result<f64> {
        self.epoch(training, data, None).ok_or(Error::Diverged)
    }
}

fn go_on() -> impl FnMut(&crate::optim::Progress) -> ControlFlow<()> {
    |_| ControlFlow::Continue(())
}

impl Mlp<Classes> {
    /// An untrained network for a number of features and classes.
    ///
    /// # Errors
    /// If a setting is not allowed, there are no features, or fewer than two classes.
    pub fn start<T: Real>(&self, features: usize, classes: usize) -> Result<Training<T, Classes>> {
        if classes < 2 {
            return Err(Error::OneClass);
        }
        self.start_net((features, logits(classes)), Head::of_classes(classes))
    }

    /// A trained classifier as a start (scikit-learn's `warm_start`): its sizes and activation stand, the optimiser begins afresh.
    ///
    /// # Errors
    /// If a setting is not allowed.
    pub fn start_from<T: Real>(
        &self,
        model: &ClassModel<Network<T>>,
    ) -> Result<Training<T, Classes>> {
        self.check()?;
        let head = Head::of_classes(model.classes());
        Ok(Training::new(model.map().clone(), head))
    }

    /// Fits `x: n x d` to the classes `y` (n labels `0..k`, each class with a row), with a weight a row.
    ///
    /// # Errors
    /// If a setting is not allowed; if there are no rows or features, shapes do not fit, a number is not finite or a weight negative;
    /// if fewer than two classes have rows of weight, or one below the highest label has none; if the loss is not finite from the first
    /// epoch on.
    pub fn fit<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: &[u32],
        sample_weight: Option<&[T]>,
    ) -> Result<(ClassModel<Network<T>>, Report)> {
        self.fit_with(x, y, sample_weight, &mut go_on())
    }

    /// As [`Mlp::fit`], with a callback after every epoch that may stop the work.
    ///
    /// # Errors
    /// As [`Mlp::fit`].
    pub fn fit_with<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: &[u32],
        sample_weight: Option<&[T]>,
        callback: Callback<'_>,
    ) -> Result<(ClassModel<Network<T>>, Report)> {
        self.check()?;
        check::matrix("x", x)?;
        check::shape("y", (y.len(), 1), (x.rows(), 1))?;
        check::weight_sum(sample_weight, x.rows())?;
        let classes = class_totals(y, sample_weight)?.len();
        let mut training = self.start(x.cols(), classes)?;
        let report = self.resume(&mut training, x, y, sample_weight, callback)?;
        Ok((training.model()?, report))
    }

    /// Trains for up to `max_iter` epochs more. Two calls give the bits of one with as many epochs in all.
    ///
    /// # Errors
    /// As [`Mlp::fit`], or if `x` has other features or a label is none of the network's classes.
    pub fn resume<T: Real>(
        &self,
        training: &mut Training<T, Classes>,
        x: MatRef<'_, T>,
        y: &[u32],
        sample_weight: Option<&[T]>,
        callback: Callback<'_>,
    ) -> Result<Report> {
        let data = self.class_data(training, x, y, sample_weight)?;
        self.run(training, data, callback)
    }

    /// One epoch on these rows, which need not be those of the last one; returns the mean objective.
    ///
    /// # Errors
    /// As [`Mlp::resume`].
    pub fn partial_fit<T: Real>(
        &self,
        training: &mut Training<T, Classes>,
        x: MatRef<'_, T>,
        y: &[u32],
        sample_weight: Option<&[T]>,
    ) -> Result<f64> {
        let data = self.class_data(training, x, y, sample_weight)?;
        self.one_pass(training, data)
    }

    fn class_data<'a, T: Real>(
        &self,
        training: &Training<T, Classes>,
        x: MatRef<'a, T>,
        y: &'a [u32],
        sample_weight: Option<&'a [T]>,
    ) -> Result<Data<'a, T>> {
        self.check_rows(training, x, sample_weight)?;
        check::shape("y", (y.len(), 1), (x.rows(), 1))?;
        check::labels(y, training.network.outputs().max(2))?;
        let y = Targets::classes(y).weighted(sample_weight);
        Ok(Data { x, y })
    }
}

impl Mlp<Values> {
    /// An untrained network for a number of features and outputs.
    ///
    /// # Errors
    /// If a setting is not allowed, or there are no features or outputs.
    pub fn start<T: Real>(&self, features: usize, outputs: usize) -> Result<Training<T, Values>> {
        self.start_net((features, outputs), Head::Squared)
    }

    /// A trained network as a start (scikit-learn's `warm_start`): its sizes and activation stand, the optimiser begins afresh.
    ///
    /// # Errors
    /// If a setting is not allowed.
    pub fn start_from<T: Real>(&self, network: &Network<T>) -> Result<Training<T, Values>> {
        self.check()?;
        Ok(Training::new(network.clone(), Head::Squared))
    }

    /// Fits `x: n x d` to the numbers `y: n x k`, with a weight a row.
    ///
    /// # Errors
    /// If a setting is not allowed; if there are no rows, features or outputs, shapes do not fit, a number is not finite or a weight
    /// negative; if the loss is not finite from the first epoch on.
    pub fn fit<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: MatRef<'_, T>,
        sample_weight: Option<&[T]>,
    ) -> Result<(Network<T>, Report)> {
        self.fit_with(x, y, sample_weight, &mut go_on())
    }

    /// As [`Mlp::fit`], with a callback after every epoch that may stop the work.
    ///
    /// # Errors
    /// As [`Mlp::fit`].
    pub fn fit_with<T: Real>(
        &self,
        x: MatRef<'_, T>,
        y: MatRef<'_, T>,
        sample_weight: Option<&[T]>,
        callback: Callback<'_>,
    ) -> Result<(Network<T>, Report)> {
        self.check()?;
        check::matrix("x", x)?;
        check::not_empty("y", y.rows() * y.cols())?;
        let mut training = self.start(x.cols(), y.cols())?;
        let report = self.resume(&mut training, x, y, sample_weight, callback)?;
        Ok((training.model(), report))
    }

    /// Trains for up to `max_iter` epochs more. Two calls give the bits of one with as many epochs in all.
    ///
    /// # Errors
    /// As [`Mlp::fit`], or if `x` has other features or `y` other outputs.
    pub fn resume<T: Real>(
        &self,
        training: &mut Training<T, Values>,
        x: MatRef<'_, T>,
        y: MatRef<'_, T>,
        sample_weight: Option<&[T]>,
        callback: Callback<'_>,
    ) -> Result<Report> {
        let data = self.value_data(training, x, y, sample_weight)?;
        self.run(training, data, callback)
    }

    /// One epoch on these rows, which need not be those of the last one; returns the mean objective.
    ///
    /// # Errors
    /// As [`Mlp::resume`].
    pub fn partial_fit<T: Real>(
        &self,
        training: &mut Training<T, Values>,
        x: MatRef<'_, T>,
        y: MatRef<'_, T>,
        sample_weight: Option<&[T]>,
    ) -> Result<f64> {
        let data = self.value_data(training, x, y, sample_weight)?;
        self.one_pass(training, data)
    }

    fn value_data<'a, T: Real>(
        &self,
        training: &Training<T, Values>,
        x: MatRef<'a, T>,
        y: MatRef<'a, T>,
        sample_weight: Option<&'a [T]>,
    ) -> Result<Data<'a, T>> {
        self.check_rows(training, x, sample_weight)?;
        let outputs = training.network.outputs();
        check::shape("y", (y.rows(), y.cols()), (x.rows(), outputs))?;
        check::finite("y", y)?;
        let y = Targets::values(y).weighted(sample_weight);
        Ok(Data { x, y })
    }
}
