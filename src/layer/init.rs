//! Where training starts: the usual random initialisers.
//!
//! With `in` and `out` the sides of a weight:
//! ```text
//! Glorot        uniform within sqrt(6 / (in + out)), or normal of variance 2 / (in + out); bias 0      (Glorot and Bengio 2010)
//! He            uniform within sqrt(6 / in), or normal of variance 2 / in; bias 0                      (He et al. 2015)
//! Linear        weight and bias uniform within 1 / sqrt(in)                                            (PyTorch's nn.Linear)
//! ScikitLearn   weight and bias uniform within sqrt(6 / (in + out)), logistic units sqrt(2 / (in + out))
//! ```
//! Each span draws from a stream of its own, keyed by the seed and the span's name: adding a layer moves no other layer's start.

use cognate_kernels::{Activation, Real};

use super::{Dense, LayerNorm};
use crate::params::Span;
use crate::rng::rng;

/// How the parameters of a dense layer start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Init {
    /// Glorot's uniform numbers, bias 0.
    #[default]
    GlorotUniform,
    /// Glorot's normal numbers, bias 0.
    GlorotNormal,
    /// He's uniform numbers, bias 0.
    HeUniform,
    /// He's normal numbers, bias 0.
    HeNormal,
    /// What PyTorch's `nn.Linear` does.
    Linear,
    /// What scikit-learn's multilayer perceptrons do.
    ScikitLearn,
    /// All 0.
    Zeros,
}

/// The distribution of a span's numbers, mean 0.
#[derive(Clone, Copy)]
enum Spread {
    /// Between minus this and this.
    Uniform(f64),
    /// Of this standard deviation.
    Normal(f64),
    Zero,
}

impl Spread {
    fn fill<T: Real>(self, span: Span, seed: u64, p: &mut [T]) {
        let mut stream = rng(seed, "init", span.key);
        for number in span.of_mut(p) {
            *number = T::from_f64(match self {
                Self::Uniform(bound) => stream.uniform_in(-bound, bound),
                Self::Normal(deviation) => deviation * stream.normal(),
                Self::Zero => 0.0,
            });
        }
    }
}

impl Init {
    /// The spreads of weight and bias.
    fn spreads(self, layer: &Dense) -> (Spread, Spread) {
        use Spread::{Normal, Uniform, Zero};
        let inputs = layer.weight.rows as f64;
        let sides = inputs + layer.weight.cols as f64;
        match self {
            Self::GlorotUniform => (Uniform(root(6.0 / sides)), Zero),
            Self::GlorotNormal => (Normal(root(2.0 / sides)), Zero),
            Self::HeUniform => (Uniform(root(6.0 / inputs)), Zero),
            Self::HeNormal => (Normal(root(2.0 / inputs)), Zero),
            Self::Linear => (Uniform(root(1.0 / inputs)), Uniform(root(1.0 / inputs))),
            Self::ScikitLearn => {
                let logistic = layer.activation == Activation::Logistic;
                let bound = root(if logistic { 2.0 } else { 6.0 } / sides);
                (Uniform(bound), Uniform(bound))
            }
            Self::Zeros => (Zero, Zero),
        }
    }
}

fn root(x: f64) -> f64 {
    Real::sqrt(x)
}

impl Dense {
    /// Starts the layer's part of `p`. The same numbers, rounded, in `f32` and `f64`.
    pub fn init<T: Real>(&self, init: Init, seed: u64, p: &mut [T]) {
        let (weight, bias) = init.spreads(self);
        weight.fill(self.weight, seed, p);
        if let Some(span) = self.bias {
            bias.fill(span, seed, p);
        }
    }
}

impl LayerNorm {
    /// Starts the layer's part of `p`: gain 1, bias 0.
    pub fn init<T: Real>(&self, p: &mut [T]) {
        self.gain.of_mut(p).fill(T::ONE);
        self.bias.of_mut(p).fill(T::ZERO);
    }
}
