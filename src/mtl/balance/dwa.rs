//! Dynamic weight average (Liu, Johns and Davison 2019): tasks whose loss falls slowly get more weight.
//! ```text
//! r_t = mean L_t in epoch e-1 / mean L_t in epoch e-2          w = T softmax(r / temperature)
//! ```
//! Weights are 1 for the first two epochs; [`Balance::epoch_ended`](super::Balance::epoch_ended) moves on. The memory is, T numbers each:
//! sums and counts of losses in this epoch, means of the last and of the one before; 0 stands for an epoch that has not been.

use super::rule::{Answer, Needs, Rule, Scratch, View};
use super::softmax::softmax;
use crate::{Result, check};

/// Settings of the dynamic weight average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dwa {
    /// Larger is closer to equal weights. Default 2.
    pub temperature: f64,
}

impl Default for Dwa {
    fn default() -> Self {
        Self { temperature: 2.0 }
    }
}

struct Epochs<'a> {
    sums: &'a mut [f64],
    counts: &'a mut [f64],
    last: &'a mut [f64],
    before: &'a mut [f64],
}

impl<'a> Epochs<'a> {
    fn of(memory: &'a mut [f64]) -> Self {
        let tasks = memory.len() / 4;
        let (sums, rest) = memory.split_at_mut(tasks);
        let (counts, rest) = rest.split_at_mut(tasks);
        let (last, before) = rest.split_at_mut(tasks);
        Self {
            sums,
            counts,
            last,
            before,
        }
    }

    /// `r_t`; 1 for a task that has not had two epochs.
    fn ratio(&self, t: usize) -> f64 {
        if self.before[t] > 0.0 {
            self.last[t] / self.before[t]
        } else {
            1.0
        }
    }
}

impl Rule for Dwa {
    fn needs(&self) -> Needs {
        Needs::Losses
    }

    fn check(&self, _: usize) -> Result<()> {
        let t = self.temperature;
        check::setting("temperature", "positive", t, t > 0.0)
    }

    fn memory(&self, tasks: usize) -> usize {
        4 * tasks
    }

    fn weights(
        &self,
        view: &View<'_>,
        memory: &mut [f64],
        _: &mut Scratch,
        w: &mut [f64],
    ) -> Answer {
        let epochs = Epochs::of(memory);
        for (i, &id) in view.ids.iter().enumerate() {
            epochs.sums[id] += view.losses[i];
            epochs.counts[id] += 1.0;
            w[i] = epochs.ratio(id) / self.temperature;
        }
        softmax(w);
        for w in w {
            *w *= view.len() as f64;
        }
        Answer::Solved(0.0)
    }

    fn epoch_ended(&self, memory: &mut [f64]) {
        let epochs = Epochs::of(memory);
        for t in 0..epochs.sums.len() {
            if epochs.counts[t] > 0.0 {
                epochs.before[t] = epochs.last[t];
                epochs.last[t] = epochs.sums[t] / epochs.counts[t];
            }
            (epochs.sums[t], epochs.counts[t]) = (0.0, 0.0);
        }
    }
}
