//! Relations of tasks in files: what is known beforehand of how the tasks of a table belong together.
//!
//! ```text
//! tree    node,parent[,lambda]   a line a node, a root without a parent; every task is a node, every leaf a task
//! graph   a,b,weight             a line a pair of tasks
//! icm     task,A,B,..            a covariance of the tasks: a line a task, its name first; symmetric
//! ```
//! The classes of one task are nested in a tree like the first, without `lambda`.

use std::collections::BTreeMap;
use std::path::Path;

use cognate::mtl::ClassTree;
use cognate::mtl::linear::{Graph, GraphEdge, Icm, Tree, TreeNode};
use cognate::pipeline::tasks::Relation;

use crate::args::Source;
use crate::command::read_csv;
use crate::csv_file::{CsvFile, Hint};
use crate::failure::{Failure, Result};

/// A relation's file and the tasks that it is to relate.
pub struct RelationFile<'a> {
    csv: CsvFile,
    tasks: &'a [String],
}

impl<'a> RelationFile<'a> {
    /// Reads the file at `path`, about the tasks of these names.
    pub fn read(path: &Path, tasks: &'a [String]) -> Result<Self> {
        let plain = Source {
            delimiter: None,
            na: Vec::new(),
        };
        let csv = read_csv(path, &plain)?;
        Ok(Self { csv, tasks })
    }

    /// The relation that the method called `name` needs.
    pub fn of_method(&self, name: &str) -> Result<Relation> {
        Ok(match name {
            "tree" | "tree-lasso" => Relation::Tree(Tree::new(self.tree()?)),
            "graph" => Relation::Graph(Graph::new(self.graph()?)),
            _ => Relation::Icm(Icm::new(self.tasks.to_vec(), self.covariance()?)),
        })
    }

    /// The relation that the file's header announces.
    pub fn any(&self) -> Result<Relation> {
        let header = self.csv.header();
        let has = |names: &[&str]| names.iter().all(|n| header.iter().any(|own| own == n));
        let name = if has(&["node", "parent"]) {
            "tree"
        } else if has(&["a", "b", "weight"]) {
            "graph"
        } else {
            "icm"
        };
        self.of_method(name)
    }

    /// The tree of classes in a file of `node,parent`: the relation's tasks are classes here.
    pub fn class_tree(&self) -> Result<ClassTree> {
        self.check_header(&["node", "parent"], None)?;
        let (names, parents) = self.nodes()?;
        if let Some(class) = self.tasks.iter().find(|class| !names.contains(class)) {
            let what = format!("class {class:?} of the table is no node");
            return Err(Failure::at(self.csv.place(), what));
        }
        let name = |parent: &Option<usize>| parent.map(|row| names[row].as_str());
        let above = parents.iter().map(name);
        let nodes: Vec<_> = names.iter().map(String::as_str).zip(above).collect();
        ClassTree::new(&nodes).map_err(|e| self.fault(&e))
    }

    /// What the library says of the file.
    pub fn fault(&self, error: &cognate::Error) -> Failure {
        self.csv.fault(error, Hint::None)
    }

    /// The tree in a file of `node,parent[,lambda]`.
    fn tree(&self) -> Result<Vec<TreeNode>> {
        self.check_header(&["node", "parent"], Some("lambda"))?;
        let (names, parents) = self.nodes()?;
        self.check_leaves(&names, &parents)?;
        if let Some(task) = self.tasks.iter().find(|task| !names.contains(task)) {
            return Err(self.missing(task, "is no node"));
        }
        let nodes = names.iter().zip(&parents).zip(self.lambdas()?);
        let node = |((name, parent), lambda): ((&String, &Option<usize>), f64)| TreeNode {
            name: name.clone(),
            parent: parent.map(|row| names[row].clone()),
            lambda,
        };
        Ok(nodes.map(node).collect())
    }

    /// The nodes' names, and the lines of their parents.
    fn nodes(&self) -> Result<(Vec<String>, Vec<Option<usize>>)> {
        let names = self.filled("node")?;
        let mut places = BTreeMap::new();
        for (row, name) in names.iter().enumerate() {
            if places.insert(name, row).is_some() {
                return Err(self.csv.cell_fault("node", row, "is a node twice"));
            }
        }
        let above = self.texts("parent")?;
        let parent = |(row, name): (usize, &Option<String>)| match name {
            None => Ok(None),
            Some(name) => match places.get(name) {
                None => Err(self.csv.cell_fault("parent", row, "is no node")),
                place => Ok(place.copied()),
            },
        };
        let parents = above.iter().enumerate().map(parent);
        let parents: Vec<Option<usize>> = parents.collect::<Result<_>>()?;
        self.check_circles(&parents)?;
        Ok((names, parents))
    }

    fn check_circles(&self, parents: &[Option<usize>]) -> Result<()> {
        for row in 0..parents.len() {
            let above = std::iter::successors(parents[row], |&p| parents[p]);
            // No line is longer than there are nodes, but in a circle.
            if above.take(parents.len()).count() == parents.len() {
                let what = "is in a circle, or below one: no root is above it";
                return Err(self.csv.cell_fault("node", row, what));
            }
        }
        Ok(())
    }

    fn check_leaves(&self, names: &[String], parents: &[Option<usize>]) -> Result<()> {
        let leaf = |row: &usize| !parents.contains(&Some(*row));
        let known = |row: &usize| self.tasks.contains(&names[*row]);
        match (0..names.len()).filter(leaf).find(|row| !known(row)) {
            None => Ok(()),
            Some(row) => {
                Err(self
                    .csv
                    .cell_fault("node", row, "is a leaf, but no task of the table"))
            }
        }
    }

    /// The strengths of the nodes, 1 where none is said.
    fn lambdas(&self) -> Result<Vec<f64>> {
        if self.csv.find("lambda").is_err() {
            return Ok(vec![1.0; self.csv.rows()]);
        }
        let lambdas = self.numbers("lambda")?;
        let valid = |(row, x): (usize, f64)| match x {
            x if x.is_nan() => Ok(1.0),
            x if x > 0.0 => Ok(x),
            _ => Err(self.csv.cell_fault(
                "lambda",
                row,
                "is no strength: a number above 0 is needed",
            )),
        };
        lambdas.into_iter().enumerate().map(valid).collect()
    }

    /// The pairs in a file of `a,b,weight`.
    fn graph(&self) -> Result<Vec<GraphEdge>> {
        self.check_header(&["a", "b", "weight"], None)?;
        let (a, b) = (self.places("a")?, self.places("b")?);
        let weights = self.numbers("weight")?;
        let mut seen = BTreeMap::new();
        let mut edges = Vec::new();
        for (row, &weight) in weights.iter().enumerate() {
            let (a, b) = (a[row], b[row]);
            if weight.is_nan() {
                return Err(self.empty("weight", row));
            }
            if weight < 0.0 {
                return Err(self.csv.cell_fault("weight", row, "is negative"));
            }
            if a == b {
                return Err(self.csv.cell_fault("b", row, "is joined to itself"));
            }
            if seen.insert((a.min(b), a.max(b)), row).is_some() {
                return Err(self
                    .csv
                    .cell_fault("b", row, "is joined to the same task twice"));
            }
            edges.push(GraphEdge {
                a: self.tasks[a].clone(),
                b: self.tasks[b].clone(),
                weight,
            });
        }
        let joined = |t: &usize| a.contains(t) || b.contains(t);
        match (0..self.tasks.len()).find(|t| !joined(t)) {
            None => Ok(edges),
            Some(t) => Err(self.missing(
                &self.tasks[t],
                "is in no pair (a weight of 0 leaves it alone)",
            )),
        }
    }

    /// The covariance in a file whose header and first column name the tasks: `T x T`, row-major, in the tasks' order.
    fn covariance(&self) -> Result<Vec<f64>> {
        let header = self.csv.header();
        let columns = |task: &String| match header[1..].contains(task) {
            true => Ok(()),
            false => Err(self.missing(task, "has no column")),
        };
        self.tasks.iter().try_for_each(columns)?;
        if let Some(other) = header[1..].iter().find(|name| !self.tasks.contains(name)) {
            return Err(Failure::at(
                self.csv.place(),
                format_args!("line 1: {other:?} is no task of the table"),
            ));
        }
        let rows = self.places(&header[0])?;
        let count = self.tasks.len();
        let mut matrix = vec![f64::NAN; count * count];
        for (column, name) in self.tasks.iter().enumerate() {
            let numbers = self.numbers(name)?;
            for (row, (&task, x)) in rows.iter().zip(numbers).enumerate() {
                let cell = &mut matrix[task * count + column];
                if x.is_nan() {
                    return Err(self.empty(name, row));
                }
                if !cell.is_nan() {
                    return Err(self.csv.cell_fault(&header[0], row, "has two lines"));
                }
                *cell = x;
            }
        }
        let absent = (0..count).find(|t| matrix[t * count].is_nan());
        match absent {
            None => self.check_symmetric(matrix, &rows),
            Some(t) => Err(self.missing(&self.tasks[t], "has no line")),
        }
    }

    fn check_symmetric(&self, matrix: Vec<f64>, rows: &[usize]) -> Result<Vec<f64>> {
        let count = self.tasks.len();
        for (row, &s) in rows.iter().enumerate() {
            for t in 0..count {
                if matrix[s * count + t] != matrix[t * count + s] {
                    let what = "differs from its mirror image: a covariance is symmetric";
                    return Err(self.csv.cell_fault(&self.tasks[t], row, what));
                }
            }
        }
        Ok(matrix)
    }

    /// The columns are these, in any order, and perhaps one more.
    fn check_header(&self, names: &[&str], optional: Option<&str>) -> Result<()> {
        let header = self.csv.header();
        let known = |name: &&String| names.contains(&name.as_str()) || optional == Some(name);
        let whole = names.iter().all(|n| header.iter().any(|h| h == n));
        if whole && header.iter().all(|name| known(&name)) {
            return Ok(());
        }
        let more = optional.map_or(String::new(), |name| format!("[,{name}]"));
        let what = format!("line 1: the header must be {}{more}", names.join(","));
        Err(Failure::at(self.csv.place(), what))
    }

    fn texts(&self, name: &str) -> Result<Vec<Option<String>>> {
        let column = self.csv.text_column(name)?;
        let text = |row| column.cell(row).map(|cell| cell.trim().to_owned());
        Ok((0..column.rows()).map(text).collect())
    }

    fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let column = self.csv.column(name, Hint::None)?;
        let numbers = column.as_numbers();
        Ok(numbers
            .map_err(|e| self.csv.fault(&e, Hint::None))?
            .to_vec())
    }

    /// The tasks named in a column without empty cells.
    fn places(&self, name: &str) -> Result<Vec<usize>> {
        let place = |(row, text): (usize, String)| {
            let place = self.tasks.iter().position(|task| *task == text);
            place.ok_or_else(|| self.csv.cell_fault(name, row, "is no task of the table"))
        };
        self.filled(name)?
            .into_iter()
            .enumerate()
            .map(place)
            .collect()
    }

    /// The texts of a column without empty cells.
    fn filled(&self, name: &str) -> Result<Vec<String>> {
        let texts = self.texts(name)?.into_iter().enumerate();
        let filled = texts.map(|(row, text)| text.ok_or_else(|| self.empty(name, row)));
        filled.collect()
    }

    fn empty(&self, name: &str, row: usize) -> Failure {
        self.csv.cell_fault(name, row, "is empty")
    }

    fn missing(&self, task: &str, what: &str) -> Failure {
        Failure::at(
            self.csv.place(),
            format_args!("task {task:?} of the table {what}"),
        )
    }
}
