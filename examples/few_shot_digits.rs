//! Few-shot digits: learn to learn on the classes 0 to 5 (and their quarter turns), then tell three of 6 to 9 apart from 1 or 5 rows each.
//!
//! `cargo run --release --example few_shot_digits --features datasets`
//!
//! The raw pixels' nearest centroid wins: 24 training classes are few, and pixels are good features here. Say so, and always look at it.

use std::error::Error;

use cognate::meta::Score;
use cognate::meta::embedding::EmbeddingLearner;
use cognate::meta::episodes::ClassPool;
use cognate::meta::heads::{CentroidHead, CosineHead, Frozen, LogisticHead, PrototypeHead};
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
        for name in ["protonet", "ridge-head", "logistic-head"] {
            let learner = EmbeddingLearner::named(name)
                .ok_or("no such head")?
                .with_hidden(&[64, 32])
                .with_meta_steps(3000)
                .with_tasks_per_step(4);
            show(name, learner.fit(&source)?.0.evaluate(&tasks, TESTED)?);
        }
    }
    Ok(())
}

fn show(name: &str, score: Score) {
    let (mean, half) = (100.0 * score.mean, 100.0 * score.half_width);
    println!("  {name:18} {mean:5.2} +- {half:.2} %");
}
