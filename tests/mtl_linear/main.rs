//! Linear multi-task methods whose penalty is a relation of the tasks: known answers, identities, limits and certificates.

mod benefit;
mod choice;
mod conditions;
mod known;
mod learned;
#[path = "../support/precise.rs"]
mod precise;
mod problems;
mod promises;
#[allow(dead_code, reason = "a part of it is used here")]
#[path = "../support/random.rs"]
mod random;
mod reference;
#[path = "../support/related.rs"]
mod related;
