//! Random loss weighting (Lin et al. 2022): `w = softmax(z)`, z standard normal, drawn anew for each batch.
//!
//! The stream belongs to (seed, batch): a run resumed from a saved state draws what it would have drawn.

use super::rule::{Answer, Needs, Rule, Scratch, View};
use super::softmax::softmax;
use crate::rng::rng;

/// Settings of random weights.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Random {
    /// The seed.
    pub seed: u64,
}

impl Rule for Random {
    fn needs(&self) -> Needs {
        Needs::Losses
    }

    fn weights(&self, view: &View<'_>, _: &mut [f64], _: &mut Scratch, w: &mut [f64]) -> Answer {
        let mut random = rng(self.seed, "balance", view.step);
        for w in w.iter_mut() {
            *w = random.normal();
        }
        softmax(w);
        Answer::Solved(0.0)
    }
}
