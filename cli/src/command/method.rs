//! The methods that `fit` knows: their names, settings and defaults.

use cognate::Activation;
use cognate::model::{ClassWeight, LinearRegression, LogisticRegression, Mlp, Ridge, Solver};
use cognate::pipeline::{Learner, Target};

use super::{meta, tasks};
use crate::args::{self, Precision, Settings};
use crate::columns::Wish;
use crate::failure::{Failure, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Logistic,
    Linear,
    Ridge,
    Mlp,
}

const NAMES: [(&str, Method); 4] = [
    ("logistic", Method::Logistic),
    ("linear", Method::Linear),
    ("ridge", Method::Ridge),
    ("mlp", Method::Mlp),
];

/// Methods that start from a model.
pub const TRANSFER: &[&str] = &["biased", "l2-sp", "lp-ft"];

/// Makes sure that all settings given are those of the method called `name`.
pub fn check_settings(name: &str, given: &Settings) -> Result<()> {
    let with = |first: &[&'static str]| -> Vec<&str> {
        first.iter().chain(tasks::NETWORKS).copied().collect()
    };
    let (mlp, tuned) = (with(&["mlp"]), with(&["mlp", "l2-sp", "lp-ft"]));
    let logistic_tuned = with(&["logistic", "mlp", "l2-sp", "lp-ft"]);
    let ridge_tuned = with(&["ridge", "mlp", "l2-sp", "lp-ft"]);
    let drawn = ["biased", "l2-sp"].iter().chain(tasks::WITH_LAMBDA);
    let with_lambda: Vec<&str> = drawn.copied().collect();
    let of: [(&str, bool, &[&str]); 16] = [
        ("C", given.c.is_some(), &["logistic"]),
        ("tol", given.tol.is_some(), &logistic_tuned),
        ("max-iter", given.max_iter.is_some(), &logistic_tuned),
        ("solver", given.solver.is_some(), &["logistic"]),
        ("class-weight", given.class_weight.is_some(), &["logistic"]),
        ("alpha", given.alpha.is_some(), &ridge_tuned),
        ("hidden", given.hidden.is_some(), &mlp),
        ("activation", given.activation.is_some(), &mlp),
        ("learning-rate", given.learning_rate.is_some(), &tuned),
        ("batch-size", given.batch_size.is_some(), &tuned),
        ("early-stopping", given.early_stopping, &mlp),
        ("balance", given.balance.is_some(), tasks::NETWORKS),
        ("lambda", given.lambda.is_some(), &with_lambda),
        ("relation", given.relation.is_some(), tasks::RELATED),
        (
            "likelihood",
            given.likelihood.is_some(),
            &["random-effects"],
        ),
        (
            "covariance",
            given.covariance.is_some(),
            &["random-effects"],
        ),
    ];
    let foreign = |(_, given, owners): &&(_, bool, &[&str])| *given && !owners.contains(&name);
    match of.iter().find(foreign) {
        None => Ok(()),
        Some((option, _, owners)) => {
            let what = format!(
                "--{option} is a setting of {}, not of {name}",
                owners.join(" and ")
            );
            Err(Failure::Usage(what))
        }
    }
}

impl Method {
    /// The method called `name`.
    pub fn parse(name: &str) -> Result<Self> {
        let found = NAMES.iter().find(|(n, _)| *n == name);
        let unknown = || {
            let names: Vec<&str> = NAMES
                .iter()
                .map(|(n, _)| *n)
                .chain(tasks::names())
                .chain(TRANSFER.iter().copied())
                .chain(meta::names())
                .collect();
            let names = names.join(", ");
            Failure::Usage(format!("there is no method {name:?}; there are {names}"))
        };
        found.map(|(_, method)| *method).ok_or_else(unknown)
    }

    fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, m)| *m == self)
            .map_or("", |(name, _)| name)
    }

    /// The precision if none is asked for: linear models are small and want their digits, networks want speed.
    pub fn precision(self) -> Precision {
        match self {
            Self::Mlp => Precision::F32,
            _ => Precision::F64,
        }
    }

    /// Whether each of several targets may have rows of its own.
    pub fn takes_missing_labels(self) -> bool {
        matches!(self, Self::Linear | Self::Ridge)
    }

    /// The kind of target that it takes, given what the flags say.
    pub fn wish(self, flags: Wish, targets: usize) -> Result<Wish> {
        let name = self.name();
        let own = match self {
            Self::Logistic => Wish::Classes("since the method predicts classes"),
            Self::Linear | Self::Ridge => Wish::Numbers("since the method predicts numbers"),
            Self::Mlp if targets > 1 => Wish::Numbers("since there are several targets"),
            Self::Mlp => flags,
        };
        let what = match (own, flags) {
            (Wish::Classes(_), _) if targets > 1 => {
                format!("{name} has one target, not {targets} (independent has several)")
            }
            (Wish::Classes(_), Wish::Numbers(_)) => {
                format!("{name} predicts classes: --regression does not fit")
            }
            (Wish::Numbers(_), Wish::Classes(_)) => {
                format!("{name} predicts numbers here: --classify does not fit")
            }
            _ => return Ok(own),
        };
        Err(Failure::Usage(what))
    }

    /// The method with its settings.
    pub fn learner(self, given: &Settings, target: &Target, seed: u64, threads: usize) -> Learner {
        match self {
            Self::Linear => Learner::Linear(LinearRegression::default().with_threads(threads)),
            Self::Ridge => {
                let alpha = given.alpha.unwrap_or(Ridge::default().alpha);
                Learner::Ridge(Ridge::default().with_alpha(alpha).with_threads(threads))
            }
            Self::Logistic => Learner::Logistic(logistic(given, threads)),
            Self::Mlp => match target {
                Target::Classes { .. } => Learner::MlpClassifier(mlp(given, seed)),
                Target::Numbers(_) => Learner::MlpRegressor(mlp(given, seed)),
            },
        }
    }
}

fn logistic(given: &Settings, threads: usize) -> LogisticRegression {
    let default = LogisticRegression::default().with_threads(threads);
    LogisticRegression {
        c: given.c.unwrap_or(default.c),
        tol: given.tol.unwrap_or(default.tol),
        max_iter: given.max_iter.unwrap_or(default.max_iter),
        solver: match given.solver {
            Some(args::Solver::NewtonCg) => Solver::NewtonCg,
            Some(args::Solver::Lbfgs) | None => Solver::Lbfgs,
        },
        class_weight: match given.class_weight {
            Some(args::ClassWeight::Balanced) => ClassWeight::Balanced,
            None => ClassWeight::None,
        },
        ..default
    }
}

fn mlp<K>(given: &Settings, seed: u64) -> Mlp<K> {
    let default = Mlp::<K>::default();
    let hidden = given.hidden.as_ref().unwrap_or(&default.hidden_layer_sizes);
    let mlp = Mlp::default()
        .with_hidden_layer_sizes(hidden)
        .with_activation(activation(given.activation))
        .with_alpha(given.alpha.unwrap_or(default.alpha))
        .with_tol(given.tol.unwrap_or(default.tol))
        .with_max_iter(given.max_iter.unwrap_or(default.max_iter))
        .with_learning_rate_init(given.learning_rate.unwrap_or(default.learning_rate_init))
        .with_early_stopping(given.early_stopping)
        .with_seed(seed);
    match given.batch_size {
        Some(rows) => mlp.with_batch_size(rows),
        None => mlp,
    }
}

/// What the hidden units of a network do.
pub fn activation(given: Option<args::Activation>) -> Activation {
    match given {
        Some(args::Activation::Identity) => Activation::Identity,
        Some(args::Activation::Relu) | None => Activation::Relu,
        Some(args::Activation::Tanh) => Activation::Tanh,
        Some(args::Activation::Logistic) => Activation::Logistic,
        Some(args::Activation::Gelu) => Activation::Gelu,
    }
}
