//! What sharing gains where tasks are related: the mean of `||w - w_true||^2` over tasks and ten draws, strengths chosen by
//! cross-validation.
//!
//! `cargo run --release --example task_relations`

use cognate::mtl::linear::{
    Clustered, CrossValidation, Independent, LinearMethod, MeanRegularised, Mtrl, Pooled,
};
use cognate::mtl::{Kind, TaskSet};
use cognate::rng::rng;
use cognate::{MatRef, Result};

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const ROWS: usize = 10;
const D: usize = 6;

/// The error of a method where odd tasks are near `sides` of two centres, even ones near the first.
fn error(method: &dyn LinearMethod, sides: [f64; 2], seed: u64) -> Result<f64> {
    let mut rng = rng(seed, "tasks", 0);
    let mut draw = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.normal()).collect() };
    let (centres, own) = (draw(2 * D), draw(6 * D));
    let truth = |t: usize, j: usize| {
        let [first, second] = [[1.0, 0.0], sides][t % 2];
        first * centres[j] + second * centres[D + j] + 0.3 * own[t * D + j]
    };
    let n = 6 * ROWS;
    let (x, noise) = (draw(n * D), draw(n));
    let task: Vec<u32> = (0..n).map(|i| (i / ROWS) as u32).collect();
    let term = |i: usize, j: usize| x[i * D + j] * truth(i / ROWS, j);
    let label = |i: usize| (0..D).fold(noise[i], |sum, j| sum + term(i, j));
    let y: Vec<f64> = (0..n).map(label).collect();
    let x = MatRef::planned(&x, n, D);
    let tasks = TaskSet::long(x, &task, &y, &NAMES, Kind::Number, None)?;
    let chosen = CrossValidation::default().choose(method, &tasks)?;
    let model = chosen.fitted.model;
    let apart = |t: usize, j: usize| (model.task(t).coef.at(0, j) - truth(t, j)).powi(2);
    Ok((0..6 * D).map(|i| apart(i / D, i % D)).sum::<f64>() / 6.0)
}

fn main() -> Result<()> {
    let methods: [&dyn LinearMethod; 5] = [
        &Independent::default(),
        &Pooled::default(),
        &MeanRegularised::default(),
        &Clustered::default(),
        &Mtrl::default(),
    ];
    for sides in [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]] {
        println!("odd tasks: {sides:?} of the centres");
        for method in methods {
            let errors: Result<Vec<f64>> = (0..10).map(|s| error(method, sides, s)).collect();
            let mean = errors?.iter().sum::<f64>() / 10.0;
            println!("  {:16} {mean:.3}", method.name());
        }
    }
    Ok(())
}
