//! `cognate distill`: a small network learns what teachers say, and what labels there are.

mod labels;
mod report;
mod teachers;

use std::ops::ControlFlow;
use std::time::Instant;

use cognate::data::encode::{Encoder, EncoderConfig};
use cognate::data::levels::Levels;
use cognate::data::scale::Scaler;
use cognate::data::split::{Split, TestSize, stratified_split, train_test_split};
use cognate::data::table::Table;
use cognate::meta::MiniBatches;
use cognate::meta::distill::Distillation;
use cognate::model::MlpClassifier;
use cognate::optim::Report;
use cognate::pipeline::Prediction;
use cognate::pipeline::distill::{DistillRecipe, DistillTraining, Distilled, Teaching, fit_scaler};
use cognate::pipeline::tasks::{Answered, Form, Response, TaskScores, score_tasks};

use self::labels::labels_of;
use self::teachers::{Teachers, columns};
use super::method::activation;
use super::{feature_table, read_csv, threads};
use crate::args::{Common, Distill};
use crate::csv_file::{CsvFile, Hint};
use crate::failure::{Failure, Result};
use crate::output;
use crate::progress::bar;
use crate::report::{rounded, thousands};

pub fn run(args: &Distill, common: &Common) -> Result<()> {
    let csv = read_csv(&args.data, &args.source)?;
    let job = Job::read(args, csv, common)?;
    job.announce(common);
    let done = job.run(args, common)?;
    let mut bytes = None;
    if let Some(path) = &args.output {
        let file = done.student.to_file();
        output::write_to(Some(path), |out| out.write_all(&file))?;
        bytes = Some(file.len());
    }
    match common.json {
        true => output::print_json(&done.json(args, bytes)),
        false => {
            let lines = done.lines(args, bytes);
            output::print(|out| lines.iter().try_for_each(|l| writeln!(out, "{l}")))
        }
    }
}

/// Everything that a student needs, out of the files.
struct Job {
    csv: CsvFile,
    table: Table,
    encoder: Encoder,
    scaler: Option<Scaler>,
    /// How features are encoded where no teacher says so: then by the training rows alone.
    inputs: Option<EncoderConfig>,
    form: Option<Form>,
    teachings: Vec<Teaching>,
    /// The truth, for each task and row.
    labels: Vec<Vec<Option<f64>>>,
    recipe: DistillRecipe,
}

/// A student, and how it did.
struct Done {
    student: Distilled,
    report: Report,
    seconds: f64,
    train_rows: usize,
    labelled_rows: usize,
    held_out: Option<HeldOut>,
}

/// Scores on rows held out.
struct HeldOut {
    rows: usize,
    /// Of the same student, taught by labels alone.
    alone: TaskScores,
    distilled: TaskScores,
    teacher: TaskScores,
}

impl Job {
    fn read(args: &Distill, csv: CsvFile, common: &Common) -> Result<Self> {
        let teachers = Teachers::ask(args, &csv)?;
        let labels = teachers.teachings.iter();
        let labels = labels.map(|t| labels_of(&csv, t, teachers.form.as_ref(), args));
        let labels = labels.collect::<Result<_>>()?;
        let (table, encoder, scaler, inputs) = match teachers.seen {
            Some((encoder, scaler)) => {
                refuse_inputs(args)?;
                (feature_table(&csv, &encoder)?, encoder, scaler, None)
            }
            None => {
                let (table, encoder) = own_features(args, &csv, &teachers.teachings)?;
                (table, encoder, None, Some(columns(args).encoder()))
            }
        };
        Ok(Self {
            csv,
            table,
            encoder,
            scaler,
            inputs,
            form: teachers.form,
            teachings: teachers.teachings,
            labels,
            recipe: recipe(args, common),
        })
    }

    /// Whether row `i` has a label.
    fn labelled(&self, i: usize) -> bool {
        self.labels.iter().any(|labels| labels[i].is_some())
    }

    /// Says what is predicted on stderr.
    fn announce(&self, common: &Common) {
        if common.quiet {
            return;
        }
        let what = match &self.teachings[..] {
            [only] => match &only.response {
                Response::Number => format!("{}: a number", only.name),
                Response::Classes(levels) => format!("{}: {} classes", only.name, levels.len()),
            },
            several => format!("{} tasks", several.len()),
        };
        let rows = self.csv.rows();
        let labelled = (0..rows).filter(|&i| self.labelled(i)).count();
        let (labelled, rows) = (thousands(labelled as f64), thousands(rows as f64));
        let line = format!(
            "predicting {what}, as the teacher does; {labelled} of {rows} rows have a label"
        );
        eprintln!("{}", line.replace(['\n', '\r'], " "));
    }

    fn run(&self, args: &Distill, common: &Common) -> Result<Done> {
        let (train, test) = self.split(args, common.seed)?;
        let start = Instant::now();
        let encoder = self.encoder_for(&train)?;
        let (student, report) = self.teach(&self.recipe, (&encoder, &train), common)?;
        let seconds = start.elapsed().as_secs_f64();
        let labelled: Vec<usize> = train
            .iter()
            .copied()
            .filter(|&i| self.labelled(i))
            .collect();
        let held_out = match &test[..] {
            [] => None,
            test => {
                let alone = self.recipe.alone();
                let (alone, _) = self.teach(&alone, (&encoder, &labelled), common)?;
                Some(self.score(test, &alone, &student)?)
            }
        };
        Ok(Done {
            student,
            report,
            seconds,
            train_rows: train.len(),
            labelled_rows: labelled.len(),
            held_out,
        })
    }

    /// Rows to learn from, and labelled ones that are held out; both ascend.
    fn split(&self, args: &Distill, seed: u64) -> Result<(Vec<usize>, Vec<usize>)> {
        let all = self.csv.rows();
        let Some(size) = args.test_size else {
            return Ok(((0..all).collect(), Vec::new()));
        };
        let size = match size {
            count if count >= 1.0 && count.fract() == 0.0 => TestSize::Count(count as usize),
            share => TestSize::Fraction(share),
        };
        let labelled: Vec<usize> = (0..all).filter(|&i| self.labelled(i)).collect();
        if labelled.is_empty() {
            let what = "--test-size: no row has a label to score by";
            return Err(Failure::at(self.csv.place(), what));
        }
        let split = match (&self.teachings[..], &self.labels[..]) {
            ([only], [labels]) => match &only.response {
                Response::Classes(levels) => self.split_classes(labels, levels, size, seed)?,
                Response::Number => self.split_rows(labelled.len(), size, seed)?,
            },
            _ => self.split_rows(labelled.len(), size, seed)?,
        };
        let mut held_out: Vec<usize> = split.test.iter().map(|&i| labelled[i]).collect();
        held_out.sort_unstable();
        let kept = (0..all).filter(|i| held_out.binary_search(i).is_err());
        let kept: Vec<usize> = kept.collect();
        let taught = |task: &&Teaching| kept.iter().any(|&i| task.has(i));
        match self.teachings.iter().find(|task| !taught(task)) {
            None => Ok((kept, held_out)),
            Some(task) => Err(Failure::at(
                self.csv.place(),
                format_args!(
                    "all rows of task {:?} are held out: none is left to learn from",
                    task.name
                ),
            )),
        }
    }

    fn split_rows(&self, rows: usize, size: TestSize, seed: u64) -> Result<Split> {
        train_test_split(rows, size, seed).map_err(|e| self.csv.fault(&e, Hint::None))
    }

    /// A split of the labelled rows in the shares of the classes that they have.
    fn split_classes(
        &self,
        labels: &[Option<f64>],
        levels: &Levels,
        size: TestSize,
        seed: u64,
    ) -> Result<Split> {
        let classes: Vec<u32> = labels.iter().flatten().map(|&class| class as u32).collect();
        let mut met = classes.clone();
        met.sort_unstable();
        met.dedup();
        let place = |class: &u32| met.partition_point(|c| c < class) as u32;
        let places: Vec<u32> = classes.iter().map(place).collect();
        stratified_split(&places, size, seed).map_err(|e| match e {
            cognate::Error::FewRows {
                class,
                found,
                needed,
            } => {
                let class = &levels.names()[met[class as usize] as usize];
                let what = format!(
                    "class {class:?} has {found} row, {needed} are needed to set one aside"
                );
                Failure::at(self.csv.place(), what)
            }
            other => self.csv.fault(&other, Hint::None),
        })
    }

    /// How the features of these rows, all that is learned from, are encoded; the teacher's way, if it has one.
    fn encoder_for(&self, rows: &[usize]) -> Result<Encoder> {
        let Some(config) = &self.inputs else {
            return Ok(self.encoder.clone());
        };
        let names = self.encoder.features().iter().map(|f| f.name.as_str());
        let names: Vec<&str> = names.collect();
        let encoder = Encoder::fit(&self.table.take(rows), &names, config);
        encoder.map_err(|e| self.csv.fault_in(rows, &e, Hint::Feature))
    }

    fn teach(
        &self,
        recipe: &DistillRecipe,
        (encoder, rows): (&Encoder, &[usize]),
        common: &Common,
    ) -> Result<(Distilled, Report)> {
        let fault = |e: cognate::Error| self.csv.fault_in(rows, &e, Hint::Feature);
        // A teacher that saw raw numbers may have had no need of a scaler; a network learns badly without one.
        let scaler = match &self.scaler {
            Some(scaler) => scaler.clone(),
            None => fit_scaler(encoder, &self.table.take(rows)).map_err(fault)?,
        };
        let bar = bar(1, common);
        let student = recipe.fit(
            &DistillTraining {
                table: &self.table,
                encoder,
                scaler: &scaler,
                teachings: &self.teachings,
                labels: &self.labels,
                form: self.form.as_ref(),
                rows,
            },
            &mut |p| {
                bar.set_length(p.max_iter as u64);
                bar.set_position(p.iteration as u64);
                bar.set_message(format!("loss {}", rounded(p.value)));
                ControlFlow::Continue(())
            },
        );
        bar.finish_and_clear();
        student.map_err(fault)
    }

    fn score(&self, rows: &[usize], alone: &Distilled, student: &Distilled) -> Result<HeldOut> {
        let by = |student: &Distilled| {
            self.scores(rows, |t, teaching, own| {
                student.predict_task(t, &teaching.response, &self.table.take(own))
            })
        };
        Ok(HeldOut {
            rows: rows.len(),
            alone: by(alone)?,
            distilled: by(student)?,
            teacher: self.scores(rows, |_, teaching, own| Ok(teaching.said.take(own)))?,
        })
    }

    /// The scores of what `said` says of a task's labelled rows among `rows`.
    fn scores(
        &self,
        rows: &[usize],
        said: impl Fn(usize, &Teaching, &[usize]) -> cognate::Result<Prediction<f64>>,
    ) -> Result<TaskScores> {
        let fault = |e: cognate::Error| self.csv.fault_in(rows, &e, Hint::None);
        let mut answered = Vec::new();
        for (t, teaching) in self.teachings.iter().enumerate() {
            let labels = &self.labels[t];
            let own: Vec<usize> = rows
                .iter()
                .copied()
                .filter(|&i| labels[i].is_some())
                .collect();
            if own.is_empty() {
                continue;
            }
            answered.push(Answered {
                name: teaching.name.clone(),
                response: teaching.response.clone(),
                prediction: said(t, teaching, &own).map_err(fault)?,
                labels: own.iter().filter_map(|&i| labels[i]).collect(),
                weights: None,
            });
        }
        score_tasks(&answered).map_err(fault)
    }
}

fn recipe(args: &Distill, common: &Common) -> DistillRecipe {
    let given = &args.student;
    DistillRecipe {
        hidden: given.hidden.clone(),
        activation: activation(given.activation),
        temperature: given.temperature,
        alpha: given.alpha,
        distillation: Distillation {
            training: MiniBatches {
                batch_size: given.batch_size,
                learning_rate_init: given.learning_rate,
                max_iter: given.max_iter,
                tol: given.tol,
                seed: common.seed,
                threads: threads(common),
                ..MiniBatches::default()
            },
            decay: MlpClassifier::default().alpha,
            anneal: given.anneal,
        },
        seed: common.seed,
    }
}

/// The columns of the data that no teacher names are features, where only tables teach.
fn own_features(args: &Distill, csv: &CsvFile, teachings: &[Teaching]) -> Result<(Table, Encoder)> {
    let columns = columns(args);
    let targets = teachings.iter().map(|t| t.name.as_str());
    let targets: Vec<&str> = targets
        .filter(|name| csv.header().iter().any(|n| n == name))
        .collect();
    let features = columns.features(csv, &targets)?;
    let table = columns.table(csv, &features)?;
    let names: Vec<&str> = features.iter().map(String::as_str).collect();
    let encoder = Encoder::fit(&table, &names, &columns.encoder());
    Ok((table, encoder.map_err(|e| csv.fault(&e, Hint::Feature))?))
}

/// Makes sure that features are not described twice.
fn refuse_inputs(args: &Distill) -> Result<()> {
    let given = &args.inputs;
    let option = match () {
        () if !given.drop.is_empty() => "--drop",
        () if !given.categorical.is_empty() => "--categorical",
        () if given.impute.is_some() => "--impute",
        () => return Ok(()),
    };
    Err(Failure::Usage(format!(
        "{option}: the student takes the columns of the teacher's model, as it does"
    )))
}
