//! One method on the tasks of one table.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use cognate::compare::Set;
use cognate::data::split::{Split, TestSize, group_split, stratified_split, train_test_split};
use cognate::mtl::linear::Certificate;
use cognate::mtl::net::TaskNetReport;
use cognate::pipeline::tasks::{
    Answered, Form, Response, Task, TaskLearner, TaskOutcome, TaskPipeline, TaskRecipe, TaskScores,
    TaskTraining, score_tasks,
};
use serde_json::{Value, json};

use super::TaskMethod;
use super::method::Configured;
use crate::args::{Common, Fit, Precision};
use crate::command::read_csv;
use crate::command::scores::{scores_json, scores_lines};
use crate::command::set::{labelled_rows, read_set};
use crate::csv_file::{CsvFile, Hint};
use crate::failure::{Failure, Result};
use crate::output;
use crate::progress::bar;
use crate::report::{duration, rounded, thousands};

/// Fits `method` as the command line says, writes the model and prints how it went.
pub fn fit(method: TaskMethod, args: &Fit, common: &Common) -> Result<()> {
    method.check(args)?;
    let csv = read_csv(&args.data, &args.source)?;
    let wish = method.wish(args.columns.wish())?;
    let mut set = read_set(&csv, &args.columns, args.task.as_ref(), (wish, common))?;
    let job = Job {
        method: method.build(args, &mut set, common.seed)?,
        rows: labelled_rows(&set),
        csv,
        set,
    };
    let done = job.run(args, common)?;
    let mut bytes = None;
    if let Some(path) = &args.output {
        let file = done.pipeline.to_file();
        output::write_to(Some(path), |out| out.write_all(&file))?;
        bytes = Some(file.len());
    }
    if common.json {
        return output::print_json(&done.json(args, bytes));
    }
    let lines = done.lines(args, bytes);
    output::print(|out| lines.iter().try_for_each(|l| writeln!(out, "{l}")))
}

/// Everything that a fit needs.
struct Job {
    method: Configured,
    csv: CsvFile,
    set: Set,
    /// The rows that have a label.
    rows: Vec<usize>,
}

/// What a fit found.
struct Done {
    pipeline: TaskPipeline,
    outcome: TaskOutcome,
    seconds: f64,
    train_rows: usize,
    held_out: Option<TaskScores>,
}

impl Job {
    fn run(&self, args: &Fit, common: &Common) -> Result<Done> {
        let split = self.split(args, common.seed)?;
        self.check_train(&split)?;
        let features: Vec<&str> = self.set.features.iter().map(String::as_str).collect();
        let training = TaskTraining {
            table: &self.set.table,
            features: &features,
            form: &self.set.form,
            tasks: &self.set.tasks,
            rows: &split.train,
            weights: self.set.weights.as_deref(),
        };
        let own = self.learner(args);
        let recipe = TaskRecipe {
            learner: match &self.method {
                Configured::Nested(tree, _) => TaskLearner::Nested {
                    tree,
                    learner: &own,
                },
                _ => own,
            },
            encoder: &self.set.encoder,
            standardize: args.standardize,
            seed: common.seed,
        };
        let (start, bar) = (Instant::now(), bar(1, common));
        let mut progress = |p: &cognate::optim::Progress| {
            bar.set_length(p.max_iter as u64);
            bar.set_position(p.iteration as u64);
            bar.set_message(format!("loss {}", rounded(p.value)));
            ControlFlow::Continue(())
        };
        let fitted = recipe.fit(&training, &mut progress);
        bar.finish_and_clear();
        let (pipeline, outcome) = fitted.map_err(|e| self.fault(&e))?;
        Ok(Done {
            seconds: start.elapsed().as_secs_f64(),
            held_out: self.score(&pipeline, &split.test)?,
            pipeline,
            outcome,
            train_rows: split.train.len(),
        })
    }

    fn learner<'a>(&'a self, args: &'a Fit) -> TaskLearner<'a> {
        match &self.method {
            Configured::Linear(method) => TaskLearner::Linear {
                method: &**method,
                choose: args.settings.lambda.is_none(),
            },
            Configured::Network(settings) | Configured::Nested(_, settings) => {
                TaskLearner::Network {
                    method: &args.method,
                    settings,
                    double: args.precision == Some(Precision::F64),
                }
            }
        }
    }

    /// The rows for training and those held out: whole groups, else each task's or class's share, else at random.
    fn split(&self, args: &Fit, seed: u64) -> Result<Split> {
        let Some(size) = args.test_size else {
            return Ok(Split {
                train: self.rows.clone(),
                test: Vec::new(),
            });
        };
        let size = match size {
            count if count >= 1.0 && count.fract() == 0.0 => TestSize::Count(count as usize),
            share => TestSize::Fraction(share),
        };
        let split = match (&self.set.groups, self.strata()) {
            (Some(groups), _) => {
                let groups: Vec<u32> = self.rows.iter().map(|&row| groups[row]).collect();
                group_split(&groups, size, seed)
            }
            (None, Some(strata)) => stratified_split(&strata, size, seed),
            (None, None) => train_test_split(self.rows.len(), size, seed),
        };
        let split = split.map_err(|e| self.fault(&e))?;
        let rows = |places: Vec<usize>| places.into_iter().map(|place| self.rows[place]).collect();
        Ok(Split {
            train: rows(split.train),
            test: rows(split.test),
        })
    }

    /// What each row is to be spread by: its task in the long form, its class in a lone task of classes; nothing where there would be
    /// too few rows of one.
    fn strata(&self) -> Option<Vec<u32>> {
        let mut strata = vec![0; self.set.table.rows()];
        match (&self.set.form, &self.set.tasks[..]) {
            (Form::Long { .. }, tasks) => {
                for (task, code) in tasks.iter().zip(0..) {
                    task.rows.iter().for_each(|&row| strata[row] = code);
                }
            }
            (Form::Wide, [task]) if task.response != Response::Number => {
                let labelled = task.rows.iter().zip(&task.labels);
                labelled.for_each(|(&row, &class)| strata[row] = class as u32);
            }
            _ => return None,
        }
        let own: Vec<u32> = self.rows.iter().map(|&row| strata[row]).collect();
        let mut counts = BTreeMap::new();
        own.iter()
            .for_each(|&code| *counts.entry(code).or_insert(0) += 1);
        counts.values().all(|&count| count > 1).then_some(own)
    }

    /// Makes sure that each task has a row to learn from.
    fn check_train(&self, split: &Split) -> Result<()> {
        let trained = |task: &Task| {
            task.rows
                .iter()
                .any(|row| split.train.binary_search(row).is_ok())
        };
        match self.set.tasks.iter().find(|task| !trained(task)) {
            None => Ok(()),
            Some(task) => Err(Failure::at(
                self.csv.place(),
                format_args!(
                    "all rows of task {:?} are held out: none is left to learn from",
                    task.name
                ),
            )),
        }
    }

    fn score(&self, pipeline: &TaskPipeline, rows: &[usize]) -> Result<Option<TaskScores>> {
        if rows.is_empty() {
            return Ok(None);
        }
        let mut answered = Vec::new();
        for (t, task) in self.set.tasks.iter().enumerate() {
            let labelled = task.rows.iter().zip(&task.labels);
            let (name, response) = &pipeline.tasks()[t];
            // A label that is an inner node of a tree is no class of the model.
            let scored =
                |label: f64| *response == Response::Number || label < response.width() as f64;
            let own =
                labelled.filter(|(row, label)| scored(**label) && rows.binary_search(row).is_ok());
            let (own, labels): (Vec<usize>, Vec<f64>) = own.unzip();
            if own.is_empty() {
                continue;
            }
            let prediction = pipeline.predict_task(Some(t), &self.set.table.take(&own));
            let weights = self.set.weights.as_ref();
            answered.push(Answered {
                name: name.clone(),
                response: response.clone(),
                prediction: prediction.map_err(|e| self.csv.fault_in(&own, &e, Hint::Feature))?,
                labels,
                weights: weights.map(|all| own.iter().map(|&row| all[row]).collect()),
            });
        }
        if answered.is_empty() {
            return Ok(None);
        }
        score_tasks(&answered).map(Some).map_err(|e| self.fault(&e))
    }

    fn fault(&self, error: &cognate::Error) -> Failure {
        let features = &self.set.features;
        let hint = match error {
            cognate::Error::Column { name, .. } if features.contains(name) => Hint::Feature,
            _ => Hint::None,
        };
        self.csv.fault_in(&self.rows, error, hint)
    }
}

impl Done {
    fn json(&self, args: &Fit, bytes: Option<usize>) -> Value {
        json!({
            "method": args.method,
            "precision": self.pipeline.model().precision(),
            "train_rows": self.train_rows,
            "tasks": self.pipeline.tasks().len(),
            "features": self.pipeline.encoder().width(),
            "parameters": self.pipeline.model().parameters(),
            "fit_seconds": self.seconds,
            "fit": outcome_json(&self.outcome),
            "held_out": self.held_out.as_ref().map(scores_json),
            "model": args.output.as_ref().map(|path| path.display().to_string()),
            "bytes": bytes,
        })
    }

    fn lines(&self, args: &Fit, bytes: Option<usize>) -> Vec<String> {
        let model = self.pipeline.model();
        let mut lines = vec![format!(
            "{} on {} rows, {} tasks, {} features: {} parameters ({}), {}",
            args.method,
            thousands(self.train_rows as f64),
            thousands(self.pipeline.tasks().len() as f64),
            self.pipeline.encoder().width(),
            thousands(model.parameters() as f64),
            model.precision(),
            duration(self.seconds),
        )];
        lines.extend(outcome_lines(&self.outcome, args.settings.lambda.is_some()));
        if let Some(scores) = &self.held_out {
            lines.push(format!(
                "on {} rows held out:",
                thousands(scores.rows as f64)
            ));
            lines.extend(scores_lines(scores).iter().map(|line| format!("  {line}")));
        }
        if let (Some(path), Some(bytes)) = (&args.output, bytes) {
            let bytes = thousands(bytes as f64);
            lines.push(format!("wrote {}, {bytes} bytes", path.display()));
        }
        lines
    }
}

fn outcome_json(outcome: &TaskOutcome) -> Value {
    match outcome {
        TaskOutcome::Solved(solved) => {
            let certificate = match solved.certificate {
                Certificate::Gap { .. } => "gap",
                Certificate::Residual { .. } => "residual",
            };
            json!({
                "lambda": solved.lambda,
                "lambda_chosen": solved.chosen,
                "objective": solved.objective,
                "iterations": solved.iterations,
                certificate: solved.certificate.value(),
                "converged": solved.converged,
            })
        }
        TaskOutcome::Trained(report) => json!({
            "stopped": report.stopped.to_string(),
            "epochs": report.epochs,
            "steps": report.steps,
            "losses": last_losses(report),
            "weights": report.weights,
        }),
    }
}

/// Each task's training loss of the last epoch.
fn last_losses(report: &TaskNetReport) -> Vec<f64> {
    let last = |losses: &Vec<f64>| losses.last().copied().unwrap_or(f64::NAN);
    report.losses.iter().map(last).collect()
}

/// How it went; `given` says whether the strength was.
fn outcome_lines(outcome: &TaskOutcome, given: bool) -> Vec<String> {
    match outcome {
        TaskOutcome::Solved(solved) => {
            let how = match (solved.chosen, given) {
                (true, _) => " chosen by cross-validation",
                (false, true) => "",
                (false, false) => ", the noise's variance, by the likelihood",
            };
            let reached = match solved.converged {
                true => "converged",
                false => "not converged: the certificate is not as small as asked",
            };
            let (lambda, objective) = (rounded(solved.lambda), rounded(solved.objective));
            let (certificate, iterations) = (solved.certificate, solved.iterations);
            vec![
                format!("lambda {lambda}{how}"),
                format!(
                    "objective {objective}, {certificate}, {reached} after {iterations} iterations"
                ),
            ]
        }
        TaskOutcome::Trained(report) => {
            let losses = last_losses(report);
            let losses: Vec<String> = losses.iter().take(12).map(|x| rounded(*x)).collect();
            vec![format!(
                "{} after {} epochs, {} steps; losses of the tasks {}",
                report.stopped,
                report.epochs,
                report.steps,
                losses.join(", "),
            )]
        }
    }
}
