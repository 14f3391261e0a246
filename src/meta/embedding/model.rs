//! A meta-trained body, and the heads that tasks solve for on it.

use alloc::{format, vec, vec::Vec};
use core::ops::Range;

use cognate_kernels::{Activation, MatMut, MatRef, Product, Real};

use super::{EmbeddingHead, EmbeddingLearner};
use crate::check;
use crate::error::{Error, Result};
use crate::layer::{Ctx, Dense, Forward, Mode, Stack};
use crate::loss::{Target, Targets};
use crate::meta::episodes::{EpisodeBatch, Episodes, Shape, TargetKind};
use crate::meta::heads::{ClosedForm, Head};
use crate::meta::loss::TargetLoss;
use crate::meta::{Rows, Score};
use crate::params::{Layout, LayoutBuf};
use crate::workspace::{Workspace, default_level};

/// A body that tasks share.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddingModel<T> {
    settings: EmbeddingLearner,
    shape: Shape,
    layers: Vec<Dense>,
    layout: LayoutBuf,
    /// The body's parameters, then the head's own.
    pub(super) params: Vec<T>,
}

/// What a task solved for: `z = h W + b`.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaptedHead<T> {
    /// `d x c`, row by row.
    pub weights: Vec<T>,
    /// `c`.
    pub bias: Vec<T>,
}

/// The learner that is trained: views of the model.
pub(super) type Trained<'a, T> = ClosedForm<T, Stack<&'a [Dense]>, EmbeddingHead, TargetLoss>;

impl<T: Real> EmbeddingModel<T> {
    /// An untrained model for rows of this shape.
    ///
    /// # Errors
    /// If a setting is not allowed, the rows have no features or targets, or the head is for classes and the targets are numbers.
    pub fn start(settings: &EmbeddingLearner, shape: Shape) -> Result<Self> {
        settings.check()?;
        check::not_empty("features", shape.features)?;
        check::not_empty("targets", shape.targets.outputs())?;
        let only_classes = !matches!(settings.head, EmbeddingHead::Ridge(_));
        if let (true, TargetKind::Numbers(_)) = (only_classes, shape.targets) {
            return Err(Error::Setting {
                name: "the target of this head",
                must: "classes",
                found: f64::NAN,
            });
        }
        let (layers, layout) = body(settings, shape.features);
        let own = Head::<T>::params(&settings.head);
        let mut params = vec![T::ZERO; layout.view().len() + own];
        let (of_body, of_head) = params.split_at_mut(layout.view().len());
        for layer in &layers {
            layer.init(settings.init, settings.seed, of_body);
        }
        let head = settings.head.started_for(shape.targets);
        head.start(of_head);
        Ok(Self {
            settings: settings.clone(),
            shape,
            layers,
            layout,
            params,
        })
    }

    /// The model of these parameters, as [`EmbeddingModel::params`] gives them.
    ///
    /// # Errors
    /// As [`EmbeddingModel::start`]; if there are more or fewer parameters, or one is not finite.
    pub fn new(settings: &EmbeddingLearner, shape: Shape, params: Vec<T>) -> Result<Self> {
        let model = Self::start(settings, shape)?;
        check::shape("params", (params.len(), 1), (model.params.len(), 1))?;
        check::finite("params", MatRef::planned(&params, params.len(), 1))?;
        Ok(Self { params, ..model })
    }

    /// The settings that it was trained with.
    pub fn settings(&self) -> &EmbeddingLearner {
        &self.settings
    }

    /// What its rows are like.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The body's parameters, then the head's own.
    pub fn params(&self) -> &[T] {
        &self.params
    }

    /// Names and places of the body's parameters.
    pub fn layout(&self) -> Layout<'_> {
        self.layout.view()
    }

    pub(super) fn trained(&self) -> Trained<'_, T> {
        let (body, loss) = (Stack(&self.layers[..]), TargetLoss(self.shape.targets));
        ClosedForm::new(body, self.layout.view().len(), self.settings.head, loss)
    }

    fn features(&self) -> usize {
        Forward::<T>::width(&Stack(&self.layers[..])).1
    }

    /// Numbers a row, or the classes of a support set: a task may have more or fewer than those of training.
    fn outputs_of(&self, y: &Targets<'_, T>) -> usize {
        match y.target {
            Target::Classes(labels) => labels.iter().max().map_or(0, |&top| top as usize + 1),
            Target::Values(y) => y.cols(),
        }
    }

    /// Learns a task from the support rows `x: n x d` with targets `y`.
    ///
    /// # Errors
    /// If a shape or target does not fit, a number is not finite, a class has no row where the head needs one, or the head's fit fails.
    pub fn adapt(&self, x: MatRef<'_, T>, y: Targets<'_, T>) -> Result<AdaptedHead<T>> {
        check::matrix("x", x)?;
        check::shape("x", (x.rows(), x.cols()), (x.rows(), self.shape.features))?;
        let (trained, outputs) = (self.trained(), self.outputs_of(&y));
        let shape = trained.shape(x.rows(), 0, outputs);
        let mut workspace = Workspace::new(trained.need(&shape));
        let mut fitted = vec![T::ZERO; self.settings.head.of::<T>().fitted(&shape)];
        let work = &mut workspace.slabs().work;
        trained.adapt(&self.params, x, y, outputs, &mut fitted, work)?;
        let mut weights = vec![T::ZERO; self.features() * outputs];
        let mut bias = vec![T::ZERO; outputs];
        let own = &self.params[self.layout.view().len()..];
        let head = self.settings.head;
        head.as_linear(own, &fitted, &mut weights, &mut bias);
        Ok(AdaptedHead { weights, bias })
    }

    /// Outputs (numbers, or logits) of an adapted task for `x: n x d`: `n x c`, row by row.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn predict(&self, adapted: &AdaptedHead<T>, x: MatRef<'_, T>) -> Result<Vec<T>> {
        check::shape("x", (x.rows(), x.cols()), (x.rows(), self.shape.features))?;
        check::finite("x", x)?;
        let (n, d, c) = (x.rows(), self.features(), adapted.bias.len());
        let body = Stack(&self.layers[..]);
        let mut workspace = Workspace::<T>::new(Forward::<T>::need(&body, Mode::Predict, n, 1));
        let (mut h, mut z) = (vec![T::ZERO; n * d], vec![T::ZERO; n * c]);
        let work = &mut workspace.slabs().work;
        let into = MatMut::planned(&mut h, n, d);
        body.forward(&Ctx::PREDICT, &self.params, x, into, &mut [], work);
        let weights = MatRef::planned(&adapted.weights, d, c);
        let product = Product::new(MatRef::planned(&h, n, d), weights).bias(&adapted.bias);
        let into = MatMut::planned(&mut z, n, c);
        cognate_kernels::gemm(default_level(), product, into, &mut []);
        Ok(z)
    }

    /// Adapts to each of the tasks numbered `tasks`, and scores its query rows: the mean of `(z - y)^2`, or the share classified right. A
    /// task whose head cannot be solved scores NaN.
    ///
    /// # Errors
    /// If the rows are not the model's.
    ///
    /// # Panics
    /// If there are no tasks.
    #[track_caller]
    pub fn evaluate<E: Episodes<T> + ?Sized>(
        &self,
        episodes: &E,
        tasks: Range<u64>,
    ) -> Result<Score> {
        assert!(!tasks.is_empty(), "nothing to evaluate");
        Ok(Score::of(&self.task_scores(episodes, tasks)?))
    }

    /// What [`EmbeddingModel::evaluate`] is made of: each task's own score.
    ///
    /// # Errors
    /// If the rows are not the model's.
    pub fn task_scores<E: Episodes<T> + ?Sized>(
        &self,
        episodes: &E,
        tasks: Range<u64>,
    ) -> Result<Vec<f64>> {
        let mut batch = EpisodeBatch::new();
        let mut values = Vec::new();
        for task in tasks {
            batch.draw(episodes, task..task + 1);
            let support = batch.support();
            values.push(match self.adapt(support.x, support.y) {
                Ok(adapted) => self.score(&adapted, batch.query())?,
                Err(Error::FewRows { .. } | Error::Diverged) => f64::NAN,
                Err(error) => return Err(error),
            });
        }
        Ok(values)
    }

    fn score(&self, adapted: &AdaptedHead<T>, query: Rows<'_, T>) -> Result<f64> {
        let z = self.predict(adapted, query.x)?;
        let (n, c) = (query.x.rows(), adapted.bias.len());
        Ok(match query.y.target {
            Target::Values(y) => {
                let error = |i: usize, j: usize| z[i * c + j].to_f64() - y.at(i, j).to_f64();
                let cells = (0..n).flat_map(|i| (0..c).map(move |j| (i, j)));
                let sum: f64 = cells.map(|(i, j)| error(i, j) * error(i, j)).sum();
                sum / (n * c) as f64
            }
            Target::Classes(labels) => {
                let right = |(row, label): &(&[T], &u32)| top(row) == **label as usize;
                let hits = z.chunks_exact(c).zip(labels).filter(right).count();
                hits as f64 / n as f64
            }
        })
    }

    /// The adapted learner as a plain network with the hidden layers' activation: sizes of its layers from the inputs on, and their
    /// parameters in the order `W_0 (in x out), b_0, W_1, ..`.
    pub fn adapted_layers(&self, adapted: &AdaptedHead<T>) -> (Vec<usize>, Vec<T>) {
        let outputs = adapted.bias.len();
        let mut sizes = vec![self.shape.features];
        sizes.extend_from_slice(&self.settings.hidden);
        let mut params = self.params[..self.layout.view().len()].to_vec();
        if self.last_is_linear() {
            // Two linear layers are one: (h V + a) W + b = h (V W) + (a W + b).
            let last = self.layers[self.layers.len() - 1];
            let features = sizes.pop().unwrap_or(0);
            let inputs = sizes[sizes.len() - 1];
            let mut merged = vec![T::ZERO; (inputs + 1) * outputs];
            let (of_weights, of_bias) = merged.split_at_mut(inputs * outputs);
            of_bias.copy_from_slice(&adapted.bias);
            let weights = MatRef::planned(&adapted.weights, features, outputs);
            let biases = last.bias.expect("every layer of the body has a bias");
            let product = |x| Product::new(x, weights);
            let level = default_level();
            let into = MatMut::planned(of_weights, inputs, outputs);
            cognate_kernels::gemm(level, product(last.weight.mat(&params)), into, &mut []);
            let into = MatMut::planned(of_bias, 1, outputs);
            let biased = product(biases.mat(&params)).beta(T::ONE);
            cognate_kernels::gemm(level, biased, into, &mut []);
            params.truncate(last.weight.start);
            params.extend(merged);
        } else {
            params.extend_from_slice(&adapted.weights);
            params.extend_from_slice(&adapted.bias);
        }
        sizes.push(outputs);
        (sizes, params)
    }

    fn last_is_linear(&self) -> bool {
        self.layers
            .last()
            .is_some_and(|layer| layer.activation == Activation::Identity)
    }
}

/// The place of the largest number, the first of equals.
fn top<T: Real>(row: &[T]) -> usize {
    (1..row.len()).fold(0, |top, j| if row[j] > row[top] { j } else { top })
}

/// The body's layers and their names.
#[inline]
fn body(settings: &EmbeddingLearner, features: usize) -> (Vec<Dense>, LayoutBuf) {
    let mut sizes = vec![features];
    sizes.extend_from_slice(&settings.hidden);
    let (mut layout, last) = (LayoutBuf::new(), settings.hidden.len() - 1);
    let layer = |(n, sides): (usize, &[usize])| Dense {
        weight: layout.add_weight(&format!("layers.{n}.weight"), sides[0], sides[1]),
        bias: Some(layout.add(&format!("layers.{n}.bias"), 1, sides[1])),
        activation: match settings.head {
            EmbeddingHead::Prototypes if n == last => Activation::Identity,
            _ => settings.activation,
        },
    };
    let layers = sizes.windows(2).enumerate().map(layer).collect();
    (layers, layout)
}
