//! Few-shot digits: learn to learn on the classes 0 to 5 (and their quarter turns), then tell three of 6 to 9 apart from 1 or 5 rows each.
//!
//! `cargo run --release --example few_shot_digits --features datasets`
//!
//! The raw pixels' nearest centroid wins: 24 training classes are few, and pixels are good features here. Say so, and always look at it.
//! Few classes are soon learned by heart: what is meta-trained for 3000 steps tells new digits apart worse than after 1000, though it does
//! those of training ever better (99 %).

use std::error::Error;

use cognate::meta::embedding::EmbeddingLearner;
use cognate::meta::episodes::ClassPool;
use cognate::meta::heads::{CentroidHead, CosineHead, Frozen, LogisticHead, PrototypeHead};
use cognate::meta::methods::{CAVIA, IMAML, RULES};
use cognate::meta::{MetaLearner, Score};
use cognate::model::MlpClassifier;

mod digits;

/// Meta-training takes the tasks from 0 on, tests those from here on.
const TESTED: std::ops::Range<u64> = 1_000_000_000..1_000_001_000;

fn main() -> Result<(), Box<dyn Error>> {
    let all = digits::Digits::load()?;
    let (train, test) = (all.of_classes(0, 6).turned(6), all.of_classes(6, 10));
    let mlp = MlpClassifier::default().with_hidden_layer_sizes(&[64, 32]);
    let network = mlp.fit(train.rows(), &train.y, None)?.0.map().clone();
    for shots in [1, 5] {
        let source = ClassPool::new(train.rows(), &train.y, 3, shots, 15, 0)?;
        let tasks = ClassPool::new(test.rows(), &test.y, 3, shots, 15, 0)?;
        println!("3 ways, {shots} shots: accuracy over 1000 tasks");
        let raw = Frozen::raw(PrototypeHead::SQUARED);
        show("raw centroid", raw.evaluate(&tasks, TESTED)?);
        let baseline = Frozen::on(&network, LogisticHead::default());
        show("baseline", baseline.evaluate(&tasks, TESTED)?);
        let baseline = Frozen::on(&network, CosineHead::default());
        show("baseline++", baseline.evaluate(&tasks, TESTED)?);
        let simple_shot = Frozen::on(&network, CentroidHead { mean: None });
        show("SimpleShot", simple_shot.evaluate(&tasks, TESTED)?);
        for steps in [1000, 3000] {
            println!("  meta-trained for {steps} steps");
            closed_forms(steps, &source, &tasks)?;
            by_gradient(steps, &source, &tasks)?;
        }
    }
    Ok(())
}

/// Heads in closed form on a learned body.
fn closed_forms(
    steps: u64,
    source: &ClassPool<'_, f32>,
    tasks: &ClassPool<'_, f32>,
) -> Result<(), Box<dyn Error>> {
    for name in EmbeddingLearner::NAMES {
        let learner = EmbeddingLearner::named(name)
            .ok_or("no such head")?
            .with_hidden(&[64, 32])
            .with_meta_steps(steps)
            .with_tasks_per_step(4);
        show(name, learner.fit(source)?.0.evaluate(tasks, TESTED)?);
    }
    Ok(())
}

/// Gradient steps from a learned start: five of them in training, and in the test five, or ten. The implicit gradient holds at the
/// optimum of a pulled task only, which takes more steps, and a pull so strong that a task cannot move teaches nothing.
fn by_gradient(
    steps: u64,
    source: &ClassPool<'_, f32>,
    tasks: &ClassPool<'_, f32>,
) -> Result<(), Box<dyn Error>> {
    for rule in RULES {
        let rate = if rule == CAVIA { 0.5 } else { 0.1 };
        let inner_steps = if rule == IMAML { 16 } else { 5 };
        let mut learner = MetaLearner::new(rule)
            .with_hidden(&[64, 32])
            .with_inner(inner_steps, rate)
            .with_meta_steps(steps)
            .with_tasks_per_step(4);
        if rule == IMAML {
            learner.proximal = 0.1;
        }
        let taken = [inner_steps, 10];
        let scores = learner
            .fit::<f32, _>(source)?
            .0
            .evaluate(tasks, TESTED, &taken)?
            .scores;
        for (score, taken) in scores.into_iter().zip(taken) {
            show(&format!("{}, {taken} steps", rule.name), score);
        }
    }
    Ok(())
}

fn show(name: &str, score: Score) {
    let (mean, half) = (100.0 * score.mean, 100.0 * score.half_width);
    println!("  {name:20} {mean:5.2} +- {half:.2} %");
}
