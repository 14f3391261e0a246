//! Gradient-based meta-learners: known answers, identities, exact derivatives by dual numbers, training, and no allocation.

#[path = "../harness/counting.rs"]
mod counting;
#[path = "../support/known.rs"]
mod floats;
#[path = "../support/mod.rs"]
mod support;

mod common;
mod embedding;
mod episodes;
mod identities;
mod known;
mod reference;
mod training;
