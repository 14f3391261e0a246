//! Which way of sharing predicts best on bundled data framed as tasks: every method on ten draws of eight sets, as Markdown.
//!
//! `cargo run --release --features datasets --example task_quality > examples/task_quality/RESULTS.md` (five minutes on one core; words
//! behind `--` name the sets to run, by how their names begin; `all` runs the learned relations of many features too, which takes hours)
//!
//! A draw, one for each of the seeds 0 to 9, is a sixth of a set's rows to be tested on, and a few of the others to learn from, the same
//! for every method. Scores are losses on the rows tested. Strengths of linear methods are chosen by cross-validation within the rows
//! learned from; networks have the settings of `cognate compare`. Draws share rows, so that scores vary less than new data would make
//! them: [`table`] corrects for that.

mod draw;
mod sets;
mod table;

use std::error::Error;
use std::time::Instant;

use cognate::compare::{Body, Cell, Method, Plan, Set, SetReport, Sharing, left_out, methods};

use sets::{SETS, TaskSet};

/// Draws, one a seed.
const SEEDS: u64 = 10;

/// Tasks up to which methods are run that a comparison leaves out for their cost.
const FEW_TASKS: usize = 11;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let all = words.iter().any(|word| word == "all");
    words.retain(|word| word != "all");
    let wanted = |set: &&TaskSet| words.is_empty() || words.iter().any(|w| set.name.starts_with(w));
    println!("{}", table::HEAD);
    let mut reports = Vec::new();
    for set in SETS.iter().filter(wanted) {
        let start = Instant::now();
        let (report, left) = run(set, all)?;
        table::print_set(set, &report, &left);
        eprintln!("{}: {:.1} s", set.name, start.elapsed().as_secs_f64());
        reports.push(report);
    }
    table::print_summary(&reports);
    Ok(())
}

/// Every method on every draw, slow ones too if `all`, and the names of those left out.
fn run(set: &TaskSet, all: bool) -> Result<(SetReport, Vec<&'static str>), Box<dyn Error>> {
    let draws: Vec<_> = (0..SEEDS).map(|seed| (set.draw)(set.name, seed)).collect();
    let slow = if all { &[] } else { set.slow };
    let (methods, left) = all_methods(&draws[0].set, slow);
    let start = Instant::now();
    let clock = || start.elapsed().as_nanos() as u64;
    let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); methods.len()];
    for (seed, draw) in (0..).zip(&draws) {
        let plan = Plan {
            set: &draw.set,
            methods: methods.clone(),
            folds: vec![draw.split.clone()],
            seed,
        };
        for (method, cells) in cells.iter_mut().enumerate() {
            cells.push(plan.run(method, 0, &clock)?);
        }
    }
    let whole = Plan {
        set: &draws[0].set,
        folds: draws.iter().map(|draw| draw.split.clone()).collect(),
        methods,
        seed: 0,
    };
    Ok((whole.reduce(&cells.concat()), left))
}

/// The methods of a comparison, with those that it leaves out where tasks are few, but without the `slow` ones; and the names of those
/// left out.
fn all_methods(set: &Set, slow: &[&'static str]) -> (Vec<Method>, Vec<&'static str>) {
    let (mut all, mut left) = (methods(set), left_out(set));
    if set.tasks.len() <= FEW_TASKS {
        let linear = left.drain(..).map(|name| (name, Body::Linear));
        let joint = |(name, body): (&'static str, Body)| Method {
            name: name.to_owned(),
            body,
            sharing: Sharing::Joint(name),
        };
        all.extend(linear.chain([("task-dag", Body::Mlp(0))]).map(joint));
    }
    all.retain(|method| !slow.contains(&method.name.as_str()));
    left.extend(slow);
    (all, left)
}
