//! One cell: a method on a fold.
//!
//! A **unit** is what shares a model: all tasks, or one. Small tasks make small training sides, for which there are rules:
//! ```text
//! no training row at all        the constant of the training rows of all tasks that predict the same
//! one class alone               the constant: the shares of the classes with one row more of each
//! no row of some of K classes   each of those has probability 1 / (n + K), the model's classes share the rest
//! a feature without any value   is left out
//! ```

use alloc::{string::String, vec, vec::Vec};
use core::ops::ControlFlow;

use cognate_kernels::Real;

use super::joint::Joint;
use super::{Body, Plan, Set, Sharing};
use crate::data::levels::Levels;
use crate::data::table::Column;
use crate::error::Result;
use crate::model::{LogisticRegression, Mlp, Ridge};
use crate::pipeline::tasks::{Response, Task};
use crate::pipeline::{Labels, Learner, Pipeline, Recipe, Target, Training};

/// What one cell found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// Losses on the fold's test rows, a task each.
    pub tasks: Vec<Losses>,
    /// Nanoseconds that fitting took, encoding included.
    pub fit_ns: u64,
    /// Nanoseconds that predicting took, encoding included.
    pub predict_ns: u64,
    /// Rows predicted.
    pub rows: usize,
    /// Parameters of all its models.
    pub parameters: usize,
    /// Bytes that they take.
    pub bytes: usize,
}

/// Sums over the test rows of a task, each row times its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// Squared errors, or minus the logarithms of the probabilities of the true classes.
    pub loss: f64,
    /// Rows whose most probable class was the true one; 0 for numbers.
    pub hits: f64,
    /// The weights.
    pub weight: f64,
}

/// A probability of 0 counts as this one, as in scikit-learn, lest one row make a loss infinite.
const LEAST_PROBABILITY: f64 = f64::EPSILON;

impl Plan<'_> {
    /// Computes the cell of `method` on `fold`: a function of the plan and these two alone, but for its times, which `clock` tells in
    /// nanoseconds.
    ///
    /// # Errors
    /// What fitting or predicting says of the data.
    ///
    /// # Panics
    /// If there is no such method or fold.
    // Generic over the clock, so that the models are compiled where a comparison is run and not with the library.
    pub fn run(&self, method: usize, fold: usize, clock: &impl Fn() -> u64) -> Result<Cell> {
        let (method, split) = (&self.methods[method], &self.folds[fold]);
        let mut side = vec![Side::None; self.set.table.rows()];
        split.train.iter().for_each(|&row| side[row] = Side::Train);
        split.test.iter().for_each(|&row| side[row] = Side::Test);
        let tasks = &self.set.tasks;
        let units = match method.sharing {
            Sharing::Pooled => tasks.chunks(tasks.len()),
            Sharing::Independent => tasks.chunks(1),
            Sharing::Joint(method) => {
                let joint = Joint {
                    plan: self,
                    method,
                    fold,
                    side: &side,
                };
                return joint.run(clock);
            }
        };
        let mut cell = Cell::default();
        for tasks in units {
            let unit = Unit {
                set: self.set,
                tasks,
                side: &side,
                seed: self.seed,
            };
            unit.run(method.body, &mut cell, clock)?;
        }
        Ok(cell)
    }
}

/// What a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    None,
    Train,
    Test,
}

/// Tasks that share a model.
pub(super) struct Unit<'a> {
    pub set: &'a Set,
    pub tasks: &'a [Task],
    pub side: &'a [Side],
    pub seed: u64,
}

/// Rows to learn from.
struct Lesson {
    body: Body,
    rows: Vec<usize>,
    labels: Vec<f64>,
    /// Which classes have rows.
    present: Vec<u32>,
}

impl Unit<'_> {
    fn response(&self) -> &Response {
        &self.tasks[0].response
    }

    /// Rows and labels of `task` on one side.
    fn labelled(&self, task: &Task, side: Side) -> impl Iterator<Item = (usize, f64)> {
        let pairs = task.rows.iter().copied().zip(task.labels.iter().copied());
        pairs.filter(move |(row, _)| self.side[*row] == side)
    }

    pub(super) fn run(&self, body: Body, cell: &mut Cell, clock: &impl Fn() -> u64) -> Result<()> {
        let lesson = self.lesson(body);
        match lesson.body {
            Body::Mlp(_) => self.learn_and_score::<f32>(&lesson, cell, clock),
            _ => self.learn_and_score::<f64>(&lesson, cell, clock),
        }
    }

    #[inline]
    fn lesson(&self, mut body: Body) -> Lesson {
        let train = |task| self.labelled(task, Side::Train);
        let (mut rows, mut labels): (Vec<_>, Vec<_>) = self.tasks.iter().flat_map(train).unzip();
        if rows.is_empty() {
            let alike = |t: &&Task| t.response == *self.response();
            let others = self.set.tasks.iter().filter(alike);
            (rows, labels) = others.flat_map(train).unzip();
            body = Body::Constant;
        }
        let mut present = Vec::new();
        if let Response::Classes(levels) = self.response() {
            let count = |class: &u32| labels.contains(&f64::from(*class));
            present = (0..levels.len() as u32).filter(count).collect();
            if present.len() < 2 {
                body = Body::Constant;
            }
            if body == Body::Constant {
                present = (0..levels.len() as u32).collect();
            }
        }
        Lesson {
            body,
            rows,
            labels,
            present,
        }
    }

    fn learn_and_score<T: Real>(
        &self,
        lesson: &Lesson,
        cell: &mut Cell,
        clock: &impl Fn() -> u64,
    ) -> Result<()> {
        let start = clock();
        let pipeline: Pipeline<T> = self.learn(lesson)?;
        let learnt = clock();
        let test = self.tasks.iter().flat_map(|t| self.labelled(t, Side::Test));
        let rows: Vec<usize> = test.map(|(row, _)| row).collect();
        let prediction = pipeline.predict(&self.set.table.take(&rows))?;
        let predicted = clock();
        cell.fit_ns += learnt - start;
        cell.predict_ns += predicted - learnt;
        cell.rows += rows.len();
        cell.parameters += pipeline.model().parameters();
        cell.bytes += pipeline.model().parameters() * size_of::<T>();
        let mut predictions = prediction.rows();
        for task in self.tasks {
            let mut losses = Losses::default();
            for ((row, label), values) in self.labelled(task, Side::Test).zip(&mut predictions) {
                losses.add(self.set.weight(row), self.score(lesson, label, values));
            }
            cell.tasks.push(losses);
        }
        Ok(())
    }

    fn learn<T: Real>(&self, lesson: &Lesson) -> Result<Pipeline<T>> {
        let table = self.set.table.take(&lesson.rows);
        let has_value = |column: &Column| !(0..column.rows()).all(|row| column.is_empty_at(row));
        let usable = |name: &&String| table.column(name).is_ok_and(has_value);
        let features = self.set.features.iter().filter(usable);
        let features: Vec<&str> = features.map(String::as_str).collect();
        let place = |label: f64| lesson.present.iter().position(|c| f64::from(*c) == label);
        let codes = lesson.labels.iter().filter_map(|&label| place(label));
        let codes: Vec<u32> = codes.map(|place| place as u32).collect();
        let name = self.tasks[0].name.clone();
        let (target, labels) = match self.response() {
            Response::Number => (Target::Numbers(vec![name]), Labels::Numbers(&lesson.labels)),
            Response::Classes(levels) => {
                let names = lesson.present.iter().map(|&c| &levels.names()[c as usize]);
                let levels = Levels::from_names(names.cloned().collect())?;
                (Target::Classes { name, levels }, Labels::Classes(&codes))
            }
        };
        let weights: Vec<f64> = lesson
            .rows
            .iter()
            .map(|&row| self.set.weight(row))
            .collect();
        let training = Training {
            table: &table,
            features: &features,
            target: &target,
            labels,
            weights: self.set.weights.as_ref().map(|_| &weights[..]),
        };
        let mut go_on = |_: &_| ControlFlow::Continue(());
        let (pipeline, _) = self.recipe(lesson.body).fit(&training, &mut go_on)?;
        Ok(pipeline)
    }

    fn recipe(&self, body: Body) -> Recipe {
        let number = *self.response() == Response::Number;
        let learner = match body {
            Body::Constant => Learner::Constant,
            Body::Linear if number => Learner::Ridge(Ridge::default()),
            Body::Linear => Learner::Logistic(LogisticRegression::default()),
            Body::Mlp(width) if number => Learner::MlpRegressor(network(width, self.seed)),
            Body::Mlp(width) => Learner::MlpClassifier(network(width, self.seed)),
        };
        Recipe {
            learner,
            encoder: self.set.encoder.clone(),
            standardize: true,
            seed: self.seed,
        }
    }

    /// Loss of a prediction, and whether it hits.
    fn score<T: Real>(&self, lesson: &Lesson, label: f64, values: &[T]) -> (f64, bool) {
        let Response::Classes(levels) = self.response() else {
            return loss(self.response(), label, |_| values[0].to_f64());
        };
        let (k, known) = (levels.len(), lesson.present.len());
        let unseen = 1.0 / (lesson.rows.len() + k) as f64;
        let share = 1.0 - unseen * (k - known) as f64;
        let of = |class: u32| match lesson.present.iter().position(|&c| c == class) {
            Some(place) => share * values[place].to_f64(),
            None => unseen,
        };
        loss(self.response(), label, of)
    }
}

/// The loss of a prediction, the number or the probability `of` each class, and whether it hits.
pub(super) fn loss(response: &Response, label: f64, of: impl Fn(u32) -> f64) -> (f64, bool) {
    let Response::Classes(levels) = response else {
        let error = of(0) - label;
        return (error * error, false);
    };
    // The first of equals counts, as in a prediction.
    let better = |best, c| if of(c) > of(best) { c } else { best };
    let best = (1..levels.len() as u32).fold(0, better);
    let own = of(label as u32).max(LEAST_PROBABILITY);
    (-Real::ln(own), f64::from(best) == label)
}

fn network<K>(width: usize, seed: u64) -> Mlp<K> {
    Mlp::default()
        .with_hidden_layer_sizes(&[width])
        .with_seed(seed)
}

impl Losses {
    pub(super) fn add(&mut self, weight: f64, (loss, hit): (f64, bool)) {
        self.loss += weight * loss;
        self.hits += if hit { weight } else { 0.0 };
        self.weight += weight;
    }
}
