//! `cognate fit METHOD --from MODEL`: a model that begins at, or is drawn to, what another has learned.

use std::path::Path;

use cognate::Real;
use cognate::data::table::Table;
use cognate::meta::MiniBatches;
use cognate::meta::transfer::{FineTuning, FineTuningReport};
use cognate::optim::Callback;
use cognate::pipeline::transfer::{Transfer, TransferOutcome, TransferRecipe};
use cognate::pipeline::{AnyPipeline, Model, Outcome, Pipeline, Target, Training};
use serde_json::{Value, json};

use super::job::{Ending, Job, Wanted, Way};
use super::refuse_task;
use super::report::{outcome_json, outcome_line};
use crate::args::{Common, Fit, Precision};
use crate::columns::Wish;
use crate::command::method::{TRANSFER, check_settings};
use crate::command::{feature_table, meta, read_csv, read_model, threads};
use crate::csv_file::{CsvFile, Hint};
use crate::failure::{Failure, Result};
use crate::report::rounded;

/// How strongly `l2-sp` is pulled if nothing is said.
const PULL: f64 = 0.01;

/// Where the fit starts, for the methods that start somewhere.
pub fn source(args: &Fit) -> Result<Option<&Path>> {
    let name = args.method.as_str();
    match (&args.from, TRANSFER.contains(&name)) {
        (Some(path), true) => Ok(Some(path)),
        (Some(path), false) if name == "mlp" => Ok(Some(path)),
        (Some(_), false) => Err(Failure::Usage(format!(
            "--from: {name} starts from nothing; biased draws a linear model to the weights of MODEL, and l2-sp, lp-ft and mlp fine-tune a network"
        ))),
        (None, true) => Err(Failure::Usage(format!(
            "{name}: which model does it start from? --from MODEL"
        ))),
        (None, false) => Ok(None),
    }
}

/// Fits from the model at `path`.
pub fn fit(path: &Path, args: &Fit, common: &Common) -> Result<()> {
    meta::refuse_settings(args)?;
    check_settings(&args.method, &args.settings)?;
    refuse_task(args)?;
    refuse_inputs(args)?;
    match read_model(path)? {
        AnyPipeline::F32(source) => from(&source, path, args, common),
        AnyPipeline::F64(source) => from(&source, path, args, common),
        AnyPipeline::Tasks(_) => Err(Failure::at(
            path.display(),
            "it is a model of several tasks: --from takes one of a single target",
        )),
        AnyPipeline::Meta(_) => Err(Failure::at(
            path.display(),
            "it is a meta-model, which learns a new task by cognate adapt",
        )),
    }
}

/// Makes sure that nothing is said of features and networks, which are those of the source.
fn refuse_inputs(args: &Fit) -> Result<()> {
    let option = match () {
        () if args.standardize => "--standardize",
        () if !args.columns.categorical.is_empty() => "--categorical",
        () if args.columns.impute.is_some() => "--impute",
        () if args.settings.hidden.is_some() => "--hidden",
        () if args.settings.activation.is_some() => "--activation",
        () if args.settings.early_stopping => "--early-stopping",
        () => return Ok(()),
    };
    let what = "the model of --from brings its own";
    Err(Failure::Usage(match option {
        "--early-stopping" => format!("{option}: --from trains without it"),
        _ => format!("{option}: {what}"),
    }))
}

fn from<T: Real>(source: &Pipeline<T>, path: &Path, args: &Fit, common: &Common) -> Result<()> {
    check_kind(source, path, args)?;
    let own = match T::NAME {
        "f32" => Precision::F32,
        _ => Precision::F64,
    };
    if args.precision.is_some_and(|asked| asked != own) {
        let what = format!(
            "--precision: {} is in {}, and so is what starts there",
            path.display(),
            T::NAME
        );
        return Err(Failure::Usage(what));
    }
    let mut names = args.columns.targets();
    if names.is_empty() {
        names = source.target().names().to_vec();
    }
    let csv = read_csv(&args.data, &args.source)?;
    let wish = wish(source, args, (&csv, &names))?;
    let inputs = |csv: &CsvFile| inputs(source, path, args, (csv, &names));
    let wanted = Wanted {
        names: &names,
        wish,
        whole: true,
    };
    let job = Job::read(csv, args, wanted, inputs, common)?;
    let way = Source {
        recipe: TransferRecipe {
            source,
            method: method(args, common),
            seed: common.seed,
        },
        name: path.display().to_string(),
    };
    if args.method == "biased" && !way.recipe.keeps_target(job.target()) {
        let what = format!(
            "biased stays near the weights of {}, which are for {}: l2-sp, lp-ft and mlp give a network a new head",
            path.display(),
            targets(source.target())
        );
        return Err(Failure::at(args.data.display(), what));
    }
    job.run(&way, args, common)
}

/// Makes sure that the method can start from this kind of model.
fn check_kind<T: Real>(source: &Pipeline<T>, path: &Path, args: &Fit) -> Result<()> {
    let (kind, name) = (source.model().kind(), &args.method);
    let linear = matches!(source.model(), Model::Linear(_) | Model::Logistic(_));
    let network = matches!(
        source.model(),
        Model::MlpClassifier(_) | Model::MlpRegressor(_)
    );
    let what = match (name.as_str(), linear, network) {
        ("biased", true, _) | ("mlp" | "l2-sp" | "lp-ft", _, true) => return Ok(()),
        ("biased", ..) => format!(
            "it is of kind {kind}: biased starts from linear, ridge or logistic; l2-sp, lp-ft and mlp start from a network"
        ),
        _ => format!(
            "it is of kind {kind}: {name} starts from an mlp; biased starts from a linear model"
        ),
    };
    Err(Failure::at(path.display(), what))
}

/// The kind of target: what the flags say, else the source's if the column can be that.
fn wish<T: Real>(
    source: &Pipeline<T>,
    args: &Fit,
    (csv, names): (&CsvFile, &[String]),
) -> Result<Wish> {
    let flags = args.columns.wish();
    let [name] = names else {
        return match flags {
            Wish::Classes(_) => Err(Failure::Usage(
                "--classify: several targets are numbers".to_owned(),
            )),
            _ => Ok(Wish::Numbers("since there are several targets")),
        };
    };
    if flags != Wish::AsItIs {
        return Ok(flags);
    }
    let column = csv
        .column(name, Hint::None)
        .or_else(|_| csv.text_column(name))?;
    let reason = "as in the model it starts from";
    Ok(match source.target() {
        Target::Numbers(_) if column.as_numbers().is_ok() => Wish::Numbers(reason),
        Target::Classes { levels, .. } => {
            let codes = levels.codes(&column);
            let known = |row: usize| codes[row].is_some() || column.is_empty_at(row);
            match (0..csv.rows()).all(known) {
                true => Wish::Classes(reason),
                false => Wish::AsItIs,
            }
        }
        Target::Numbers(_) => Wish::AsItIs,
    })
}

/// The source's columns of the file, which must have no others but those with another part.
fn inputs<T: Real>(
    source: &Pipeline<T>,
    path: &Path,
    args: &Fit,
    (csv, targets): (&CsvFile, &[String]),
) -> Result<(Vec<String>, Table)> {
    let taken: Vec<&str> = targets.iter().map(String::as_str).collect();
    let found = args.columns.features(csv, &taken)?;
    let wanted = source.encoder().features().iter().map(|f| f.name.clone());
    let wanted: Vec<String> = wanted.collect();
    for name in &wanted {
        csv.find(name)?;
        if !found.contains(name) {
            let what = format!("column {name:?} is a feature of {}", path.display());
            return Err(Failure::at(csv.place(), what));
        }
    }
    if let Some(name) = found.iter().find(|name| !wanted.contains(name)) {
        let what = format!(
            "column {name:?} is no feature of {} (--drop {name} leaves it out)",
            path.display()
        );
        return Err(Failure::at(csv.place(), what));
    }
    Ok((wanted, feature_table(csv, source.encoder())?))
}

fn method(args: &Fit, common: &Common) -> Transfer {
    let given = &args.settings;
    if args.method == "biased" {
        return Transfer::Biased {
            penalty: given.lambda,
        };
    }
    let default = MiniBatches::default();
    Transfer::FineTuned(FineTuning {
        training: MiniBatches {
            batch_size: given.batch_size,
            learning_rate_init: given.learning_rate.unwrap_or(default.learning_rate_init),
            max_iter: given.max_iter.unwrap_or(default.max_iter),
            tol: given.tol.unwrap_or(default.tol),
            seed: common.seed,
            threads: threads(common),
            ..default
        },
        alpha: given.alpha.unwrap_or(FineTuning::default().alpha),
        pull: match args.method.as_str() {
            "l2-sp" => given.lambda.unwrap_or(PULL),
            _ => 0.0,
        },
        probe: args.method == "lp-ft",
    })
}

/// A source with the way to start from it.
struct Source<'a, T> {
    recipe: TransferRecipe<'a, T>,
    name: String,
}

impl<T: Real> Way<T> for Source<'_, T> {
    fn check(&self, table: &Table, _features: &[&str]) -> cognate::Result<()> {
        self.recipe.source.encoder().transform(table).map(drop)
    }

    fn fit(
        &self,
        training: &Training<'_>,
        progress: Callback<'_>,
    ) -> cognate::Result<(Pipeline<T>, Ending)> {
        let (pipeline, outcome) = self.recipe.fit(training, progress)?;
        let ending = Ending {
            json: outcome_of(&outcome),
            lines: lines_of(&outcome),
            said: vec![self.said(training, &outcome)],
        };
        Ok((pipeline, ending))
    }
}

impl<T: Real> Source<'_, T> {
    /// What of the source was taken.
    fn said(&self, training: &Training<'_>, outcome: &TransferOutcome) -> String {
        let scaled = match self.recipe.source.scaler() {
            Some(_) => "its columns, scaled as there",
            None => "its columns",
        };
        let model = match outcome {
            TransferOutcome::Biased { .. } => "drawn to its weights".to_owned(),
            TransferOutcome::FineTuned { new_head: true, .. } => format!(
                "its hidden layers and a new head, for {} instead of {}",
                targets(training.target),
                targets(self.recipe.source.target()),
            ),
            TransferOutcome::FineTuned { .. } => "its layers and its head".to_owned(),
        };
        let line = format!("from {}: {scaled}; {model}", self.name);
        line.replace(['\n', '\r'], " ")
    }
}

/// A target in words.
fn targets(target: &Target) -> String {
    match target {
        Target::Numbers(names) if names.len() == 1 => "a number".to_owned(),
        Target::Numbers(names) => format!("{} numbers", names.len()),
        Target::Classes { levels, .. } if levels.len() <= 10 => {
            format!("{} classes ({})", levels.len(), levels.names().join(", "))
        }
        Target::Classes { levels, .. } => format!("{} classes", levels.len()),
    }
}

fn outcome_of(outcome: &TransferOutcome) -> Value {
    match outcome {
        TransferOutcome::Biased {
            penalty,
            leave_one_out,
            report,
        } => json!({
            "lambda": penalty,
            "lambda_chosen": leave_one_out.is_some(),
            "leave_one_out": leave_one_out,
            "iterations": report.as_ref().map_or(0, |r| r.iterations),
            "converged": report.as_ref().is_none_or(|r| r.converged()),
        }),
        TransferOutcome::FineTuned { new_head, report } => {
            let FineTuningReport { probe, training } = report;
            let mut json = outcome_json(&Outcome::Iterated(training.clone()));
            json["new_head"] = json!(new_head);
            json["probe"] = probe.as_ref().map_or(Value::Null, |report| {
                outcome_json(&Outcome::Iterated(report.clone()))
            });
            json
        }
    }
}

fn lines_of(outcome: &TransferOutcome) -> Vec<String> {
    match outcome {
        TransferOutcome::Biased {
            penalty,
            leave_one_out,
            report,
        } => {
            let how = leave_one_out.map_or(String::new(), |error| {
                let error = rounded(error);
                format!(" chosen by leaving each row out: mean error {error}")
            });
            let first = format!("lambda {}{how}", rounded(*penalty));
            let iterated = report.clone().map(Outcome::Iterated);
            let more = iterated.and_then(|outcome| outcome_line(&outcome));
            std::iter::once(first).chain(more).collect()
        }
        TransferOutcome::FineTuned { report, .. } => {
            let probe = report.probe.clone().map(Outcome::Iterated);
            let probe = probe.and_then(|outcome| outcome_line(&outcome));
            let probe = probe.map(|line| format!("the head first: {line}"));
            let training = Outcome::Iterated(report.training.clone());
            probe.into_iter().chain(outcome_line(&training)).collect()
        }
    }
}
