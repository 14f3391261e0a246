//! Meta-learning sines with MAML: a network that one gradient step on ten points turns into any of them. The picture shows a sine never
//! trained on, its ten points, and the network before and after one, two and ten steps.
//!
//! `cargo run --release --example sinusoid_maml` writes `sinusoid_maml.svg`

use std::error::Error;
use std::fmt::Write;
use std::fs;

use cognate::MatRef;
use cognate::meta::episodes::{EpisodeBatch, Sinusoids, Split};
use cognate::meta::methods::MAML;
use cognate::meta::{Adapter, MetaLearner};

const HELD_OUT: u64 = 1_000_000_003;

/// A curve over [-5, 5] as SVG.
fn curve(points: impl Iterator<Item = (f64, f64)>, style: &str) -> String {
    let mut path = String::new();
    for (x, y) in points {
        let _ = write!(path, "{:.1},{:.1} ", 320.0 + 60.0 * x, 200.0 - 35.0 * y);
    }
    format!("<polyline points='{path}' fill='none' {style}/>\n")
}

fn main() -> Result<(), Box<dyn Error>> {
    let sines = Sinusoids::finn(
        Split {
            support: 10,
            query: 10,
        },
        0,
    );
    let (model, report) = MetaLearner::new(MAML)
        .with_meta_steps(40_000)
        .fit::<f32, _>(&sines)?;
    println!(
        "{} meta-steps, {} tasks skipped",
        report.steps, report.skipped
    );
    let mut batch = EpisodeBatch::<f32>::new();
    batch.draw(&sines, HELD_OUT..HELD_OUT + 1);
    let (x, y) = batch.support().task(0);
    let grid: Vec<f32> = (0..=200).map(|i| 0.05 * i as f32 - 5.0).collect();
    let all = MatRef::new(&grid, grid.len(), 1)?;
    let [amplitude, _, phase] = sines.parameters(HELD_OUT);
    let truth = grid
        .iter()
        .map(|&x| (f64::from(x), amplitude * (f64::from(x) + phase).sin()));
    let mut drawing = curve(truth, "stroke='#999' stroke-width='6'");
    let mut adapter = Adapter::new(&model, grid.len());
    let mut z = vec![0.0; grid.len()];
    for (steps, style) in [
        (0, "stroke='#d62728' stroke-dasharray='4'"),
        (1, "stroke='#1f77b4'"),
        (2, "stroke='#2ca02c'"),
        (10, "stroke='#000'"),
    ] {
        let adapted = adapter.adapt(x, y, steps)?;
        adapter.predict_into(all, &mut z)?;
        println!(
            "after {steps:2} steps: {:.4} on the ten points",
            adapted.loss_after
        );
        let points = grid
            .iter()
            .zip(&z)
            .map(|(&x, &z)| (f64::from(x), f64::from(z)));
        drawing += &curve(points, style);
    }
    for i in 0..x.rows() {
        let (x, y) = (
            f64::from(x.at(i, 0)),
            amplitude * (f64::from(x.at(i, 0)) + phase).sin(),
        );
        write!(
            drawing,
            "<circle cx='{:.1}' cy='{:.1}' r='4'/>",
            320.0 + 60.0 * x,
            200.0 - 35.0 * y
        )?;
    }
    let legend =
        "grey: the sine; dots: support; red: before; blue, green, black: after 1, 2, 10 steps";
    let text =
        format!("<text x='10' y='20' font-family='sans-serif' font-size='13'>{legend}</text>");
    let head = "<svg xmlns='http://www.w3.org/2000/svg' width='640' height='400'><rect width='100%' height='100%' fill='#fff'/>";
    fs::write(
        "sinusoid_maml.svg",
        format!("{head}\n{text}\n{drawing}\n</svg>\n"),
    )?;
    Ok(())
}
