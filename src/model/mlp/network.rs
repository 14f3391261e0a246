//! A feed-forward network of dense layers with its parameters.

use alloc::{format, vec, vec::Vec};

use cognate_kernels::{Activation, MatMut, MatRef, Real};

use crate::check;
use crate::error::{Error, Result};
use crate::layer::{Ctx, Dense, Forward, Init, Mode, Stack};
use crate::model::links::{Links, predict, predict_into};
use crate::params::{Layout, LayoutBuf, Span};
use crate::workspace::{Need, Work};

/// `z = W_L act(... act(W_1 x + b_1) ...) + b_L`: hidden layers with one activation, and a linear last layer.
///
/// Parameters lie layer after layer, weights (`in x out`) before biases; files call them `layers.N.weight` (`out x in`) and
/// `layers.N.bias`.
#[derive(Clone, Debug, PartialEq)]
pub struct Network<T> {
    layers: Vec<Dense>,
    layout: LayoutBuf,
    params: Vec<T>,
}

impl<T: Real> Network<T> {
    /// The network with these parameters; `sizes` are the features, the units of each hidden layer, and the outputs.
    ///
    /// # Errors
    /// If there are fewer than two sizes, one is 0, or `params` has another length than the layers ask for or a number that is not
    /// finite.
    pub fn new(sizes: &[usize], activation: Activation, params: Vec<T>) -> Result<Self> {
        let shaped = Self::zeros(sizes, activation)?;
        let found = (params.len(), 1);
        check::shape("params", found, (shaped.params.len(), 1))?;
        check::finite("params", MatRef::planned(&params, found.0, 1))?;
        Ok(Self { params, ..shaped })
    }

    /// The network of all parameters 0.
    pub(super) fn zeros(sizes: &[usize], activation: Activation) -> Result<Self> {
        if sizes.len() < 2 || sizes.contains(&0) {
            return Err(Error::Setting {
                name: "every layer size",
                must: "at least 1",
                found: 0.0,
            });
        }
        let mut layout = LayoutBuf::new();
        let last = sizes.len() - 2;
        let layer = |(n, sides): (usize, &[usize])| Dense {
            weight: layout.add_weight(&format!("layers.{n}.weight"), sides[0], sides[1]),
            bias: Some(layout.add(&format!("layers.{n}.bias"), 1, sides[1])),
            activation: if n == last {
                Activation::Identity
            } else {
                activation
            },
        };
        let layers = sizes.windows(2).enumerate().map(layer).collect();
        let params = vec![T::ZERO; layout.view().len()];
        Ok(Self {
            layers,
            layout,
            params,
        })
    }

    /// Starts all parameters as scikit-learn does, from the streams of `seed`.
    pub(super) fn init(mut self, seed: u64) -> Self {
        for layer in &self.layers {
            layer.init(Init::ScikitLearn, seed, &mut self.params);
        }
        self
    }

    /// The same network with other parameters.
    pub(super) fn with_params(&self, params: &[T]) -> Self {
        Self {
            params: params.to_vec(),
            ..self.clone()
        }
    }

    /// Features, hidden units, outputs.
    pub fn sizes(&self) -> Vec<usize> {
        let outputs = self.layers.iter().map(|layer| layer.weight.cols);
        core::iter::once(self.features()).chain(outputs).collect()
    }

    /// The activation of the hidden layers.
    pub fn activation(&self) -> Activation {
        self.layers[0].activation
    }

    /// The layers.
    pub fn layers(&self) -> &[Dense] {
        &self.layers
    }

    /// Names and places of the parameters.
    pub fn layout(&self) -> Layout<'_> {
        self.layout.view()
    }

    /// The flat parameters.
    pub fn params(&self) -> &[T] {
        &self.params
    }

    pub(super) fn params_mut(&mut self) -> &mut [T] {
        &mut self.params
    }

    /// The layers, and the parameters to be moved.
    pub(super) fn parts(&mut self) -> (&[Dense], &mut [T]) {
        (&self.layers, &mut self.params)
    }

    /// The weights, without biases.
    pub(super) fn weights(&self) -> Vec<Span> {
        self.layers.iter().map(|layer| layer.weight).collect()
    }

    /// Outputs for `x: n x d`: `n x k`, row-major.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn predict(&self, x: MatRef<'_, T>) -> Result<Vec<T>> {
        predict(self, x)
    }

    /// As [`Network::predict`], into `z: n x k`, without memory of its own; a row that is not finite gives one that is not. The scratch
    /// is that of [`Links::need`] for 64 rows, or for all rows if they are fewer.
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

impl<T: Real> Links for Network<T> {
    type Number = T;

    fn features(&self) -> usize {
        self.layers[0].weight.rows
    }

    fn outputs(&self) -> usize {
        self.layers[self.layers.len() - 1].weight.cols
    }

    fn need(&self, rows: usize) -> Need {
        Forward::<T>::need(&Stack(&self.layers[..]), Mode::Predict, rows, 1)
    }

    fn links_into(&self, x: MatRef<'_, T>, z: MatMut<'_, T>, w: &mut Work<'_, T>) {
        Stack(&self.layers[..]).forward(&Ctx::PREDICT, &self.params, x, z, &mut [], w);
    }
}
