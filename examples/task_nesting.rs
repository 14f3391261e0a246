//! What nesting gains: shops in countries, few rows a shop. The mean of `||w - w_true||^2` over shops and ten draws, strengths chosen by
//! cross-validation.
//!
//! `cargo run --release --example task_nesting`

use cognate::mtl::linear::{CrossValidation, Independent, LinearMethod, Pooled, Tree, TreeNode};
use cognate::mtl::{Kind, TaskSet};
use cognate::rng::rng;
use cognate::{MatRef, Result};

const NAMES: [&str; SHOPS] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
const SHOPS: usize = 12;
const ROWS: usize = 10;
const D: usize = 5;

/// Shop t is in country t / 4; a country is no task, but a node all the same.
fn tree() -> Tree {
    let country = |c: usize| TreeNode::below("world", &format!("country{c}"), 1.0);
    let shop = |t: usize| TreeNode::below(&format!("country{}", t / 4), NAMES[t], 6.0);
    Tree::new((0..3).map(country).chain((0..SHOPS).map(shop)).collect())
}

fn error(method: &dyn LinearMethod, seed: u64) -> Result<f64> {
    let mut rng = rng(seed, "shops", 0);
    let mut draw = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.normal()).collect() };
    let (world, country, own) = (draw(D), draw(3 * D), draw(SHOPS * D));
    let truth = |t: usize, j: usize| world[j] + country[t / 4 * D + j] + 0.4 * own[t * D + j];
    let n = SHOPS * ROWS;
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
    Ok((0..SHOPS * D).map(|i| apart(i / D, i % D)).sum::<f64>() / SHOPS as f64)
}

fn main() -> Result<()> {
    let (nested, alone, one) = (tree(), Independent::default(), Pooled::default());
    let methods: [&dyn LinearMethod; 3] = [&nested, &alone, &one];
    for method in methods {
        let errors: Result<Vec<f64>> = (0..10).map(|seed| error(method, seed)).collect();
        let mean = errors?.iter().sum::<f64>() / 10.0;
        println!("{:12} {mean:.3}", method.name());
    }
    Ok(())
}
