//! Rows in chunks: the same bits on any number of threads.
//!
//! A sum over n rows is cut into at most 16 chunks by a formula of n alone. Each chunk makes its own partial sums, one after the other
//! or on threads, and the partial sums are added in the order of the chunks: rounding does not see how many threads there were.

use core::ops::Range;

/// The most chunks that rows are cut into.
pub(crate) const MAX_CHUNKS: usize = 16;

/// Fewer rows than this are not worth a chunk.
const SMALLEST: usize = 1024;

/// `rows` cut into chunks of `size`, the last one shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunks {
    rows: usize,
    size: usize,
}

impl Chunks {
    /// The cut of `rows` rows.
    pub(crate) const fn of(rows: usize) -> Self {
        let even = rows.div_ceil(MAX_CHUNKS);
        let size = if even < SMALLEST { SMALLEST } else { even };
        Self { rows, size }
    }

    /// Number of chunks; at least 1, at most [`MAX_CHUNKS`].
    pub(crate) const fn count(&self) -> usize {
        let count = self.rows.div_ceil(self.size);
        if count == 0 { 1 } else { count }
    }

    /// Rows of a full chunk.
    pub(crate) const fn size(&self) -> usize {
        if self.rows < self.size {
            self.rows
        } else {
            self.size
        }
    }

    /// The rows of chunk `i`.
    pub(crate) fn range(&self, i: usize) -> Range<usize> {
        (i * self.size).min(self.rows)..((i + 1) * self.size).min(self.rows)
    }
}

/// `work(item)` for every item, on up to `threads` threads. On one thread nothing is allocated.
#[cfg_attr(not(feature = "rayon"), allow(unused_variables))]
pub(crate) fn for_each<S: Send>(threads: usize, items: &mut [S], work: impl Fn(&mut S) + Sync) {
    #[cfg(feature = "rayon")]
    if threads > 1 && items.len() > 1 {
        // A thread's share is a run of neighbours, so no more than `threads` run at once.
        let share = items.len().div_ceil(threads);
        rayon::scope(|scope| {
            for run in items.chunks_mut(share) {
                scope.spawn(|_| run.iter_mut().for_each(&work));
            }
        });
        return;
    }
    items.iter_mut().for_each(work);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_the_rows_once() {
        for rows in [
            0,
            1,
            1023,
            1024,
            1025,
            16 * 1024,
            16 * 1024 + 1,
            80_000,
            1_000_003,
        ] {
            let chunks = Chunks::of(rows);
            assert!((1..=MAX_CHUNKS).contains(&chunks.count()));
            let mut next = 0;
            for i in 0..chunks.count() {
                let range = chunks.range(i);
                assert_eq!(range.start, next);
                assert!(range.len() <= chunks.size());
                next = range.end;
            }
            assert_eq!(next, rows);
        }
    }

    #[test]
    fn every_item_is_worked_on_once() {
        for threads in 1..5 {
            let mut items = [0; 13];
            for_each(threads, &mut items, |v| *v += 1);
            assert_eq!(items, [1; 13]);
        }
    }
}
