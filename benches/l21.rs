//! Fits of L21 on data that `benches/l21.py` wrote, timed; it sets them against scikit-learn.
//!
//!     l21 FILE SECONDS        FILE: n, d, T, then X and Y row by row, then lambda, all f64, little end first

use std::error::Error;
use std::time::Instant;

use cognate::MatRef;
use cognate::mtl::linear::LinearMethod;
use cognate::mtl::linear::prox::L21;
use cognate::mtl::{Kind, TaskSet};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    let (Some(file), Some(seconds)) = (arguments.next(), arguments.next()) else {
        println!("benches/l21.py runs this");
        return Ok(());
    };
    let bytes = std::fs::read(file)?;
    let numbers = bytes
        .chunks_exact(8)
        .map(|b| f64::from_le_bytes(b.try_into().unwrap()));
    let numbers: Vec<f64> = numbers.collect();
    let [n, d, t] = [0, 1, 2].map(|i| numbers[i] as usize);
    let x = MatRef::new(&numbers[3..3 + n * d], n, d)?;
    let y = MatRef::new(&numbers[3 + n * d..3 + n * (d + t)], n, t)?;
    let names: Vec<String> = (0..t).map(|t| t.to_string()).collect();
    let tasks: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), Kind::Number))
        .collect();
    let method = L21::default().with_lambda(numbers[3 + n * (d + t)]);
    let (start, limit) = (Instant::now(), seconds.parse::<f64>()?);
    let (mut best, mut fitted) = (f64::INFINITY, None);
    while start.elapsed().as_secs_f64() < limit {
        let start = Instant::now();
        fitted = Some(method.fit(&TaskSet::wide(x, y, &tasks, None)?)?);
        best = best.min(start.elapsed().as_secs_f64());
    }
    let fitted = fitted.ok_or("no time to fit")?;
    println!(
        r#"{{"seconds": {best:e}, "objective": {:e}, "gap": {:e}, "passes": {}, "converged": {}}}"#,
        fitted.objective,
        fitted.certificate.value(),
        fitted.iterations,
        fitted.converged
    );
    Ok(())
}
