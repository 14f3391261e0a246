//! Proximal multi-task methods: known answers, certificates, and what holds whatever the data.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

mod benefit;
mod fista;
#[path = "../support/known.rs"]
mod floats;
mod identities;
mod known;
mod optima;
mod problem;
mod promises;
#[path = "../support/proximal.rs"]
mod proximal;
#[path = "../support/random.rs"]
mod random;
mod steps;

use random::Random;

/// `cases` cases from one fixed seed.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x0c09_4a7e),
        ..ProptestConfig::default()
    }
}

/// Random nested groups that hold every one of `columns`, with weights above 0.
fn nested(columns: usize, random: &mut Random) -> Vec<(Vec<usize>, f64)> {
    let mut weight = || 0.2 + 0.4 * (1.0 + random.number());
    let mut groups: Vec<_> = (0..columns).map(|k| (vec![k], weight())).collect();
    let half = columns / 2;
    if half > 1 {
        groups.push(((0..half).collect(), weight()));
        groups.push(((half..columns).collect(), weight()));
    }
    groups.push(((0..columns).collect(), weight()));
    groups
}
