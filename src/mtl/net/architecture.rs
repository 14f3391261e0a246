//! How a network is laid out between its tasks.

use alloc::{boxed::Box, format, string::String, sync::Arc, vec, vec::Vec};

use cognate_kernels::{Activation, Real};

use super::{Heads, TaskNet};
use crate::layer::{Dense, Init, Stack};
use crate::mtl::Kind;
use crate::params::{LayoutBuf, Span};
use crate::{Error, Result, check};

/// What a network predicts for one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The task's name, which the names of its parameters contain.
    pub name: String,
    /// What it predicts.
    pub kind: Kind,
}

/// What every architecture starts from.
#[derive(Clone, Copy, Debug)]
pub struct Outline<'a> {
    /// Number of features, `d`.
    pub features: usize,
    /// Units of each hidden layer that tasks share.
    pub hidden: &'a [usize],
    /// Of hidden units.
    pub activation: Activation,
    /// The tasks.
    pub outputs: &'a [Output],
}

/// How tasks share a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Architecture {
    /// One trunk, `trunk.0` and so on, and a linear head a task, `head.NAME` (Caruana 1993).
    #[default]
    HardSharing,
}

/// A network as an architecture builds it.
#[derive(Clone, Debug)]
pub struct Built<T> {
    /// The layer.
    pub net: Arc<dyn TaskNet<T>>,
    /// Names and places of its parameters.
    pub layout: LayoutBuf,
    /// The weights that a penalty holds down.
    pub weights: Vec<Span>,
    /// Where training starts. A span's numbers depend on the seed, its name and its shape alone.
    pub start: Vec<T>,
}

impl Architecture {
    /// The network for an outline, with the start of `seed`.
    ///
    /// # Errors
    /// If there are no features or tasks, a layer has no units, or names are no names of parameters.
    pub fn build<T: Real>(&self, outline: &Outline<'_>, seed: u64) -> Result<Built<T>> {
        outline.check()?;
        match self {
            Self::HardSharing => Ok(hard_sharing(outline, seed)),
        }
    }
}

impl Outline<'_> {
    fn check(&self) -> Result<()> {
        check::not_empty("features", self.features)?;
        check::not_empty("tasks", self.outputs.len())?;
        if self.hidden.contains(&0) {
            return Err(Error::Setting {
                name: "hidden_layer_sizes",
                must: "at least 1",
                found: 0.0,
            });
        }
        for output in self.outputs {
            if output.name.contains('\n') {
                return Err(Error::task(&output.name, "has a name of several lines"));
            }
        }
        Ok(())
    }
}

fn hard_sharing<T: Real>(outline: &Outline<'_>, seed: u64) -> Built<T> {
    let mut layout = LayoutBuf::new();
    let mut dense = |name: String, inputs, outputs, activation| Dense {
        weight: layout.add_weight(&format!("{name}.weight"), inputs, outputs),
        bias: Some(layout.add(&format!("{name}.bias"), 1, outputs)),
        activation,
    };
    let (mut layers, mut width) = (Vec::new(), outline.features);
    for (l, &units) in outline.hidden.iter().enumerate() {
        layers.push(dense(
            format!("trunk.{l}"),
            width,
            units,
            outline.activation,
        ));
        width = units;
    }
    let head = |output: &Output| {
        let name = format!("head.{}", output.name);
        dense(name, width, output.kind.links(), Activation::Identity)
    };
    let heads: Vec<Dense> = outline.outputs.iter().map(head).collect();
    let mut start = vec![T::ZERO; layout.view().len()];
    let mut weights = Vec::new();
    for layer in layers.iter().chain(&heads) {
        layer.init(Init::ScikitLearn, seed, &mut start);
        weights.push(layer.weight);
    }
    let heads: Box<dyn TaskNet<T>> = Box::new(Heads(heads));
    let trunk = (!layers.is_empty()).then(|| -> Box<dyn TaskNet<T>> { Box::new(Stack(layers)) });
    let parts: Vec<Box<dyn TaskNet<T>>> = trunk.into_iter().chain([heads]).collect();
    Built {
        net: Arc::new(Stack(parts)),
        layout,
        weights,
        start,
    }
}
