//! Shared parameters: ten tasks that use the same few features, in the same two directions, each with fewer rows than features.
//!
//! `cargo run --release --example shared_parameters`. The strength of every method is chosen on rows that it was not fitted on; errors
//! are on others again, 0.25 of them the noise's.

use std::error::Error;

use cognate::MatRef;
use cognate::mtl::linear::{Fitted, Independent, L21, LinearMethod, Pooled, Trace};
use cognate::mtl::{Kind, TaskSet};
use cognate::rng::rng;

const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
const FEATURES: usize = 20;
const ROWS: usize = 15;

fn normals(purpose: &str, n: usize) -> Vec<f64> {
    let mut random = rng(0, purpose, 0);
    (0..n).map(|_| random.normal()).collect()
}

/// Inputs and labels, for which the first six features count; row `i` is of task `i mod 10`.
fn rows(purpose: &str) -> (Vec<f64>, Vec<f64>) {
    let (directions, loadings) = (normals("directions", 12), normals("loadings", 20));
    let x = normals(purpose, 10 * ROWS * FEATURES);
    let label = |(i, row): (usize, &[f64])| {
        let along = |k: usize| (0..6).map(|j| row[j] * directions[6 * k + j]).sum::<f64>();
        let mut noise = rng(i as u64, purpose, 1);
        loadings[i % 10] * along(0) + loadings[10 + i % 10] * along(1) + 0.5 * noise.normal()
    };
    let y = x.chunks(FEATURES).enumerate().map(label).collect();
    (x, y)
}

fn error(fitted: &Fitted, (x, y): &(Vec<f64>, Vec<f64>)) -> f64 {
    let row = |(i, (x, y)): (usize, (&[f64], &f64))| {
        let w = fitted.model.task(i % 10);
        let products = x.iter().zip(w.coef.row(0)).map(|(x, w)| x * w);
        (products.sum::<f64>() + w.intercept[0] - y).powi(2)
    };
    x.chunks(FEATURES).zip(y).enumerate().map(row).sum::<f64>() / y.len() as f64
}

fn main() -> Result<(), Box<dyn Error>> {
    let ((x, y), choose, test) = (rows("fit"), rows("choose"), rows("test"));
    let task: Vec<u32> = (0..10).cycle().take(y.len()).collect();
    let x = MatRef::new(&x, y.len(), FEATURES)?;
    let tasks = TaskSet::long(x, &task, &y, &NAMES, Kind::Number, None)?;
    let (pooled, alone) = (Pooled::default(), Independent::default());
    let methods: [&dyn LinearMethod; 4] = [&pooled, &alone, &L21::default(), &Trace::default()];
    for method in methods {
        let path = method.path(&tasks, &method.grid(&tasks)?)?;
        let chosen = |a: &&Fitted, b: &&Fitted| error(a, &choose).total_cmp(&error(b, &choose));
        let best = path.iter().min_by(chosen).ok_or("nothing to try")?;
        println!("{:<12} error {:.2}", method.name(), error(best, &test));
    }
    Ok(())
}
