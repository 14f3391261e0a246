//! The order in which a task meets the others, for the rules whose result depends on it.

use crate::rng::{Rng, rng};

/// The order of the other tasks in PCGrad and GradVac.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Drawn anew for each task and batch, from the stream of (seed, batch): the papers' rule.
    Random {
        /// The seed.
        seed: u64,
    },
    /// From the first to the last: the same result each time.
    Ascending,
}

impl Default for Order {
    fn default() -> Self {
        Self::Random { seed: 0 }
    }
}

impl Order {
    /// The same kind of order from another seed.
    pub(super) fn with_seed(self, seed: u64) -> Self {
        match self {
            Self::Random { .. } => Self::Random { seed },
            Self::Ascending => Self::Ascending,
        }
    }
}

/// What one batch draws its orders from.
pub(super) struct Orders(Option<Rng>);

impl Orders {
    pub fn new(order: Order, step: u64) -> Self {
        Self(match order {
            Order::Random { seed } => Some(rng(seed, "balance", step)),
            Order::Ascending => None,
        })
    }

    /// Fills `places: n` with `0..n` in the next order.
    pub fn next(&mut self, places: &mut [usize]) {
        for (i, place) in places.iter_mut().enumerate() {
            *place = i;
        }
        if let Some(rng) = &mut self.0 {
            rng.shuffle(places);
        }
    }
}
