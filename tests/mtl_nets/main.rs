//! Networks of tasks: every architecture against the papers' formulas on dual numbers, and what each is the same as.

#[path = "../harness/mod.rs"]
mod harness;
#[path = "../mtl_train/problem.rs"]
#[allow(dead_code, reason = "each test target uses a part of it")]
mod problem;
#[path = "../support/mod.rs"]
mod support;

mod cases;
mod gradients;
mod identities;
mod named;
mod nested;
mod order;
mod passes;
mod relation;
mod training;
