//! What nesting gains: shops in cities in countries, few rows a shop. The tree against each shop alone and all shops in one, the mean of
//! `||w - w_true||^2` over shops in ten draws.
//!
//! `cargo run --release --example task_nesting`

use cognate::mtl::linear::{CrossValidation, Independent, LinearMethod, Pooled, Tree, TreeNode};
use cognate::mtl::{Kind, TaskSet};
use cognate::rng::rng;
use cognate::{MatRef, Result};

const COUNTRIES: usize = 3;
const SHOPS: usize = 12;
const ROWS: usize = 10;
const D: usize = 5;

/// Shop t is in city t / 2, which is in country t / 4.
fn tree() -> Tree {
    let node = |name: String, parent: Option<String>, lambda| TreeNode {
        name,
        parent,
        lambda,
    };
    let mut nodes = vec![node("world".into(), None, 0.1)];
    nodes.extend((0..COUNTRIES).map(|c| node(format!("country{c}"), Some("world".into()), 1.0)));
    nodes.extend(
        (0..SHOPS / 2).map(|c| node(format!("city{c}"), Some(format!("country{}", c / 2)), 4.0)),
    );
    nodes.extend((0..SHOPS).map(|t| node(format!("shop{t}"), Some(format!("city{}", t / 2)), 8.0)));
    Tree::new(nodes)
}

/// The error of each method.
fn errors(methods: &[&dyn LinearMethod], seed: u64) -> Result<Vec<f64>> {
    let mut rng = rng(seed, "shops", 0);
    let mut draw =
        |size: f64, n: usize| -> Vec<f64> { (0..n * D).map(|_| size * rng.normal()).collect() };
    let (world, country) = (draw(1.0, 1), draw(1.0, COUNTRIES));
    let (city, own) = (draw(0.5, SHOPS / 2), draw(0.35, SHOPS));
    let truth = |t: usize, j: usize| {
        world[j] + country[t / 4 * D + j] + city[t / 2 * D + j] + own[t * D + j]
    };
    let (x, noise) = (draw(1.0, SHOPS * ROWS), draw(1.0, SHOPS * ROWS));
    let of: Vec<u32> = (0..SHOPS * ROWS).map(|i| (i / ROWS) as u32).collect();
    let label = |i: usize| {
        noise[i]
            + (0..D)
                .map(|j| x[i * D + j] * truth(i / ROWS, j))
                .sum::<f64>()
    };
    let y: Vec<f64> = (0..SHOPS * ROWS).map(label).collect();
    let names: Vec<String> = (0..SHOPS).map(|t| format!("shop{t}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let tasks = TaskSet::long(
        MatRef::planned(&x, y.len(), D),
        &of,
        &y,
        &names,
        Kind::Number,
        None,
    )?;
    let mut all = Vec::new();
    for method in methods {
        let model = CrossValidation::default()
            .choose(*method, &tasks)?
            .fitted
            .model;
        let apart = |i: usize| (model.task(i / D).coef.at(0, i % D) - truth(i / D, i % D)).powi(2);
        all.push((0..SHOPS * D).map(apart).sum::<f64>() / SHOPS as f64);
    }
    Ok(all)
}

fn main() -> Result<()> {
    let (nested, alone, one) = (tree(), Independent::default(), Pooled::default());
    let methods: [&dyn LinearMethod; 3] = [&nested, &alone, &one];
    let draws: Vec<Vec<f64>> = (0..10)
        .map(|seed| errors(&methods, seed))
        .collect::<Result<_>>()?;
    for (i, method) in methods.iter().enumerate() {
        let mean = draws.iter().map(|draw| draw[i]).sum::<f64>() / 10.0;
        println!("{:12} {mean:.3}", method.name());
    }
    Ok(())
}
