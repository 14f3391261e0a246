//! `cognate fit`: one method on one table.

mod job;
mod labels;
mod report;
mod transfer;

pub use report::outcome_json;

use cognate::Real;
use cognate::data::encode::Encoder;
use cognate::data::table::Table;
use cognate::optim::Callback;
use cognate::pipeline::{Pipeline, Recipe, Training};

use self::job::{Ending, Job, Wanted, Way};
use self::report::outcome_line;
use super::meta::{self, MetaMethodName};
use super::method::{Method, check_settings};
use super::tasks::{self, TaskMethod};
use super::{read_csv, threads};
use crate::args::{Common, Fit, Precision};
use crate::failure::{Failure, Result};

pub fn run(args: &Fit, common: &Common) -> Result<()> {
    if let Some(path) = transfer::source(args)? {
        return transfer::fit(path, args, common);
    }
    if let Some(method) = TaskMethod::named(&args.method) {
        return tasks::fit(method, args, common);
    }
    if let Some(method) = MetaMethodName::named(&args.method) {
        return meta::fit(method, args, common);
    }
    meta::refuse_settings(args)?;
    let method = Method::parse(&args.method)?;
    check_settings(&args.method, &args.settings)?;
    refuse_task(args)?;
    let names = args.columns.targets();
    if names.is_empty() {
        return Err(Failure::Usage(
            "which column is the target? --target COL".to_owned(),
        ));
    }
    let wish = method.wish(args.columns.wish(), names.len())?;
    let csv = read_csv(&args.data, &args.source)?;
    let taken: Vec<&str> = names.iter().map(String::as_str).collect();
    let inputs = |csv: &_| {
        let features = args.columns.features(csv, &taken)?;
        let table = args.columns.table(csv, &features)?;
        Ok((features, table))
    };
    let wanted = Wanted {
        names: &names,
        wish,
        whole: !method.takes_missing_labels(),
    };
    let job = Job::read(csv, args, wanted, inputs, common)?;
    let recipe = Recipe {
        learner: method.learner(&args.settings, job.target(), common.seed, threads(common)),
        encoder: args.columns.encoder(),
        standardize: args.standardize,
        seed: common.seed,
    };
    match args.precision.unwrap_or(method.precision()) {
        Precision::F32 => job.run::<f32>(&recipe, args, common),
        Precision::F64 => job.run::<f64>(&recipe, args, common),
    }
}

/// Makes sure that no task column is given to a method that has one model for all rows.
fn refuse_task(args: &Fit) -> Result<()> {
    if args.task.is_none() {
        return Ok(());
    }
    let (name, some) = (&args.method, "mean-regularised, shared-specific or l21");
    let what = format!("--task: {name} is one model for all rows; {some} are for tasks");
    Err(Failure::Usage(what))
}

impl<T: Real> Way<T> for Recipe {
    fn check(&self, table: &Table, features: &[&str]) -> cognate::Result<()> {
        Encoder::fit(table, features, &self.encoder).map(drop)
    }

    fn fit(
        &self,
        training: &Training<'_>,
        progress: Callback<'_>,
    ) -> cognate::Result<(Pipeline<T>, Ending)> {
        let (pipeline, outcome) = self.fit(training, progress)?;
        let ending = Ending {
            json: outcome_json(&outcome),
            lines: outcome_line(&outcome).into_iter().collect(),
            said: Vec::new(),
        };
        Ok((pipeline, ending))
    }
}
