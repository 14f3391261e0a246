//! Worked example (a): multinomial logistic regression by L-BFGS on generated classes.
//!
//! `cargo run --release --example logistic`

use std::error::Error;

use cognate::MatRef;
use cognate::metrics::accuracy;
use cognate::model::LogisticRegression;

mod worked;

fn main() -> Result<(), Box<dyn Error>> {
    for seed in 0..10 {
        let (train, test) = worked::data(seed)?;
        let x = MatRef::new(&train.x, train.y.len(), worked::FEATURES)?;
        let (model, report) = LogisticRegression::default().fit(x, &train.y, None)?;
        let x = MatRef::new(&test.x, test.y.len(), worked::FEATURES)?;
        let score = accuracy(&test.y, &model.predict(x)?, None)?;
        println!(
            "seed {seed}: accuracy {score:.3} on 200 rows; objective {:.6} after {} iterations, {}",
            report.value, report.iterations, report.stopped
        );
    }
    Ok(())
}
