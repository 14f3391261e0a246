//! What stands at a node of a network of tasks.

use cognate_kernels::{MatMut, Real};

use super::TaskNet;
use super::bilinear::{Attend, Bilinear, Blend};
use super::mix::Mix;
use super::softmax::Softmax;
use super::sum::Sum;
use crate::layer::{Dense, Init, Out};
use crate::params::Span;

/// A layer of one of the kinds that the architectures are made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// `act(x W + 1 b')`.
    Dense(Dense),
    /// The sum of blocks of columns, activated.
    Sum(Sum),
    /// A softmax of each row.
    Softmax(Softmax),
    /// Every task's columns a combination of all tasks', learned.
    Mix(Mix),
    /// Combinations of experts, with weights that are inputs too.
    Blend(Bilinear<Blend>),
    /// Columns weighed one by one, a mask a task.
    Attend(Bilinear<Attend>),
}

impl Part {
    /// The layer's verbs.
    pub fn verbs<T: Real>(&self) -> &dyn TaskNet<T> {
        match self {
            Self::Dense(layer) => layer,
            Self::Sum(layer) => layer,
            Self::Softmax(layer) => layer,
            Self::Mix(layer) => layer,
            Self::Blend(layer) => layer,
            Self::Attend(layer) => layer,
        }
    }

    /// Calls `visit` with each of its parameters' spans.
    pub fn each_span(&self, visit: &mut dyn FnMut(Span)) {
        match self {
            Self::Dense(layer) => {
                visit(layer.weight);
                layer.bias.into_iter().for_each(visit);
            }
            Self::Mix(layer) => visit(layer.weight),
            Self::Sum(_) | Self::Softmax(_) | Self::Blend(_) | Self::Attend(_) => {}
        }
    }

    /// Starts its part of `p`: dense layers by `init`, a mix near the identity.
    pub fn init<T: Real>(&self, init: Init, seed: u64, p: &mut [T]) {
        match self {
            Self::Dense(layer) => layer.init(init, seed, p),
            Self::Mix(layer) => layer.init(p),
            Self::Sum(_) | Self::Softmax(_) | Self::Blend(_) | Self::Attend(_) => {}
        }
    }
}

/// The place of `dx`, to which the caller then adds; `None` where it is not wanted.
pub(super) fn cleared<T: Real>(dx: Out<MatMut<'_, T>>) -> Option<MatMut<'_, T>> {
    match dx {
        Out::Skip => None,
        Out::Add(dx) => Some(dx),
        Out::Set(mut dx) => {
            dx.fill(T::ZERO);
            Some(dx)
        }
    }
}
