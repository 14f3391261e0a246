//! Meta-training on the tasks of one table.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Instant;

use cognate::meta::MetaReport;
use cognate::pipeline::Labels;
use cognate::pipeline::meta::{MetaPipeline, MetaRecipe, MetaTraining};
use serde_json::{Value, json};

use super::{MetaLabels, MetaMethodName};
use crate::args::{Common, Fit};
use crate::columns::{TargetColumn, named_codes};
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
    let task_column = args.task.as_deref().unwrap_or_default();
    let [name] = &args.columns.targets()[..] else {
        let what = "a meta-learner predicts one column: --target COL";
        return Err(Failure::Usage(what.to_owned()));
    };
    let csv = read_csv(&args.data, &args.source)?;
    let target = TargetColumn::read(&csv, name, method.wish(args.columns.wish())?)?;
    target.announce(common);
    target.check(csv.place())?;
    let labels = MetaLabels::of(&target, csv.place())?;
    let features = args.columns.features(&csv, &[name, task_column])?;
    let (names, tasks) = named_codes(&csv, task_column)?;
    check_ways(args.meta.ways, &labels, &tasks)?;
    let table = args.columns.table(&csv, &features)?;
    let shots = args.meta.shots.unwrap_or(SHOTS);
    let recipe = MetaRecipe {
        method: method.build(args, common),
        encoder: args.columns.encoder(),
        standardize: args.standardize,
        shots,
        queries: args.meta.queries.unwrap_or(shots),
        seed: common.seed,
    };
    let names_of_features: Vec<&str> = features.iter().map(String::as_str).collect();
    let training = MetaTraining {
        table: &table,
        features: &names_of_features,
        target: &labels.target(name),
        labels: labels.labels(),
        task_column,
        names: names.names(),
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

/// Makes sure that no task has more classes than `--ways`.
fn check_ways(ways: Option<usize>, labels: &MetaLabels, tasks: &[u32]) -> Result<()> {
    let (Some(ways), Labels::Classes(codes)) = (ways, labels.labels()) else {
        return match ways {
            None => Ok(()),
            Some(_) => Err(Failure::Usage(
                "--ways counts classes: the target is a number".to_owned(),
            )),
        };
    };
    let mut met: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (&task, &code) in tasks.iter().zip(codes) {
        met.entry(task).or_default().insert(code);
    }
    let most = met.values().map(BTreeSet::len).max().unwrap_or(0);
    match most == ways {
        true => Ok(()),
        false => Err(Failure::Usage(format!(
            "--ways {ways}: the tasks of the file have up to {most} classes"
        ))),
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

    /// Mean query loss of the last hundred meta-steps that were kept.
    fn last_loss(&self) -> f64 {
        let history = &self.report.history;
        let last = &history[history.len().saturating_sub(100)..];
        last.iter().sum::<f64>() / last.len() as f64
    }

    fn json(&self, bytes: Option<usize>) -> Value {
        json!({
            "method": self.pipeline.method(),
            "tasks": self.tasks,
            "shots": self.pipeline.shots(),
            "meta_steps": self.report.steps,
            "skipped": self.report.skipped,
            "query_loss": self.last_loss(),
            "seconds": self.seconds,
            "bytes": bytes,
        })
    }

    fn lines(&self, args: &Fit, bytes: Option<usize>) -> Vec<String> {
        let mut lines = vec![
            format!(
                "{} on {} tasks, {} rows a task to learn from: {} meta-steps in {}",
                self.pipeline.method(),
                thousands(self.tasks as f64),
                self.pipeline.shots(),
                thousands(self.report.steps as f64),
                duration(self.seconds),
            ),
            format!("query loss {} after adapting", rounded(self.last_loss())),
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
