//! Summaries of many tasks, and random effects learned from them.
#![allow(dead_code)]

mod data;
#[path = "../support/known.rs"]
mod floats;
mod known;
#[path = "../support/moments.rs"]
mod moments;
#[path = "../support/random.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod random;
mod summaries;
