//! Networks of many tasks: their layers, the Gram pass, their objective, and training.

#[path = "../harness/counting.rs"]
mod counting;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../support/mod.rs"]
mod support;

mod absent;
mod case;
mod economy;
mod gram;
mod heads;
mod nets;
mod objective;
mod problem;
mod training;
