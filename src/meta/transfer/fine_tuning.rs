//! Fine-tuning of a pretrained network by mini-batches.
//!
//! ```text
//! 1/s (sum_i w_i l(net(p, x_i), y_i) + alpha/2 |W|^2) + pull/2 |p_S - p0_S|^2         a mini-batch of weight s
//! ```
//! | what | pull | first |
//! |---|---|---|
//! | fine-tuning (a warm start) | 0; `alpha` holds down all weights W | |
//! | L2-SP (Li, Grandvalet and Davoine 2018) | above 0, on all that came with the source; `alpha` on a new head's weights alone | |
//! | LP-FT (Kumar and others 2022) | 0 | the last layer alone, to its optimum on the frozen body's features |
//!
//! The probe is convex: ridge regression, or logistic regression with `C = 1 / alpha`, in `f64`. A body whose head is already fitted is
//! hardly moved by a head that learns from nothing, which is what LP-FT is for. Where the targets are others than the source's, the head is
//! new ([`with_new_head`]).

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real};

use super::L2Sp;
use crate::check;
use crate::error::{Error, Result};
use crate::layer::Stack;
use crate::loss::{Target, Targets};
use crate::meta::MiniBatches;
use crate::meta::distill::hidden;
use crate::model::{Head, LinearModel, Links, LogisticRegression, MlpRegressor, Network, Ridge};
use crate::objective::net::NetObjective;
use crate::optim::{Callback, Report};
use crate::params::Span;

/// The gradient at which a probe of classes has converged, and its iterations at most.
const PROBE: (f64, usize) = (1e-8, 10_000);

/// The least `alpha` of a probe, so that it has an optimum.
const LEAST: f64 = 1e-8;

/// How a network is fine-tuned.
#[derive(Clone, Debug, PartialEq)]
pub struct FineTuning {
    /// Mini-batches, epochs, rate.
    pub training: MiniBatches,
    /// Strength of the penalty on weights, at least 0. Default 1e-4.
    pub alpha: f64,
    /// Strength of the pull to where the source was, at least 0. Default 0.
    pub pull: f64,
    /// Whether the last layer is fitted first. Default false.
    pub probe: bool,
}

impl Default for FineTuning {
    fn default() -> Self {
        Self {
            training: MiniBatches::default(),
            alpha: 1e-4,
            pull: 0.0,
            probe: false,
        }
    }
}

/// How fine-tuning went.
#[derive(Clone, Debug, PartialEq)]
pub struct FineTuningReport {
    /// Of the probe, where it took iterations: ridge regression takes none.
    pub probe: Option<Report>,
    /// Of the training of all layers.
    pub training: Report,
}

/// `network` with an untrained last layer of `outputs` outputs, from the streams of `seed`.
///
/// # Errors
/// If there are no outputs.
pub fn with_new_head<T: Real>(
    network: &Network<T>,
    outputs: usize,
    seed: u64,
) -> Result<Network<T>> {
    let sizes = network.sizes();
    let start = MlpRegressor::default()
        .with_hidden_layer_sizes(&sizes[1..sizes.len() - 1])
        .with_activation(network.activation())
        .with_seed(seed)
        .start::<T>(sizes[0], outputs)?;
    let mut params = start.network().params().to_vec();
    let body = network.layers()[network.layers().len() - 1].weight.start;
    params[..body].copy_from_slice(&network.params()[..body]);
    let mut sizes = sizes;
    sizes.pop();
    sizes.push(outputs);
    Network::new(&sizes, network.activation(), params)
}

impl FineTuning {
    fn check(&self) -> Result<()> {
        let positive = |name, found: f64| check::setting(name, "at least 0", found, found >= 0.0);
        positive("alpha", self.alpha)?;
        positive("pull", self.pull)
    }

    /// Fine-tunes `network`, whose head is `new` or came with it, on rows `x: n x d` with classes or numbers `y`.
    ///
    /// # Errors
    /// If a setting is not allowed, shapes do not fit, a number is not finite, a label is no class of the network, a probe has no row of the
    /// last class, or training ends in numbers that are not finite.
    pub fn fit<T: Real>(
        &self,
        (network, new): (&Network<T>, bool),
        (x, y): (MatRef<'_, T>, Targets<'_, T>),
        callback: Callback<'_>,
    ) -> Result<(Network<T>, FineTuningReport)> {
        self.check()?;
        check::matrix("x", x)?;
        check::shape("x", (x.rows(), x.cols()), (x.rows(), network.features()))?;
        check::weight_sum(y.weights, x.rows())?;
        let outputs = network.outputs();
        let head = match y.target {
            Target::Classes(labels) => {
                let classes = outputs.max(2) as u32;
                check::labels(labels, outputs.max(2))?;
                let class = labels.iter().max().map_or(0, |top| top + 1);
                if self.probe && class < classes {
                    let (found, needed) = (0, 1);
                    return Err(Error::FewRows {
                        class,
                        found,
                        needed,
                    });
                }
                Head::of_classes(outputs.max(2))
            }
            Target::Values(values) => {
                let (n, k) = (values.rows(), values.cols());
                check::shape("y", (n, k), (x.rows(), outputs))?;
                check::finite("y", values)?;
                Head::Squared
            }
        };
        let mut params = network.params().to_vec();
        let probe = match self.probe {
            true => self.probe(network, (x, y), &mut params)?,
            false => None,
        };
        let tuned = Tuned { network, new, head };
        let training = self.train(&tuned, (x, y), &mut params, callback)?;
        let network = Network::new(&network.sizes(), network.activation(), params)?;
        Ok((network, FineTuningReport { probe, training }))
    }

    fn train<T: Real>(
        &self,
        tuned: &Tuned<'_, T>,
        rows: (MatRef<'_, T>, Targets<'_, T>),
        params: &mut [T],
        callback: Callback<'_>,
    ) -> Result<Report> {
        let (anchor, layers) = (tuned.network.params(), tuned.network.layers());
        let last = &layers[layers.len() - 1];
        let pulled = if tuned.new {
            last.weight.start
        } else {
            anchor.len()
        };
        let source = Span::new("source", 0, 1, pulled);
        let strengths = [(source, T::from_f64(self.pull))];
        let strengths = &strengths[..usize::from(self.pull > 0.0 && pulled > 0)];
        let penalised: Vec<Span> = match (self.pull > 0.0, tuned.new) {
            (false, _) => layers.iter().map(|layer| layer.weight).collect(),
            (true, true) => vec![last.weight],
            (true, false) => Vec::new(),
        };
        let count = anchor.len();
        self.training.train(
            rows,
            params,
            &|batch, use_it| {
                let weight = weight(&batch.y);
                let inner = NetObjective {
                    scale: T::from_f64(1.0 / weight),
                    l2: T::from_f64(self.alpha / weight),
                    penalised: &penalised,
                    ..NetObjective::new(Stack(layers), tuned.head, count, batch.x, batch.y)
                };
                use_it(&L2Sp {
                    inner,
                    anchor,
                    strengths,
                });
            },
            callback,
        )
    }

    /// Puts the optimum of the last layer, on the features of the frozen body, into `params`.
    fn probe<T: Real>(
        &self,
        network: &Network<T>,
        (x, y): (MatRef<'_, T>, Targets<'_, T>),
        params: &mut [T],
    ) -> Result<Option<Report>> {
        let (last, body) = network.layers().split_last().expect("a last layer");
        let wide = |v: T| v.to_f64();
        let h: Vec<f64> = match body {
            [] => (0..x.rows() * x.cols())
                .map(|at| wide(x.at(at / x.cols(), at % x.cols())))
                .collect(),
            _ => hidden(body, params, x).into_iter().map(wide).collect(),
        };
        let h = MatRef::planned(&h, x.rows(), last.weight.rows);
        let weights: Option<Vec<f64>> = y.weights.map(|w| w.iter().copied().map(wide).collect());
        let (map, report) = self.solve_probe(h, y.target, weights.as_deref())?;
        let mut coef = last.weight.mat_mut(params);
        for i in 0..last.weight.rows {
            for j in 0..last.weight.cols {
                coef.set(i, j, T::from_f64(map.coef().at(j, i)));
            }
        }
        let bias = last.bias.expect("every layer of a network has a bias");
        let pairs = bias.of_mut(params).iter_mut().zip(map.intercept());
        pairs.for_each(|(b, &found)| *b = T::from_f64(found));
        Ok(report)
    }

    fn solve_probe<T: Real>(
        &self,
        h: MatRef<'_, f64>,
        y: Target<'_, T>,
        weights: Option<&[f64]>,
    ) -> Result<(LinearModel<f64>, Option<Report>)> {
        let alpha = self.alpha.max(LEAST);
        match y {
            Target::Classes(labels) => {
                let logistic = LogisticRegression::default()
                    .with_c(1.0 / alpha)
                    .with_tol(PROBE.0)
                    .with_max_iter(PROBE.1);
                let (model, report) = logistic.fit(h, labels, weights)?;
                Ok((model.map().clone(), Some(report)))
            }
            Target::Values(values) => {
                let (n, k) = (values.rows(), values.cols());
                let mut y = vec![0.0; n * k];
                let mut into = MatMut::planned(&mut y, n, k);
                (0..n).for_each(|i| (0..k).for_each(|j| into.set(i, j, values.at(i, j).to_f64())));
                let ridge = Ridge::default().with_alpha(alpha);
                let (model, _) = ridge.fit(h, MatRef::planned(&y, n, k), weights)?;
                Ok((model, None))
            }
        }
    }
}

/// What is trained.
struct Tuned<'a, T> {
    network: &'a Network<T>,
    /// Whether its last layer is.
    new: bool,
    head: Head,
}

/// The weight of all rows of a mini-batch; a batch without weight has a loss of 0, which nothing divides.
fn weight<T: Real>(y: &Targets<'_, T>) -> f64 {
    let sum = |w: &[T]| w.iter().map(|w| w.to_f64()).sum();
    let weight = y.weights.map_or(y.shape().0 as f64, sum);
    if weight > 0.0 { weight } else { 1.0 }
}
