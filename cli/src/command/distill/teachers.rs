//! Teachers: model files, and CSVs of what was said.

use std::path::Path;

use cognate::data::encode::Encoder;
use cognate::data::levels::Levels;
use cognate::data::scale::Scaler;
use cognate::pipeline::distill::Teaching;
use cognate::pipeline::tasks::{Form, Response};
use cognate::pipeline::{AnyPipeline, Prediction};

use crate::args::{Columns, Distill};
use crate::command::{feature_table, read_model, tasks};
use crate::csv_file::{CsvFile, Format, Hint};
use crate::failure::{Failure, Result};

/// Whether a teacher is a table and not a model.
fn is_table(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str());
    ending.is_some_and(|e| e.eq_ignore_ascii_case("csv"))
}

/// What all teachers say, and what a student of theirs sees.
pub struct Teachers {
    pub teachings: Vec<Teaching>,
    /// Of the first model file; `None` where only tables teach.
    pub seen: Option<(Encoder, Option<Scaler>)>,
    /// How the data show tasks; `None` for one target.
    pub form: Option<Form>,
}

impl Teachers {
    /// Asks every teacher about the rows of `csv`.
    pub fn ask(args: &Distill, csv: &CsvFile) -> Result<Self> {
        let mut all = Self {
            teachings: Vec::new(),
            seen: None,
            form: (args.teachers.len() > 1).then_some(Form::Wide),
        };
        for path in &args.teachers {
            let said = match is_table(path) {
                true => table(path, args, csv)?,
                false => all.model(path, csv)?,
            };
            for teaching in said {
                let twice = all.teachings.iter().any(|t| t.name == teaching.name);
                if twice && !matches!(all.form, Some(Form::Long { .. })) {
                    let name = teaching.name;
                    let what = format!(
                        "another teacher predicts {name:?} too: each of several needs a target of its own"
                    );
                    return Err(Failure::at(path.display(), what));
                }
                all.teachings.push(teaching);
            }
        }
        all.name_target(args)?;
        Ok(all)
    }

    fn model(&mut self, path: &Path, csv: &CsvFile) -> Result<Vec<Teaching>> {
        let model = read_model(path)?;
        let fault = |e: cognate::Error| csv.fault(&e, Hint::None);
        match model {
            AnyPipeline::F32(teacher) => {
                self.see(path, teacher.encoder(), teacher.scaler())?;
                Teaching::of_pipeline(&teacher, &feature_table(csv, teacher.encoder())?)
                    .map_err(fault)
            }
            AnyPipeline::F64(teacher) => {
                self.see(path, teacher.encoder(), teacher.scaler())?;
                Teaching::of_pipeline(&teacher, &feature_table(csv, teacher.encoder())?)
                    .map_err(fault)
            }
            AnyPipeline::Tasks(teacher) => {
                self.see(path, teacher.encoder(), teacher.scaler())?;
                match (&self.form, teacher.form()) {
                    (Some(_), Form::Long { .. }) => {
                        let what = "its tasks have rows of their own: such a model teaches alone";
                        return Err(Failure::at(path.display(), what));
                    }
                    (_, form) => self.form = Some(form.clone()),
                }
                Teaching::of_tasks(&teacher, &tasks::input_table(csv, &teacher)?).map_err(fault)
            }
            AnyPipeline::Meta(_) => Err(Failure::at(
                path.display(),
                "a meta-model teaches once it has learned a task: cognate adapt",
            )),
        }
    }

    /// Takes in what a model sees; several must see the same columns.
    fn see(&mut self, path: &Path, encoder: &Encoder, scaler: Option<&Scaler>) -> Result<()> {
        let names = |encoder: &Encoder| -> Vec<String> {
            encoder.features().iter().map(|f| f.name.clone()).collect()
        };
        match &self.seen {
            None => self.seen = Some((encoder.clone(), scaler.cloned())),
            Some((first, _)) if names(first) != names(encoder) => {
                let (first, own) = (names(first).join(", "), names(encoder).join(", "));
                let what = format!(
                    "it takes {own}, and the first teacher {first}: several teachers must take the same columns"
                );
                return Err(Failure::at(path.display(), what));
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// The name that the command line has for the only target.
    fn name_target(&mut self, args: &Distill) -> Result<()> {
        match (&args.target, &mut self.teachings[..], &self.form) {
            (None, ..) => Ok(()),
            (Some(name), [only], None) => {
                only.name.clone_from(name);
                Ok(())
            }
            (Some(_), ..) => Err(Failure::Usage(
                "--target names the labels of a student with one target: those of several have the teachers' names".to_owned(),
            )),
        }
    }
}

/// What a table says: the columns `proba_CLASS`, or `prediction`, or `prediction_NAME` for several numbers.
fn table(path: &Path, args: &Distill, data: &CsvFile) -> Result<Vec<Teaching>> {
    // As `predict` writes it, however the data are written.
    let csv = CsvFile::read(path, &Format::default())?;
    if csv.rows() != data.rows() {
        let (own, wanted, of) = (csv.rows(), data.rows(), data.place());
        let what =
            format!("it has {own} rows, and {of} has {wanted}: a teacher's CSV has a row for each");
        return Err(Failure::at(csv.place(), what));
    }
    let named = |prefix: &str| -> Vec<String> {
        let names = csv.header().iter().filter(|n| n.starts_with(prefix));
        names.cloned().collect()
    };
    let (classes, several) = (named("proba_"), named("prediction_"));
    let name = args.target.as_deref().unwrap_or("prediction");
    match (&classes[..], &several[..]) {
        ([], []) => Ok(vec![number(&csv, "prediction", name)?]),
        ([], several) => {
            let target = |column: &String| number(&csv, column, &column["prediction_".len()..]);
            several.iter().map(target).collect()
        }
        (_, []) => Ok(vec![probabilities(&csv, &classes, name)?]),
        _ => Err(Failure::at(
            csv.place(),
            "it has classes of several targets: let the model that wrote it teach",
        )),
    }
}

fn number(csv: &CsvFile, column: &str, name: &str) -> Result<Teaching> {
    let values = numbers(csv, column).map_err(|failure| match failure {
        Failure::Other(line) if column == "prediction" => Failure::Other(format!(
            "{line}; a teacher's CSV has a column prediction of numbers, or columns proba_CLASS of probabilities (cognate predict --proba)"
        )),
        other => other,
    })?;
    let said = Prediction { values, width: 1 };
    Teaching::new(name, Response::Number, said).map_err(|e| csv.fault(&e, Hint::None))
}

/// The numbers of a column without an empty cell.
fn numbers(csv: &CsvFile, column: &str) -> Result<Vec<f64>> {
    let cells = csv.column(column, Hint::None)?;
    let numbers = cells.as_numbers().map_err(|e| csv.fault(&e, Hint::None))?;
    match numbers.iter().position(|x| !x.is_finite()) {
        None => Ok(numbers.to_vec()),
        Some(row) => Err(csv.cell_fault(
            column,
            row,
            "is no number: a teacher says something of every row",
        )),
    }
}

fn probabilities(csv: &CsvFile, columns: &[String], name: &str) -> Result<Teaching> {
    let classes = columns.iter().map(|c| c["proba_".len()..].to_owned());
    let fault = |e: cognate::Error| csv.fault(&e, Hint::None);
    let levels = Levels::from_names(classes.collect()).map_err(fault)?;
    if levels.len() < 2 {
        let what = format!(
            "it has one class only, {:?}: there is nothing to tell apart",
            levels.names()[0]
        );
        return Err(Failure::at(csv.place(), what));
    }
    let parts: Vec<Vec<f64>> = columns
        .iter()
        .map(|c| numbers(csv, c))
        .collect::<Result<_>>()?;
    let mut values = Vec::new();
    for row in 0..csv.rows() {
        let cells = || parts.iter().map(|part| part[row]);
        for (column, p) in columns.iter().zip(cells()) {
            if !(0.0..=1.0).contains(&p) {
                return Err(csv.cell_fault(column, row, "is no probability"));
            }
        }
        // What is rounded to two digits sums to 1 but for half a hundredth a class.
        if (cells().sum::<f64>() - 1.0).abs() > 0.005 * levels.len() as f64 {
            return Err(csv.cell_fault(
                &columns[0],
                row,
                "begins a row of probabilities that do not sum to 1",
            ));
        }
        values.extend(cells());
    }
    let width = levels.len();
    let said = Prediction { values, width };
    Teaching::new(name, Response::Classes(levels), said).map_err(fault)
}

/// The columns of the data where only tables teach: all but the targets and those to be dropped.
pub fn columns(args: &Distill) -> Columns {
    Columns {
        target: None,
        targets: Vec::new(),
        classify: false,
        regression: false,
        drop: args.inputs.drop.clone(),
        categorical: args.inputs.categorical.clone(),
        impute: args.inputs.impute,
        weights: None,
        group: None,
    }
}
