//! What sharing gains on tasks whose relation is known: a common mean, clusters, opposite signs. Each method's strength is chosen by
//! cross-validation on the training rows; the error is the mean of `||w - w_true||^2` over tasks, in ten draws.
//!
//! `cargo run --release --example task_relations`

use cognate::mtl::linear::{
    Clustered, CrossValidation, Independent, LinearMethod, MeanRegularised, Mtrl, Pooled,
};
use cognate::mtl::{Kind, TaskSet};
use cognate::rng::{Rng, rng};
use cognate::{MatRef, Result};

const TASKS: usize = 8;
const ROWS: usize = 12;
const D: usize = 6;

/// Coefficients of task `t`, near to one of two centres as the relation says.
fn task(relation: &str, t: usize, centres: &[[f64; D]; 2], rng: &mut Rng) -> [f64; D] {
    let (centre, sign) = match (relation, t % 2) {
        ("clusters", side) => (centres[side], 1.0),
        ("opposite signs", 1) => (centres[0], -1.0),
        _ => (centres[0], 1.0),
    };
    centre.map(|w| sign * w + 0.3 * rng.normal())
}

/// The error of a method on tasks of a relation.
fn error(method: &dyn LinearMethod, relation: &str, seed: u64) -> Result<f64> {
    let rng = &mut rng(seed, "tasks", 0);
    let centres = [(); 2].map(|()| [(); D].map(|()| rng.normal()));
    let truth: Vec<[f64; D]> = (0..TASKS)
        .map(|t| task(relation, t, &centres, rng))
        .collect();
    let x: Vec<f64> = (0..TASKS * ROWS * D).map(|_| rng.normal()).collect();
    let of: Vec<u32> = (0..TASKS * ROWS).map(|i| (i / ROWS) as u32).collect();
    let label = |(x, &t): (&[f64], &u32)| {
        let mean: f64 = x.iter().zip(&truth[t as usize]).map(|(x, w)| x * w).sum();
        mean + rng.normal()
    };
    let y: Vec<f64> = x.chunks(D).zip(&of).map(label).collect();
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let tasks = TaskSet::long(
        MatRef::planned(&x, y.len(), D),
        &of,
        &y,
        &names,
        Kind::Number,
        None,
    )?;
    let model = CrossValidation::default()
        .choose(method, &tasks)?
        .fitted
        .model;
    let apart = |t: usize, j: usize| (model.task(t).coef.at(0, j) - truth[t][j]).powi(2);
    let total: f64 = (0..TASKS * D).map(|i| apart(i / D, i % D)).sum();
    Ok(total / TASKS as f64)
}

fn main() -> Result<()> {
    let (alone, one) = (Independent::default(), Pooled::default());
    let (mean, clusters, learned) = (
        MeanRegularised::default(),
        Clustered::default(),
        Mtrl::default(),
    );
    let methods: [&dyn LinearMethod; 5] = [&alone, &one, &mean, &clusters, &learned];
    for relation in ["a common mean", "clusters", "opposite signs"] {
        println!("{relation}");
        for method in methods {
            let errors: Result<Vec<f64>> =
                (0..10).map(|seed| error(method, relation, seed)).collect();
            println!(
                "  {:18} {:.3}",
                method.name(),
                errors?.iter().sum::<f64>() / 10.0
            );
        }
    }
    Ok(())
}
