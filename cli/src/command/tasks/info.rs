//! What a file with a model of several tasks holds, and what the tasks turned out to have in common.

use cognate::mtl::ClassTree;
use cognate::mtl::linear::{Axis, Learned};
use cognate::pipeline::tasks::{Form, Response, TaskPipeline};
use serde_json::{Value, json};

use crate::args::Common;
use crate::command::info::{features_json, features_lines};
use crate::failure::Result;
use crate::output;
use crate::report::{rounded, table, thousands};

/// Rows and columns of a learned table that are shown to people.
const SHOWN: usize = 12;

/// Prints it.
pub fn info(pipeline: &TaskPipeline, common: &Common) -> Result<()> {
    if common.json {
        return output::print_json(&describe(pipeline));
    }
    let lines = lines(pipeline);
    output::print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))
}

fn describe(pipeline: &TaskPipeline) -> Value {
    let task = |(name, response): &(String, Response)| {
        let classes = match response {
            Response::Classes(levels) => json!(levels.names()),
            Response::Number => Value::Null,
        };
        json!({ "name": name, "classes": classes })
    };
    let (column, targets) = match pipeline.form() {
        Form::Long { task, target } => (json!(task), vec![target.clone()]),
        Form::Wide => (Value::Null, task_names(pipeline)),
    };
    let learned = |table: &Learned| {
        let values: Vec<&[f64]> = table.values.chunks(table.shape.1.max(1)).collect();
        json!({
            "name": table.name,
            "rows": axis_names(pipeline, table.axes.0, table.shape.0),
            "columns": axis_names(pipeline, table.axes.1, table.shape.1),
            "values": values,
        })
    };
    let model = pipeline.model();
    json!({
        "kind": model.method(),
        "precision": model.precision(),
        "parameters": model.parameters(),
        "seed": pipeline.seed(),
        "task": column,
        "targets": targets,
        "tasks": pipeline.tasks().iter().map(task).collect::<Vec<_>>(),
        "tree": pipeline.tree().map(tree_json),
        "predicts_unseen": pipeline.predicts_unseen(),
        "standardized": pipeline.scaler().is_some(),
        "features": features_json(pipeline.encoder()),
        "learned": pipeline.learned().iter().map(learned).collect::<Vec<_>>(),
    })
}

fn tree_json(tree: &ClassTree) -> Value {
    let names: Vec<&str> = tree.names().collect();
    let parent = |node: usize| tree.parent(node).map(|parent| names[parent]);
    let nodes = names.iter().enumerate();
    nodes
        .map(|(node, name)| json!({ "node": name, "parent": parent(node) }))
        .collect()
}

/// A line a choice: what it is among, and the node that it is made below.
fn tree_lines(tree: &ClassTree) -> Vec<String> {
    let names: Vec<&str> = tree.names().collect();
    let line = |above: Option<usize>| {
        let below = (0..tree.len()).filter(|&node| tree.parent(node) == above);
        let below: Vec<&str> = below.map(|node| names[node]).collect();
        let above = above.map_or(String::new(), |node| format!("below {} ", names[node]));
        (!below.is_empty()).then(|| format!("{above}a choice of {}", below.join(", ")))
    };
    let nodes = (0..tree.len()).map(Some);
    [None].into_iter().chain(nodes).filter_map(line).collect()
}

fn task_names(pipeline: &TaskPipeline) -> Vec<String> {
    let names = pipeline.tasks().iter().map(|(name, _)| name.clone());
    names.collect()
}

/// The names of `count` rows or columns.
fn axis_names(pipeline: &TaskPipeline, axis: Axis, count: usize) -> Vec<String> {
    let features = || pipeline.encoder().names().into_iter();
    let intercept = std::iter::once("(intercept)".to_owned());
    let mut names: Vec<String> = match axis {
        Axis::Tasks => task_names(pipeline),
        Axis::Features => features().collect(),
        Axis::Coefficients => intercept.chain(features()).collect(),
        Axis::Other => Vec::new(),
    };
    names.truncate(count);
    names.extend((names.len()..count).map(|i| (i + 1).to_string()));
    names
}

fn lines(pipeline: &TaskPipeline) -> Vec<String> {
    let (model, tasks) = (pipeline.model(), pipeline.tasks());
    let mut lines = vec![format!(
        "{}, {} tasks, {} parameters ({}), seed {}",
        model.method(),
        thousands(tasks.len() as f64),
        thousands(model.parameters() as f64),
        model.precision(),
        pipeline.seed()
    )];
    lines.push(match pipeline.form() {
        Form::Long { task, target } => format!("predicts {target} by {task}"),
        Form::Wide => format!("predicts {}", task_names(pipeline).join(", ")),
    });
    lines.extend(classes(pipeline));
    lines.extend(pipeline.tree().into_iter().flat_map(tree_lines));
    if let Form::Long { .. } = pipeline.form() {
        let unseen = match pipeline.predicts_unseen() {
            true => "a task never seen is predicted by the shared part",
            false => "a task never seen cannot be predicted",
        };
        lines.push(unseen.to_owned());
    }
    if pipeline.scaler().is_some() {
        lines.push("features are standardised".to_owned());
    }
    lines.extend(features_lines(pipeline.encoder()));
    for table in pipeline.learned() {
        lines.extend(learned_lines(pipeline, &table));
    }
    lines
}

/// The classes of what is classes.
fn classes(pipeline: &TaskPipeline) -> Vec<String> {
    let tasks = match pipeline.form() {
        Form::Long { .. } => &pipeline.tasks()[..1],
        Form::Wide => pipeline.tasks(),
    };
    let line = |(name, response): &(String, Response)| match response {
        Response::Classes(levels) => {
            let levels = levels.names().join(", ");
            Some(match pipeline.form() {
                Form::Long { .. } => format!("classes {levels}"),
                Form::Wide => format!("classes of {name} {levels}"),
            })
        }
        Response::Number => None,
    };
    tasks.iter().filter_map(line).collect()
}

fn learned_lines(pipeline: &TaskPipeline, learned: &Learned) -> Vec<String> {
    let (rows, columns) = learned.shape;
    let size = match rows.max(columns) > SHOWN {
        true => format!(", the first of {rows} x {columns} (--json has all)"),
        false => String::new(),
    };
    let mut lines = vec![format!("{}{size}:", learned.name)];
    let columns_shown = axis_names(pipeline, learned.axes.1, columns);
    let columns_shown = columns_shown.into_iter().take(SHOWN);
    let mut cells = vec![[String::new()].into_iter().chain(columns_shown).collect()];
    let names = axis_names(pipeline, learned.axes.0, rows);
    for (i, name) in names.into_iter().enumerate().take(SHOWN) {
        let row = learned.values[i * columns..][..columns].iter().take(SHOWN);
        let row = row.map(|x| rounded(*x));
        cells.push([format!("  {name}")].into_iter().chain(row).collect());
    }
    lines.extend(table(&cells, &[0]));
    lines
}
