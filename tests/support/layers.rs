//! Layers, one row at a time.

use super::Scalar;
use super::scalar::{dot, sum};

/// A map from a row of inputs to a row of outputs under flat parameters.
pub trait RowMap {
    /// Row `i` of the outputs.
    fn row<S: Scalar>(&self, i: usize, p: &[S], x: &[S]) -> Vec<S>;
}

/// The activations by their formulas.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Identity,
    Relu,
    Tanh,
    Logistic,
    Gelu,
}

impl Act {
    pub const ALL: [Self; 5] = [
        Self::Identity,
        Self::Relu,
        Self::Tanh,
        Self::Logistic,
        Self::Gelu,
    ];

    pub fn of<S: Scalar>(self, z: S) -> S {
        let (half, one) = (S::exact(0.5), S::exact(1.0));
        match self {
            Self::Identity => z,
            Self::Relu if z.value() > 0.0 => z.kink(),
            Self::Relu => z.kink() * S::exact(0.0),
            Self::Tanh => z.tanh(),
            Self::Logistic => z.logistic(),
            Self::Gelu => half * z * (one + (z * S::exact(std::f64::consts::FRAC_1_SQRT_2)).erf()),
        }
    }
}

/// `act(x W + b)`; `W: in x out` row after row at `weight`, `b` at `bias`.
#[derive(Clone, Copy, Debug)]
pub struct Dense {
    pub weight: usize,
    pub bias: Option<usize>,
    pub outputs: usize,
    pub act: Act,
}

impl RowMap for Dense {
    fn row<S: Scalar>(&self, _i: usize, p: &[S], x: &[S]) -> Vec<S> {
        let weight = &p[self.weight..];
        let output = |j: usize| {
            let column = weight.iter().skip(j).step_by(self.outputs).copied();
            let product = dot(x.iter().copied(), column);
            self.act.of(match self.bias {
                Some(bias) => product + p[bias + j],
                None => product,
            })
        };
        (0..self.outputs).map(output).collect()
    }
}

/// `gain (x - mean x) / sqrt(var x + epsilon) + bias`.
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm {
    pub gain: usize,
    pub bias: usize,
    pub epsilon: f64,
}

impl RowMap for LayerNorm {
    fn row<S: Scalar>(&self, _i: usize, p: &[S], x: &[S]) -> Vec<S> {
        let share = S::exact(1.0 / x.len() as f64);
        let mean = sum(x.iter().copied()) * share;
        let centred: Vec<S> = x.iter().map(|&v| v - mean).collect();
        let variance = dot(centred.iter().copied(), centred.iter().copied()) * share;
        let deviation = (variance + S::exact(self.epsilon)).sqrt();
        let output = |(j, &c): (usize, &S)| p[self.gain + j] * (c / deviation) + p[self.bias + j];
        centred.iter().enumerate().map(output).collect()
    }
}

/// `factor x`, with a factor a row and column, given.
#[derive(Clone, Debug)]
pub struct Mask(pub Vec<Vec<f64>>);

impl RowMap for Mask {
    fn row<S: Scalar>(&self, i: usize, _p: &[S], x: &[S]) -> Vec<S> {
        let factors = self.0[i].iter().map(|&f| S::exact(f));
        x.iter().zip(factors).map(|(&x, f)| x * f).collect()
    }
}

/// Any of them.
#[derive(Clone, Debug)]
pub enum Layer {
    Dense(Dense),
    LayerNorm(LayerNorm),
    Mask(Mask),
}

impl RowMap for Layer {
    fn row<S: Scalar>(&self, i: usize, p: &[S], x: &[S]) -> Vec<S> {
        match self {
            Self::Dense(layer) => layer.row(i, p, x),
            Self::LayerNorm(layer) => layer.row(i, p, x),
            Self::Mask(layer) => layer.row(i, p, x),
        }
    }
}

/// One layer after the other.
impl RowMap for Vec<Layer> {
    fn row<S: Scalar>(&self, i: usize, p: &[S], x: &[S]) -> Vec<S> {
        self.iter().fold(x.to_vec(), |x, layer| layer.row(i, p, &x))
    }
}
