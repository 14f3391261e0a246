//! What the columns of a file are: targets and their kind, features, weights, groups.

use cognate::data::encode::{EncoderConfig, Impute};
use cognate::data::levels::Levels;
use cognate::data::table::{Column, Table, Values};
use cognate::pipeline::tasks::{Response, Task};

use crate::args::{Columns, Common, Fill};
use crate::csv_file::{CsvFile, Hint};
use crate::failure::{Failure, Result};

/// What the method, or the user, says of a target's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// As the cells say: text, or two values, are classes.
    AsItIs,
    /// Classes, and why.
    Classes(&'static str),
    /// Numbers, and why.
    Numbers(&'static str),
}

impl Columns {
    /// What the flags say.
    pub fn wish(&self) -> Wish {
        match (self.classify, self.regression) {
            (true, _) => Wish::Classes("as asked"),
            (_, true) => Wish::Numbers("as asked"),
            _ => Wish::AsItIs,
        }
    }

    /// How features are encoded.
    pub fn encoder(&self) -> EncoderConfig {
        EncoderConfig {
            impute: self.impute.map(|fill| match fill {
                Fill::Mean => Impute::Mean,
                Fill::Median => Impute::Median,
            }),
            categorical: self.categorical.clone(),
        }
    }

    /// The columns that are left for features once those with another part, and `others`, are taken out.
    pub fn features(&self, csv: &CsvFile, others: &[&str]) -> Result<Vec<String>> {
        let named = self.drop.iter().chain(&self.weights).chain(&self.group);
        let mut taken: Vec<&str> = named
            .map(String::as_str)
            .chain(others.iter().copied())
            .collect();
        for name in &taken {
            csv.find(name)?;
        }
        taken.sort_unstable();
        if let Some(twice) = taken.windows(2).find(|pair| pair[0] == pair[1]) {
            let what = format!("column {:?} is given two parts", twice[0]);
            return Err(Failure::Usage(what));
        }
        let free = |name: &&String| !taken.contains(&name.as_str());
        let features: Vec<String> = csv.header().iter().filter(free).cloned().collect();
        if features.is_empty() {
            return Err(Failure::at(csv.place(), "no column is left for a feature"));
        }
        for name in &self.categorical {
            csv.find(name)?;
            if !features.contains(name) {
                return Err(Failure::Usage(format!(
                    "--categorical {name}: it is no feature"
                )));
            }
        }
        Ok(features)
    }

    /// The feature columns of the file as a table.
    pub fn table(&self, csv: &CsvFile, features: &[String]) -> Result<Table> {
        let column = |name: &String| match self.categorical.contains(name) {
            true => csv.text_column(name),
            false => csv.column(name, Hint::Feature),
        };
        csv.table(features.iter().map(column).collect::<Result<_>>()?)
    }

    /// A weight for each row, if there is a column of them.
    pub fn weights(&self, csv: &CsvFile) -> Result<Option<Vec<f64>>> {
        let Some(name) = &self.weights else {
            return Ok(None);
        };
        let column = csv.column(name, Hint::None)?;
        let weights = column.as_numbers().map_err(|e| csv.fault(&e, Hint::None))?;
        match weights.iter().position(|w| w.is_nan() || *w < 0.0) {
            None => Ok(Some(weights.to_vec())),
            Some(row) => {
                Err(csv.cell_fault(name, row, "is no weight: a number from 0 on is needed"))
            }
        }
    }

    /// A group for each row, if there is a column of them.
    pub fn groups(&self, csv: &CsvFile) -> Result<Option<Vec<u32>>> {
        let group = self.group.as_ref().map(|name| named_codes(csv, name));
        Ok(group.transpose()?.map(|(_, codes)| codes))
    }
}

/// The values of a column in which no cell is empty, and each row's.
pub fn named_codes(csv: &CsvFile, name: &str) -> Result<(Levels, Vec<u32>)> {
    let column = csv.text_column(name)?;
    let levels = Levels::fit(&column);
    let codes = levels.known_codes(&column);
    Ok((levels, codes.map_err(|e| csv.fault(&e, Hint::None))?))
}

/// A target column: what it predicts, and its labelled rows.
#[derive(Debug)]
pub struct TargetColumn {
    pub name: String,
    pub response: Response,
    /// A label a row: the number, or the class's place; `None` where the cell is empty.
    pub labels: Vec<Option<f64>>,
    /// Why it is what it is.
    reason: &'static str,
}

impl TargetColumn {
    /// Reads the column called `name`.
    pub fn read(csv: &CsvFile, name: &str, wish: Wish) -> Result<Self> {
        let column = match wish {
            // What mixes numbers and text is text, once it is known to be classes.
            Wish::Classes(_) => csv
                .column(name, Hint::None)
                .or_else(|_| csv.text_column(name))?,
            Wish::Numbers(_) => csv.column(name, Hint::None)?,
            Wish::AsItIs => csv.column(name, Hint::Target)?,
        };
        Self::of(&column, wish).map_err(|e| csv.fault(&e, Hint::None))
    }

    /// The target in `column`.
    pub fn of(column: &Column, wish: Wish) -> cognate::Result<Self> {
        let text = matches!(column.values, Values::Levels { .. });
        let (classes, reason) = match wish {
            Wish::Classes(reason) => (true, reason),
            Wish::Numbers(reason) => (false, reason),
            Wish::AsItIs if text => (true, "since it is text"),
            Wish::AsItIs if column.reads_as_classes() => (true, "since it has two values"),
            Wish::AsItIs => (false, "since its values are numbers, more than two"),
        };
        let (response, labels) = if classes {
            let levels = Levels::fit(column);
            let codes = levels.codes(column);
            let labels = codes.iter().map(|code| code.map(f64::from)).collect();
            (Response::Classes(levels), labels)
        } else {
            let present = |x: &f64| (!x.is_nan()).then_some(*x);
            let labels = column.as_numbers()?.iter().map(present).collect();
            (Response::Number, labels)
        };
        Ok(Self {
            name: column.name.clone(),
            response,
            labels,
            reason,
        })
    }

    /// Makes sure that there is something to learn.
    pub fn check(&self, place: &str) -> Result<()> {
        let name = &self.name;
        if self.labels.iter().all(Option::is_none) {
            return Err(Failure::at(
                place,
                format_args!("no row has a label in {name:?}"),
            ));
        }
        match &self.response {
            Response::Classes(levels) if levels.len() < 2 => Err(Failure::at(
                place,
                format_args!(
                    "{name:?} has one class only, {:?}: there is nothing to tell apart",
                    levels.names()[0]
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Its kind in words.
    pub fn describe(&self) -> String {
        let kind = match &self.response {
            Response::Number => "a number".to_owned(),
            Response::Classes(levels) if levels.len() <= 10 => {
                format!("{} classes ({})", levels.len(), levels.names().join(", "))
            }
            Response::Classes(levels) => format!("{} classes", levels.len()),
        };
        format!("predicting {}: {kind}, {}", self.name, self.reason)
    }

    /// Says its kind on stderr.
    pub fn announce(&self, common: &Common) {
        if !common.quiet {
            eprintln!("{}", self.describe().replace(['\n', '\r'], " "));
        }
    }

    /// The task over the rows that have a label and for which `belongs` holds.
    pub fn task(&self, name: &str, belongs: impl Fn(usize) -> bool) -> Task {
        let labelled = self.labels.iter().enumerate();
        let own = labelled.filter(|(row, _)| belongs(*row));
        let (rows, labels) = own
            .filter_map(|(row, label)| Some((row, (*label)?)))
            .unzip();
        Task {
            name: name.to_owned(),
            response: self.response.clone(),
            rows,
            labels,
        }
    }
}
