//! Draws: the rows that a method learns from and those that it is tested on, anew for each seed.

use cognate::compare::Set;
use cognate::data::datasets::{Dataset, load};
use cognate::data::encode::{EncoderConfig, Impute};
use cognate::data::levels::Levels;
use cognate::data::split::Split;
use cognate::data::table::{Column, Table};
use cognate::pipeline::tasks::{Form, Response, Task};
use cognate::rng::{Rng, rng};

/// The share of a set's rows that a draw is tested on.
pub const TESTED: f64 = 1.0 / 6.0;

/// A set as one seed shows it.
pub struct Draw {
    /// The tasks. Labels hidden from a method are missing.
    pub set: Set,
    /// The rows to learn from and to be tested on.
    pub split: Split,
}

/// What a framing is about: one of the bundled tables, columns for features, and tasks.
pub struct Framing {
    /// The table.
    pub table: Table,
    /// Its columns that are features.
    pub features: Vec<String>,
    /// How it shows tasks.
    pub form: Form,
    /// The tasks, with all labels that there are.
    pub tasks: Vec<Task>,
}

/// How many rows to learn from, and which share of their labels is hidden.
#[derive(Clone, Copy)]
pub struct Few {
    /// Rows of the table, or of each task where tasks have rows of their own.
    pub rows: usize,
    /// The chance of a label to be hidden from the method.
    pub hidden: f64,
}

/// The bundled set called `name`.
pub fn bundled(name: &str) -> Dataset {
    load(name).expect("a bundled set")
}

/// The labels of a column of classes, by name.
pub fn classes(column: &Column) -> (Response, Vec<Option<f64>>) {
    let levels = Levels::fit(column);
    let codes = levels.codes(column);
    let labels = codes.into_iter().map(|code| code.map(f64::from));
    (Response::Classes(levels.clone()), labels.collect())
}

/// Classes of these names.
pub fn named_classes(names: &[&str]) -> Response {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Response::Classes(Levels::from_names(names).expect("names differ"))
}

/// The labels of a column of numbers.
pub fn numbers(column: &Column) -> (Response, Vec<Option<f64>>) {
    let all = column.as_numbers().expect("a column of numbers");
    let labels = all.iter().map(|x| (!x.is_nan()).then_some(*x));
    (Response::Number, labels.collect())
}

/// A task with the labels of these rows, one for each that has one.
pub fn task(
    name: &str,
    response: &Response,
    labels: impl Iterator<Item = (usize, Option<f64>)>,
) -> Task {
    let labelled = labels.filter_map(|(row, label)| Some((row, label?)));
    let (rows, labels) = labelled.unzip();
    Task {
        name: name.to_owned(),
        response: response.clone(),
        rows,
        labels,
    }
}

impl Framing {
    /// Every row of the table is of all tasks: a sixth of them is tested on, a few of the others are learned from.
    pub fn draw_rows(&self, name: &str, few: Few, seed: u64) -> Draw {
        let mut random = rng(seed, name, 0);
        let mut order = random.permutation(self.table.rows());
        let rest = order.split_off((order.len() as f64 * TESTED).round() as usize);
        self.draw(name, rest[..few.rows].to_vec(), order, (few, random))
    }

    /// Tasks have rows of their own: a sixth of each's is tested on, a few of its others are learned from.
    pub fn draw_rows_of_tasks(&self, name: &str, few: Few, seed: u64) -> Draw {
        let mut random = rng(seed, name, 0);
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for task in &self.tasks {
            let mut rows = task.rows.clone();
            random.shuffle(&mut rows);
            let rest = rows.split_off((rows.len() as f64 * TESTED).round() as usize);
            test.extend(rows);
            train.extend_from_slice(&rest[..few.rows]);
        }
        self.draw(name, train, test, (few, random))
    }

    /// The draw with these rows; of the labels to learn from some are hidden.
    pub fn draw(
        &self,
        name: &str,
        mut train: Vec<usize>,
        mut test: Vec<usize>,
        (few, mut random): (Few, Rng),
    ) -> Draw {
        train.sort_unstable();
        test.sort_unstable();
        let mut shown = |whole: &Task| {
            let labelled = whole.rows.iter().copied().zip(&whole.labels);
            let known = labelled.filter_map(|(row, &label)| {
                let tested = test.binary_search(&row).is_ok();
                (tested || random.uniform() >= few.hidden).then_some((row, Some(label)))
            });
            task(&whole.name, &whole.response, known)
        };
        let set = Set {
            name: name.to_owned(),
            tasks: self.tasks.iter().map(&mut shown).collect(),
            table: self.table.clone(),
            features: self.features.clone(),
            encoder: EncoderConfig::default().with_impute(Impute::Mean),
            form: self.form.clone(),
            groups: None,
            weights: None,
            relation: None,
        };
        Draw {
            set,
            split: Split { train, test },
        }
    }
}
