//! Transfer to another hand: digits shifted by a pixel, with squared contrast, of which 1, 5 or 20 a class are labelled.
//!
//! `cargo run --release --example transfer_digits --features datasets`
//!
//! What 800 digits of the old hand taught is worth eight points where the new one has one digit a class, nothing at five, and is in the way at
//! 20: then it is better to begin anew. Means and standard deviations over 10 splits.

use std::collections::BTreeMap;
use std::error::Error;

use cognate::loss::{Softmax, Targets};
use cognate::meta::transfer::{Stage, Tuning, layer_spans};
use cognate::model::{ClassModel, MlpClassifier};

mod digits;

fn main() -> Result<(), Box<dyn Error>> {
    let all = digits::Digits::load()?;
    for shots in [1, 5, 20] {
        let mut scores: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for seed in 0..10 {
            let (source, rest) = all.split(800, seed)?;
            let (few, test) = rest.moved().split(10 * shots, seed)?;
            let mlp = MlpClassifier::default().with_hidden_layer_sizes(&[64, 32]);
            let old = mlp.with_seed(seed).fit(source.rows(), &source.y, None)?.0;
            let (old, anew) = (old.map().clone(), digits::untrained(&[64, 32], seed)?);
            let spans = layer_spans(old.layers());
            let probe = Stage::probe(&spans, 300, 1e-3);
            let full = Stage::all(&spans, 300, 1e-3);
            let weak: Vec<_> = spans.concat().into_iter().map(|s| (s, 1e-3)).collect();
            let ways = [
                ("from scratch", &anew, vec![full.clone()], &[][..]),
                ("linear probe", &old, vec![probe.clone()], &[]),
                ("fine-tuned", &old, vec![full.clone()], &[]),
                (
                    "probe, then fine-tuned",
                    &old,
                    vec![probe, full.clone()],
                    &[],
                ),
                ("L2-SP", &old, vec![full], &weak),
            ];
            for (name, network, stages, pull) in ways {
                let (rows, tuning) = ((few.rows(), Targets::classes(&few.y)), Tuning::new(stages));
                let model = digits::tune(network, rows, Softmax::default(), &tuning, pull)?;
                scores.entry(name).or_default().push(test.score(&model)?);
            }
            let old = test.score(&ClassModel::from_map(old)?)?;
            scores.entry("source alone").or_default().push(old);
        }
        println!("{shots} a class");
        scores.iter().for_each(|(name, s)| digits::show(name, s));
    }
    Ok(())
}
