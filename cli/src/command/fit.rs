//! `cognate fit`: one method on one table.

use std::ops::ControlFlow;
use std::time::Instant;

use cognate::Real;
use cognate::data::encode::Encoder;
use cognate::data::split::{Split, TestSize, group_split, stratified_split, train_test_split};
use cognate::data::table::Table;
use cognate::pipeline::tasks::Response;
use cognate::pipeline::{Labels, Outcome, Pipeline, Recipe, Scores, Target, Training};
use serde_json::{Value, json};

use super::meta::{self, MetaMethodName};
use super::method::{Method, check_settings};
use super::scores::metrics;
use super::tasks::{self, TaskMethod};
use super::{read_csv, threads};
use crate::args::{Common, Fit, Precision};
use crate::columns::TargetColumn;
use crate::csv_file::{CsvFile, Hint};
use crate::failure::{Failure, Result};
use crate::output;
use crate::progress::bar;
use crate::report::{duration, rounded, table, thousands};

pub fn run(args: &Fit, common: &Common) -> Result<()> {
    if let Some(method) = TaskMethod::named(&args.method) {
        return tasks::fit(method, args, common);
    }
    if let Some(method) = MetaMethodName::named(&args.method) {
        return meta::fit(method, args, common);
    }
    meta::refuse_settings(args)?;
    let method = Method::parse(&args.method)?;
    check_settings(&args.method, &args.settings)?;
    if args.task.is_some() {
        let (name, some) = (&args.method, "mean-regularised, shared-specific or l21");
        let what = format!("--task: {name} is one model for all rows; {some} are for tasks");
        return Err(Failure::Usage(what));
    }
    let job = Job::read(args, method, common)?;
    match args.precision.unwrap_or(method.precision()) {
        Precision::F32 => job.run::<f32>(args, common),
        Precision::F64 => job.run::<f64>(args, common),
    }
}

/// Everything that a fit needs, out of the file.
struct Job {
    csv: CsvFile,
    features: Vec<String>,
    /// The labelled rows.
    table: Table,
    /// Where they stand in the file.
    rows: Vec<usize>,
    target: Target,
    answers: Answers,
    weights: Option<Vec<f64>>,
    groups: Option<Vec<u32>>,
    recipe: Recipe,
}

/// Labels of the table's rows.
enum Answers {
    /// `n x k`.
    Numbers(Vec<f64>),
    Classes(Vec<u32>),
}

/// What a fit found.
struct Done<T> {
    pipeline: Pipeline<T>,
    outcome: Outcome,
    seconds: f64,
    train_rows: usize,
    /// Rows held out, and the scores on them.
    held_out: Option<(usize, Scores)>,
}

impl Job {
    fn read(args: &Fit, method: Method, common: &Common) -> Result<Self> {
        let names = args.columns.targets();
        if names.is_empty() {
            return Err(Failure::Usage(
                "which column is the target? --target COL".to_owned(),
            ));
        }
        let wish = method.wish(args.columns.wish(), names.len())?;
        let csv = read_csv(&args.data, &args.source)?;
        let mut targets = Vec::new();
        for name in &names {
            let target = TargetColumn::read(&csv, name, wish)?;
            target.announce(common);
            target.check(csv.place())?;
            targets.push(target);
        }
        let taken: Vec<&str> = names.iter().map(String::as_str).collect();
        let features = args.columns.features(&csv, &taken)?;
        let rows = labelled_rows(&csv, &targets)?;
        let of_rows = |all: Vec<f64>| rows.iter().map(|&row| all[row]).collect();
        let weights = args.columns.weights(&csv)?.map(of_rows);
        let groups = args.columns.groups(&csv)?;
        let groups = groups.map(|all| rows.iter().map(|&row| all[row]).collect());
        let (target, answers) = answers(&targets, &rows)?;
        let recipe = Recipe {
            learner: method.learner(&args.settings, &target, common.seed, threads(common)),
            encoder: args.columns.encoder(),
            standardize: args.standardize,
            seed: common.seed,
        };
        Ok(Self {
            table: args.columns.table(&csv, &features)?.take(&rows),
            csv,
            features,
            rows,
            target,
            answers,
            weights,
            groups,
            recipe,
        })
    }

    fn run<T: Real>(&self, args: &Fit, common: &Common) -> Result<()> {
        self.check_features()?;
        let split = self.split(args, common.seed)?;
        let done = self.fit::<T>(&split, common)?;
        let mut bytes = None;
        if let Some(path) = &args.output {
            let file = done.pipeline.to_file();
            output::write_to(Some(path), |out| out.write_all(&file))?;
            bytes = Some(file.len());
        }
        if common.json {
            output::print_json(&done.json(args, bytes))
        } else {
            output::print(|out| {
                done.lines(args, bytes)
                    .iter()
                    .try_for_each(|l| writeln!(out, "{l}"))
            })
        }
    }

    /// Encodes all rows once, so that a fault is named by its line and not by its place in a split.
    fn check_features(&self) -> Result<()> {
        let names: Vec<&str> = self.features.iter().map(String::as_str).collect();
        let encoder = Encoder::fit(&self.table, &names, &self.recipe.encoder);
        encoder.map(drop).map_err(|e| self.fault(&e))
    }

    fn split(&self, args: &Fit, seed: u64) -> Result<Split> {
        let all = self.rows.len();
        let Some(size) = args.test_size else {
            return Ok(Split {
                train: (0..all).collect(),
                test: Vec::new(),
            });
        };
        let size = match size {
            count if count >= 1.0 && count.fract() == 0.0 => TestSize::Count(count as usize),
            share => TestSize::Fraction(share),
        };
        let split = match (&self.groups, &self.answers) {
            (Some(groups), _) => group_split(groups, size, seed),
            (None, Answers::Classes(labels)) => stratified_split(labels, size, seed),
            (None, Answers::Numbers(_)) => train_test_split(all, size, seed),
        };
        split.map_err(|e| self.fault(&e))
    }

    fn fit<T: Real>(&self, split: &Split, common: &Common) -> Result<Done<T>> {
        let start = Instant::now();
        let bar = bar(1, common);
        let mut progress = |p: &cognate::optim::Progress| {
            bar.set_length(p.max_iter as u64);
            bar.set_position(p.iteration as u64);
            bar.set_message(format!("loss {}", rounded(p.value)));
            ControlFlow::Continue(())
        };
        let table = self.table.take(&split.train);
        let answers = self.answers.take(&split.train, self.target.width());
        let weights = self.weights_of(&split.train);
        let features: Vec<&str> = self.features.iter().map(String::as_str).collect();
        let training = Training {
            table: &table,
            features: &features,
            target: &self.target,
            labels: answers.labels(),
            weights: weights.as_deref(),
        };
        let fitted = self.recipe.fit(&training, &mut progress);
        bar.finish_and_clear();
        let (pipeline, outcome) = fitted.map_err(|e| self.fault(&e))?;
        let seconds = start.elapsed().as_secs_f64();
        Ok(Done {
            held_out: self.score(&pipeline, &split.test)?,
            pipeline,
            outcome,
            seconds,
            train_rows: split.train.len(),
        })
    }

    fn score<T: Real>(
        &self,
        pipeline: &Pipeline<T>,
        rows: &[usize],
    ) -> Result<Option<(usize, Scores)>> {
        if rows.is_empty() {
            return Ok(None);
        }
        let prediction = pipeline.predict(&self.table.take(rows));
        let prediction = prediction.map_err(|e| self.fault(&e))?;
        let answers = self.answers.take(rows, self.target.width());
        let scores = prediction.score(answers.labels(), self.weights_of(rows).as_deref());
        Ok(Some((rows.len(), scores.map_err(|e| self.fault(&e))?)))
    }

    fn weights_of(&self, rows: &[usize]) -> Option<Vec<f64>> {
        let all = self.weights.as_ref()?;
        Some(rows.iter().map(|&row| all[row]).collect())
    }

    /// The library's error, its row that of the file, its class by name.
    fn fault(&self, error: &cognate::Error) -> Failure {
        if let (
            cognate::Error::FewRows {
                class,
                found,
                needed,
            },
            Target::Classes { name, levels },
        ) = (error, &self.target)
        {
            let class = &levels.names()[*class as usize];
            return Failure::at(
                self.csv.place(),
                format_args!(
                    "class {class:?} of {name} has {found} row, {needed} are needed for a split"
                ),
            );
        }
        let hint = match error {
            cognate::Error::Column { name, .. } if self.target.names().contains(name) => Hint::None,
            _ => Hint::Feature,
        };
        self.csv.fault_in(&self.rows, error, hint)
    }
}

impl Answers {
    fn labels(&self) -> Labels<'_> {
        match self {
            Self::Numbers(y) => Labels::Numbers(y),
            Self::Classes(y) => Labels::Classes(y),
        }
    }

    fn take(&self, rows: &[usize], width: usize) -> Self {
        match self {
            Self::Numbers(y) => {
                let row = |&i: &usize| &y[i * width..][..width];
                Self::Numbers(rows.iter().flat_map(row).copied().collect())
            }
            Self::Classes(y) => Self::Classes(rows.iter().map(|&i| y[i]).collect()),
        }
    }
}

/// The rows that have a label. With several targets a row has all of them or none.
fn labelled_rows(csv: &CsvFile, targets: &[TargetColumn]) -> Result<Vec<usize>> {
    let mut rows = Vec::new();
    for row in 0..csv.rows() {
        let missing = targets.iter().find(|t| t.labels[row].is_none());
        match missing {
            None => rows.push(row),
            Some(target) if targets.iter().any(|t| t.labels[row].is_some()) => {
                let what = "is empty: with several targets a row needs all labels or none (methods for tasks, such as independent, do not ask for that)";
                return Err(csv.cell_fault(&target.name, row, what));
            }
            Some(_) => {}
        }
    }
    Ok(rows)
}

fn answers(targets: &[TargetColumn], rows: &[usize]) -> Result<(Target, Answers)> {
    let labels = rows
        .iter()
        .flat_map(|&row| targets.iter().filter_map(move |t| t.labels[row]));
    match &targets[0].response {
        Response::Classes(levels) => {
            let target = Target::Classes {
                name: targets[0].name.clone(),
                levels: levels.clone(),
            };
            Ok((
                target,
                Answers::Classes(labels.map(|code| code as u32).collect()),
            ))
        }
        Response::Number => {
            let names = targets.iter().map(|t| t.name.clone()).collect();
            Ok((Target::Numbers(names), Answers::Numbers(labels.collect())))
        }
    }
}

impl<T: Real> Done<T> {
    fn json(&self, args: &Fit, bytes: Option<usize>) -> Value {
        let held_out = self.held_out.as_ref();
        let scores =
            held_out.map(|(rows, scores)| json!({ "rows": rows, "metrics": metrics(scores) }));
        json!({
            "method": args.method,
            "precision": T::NAME,
            "train_rows": self.train_rows,
            "features": self.pipeline.encoder().width(),
            "parameters": self.pipeline.model().parameters(),
            "fit_seconds": self.seconds,
            "fit": outcome_json(&self.outcome),
            "held_out": scores,
            "model": args.output.as_ref().map(|path| path.display().to_string()),
            "bytes": bytes,
        })
    }

    fn lines(&self, args: &Fit, bytes: Option<usize>) -> Vec<String> {
        let mut lines = vec![format!(
            "{} on {} rows, {} features: {} parameters ({}), {}",
            args.method,
            thousands(self.train_rows as f64),
            self.pipeline.encoder().width(),
            thousands(self.pipeline.model().parameters() as f64),
            T::NAME,
            duration(self.seconds),
        )];
        lines.extend(outcome_line(&self.outcome));
        if let Some((rows, scores)) = &self.held_out {
            lines.push(format!("on {} rows held out:", thousands(*rows as f64)));
            let row = |(name, x): &(&str, f64)| vec![format!("  {name}"), rounded(*x)];
            lines.extend(table(&scores.iter().map(row).collect::<Vec<_>>(), &[0]));
        }
        if let (Some(path), Some(bytes)) = (&args.output, bytes) {
            lines.push(format!(
                "wrote {}, {} bytes",
                path.display(),
                thousands(bytes as f64)
            ));
        }
        lines
    }
}

/// How a fit ended.
pub fn outcome_json(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Exact => Value::Null,
        Outcome::Solved(report) => json!({ "rank": report.rank, "singular": report.singular }),
        Outcome::Iterated(report) => json!({
            "stopped": report.stopped.to_string(),
            "converged": report.converged(),
            "iterations": report.iterations,
            "evaluations": report.evaluations,
            "loss": report.value,
            "gradient_norm": report.gradient_norm,
        }),
    }
}

fn outcome_line(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Exact => None,
        Outcome::Solved(report) if report.singular => Some(format!(
            "columns repeat one another (rank {}): of all best fits the one of smallest norm",
            report.rank
        )),
        Outcome::Solved(report) => Some(format!("solved, rank {}", report.rank)),
        Outcome::Iterated(report) => Some(format!(
            "{} after {} iterations, loss {}",
            report.stopped,
            report.iterations,
            rounded(report.value),
        )),
    }
}
