//! Networks of tasks: every architecture against the papers' formulas on dual numbers, and what each is the same as.

#[path = "../harness/mod.rs"]
mod harness;
#[path = "../support/mod.rs"]
mod support;

mod cases;
mod gradients;
mod identities;
mod named;
mod order;
mod passes;
mod relation;
