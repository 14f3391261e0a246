//! The fitted models that a pipeline can hold.

use alloc::{format, vec, vec::Vec};

use cognate_kernels::{Activation, MatRef, Real};

use super::Target;
use super::file::Meta;
use crate::error::Result;
use crate::io::{Shape, Writer, read_parameters};
use crate::model::{ClassModel, LinearModel, Links, LogisticModel, Network};

/// A fitted model.
#[derive(Clone, Debug)]
pub enum Model<T> {
    /// The same for every row.
    Constant(Vec<T>),
    /// Linear in the features.
    Linear(LinearModel<T>),
    /// Classes by a linear map.
    Logistic(LogisticModel<T>),
    /// Classes by a network.
    MlpClassifier(ClassModel<Network<T>>),
    /// Numbers by a network.
    MlpRegressor(Network<T>),
}

impl<T: Real> Model<T> {
    /// Its name in files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Constant(_) => "constant",
            Self::Linear(_) => "linear",
            Self::Logistic(_) => "logistic",
            Self::MlpClassifier(_) => "mlp-classifier",
            Self::MlpRegressor(_) => "mlp-regressor",
        }
    }

    /// One number a target, or the probability of each class, for the rows of `x: n x d`; row-major.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn predict(&self, x: MatRef<'_, T>) -> Result<Vec<T>> {
        match self {
            Self::Constant(row) => Ok((0..x.rows()).flat_map(|_| row.iter().copied()).collect()),
            Self::Linear(model) => model.predict(x),
            Self::Logistic(model) => model.predict_proba(x),
            Self::MlpClassifier(model) => model.predict_proba(x),
            Self::MlpRegressor(network) => network.predict(x),
        }
    }

    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        match self {
            Self::Constant(row) => row.len(),
            Self::Linear(model) => model.outputs() * (model.features() + 1),
            Self::Logistic(model) => model.intercept().len() * (model.features() + 1),
            Self::MlpClassifier(model) => model.map().params().len(),
            Self::MlpRegressor(network) => network.params().len(),
        }
    }

    /// Encoded features that it takes; any number where the answer does not depend on them.
    pub(super) fn features(&self) -> Option<usize> {
        match self {
            Self::Constant(_) => None,
            Self::Linear(model) => Some(model.features()),
            Self::Logistic(model) => Some(model.features()),
            Self::MlpClassifier(model) => Some(model.features()),
            Self::MlpRegressor(network) => Some(network.features()),
        }
    }

    /// Adds its tensors.
    pub(super) fn write(&self, file: Writer) -> Writer {
        match self {
            Self::Constant(row) => file.tensor("constant", &[row.len()], row),
            Self::Linear(model) => write_linear(file, model.coef(), model.intercept()),
            Self::Logistic(model) => write_linear(file, model.coef(), model.intercept()),
            Self::MlpClassifier(model) => write_network(file, model.map()),
            Self::MlpRegressor(network) => write_network(file, network),
        }
    }

    /// Finds its tensors, those of a model for `target`.
    pub(super) fn read(meta: &Meta<'_, '_, '_>, target: &Target) -> Result<Self> {
        let width = target.width();
        match (meta.text("kind")?.as_str(), target) {
            ("constant", _) => Ok(Self::Constant(meta.vector("constant", width)?)),
            ("linear", Target::Numbers(_)) => {
                let (coef, features) = meta.matrix("coef", width)?;
                let coef = MatRef::planned(&coef, width, features);
                let intercept = meta.vector("intercept", width)?;
                Ok(Self::Linear(LinearModel::new(coef, &intercept)?))
            }
            ("logistic", Target::Classes { .. }) => {
                // Two classes have one row, that of the second.
                let rows = if width == 2 { 1 } else { width };
                let (coef, features) = meta.matrix("coef", rows)?;
                let coef = MatRef::planned(&coef, rows, features);
                let intercept = meta.vector("intercept", rows)?;
                Ok(Self::Logistic(LogisticModel::new(coef, &intercept)?))
            }
            ("mlp-classifier", Target::Classes { .. }) => {
                let outputs = if width == 2 { 1 } else { width };
                let network = read_network(meta, outputs)?;
                Ok(Self::MlpClassifier(ClassModel::from_map(network)?))
            }
            ("mlp-regressor", Target::Numbers(_)) => {
                Ok(Self::MlpRegressor(read_network(meta, width)?))
            }
            _ => meta
                .bad("a kind of model that this version does not know, or not for these targets"),
        }
    }
}

/// `coef: k x d` and `intercept: k`.
fn write_linear<T: Real>(file: Writer, coef: MatRef<'_, T>, intercept: &[T]) -> Writer {
    let (k, d) = (coef.rows(), coef.cols());
    let row = |i| (0..d).map(move |j| coef.at(i, j));
    let rows: Vec<T> = (0..k).flat_map(row).collect();
    file.tensor("coef", &[k, d], &rows)
        .tensor("intercept", &[k], intercept)
}

/// What files call the activations.
pub(super) const ACTIVATIONS: [(&str, Activation); 5] = [
    ("identity", Activation::Identity),
    ("relu", Activation::Relu),
    ("tanh", Activation::Tanh),
    ("logistic", Activation::Logistic),
    ("gelu", Activation::Gelu),
];

/// What files call it.
pub(super) fn activation_name(activation: Activation) -> &'static str {
    let own = |(_, known): &&(&str, Activation)| *known == activation;
    ACTIVATIONS.iter().find(own).map_or("", |(name, _)| name)
}

/// The activation that files call so.
pub(super) fn activation_named(name: &str) -> Option<Activation> {
    let found = ACTIVATIONS.iter().find(|(known, _)| *known == name);
    found.map(|(_, activation)| *activation)
}

/// `layers.N.weight`, `layers.N.bias` and the name of the hidden layers' activation.
fn write_network<T: Real>(file: Writer, network: &Network<T>) -> Writer {
    file.text("activation", activation_name(network.activation()))
        .parameters(network.layout(), network.params())
}

/// A network of as many layers as there are weights.
fn read_network<T: Real>(meta: &Meta<'_, '_, '_>, outputs: usize) -> Result<Network<T>> {
    let name = meta.text("activation")?;
    let Some(activation) = activation_named(&name) else {
        return meta.bad("the model file names an unknown activation");
    };
    let weight = |n: usize| meta.0.tensor(&format!("layers.{n}.weight"));
    let shapes: Vec<Shape> = (0..).map_while(weight).map(|t| t.shape()).collect();
    let mut sizes = Vec::new();
    for shape in &shapes {
        match (shape.sizes(), sizes.last()) {
            (&[out, d], None) => sizes.extend([d, out]),
            (&[out, d], Some(&last)) if d == last => sizes.push(out),
            _ => return meta.bad("the layers of the network do not fit each other"),
        }
    }
    if sizes.last() != Some(&outputs) {
        return meta.bad("the network has other outputs than the metadata say");
    }
    let length = sizes.windows(2).map(|s| (s[0] + 1) * s[1]).sum();
    let blank = Network::new(&sizes, activation, vec![T::ZERO; length])?;
    let mut params = vec![T::ZERO; length];
    read_parameters(meta.0, blank.layout(), &mut params)?;
    Network::new(&sizes, activation, params)
}
