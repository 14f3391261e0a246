//! The confusion matrix and the scores that it holds.

use alloc::{vec, vec::Vec};

use crate::{Error, Result, check};

/// How the classes' scores become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// Those of class 1, out of two classes.
    Binary,
    /// The mean over the classes that occur, as truth or as prediction.
    Macro,
    /// From the sums over all classes; each of the three is the accuracy then.
    Micro,
    /// The mean over classes, weighted by their true rows.
    Weighted,
}

/// Precision, recall and F1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// The share of a class's predictions that are right.
    pub precision: f64,
    /// The share of a class's rows that are found.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

impl Scores {
    /// Of a class with `hits` right predictions out of `predicted`, and `actual` true rows.
    fn of(hits: f64, predicted: f64, actual: f64) -> Self {
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        Self {
            precision: share(hits, predicted),
            recall: share(hits, actual),
            f1: share(2.0 * hits, predicted + actual),
        }
    }

    fn add(&mut self, weight: f64, other: Self) {
        self.precision += weight * other.precision;
        self.recall += weight * other.recall;
        self.f1 += weight * other.f1;
    }
}

/// The weight of the rows of each true class (down) by predicted class (across): `classes x classes`.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfusionMatrix {
    classes: usize,
    counts: Vec<f64>,
}

impl ConfusionMatrix {
    /// Counts `predicted` against `y`.
    ///
    /// # Errors
    /// [`Error::Empty`] without rows, [`Error::Shape`] if lengths differ, [`Error::Label`] if a class is not below `classes`,
    /// [`Error::Weight`] or [`Error::Setting`] for wrong weights.
    pub fn new(
        y: &[u32],
        predicted: &[u32],
        classes: usize,
        weights: Option<&[f64]>,
    ) -> Result<Self> {
        check::not_empty("y", y.len())?;
        check::shape("predicted", (predicted.len(), 1), (y.len(), 1))?;
        check::labels(y, classes)?;
        check::labels(predicted, classes)?;
        check::weight_sum(weights, y.len())?;
        let mut counts = vec![0.0; classes * classes];
        for (row, (&truth, &guess)) in y.iter().zip(predicted).enumerate() {
            let place = truth as usize * classes + guess as usize;
            counts[place] += weights.map_or(1.0, |w| w[row]);
        }
        Ok(Self { classes, counts })
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// All counts, row after row.
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// The weight of the rows of class `truth` that were predicted as `guess`.
    ///
    /// # Panics
    /// If one is no class.
    #[track_caller]
    pub fn count(&self, truth: usize, guess: usize) -> f64 {
        assert!(truth < self.classes && guess < self.classes);
        self.counts[truth * self.classes + guess]
    }

    fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    fn hits(&self) -> f64 {
        (0..self.classes).map(|c| self.count(c, c)).sum()
    }

    fn actual(&self, class: usize) -> f64 {
        (0..self.classes).map(|c| self.count(class, c)).sum()
    }

    fn predicted(&self, class: usize) -> f64 {
        (0..self.classes).map(|c| self.count(c, class)).sum()
    }

    /// The share of rows whose class was predicted.
    pub fn accuracy(&self) -> f64 {
        self.hits() / self.total()
    }

    /// The mean recall of the classes that have rows.
    pub fn balanced_accuracy(&self) -> f64 {
        let classes = (0..self.classes).filter(|&c| self.actual(c) > 0.0);
        let recalls = classes.map(|c| self.class_scores(c).recall);
        let (sum, count) = recalls.fold((0.0, 0.0), |(sum, n), recall| (sum + recall, n + 1.0));
        sum / count
    }

    /// The scores of one class against all others.
    ///
    /// # Panics
    /// If `class` is none.
    #[track_caller]
    pub fn class_scores(&self, class: usize) -> Scores {
        let hits = self.count(class, class);
        Scores::of(hits, self.predicted(class), self.actual(class))
    }

    /// The classes' scores as one.
    ///
    /// # Errors
    /// [`Error::Setting`] for [`Average::Binary`] of other than two classes.
    pub fn scores(&self, average: Average) -> Result<Scores> {
        match average {
            Average::Binary if self.classes != 2 => Err(Error::Setting {
                name: "the number of classes for a binary score",
                must: "2",
                found: self.classes as f64,
            }),
            Average::Binary => Ok(self.class_scores(1)),
            Average::Micro => Ok(Scores::of(self.hits(), self.total(), self.total())),
            Average::Macro => {
                let occurs = |c: usize| self.actual(c) + self.predicted(c) > 0.0;
                Ok(self.mean_scores(|c| if occurs(c) { 1.0 } else { 0.0 }))
            }
            Average::Weighted => Ok(self.mean_scores(|c| self.actual(c))),
        }
    }

    fn mean_scores(&self, weight: impl Fn(usize) -> f64) -> Scores {
        let total: f64 = (0..self.classes).map(&weight).sum();
        let mut mean = Scores::default();
        for class in 0..self.classes {
            mean.add(weight(class) / total, self.class_scores(class));
        }
        mean
    }
}
