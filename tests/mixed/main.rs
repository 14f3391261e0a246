//! Summaries of many tasks, and random effects learned from them.

mod careful;
mod data;
mod dense;
#[path = "../support/known.rs"]
mod floats;
mod invariance;
mod known;
#[path = "../support/moments.rs"]
mod moments;
mod promises;
#[path = "../support/random.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod random;
#[path = "../support/mixed.rs"]
mod reference;
mod summaries;
