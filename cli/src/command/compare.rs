//! `cognate compare`: every method on a table, or on the bundled sets in turn.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use cognate::compare::{Cell, Metric, Plan, Set, SetReport, TOLERANCE, left_out};
use cognate::data::datasets::{load, names};
use cognate::pipeline::tasks::Response;
use serde_json::{Value, json};

use super::set::{bundled_set, read_set};
use super::tasks::RelationFile;
use super::{read_csv, threads};
use crate::args::{Common, Compare};
use crate::csv_file::library_fault;
use crate::failure::{Failure, Result};
use crate::output;
use crate::progress::bar;
use crate::report::{duration, rounded, table, thousands};

pub fn run(args: &Compare, common: &Common) -> Result<()> {
    match &args.data {
        Some(path) => {
            let csv = read_csv(path, &args.source)?;
            let wish = args.columns.wish();
            let mut set = read_set(&csv, &args.columns, args.task.as_ref(), (wish, common))?;
            if let Some(path) = &args.relation {
                let names: Vec<String> = set.tasks.iter().map(|t| t.name.clone()).collect();
                set.relation = Some(RelationFile::read(path, &names)?.any()?);
            }
            let report = compare(&set, args, common, |e| set_fault(&set, csv.place(), &e))?;
            show(&set, &report, args, common)?;
            finish(&[report], common)
        }
        None => bundled(args, common),
    }
}

fn bundled(args: &Compare, common: &Common) -> Result<()> {
    let columns = &args.columns;
    if args.task.is_some() || !columns.targets().is_empty() || args.relation.is_some() {
        return Err(Failure::Usage(
            "--task, --target, --targets and --relation need a CSV".to_owned(),
        ));
    }
    let mut reports = Vec::new();
    for dataset in names().filter_map(load) {
        let set = bundled_set(&dataset)?;
        let report = compare(&set, args, common, |e| set_fault(&set, dataset.name, &e))?;
        show(&set, &report, args, common)?;
        reports.push(report);
    }
    finish(&reports, common)
}

/// The library's error about a set, a class by its name.
fn set_fault(set: &Set, place: &str, error: &cognate::Error) -> Failure {
    if let (
        cognate::Error::FewRows {
            class,
            found,
            needed,
        },
        Response::Classes(levels),
    ) = (error, &set.tasks[0].response)
    {
        let (name, class) = (&set.tasks[0].name, &levels.names()[*class as usize]);
        let what = format!(
            "class {class:?} of {name} has {found} rows, fewer than the {needed} folds (--folds {found} would do)"
        );
        return Failure::at(place, what);
    }
    library_fault(place, error)
}

/// Runs all cells of a plan, on several threads.
fn compare(
    set: &Set,
    args: &Compare,
    common: &Common,
    fault: impl Fn(cognate::Error) -> Failure,
) -> Result<SetReport> {
    let plan = Plan::new(set, args.folds, common.seed).map_err(&fault)?;
    let cells: Vec<(usize, usize)> = plan.cells().collect();
    let (start, bar) = (Instant::now(), bar(cells.len() as u64, common));
    bar.set_message(set.name.clone());
    let clock = || start.elapsed().as_nanos() as u64;
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, cognate::Result<Cell>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads(common).min(cells.len()) {
            scope.spawn(|| {
                while let Some(&(method, fold)) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let cell = plan.run(method, fold, &clock);
                    let place = method * args.folds + fold;
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((place, cell));
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    let cells = done
        .into_iter()
        .map(|(_, cell)| cell)
        .collect::<cognate::Result<Vec<Cell>>>();
    Ok(plan.reduce(&cells.map_err(fault)?))
}

/// Prints the report of one set for people.
fn show(set: &Set, report: &SetReport, args: &Compare, common: &Common) -> Result<()> {
    if common.json {
        return Ok(());
    }
    let mut lines = vec![headline(set, report, args), String::new()];
    let header = [
        "method",
        report.metric.name(),
        "se",
        "accuracy",
        "fit",
        "rows/s",
        "parameters",
        "bytes",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(report.methods.iter().map(|m| {
        vec![
            m.name.clone(),
            rounded(m.mean),
            rounded(m.se),
            m.accuracy
                .map_or("-".to_owned(), |a| format!("{:.1}%", 100.0 * a)),
            duration(m.fit_seconds),
            thousands((1e9 / m.predict_ns_per_row).round()),
            thousands(m.parameters),
            thousands(m.bytes),
        ]
    }));
    lines.extend(table(&rows, &[0]));
    lines.push(String::new());
    lines.push(report.verdict.text.clone());
    if report.tasks.len() > 1 {
        lines.extend(gains(report));
        lines.extend(notes(set));
    }
    lines.push(String::new());
    output::print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))
}

fn headline(set: &Set, report: &SetReport, args: &Compare) -> String {
    let metric = match report.metric {
        Metric::Mse => "mean squared error",
        Metric::LogLoss => "log loss",
        Metric::RelativeLoss => "loss / the constant's loss, mean over the tasks",
    };
    let tasks = match set.tasks.len() {
        1 => format!("target {}", set.tasks[0].name),
        n if n <= 10 => {
            let names: Vec<&str> = set.tasks.iter().map(|t| t.name.as_str()).collect();
            format!("{n} tasks ({})", names.join(", "))
        }
        n => format!("{n} tasks"),
    };
    format!(
        "{}: {} rows, {} features, {tasks}; {metric}, lower is better, {} folds",
        set.name,
        thousands(set.table.rows() as f64),
        set.features.len(),
        args.folds,
    )
}

/// What the tasks gain from the winner: all of a few, else the two ends.
fn gains(report: &SetReport) -> Vec<String> {
    let mut tasks: Vec<_> = report.tasks.iter().filter(|t| t.gain.is_finite()).collect();
    tasks.sort_by(|a, b| b.gain.total_cmp(&a.gain));
    let better = tasks.iter().filter(|t| t.gain > 0.0).count();
    let said = |t: &&cognate::compare::TaskReport| format!("{} {:+.0}%", t.name, 100.0 * t.gain);
    let shown: Vec<String> = match tasks.len() {
        0..=6 => tasks.iter().map(said).collect(),
        n => tasks[..3]
            .iter()
            .map(said)
            .chain(["..".to_owned()])
            .chain(tasks[n - 3..].iter().map(said))
            .collect(),
    };
    vec![format!(
        "{} against a linear model a task: better on {better} of {} tasks ({})",
        report.verdict.winner,
        report.tasks.len(),
        shown.join(", "),
    )]
}

/// What was done so that tasks' methods can be held against each other.
fn notes(set: &Set) -> Vec<String> {
    let mut notes = vec![format!(
        "Strengths of linear methods were chosen by 5-fold cross-validation within the training rows of each fold; their fits end at a duality gap of {TOLERANCE:e} of the objective."
    )];
    let slow = left_out(set);
    if !slow.is_empty() {
        let slow = slow.join(", ");
        notes.push(format!(
            "Not run on these tasks, which would take long: {slow}."
        ));
    }
    notes
}

/// Prints what stands after all sets.
fn finish(reports: &[SetReport], common: &Common) -> Result<()> {
    if common.json {
        let sets: Vec<Value> = reports.iter().map(set_json).collect();
        return output::print_json(&json!({ "sets": sets }));
    }
    if reports.len() < 2 {
        return Ok(());
    }
    let header = ["set", "winner", "simplest as good"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let row = |r: &SetReport| {
        vec![
            r.name.clone(),
            r.verdict.winner.clone(),
            r.verdict.simplest_as_good.clone(),
        ]
    };
    rows.extend(reports.iter().map(row));
    let mut lines = table(&rows, &[0, 1, 2]);
    lines.push("\nYour own table: cognate compare data.csv --target COL".to_owned());
    output::print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))
}

fn set_json(report: &SetReport) -> Value {
    let methods = report.methods.iter().map(|m| {
        json!({
            "name": m.name, "mean": m.mean, "se": m.se, "folds": m.folds, "accuracy": m.accuracy,
            "fit_seconds": m.fit_seconds, "predict_ns_per_row": m.predict_ns_per_row,
            "parameters": m.parameters, "bytes": m.bytes,
        })
    });
    let verdict = &report.verdict;
    let tasks = report
        .tasks
        .iter()
        .map(|t| json!({ "name": t.name, "rows": t.rows, "gain": t.gain }));
    json!({
        "name": report.name,
        "metric": report.metric.name(),
        "lower_is_better": true,
        "methods": methods.collect::<Vec<_>>(),
        "verdict": {
            "winner": verdict.winner,
            "simplest_as_good": verdict.simplest_as_good,
            "text": verdict.text,
        },
        "tasks": tasks.collect::<Vec<_>>(),
    })
}
