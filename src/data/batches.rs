//! The order in which mini-batches take the rows: a pure function of the seed and the epoch, so that a run can be resumed anywhere.

use core::ops::Range;

use crate::rng::rng;

/// Mini-batches of `size` out of `rows` rows; an epoch's last batch has what is left.
///
/// ```
/// use cognate::data::batches::Batches;
/// let batches = Batches { rows: 10, size: 4, seed: 0 };
/// let mut order = [0; 10];
/// batches.order(3, &mut order);                       // epoch 3
/// let sizes: Vec<usize> = batches.ranges().map(|r| order[r].len()).collect();
/// assert_eq!(sizes, [4, 4, 2]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    /// Rows of the training set, at most `u32::MAX`.
    pub rows: usize,
    /// Rows of a batch, at least 1.
    pub size: usize,
    /// Seed of the orders.
    pub seed: u64,
}

impl Batches {
    /// Writes the order of `epoch` to `order`: each of `0..rows` once.
    ///
    /// # Panics
    /// If `order` is not `rows` long.
    #[track_caller]
    pub fn order(&self, epoch: u64, order: &mut [u32]) {
        assert_eq!(order.len(), self.rows, "an order has one place a row");
        order
            .iter_mut()
            .zip(0..)
            .for_each(|(place, row)| *place = row);
        rng(self.seed, "batches", epoch).shuffle(order);
    }

    /// The places of each batch in an epoch's order.
    ///
    /// # Panics
    /// If `size` is 0.
    #[track_caller]
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range<usize>> + use<> {
        assert!(self.size > 0, "a batch has at least one row");
        let Self { rows, size, .. } = *self;
        (0..rows.div_ceil(size)).map(move |i| i * size..rows.min((i + 1) * size))
    }
}
