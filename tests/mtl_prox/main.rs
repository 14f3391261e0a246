//! Proximal multi-task methods: known answers, certificates, and what holds whatever the data.

#[path = "../support/known.rs"]
mod floats;
mod known;
mod problem;
