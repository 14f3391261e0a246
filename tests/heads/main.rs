//! Heads in closed form, transfer and distillation: known answers, identities, adjoints against differences.

#[path = "../support/known.rs"]
mod floats;
#[allow(dead_code, reason = "each test target uses a part of it")]
#[path = "../support/random.rs"]
mod random;

mod adjoints;
mod differences;
mod distilling;
mod distilling_known;
mod fit;
mod identities;
mod incremental;
mod known;
mod learner;
mod mini_batches;
mod transferring;
mod tuning;
