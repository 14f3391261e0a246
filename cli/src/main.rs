//! The `cognate` command: arguments, CSV, progress, printing. All mathematics is in the library.
//!
//! ```text
//! args      the command line                     csv_file   reading, with lines and columns for messages
//! columns   targets, features, weights, groups   output     stdout, or a file that appears only when it is whole
//! command/  one file a subcommand                failure    one line on stderr and the exit code; signal: interrupts
//! ```

mod args;
mod columns;
mod command;
mod csv_file;
mod failure;
mod output;
mod progress;
mod report;
mod signal;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Cli, Command, Common};
use failure::{Failure, Result};

fn main() -> ExitCode {
    signal::install();
    match parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn parse() -> Result<Option<Cli>> {
    let error = match Cli::try_parse() {
        Ok(cli) => return Ok(Some(cli)),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output::print(|out| write!(out, "{error}"))?;
            Ok(None)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Err(Failure::Usage(
            "which subcommand? See cognate --help".to_owned(),
        )),
        _ => Err(Failure::Usage(in_one_line(&error.to_string()))),
    }
}

/// What clap says before it repeats the usage, without its line breaks.
fn in_one_line(message: &str) -> String {
    let said = message.split("\nUsage:").next().unwrap_or(message);
    let said = said.split("\nFor more information").next().unwrap_or(said);
    let words: Vec<&str> = said.split_whitespace().collect();
    let line = words.join(" ").replace(" tip: ", "; ");
    line.trim_start_matches("error: ").to_owned()
}

fn run(cli: Option<Cli>) -> Result<()> {
    let Some(Cli {
        command,
        mut common,
    }) = cli
    else {
        return Ok(());
    };
    check_environment(&mut common)?;
    match command {
        Command::Compare(args) => command::compare::run(&args, &common),
        Command::Fit(args) => command::fit::run(&args, &common),
        Command::Predict(args) => command::predict::run(&args),
        Command::Evaluate(args) => command::evaluate::run(&args, &common),
        Command::Adapt(args) => command::meta::adapt(&args, &common),
        Command::Distill(args) => command::distill::run(&args, &common),
        Command::Datasets(args) => command::datasets::run(&args, &common),
        Command::Make(args) => command::make::run(&args, &common),
        Command::Info(args) => command::info::run(&args, &common),
    }
}

/// Settles the number of threads, and makes sure that COGNATE_LEVEL names a level of this machine.
fn check_environment(common: &mut Common) -> Result<()> {
    if common.threads.is_none()
        && let Ok(text) = std::env::var("COGNATE_THREADS")
    {
        let threads = text.parse().ok();
        common.threads = Some(threads.ok_or_else(|| {
            Failure::Usage(format!("COGNATE_THREADS must be a number, not {text:?}"))
        })?);
    }
    if common.threads == Some(0) {
        return Err(Failure::Usage("at least one thread is needed".to_owned()));
    }
    match std::env::var("COGNATE_LEVEL") {
        Ok(name) if cognate::Level::by_name(&name).is_none() => Err(Failure::Usage(format!(
            "COGNATE_LEVEL: this machine has no level {name:?}"
        ))),
        _ => Ok(()),
    }
}
