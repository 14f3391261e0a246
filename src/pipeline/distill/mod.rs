//! From teachers to a student, on a raw table.
//!
//! ```text
//! table --teachers--> what they say of each row, once        Teaching: links and predictions, a task each
//! table --encoder, scaler--> x --a small network--> links    taught by that and by the labels that there are
//! ```
//! The student is a trunk with a head a task; of a single target it is saved as the plain network that it then is, else as a
//! `hard-sharing` model of tasks. Numbers are brought to the scale of the training rows' targets: labels, and the teacher's word where
//! there is none.

mod student;
mod teaching;

pub use student::Distilled;
pub use teaching::Teaching;

use alloc::{
    string::{String, ToString},
    vec,
    vec::Vec,
};

use cognate_kernels::{Activation, MatRef};

use super::model::Model;
use super::tasks::{Form, Response, TaskModel, TaskPipeline};
use super::{Pipeline, Target, name_column, narrow};
use crate::data::encode::Encoder;
use crate::data::scale::{Scaler, StandardScaler};
use crate::data::table::Table;
use crate::error::Result;
use crate::meta::distill::{
    Distillation, Lesson, Matched, Pupil, Softened, SoftenedLogistic, Student, Taught,
};
use crate::model::{ClassModel, Network};
use crate::mtl::Kind;
use crate::mtl::net::{Architecture, Built, Outline, Output, TaskNetwork};
use crate::optim::{Callback, Report};
use crate::params::Span;

/// A student to be, and how it is taught.
#[derive(Clone, Debug)]
pub struct DistillRecipe {
    /// Units of its hidden layers.
    pub hidden: Vec<usize>,
    /// Of the hidden layers.
    pub activation: Activation,
    /// T, above 0: both sides' logits are divided by it where classes are taught.
    pub temperature: f64,
    /// The part of the labels in the loss, in [0, 1]; the teacher has the rest.
    pub alpha: f64,
    /// How it is trained.
    pub distillation: Distillation,
    /// The seed of the start, kept in the file.
    pub seed: u64,
}

/// The rows to learn from, and what is said of them.
#[derive(Clone, Copy, Debug)]
pub struct DistillTraining<'a> {
    /// The raw table.
    pub table: &'a Table,
    /// The features and their encoding.
    pub encoder: &'a Encoder,
    /// The scaler of the encoded features.
    pub scaler: &'a Scaler,
    /// What teachers say of all rows of the table, a task each.
    pub teachings: &'a [Teaching],
    /// The truth of all rows, for each task: a number, or the place of the class; `None` where it is not known.
    pub labels: &'a [Vec<Option<f64>>],
    /// How the table shows tasks; `None` for a student of one target.
    pub form: Option<&'a Form>,
    /// The rows to learn from.
    pub rows: &'a [usize],
}

/// The scaler of `table`'s encoded features over some rows.
///
/// # Errors
/// What the encoder says of the table; a column whose numbers are too large.
#[inline]
pub fn fit_scaler(encoder: &Encoder, table: &Table) -> Result<Scaler> {
    let x = encoder.transform(table)?;
    let x = MatRef::planned(&x, table.rows(), encoder.width());
    let scaler = StandardScaler::default().fit(x, None);
    scaler.map_err(|e| name_column(e, &encoder.names()))
}

impl DistillRecipe {
    /// The same for a student that learns from labels alone.
    pub fn alone(&self) -> Self {
        let mut alone = self.clone();
        (alone.alpha, alone.distillation.anneal) = (1.0, false);
        alone
    }

    /// Trains the student. `progress` is called after each epoch and may stop the work.
    ///
    /// # Errors
    /// If a setting is not allowed; what the encoder says of the table; if training ends in numbers that are not finite.
    #[inline]
    pub fn fit(
        &self,
        training: &DistillTraining<'_>,
        progress: Callback<'_>,
    ) -> Result<(Distilled, Report)> {
        let scales = training.target_scales()?;
        let outputs: Vec<Output> = training.teachings.iter().map(output).collect();
        let outline = Outline {
            features: training.encoder.width(),
            hidden: &self.hidden,
            activation: self.activation,
            outputs: &outputs,
        };
        let built: Built<f32> = Architecture::HardSharing.build(&outline, self.seed)?;
        let mut params = built.start.clone();
        let pupils: Vec<Pupil> = training.teachings.iter().map(|t| self.pupil(t)).collect();
        let student = Student {
            net: &built.net,
            weights: &built.weights,
            params: &mut params,
            tasks: &pupils,
        };
        let x = training.inputs()?;
        let x = MatRef::planned(&x, training.rows.len(), outline.features);
        let taught = training.taught(&scales)?;
        let report = self.distillation.train(student, x, &taught, progress);
        let report = report.map_err(|e| name_column(e, &training.encoder.names()))?;
        let distilled = match training.form {
            None => Distilled::Single(self.single(training, scales, &built, &params)?),
            Some(form) => {
                let network = TaskNetwork::new(&Architecture::HardSharing, &outline, params)?;
                Distilled::Tasks(self.tasks(training, form, scales, network)?)
            }
        };
        Ok((distilled, report))
    }

    /// How a task is taught.
    fn pupil(&self, teaching: &Teaching) -> Pupil {
        let (temperature, alpha) = (self.temperature, self.alpha);
        let kind = teaching.response.kind();
        Pupil {
            outputs: kind.links(),
            lesson: match kind {
                Kind::Number => Lesson::Numbers(Matched { alpha }),
                Kind::Classes(2) => Lesson::Logits(SoftenedLogistic { temperature, alpha }),
                Kind::Classes(_) => Lesson::Classes(Softened { temperature, alpha }),
            },
            weight: 1.0,
        }
    }

    #[inline]
    fn single(
        &self,
        training: &DistillTraining<'_>,
        scales: Vec<(f64, f64)>,
        built: &Built<f32>,
        params: &[f32],
    ) -> Result<Pipeline<f32>> {
        let network = self.network(training.encoder.width(), built, params)?;
        let first = &training.teachings[0];
        let (model, target) = match &first.response {
            Response::Classes(levels) => {
                let (name, levels) = (first.name.clone(), levels.clone());
                let model = Model::MlpClassifier(ClassModel::from_map(network)?);
                (model, Target::Classes { name, levels })
            }
            Response::Number => {
                let names = training.teachings.iter().map(|t| t.name.clone());
                let target = Target::Numbers(names.collect());
                (Model::MlpRegressor(network), target)
            }
        };
        let scaled = first.response == Response::Number;
        let target_scaler = scaled.then(|| scaler_of(scales)).transpose()?;
        Ok(Pipeline {
            encoder: training.encoder.clone(),
            scaler: Some(training.scaler.clone()),
            model,
            target_scaler,
            target,
            seed: self.seed,
        })
    }

    /// The trunk with all heads side by side as one last layer.
    #[inline]
    fn network(&self, features: usize, built: &Built<f32>, params: &[f32]) -> Result<Network<f32>> {
        let layout = built.layout.view();
        let spans: Vec<Span> = layout.iter().map(|(_, span)| span).collect();
        let heads = spans[2 * self.hidden.len()..].chunks_exact(2);
        let (weights, biases): (Vec<Span>, Vec<Span>) = heads.map(|h| (h[0], h[1])).unzip();
        let trunk = weights[0].start;
        let (inputs, mut all) = (weights[0].rows, params[..trunk].to_vec());
        for i in 0..inputs {
            let row = |w: &Span| w.of(params)[i * w.cols..][..w.cols].to_vec();
            all.extend(weights.iter().flat_map(row));
        }
        all.extend(biases.iter().flat_map(|b| b.of(params)));
        let outputs = weights.iter().map(|w| w.cols).sum();
        let mut sizes = vec![features];
        sizes.extend_from_slice(&self.hidden);
        sizes.push(outputs);
        Network::new(&sizes, self.activation, all)
    }

    #[inline]
    fn tasks(
        &self,
        training: &DistillTraining<'_>,
        form: &Form,
        mut scales: Vec<(f64, f64)>,
        network: TaskNetwork<f32>,
    ) -> Result<TaskPipeline> {
        let number = |t: &Teaching| t.response == Response::Number;
        let scaled = training.teachings.iter().any(number);
        if let Form::Long { .. } = form {
            scales.truncate(1);
        }
        let tasks = training.teachings.iter();
        Ok(TaskPipeline {
            encoder: training.encoder.clone(),
            scaler: Some(training.scaler.clone()),
            model: TaskModel::F32 {
                method: "hard-sharing".to_string(),
                network,
            },
            target_scaler: scaled.then(|| scaler_of(scales)).transpose()?,
            form: form.clone(),
            tasks: tasks
                .map(|t| (t.name.clone(), t.response.clone()))
                .collect(),
            tree: None,
            seed: self.seed,
        })
    }
}

fn output(teaching: &Teaching) -> Output {
    Output {
        name: teaching.name.clone(),
        kind: teaching.response.kind(),
    }
}

fn scaler_of(scales: Vec<(f64, f64)>) -> Result<Scaler> {
    let (shift, scale) = scales.into_iter().unzip();
    Scaler::new(shift, scale)
}

impl DistillTraining<'_> {
    /// Encoded and scaled features of the rows to learn from.
    #[inline]
    fn inputs(&self) -> Result<Vec<f32>> {
        let x = self.encoder.transform(&self.table.take(self.rows))?;
        let raw = MatRef::planned(&x, self.rows.len(), self.encoder.width());
        Ok(narrow(&self.scaler.transform(raw)?))
    }

    /// What task `t` is to say of its training rows: the label, or the teacher's word where there is none.
    fn wanted(&self, t: usize) -> Vec<f64> {
        let teaching = &self.teachings[t];
        let own = self.rows.iter().filter(|&&i| teaching.has(i));
        own.map(|&i| self.labels[t][i].unwrap_or(teaching.links[i]))
            .collect()
    }

    /// Mean and spread of each task's numbers, (0, 1) of classes; in the long form those of all tasks.
    #[inline]
    fn target_scales(&self) -> Result<Vec<(f64, f64)>> {
        let count = self.teachings.len();
        let numbers = |t: &Teaching| t.response == Response::Number;
        let scale = |wanted: Vec<f64>, name: &String| -> Result<(f64, f64)> {
            let wanted = MatRef::planned(&wanted, wanted.len(), 1);
            let scaler = StandardScaler::default().fit(wanted, None);
            let scaler = scaler.map_err(|e| name_column(e, core::slice::from_ref(name)))?;
            Ok((scaler.shift()[0], scaler.scale()[0]))
        };
        if let (Some(Form::Long { target, .. }), true) = (self.form, numbers(&self.teachings[0])) {
            let all = (0..count).flat_map(|t| self.wanted(t)).collect();
            return Ok(vec![scale(all, target)?; count]);
        }
        let one = |(t, teaching): (usize, &Teaching)| match numbers(teaching) {
            true => scale(self.wanted(t), &teaching.name),
            false => Ok((0.0, 1.0)),
        };
        self.teachings.iter().enumerate().map(one).collect()
    }

    /// The targets of all tasks on the rows to learn from.
    #[inline]
    fn taught(&self, scales: &[(f64, f64)]) -> Result<Taught<f32>> {
        let task = |(t, teaching): (usize, &Teaching)| {
            let (n, k) = (self.rows.len(), teaching.response.kind().links());
            let (shift, scale) = scales[t];
            let scaled = |v: f64| ((v - shift) / scale) as f32;
            let links: Vec<f32> = teaching
                .links_of(self.rows)
                .into_iter()
                .map(scaled)
                .collect();
            let links = MatRef::planned(&links, n, k);
            let labels = self.rows.iter().map(|&i| self.labels[t][i]);
            let taught = match teaching.response.kind() {
                Kind::Classes(3..) => {
                    let labels: Vec<Option<u32>> = labels.map(|l| l.map(|c| c as u32)).collect();
                    Taught::classes(links, &labels)
                }
                _ => {
                    let truth = labels.map(|l| l.map_or(f32::NAN, scaled));
                    let truth: Vec<f32> = truth.collect();
                    Taught::values(links, MatRef::planned(&truth, n, k))
                }
            };
            let of: Vec<bool> = self.rows.iter().map(|&i| teaching.has(i)).collect();
            taught?.on_rows(&of)
        };
        let tasks: Vec<Taught<f32>> =
            (self.teachings.iter().enumerate().map(task)).collect::<Result<_>>()?;
        Taught::together(&tasks)
    }
}
