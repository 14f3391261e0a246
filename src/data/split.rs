//! Rows for training and rows for testing: a split, or the folds of a cross-validation.
//!
//! Every split is random under its seed, and every row lies on exactly one side of it. With `k` folds each row is tested once:
//! ```text
//! KFold             the rows in random order, row at place p in fold p mod k
//! StratifiedKFold   the rows class after class, in random order within a class, row at place p in fold p mod k:
//!                   two folds differ by at most one row of each class, and by at most one row in all
//! GroupKFold        groups from the largest down, equals in random order, each into the fold that has the fewest rows
//! ```
//! Indices come out in ascending order.

use alloc::{collections::BTreeMap, vec, vec::Vec};

use crate::rng::{Rng, rng};
use crate::{Error, Result, check};

/// Row indices of the two sides, both ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to be tested on.
    pub test: Vec<usize>,
}

impl Split {
    fn of(rows: usize, is_test: impl Fn(usize) -> bool) -> Self {
        let (test, train) = (0..rows).partition(|&row| is_test(row));
        Self { train, test }
    }

    /// The split whose test side is `test`, in any order.
    fn with_test(rows: usize, test: &[usize]) -> Self {
        let mut tested = vec![false; rows];
        test.iter().for_each(|&row| tested[row] = true);
        Self::of(rows, |row| tested[row])
    }
}

/// How much is for testing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TestSize {
    /// This share of the rows (or groups), rounded up.
    Fraction(f64),
    /// This many.
    Count(usize),
}

impl TestSize {
    /// Of `rows`, such that both sides have one.
    fn of(self, rows: usize) -> Result<usize> {
        check::not_empty("rows", rows)?;
        let (count, found) = match self {
            Self::Count(count) => (count, count as f64),
            Self::Fraction(share) if share > 0.0 && share < 1.0 => {
                (ceil(share * rows as f64), share)
            }
            Self::Fraction(share) => (0, share),
        };
        if count == 0 || count >= rows {
            return Err(Error::Setting {
                name: "test_size",
                must: "a share or a number of rows that leaves some on both sides",
                found,
            });
        }
        Ok(count)
    }
}

/// The least integer that is not below a positive number.
fn ceil(x: f64) -> usize {
    let floor = x as usize;
    floor + usize::from((floor as f64) < x)
}

/// Splits `rows` rows at random. As scikit-learn, a share is rounded up for the test side.
///
/// # Errors
/// [`Error::Empty`] without rows, [`Error::Setting`] if a side would be empty.
pub fn train_test_split(rows: usize, test_size: TestSize, seed: u64) -> Result<Split> {
    let count = test_size.of(rows)?;
    Ok(Split::with_test(
        rows,
        &rng(seed, "split", 0).choose(rows, count),
    ))
}

/// Splits the rows of `labels` at random such that each class has its share on both sides, to less than one row.
///
/// # Errors
/// As [`train_test_split`]; [`Error::FewRows`] naming a class of one row; [`Error::Setting`] if a side is smaller than the number of
/// classes.
#[inline]
pub fn stratified_split(labels: &[u32], test_size: TestSize, seed: u64) -> Result<Split> {
    let rows = labels.len();
    let count = test_size.of(rows)?;
    let mut classes = rows_by_label(labels);
    at_least(&classes, 2)?;
    if count.min(rows - count) < classes.len() {
        return Err(Error::Setting {
            name: "test_size",
            must: "enough for a row of each class on both sides",
            found: count as f64,
        });
    }
    let mut stream = rng(seed, "split", 0);
    let sizes: Vec<usize> = classes.values().map(Vec::len).collect();
    let quotas = shares(&sizes, count, &mut stream);
    let mut test = Vec::with_capacity(count);
    for (members, quota) in classes.values_mut().zip(quotas) {
        stream.shuffle(members);
        test.extend_from_slice(&members[..quota]);
    }
    Ok(Split::with_test(rows, &test))
}

/// Splits the rows of `groups` at random such that no group lies on both sides; `test_size` counts groups.
///
/// # Errors
/// As [`train_test_split`], for groups instead of rows.
#[inline]
pub fn group_split(groups: &[u32], test_size: TestSize, seed: u64) -> Result<Split> {
    let members: Vec<Vec<usize>> = rows_by_label(groups).into_values().collect();
    let count = test_size.of(members.len())?;
    let tested = rng(seed, "split", 0).choose(members.len(), count);
    let test: Vec<usize> = tested.iter().flat_map(|&g| &members[g]).copied().collect();
    Ok(Split::with_test(groups.len(), &test))
}

/// `count` dealt out in proportion to `sizes`: each share rounded down, then one more where most was lost, equals in random order.
#[inline]
fn shares(sizes: &[usize], count: usize, stream: &mut Rng) -> Vec<usize> {
    let rows: usize = sizes.iter().sum();
    let exact = |&size: &usize| u128::from(size as u64) * u128::from(count as u64);
    let rows_wide = u128::from(rows as u64);
    let mut quotas: Vec<usize> = sizes
        .iter()
        .map(|s| (exact(s) / rows_wide) as usize)
        .collect();
    let mut order = stream.permutation(sizes.len());
    order.sort_by_key(|&c| core::cmp::Reverse(exact(&sizes[c]) % rows_wide));
    let missing = count - quotas.iter().sum::<usize>();
    order[..missing].iter().for_each(|&c| quotas[c] += 1);
    quotas
}

#[inline]
fn rows_by_label(labels: &[u32]) -> BTreeMap<u32, Vec<usize>> {
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, &label) in labels.iter().enumerate() {
        members.entry(label).or_default().push(row);
    }
    members
}

fn at_least(classes: &BTreeMap<u32, Vec<usize>>, needed: usize) -> Result<()> {
    match classes.iter().find(|(_, members)| members.len() < needed) {
        None => Ok(()),
        Some((&class, members)) => Err(Error::FewRows {
            class,
            found: members.len(),
            needed,
        }),
    }
}

/// `k` folds of rows in random order, whose sizes differ by at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KFold {
    /// Number of folds, `k`.
    pub folds: usize,
    /// Seed of the order.
    pub seed: u64,
}

impl KFold {
    /// The folds of `rows` rows.
    ///
    /// # Errors
    /// [`Error::Setting`] if there are fewer than two folds, or more folds than rows.
    pub fn split(&self, rows: usize) -> Result<Vec<Split>> {
        folds_fit(self.folds, rows, "from 2 to the number of rows")?;
        Ok(deal(
            &rng(self.seed, "folds", 0).permutation(rows),
            self.folds,
        ))
    }
}

/// `k` folds, each with its share of every class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StratifiedKFold {
    /// Number of folds, `k`.
    pub folds: usize,
    /// Seed of the order.
    pub seed: u64,
}

impl StratifiedKFold {
    /// The folds of the rows of `labels`.
    ///
    /// # Errors
    /// [`Error::FewRows`] naming a class with fewer rows than folds; [`Error::Setting`] as [`KFold::split`].
    #[inline]
    pub fn split(&self, labels: &[u32]) -> Result<Vec<Split>> {
        folds_fit(self.folds, labels.len(), "from 2 to the number of rows")?;
        let mut classes = rows_by_label(labels);
        at_least(&classes, self.folds)?;
        let mut stream = rng(self.seed, "folds", 0);
        classes.values_mut().for_each(|rows| stream.shuffle(rows));
        let order: Vec<usize> = classes.into_values().flatten().collect();
        Ok(deal(&order, self.folds))
    }
}

/// `k` folds that keep each group whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupKFold {
    /// Number of folds, `k`.
    pub folds: usize,
    /// Seed of the order.
    pub seed: u64,
}

impl GroupKFold {
    /// The folds of the rows of `groups`.
    ///
    /// # Errors
    /// [`Error::Setting`] if there are fewer than two folds, or more folds than groups.
    #[inline]
    pub fn split(&self, groups: &[u32]) -> Result<Vec<Split>> {
        let mut members: Vec<Vec<usize>> = rows_by_label(groups).into_values().collect();
        folds_fit(self.folds, members.len(), "from 2 to the number of groups")?;
        rng(self.seed, "folds", 0).shuffle(&mut members);
        members.sort_by_key(|rows| core::cmp::Reverse(rows.len()));
        let mut tests: Vec<Vec<usize>> = vec![Vec::new(); self.folds];
        for rows in members {
            let lightest = tests.iter_mut().min_by_key(|test| test.len());
            lightest.into_iter().for_each(|test| test.extend(&rows));
        }
        let split = |test: &Vec<usize>| Split::with_test(groups.len(), test);
        Ok(tests.iter().map(split).collect())
    }
}

fn folds_fit(folds: usize, most: usize, must: &'static str) -> Result<()> {
    if folds < 2 || folds > most {
        return Err(Error::Setting {
            name: "folds",
            must,
            found: folds as f64,
        });
    }
    Ok(())
}

/// The row at place `p` of `order` is tested in fold `p mod folds`.
fn deal(order: &[usize], folds: usize) -> Vec<Split> {
    let mut fold_of = vec![0; order.len()];
    for (place, &row) in order.iter().enumerate() {
        fold_of[row] = place % folds;
    }
    let split = |fold| Split::of(order.len(), |row| fold_of[row] == fold);
    (0..folds).map(split).collect()
}
