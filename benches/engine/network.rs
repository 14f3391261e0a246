//! The networks of the benches: one row at a time, and training by Adam.

use std::hint::black_box;

use cognate::layer::{Ctx, Dense, Forward, Mode, Stack};
use cognate::loss::{Softmax, Targets};
use cognate::model::MlpClassifier;
use cognate::objective::{Objective, net::NetObjective};
use cognate::optim::{Adam, Method, StepState};
use cognate::params::LayoutBuf;
use cognate::workspace::Workspace;
use cognate::{Activation, MatMut, MatRef};
use criterion::Criterion;

use crate::data::{self, Labelled};

const DEEP: [usize; 4] = [64, 128, 128, 10];

pub fn benches(c: &mut Criterion) {
    epoch(c);
    one_row(c, &[20, 100, 2]);
    one_row(c, &DEEP);
    let rows = data::network_rows();
    for batch in [32, 256] {
        let mut training = Training::new(&DEEP, &rows, batch);
        c.bench_function(&format!("train_{batch}"), |b| b.iter(|| training.epoch()));
    }
}

/// An epoch of the default classifier on worked example (b), from where the last one ended.
fn epoch(c: &mut Criterion) {
    let data = data::example_b();
    let x = MatRef::planned(&data.x, data.rows(), data.features);
    let classifier = MlpClassifier::default();
    let mut training = classifier
        .start(data.features, 2)
        .expect("default settings");
    c.bench_function("mlp_epoch", |b| {
        b.iter(|| {
            classifier
                .partial_fit(&mut training, x, &data.y, None)
                .expect("an epoch")
        })
    });
}

/// Dense layers with relu between them, and their start.
struct Network {
    layers: Stack<Vec<Dense>>,
    params: Vec<f32>,
}

impl Network {
    fn new(widths: &[usize]) -> Self {
        let mut layout = LayoutBuf::new();
        let pairs: Vec<(usize, usize)> = widths
            .iter()
            .copied()
            .zip(widths[1..].iter().copied())
            .collect();
        let dense = |(i, &(inputs, outputs)): (usize, &(usize, usize))| Dense {
            weight: layout.add_weight(&format!("layers.{i}.weight"), inputs, outputs),
            bias: Some(layout.add(&format!("layers.{i}.bias"), 1, outputs)),
            activation: match i + 1 == pairs.len() {
                true => Activation::Identity,
                false => Activation::Relu,
            },
        };
        let layers: Vec<Dense> = pairs.iter().enumerate().map(dense).collect();
        let mut params = vec![0.0; layout.view().len()];
        for (layer, weight) in layers.iter().zip(data::network(widths)) {
            layer.weight.of_mut(&mut params).copy_from_slice(&weight);
        }
        Self {
            layers: Stack(layers),
            params,
        }
    }

    /// The mean loss of `batch` rows from `start` on.
    fn objective<'a>(
        &'a self,
        rows: &'a Labelled<f32>,
        start: usize,
        batch: usize,
    ) -> NetObjective<'a, f32, Stack<&'a [Dense]>, Softmax> {
        let x = MatRef::planned(
            &rows.x[start * rows.features..][..batch * rows.features],
            batch,
            rows.features,
        );
        let y = Targets::classes(&rows.y[start..start + batch]);
        let net = Stack(&self.layers.0[..]);
        let objective = NetObjective::new(net, Softmax::default(), self.params.len(), x, y);
        NetObjective {
            scale: 1.0 / batch as f32,
            ..objective
        }
    }
}

/// 200 different rows in turn, one a call.
fn one_row(c: &mut Criterion, widths: &[usize]) {
    let rows = data::network_rows();
    let Network { layers, params } = Network::new(widths);
    let mut workspace = Workspace::new(Forward::<f32>::need(&layers, Mode::Predict, 1, 1));
    let mut out = vec![0.0; widths[widths.len() - 1]];
    let names: Vec<String> = widths.iter().map(usize::to_string).collect();
    let mut turn = 0;
    c.bench_function(&format!("infer_{}", names.join("_")), |b| {
        b.iter(|| {
            turn = (turn + 1) % 200;
            let x = MatRef::planned(&rows.x[turn * rows.features..][..widths[0]], 1, widths[0]);
            let mut slabs = workspace.slabs();
            let y = MatMut::planned(&mut out, 1, widths[widths.len() - 1]);
            layers.forward(
                &Ctx::PREDICT,
                black_box(&params),
                x,
                y,
                slabs.saved,
                &mut slabs.work,
            );
            black_box(&mut out);
        })
    });
}

/// Adam at 1e-3 over the rows in order, a batch a step.
struct Training<'a> {
    network: Network,
    rows: &'a Labelled<f32>,
    batch: usize,
    adam: StepState<Vec<f32>>,
    gradient: Vec<f32>,
    workspace: Workspace<f32>,
}

impl<'a> Training<'a> {
    fn new(widths: &[usize], rows: &'a Labelled<f32>, batch: usize) -> Self {
        let network = Network::new(widths);
        let objective = network.objective(rows, 0, batch);
        Self {
            workspace: Workspace::new(objective.need()),
            adam: StepState::new(vec![0.0; 2 * objective.len()]),
            gradient: vec![0.0; objective.len()],
            network,
            rows,
            batch,
        }
    }

    /// One pass over all rows; the mean of the batches' losses.
    fn epoch(&mut self) -> f32 {
        let method = Method::Adam(Adam::default());
        let starts = (0..self.rows.rows()).step_by(self.batch);
        let losses = starts.map(|start| {
            let objective = self.network.objective(self.rows, start, self.batch);
            let mut slabs = self.workspace.slabs();
            let (p, work) = (&self.network.params, &mut slabs.work);
            let loss = objective.value_grad(p, Some(&mut self.gradient), slabs.saved, work);
            let level = work.level();
            method.step(
                level,
                1e-3,
                &mut self.network.params,
                &self.gradient,
                &mut self.adam,
            );
            loss
        });
        losses.sum::<f32>() * self.batch as f32 / self.rows.rows() as f32
    }
}
