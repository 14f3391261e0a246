//! Meta-training on the tasks of one table.

use std::ops::ControlFlow;
use std::time::Instant;

use cognate::meta::MetaReport;
use cognate::pipeline::Target;
use cognate::pipeline::meta::{Brought, MetaPipeline, MetaRecipe, MetaTraining};
use serde_json::{Value, json};

use super::{MetaLabels, MetaMethodName, tasks_of};
use crate::args::{Common, Fit};
use crate::columns::TargetColumn;
use crate::command::read_csv;
use crate::csv_file::Hint;
use crate::failure::{Failure, Result};
use crate::output;
use crate::progress::bar;
use crate::report::{duration, rounded, thousands};

/// Rows of a task to learn from, and to be judged by, if nothing is said.
const SHOTS: usize = 10;

/// Trains `method` as the command line says, writes the model and prints how it went.
pub fn fit(method: MetaMethodName, args: &Fit, common: &Common) -> Result<()> {
    method.check(args)?;
    let [name] = &args.columns.targets()[..] else {
        let what = "a meta-learner predicts one column: --target COL";
        return Err(Failure::Usage(what.to_owned()));
    };
    let csv = read_csv(&args.data, &args.source)?;
    let target = TargetColumn::read(
        &csv,
        name,
        method.wish(args.columns.wish(), args.task.is_some())?,
    )?;
    target.announce(common);
    target.check(csv.place())?;
    let labels = MetaLabels::of(&target, &csv)?;
    if args.meta.ways.is_some() && labels.levels().is_none() {
        let what = "--ways counts classes: the target is a number";
        return Err(Failure::Usage(what.to_owned()));
    }
    let taken: Vec<&str> = std::iter::once(name)
        .chain(&args.task)
        .map(String::as_str)
        .collect();
    let features = args.columns.features(&csv, &taken)?;
    let (names, tasks) = tasks_of(&csv, args.task.as_deref())?;
    let table = args.columns.table(&csv, &features)?;
    let recipe = recipe(method, args, common);
    let names_of_features: Vec<&str> = features.iter().map(String::as_str).collect();
    let training = MetaTraining {
        table: &table,
        features: &names_of_features,
        target: &labels.target(name),
        labels: labels.labels(),
        task_column: args.task.as_deref(),
        names: &names,
        tasks: &tasks,
    };
    let (start, bar) = (Instant::now(), bar(1, common));
    let fitted = recipe.fit(&training, &mut |p| {
        bar.set_length(p.max_iter as u64);
        bar.set_position(p.iteration as u64);
        if p.iteration % 100 == 0 {
            bar.set_message(format!("loss {}", rounded(p.value)));
        }
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let (pipeline, report) = fitted.map_err(|e| csv.fault(&e, Hint::Feature))?;
    let done = Done {
        pipeline,
        report,
        tasks: names.len(),
        seconds: start.elapsed().as_secs_f64(),
    };
    done.finish(args, common)
}

/// What to train, as the command line says.
fn recipe(method: MetaMethodName, args: &Fit, common: &Common) -> MetaRecipe {
    let ways = args.meta.ways;
    let shots = args.meta.shots.unwrap_or(SHOTS.max(ways.unwrap_or(0)));
    let queries = args.meta.queries.unwrap_or(shots);
    MetaRecipe {
        method: method.build(args, shots + queries, common),
        encoder: args.columns.encoder(),
        standardize: args.standardize,
        shots,
        queries,
        ways,
        seed: common.seed,
    }
}

/// What training found.
struct Done {
    pipeline: MetaPipeline,
    report: MetaReport,
    tasks: usize,
    seconds: f64,
}

impl Done {
    fn finish(&self, args: &Fit, common: &Common) -> Result<()> {
        let mut bytes = None;
        if let Some(path) = &args.output {
            let file = self.pipeline.to_file();
            output::write_to(Some(path), |out| out.write_all(&file))?;
            bytes = Some(file.len());
        }
        if common.json {
            return output::print_json(&self.json(bytes));
        }
        let lines = self.lines(args, bytes);
        output::print(|out| lines.iter().try_for_each(|l| writeln!(out, "{l}")))
    }

    /// Mean query loss of the last hundred meta-steps that were kept; of the baseline, which knows no query, mean loss of as many epochs.
    fn last_loss(&self) -> f64 {
        let history = &self.report.history;
        let last = &history[history.len().saturating_sub(100)..];
        last.iter().sum::<f64>() / last.len() as f64
    }

    fn json(&self, bytes: Option<usize>) -> Value {
        let baseline = matches!(self.pipeline.brought(), Brought::Baseline(_));
        json!({
            "method": self.pipeline.method(),
            "tasks": self.tasks,
            "shots": self.pipeline.shots(),
            "meta_steps": self.report.steps,
            "skipped": self.report.skipped,
            "query_loss": (!baseline).then(|| self.last_loss()),
            "loss": baseline.then(|| self.last_loss()),
            "seconds": self.seconds,
            "bytes": bytes,
        })
    }

    /// What it learned from.
    fn tasks(&self) -> String {
        match (self.pipeline.task_column(), self.pipeline.target()) {
            (None, Target::Classes { levels, .. }) => {
                let (ways, classes) = (self.pipeline.ways(), levels.len());
                format!("tasks of {ways} of {classes} classes")
            }
            _ => format!("{} tasks", thousands(self.tasks as f64)),
        }
    }

    fn lines(&self, args: &Fit, bytes: Option<usize>) -> Vec<String> {
        let mut lines = vec![
            format!(
                "{} on {}, {} rows a task to learn from: {} meta-steps in {}",
                self.pipeline.method(),
                self.tasks(),
                self.pipeline.shots(),
                thousands(self.report.steps as f64),
                duration(self.seconds),
            ),
            match self.pipeline.brought() {
                Brought::Baseline(_) => format!("loss {} on all rows", rounded(self.last_loss())),
                _ => format!("query loss {} after adapting", rounded(self.last_loss())),
            },
        ];
        if self.report.skipped > 0 {
            let skipped = thousands(self.report.skipped as f64);
            lines.push(format!(
                "{skipped} tasks were left out: their loss or gradient was not finite"
            ));
        }
        if let (Some(path), Some(bytes)) = (&args.output, bytes) {
            let (path, bytes) = (path.display(), thousands(bytes as f64));
            lines.push(format!("wrote {path} ({bytes} bytes)"));
        }
        lines
    }
}
