//! The rows of a table that a fit learns from and is scored on.

use std::ops::ControlFlow;
use std::time::Instant;

use cognate::Real;
use cognate::data::split::{Split, TestSize, group_split, stratified_split, train_test_split};
use cognate::data::table::Table;
use cognate::optim::Callback;
use cognate::pipeline::{Pipeline, Scores, Target, Training};
use serde_json::Value;

use super::labels::{Answers, answers, labelled_rows};
use crate::args::{Common, Fit};
use crate::columns::{TargetColumn, Wish};
use crate::csv_file::{CsvFile, Hint};
use crate::failure::{Failure, Result};
use crate::output;
use crate::progress::bar;
use crate::report::rounded;

/// How rows become a pipeline.
pub trait Way<T> {
    /// Encodes all rows once, so that a fault is named by its line and not by its place in a split.
    fn check(&self, table: &Table, features: &[&str]) -> cognate::Result<()>;

    /// Fits.
    fn fit(
        &self,
        training: &Training<'_>,
        progress: Callback<'_>,
    ) -> cognate::Result<(Pipeline<T>, Ending)>;
}

/// How a fit ended.
pub struct Ending {
    /// The value of `fit` in JSON.
    pub json: Value,
    /// In words, of the result.
    pub lines: Vec<String>,
    /// What else is to be known, for stderr.
    pub said: Vec<String>,
}

/// What is to be predicted.
pub struct Wanted<'a> {
    /// The targets.
    pub names: &'a [String],
    /// Their kind.
    pub wish: Wish,
    /// Whether a row that has a label of one must have those of all.
    pub whole: bool,
}

/// Everything that a fit needs, out of the file.
pub struct Job {
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
}

/// What a fit found.
pub struct Done<T> {
    pub pipeline: Pipeline<T>,
    pub ending: Ending,
    pub seconds: f64,
    pub train_rows: usize,
    /// Rows held out, and the scores on them.
    pub held_out: Option<(usize, Scores)>,
}

impl Job {
    /// The labelled rows of `csv`, with the features that `inputs` makes of it.
    pub fn read(
        csv: CsvFile,
        args: &Fit,
        wanted: Wanted<'_>,
        inputs: impl FnOnce(&CsvFile) -> Result<(Vec<String>, Table)>,
        common: &Common,
    ) -> Result<Self> {
        let mut targets = Vec::new();
        for name in wanted.names {
            let target = TargetColumn::read(&csv, name, wanted.wish)?;
            target.announce(common);
            target.check(csv.place())?;
            targets.push(target);
        }
        let (features, table) = inputs(&csv)?;
        let rows = labelled_rows(&csv, &targets, wanted.whole)?;
        let of_rows = |all: Vec<f64>| rows.iter().map(|&row| all[row]).collect();
        let weights = args.columns.weights(&csv)?.map(of_rows);
        let groups = args.columns.groups(&csv)?;
        let groups = groups.map(|all| rows.iter().map(|&row| all[row]).collect());
        let (target, answers) = answers(&targets, &rows)?;
        Ok(Self {
            table: table.take(&rows),
            csv,
            features,
            rows,
            target,
            answers,
            weights,
            groups,
        })
    }

    /// What is predicted.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Fits by `way`, writes the model and prints how it went.
    pub fn run<T: Real>(&self, way: &dyn Way<T>, args: &Fit, common: &Common) -> Result<()> {
        let features: Vec<&str> = self.features.iter().map(String::as_str).collect();
        way.check(&self.table, &features)
            .map_err(|e| self.fault(&e))?;
        let split = self.split(args, common.seed)?;
        let done = self.fit(way, &split, common)?;
        let mut bytes = None;
        if let Some(path) = &args.output {
            let file = done.pipeline.to_file();
            output::write_to(Some(path), |out| out.write_all(&file))?;
            bytes = Some(file.len());
        }
        if !common.quiet {
            done.ending.said.iter().for_each(|line| eprintln!("{line}"));
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

    fn fit<T: Real>(&self, way: &dyn Way<T>, split: &Split, common: &Common) -> Result<Done<T>> {
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
        let fitted = way.fit(&training, &mut progress);
        bar.finish_and_clear();
        let (pipeline, ending) = fitted.map_err(|e| self.fault(&e))?;
        let seconds = start.elapsed().as_secs_f64();
        Ok(Done {
            held_out: self.score(&pipeline, &split.test)?,
            pipeline,
            ending,
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
                    "class {class:?} of {name} has {found} row, {needed} are needed to set one aside"
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
