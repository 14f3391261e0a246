//! The linear map behind linear and logistic models.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, Real};

use crate::error::Result;
use crate::model::check;
use crate::workspace::{Work, default_level};

/// `z = W x + b`: `W` is outputs `k` x features `d`, `b` has `k` numbers.
///
/// Memory holds `W'`, along the outputs, in which direction a prediction runs.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearModel<T> {
    /// `d x k`.
    weights: Vec<T>,
    intercept: Vec<T>,
}

impl<T: Real> LinearModel<T> {
    /// The model with coefficients `coef: k x d` and intercepts `k`.
    ///
    /// # Errors
    /// If there are no outputs or features, `intercept` has another length than `coef` has rows, or a number is not finite.
    pub fn new(coef: MatRef<'_, T>, intercept: &[T]) -> Result<Self> {
        let (k, d) = (coef.rows(), coef.cols());
        check::matrix("coef", coef, default_level())?;
        check::shape("intercept", (k, 1), (intercept.len(), 1))?;
        check::finite(
            "intercept",
            MatRef::planned(intercept, k, 1),
            default_level(),
        )?;
        let mut weights = vec![T::ZERO; d * k];
        MatMut::planned(&mut weights, d, k).copy_from(coef.t());
        Ok(Self {
            weights,
            intercept: intercept.to_vec(),
        })
    }

    /// Number of features, `d`.
    pub fn features(&self) -> usize {
        self.weights.len() / self.outputs()
    }

    /// Number of outputs, `k`.
    pub fn outputs(&self) -> usize {
        self.intercept.len()
    }

    /// The coefficients, `k x d`.
    pub fn coef(&self) -> MatRef<'_, T> {
        MatRef::planned(&self.weights, self.features(), self.outputs()).t()
    }

    /// The intercepts, `k`.
    pub fn intercept(&self) -> &[T] {
        &self.intercept
    }

    /// `X W' + 1 b'` for `x: n x d`: `n x k`, row-major.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn predict(&self, x: MatRef<'_, T>) -> Result<Vec<T>> {
        check::finite("x", x, default_level())?;
        let (n, k) = (x.rows(), self.outputs());
        let mut z = vec![T::ZERO; n * k];
        let mut work = Work::new(default_level(), &mut []);
        self.predict_into(x, MatMut::planned(&mut z, n, k), &mut work)?;
        Ok(z)
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
        let (n, d, k) = (x.rows(), self.features(), self.outputs());
        check::shape("x", (n, d), (n, x.cols()))?;
        check::shape("z", (n, k), (z.rows(), z.cols()))?;
        let weights = MatRef::planned(&self.weights, d, k);
        w.gemm(Product::new(x, weights).bias(&self.intercept), z);
        Ok(())
    }
}
