//! The meta-learners: their names and settings.

use cognate::meta::MetaLearner;
use cognate::meta::embedding::{Baseline, EmbeddingLearner};
use cognate::meta::methods::Rule;
use cognate::optim::Schedule;
use cognate::pipeline::meta::MetaMethod;

use crate::args::{Common, Fit, MetaSettings, Precision, Settings};
use crate::columns::Wish;
use crate::command::method::{activation, check_settings};
use crate::command::threads;
use crate::failure::{Failure, Result};

/// Methods that take gradient steps.
const STEPPING: &[&str] = &[
    "maml", "fomaml", "reptile", "anil", "boil", "meta-sgd", "lslr", "cavia", "imaml",
];

/// Tasks of a meta-step, whose rows together are a mini-batch of `baseline`.
const TASKS_PER_STEP: usize = 25;

/// Methods with a head in closed form.
const EMBEDDINGS: &[&str] = &EmbeddingLearner::NAMES;

/// The method that learns all tasks at once.
const BASELINE: &str = "baseline";

/// The names of all meta-learners.
pub fn names() -> impl Iterator<Item = &'static str> {
    let learners = STEPPING.iter().chain(EMBEDDINGS).copied();
    learners.chain([BASELINE])
}

/// The options given.
fn given(meta: &MetaSettings) -> impl Iterator<Item = &'static str> {
    let all = [
        ("shots", meta.shots.is_some()),
        ("queries", meta.queries.is_some()),
        ("ways", meta.ways.is_some()),
        ("context", meta.context.is_some()),
        ("inner-steps", meta.inner_steps.is_some()),
        ("inner-rate", meta.inner_rate.is_some()),
        ("meta-steps", meta.meta_steps.is_some()),
        ("tasks-per-step", meta.tasks_per_step.is_some()),
    ];
    let there = |(option, there): (&'static str, bool)| there.then_some(option);
    all.into_iter().filter_map(there)
}

/// Makes sure that no option of meta-learners is given to another method.
pub fn refuse_settings(args: &Fit) -> Result<()> {
    match given(&args.meta).next() {
        None => Ok(()),
        Some(option) => Err(Failure::Usage(format!(
            "--{option} is a setting of meta-learners, not of {}",
            args.method
        ))),
    }
}

/// A meta-learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetaMethodName(&'static str);

impl MetaMethodName {
    /// The one called `name`, if it is one.
    pub fn named(name: &str) -> Option<Self> {
        names().find(|own| *own == name).map(Self)
    }

    /// Makes sure that the options are ones that the method can have.
    pub fn check(self, args: &Fit) -> Result<()> {
        let name = self.0;
        let others = Settings {
            hidden: None,
            activation: None,
            learning_rate: None,
            ..args.settings.clone()
        };
        check_settings(name, &others)?;
        let owners = |option: &str| -> Option<&[&str]> {
            match option {
                "context" => Some(&["cavia"]),
                "inner-steps" | "inner-rate" => Some(STEPPING),
                _ => None,
            }
        };
        let of_others = |option: &&str| owners(option).is_some_and(|own| !own.contains(&name));
        if let Some(option) = given(&args.meta).find(of_others) {
            let owners = owners(option).unwrap_or_default().join(", ");
            let what = format!("--{option} is a setting of {owners}, not of {name}");
            return Err(Failure::Usage(what));
        }
        let what = match () {
            () if args.precision == Some(Precision::F64) => "--precision f64: it runs in f32",
            () if args.test_size.is_some() => {
                "--test-size: it is scored on tasks held out, by cognate evaluate"
            }
            () if args.columns.weights.is_some() => "--weights: its rows all count the same",
            () if args.columns.group.is_some() => "--group: it splits no rows",
            () if args.task.is_none() && args.meta.ways.is_none() => {
                "it learns from tasks: which column names them? --task COL; or --ways N makes a task of N of the file's classes"
            }
            () => return Ok(()),
        };
        Err(Failure::Usage(format!("{name}: {what}")))
    }

    /// The kind of target that it takes, given what the flags say.
    pub fn wish(self, flags: Wish, tasks: bool) -> Result<Wish> {
        match (self.0, flags) {
            (_, Wish::Numbers(_)) if !tasks => Err(Failure::Usage(
                "--regression: without --task, --ways makes tasks of classes".to_owned(),
            )),
            (_, _) if !tasks => Ok(Wish::Classes("since tasks are made of classes")),
            (name @ ("protonet" | "logistic-head"), Wish::Numbers(_)) => Err(Failure::Usage(
                format!("{name} predicts classes: --regression does not fit"),
            )),
            ("protonet" | "logistic-head", _) => {
                Ok(Wish::Classes("since the method predicts classes"))
            }
            _ => Ok(flags),
        }
    }

    /// The method with its settings, for episodes of so many rows.
    pub fn build(self, args: &Fit, rows: usize, common: &Common) -> MetaMethod {
        let (given, meta, seed) = (&args.settings, &args.meta, common.seed);
        let rate = |default: Schedule| given.learning_rate.map_or(default, Schedule::constant);
        let hidden = |default: Vec<usize>| given.hidden.clone().unwrap_or(default);
        if let Some(rule) = Rule::named(self.0) {
            let default = MetaLearner::new(rule);
            return MetaMethod::Steps(MetaLearner {
                hidden: hidden(default.hidden.clone()),
                activation: activation(given.activation),
                context: meta.context.unwrap_or(default.context),
                inner_steps: meta.inner_steps.unwrap_or(default.inner_steps),
                inner_rate: meta.inner_rate.unwrap_or(default.inner_rate),
                meta_steps: meta.meta_steps.unwrap_or(default.meta_steps),
                tasks_per_step: meta.tasks_per_step.unwrap_or(default.tasks_per_step),
                schedule: rate(default.schedule),
                seed,
                threads: threads(common),
                ..default
            });
        }
        if self.0 == BASELINE {
            let default = Baseline::default();
            let tasks = meta.tasks_per_step.unwrap_or(TASKS_PER_STEP);
            return MetaMethod::Baseline(Baseline {
                hidden: hidden(default.hidden.clone()),
                activation: activation(given.activation),
                steps: meta.meta_steps.unwrap_or(default.steps),
                batch_size: tasks * rows,
                learning_rate: given.learning_rate.unwrap_or(default.learning_rate),
                seed,
                threads: threads(common),
            });
        }
        let default =
            EmbeddingLearner::named(self.0).expect("every name is of one kind or the other");
        MetaMethod::Embedding(EmbeddingLearner {
            hidden: hidden(default.hidden.clone()),
            activation: activation(given.activation),
            meta_steps: meta.meta_steps.unwrap_or(default.meta_steps),
            tasks_per_step: meta.tasks_per_step.unwrap_or(default.tasks_per_step),
            schedule: rate(default.schedule),
            seed,
            threads: threads(common),
            ..default
        })
    }
}
