//! The command, run as a user runs it.

mod compare;
mod distill;
#[cfg(unix)]
mod interrupted;
mod meta;
mod missing;
mod nested;
mod round_trip;
mod support;
mod tasks;
mod transfer;
mod wrong_input;
mod wrong_models;
mod wrong_tasks;
