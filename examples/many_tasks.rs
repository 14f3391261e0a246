//! Random effects of many tasks, from rows that come in blocks and are never together in memory.
//!
//! `cargo run --release --example many_tasks -- [TASKS ROWS FEATURES [full|diagonal|scalar|intercept]]`

use std::error::Error;
use std::time::{Duration, Instant};

use cognate::MatRef;
use cognate::mtl::Summaries;
use cognate::mtl::linear::random_effects::{Covariance, RandomEffects};
use cognate::mtl::linear::{MeanRegularised, Summarised};
use cognate::rng::rng;

/// Tasks that come together.
const BLOCK: usize = 500;

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default| given.get(i).map_or(Ok(default), |v| v.parse());
    let (tasks, rows, d) = (number(0, 20_000)?, number(1, 20)?, number(2, 4)?);
    let covariance = match given.get(3).map(String::as_str) {
        Some("diagonal") => Covariance::Diagonal,
        Some("scalar") => Covariance::Scalar,
        Some("intercept") => Covariance::Intercept,
        _ => Covariance::Full,
    };
    let mut summaries = Summaries::new(tasks, d);
    let mut adding = Duration::ZERO;
    for first in (0..tasks).step_by(BLOCK) {
        let (task, x, y) = block(first..(first + BLOCK).min(tasks), rows, d);
        let start = Instant::now();
        summaries.add(&task, MatRef::new(&x, y.len(), d)?, &y, None)?;
        adding += start.elapsed();
    }
    let start = Instant::now();
    let settings = RandomEffects::default().with_covariance(covariance);
    let (model, report) = settings.fit_summaries(&summaries)?;
    let fitting = start.elapsed();
    println!(
        "{tasks} tasks x {rows} rows x {d} features: summed up in {adding:.1?}, fitted in {fitting:.1?}"
    );
    println!("{report:?}");
    println!(
        "phi {:.3?}, noise variance {:.3}",
        model.phi(),
        model.noise_variance()
    );
    let names: Vec<String> = (0..tasks).map(|t| t.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let start = Instant::now();
    let fits = MeanRegularised::default().path_of_summaries(&names, &summaries, &[1.0])?;
    let (took, found) = (start.elapsed(), fits[0].certificate);
    println!("mean-regularised: fitted in {took:.1?}, {found}");
    println!("most memory: {}", peak().unwrap_or("unknown here".into()));
    Ok(())
}

/// Rows of some tasks: coefficients around 1 with a standard deviation of 0.5, noise of 1.
fn block(tasks: std::ops::Range<usize>, rows: usize, d: usize) -> (Vec<u32>, Vec<f64>, Vec<f64>) {
    let (mut task, mut x, mut y) = (Vec::new(), Vec::new(), Vec::new());
    for t in tasks {
        let mut random = rng(1, "task", t as u64);
        let own: Vec<f64> = (0..=d).map(|_| 1.0 + 0.5 * random.normal()).collect();
        for _ in 0..rows {
            let row: Vec<f64> = (0..d).map(|_| random.normal()).collect();
            let fitted: f64 = row.iter().zip(&own[1..]).map(|(x, w)| x * w).sum();
            y.push(own[0] + fitted + random.normal());
            x.extend(row);
            task.push(t as u32);
        }
    }
    (task, x, y)
}

/// The most memory this process had, where the system says so.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line["VmHWM:".len()..].trim().to_owned())
}
