//! Meta-models in files: beside what every model file has, the metadata say
//! ```text
//! kind     meta              method        maml                     task    the column that names tasks
//!                                                                          (absent where tasks are made of a table's classes)
//! shots    10                outputs       what a row predicts: 1 number, or so many classes
//! hidden   [40, 40]          activation    relu
//! inner_steps, inner_rate, momentum, proximal, context              of a gradient method
//! ```
//! and the tensors are `layers.N.weight`, `layers.N.bias`, `context`, and `rates` where they are learned, or `head`: what a head in closed
//! form has learned across tasks.

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use cognate_kernels::Activation;

use super::{Brought, MetaPipeline};
use crate::error::Result;
use crate::io::{Writer, read_parameters};
use crate::meta::embedding::{Baseline, EmbeddingLearner, EmbeddingModel};
use crate::meta::episodes::{Shape, TargetKind};
use crate::meta::methods::Rule;
use crate::meta::{MetaLearner, MetaModel};
use crate::params::Layout;
use crate::pipeline::Target;
use crate::pipeline::file::{
    Meta, count_numbers, read_hidden, strings, write_encoder, write_scalers, write_start,
};
use crate::pipeline::model::{activation_name, activation_named};

/// The method whose body learned all tasks at once.
const BASELINE: &str = "baseline";

/// The kind of a meta-model.
pub(in crate::pipeline) const META: &str = "meta";

impl MetaPipeline {
    /// The method's name.
    pub fn method(&self) -> &'static str {
        match &self.brought {
            Brought::Steps(model) => model.settings().rule.name,
            Brought::Embedding(model) => model.settings().head.name(),
            Brought::Baseline(_) => BASELINE,
        }
    }

    /// The whole pipeline as a safetensors file.
    #[inline]
    pub fn to_file(&self) -> Vec<u8> {
        let mut file = write_start(META, "f32", self.seed)
            .text("method", self.method())
            .text("shots", &self.shots.to_string())
            .text("targets", &strings(self.target.names()));
        if let Some(column) = &self.task_column {
            file = file.text("task", column);
        }
        if let Target::Classes { levels, .. } = &self.target {
            file = file.text("classes", &strings(levels.names()));
        }
        file = write_encoder(file, &self.encoder);
        file = write_scalers(file, self.scaler.as_ref(), self.target_scaler.as_ref());
        match &self.brought {
            Brought::Steps(model) => write_steps(file, model),
            Brought::Embedding(model) | Brought::Baseline(model) => write_embedding(file, model),
        }
        .finish()
    }

    /// Finds a meta-model in a file.
    #[inline]
    pub(in crate::pipeline) fn read(meta: &Meta<'_, '_, '_>) -> Result<Self> {
        let (target, encoder) = (meta.target()?, meta.encoder()?);
        let outputs = number(meta, "outputs")?;
        let shape = Shape {
            features: encoder.width(),
            targets: match target {
                Target::Numbers(_) => TargetKind::Numbers(outputs),
                Target::Classes { .. } => TargetKind::Classes(outputs),
            },
        };
        let method = meta.text("method")?;
        let brought = match (Rule::named(&method), EmbeddingLearner::named(&method)) {
            (Some(rule), _) => Brought::Steps(read_steps(meta, rule, shape)?),
            _ if method == BASELINE => {
                let learner = Baseline::default().learner(shape.targets);
                Brought::Baseline(read_embedding(meta, learner, shape)?)
            }
            (None, Some(learner)) => Brought::Embedding(read_embedding(meta, learner, shape)?),
            (None, None) => return meta.bad("the model file names an unknown method"),
        };
        Ok(Self {
            scaler: meta.scaler("scaler", encoder.width())?,
            target_scaler: meta.scaler("target_scaler", 1)?,
            encoder,
            target,
            task_column: meta.0.text("task").map(|text| text.to_string()),
            brought,
            shots: number(meta, "shots")?,
            seed: meta.seed()?,
        })
    }
}

#[inline]
fn write_body(file: Writer, hidden: &[usize], activation: Activation, outputs: usize) -> Writer {
    let hidden: Vec<String> = hidden.iter().map(ToString::to_string).collect();
    file.text("hidden", &format!("[{}]", hidden.join(",")))
        .text("activation", activation_name(activation))
        .text("outputs", &outputs.to_string())
}

#[inline]
fn write_steps(file: Writer, model: &MetaModel<f32>) -> Writer {
    let settings = model.settings();
    let outputs = model.shape().targets.outputs();
    let rates = &model.meta()[model.params().len()..];
    write_body(file, &settings.hidden, settings.activation, outputs)
        .text("inner_steps", &settings.inner_steps.to_string())
        .text("inner_rate", &format!("{:?}", settings.inner_rate))
        .text("momentum", &format!("{:?}", settings.momentum))
        .text("proximal", &format!("{:?}", settings.proximal))
        .text("context", &settings.context.to_string())
        .parameters(model.layout(), model.params())
        .tensor("rates", &[rates.len()], rates)
}

#[inline]
fn write_embedding(file: Writer, model: &EmbeddingModel<f32>) -> Writer {
    let settings = model.settings();
    let (body, head) = model.params().split_at(model.layout().len());
    let outputs = model.shape().targets.outputs();
    write_body(file, &settings.hidden, settings.activation, outputs)
        .parameters(model.layout(), body)
        .tensor("head", &[head.len()], head)
}

/// The number under `name`.
fn number<R: core::str::FromStr>(meta: &Meta<'_, '_, '_>, name: &str) -> Result<R> {
    let text = meta.text(name)?;
    text.parse()
        .or_else(|_| meta.bad("a number of the model file's metadata is none"))
}

/// Units of the hidden layers, and what they do.
#[inline]
fn read_body(meta: &Meta<'_, '_, '_>, shape: Shape) -> Result<(Vec<usize>, Activation)> {
    let hidden = read_hidden(meta, shape.features)?;
    let Some(activation) = activation_named(&meta.text("activation")?) else {
        return meta.bad("the model file names an unknown activation");
    };
    Ok((hidden, activation))
}

/// Parameters of `layout`, then the vector called `name` of so many numbers.
#[inline]
fn read_all(
    meta: &Meta<'_, '_, '_>,
    layout: Layout<'_>,
    (name, length): (&str, usize),
) -> Result<Vec<f32>> {
    let mut all = vec![0.0; layout.len()];
    read_parameters(meta.0, layout, &mut all)?;
    all.extend(meta.vector::<f32>(name, length)?);
    Ok(all)
}

#[inline]
fn read_steps(meta: &Meta<'_, '_, '_>, rule: Rule, shape: Shape) -> Result<MetaModel<f32>> {
    let (hidden, activation) = read_body(meta, shape)?;
    let context: usize = number(meta, "context")?;
    if shape.targets.outputs().max(context) > count_numbers(meta) {
        return meta.bad("the outputs or the context of the network do not fit its weights");
    }
    let settings = MetaLearner {
        activation,
        momentum: number(meta, "momentum")?,
        proximal: number(meta, "proximal")?,
        context,
        ..MetaLearner::new(rule)
            .with_hidden(&hidden)
            .with_inner(number(meta, "inner_steps")?, number(meta, "inner_rate")?)
    };
    let blank = MetaModel::<f32>::start(&settings, shape)?;
    let rates = blank.meta().len() - blank.params().len();
    let all = read_all(meta, blank.layout(), ("rates", rates))?;
    MetaModel::new(&settings, shape, all)
}

#[inline]
fn read_embedding(
    meta: &Meta<'_, '_, '_>,
    learner: EmbeddingLearner,
    shape: Shape,
) -> Result<EmbeddingModel<f32>> {
    let (hidden, activation) = read_body(meta, shape)?;
    let settings = EmbeddingLearner {
        activation,
        ..learner.with_hidden(&hidden)
    };
    let blank = EmbeddingModel::<f32>::start(&settings, shape)?;
    let head = blank.params().len() - blank.layout().len();
    let all = read_all(meta, blank.layout(), ("head", head))?;
    EmbeddingModel::new(&settings, shape, all)
}
