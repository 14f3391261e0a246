//! What teachers say of the rows of a table.

use alloc::{string::String, vec, vec::Vec};

use cognate_kernels::{MatRef, Real};

use crate::data::table::Table;
use crate::error::Result;
use crate::meta::distill::{logits_of, taught_links};
use crate::mtl::Kind;
use crate::pipeline::tasks::{Form, Response, TaskPipeline};
use crate::pipeline::{Model, Pipeline, Prediction, Target};

/// What a teacher says of one task, on each of n rows.
#[derive(Clone, Debug)]
pub struct Teaching {
    /// The task: a target's name, or a task's.
    pub name: String,
    /// What it predicts.
    pub response: Response,
    /// The teacher's predictions: numbers, or the classes' probabilities.
    pub said: Prediction<f64>,
    /// The same as links, `n x k`: numbers, the logit of the second of two classes, or a logit a class.
    pub(super) links: Vec<f64>,
    /// Which rows are the task's; all where absent.
    pub rows: Option<Vec<bool>>,
}

impl Teaching {
    /// What numbers or probabilities say that were made elsewhere.
    ///
    /// # Errors
    /// If a probability is not in [0, 1], or a number not finite.
    pub fn new(name: &str, response: Response, said: Prediction<f64>) -> Result<Self> {
        let links = match response.kind() {
            Kind::Number => said.values.clone(),
            Kind::Classes(classes) => {
                let n = said.values.len() / classes;
                let logits = logits_of(MatRef::planned(&said.values, n, classes))?;
                match classes {
                    2 => logits.chunks_exact(2).map(|row| row[1] - row[0]).collect(),
                    _ => logits,
                }
            }
        };
        Ok(Self {
            name: name.into(),
            response,
            said,
            links,
            rows: None,
        })
    }

    /// What `teacher` says of the rows of a raw table: a task a number, or one of classes.
    ///
    /// # Errors
    /// Those of [`Pipeline::predict`].
    pub fn of_pipeline<T: Real>(teacher: &Pipeline<T>, table: &Table) -> Result<Vec<Self>> {
        let said = widened(&teacher.predict(table)?);
        match teacher.target() {
            Target::Numbers(names) => {
                let column = |j| said.column(j);
                let tasks = names.iter().enumerate();
                tasks
                    .map(|(j, name)| Self::new(name, Response::Number, column(j)))
                    .collect()
            }
            Target::Classes { name, levels } => {
                let mut task = Self::new(name, Response::Classes(levels.clone()), said)?;
                if let Some(logits) = logits(teacher, table)? {
                    task.links = logits.iter().map(|z| z.to_f64()).collect();
                }
                Ok(vec![task])
            }
        }
    }

    /// What `teacher` says of the rows of a raw table, which has the task column where tasks have rows of their own: all of its
    /// tasks that have some here.
    ///
    /// # Errors
    /// Those of [`TaskPipeline::predict`], also for a row of a task never seen.
    #[inline]
    pub fn of_tasks(teacher: &TaskPipeline, table: &Table) -> Result<Vec<Self>> {
        let tasks = teacher.tasks().iter().enumerate();
        let owners = match teacher.form() {
            Form::Wide => None,
            Form::Long { task, .. } => Some(teacher.known_codes(table.column(task)?)?),
        };
        let task = |(t, (name, response)): (usize, &(String, Response))| {
            let said = teacher.predict_task(Some(t), table)?;
            let owned = |owners: &Vec<usize>| owners.iter().map(|&owner| owner == t).collect();
            Ok(Self {
                rows: owners.as_ref().map(owned),
                ..Self::new(name, response.clone(), said)?
            })
        };
        let here = |task: &Result<Self>| match task {
            Ok(task) => task.rows.as_ref().is_none_or(|rows| rows.contains(&true)),
            Err(_) => true,
        };
        tasks.map(task).filter(here).collect()
    }

    /// Whether row `i` is one of the task's.
    pub fn has(&self, i: usize) -> bool {
        self.rows.as_ref().is_none_or(|rows| rows[i])
    }

    /// The links of these rows.
    pub(super) fn links_of(&self, rows: &[usize]) -> Vec<f64> {
        let k = self.response.kind().links();
        let row = |&i: &usize| &self.links[i * k..][..k];
        rows.iter().flat_map(row).copied().collect()
    }
}

/// The logits of a classifier that has them.
fn logits<T: Real>(teacher: &Pipeline<T>, table: &Table) -> Result<Option<Vec<T>>> {
    let x: Vec<T> = teacher.inputs(table)?;
    let x = MatRef::planned(&x, table.rows(), teacher.encoder().width());
    Ok(match teacher.model() {
        Model::Logistic(model) => Some(taught_links(model.map(), x)?),
        Model::MlpClassifier(model) => Some(taught_links(model.map(), x)?),
        _ => None,
    })
}

fn widened<T: Real>(said: &Prediction<T>) -> Prediction<f64> {
    Prediction {
        values: said.values.iter().map(|v| v.to_f64()).collect(),
        width: said.width,
    }
}
