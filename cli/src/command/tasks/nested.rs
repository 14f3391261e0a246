//! Classes in a tree: the file that says how they are nested, and the labels of a table.

use std::path::Path;

use cognate::compare::Set;
use cognate::data::levels::Levels;
use cognate::mtl::ClassTree;
use cognate::pipeline::tasks::Response;

use super::relation::RelationFile;
use crate::failure::Result;

/// The tree in the file at `path`, about the classes of the one task of `set`. They become the tree's leaves, in its order, and behind
/// them the inner nodes: a row that is known to be no more than that.
pub fn read(path: &Path, set: &mut Set) -> Result<ClassTree> {
    let task = &mut set.tasks[0];
    let known = match &task.response {
        Response::Classes(levels) => levels.names().to_vec(),
        Response::Number => Vec::new(),
    };
    let file = RelationFile::read(path, &known)?;
    let tree = file.class_tree()?;
    let names: Vec<&str> = tree.names().collect();
    let leaves: Vec<usize> = tree.leaves().collect();
    let inner = (0..tree.len()).filter(|node| !leaves.contains(node));
    let order: Vec<usize> = leaves.iter().copied().chain(inner).collect();
    let ordered: Vec<String> = order.iter().map(|&node| names[node].to_owned()).collect();
    let place = |class: &String| ordered.iter().position(|name| name == class);
    let places: Vec<f64> = known.iter().filter_map(place).map(|p| p as f64).collect();
    for label in &mut task.labels {
        *label = places[*label as usize];
    }
    let levels = Levels::from_names(ordered).map_err(|e| file.fault(&e))?;
    task.response = Response::Classes(levels);
    Ok(tree)
}
