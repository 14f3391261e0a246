//! Pipelines of several tasks in files: beside what every model file has, the metadata say
//! ```text
//! kind     task-linear                  method          l21
//! task     "country", in the long form  tasks           ["Chad", "Chile"]: names, in the order of the tensors' rows
//! classes  ["no", "yes"] of all tasks, in the long form; {"sex": ["F", "M"]} of those that are classes, in the wide form
//! learned  {"relation": ["tasks", "tasks"]}: what the rows and columns of the tensor of that name are
//! ```
//! and the tensors are `coef: K x d` and `intercept: K`, all tasks' rows one below the other (a task of a number or two classes has one,
//! else one a class), those for a task never seen last, and `learned.NAME`. A `task-network` has `hidden: [32]`, its `activation`, and the
//! tensors that its architecture, the method, names.
//!
//! Where labels are nested, `tree` is a list of nodes, each with its parent behind it if it has one, the one task's classes are its leaves,
//! and the model's tasks are its choices.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::network::{read_network, write_network};
use super::{Form, Response, TaskModel, TaskPipeline, nested};
use crate::data::levels::Levels;
use crate::error::Result;
use crate::io::Writer;
use crate::mtl::linear::{Axis, Learned, TaskLinear};
use crate::mtl::net::Output;
use crate::mtl::{ClassTree, Kind};
use crate::pipeline::file::{
    Meta, object, read_list, read_object, read_strings, strings, write_encoder, write_scalers,
    write_start,
};

/// The kind of a linear model of several tasks.
pub(in crate::pipeline) const LINEAR: &str = "task-linear";

/// The kind of a network of several tasks.
pub(in crate::pipeline) const NETWORK: &str = "task-network";

/// What files call the axes of learned tables.
const AXES: [(&str, Axis); 4] = [
    ("tasks", Axis::Tasks),
    ("features", Axis::Features),
    ("coefficients", Axis::Coefficients),
    ("other", Axis::Other),
];

/// The names that learned tables have.
const TABLES: [&str; 12] = [
    "relation",
    "covariance",
    "support",
    "loadings",
    "basis",
    "single",
    "shared",
    "common",
    "outlier",
    "noise_variance",
    "random_effects",
    "clusters",
];

impl TaskPipeline {
    /// The whole pipeline as a safetensors file.
    #[inline]
    pub fn to_file(&self) -> Vec<u8> {
        let kind = match &self.model {
            TaskModel::Linear { .. } => LINEAR,
            TaskModel::F32 { .. } | TaskModel::F64 { .. } => NETWORK,
        };
        let names: Vec<String> = self.tasks.iter().map(|(name, _)| name.clone()).collect();
        let file = write_start(kind, self.model.precision(), self.seed)
            .text("method", self.model.method())
            .text("tasks", &strings(&names));
        let file = self.write_form(file, &names);
        let file = write_encoder(file, &self.encoder);
        let file = write_scalers(file, self.scaler.as_ref(), self.target_scaler.as_ref());
        let file = match &self.tree {
            Some(tree) => file.text("tree", &write_tree(tree)),
            None => file,
        };
        match &self.model {
            TaskModel::Linear { model, .. } => write_linear(file, model),
            TaskModel::F32 { network, .. } => write_network(file, network),
            TaskModel::F64 { network, .. } => write_network(file, network),
        }
        .finish()
    }

    #[inline]
    fn write_form(&self, file: Writer, names: &[String]) -> Writer {
        match &self.form {
            Form::Long { task, target } => {
                let file = file.text("task", task);
                let file = file.text("targets", &strings(core::slice::from_ref(target)));
                match &self.tasks[0].1 {
                    Response::Classes(levels) => file.text("classes", &strings(levels.names())),
                    Response::Number => file,
                }
            }
            Form::Wide => {
                let classes = self
                    .tasks
                    .iter()
                    .filter_map(|(name, response)| match response {
                        Response::Classes(levels) => Some((name, strings(levels.names()))),
                        Response::Number => None,
                    });
                file.text("targets", &strings(names))
                    .text("classes", &object(classes))
            }
        }
    }

    /// Finds a pipeline of several tasks in a file.
    #[inline]
    pub(in crate::pipeline) fn read(meta: &Meta<'_, '_, '_>) -> Result<Self> {
        let names = meta.json("tasks", read_strings)?;
        if names.is_empty() {
            return meta.bad("the model file names no task");
        }
        let form = read_form(meta, &names)?;
        let tasks = read_responses(meta, &form, names)?;
        let encoder = meta.encoder()?;
        let tree = read_tree(meta, &tasks)?;
        let heads = heads(&tasks, tree.as_ref());
        let model = read_model(meta, &heads, encoder.width())?;
        let scaled = match form {
            Form::Long { .. } => 1,
            Form::Wide => tasks.len(),
        };
        Ok(Self {
            scaler: meta.scaler("scaler", encoder.width())?,
            target_scaler: meta.scaler("target_scaler", scaled)?,
            encoder,
            model,
            form,
            tasks,
            tree: tree.map(Box::new),
            seed: meta.seed()?,
        })
    }
}

/// The tasks that the model has: those of the tables, or the tree's choices.
fn heads(tasks: &[(String, Response)], tree: Option<&ClassTree>) -> Vec<Output> {
    let output = |(name, kind): (&str, Kind)| Output {
        name: name.into(),
        kind,
    };
    match tree {
        Some(tree) => tree.choices().map(output).collect(),
        None => {
            let named = tasks.iter().map(|(name, r)| (name.as_str(), r.kind()));
            named.map(output).collect()
        }
    }
}

#[inline]
fn write_tree(tree: &ClassTree) -> String {
    let names: Vec<&str> = tree.names().collect();
    let node = |node: usize| {
        let line = [Some(node), tree.parent(node)];
        let names = line.into_iter().flatten().map(|node| names[node].into());
        strings(&names.collect::<Vec<String>>())
    };
    let nodes: Vec<String> = (0..tree.len()).map(node).collect();
    format!("[{}]", nodes.join(","))
}

/// The tree of nested labels, if the file has one, and one that its task fits.
#[inline]
fn read_tree(meta: &Meta<'_, '_, '_>, tasks: &[(String, Response)]) -> Result<Option<ClassTree>> {
    if meta.0.text("tree").is_none() {
        return Ok(None);
    }
    let lines = meta.json("tree", |json| read_list(json, read_strings))?;
    let node = |line: &'_ Vec<String>| match &line[..] {
        [name] => Ok((name.clone(), None)),
        [name, parent] => Ok((name.clone(), Some(parent.clone()))),
        _ => meta.bad("a node of the model file's tree is not a name with its parent"),
    };
    let nodes: Vec<(String, Option<String>)> = lines.iter().map(node).collect::<Result<_>>()?;
    let nodes: Vec<(&str, Option<&str>)> = nodes
        .iter()
        .map(|(name, parent)| (name.as_str(), parent.as_deref()))
        .collect();
    let tree = ClassTree::new(&nodes)?;
    match tasks {
        [(_, response)] if *response == nested::leaves(&tree)? => Ok(Some(tree)),
        _ => meta.bad("the classes of the model file are not the leaves of its tree"),
    }
}

#[inline]
fn read_model(meta: &Meta<'_, '_, '_>, heads: &[Output], features: usize) -> Result<TaskModel> {
    let method = meta.text("method")?;
    let network = meta.text("kind")? == NETWORK;
    match (network, meta.text("precision")?.as_str()) {
        (false, "f64") => Ok(TaskModel::Linear {
            method,
            model: read_linear(meta, heads, features)?,
        }),
        (true, "f32") => Ok(TaskModel::F32 {
            network: read_network(meta, &method, heads, features)?,
            method,
        }),
        (true, "f64") => Ok(TaskModel::F64 {
            network: read_network(meta, &method, heads, features)?,
            method,
        }),
        _ => meta.bad("the model file has an unknown precision"),
    }
}

#[inline]
fn read_form(meta: &Meta<'_, '_, '_>, tasks: &[String]) -> Result<Form> {
    let mut targets = meta.json("targets", read_strings)?;
    if meta.0.text("task").is_none() {
        return match targets == tasks {
            true => Ok(Form::Wide),
            false => meta.bad("the model file's targets are not its tasks"),
        };
    }
    match (targets.pop(), targets.is_empty()) {
        (Some(target), true) => Ok(Form::Long {
            task: meta.text("task")?,
            target,
        }),
        _ => meta.bad("tasks with rows of their own have one target"),
    }
}

/// The tasks and what they predict.
#[inline]
fn read_responses(
    meta: &Meta<'_, '_, '_>,
    form: &Form,
    names: Vec<String>,
) -> Result<Vec<(String, Response)>> {
    // A name that comes twice would make its rows ambiguous.
    let names = Levels::from_names(names)?.names().to_vec();
    let response = |levels: Vec<String>| match levels.len() {
        0 | 1 => meta.bad("classes are at least two"),
        _ => Ok(Response::Classes(Levels::from_names(levels)?)),
    };
    if let Form::Long { .. } = form {
        let own = match meta.0.text("classes") {
            Some(_) => response(meta.json("classes", read_strings)?)?,
            None => Response::Number,
        };
        return Ok(names.into_iter().map(|name| (name, own.clone())).collect());
    }
    let mut classes = meta.json("classes", |json| read_object(json, read_strings))?;
    let tasks = names.into_iter().map(|name| {
        let own = classes.remove(&name);
        Ok((name, own.map_or(Ok(Response::Number), response)?))
    });
    tasks.collect()
}

#[inline]
fn write_linear(file: Writer, model: &TaskLinear) -> Writer {
    let (k, d) = (model.coef().rows(), model.features());
    let values: Vec<f64> = (0..k)
        .flat_map(|i| (0..d).map(move |j| model.coef().at(i, j)))
        .collect();
    let file = file
        .tensor("coef", &[k, d], &values)
        .tensor("intercept", &[k], model.intercept());
    let axis = |own: Axis| {
        let found = AXES.iter().find(|(_, axis)| *axis == own);
        found.map_or("other", |(name, _)| name).to_string()
    };
    let names: Vec<String> = model.learned().iter().map(|l| l.name.to_string()).collect();
    let axes = model
        .learned()
        .iter()
        .map(|l| strings(&[axis(l.axes.0), axis(l.axes.1)]));
    let file = file.text("learned", &object(names.iter().zip(axes)));
    model.learned().iter().fold(file, |file, l| {
        let shape = [l.shape.0, l.shape.1];
        file.tensor(&format!("learned.{}", l.name), &shape, &l.values)
    })
}

#[inline]
fn read_linear(meta: &Meta<'_, '_, '_>, heads: &[Output], features: usize) -> Result<TaskLinear> {
    let links: usize = heads.iter().map(|head| head.kind.links()).sum();
    let shared = match meta.rows("coef") {
        Some(rows) if rows == links => false,
        Some(rows) if rows == links + heads[0].kind.links() => true,
        _ => return meta.bad("the model has not as many coefficients as its tasks ask for"),
    };
    let rows = meta.rows("coef").unwrap_or(links);
    let (coef, columns) = meta.matrix("coef", rows)?;
    if columns != features {
        return meta.bad("the model has other features than the metadata say");
    }
    let named = heads.iter().map(|head| (head.name.as_str(), head.kind));
    let intercept = meta.vector("intercept", rows)?;
    let model = TaskLinear::new(named, features, coef, intercept, shared)?;
    let learned = meta.json("learned", |json| read_object(json, read_strings))?;
    learned.into_iter().try_fold(model, |model, (name, axes)| {
        Ok(model.with_learned(read_table(meta, &name, &axes)?))
    })
}

/// The learned table called `name`.
#[inline]
fn read_table(meta: &Meta<'_, '_, '_>, name: &str, axes: &[String]) -> Result<Learned> {
    let axis = |name: &String| AXES.iter().find(|(n, _)| n == name).map(|(_, axis)| *axis);
    let known = TABLES.iter().find(|known| **known == name);
    let (Some(&known), [rows, columns]) = (known, axes) else {
        return meta.bad("the model file has a learned table that this version does not know");
    };
    let (Some(rows), Some(columns)) = (axis(rows), axis(columns)) else {
        return meta.bad("a learned table has an unknown axis");
    };
    let tensor = format!("learned.{name}");
    let height = meta.rows(&tensor).unwrap_or(0);
    let (values, width) = meta.matrix(&tensor, height)?;
    Ok(Learned {
        name: known,
        axes: (rows, columns),
        shape: (height, width),
        values,
    })
}
