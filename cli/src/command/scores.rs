//! Scores as JSON and as a table.

use cognate::pipeline::Scores;
use cognate::pipeline::tasks::TaskScores;
use serde_json::{Map, Value, json};

use crate::report::{rounded, table, thousands};

/// An object of scores.
pub fn metrics(scores: &Scores) -> Map<String, Value> {
    scores
        .iter()
        .map(|(name, x)| (name.to_string(), json!(x)))
        .collect()
}

/// `{rows, metrics: {..}, tasks: {NAME: {rows, ..}}}`.
pub fn scores_json(scores: &TaskScores) -> Value {
    let task = |(name, rows, scores): &(String, usize, Scores)| {
        let mut task = metrics(scores);
        task.insert("rows".to_owned(), json!(rows));
        (name.clone(), Value::Object(task))
    };
    let tasks: Map<_, _> = scores.tasks.iter().map(task).collect();
    json!({ "rows": scores.rows, "metrics": metrics(&scores.all), "tasks": tasks })
}

/// A line a task, and one of all together where there are several.
pub fn scores_lines(scores: &TaskScores) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    let each = scores.tasks.iter().map(|(_, _, scores)| scores);
    for (name, _) in each.chain([&scores.all]).flatten() {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let row = |name: &str, count: usize, scores: &Scores| {
        let score = |wanted: &&str| {
            let found = scores.iter().find(|(name, _)| name == wanted);
            found.map_or("-".to_owned(), |(_, x)| rounded(*x))
        };
        let head = [name.to_owned(), thousands(count as f64)];
        head.into_iter().chain(names.iter().map(score)).collect()
    };
    let head = ["task", "rows"].into_iter().chain(names.iter().copied());
    let mut rows: Vec<Vec<String>> = vec![head.map(str::to_owned).collect()];
    let tasks = scores.tasks.iter();
    rows.extend(tasks.map(|(name, count, scores)| row(name, *count, scores)));
    if scores.tasks.len() > 1 {
        rows.push(row("all", scores.rows, &scores.all));
    }
    table(&rows, &[0])
}
