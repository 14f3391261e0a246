//! Learning to learn from a table: meta-training on its tasks, adapting to a new one, scoring that.
//!
//! ```text
//! table of tasks --encoder, scaler--> rows --meta-training--> a meta-model           MetaRecipe::fit
//! support table  --the same--> rows --adapt--> an ordinary pipeline                  MetaPipeline::adapt
//! held-out tasks --first rows adapt, the rest score--> mean, interval, median        MetaPipeline::evaluate
//! ```
//! Whatever the method, an adapted learner is an ordinary [`Pipeline`] around a plain network: the steps of a gradient method leave one, a
//! context is a part of the first layer's bias, a head in closed form is the last layer.
//!
//! **Classes.** A task's classes are its own: its labels are counted through in the order of the table's levels, so that tasks may have
//! other classes, and a new one may have classes never seen. With a number of ways an episode takes so many of a task's classes, drawn anew
//! each time; without a task column the whole table is one task to draw them from.

mod classes;
mod file;
mod score;

pub(super) use file::META;
pub use score::{HeldOut, MetaScores};

use alloc::{boxed::Box, string::String, vec::Vec};

use cognate_kernels::MatRef;

use super::model::Model;
use super::{Labels, Pipeline, Target, name_column, narrow};
use crate::data::encode::{Encoder, EncoderConfig};
use crate::data::levels::Levels;
use crate::data::scale::{Scaler, StandardScaler};
use crate::data::table::Table;
use crate::error::{Error, Result};
use crate::loss::Targets;
use crate::meta::embedding::{Baseline, EmbeddingLearner, EmbeddingModel};
use crate::meta::episodes::{ClassPool, Episodes, Split, TaskTable};
use crate::meta::{MetaLearner, MetaModel, MetaReport};
use crate::model::{ClassModel, Network};
use crate::optim::Callback;

/// A meta-learner with its settings.
#[derive(Clone, Debug, PartialEq)]
pub enum MetaMethod {
    /// By gradient steps.
    Steps(MetaLearner),
    /// By a head in closed form.
    Embedding(EmbeddingLearner),
    /// By a head on a body that learned all tasks at once.
    Baseline(Baseline),
}

/// The tasks of a table.
#[derive(Clone, Copy, Debug)]
pub struct MetaTraining<'a> {
    /// The raw table, `n` rows.
    pub table: &'a Table,
    /// Its columns that are features.
    pub features: &'a [&'a str],
    /// What is predicted: one number, or classes.
    pub target: &'a Target,
    /// The rows' answers.
    pub labels: Labels<'a>,
    /// The column that names the tasks; `None` where each episode is a task made of some of the table's classes.
    pub task_column: Option<&'a str>,
    /// The tasks' names.
    pub names: &'a [String],
    /// Each row's task, a place in `names`.
    pub tasks: &'a [u32],
}

/// What to meta-train, and on what.
#[derive(Clone, Debug)]
pub struct MetaRecipe {
    /// The learner.
    pub method: MetaMethod,
    /// Categories and empty cells.
    pub encoder: EncoderConfig,
    /// Whether features, and numbers to predict, are brought to mean 0 and variance 1.
    pub standardize: bool,
    /// Rows of a task to learn from, in training.
    pub shots: usize,
    /// Rows of a task to be judged by, in training.
    pub queries: usize,
    /// Classes of an episode, drawn of those of a task; all of them where absent.
    pub ways: Option<usize>,
    /// The seed of the tasks' rows, kept in the file.
    pub seed: u64,
}

/// What is brought to a new task.
#[derive(Clone, Debug, PartialEq)]
pub enum Brought {
    /// A start for gradient steps.
    Steps(MetaModel<f32>),
    /// A body for a head.
    Embedding(EmbeddingModel<f32>),
    /// The same, trained on all tasks at once.
    Baseline(EmbeddingModel<f32>),
}

/// A meta-model with what stands around it.
#[derive(Clone, Debug)]
pub struct MetaPipeline {
    encoder: Encoder,
    scaler: Option<Scaler>,
    target_scaler: Option<Scaler>,
    target: Target,
    task_column: Option<String>,
    brought: Brought,
    shots: usize,
    seed: u64,
}

/// Encoded rows with their answers: numbers, or a task's own classes.
struct Prepared {
    x: Vec<f32>,
    features: usize,
    answers: Answers,
}

enum Answers {
    Numbers(Vec<f32>),
    Classes(Vec<u32>),
}

impl Prepared {
    fn rows(&self) -> usize {
        self.x.len() / self.features
    }

    fn x(&self) -> MatRef<'_, f32> {
        MatRef::planned(&self.x, self.rows(), self.features)
    }

    fn y(&self) -> Targets<'_, f32> {
        self.answers.y()
    }

    /// The answers with each task's classes as classes of their own.
    fn all_at_once(&self, tasks: &[u32]) -> Answers {
        match &self.answers {
            Answers::Numbers(y) => Answers::Numbers(y.clone()),
            Answers::Classes(y) => Answers::Classes(classes::apart(y, tasks)),
        }
    }
}

impl Answers {
    fn y(&self) -> Targets<'_, f32> {
        match self {
            Self::Numbers(y) => Targets::values(MatRef::planned(y, y.len(), 1)),
            Self::Classes(y) => Targets::classes(y),
        }
    }
}

impl MetaRecipe {
    /// Meta-trains on the tasks of `training`. `progress` is called after each meta-step, of the
    /// baseline after each epoch, and may stop the work.
    ///
    /// # Errors
    /// What the encoder, the scalers and the learner say; [`Error::Task`] naming a task with fewer rows than an episode takes.
    #[inline]
    pub fn fit(
        &self,
        training: &MetaTraining<'_>,
        progress: Callback<'_>,
    ) -> Result<(MetaPipeline, MetaReport)> {
        let encoder = Encoder::fit(training.table, training.features, &self.encoder)?;
        let mut frame = MetaFrame {
            encoder: &encoder,
            scaler: None,
            target_scaler: None,
        };
        let (mut scaler, mut target_scaler) = (None, None);
        if self.standardize {
            let (n, d) = (training.table.rows(), encoder.width());
            let raw = encoder.transform(training.table)?;
            let fitted = StandardScaler::default().fit(MatRef::planned(&raw, n, d), None);
            scaler = Some(fitted.map_err(|e| name_column(e, &encoder.names()))?);
            if let Labels::Numbers(y) = training.labels {
                let y = MatRef::planned(y, n, 1);
                target_scaler = Some(StandardScaler::default().fit(y, None)?);
            }
            frame.scaler = scaler.as_ref();
            frame.target_scaler = target_scaler.as_ref();
        }
        let rows = frame.prepare(training.table, training.labels, training.tasks)?;
        let split = Split {
            support: self.shots,
            query: self.queries,
        };
        let episodes = self.episodes(training, &rows, split);
        let episodes = episodes.map_err(|e| name_task(e, training.names))?;
        let (brought, report) = match &self.method {
            MetaMethod::Steps(learner) => {
                let (model, report) = learner.fit_with(&*episodes, progress)?;
                (Brought::Steps(model), report)
            }
            MetaMethod::Embedding(learner) => {
                let (model, report) = learner.fit_with(&*episodes, progress)?;
                (Brought::Embedding(model), report)
            }
            MetaMethod::Baseline(baseline) => {
                let of_a_task = episodes.shape().targets;
                let all = rows.all_at_once(training.tasks);
                let (model, report) = baseline.fit(rows.x(), all.y(), of_a_task, progress)?;
                (Brought::Baseline(model), report)
            }
        };
        let pipeline = MetaPipeline {
            encoder,
            scaler,
            target_scaler,
            target: training.target.clone(),
            task_column: training.task_column.map(Into::into),
            brought,
            shots: self.shots,
            seed: self.seed,
        };
        Ok((pipeline, report))
    }
}

impl MetaRecipe {
    /// Episodes of tasks as they are, or of some classes of each.
    #[inline]
    fn episodes<'r>(
        &self,
        training: &MetaTraining<'r>,
        rows: &'r Prepared,
        split: Split,
    ) -> Result<Box<dyn Episodes<f32> + 'r>> {
        let (tasks, seed) = (training.tasks, self.seed);
        Ok(match (self.ways, &rows.answers) {
            (Some(ways), Answers::Classes(y)) => Box::new(ClassPool::of_tasks(
                rows.x(),
                (y, tasks),
                ways,
                split,
                seed,
            )?),
            _ => Box::new(TaskTable::new(rows.x(), rows.y(), tasks, split, seed)?),
        })
    }
}

/// What stands between a raw table and the model.
struct MetaFrame<'a> {
    encoder: &'a Encoder,
    scaler: Option<&'a Scaler>,
    target_scaler: Option<&'a Scaler>,
}

impl MetaFrame<'_> {
    /// Rows as numbers, classes counted through task by task.
    #[inline]
    fn prepare(&self, table: &Table, labels: Labels<'_>, tasks: &[u32]) -> Result<Prepared> {
        let (n, d) = (table.rows(), self.encoder.width());
        let mut x = self.encoder.transform(table)?;
        if let Some(scaler) = self.scaler {
            x = scaler.transform(MatRef::planned(&x, n, d))?;
        }
        let answers = match (labels, self.target_scaler) {
            (Labels::Numbers(y), Some(scaler)) => {
                Answers::Numbers(narrow(&scaler.transform(MatRef::planned(y, n, 1))?))
            }
            (Labels::Numbers(y), None) => Answers::Numbers(narrow(y)),
            (Labels::Classes(y), _) => Answers::Classes(classes::own(y, tasks)),
        };
        Ok(Prepared {
            x: narrow(&x),
            features: d,
            answers,
        })
    }
}

/// An error about a task's number, by its name.
fn name_task(error: Error, names: &[String]) -> Error {
    match error {
        Error::Task { name, problem } => {
            let known = name.parse().ok().and_then(|task: usize| names.get(task));
            Error::task(known.unwrap_or(&name), problem)
        }
        other => other,
    }
}

impl MetaPipeline {
    fn frame(&self) -> MetaFrame<'_> {
        MetaFrame {
            encoder: &self.encoder,
            scaler: self.scaler.as_ref(),
            target_scaler: self.target_scaler.as_ref(),
        }
    }

    /// What it predicts: one number, or classes, of which a task has some.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The features and their encoding.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The scaler of the encoded features.
    pub fn scaler(&self) -> Option<&Scaler> {
        self.scaler.as_ref()
    }

    /// The column that names tasks; `None` if a task is made of some of a table's classes.
    pub fn task_column(&self) -> Option<&str> {
        self.task_column.as_deref()
    }

    /// What is brought to a new task.
    pub fn brought(&self) -> &Brought {
        &self.brought
    }

    /// Rows a task to learn from, as in training.
    pub fn shots(&self) -> usize {
        self.shots
    }

    /// The seed that it was trained with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Learns a new task from the rows of `table`, whose classes, if it has classes, are those of `levels`.
    ///
    /// # Errors
    /// What the encoder says of the table; if there are no rows, or one class; [`Error::Setting`] for more classes than a gradient method
    /// was trained for; what the method says.
    #[inline]
    pub fn adapt(
        &self,
        table: &Table,
        labels: Labels<'_>,
        levels: Option<&Levels>,
    ) -> Result<Pipeline<f32>> {
        let one_task: Vec<u32> = (0..table.rows()).map(|_| 0).collect();
        let rows = self.frame().prepare(table, labels, &one_task)?;
        let (sizes, params, activation) = match &self.brought {
            Brought::Steps(model) => {
                let (adapted, _) = model.adapt(rows.x(), rows.y())?;
                let (sizes, params) = model.adapted_layers(&adapted);
                (sizes, params, model.settings().activation)
            }
            Brought::Embedding(model) | Brought::Baseline(model) => {
                let adapted = model.adapt(rows.x(), rows.y())?;
                let (sizes, params) = model.adapted_layers(&adapted);
                (sizes, params, model.settings().activation)
            }
        };
        let (model, target) = match (labels, levels) {
            (Labels::Classes(y), Some(levels)) => {
                let levels = classes::present(y, levels)?;
                let (sizes, params) = classes::logits_of(levels.len(), sizes, params)?;
                let network = Network::new(&sizes, activation, params)?;
                let name = self.target.names()[0].clone();
                let model = Model::MlpClassifier(ClassModel::from_map(network)?);
                (model, Target::Classes { name, levels })
            }
            _ => {
                let network = Network::new(&sizes, activation, params)?;
                (Model::MlpRegressor(network), self.target.clone())
            }
        };
        Ok(Pipeline {
            encoder: self.encoder.clone(),
            scaler: self.scaler.clone(),
            model,
            target_scaler: self.target_scaler.clone(),
            target,
            seed: self.seed,
        })
    }
}
