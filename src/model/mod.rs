//! Models: fit and predict, built on objectives and optimisers.
//!
//! A configuration ([`Ridge`], ...) is plain data with scikit-learn's names and defaults; `fit` checks it and the data, and gives a
//! model of its own type with a report. A model can be built from known parameters and gives them back.

#[cfg(feature = "alloc")]
mod class_model;
#[cfg(feature = "alloc")]
mod classes;
#[cfg(feature = "alloc")]
mod linear;
#[cfg(feature = "alloc")]
mod links;
#[cfg(feature = "alloc")]
mod logistic;
#[cfg(feature = "alloc")]
mod map;
#[cfg(feature = "alloc")]
mod mlp;
#[cfg(feature = "alloc")]
mod normal;
#[cfg(feature = "alloc")]
mod summary;

#[cfg(feature = "alloc")]
pub(crate) use self::{
    class_model::logits,
    links::predict as predict_links,
    mlp::{Batch, Data, Head, gather_rows},
};
#[cfg(feature = "alloc")]
pub use self::{
    class_model::{ClassModel, LogisticModel},
    classes::ClassWeight,
    linear::{LinearRegression, LinearReport, Ridge},
    links::Links,
    logistic::{LogisticRegression, Solver},
    map::LinearModel,
    mlp::{
        Classes, LearningRate, Mlp, MlpClassifier, MlpRegressor, MlpSolver, Network, Training,
        Values,
    },
    summary::Summary,
};
