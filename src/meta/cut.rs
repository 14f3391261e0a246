//! How the tasks of a meta-batch are cut into groups and chunks: a formula of their number alone.

use core::ops::Range;

use crate::parallel::MAX_CHUNKS;

/// Most tasks of a group.
pub(super) const GROUP: usize = 8;

/// How a number of tasks is cut.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    tasks: usize,
    /// Tasks of a group.
    pub(super) group: usize,
    /// Groups of a chunk.
    groups: usize,
}

impl Cut {
    /// The cut of `tasks` tasks.
    pub(super) fn of(tasks: usize) -> Self {
        let even = |n: usize, most: usize| n.div_ceil(n.div_ceil(most).max(1)).max(1);
        let group = even(tasks, GROUP);
        let groups = tasks.div_ceil(group).div_ceil(MAX_CHUNKS).max(1);
        Self {
            tasks,
            group,
            groups,
        }
    }

    /// Number of chunks.
    pub(super) fn chunks(&self) -> usize {
        self.tasks.div_ceil(self.group * self.groups)
    }

    /// The groups of a chunk.
    pub(super) fn groups(&self, chunk: usize) -> impl Iterator<Item = Range<usize>> {
        let Self {
            tasks,
            group,
            groups,
        } = *self;
        let starts = (chunk * groups..(chunk + 1) * groups).map(move |g| g * group);
        starts
            .map(move |start| start..(start + group).min(tasks))
            .take_while(|range| !range.is_empty())
    }
}
