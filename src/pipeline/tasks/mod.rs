//! Several tasks: from a raw table to a prediction a task.
//!
//! ```text
//! table --encoder--> numbers (n x d) --scaler--> the tasks' model --target scaler, backwards--> predictions
//! ```
//! A table shows tasks in one of two forms ([`Form`]):
//! ```text
//! long   a column names each row's task, another holds the answers of all          one prediction a row, that of its task
//! wide   a column of answers a task, an empty cell where a label is missing        a prediction a row and column; kinds may differ
//! ```
//! All tasks share the encoder and the scaler of the features. Answers that are numbers are scaled, if at all, by one scaler in the long
//! form (so that tasks stay comparable) and by one a column in the wide form. A [`TaskRecipe`] says what to fit, [`TaskRecipe::fit`]
//! gives a [`TaskPipeline`], which a model file holds whole.

mod file;
mod labels;
mod learner;
mod methods;
mod model;
mod nested;
mod network;
mod original;
mod score;

pub(super) use file::{LINEAR, NETWORK};
pub use labels::{Response, Task};
pub use learner::{Solved, TaskLearner, TaskOutcome};
pub use methods::{Relation, linear_method, linear_methods};
pub use model::TaskModel;
pub use score::{Answered, TaskScores, score_tasks};

use alloc::{borrow::Cow, boxed::Box, string::String, vec, vec::Vec};

use cognate_kernels::MatRef;

use super::{Prediction, name_column};
use crate::data::encode::{Encoder, EncoderConfig};
use crate::data::levels::Levels;
use crate::data::scale::{Scaler, StandardScaler};
use crate::data::table::{Column, Table};
use crate::error::{Error, Result};
use crate::mtl::{self, ClassTree, TaskSet};
use crate::optim::Callback;

/// How a table shows its tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Tasks have rows of their own.
    Long {
        /// The column that names each row's task.
        task: String,
        /// The column that all tasks predict.
        target: String,
    },
    /// Tasks share rows: each predicts the column of its name.
    Wide,
}

/// The rows that a fit learns from.
#[derive(Clone, Copy, Debug)]
pub struct TaskTraining<'a> {
    /// The raw table.
    pub table: &'a Table,
    /// Its columns that are features.
    pub features: &'a [&'a str],
    /// How it shows tasks.
    pub form: &'a Form,
    /// The tasks, with all labels.
    pub tasks: &'a [Task],
    /// The rows of the table to learn from, ascending. Labels on other rows take no part.
    pub rows: &'a [usize],
    /// A weight a row of the table.
    pub weights: Option<&'a [f64]>,
}

/// What to fit, and what to do to the table first.
#[derive(Clone, Copy)]
pub struct TaskRecipe<'a> {
    /// How the tasks share.
    pub learner: TaskLearner<'a>,
    /// Categories and empty cells.
    pub encoder: &'a EncoderConfig,
    /// Whether features, and answers that are numbers, are brought to mean 0 and variance 1.
    pub standardize: bool,
    /// The seed, kept in the file.
    pub seed: u64,
}

/// A fitted model of several tasks with what stands around it.
#[derive(Clone, Debug)]
pub struct TaskPipeline {
    pub(super) encoder: Encoder,
    pub(super) scaler: Option<Scaler>,
    pub(super) model: TaskModel,
    pub(super) target_scaler: Option<Scaler>,
    pub(super) form: Form,
    pub(super) tasks: Vec<(String, Response)>,
    /// Of nested labels: the model's tasks are its choices.
    pub(super) tree: Option<Box<ClassTree>>,
    pub(super) seed: u64,
}

impl TaskRecipe<'_> {
    /// Fits to `training`. `progress` is called after each epoch of a network and may stop the work.
    ///
    /// # Errors
    /// What the encoder, the scalers and the method say of the data and of their settings.
    #[inline]
    pub fn fit(
        &self,
        training: &TaskTraining<'_>,
        progress: Callback<'_>,
    ) -> Result<(TaskPipeline, TaskOutcome)> {
        let table = training.table.take(training.rows);
        let encoder = Encoder::fit(&table, training.features, self.encoder)?;
        let (n, d) = (table.rows(), encoder.width());
        let mut x = encoder.transform(&table)?;
        let weights = training.own_weights();
        let mut scaler = None;
        if self.standardize {
            let raw = MatRef::planned(&x, n, d);
            let fitted = StandardScaler::default().fit(raw, weights.as_deref());
            let fitted = fitted.map_err(|e| name_column(e, &encoder.names()))?;
            x = fitted.transform(raw)?;
            scaler = Some(fitted);
        }
        let mut tasks = self.learner.tasks(training)?;
        let target_scaler = match self.standardize {
            true => training.scale(&mut tasks, weights.as_deref())?,
            false => None,
        };
        let set = TaskSet::new(MatRef::planned(&x, n, d), weights.as_deref(), tasks);
        let set = set.map_err(|e| name_column(e, &encoder.names()))?;
        let (model, outcome) = self.learner.fit(&set, self.seed, progress)?;
        let tree = self.learner.tree();
        let named = |t: &Task| {
            let response = tree.map_or_else(|| Ok(t.response.clone()), nested::leaves);
            Ok((t.name.clone(), response?))
        };
        let pipeline = TaskPipeline {
            encoder,
            scaler,
            model,
            target_scaler,
            form: training.form.clone(),
            tasks: training.tasks.iter().map(named).collect::<Result<_>>()?,
            tree: tree.cloned().map(Box::new),
            seed: self.seed,
        };
        Ok((pipeline, outcome))
    }
}

impl TaskTraining<'_> {
    fn own_weights(&self) -> Option<Vec<f64>> {
        let all = self.weights?;
        Some(self.rows.iter().map(|&row| all[row]).collect())
    }

    /// Scales the answers that are numbers, by the scaler that is given back: of one column in the long form, else of one a task.
    #[inline]
    fn scale(&self, tasks: &mut [mtl::Task], weights: Option<&[f64]>) -> Result<Option<Scaler>> {
        let number = |t: &Task| t.response == Response::Number;
        if !self.tasks.iter().any(number) {
            return Ok(None);
        }
        let groups = match self.form {
            Form::Long { .. } => tasks.chunks_mut(self.tasks.len()),
            Form::Wide => tasks.chunks_mut(1),
        };
        let (mut shift, mut scale) = (Vec::new(), Vec::new());
        for group in groups {
            let scaler = scaler_of(group, weights).map_err(|e| match &self.form {
                Form::Long { target, .. } => name_column(e, core::slice::from_ref(target)),
                Form::Wide => name_column(e, core::slice::from_ref(&group[0].name)),
            })?;
            let labels = group.iter_mut().flat_map(|t| &mut t.labels);
            let (m, s) = (scaler.shift()[0], scaler.scale()[0]);
            labels.for_each(|label| *label = (*label - m) / s);
            shift.push(m);
            scale.push(s);
        }
        Scaler::new(shift, scale).map(Some)
    }
}

/// The scaler of all labels of `tasks`, one that changes nothing where they are classes or there are none.
#[inline]
fn scaler_of(tasks: &[mtl::Task], weights: Option<&[f64]>) -> Result<Scaler> {
    let labels: Vec<f64> = tasks.iter().flat_map(|t| &t.labels).copied().collect();
    if labels.is_empty() || tasks[0].kind != mtl::Kind::Number {
        return Scaler::new(vec![0.0], vec![1.0]);
    }
    let rows = tasks.iter().flat_map(|t| &t.rows);
    let weights: Option<Vec<f64>> = weights.map(|w| rows.map(|&i| w[i as usize]).collect());
    let labels = MatRef::planned(&labels, labels.len(), 1);
    StandardScaler::default().fit(labels, weights.as_deref())
}

impl TaskPipeline {
    /// Predicts the rows of a raw table, which has the features' columns in any order: in the wide form a prediction a task; in the long
    /// form, where the table must have the task column too, one of each row by its task.
    ///
    /// # Errors
    /// What the encoder says of the table; [`Error::Column`] naming the row of a task never seen, if the method has no shared part, or
    /// of one that is not named.
    #[inline]
    pub fn predict(&self, table: &Table) -> Result<Vec<Prediction<f64>>> {
        let x = self.inputs(table)?;
        match &self.form {
            Form::Wide => {
                let all = self.matrix(&x);
                let tasks = 0..self.tasks.len();
                tasks.map(|t| self.rows_of_task(Some(t), all)).collect()
            }
            Form::Long { task, .. } => {
                let codes = self.codes(table.column(task)?)?;
                Ok(vec![self.by_code(&x, &codes)?])
            }
        }
    }

    /// Predicts the rows of a raw table as rows of task `t`; of `None`, as those of a task never seen.
    ///
    /// # Errors
    /// What the encoder says of the table; [`Error::Task`] if the method has nothing for a task never seen.
    ///
    /// # Panics
    /// If there is no such task.
    #[inline]
    pub fn predict_task(&self, t: Option<usize>, table: &Table) -> Result<Prediction<f64>> {
        let x = self.inputs(table)?;
        self.rows_of_task(t, self.matrix(&x))
    }

    /// The encoded and scaled features, row-major.
    #[inline]
    fn inputs(&self, table: &Table) -> Result<Vec<f64>> {
        let x = self.encoder.transform(table)?;
        match &self.scaler {
            Some(scaler) => scaler.transform(self.matrix(&x)),
            None => Ok(x),
        }
    }

    fn matrix<'x>(&self, x: &'x [f64]) -> MatRef<'x, f64> {
        let d = self.encoder.width();
        MatRef::planned(x, x.len() / d, d)
    }

    /// The task of each row by the task column, `None` where it was never seen.
    #[inline]
    fn codes(&self, column: &Column) -> Result<Vec<Option<usize>>> {
        let names = self.tasks.iter().map(|(name, _)| name.clone()).collect();
        let codes = Levels::from_names(names)?.codes(column);
        let unknown = (0..codes.len()).filter(|&row| codes[row].is_none());
        for row in unknown {
            let fault = |problem| {
                let found = column.cell(row).map(Cow::into_owned);
                Err(Error::column(&column.name, Some(row), found, problem))
            };
            if column.is_empty_at(row) {
                return fault("is empty: which task is it?");
            }
            if !self.predicts_unseen() {
                return fault("is a task never seen, and the method has no part for such");
            }
        }
        Ok(codes.iter().map(|code| code.map(|c| c as usize)).collect())
    }

    /// The task of each row by the task column.
    ///
    /// # Errors
    /// [`Error::Column`] naming the first row of no task of these.
    #[inline]
    pub(super) fn known_codes(&self, column: &Column) -> Result<Vec<usize>> {
        let codes = self.codes(column)?;
        match codes.iter().position(Option::is_none) {
            None => Ok(codes.into_iter().flatten().collect()),
            Some(row) => {
                let found = column.cell(row).map(Cow::into_owned);
                let problem = "is a task that the model has never seen";
                Err(Error::column(&column.name, Some(row), found, problem))
            }
        }
    }

    /// Each row by the task that its code names.
    #[inline]
    fn by_code(&self, x: &[f64], codes: &[Option<usize>]) -> Result<Prediction<f64>> {
        let d = self.encoder.width();
        let width = self.tasks[0].1.width();
        let mut order: Vec<usize> = (0..codes.len()).collect();
        order.sort_by_key(|&row| codes[row]);
        let mut values = vec![0.0; codes.len() * width];
        for rows in order.chunk_by(|&a, &b| codes[a] == codes[b]) {
            let own = rows.iter().flat_map(|&row| &x[row * d..][..d]);
            let own: Vec<f64> = own.copied().collect();
            let said = self.rows_of_task(codes[rows[0]], self.matrix(&own))?;
            for (&row, said) in rows.iter().zip(said.rows()) {
                values[row * width..][..width].copy_from_slice(said);
            }
        }
        Ok(Prediction { values, width })
    }

    /// The prediction of encoded rows as task `t`'s.
    #[inline]
    fn rows_of_task(&self, t: Option<usize>, x: MatRef<'_, f64>) -> Result<Prediction<f64>> {
        let mut values = match &self.tree {
            Some(tree) => self.model.predict_leaves(tree, x)?,
            None => self.model.predict(t, x)?,
        };
        let width = self.tasks[t.unwrap_or(0)].1.width();
        if let Some((shift, scale)) = self.target_scale(t) {
            values.iter_mut().for_each(|y| *y = *y * scale + shift);
        }
        Ok(Prediction { values, width })
    }

    /// What was subtracted from the answers of task `t`, and what they were divided by then, if they were.
    fn target_scale(&self, t: Option<usize>) -> Option<(f64, f64)> {
        let scaler = self.target_scaler.as_ref()?;
        let column = match self.form {
            Form::Long { .. } => 0,
            Form::Wide => t.unwrap_or(0),
        };
        Some((scaler.shift()[column], scaler.scale()[column]))
    }

    /// How tables show the tasks.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// The tasks: their names, and what they predict.
    pub fn tasks(&self) -> &[(String, Response)] {
        &self.tasks
    }

    /// The tree, where labels are nested: the classes of the one task are its leaves.
    pub fn tree(&self) -> Option<&ClassTree> {
        self.tree.as_deref()
    }

    /// Whether a row of a task never seen can be predicted.
    pub fn predicts_unseen(&self) -> bool {
        self.model.predicts_unseen()
    }

    /// The features and their encoding.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The scaler of the encoded features.
    pub fn scaler(&self) -> Option<&Scaler> {
        self.scaler.as_ref()
    }

    /// The model.
    pub fn model(&self) -> &TaskModel {
        &self.model
    }

    /// The seed that it was fitted with.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}
