//! A cell of a method for several tasks: one fit for all, its strength chosen on the fold's training rows.
//!
//! A task without training rows, or of classes that have none, has no optimum of its own. It takes no part in the fit and is predicted by the part that the others share or, where the
//! method has none, as a model of its own would be, by the constant. Relations are told of all tasks, and have them all.

use alloc::{string::String, vec::Vec};
use core::ops::ControlFlow;

use super::cell::{Cell, Losses, Side, Unit, loss};
use super::{Body, Plan};
use crate::data::table::Column;
use crate::error::Result;
use crate::mtl::net::{Architecture, MultiTaskMlp};
use crate::pipeline::tasks::{
    Form, Response, Task, TaskLearner, TaskPipeline, TaskRecipe, TaskTraining,
};

/// Units of the hidden layer of the networks.
const WIDTH: usize = 32;

/// One method for all tasks on one fold.
pub(super) struct Joint<'a> {
    pub plan: &'a Plan<'a>,
    pub method: &'static str,
    pub fold: usize,
    pub side: &'a [Side],
}

impl Joint<'_> {
    pub(super) fn run(&self, clock: &impl Fn() -> u64) -> Result<Cell> {
        let mut cell = Cell::default();
        let tasks = &self.plan.set.tasks;
        let set_is_wide = matches!(self.plan.set.form, Form::Wide);
        let related = self.plan.set.relation.as_ref();
        let told = related.is_some_and(|r| r.methods().contains(&self.method));
        let kept = (0..tasks.len()).filter(|&t| told || self.says_enough(&tasks[t]));
        let kept: Vec<usize> = kept.collect();
        if kept.is_empty() {
            (0..tasks.len()).try_for_each(|t| self.by_constant(t, &mut cell, clock))?;
            return Ok(cell);
        }
        let start = clock();
        let pipeline = self.learn(&kept)?;
        cell.fit_ns = clock() - start;
        cell.parameters = pipeline.model().parameters();
        cell.bytes = match pipeline.model().precision() {
            "f32" => cell.parameters * size_of::<f32>(),
            _ => cell.parameters * size_of::<f64>(),
        };
        for t in 0..tasks.len() {
            match kept.iter().position(|&own| own == t) {
                // Another target is not a task like those learned: only rows of the same one may go by the shared part.
                None if set_is_wide || !pipeline.predicts_unseen() => {
                    self.by_constant(t, &mut cell, clock)?;
                }
                place => self.score((t, place), &pipeline, &mut cell, clock)?,
            }
        }
        Ok(cell)
    }

    fn by_constant(&self, t: usize, cell: &mut Cell, clock: &impl Fn() -> u64) -> Result<()> {
        let unit = Unit {
            set: self.plan.set,
            tasks: &self.plan.set.tasks[t..=t],
            side: self.side,
            seed: self.plan.seed,
        };
        unit.run(Body::Constant, cell, clock)
    }

    /// Fits the tasks at the places `kept`.
    #[inline]
    fn learn(&self, kept: &[usize]) -> Result<TaskPipeline> {
        let (set, train) = (self.plan.set, &self.plan.folds[self.fold].train);
        let table = set.table.take(train);
        let has_value = |column: &Column| !(0..column.rows()).all(|row| column.is_empty_at(row));
        let usable = |name: &&String| table.column(name).is_ok_and(has_value);
        let features: Vec<&str> = set
            .features
            .iter()
            .filter(usable)
            .map(String::as_str)
            .collect();
        let tasks: Vec<Task> = kept.iter().map(|&t| set.tasks[t].clone()).collect();
        let training = TaskTraining {
            table: &set.table,
            features: &features,
            form: &set.form,
            tasks: &tasks,
            rows: train,
            weights: set.weights.as_deref(),
        };
        let recipe = |learner| TaskRecipe {
            learner,
            encoder: &set.encoder,
            standardize: true,
            seed: self.plan.seed,
        };
        let mut go_on = |_: &_| ControlFlow::Continue(());
        if let Some(architecture) = Architecture::named(self.method, tasks.len()) {
            let settings = MultiTaskMlp::default()
                .with_architecture(architecture)
                .with_hidden_layer_sizes(&[WIDTH])
                .with_seed(self.plan.seed);
            let learner = TaskLearner::Network {
                method: self.method,
                settings: &settings,
                double: false,
            };
            return Ok(recipe(learner).fit(&training, &mut go_on)?.0);
        }
        let method = set.joint_method(self.method)?;
        let learner = TaskLearner::Linear {
            method: &*method,
            choose: true,
        };
        Ok(recipe(learner).fit(&training, &mut go_on)?.0)
    }

    /// Predicts the test rows of task `t`, the one at `place` among those of the model, if it is one of them.
    fn score(
        &self,
        (t, place): (usize, Option<usize>),
        pipeline: &TaskPipeline,
        cell: &mut Cell,
        clock: &impl Fn() -> u64,
    ) -> Result<()> {
        let (set, task) = (self.plan.set, &self.plan.set.tasks[t]);
        let labelled = task.rows.iter().zip(&task.labels);
        let own = labelled.filter(|(row, _)| self.side[**row] == Side::Test);
        let (rows, labels): (Vec<usize>, Vec<f64>) = own.unzip();
        let start = clock();
        let prediction = pipeline.predict_task(place, &set.table.take(&rows))?;
        cell.predict_ns += clock() - start;
        cell.rows += rows.len();
        let mut losses = Losses::default();
        for ((&row, label), values) in rows.iter().zip(labels).zip(prediction.rows()) {
            losses.add(
                set.weight(row),
                loss(&task.response, label, |class| values[class as usize]),
            );
        }
        cell.tasks.push(losses);
        Ok(())
    }

    /// Whether the task has training rows, of each of its classes.
    #[inline]
    fn says_enough(&self, task: &Task) -> bool {
        let labelled = task.rows.iter().zip(&task.labels);
        let train = labelled.filter(|(row, _)| self.side[**row] == Side::Train);
        let labels: Vec<f64> = train.map(|(_, label)| *label).collect();
        match &task.response {
            Response::Number => !labels.is_empty(),
            Response::Classes(levels) => {
                (0..levels.len()).all(|class| labels.contains(&(class as f64)))
            }
        }
    }
}
