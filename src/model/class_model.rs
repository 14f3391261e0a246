//! A classifier over links: from features to logits, probabilities, classes.

use alloc::{vec, vec::Vec};

use cognate_kernels::{Func, MatMut, MatRef, Real, map, softmax_rows};

use crate::check;
use crate::error::{Error, Result};
use crate::model::LinearModel;
use crate::model::links::{self, BLOCK, Links};
use crate::workspace::{Need, Work, Workspace};

/// A classifier: a map from features to logits, one for two classes (the log-odds of class 1), else one a class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassModel<M> {
    map: M,
    classes: usize,
}

/// A fitted logistic regression.
pub type LogisticModel<T> = ClassModel<LinearModel<T>>;

impl<T: Real> LogisticModel<T> {
    /// The model with coefficients `coef` (`k x d`, or `1 x d` for two classes) and as many intercepts as rows.
    ///
    /// # Errors
    /// If there are no features or two rows, `intercept` has another length than `coef` has rows, or a number is not finite.
    pub fn new(coef: MatRef<'_, T>, intercept: &[T]) -> Result<Self> {
        let one_row = (1, coef.cols());
        if coef.rows() == 2 {
            // The softmax of two classes is the logistic model of the rows' difference: one model, one form.
            check::shape("coef", (2, coef.cols()), one_row)?;
        }
        Self::from_map(LinearModel::new(coef, intercept)?)
    }

    /// The coefficients: classes x features, one row (of class 1) for two classes.
    pub fn coef(&self) -> MatRef<'_, T> {
        self.map.coef()
    }

    /// The intercepts: one a class, one for two classes.
    pub fn intercept(&self) -> &[T] {
        self.map.intercept()
    }
}

impl<T: Real, M: Links<Number = T>> ClassModel<M> {
    /// The classifier over `map`: of two classes if it has one output, else of as many as it has outputs.
    ///
    /// # Errors
    /// If the map has no or two outputs.
    pub fn from_map(map: M) -> Result<Self> {
        let outputs = map.outputs();
        if outputs == 0 || outputs == 2 {
            return Err(Error::Setting {
                name: "number of logits",
                must: "1 for two classes, else one a class",
                found: outputs as f64,
            });
        }
        let classes = outputs.max(2);
        Ok(Self { map, classes })
    }

    /// The map from features to logits, which has the parameters.
    pub fn map(&self) -> &M {
        &self.map
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of features, `d`.
    pub fn features(&self) -> usize {
        self.map.features()
    }

    /// Scratch that the `_into` forms need, for any number of rows.
    pub fn need(&self) -> Need {
        let own = BLOCK * (self.map.outputs() + 1);
        self.map.need(BLOCK).with_scratch(own)
    }

    /// Logits of `x: n x d`: `n x k`, row-major, one a row for two classes.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn decision_function(&self, x: MatRef<'_, T>) -> Result<Vec<T>> {
        links::predict(&self.map, x)
    }

    /// As [`ClassModel::decision_function`] into `z`, without memory of its own.
    ///
    /// # Errors
    /// If `x` has other features, or `z` another shape.
    pub fn decision_function_into(
        &self,
        x: MatRef<'_, T>,
        z: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) -> Result<()> {
        links::predict_into(&self.map, x, z, w)
    }

    /// Probabilities of the classes for `x: n x d`: `n x classes`, row-major.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn predict_proba(&self, x: MatRef<'_, T>) -> Result<Vec<T>> {
        let (n, k) = (x.rows(), self.classes);
        let mut p = vec![T::ZERO; n * k];
        self.checked(x, |w| {
            self.predict_proba_into(x, MatMut::planned(&mut p, n, k), w)
        })?;
        Ok(p)
    }

    /// As [`ClassModel::predict_proba`] into `p: n x classes`, without memory of its own. A row that is not finite gives one that is
    /// not.
    ///
    /// # Errors
    /// If `x` has other features, or `p` another shape.
    pub fn predict_proba_into(
        &self,
        x: MatRef<'_, T>,
        mut p: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) -> Result<()> {
        self.check_features(x)?;
        check::shape("p", (p.rows(), p.cols()), (x.rows(), self.classes))?;
        let level = w.level();
        self.by_blocks(x, w, |first, z, spare| {
            let rows = first..first + z.rows();
            if self.classes > 2 {
                let p = p.rb_mut().rows_range(rows);
                return softmax_rows(level, z.rb(), p, &mut spare[..z.rows()]);
            }
            let odds = z.as_mut_slice().expect("contiguous logits");
            map(level, Func::Logistic, odds);
            for (i, &one) in rows.zip(&*odds) {
                p.set(i, 0, T::ONE - one);
                p.set(i, 1, one);
            }
        });
        Ok(())
    }

    /// The likeliest class of each row of `x: n x d`, of equal ones the lowest.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn predict(&self, x: MatRef<'_, T>) -> Result<Vec<u32>> {
        let mut labels = vec![0; x.rows()];
        self.checked(x, |w| self.predict_into(x, &mut labels, w))?;
        Ok(labels)
    }

    /// As [`ClassModel::predict`] into `labels`, without memory of its own. A row that is not finite has any class.
    ///
    /// # Errors
    /// If `x` has other features, or `labels` another length than `x` has rows.
    pub fn predict_into(
        &self,
        x: MatRef<'_, T>,
        labels: &mut [u32],
        w: &mut Work<'_, T>,
    ) -> Result<()> {
        self.check_features(x)?;
        check::shape("labels", (labels.len(), 1), (x.rows(), 1))?;
        self.by_blocks(x, w, |first, z, _| {
            for i in 0..z.rows() {
                labels[first + i] = match self.classes {
                    2 => u32::from(z.at(i, 0) > T::ZERO),
                    _ => argmax(z.rb().row(i)),
                };
            }
        });
        Ok(())
    }

    fn check_features(&self, x: MatRef<'_, T>) -> Result<()> {
        check::shape("x", (x.rows(), x.cols()), (x.rows(), self.features()))
    }

    /// `work` on rows that are known to be finite, with memory for it.
    fn checked(
        &self,
        x: MatRef<'_, T>,
        work: impl FnOnce(&mut Work<'_, T>) -> Result<()>,
    ) -> Result<()> {
        check::finite("x", x)?;
        work(&mut Workspace::new(self.need()).slabs().work)
    }

    /// Calls `each` with the first row, the logits and some scratch of every block of rows.
    fn by_blocks(
        &self,
        x: MatRef<'_, T>,
        w: &mut Work<'_, T>,
        mut each: impl FnMut(usize, &mut MatMut<'_, T>, &mut [T]),
    ) {
        let k = self.map.outputs();
        let (logits, mut w) = w.take(BLOCK * k);
        let (spare, mut w) = w.take(BLOCK);
        for first in (0..x.rows()).step_by(BLOCK) {
            let rows = BLOCK.min(x.rows() - first);
            let mut z = MatMut::planned(logits, rows, k);
            let block = x.rows_range(first..first + rows);
            self.map.links_into(block, z.rb_mut(), &mut w);
            each(first, &mut z, spare);
        }
    }
}

/// Logits for a number of classes.
pub(crate) fn logits(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

/// The place of the largest number, of equal ones the first.
pub(crate) fn argmax<T: Real>(z: &[T]) -> u32 {
    let mut best = 0;
    for j in 1..z.len() {
        if z[j] > z[best] {
            best = j;
        }
    }
    best as u32
}
