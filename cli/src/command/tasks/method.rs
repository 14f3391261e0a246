//! The methods for several tasks: their names and settings.

use cognate::compare::Set;
use cognate::mtl::ClassTree;
use cognate::mtl::balance::Balance;
use cognate::mtl::linear::LinearMethod;
use cognate::mtl::linear::random_effects::{Covariance, Likelihood, RandomEffects};
use cognate::mtl::net::{Architecture, EarlyStopping, MultiTaskMlp};
use cognate::pipeline::tasks::{linear_method, linear_methods};

use super::nested;
use super::relation::RelationFile;
use crate::args::{self, Fit, Precision, Settings};
use crate::columns::Wish;
use crate::command::method::{activation, check_settings};
use crate::failure::{Failure, Result};

/// Methods that are told how the tasks are related, or the classes of one.
pub const RELATED: &[&str] = &["tree", "tree-lasso", "graph", "icm", NESTED];

/// The method of classes in a tree.
const NESTED: &str = "nested-labels";

/// The method that learns a covariance by the likelihood.
const RANDOM_EFFECTS: &str = "random-effects";

/// Methods that have a strength.
pub const WITH_LAMBDA: &[&str] = &[
    "pooled",
    "independent",
    "mean-regularised",
    "shared-specific",
    "tree",
    "graph",
    "icm",
    "mtrl",
    "clustered",
    "l21",
    "l1",
    "elastic",
    "trace",
    "dirty",
    "robust",
    "tree-lasso",
];

/// Networks.
pub const NETWORKS: &[&str] = &[
    "hard-sharing",
    "cross-stitch",
    "mmoe",
    "ple",
    "mtan",
    "task-dag",
    NESTED,
];

/// The names of all methods for several tasks.
pub fn names() -> impl Iterator<Item = &'static str> {
    let linear = RELATED.iter().filter(|name| !NETWORKS.contains(name));
    linear_methods(&[]).chain(linear.chain(NETWORKS).copied())
}

/// A method with its settings.
pub enum Configured {
    /// A linear one.
    Linear(Box<dyn LinearMethod>),
    /// A network.
    Network(MultiTaskMlp),
    /// A network for the choices in a tree of classes.
    Nested(ClassTree, MultiTaskMlp),
}

/// A method for several tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskMethod(&'static str);

impl TaskMethod {
    /// The method called `name`, if it is one for several tasks.
    pub fn named(name: &str) -> Option<Self> {
        names().find(|own| *own == name).map(Self)
    }

    /// The kind of targets that it takes, given what the flags say.
    pub fn wish(self, flags: Wish) -> Result<Wish> {
        match (self.0, flags) {
            (RANDOM_EFFECTS, Wish::Classes(_)) => {
                let what = format!("{} predicts numbers: --classify does not fit", self.0);
                Err(Failure::Usage(what))
            }
            (NESTED, Wish::Numbers(_)) => {
                let what = format!("{} predicts classes: --regression does not fit", self.0);
                Err(Failure::Usage(what))
            }
            (NESTED, _) => Ok(Wish::Classes("since the method predicts classes")),
            (RANDOM_EFFECTS, _) => Ok(Wish::Numbers("since the method predicts numbers")),
            _ => Ok(flags),
        }
    }

    /// Makes sure that the options are ones that the method can have.
    pub fn check(self, args: &Fit) -> Result<()> {
        let name = self.0;
        check_settings(name, &args.settings)?;
        if args.precision == Some(Precision::F32) && !NETWORKS.contains(&name) {
            let what = format!(
                "--precision f32: {name} is a linear model of several tasks, always in f64"
            );
            return Err(Failure::Usage(what));
        }
        if RELATED.contains(&name) && args.settings.relation.is_none() {
            return Err(self.without_relation());
        }
        let targets = args.columns.targets().len();
        if name == NESTED && (args.task.is_some() || targets > 1) {
            let what = format!("{name} has one target, and no task column");
            return Err(Failure::Usage(what));
        }
        Ok(())
    }

    fn related(self, args: &Fit, tasks: &[String]) -> Result<Box<dyn LinearMethod>> {
        let Some(path) = &args.settings.relation else {
            return Err(self.without_relation());
        };
        let relation = RelationFile::read(path, tasks)?.of_method(self.0)?;
        let names: Vec<&str> = tasks.iter().map(String::as_str).collect();
        relation
            .method(self.0, &names)
            .ok_or_else(|| self.without_relation())
    }

    fn without_relation(self) -> Failure {
        let name = self.0;
        let what = match name {
            NESTED => "how the classes are nested",
            _ => "how the tasks are related",
        };
        Failure::Usage(format!("{name} must be told {what}: --relation FILE"))
    }

    /// The method with its settings, for the tasks of `set`; nested classes are put in the order that a model has them in.
    pub fn build(self, args: &Fit, set: &mut Set, seed: u64) -> Result<Configured> {
        if self.0 == NESTED {
            let path = args.settings.relation.as_ref();
            let path = path.ok_or_else(|| self.without_relation())?;
            let tree = nested::read(path, set)?;
            return Ok(Configured::Nested(tree, network(&args.settings, seed)?));
        }
        let tasks: Vec<String> = set.tasks.iter().map(|t| t.name.clone()).collect();
        match Architecture::named(self.0, tasks.len()) {
            Some(architecture) => {
                let network = network(&args.settings, seed)?;
                Ok(Configured::Network(network.with_architecture(architecture)))
            }
            None => self.linear(args, &tasks).map(Configured::Linear),
        }
    }

    fn linear(self, args: &Fit, tasks: &[String]) -> Result<Box<dyn LinearMethod>> {
        let method = match linear_method(self.0, None) {
            Some(_) if self.0 == RANDOM_EFFECTS => Box::new(random_effects(&args.settings)),
            Some(method) => method,
            None => self.related(args, tasks)?,
        };
        Ok(match args.settings.lambda {
            Some(lambda) => method.at(lambda),
            None => method,
        })
    }
}

fn network(given: &Settings, seed: u64) -> Result<MultiTaskMlp> {
    let default = MultiTaskMlp::default();
    let hidden = given.hidden.as_ref().unwrap_or(&default.hidden_layer_sizes);
    let balance = match &given.balance {
        None => Balance::default(),
        Some(name) => Balance::named(name).ok_or_else(|| {
            let names = Balance::all().map(|(name, _)| name).join(", ");
            Failure::Usage(format!(
                "--balance: there is no rule {name:?}; there are {names}"
            ))
        })?,
    };
    let network = MultiTaskMlp::default()
        .with_hidden_layer_sizes(hidden)
        .with_activation(activation(given.activation))
        .with_balance(balance)
        .with_alpha(given.alpha.unwrap_or(default.alpha))
        .with_tol(given.tol.unwrap_or(default.tol))
        .with_max_iter(given.max_iter.unwrap_or(default.max_iter))
        .with_learning_rate_init(given.learning_rate.unwrap_or(default.learning_rate_init))
        .with_early_stopping(match given.early_stopping {
            true => EarlyStopping::PerTask,
            false => EarlyStopping::TrainingLoss,
        })
        .with_seed(seed);
    Ok(match given.batch_size {
        Some(rows) => network.with_batch_size(rows),
        None => network,
    })
}

fn random_effects(given: &Settings) -> RandomEffects {
    let likelihood = match given.likelihood {
        Some(args::Likelihood::Ml) => Likelihood::Ml,
        Some(args::Likelihood::Reml) | None => Likelihood::Reml,
    };
    let covariance = match given.covariance {
        Some(args::Covariance::Full) | None => Covariance::Full,
        Some(args::Covariance::Diagonal) => Covariance::Diagonal,
        Some(args::Covariance::Scalar) => Covariance::Scalar,
        Some(args::Covariance::Intercept) => Covariance::Intercept,
    };
    let default = RandomEffects::default();
    default
        .with_likelihood(likelihood)
        .with_covariance(covariance)
}
