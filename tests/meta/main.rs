//! Gradient-based meta-learners: known answers, identities, exact derivatives by dual numbers, and no allocation.

#[path = "../support/known.rs"]
mod floats;
#[path = "../support/mod.rs"]
mod support;

mod common;
mod embedding;
mod episodes;

mod known;
mod reference;
