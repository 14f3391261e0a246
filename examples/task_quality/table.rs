//! Tables of what was found.
//!
//! Ten draws from one set share rows. If a share `r` of all rows is tested on each time, the scores of two draws have a correlation of
//! about `r`, by which Nadeau and Bengio (2003) correct the variance of their mean: with s the standard deviation over n draws
//! ```text
//! se = s sqrt(1/n + r / (1 - r))        t = mean difference / se, n - 1 degrees of freedom
//! ```
//! Differences are paired: both methods see the same draws.

use cognate::compare::{LEVEL, MethodReport, Metric, SetReport, p_value, standard_error};

use crate::draw::TESTED;
use crate::sets::TaskSet;

/// What the tables have in common.
pub const HEAD: &str = "\
# Bundled sets as tasks: who gains from sharing

Made by `cargo run --release --features datasets --example task_quality`. Ten draws (seeds 0 to 9) of each set; a sixth of its rows is
tested on, a few of the others are learned from. Scores are losses on the rows tested, lower is better: log loss, mean squared error, or,
where tasks are of several kinds, the mean over tasks of the loss divided by that of the constant. Each is followed by its standard error,
and by the paired differences to the independent and the pooled linear model with theirs and with p, all corrected for the rows that draws
share (Nadeau and Bengio 2003). Differences with p below 0.05 are **bold**: the rest are ties. Of 10 or 20 methods one may be below that by
chance.
";

/// The correction for rows that draws share.
const RATIO: f64 = TESTED / (1.0 - TESTED);

/// A difference in the scores of two methods.
struct Difference {
    mean: f64,
    se: f64,
    p: f64,
}

impl Difference {
    fn between(a: &MethodReport, b: &MethodReport) -> Self {
        let all: Vec<f64> = a.folds.iter().zip(&b.folds).map(|(a, b)| a - b).collect();
        Self {
            mean: all.iter().sum::<f64>() / all.len() as f64,
            se: standard_error(&all, RATIO),
            p: p_value(&all, RATIO),
        }
    }

    fn is_tie(&self) -> bool {
        self.mean == 0.0 || self.p.is_nan() || self.p >= LEVEL
    }
}

/// Four digits.
fn digits(x: f64) -> String {
    let whole = if x == 0.0 {
        0.0
    } else {
        x.abs().log10().floor()
    };
    let places = (3.0 - whole.max(-1.0)).max(0.0) as usize;
    format!("{x:.places$}")
}

fn find<'r>(report: &'r SetReport, name: &str) -> Option<&'r MethodReport> {
    report.methods.iter().find(|m| m.name == name)
}

fn best(report: &SetReport) -> &MethodReport {
    let better = |a: &&MethodReport, b: &&MethodReport| a.mean.total_cmp(&b.mean);
    report.methods.iter().min_by(better).expect("methods")
}

/// The table of one set.
pub fn print_set(set: &TaskSet, report: &SetReport, left: &[&str]) {
    let metric = match report.metric {
        Metric::Mse => "mse",
        Metric::LogLoss => "log loss",
        Metric::RelativeLoss => "loss / constant's",
    };
    println!("\n## {}\n\n{}.\n", set.name, capitalised(set.about));
    println!(
        "| method | {metric} | se | accuracy | against independent | p | against pooled | p |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let own = find(report, "independent");
    let one = find(report, "pooled");
    for method in &report.methods {
        let accuracy = method
            .accuracy
            .map_or("-".to_owned(), |a| format!("{:.1} %", 100.0 * a));
        println!(
            "| {} | {} | {} | {accuracy} | {} | {} |",
            method.name,
            digits(method.mean),
            digits(standard_error(&method.folds, RATIO)),
            against(method, own),
            against(method, one),
        );
    }
    println!("\n{}", verdict(report));
    if !left.is_empty() {
        println!("\nNot run, for their cost: {}.", left.join(", "));
    }
}

fn capitalised(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    first.to_uppercase() + rest
}

/// The two cells of a difference.
fn against(method: &MethodReport, other: Option<&MethodReport>) -> String {
    match other {
        Some(other) if other.name != method.name => {
            let found = Difference::between(method, other);
            let p = match found.p {
                p if p < 0.001 => "< 0.001".to_owned(),
                p => format!("{p:.3}"),
            };
            let text = format!("{} ± {}", digits(found.mean), digits(found.se));
            match found.is_tie() {
                true => format!("{text} | {p}"),
                false => format!("**{text}** | {p}"),
            }
        }
        _ => "- | -".to_owned(),
    }
}

/// The best method, and those that the draws cannot tell from it.
fn verdict(report: &SetReport) -> String {
    let best = best(report);
    let tied = report.methods.iter().filter(|m| m.name != best.name);
    let tied = tied.filter(|m| Difference::between(m, best).is_tie());
    let tied: Vec<&str> = tied.map(|m| m.name.as_str()).collect();
    match tied.is_empty() {
        true => format!("Best: **{}**, alone.", best.name),
        false => format!("Best: **{}**, tied with {}.", best.name, tied.join(", ")),
    }
}

/// All sets side by side, a method a line.
pub fn print_summary(reports: &[SetReport]) {
    println!("\n## All sets\n");
    println!(
        "Mean scores; + better and - worse than independent (p < 0.05), = tied with it, **best** of the set.\n"
    );
    let mut names: Vec<&str> = Vec::new();
    for method in reports.iter().flat_map(|r| &r.methods) {
        let name = general_name(&method.name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let header: Vec<&str> = reports.iter().map(|r| r.name.as_str()).collect();
    println!("| method | {} |", header.join(" | "));
    println!("|---|{}", "---|".repeat(reports.len()));
    for name in names {
        let cells: Vec<String> = reports
            .iter()
            .map(|report| summary_cell(report, name))
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
}

/// One name for the constant, whatever it is of.
fn general_name(name: &str) -> &str {
    match name {
        "mean" | "majority" => "constant",
        _ => name,
    }
}

fn summary_cell(report: &SetReport, name: &str) -> String {
    let Some(method) = report
        .methods
        .iter()
        .find(|m| general_name(&m.name) == name)
    else {
        return String::new();
    };
    let sign = match find(report, "independent").map(|own| Difference::between(method, own)) {
        _ if method.name == "independent" => "",
        Some(found) if found.is_tie() => " =",
        Some(found) if found.mean < 0.0 => " +",
        _ => " -",
    };
    match method.name == best(report).name {
        true => format!("**{}**{sign}", digits(method.mean)),
        false => format!("{}{sign}", digits(method.mean)),
    }
}
