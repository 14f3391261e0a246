//! Mean-regularised logistic regression of very many small tasks: time, certificate and memory.
//!
//! `cargo run --release --example many_classifiers -- [TASKS ROWS FEATURES]` (10000 20 10)

use std::error::Error;
use std::time::Instant;

use cognate::MatRef;
use cognate::mtl::linear::{LinearMethod, MeanRegularised};
use cognate::mtl::{Kind, TaskSet};
use cognate::rng::rng;

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default| given.get(i).map_or(Ok(default), |v| v.parse());
    let (tasks, rows, d) = (number(0, 10_000)?, number(1, 20)?, number(2, 10)?);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for t in 0..tasks {
        let mut random = rng(1, "task", t as u64);
        // Coefficients around 1 with a standard deviation of 1/2.
        let w: Vec<f64> = (0..d).map(|_| 1.0 + 0.5 * random.normal()).collect();
        for _ in 0..rows {
            let row: Vec<f64> = (0..d).map(|_| random.normal()).collect();
            let logit: f64 = row.iter().zip(&w).map(|(x, w)| x * w).sum();
            y.push(f64::from(random.uniform() * (1.0 + (-logit).exp()) < 1.0));
            x.extend(row);
        }
    }
    let task: Vec<u32> = (0..tasks as u32).flat_map(|t| vec![t; rows]).collect();
    let names: Vec<String> = (0..tasks).map(|t| t.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let x = MatRef::new(&x, y.len(), d)?;
    let set = TaskSet::long(x, &task, &y, &names, Kind::Classes(2), None)?;
    let before = peak().unwrap_or(0);
    let start = Instant::now();
    let fitted = MeanRegularised::default().fit(&set)?;
    println!(
        "{tasks} tasks x {rows} rows x {d} features: {:.2?}, {} iterations, objective {:.3}, {}, converged: {}",
        start.elapsed(),
        fitted.iterations,
        fitted.objective,
        fitted.certificate,
        fitted.converged,
    );
    let (data, most) = ((8 * rows * tasks * d) >> 10, peak().unwrap_or(0));
    println!("features {data} kB; most memory before the fit {before} kB, with it {most} kB");
    Ok(())
}

/// The most memory this process had, in kB, where the system says so.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
