//! A meta-model on tasks held out: the first rows of each adapt, the rest score.

use cognate::meta::Score;
use cognate::pipeline::Target;
use cognate::pipeline::meta::{HeldOut, MetaPipeline, MetaScores};
use serde_json::{Map, Value, json};

use super::{MetaLabels, tasks_of};
use crate::args::{Common, Evaluate};
use crate::columns::{TargetColumn, Wish};
use crate::command::feature_table;
use crate::csv_file::{CsvFile, Hint};
use crate::failure::Result;
use crate::output;
use crate::report::{rounded, table, thousands};

/// Scores `pipeline` on the tasks of `csv`.
pub fn evaluate(
    pipeline: &MetaPipeline,
    csv: &CsvFile,
    args: &Evaluate,
    common: &Common,
) -> Result<()> {
    let wish = match pipeline.target() {
        Target::Classes { .. } => Wish::Classes("as in training"),
        Target::Numbers(_) => Wish::Numbers("as in training"),
    };
    let target = TargetColumn::read(csv, &pipeline.target().names()[0], wish)?;
    let labels = MetaLabels::of(&target, csv)?;
    let (names, tasks) = tasks_of(csv, pipeline.task_column())?;
    let shots = args.shots.unwrap_or(pipeline.shots());
    let scores = pipeline.evaluate(&HeldOut {
        table: &feature_table(csv, pipeline.encoder())?,
        labels: labels.labels(),
        names: &names,
        tasks: &tasks,
        shots,
        seed: common.seed,
    });
    let scores = scores.map_err(|e| csv.fault(&e, Hint::None))?;
    if common.json {
        // Tasks that are made of classes have no names.
        let names = pipeline.task_column().map_or(&[][..], |_| &names);
        return output::print_json(&scores_json(&scores, shots, names));
    }
    let lines = lines(&scores, shots);
    output::print(|out| lines.iter().try_for_each(|l| writeln!(out, "{l}")))
}

fn scores_json(found: &MetaScores, shots: usize, names: &[String]) -> Value {
    let trained = &found.scores[found.trained];
    let step = |(steps, score): (&Option<usize>, &Score)| {
        json!({
            "steps": steps, "mean": score.mean, "half_width": score.half_width, "median": score.median,
        })
    };
    let steps = found.steps.iter().zip(&found.scores).map(step);
    let task = |(name, (rows, value)): (&String, &(usize, f64))| {
        let scores = json!({ "rows": rows, found.metric: value });
        (name.clone(), scores)
    };
    let tasks: Map<_, _> = names.iter().zip(&found.tasks).map(task).collect();
    json!({
        "shots": shots,
        "metrics": { found.metric: trained.mean },
        "steps": steps.collect::<Vec<_>>(),
        "diverged": found.diverged,
        "rows": found.tasks.iter().map(|(rows, _)| rows).sum::<usize>(),
        "tasks": tasks,
        "task_count": found.tasks.len(),
    })
}

fn lines(found: &MetaScores, shots: usize) -> Vec<String> {
    let mut lines = vec![format!(
        "{} tasks, {shots} rows of each to learn from; {} of the others:",
        thousands(found.tasks.len() as f64),
        match found.metric {
            "mse" => "mean squared error",
            _ => "accuracy",
        },
    )];
    let header = ["steps", "mean", "95 % interval", "median"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(found.steps.iter().zip(&found.scores).map(|(steps, score)| {
        vec![
            steps.map_or("-".to_owned(), |s| s.to_string()),
            rounded(score.mean),
            format!("+- {}", rounded(score.half_width)),
            rounded(score.median),
        ]
    }));
    lines.extend(table(&rows, &[]));
    if found.diverged > 0 {
        let diverged = thousands(found.diverged as f64);
        lines.push(format!(
            "{diverged} adaptations diverged, and score what the start gives"
        ));
    }
    lines
}
