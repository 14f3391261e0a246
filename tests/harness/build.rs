//! Random layers, each in two forms: ours and the reference's.

use cognate::layer::{Ctx, Dense, Dropout, Forward, LayerNorm, Tangent};
use cognate::params::{LayoutBuf, Span};
use cognate::workspace::Work;
use cognate::{Activation, Level, MatMut, MatRef, Real};

use super::Pass;
use crate::support::Random;
use crate::support::layers::{self as reference, Act, Layer, Mask};

pub fn activation(act: Act) -> Activation {
    match act {
        Act::Identity => Activation::Identity,
        Act::Relu => Activation::Relu,
        Act::Tanh => Activation::Tanh,
        Act::Logistic => Activation::Logistic,
        Act::Gelu => Activation::Gelu,
    }
}

/// One of our layers.
#[derive(Clone, Copy, Debug)]
pub enum Ours {
    Dense(Dense),
    Dropout(Dropout),
    LayerNorm(LayerNorm),
}

impl Ours {
    pub fn tangent<T: Real>(&self) -> &(dyn Tangent<T> + Sync) {
        match self {
            Self::Dense(layer) => layer,
            Self::Dropout(layer) => layer,
            Self::LayerNorm(layer) => layer,
        }
    }
}

/// A network under construction: every part behind the last.
#[derive(Clone, Debug, Default)]
pub struct Build {
    layout: LayoutBuf,
    pub ours: Vec<Ours>,
    pub theirs: Vec<Layer>,
}

impl Build {
    /// Our layers in `T`.
    pub fn layers<T: Real>(&self) -> Vec<&(dyn Tangent<T> + Sync)> {
        self.ours.iter().map(Ours::tangent).collect()
    }

    /// The weights of the dense layers.
    pub fn weights(&self) -> Vec<Span> {
        let weight = |layer: &Ours| match layer {
            Ours::Dense(layer) => Some(layer.weight),
            _ => None,
        };
        self.ours.iter().filter_map(weight).collect()
    }

    pub fn params(&self) -> usize {
        self.layout.view().len()
    }

    fn name(&self, part: &str) -> String {
        format!("layers.{}.{part}", self.ours.len())
    }

    pub fn dense(&mut self, inputs: usize, outputs: usize, act: Act, bias: bool) {
        let weight = self
            .layout
            .add_weight(&self.name("weight"), inputs, outputs);
        let name = self.name("bias");
        let bias = bias.then(|| self.layout.add(&name, 1, outputs));
        self.ours.push(Ours::Dense(Dense {
            weight,
            bias,
            activation: activation(act),
        }));
        self.theirs.push(Layer::Dense(reference::Dense {
            weight: weight.start,
            bias: bias.map(|b| b.start),
            outputs,
            act,
        }));
    }

    pub fn layer_norm(&mut self, width: usize) {
        let gain = self.layout.add(&self.name("gain"), 1, width);
        let bias = self.layout.add(&self.name("bias"), 1, width);
        let epsilon = 1.0 / 1024.0;
        self.ours.push(Ours::LayerNorm(LayerNorm {
            gain,
            bias,
            epsilon,
        }));
        self.theirs.push(Layer::LayerNorm(reference::LayerNorm {
            gain: gain.start,
            bias: bias.start,
            epsilon,
        }));
    }

    /// Drops one unit in two or in four: then `1 / (1 - rate)` is the same number in both types, or rounded in both.
    pub fn dropout(&mut self, width: usize, rate: f64, pass: &Pass) {
        let span = self.layout.add(&self.name("mask"), 0, width);
        let dropout = Dropout { span, rate };
        let mask = mask(&dropout, pass)
            .chunks(width)
            .map(<[f64]>::to_vec)
            .collect();
        self.ours.push(Ours::Dropout(dropout));
        self.theirs.push(Layer::Mask(Mask(mask)));
    }

    /// A layer of any kind on `inputs`, the width after which is returned.
    pub fn any(&mut self, inputs: usize, pass: &Pass, random: &mut Random) -> usize {
        match random.below(8) {
            0 => self.layer_norm(inputs),
            1 => self.dropout(inputs, 0.5, pass),
            _ => {
                let outputs = 1 + random.below(20);
                let act = Act::ALL[random.below(Act::ALL.len())];
                self.dense(inputs, outputs, act, !random.one_in(4));
                return outputs;
            }
        }
        inputs
    }
}

/// The factors of a pass, row after row: what dropout makes of ones.
fn mask(dropout: &Dropout, pass: &Pass) -> Vec<f64> {
    let (rows, width) = (pass.rows, dropout.span.cols);
    let ones = vec![1.0; rows * width];
    let (mut y, mut saved) = (ones.clone(), ones.clone());
    let (x, into) = (
        MatRef::planned(&ones, rows, width),
        MatMut::planned(&mut y, rows, width),
    );
    let mut work = Work::new(Level::scalar(), &mut []);
    dropout.forward(&Ctx::train(pass.seed), &[], x, into, &mut saved, &mut work);
    y
}
