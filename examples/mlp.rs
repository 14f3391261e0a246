//! Worked example (b): a network of 100 hidden units, trained by Adam for up to 1000 epochs on the same classes, standardised.
//!
//! `cargo run --release --example mlp`

use std::error::Error;

use cognate::MatRef;
use cognate::data::scale::StandardScaler;
use cognate::metrics::accuracy;
use cognate::model::MlpClassifier;

mod worked;

fn main() -> Result<(), Box<dyn Error>> {
    for seed in 0..10 {
        let (train, test) = worked::data(seed)?;
        let x = MatRef::new(&train.x, train.y.len(), worked::FEATURES)?;
        let scaler = StandardScaler::default().fit(x, None)?;
        let single = |z: Vec<f64>| z.into_iter().map(|v| v as f32).collect::<Vec<_>>();
        let z = single(scaler.transform(x)?);
        let x = MatRef::new(&z, train.y.len(), worked::FEATURES)?;
        let mlp = MlpClassifier::default().with_max_iter(1000).with_seed(seed);
        let (model, report) = mlp.fit(x, &train.y, None)?;
        let x = MatRef::new(&test.x, test.y.len(), worked::FEATURES)?;
        let z = single(scaler.transform(x)?);
        let x = MatRef::new(&z, test.y.len(), worked::FEATURES)?;
        let score = accuracy(&test.y, &model.predict(x)?, None)?;
        println!(
            "seed {seed}: accuracy {score:.3} on 200 rows; loss {:.4} after {} epochs, {}",
            report.value, report.iterations, report.stopped
        );
    }
    Ok(())
}
