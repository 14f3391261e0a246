//! Hints from hidden layers (FitNets: Romero and others 2015): the first stage of training a thin, deep student.
//!
//! A hidden layer of the student is led to one of the teacher's, which may be wider, through a linear map that is thrown away afterwards:
//! ```text
//! l = 1/(2n) sum_i |h_s(x_i) W + b - h_t(x_i)|^2
//! ```
//! over the student's parameters up to that layer, and W, b. The second stage trains the whole student by any loss of this module.

use alloc::{vec, vec::Vec};

use cognate_kernels::{Activation, MatMut, MatRef, Real};

use crate::error::{Error, Result};
use crate::layer::{Ctx, Dense, Forward, Init, Mode, Stack};
use crate::loss::{Squared, Targets};
use crate::objective::net::NetObjective;
use crate::params::Span;
use crate::workspace::Workspace;

/// A student's layers up to the guided one, and the linear map behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Hint {
    layers: Vec<Dense>,
    student: usize,
}

/// The outputs of `layers` with parameters `p` for `x: n x d`: of a network's first layers, its hidden units.
///
/// # Panics
/// If there are no layers, or `x` or `p` do not fit them.
pub fn hidden<T: Real>(layers: &[Dense], p: &[T], x: MatRef<'_, T>) -> Vec<T> {
    let (n, stack) = (x.rows(), Stack(layers));
    let width = Forward::<T>::width(&stack).1;
    let mut h = vec![T::ZERO; n * width];
    let need = Forward::<T>::need(&stack, Mode::Predict, n, 1);
    let mut workspace = Workspace::new(need);
    let into = MatMut::planned(&mut h, n, width);
    stack.forward(
        &Ctx::PREDICT,
        p,
        x,
        into,
        &mut [],
        &mut workspace.slabs().work,
    );
    h
}

impl Hint {
    /// Guides the last of `layers`, the first layers of a student of `params` parameters, to a teacher's layer of `units` units.
    ///
    /// # Errors
    /// If there are no layers.
    pub fn new(layers: &[Dense], params: usize, units: usize) -> Result<Self> {
        let Some(guided) = layers.last() else {
            return Err(Error::Empty { argument: "layers" });
        };
        let weight = Span::new("hint.weight", params, guided.weight.cols, units);
        let map = Dense {
            weight,
            bias: Some(Span::new("hint.bias", weight.range().end, 1, units)),
            activation: Activation::Identity,
        };
        Ok(Self {
            layers: layers.iter().copied().chain([map]).collect(),
            student: params,
        })
    }

    /// Number of parameters: the student's, `W`, `b`.
    pub fn params(&self) -> usize {
        let map = &self.layers[self.layers.len() - 1];
        self.student + map.weight.len() + map.weight.cols
    }

    /// The student's parameters with those of a map that is drawn from `seed` behind them.
    pub fn start<T: Real>(&self, student: &[T], seed: u64) -> Vec<T> {
        let mut p = student.to_vec();
        p.resize(self.params(), T::ZERO);
        self.layers[self.layers.len() - 1].init(Init::ScikitLearn, seed, &mut p);
        p
    }

    /// The spans that the hint trains: the guided layers' and the map's.
    pub fn spans(&self) -> Vec<Span> {
        let spans = |layer: &Dense| [Some(layer.weight), layer.bias];
        self.layers.iter().flat_map(spans).flatten().collect()
    }

    /// The loss on rows `x: n x d`, of which the teacher's layer gave `units: n x e`. The gradient by parameters beyond the guided layer is
    /// left as it was.
    pub fn objective<'a, T: Real>(
        &'a self,
        x: MatRef<'a, T>,
        units: MatRef<'a, T>,
    ) -> NetObjective<'a, T, Stack<&'a [Dense]>, Squared> {
        let y = Targets::values(units);
        NetObjective {
            scale: T::from_f64(1.0 / x.rows() as f64),
            ..NetObjective::new(Stack(&self.layers[..]), Squared, self.params(), x, y)
        }
    }
}
