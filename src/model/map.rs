//! The linear map behind linear and logistic models.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, Real, gemm_scratch};

use crate::check;
use crate::error::Result;
use crate::model::links::{Links, predict, predict_into};
use crate::params::LayoutBuf;
use crate::workspace::{Need, Work, default_level};

/// `z = W x + b`: `W` is outputs `k` x features `d`, `b` has `k` numbers.
///
/// Memory holds `W'` and then `b`, as [`LinearObjective`](crate::objective::linear::LinearObjective) has them: a prediction runs along
/// the outputs. Files hold `coef: k x d` and `intercept: k`.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearModel<T> {
    features: usize,
    outputs: usize,
    params: Vec<T>,
}

impl<T: Real> LinearModel<T> {
    /// The model with coefficients `coef: k x d` and intercepts `k`.
    ///
    /// # Errors
    /// If there are no outputs or features, `intercept` has another length than `coef` has rows, or a number is not finite.
    pub fn new(coef: MatRef<'_, T>, intercept: &[T]) -> Result<Self> {
        let (k, d) = (coef.rows(), coef.cols());
        check::matrix("coef", coef)?;
        check::shape("intercept", (intercept.len(), 1), (k, 1))?;
        check::finite("intercept", MatRef::planned(intercept, k, 1))?;
        let mut params = vec![T::ZERO; d * k];
        MatMut::planned(&mut params, d, k).copy_from(coef.t());
        params.extend_from_slice(intercept);
        Ok(Self::from_params(d, k, params))
    }

    /// The model with the flat parameters `[W', b]`.
    pub(crate) fn from_params(features: usize, outputs: usize, params: Vec<T>) -> Self {
        debug_assert_eq!(params.len(), (features + 1) * outputs);
        Self {
            features,
            outputs,
            params,
        }
    }

    /// The names and places of `coef` and `intercept` in [`LinearModel::params`].
    pub fn layout(features: usize, outputs: usize) -> LayoutBuf {
        let mut layout = LayoutBuf::new();
        layout.add_weight("coef", features, outputs);
        layout.add("intercept", 1, outputs);
        layout
    }

    /// The flat parameters: `W'` (`d x k`), then `b`.
    pub fn params(&self) -> &[T] {
        &self.params
    }

    /// Number of features, `d`.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Number of outputs, `k`.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The coefficients, `k x d`.
    pub fn coef(&self) -> MatRef<'_, T> {
        self.weights().t()
    }

    /// The intercepts, `k`.
    pub fn intercept(&self) -> &[T] {
        &self.params[self.features * self.outputs..]
    }

    fn weights(&self) -> MatRef<'_, T> {
        MatRef::planned(&self.params, self.features, self.outputs)
    }

    /// `X W' + 1 b'` for `x: n x d`: `n x k`, row-major.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn predict(&self, x: MatRef<'_, T>) -> Result<Vec<T>> {
        predict(self, x)
    }

    /// As [`LinearModel::predict`], into `z: n x k`, without memory of its own; a row that is not finite gives one that is not.
    ///
    /// # Errors
    /// If `x` has other features, or `z` another shape.
    pub fn predict_into(
        &self,
        x: MatRef<'_, T>,
        z: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) -> Result<()> {
        predict_into(self, x, z, w)
    }
}

impl<T: Real> Links for LinearModel<T> {
    type Number = T;

    fn features(&self) -> usize {
        self.features
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn need(&self, rows: usize) -> Need {
        let level = default_level();
        Need::scratch(gemm_scratch::<T>(level, rows, self.features, self.outputs))
    }

    fn links_into(&self, x: MatRef<'_, T>, z: MatMut<'_, T>, w: &mut Work<'_, T>) {
        w.gemm(Product::new(x, self.weights()).bias(self.intercept()), z);
    }
}
