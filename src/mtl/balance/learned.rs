//! Numbers, one a task, that learn by Adam beside the model; they lie in a rule's memory.

use crate::optim::{Adam, Method, StepState};
use crate::workspace::default_level;

/// The parts of a memory of [`Learned::memory`] numbers for T tasks.
pub(super) struct Learned<'a> {
    /// T.
    pub values: &'a mut [f64],
    /// T: to be filled with the gradient before [`Learned::step`]; zero for a task that has none.
    pub gradient: &'a mut [f64],
    moments: &'a mut [f64],
    steps: &'a mut f64,
}

impl<'a> Learned<'a> {
    /// Numbers to remember for `tasks` tasks.
    pub const fn memory(tasks: usize) -> usize {
        4 * tasks + 1
    }

    /// The parts of `memory`.
    pub fn of(memory: &'a mut [f64]) -> Self {
        let tasks = (memory.len() - 1) / 4;
        let (steps, rest) = memory.split_at_mut(1);
        let (values, rest) = rest.split_at_mut(tasks);
        let (gradient, moments) = rest.split_at_mut(tasks);
        Self {
            values,
            gradient,
            moments,
            steps: &mut steps[0],
        }
    }

    /// Moves the values down the gradient.
    pub fn step(self, rate: f64) {
        let mut state = StepState {
            steps: *self.steps as u64,
            memory: self.moments,
        };
        Method::Adam(Adam::default()).step(
            default_level(),
            rate,
            self.values,
            self.gradient,
            &mut state,
        );
        *self.steps = state.steps as f64;
    }
}
