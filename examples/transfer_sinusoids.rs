//! Transfer to a new sine of which 10 points are known: what a network that learned one other sine, or 200 others at once, is worth.
//!
//! `cargo run --release --example transfer_sinusoids` (a few seconds). Mean squared error over 200 sines, with a 95 % interval and the median;
//! `y = A sin(x + b)`, A from 0.1 to 5, b from -pi to 0, x from -5 to 5, the network 1-40-40-1.
//!
//! One other sine is worth nothing: fine-tuned, its network errs by 1.85, and one that has learned nothing by 1.78. Two hundred learned as
//! one, though their mean is all that they could teach, leave features of sines: 0.73. A probe first mends a poor start (1.12 from none) and
//! is no help to a good one; ridge regression towards the source's last layer is best for half of the sines (median 0.18) and far off for
//! some, where the ten points leave a gap. Meta-learning from the same sines (`sinusoid_quality`) errs by 0.35 after a single step.

use std::error::Error;
use std::ops::ControlFlow;

use cognate::layer::Stack;
use cognate::loss::{Squared, Targets};
use cognate::meta::Score;
use cognate::meta::episodes::{EpisodeBatch, Sinusoids, Split};
use cognate::meta::heads::{Frozen, RidgeHead};
use cognate::meta::transfer::{BiasedRidge, L2Sp, Stage, Tuning, layer_spans};
use cognate::model::{LinearModel, MlpRegressor, Network};
use cognate::objective::net::NetObjective;
use cognate::params::Span;
use cognate::{Activation, MatRef};

type Known<'a> = (MatRef<'a, f32>, Targets<'a, f32>);

/// How a network learns the known points.
struct Way {
    name: &'static str,
    stages: Vec<Stage>,
    /// Pull of all parameters towards where they were.
    pull: f32,
}

/// Probe, fine-tuning, both, and fine-tuning under a pull.
fn ways(network: &Network<f32>) -> [Way; 4] {
    let spans = layer_spans(network.layers());
    let probe = Stage::probe(&spans, 300, 1e-2);
    let full = Stage::all(&spans, 300, 1e-3);
    let way = |name, stages, pull| Way { name, stages, pull };
    [
        way("linear probe", vec![probe.clone()], 0.0),
        way("fine-tuned", vec![full.clone()], 0.0),
        way("probe, then fine-tuned", vec![probe, full.clone()], 0.0),
        way("L2-SP", vec![full], 0.1),
    ]
}

fn tune(
    network: &Network<f32>,
    (x, y): Known<'_>,
    way: &Way,
) -> Result<Network<f32>, Box<dyn Error>> {
    let (spans, mut p) = (layer_spans(network.layers()), network.params().to_vec());
    let inner = NetObjective {
        scale: 1.0 / x.rows() as f32,
        ..NetObjective::new(Stack(network.layers()), Squared, p.len(), x, y)
    };
    let strengths: Vec<(Span, f32)> = spans.concat().into_iter().map(|s| (s, way.pull)).collect();
    let pulled = L2Sp {
        inner,
        anchor: network.params(),
        strengths: if way.pull > 0.0 { &strengths } else { &[] },
    };
    let tuning = Tuning::new(way.stages.clone());
    tuning.run(&pulled, &mut p, &mut |_| ControlFlow::Continue(()))?;
    Ok(Network::new(&network.sizes(), Activation::Relu, p)?)
}

/// Ridge regression on the body's features, towards the last layer.
fn biased(
    network: &Network<f32>,
    (x, y): Known<'_>,
    query: MatRef<'_, f32>,
) -> Result<Vec<f32>, Box<dyn Error>> {
    let body = Frozen::on(network, RidgeHead::default());
    let (known, new) = (body.features(x)?, body.features(query)?);
    let width = known.len() / x.rows();
    let (known, new) = (
        MatRef::new(&known, x.rows(), width)?,
        MatRef::new(&new, query.rows(), width)?,
    );
    let (weights, intercept) =
        network.params()[network.params().len() - width - 1..].split_at(width);
    let prior = LinearModel::new(MatRef::new(weights, 1, width)?, intercept)?;
    let ridge = BiasedRidge::default();
    let penalties = [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1e3];
    let (penalty, _) = ridge.choose_penalty(&penalties, known, y, &prior)?;
    let fit = ridge.with_penalty(penalty).fit(known, y, &prior)?;
    Ok(fit.model().predict(new)?)
}

/// A network trained on all points of some sines together; of none, as training begins.
fn source(tasks: u64) -> Result<Network<f32>, Box<dyn Error>> {
    let split = Split {
        support: 50,
        query: 1,
    };
    let mlp = MlpRegressor::default().with_hidden_layer_sizes(&[40, 40]);
    if tasks == 0 {
        return Ok(mlp.start(1, 1)?.network());
    }
    let mut batch = EpisodeBatch::<f32>::new();
    batch.draw(&Sinusoids::finn(split, 0), 0..tasks);
    let rows = batch.support();
    let values = values(&rows.y);
    let y = MatRef::new(&values, values.len(), 1)?;
    Ok(mlp.with_max_iter(500).fit(rows.x, y, None)?.0)
}

fn values(y: &Targets<'_, f32>) -> Vec<f32> {
    (0..y.shape().0)
        .filter_map(|i| Some(y.cell(i, 0)?.1))
        .collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let split = Split {
        support: 10,
        query: 100,
    };
    let (tasks, mut batch) = (Sinusoids::finn(split, 0), EpisodeBatch::<f32>::new());
    for count in [0, 1, 200] {
        println!("a network that has learned {count} sines");
        let source = source(count)?;
        let ways = ways(&source);
        let mut errors = vec![Vec::new(); ways.len() + 2];
        for task in 1_000_000_000..1_000_000_200_u64 {
            batch.draw(&tasks, task..task + 1);
            let (known, query) = (batch.support(), batch.query());
            let rows = (known.x, known.y);
            let mut guesses = vec![source.predict(query.x)?];
            for way in &ways {
                guesses.push(tune(&source, rows, way)?.predict(query.x)?);
            }
            guesses.push(biased(&source, rows, query.x)?);
            for (errors, guess) in errors.iter_mut().zip(guesses) {
                let squares = values(&query.y).into_iter().zip(guess);
                let sum: f32 = squares.map(|(y, z)| (y - z) * (y - z)).sum();
                errors.push(f64::from(sum) / 100.0);
            }
        }
        let names = ways.iter().map(|way| way.name);
        let names = ["as it is"]
            .into_iter()
            .chain(names)
            .chain(["ridge on its features"]);
        for (name, errors) in names.zip(&mut errors) {
            let score = Score::of(errors);
            println!(
                "  {name:24} {:7.3} +- {:.3}   median {:.3}",
                score.mean, score.half_width, score.median
            );
        }
    }
    Ok(())
}
