//! The 25-task sinusoid meta-step, one thread: 10 + 10 rows a task, 1-40-40-1 relu, f32, Adam. Microseconds a task, the least of many
//! rounds, rounds of all cases taking turns.
//!
//!     cargo bench --bench meta                     COGNATE_LEVEL=avx2 lowers the instruction set
//!
//! `gradient` is the gradient of a batch and the step of Adam, as in the figures of others; `training` also draws the tasks.

use std::hint::black_box;
use std::time::Instant;

use cognate::Activation;
use cognate::layer::{Contextual, Dense, Stack};
use cognate::loss::Squared;
use cognate::meta::episodes::{EpisodeBatch, Episodes, Sinusoids, Split};
use cognate::meta::methods::{FOMAML, MAML, Rule};
use cognate::meta::{MetaLearner, MetaModel, MetaTraining, NetTasks};
use cognate::optim::StepState;
use cognate::params::Span;
use cognate::workspace::{Workspace, default_level};

const TASKS: u64 = 25;
const ROUNDS: usize = 60;
const REPEATS: u32 = 40;

/// Seconds a call.
fn time(mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..REPEATS {
        call();
    }
    start.elapsed().as_secs_f64() / f64::from(REPEATS)
}

fn sines() -> Sinusoids {
    Sinusoids::finn(
        Split {
            support: 10,
            query: 10,
        },
        0,
    )
}

/// The layers of a model, rebuilt from its layout.
fn layers(model: &MetaModel<f32>) -> Vec<Dense> {
    let spans: Vec<Span> = model.layout().iter().map(|(_, span)| span).collect();
    let pairs = spans[..6].chunks(2).enumerate();
    pairs
        .map(|(i, pair)| Dense {
            weight: pair[0],
            bias: Some(pair[1]),
            activation: if i < 2 {
                Activation::Relu
            } else {
                Activation::Identity
            },
        })
        .collect()
}

/// Gradient and step on tasks drawn once.
fn gradient(rule: Rule, steps: usize) -> impl FnMut() {
    let settings = MetaLearner::new(rule).with_inner(steps, 0.01);
    let mut model = MetaModel::<f32>::start(&settings, Episodes::<f32>::shape(&sines())).unwrap();
    let layers = layers(&model);
    let mut batch = EpisodeBatch::new();
    batch.draw(&sines(), 0..TASKS);
    let mut meta = model.meta().to_vec();
    let mut grad = meta.clone();
    let mut memory = StepState::new(vec![0.0; settings.outer.memory(meta.len())]);
    let mut workspace = Workspace::new(Default::default());
    let context = *model.layout().spans.last().unwrap();
    let params = model.params().len();
    model = MetaModel::new(&settings, model.shape(), meta.clone()).unwrap();
    move || {
        let tasks = NetTasks {
            net: Contextual {
                context,
                layer: Stack(&layers[..]),
            },
            loss: Squared,
            factor: 2.0,
            params,
            support: batch.support(),
            query: batch.query(),
        };
        let learner = model.learner();
        workspace.fit(learner.need(&tasks, 1));
        let work = &mut workspace.slabs().work;
        learner.gradient(&tasks, &meta, &mut grad, work);
        let level = work.level();
        settings
            .outer
            .step(level, 1e-3, &mut meta, &grad, &mut memory);
        black_box(&mut meta);
    }
}

/// Meta-steps as training takes them.
fn training(rule: Rule, steps: usize) -> impl FnMut() {
    let settings = MetaLearner::new(rule).with_inner(steps, 0.01);
    let shape = Episodes::<f32>::shape(&sines());
    let mut training = MetaTraining::<f32>::new(&settings, shape).unwrap();
    move || {
        black_box(training.step(&sines()));
    }
}

/// A name, what is timed, and the least seconds so far.
type Timed = (String, Box<dyn FnMut()>, f64);

fn main() {
    let mut cases: Vec<Timed> = vec![];
    for (name, rule) in [("maml", MAML), ("fomaml", FOMAML)] {
        for steps in [1, 5] {
            let best = f64::INFINITY;
            cases.push((
                format!("gradient {name} K={steps}"),
                Box::new(gradient(rule, steps)),
                best,
            ));
            cases.push((
                format!("training {name} K={steps}"),
                Box::new(training(rule, steps)),
                best,
            ));
        }
    }
    for _ in 0..ROUNDS {
        for (_, call, best) in &mut cases {
            *best = best.min(time(call));
        }
    }
    println!("{:?}", default_level());
    for (name, _, best) in &cases {
        println!("{name:24} {:8.2} us a task", best * 1e6 / TASKS as f64);
    }
}
