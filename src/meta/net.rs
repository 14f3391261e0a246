//! The network of a meta-learner: dense layers, and where the method has one, a context beside the inputs.

use alloc::{format, vec, vec::Vec};

use cognate_kernels::{Activation, Real};

use super::episodes::Shape;
use super::methods::Part;
use super::settings::MetaLearner;
use crate::layer::{Contextual, Dense, Stack};
use crate::params::{Layout, LayoutBuf, Span};

/// Layers and the places of their parameters; the context, if any, is the last span.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MetaNet {
    layers: Vec<Dense>,
    layout: LayoutBuf,
    context: Span,
    pub(super) shape: Shape,
}

/// What passes rows through the layers.
pub(super) type Net<'a> = Contextual<Stack<&'a [Dense]>>;

impl MetaNet {
    #[inline]
    pub(super) fn new(learner: &MetaLearner, shape: Shape) -> Self {
        let width = learner.context_width();
        let mut sizes = vec![shape.features + width];
        sizes.extend_from_slice(&learner.hidden);
        sizes.push(shape.targets.outputs());
        let (mut layout, last) = (LayoutBuf::new(), sizes.len() - 2);
        let layer = |(n, sides): (usize, &[usize])| Dense {
            weight: layout.add_weight(&format!("layers.{n}.weight"), sides[0], sides[1]),
            bias: Some(layout.add(&format!("layers.{n}.bias"), 1, sides[1])),
            activation: if n == last {
                Activation::Identity
            } else {
                learner.activation
            },
        };
        let layers = sizes.windows(2).enumerate().map(layer).collect();
        let context = layout.add("context", 1, width);
        Self {
            layers,
            layout,
            context,
            shape,
        }
    }

    pub(super) fn layout(&self) -> Layout<'_> {
        self.layout.view()
    }

    pub(super) fn params(&self) -> usize {
        self.context.range().end
    }

    /// Starts the parameters; the context's are 0.
    pub(super) fn init<T: Real>(&self, learner: &MetaLearner, p: &mut [T]) {
        p.fill(T::ZERO);
        for layer in &self.layers {
            layer.init(learner.init, learner.seed, p);
        }
    }

    pub(super) fn net(&self) -> Net<'_> {
        Contextual {
            context: self.context,
            layer: Stack(&self.layers[..]),
        }
    }

    /// The spans of a part.
    pub(super) fn spans(&self, part: Part) -> Vec<Span> {
        let of = |layers: &[Dense]| {
            let spans = layers
                .iter()
                .flat_map(|layer| [Some(layer.weight), layer.bias]);
            spans.flatten().collect()
        };
        let (head, body) = self.layers.split_last().expect("at least one layer");
        match part {
            Part::All => of(&self.layers),
            Part::Head => of(core::slice::from_ref(head)),
            Part::Body => of(body),
            Part::Context => vec![self.context],
        }
    }
}
