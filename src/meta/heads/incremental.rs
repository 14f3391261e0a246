//! A ridge head that learns one example at a time, and forgets one exactly.
//!
//! With `A = X'X + r I = L L'` over the rows `x = [h, 1]` seen so far, and `B = X'Y + r Phi`,
//! ```text
//! learn (x, y):   L L' + x x',  B + x y'          forget (x, y):   L L' - x x',  B - x y'          W = A^-1 B
//! ```
//! an update or downdate of the factor costs `2 p^2` flops and a solve `2 p^2` an output, whatever the number of rows; W is that of the
//! batch fit to rounding. Nothing of a forgotten example is left but rounding. With a prior Phi the head starts from given weights and is
//! held near them: biased ridge regression.
//!
//! All memory is the caller's, of a length known beforehand; W has the form of [`RidgeHead`]'s, which predicts from it.

use core::marker::PhantomData;

use cognate_kernels::{MatMut, MatRef, Real};

use super::RidgeHead;
use crate::check;
use crate::error::{Error, Result};
use crate::linalg::{cholesky_downdate, cholesky_solve, cholesky_update, update_scratch};
use crate::workspace::{Need, Work, cut, cut_mut};

/// What an example should give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer<'a, T> {
    /// A class.
    Class(u32),
    /// Numbers, one an output.
    Values(&'a [T]),
}

/// A ridge head under change. `M` is the caller's buffer (an array, a slice, a `Vec`) of [`RidgeHead::incremental_memory`] elements.
///
/// ```
/// use cognate::meta::heads::{Answer, IncrementalRidge, RidgeHead};
/// use cognate::workspace::Workspace;
///
/// let (head, features, classes) = (RidgeHead::default().with_per_weight(false), 2, 2);
/// let memory = vec![0.0f32; head.incremental_memory(features, classes)];
/// let mut user = IncrementalRidge::new(&head, features, classes, memory)?;
/// let mut workspace = Workspace::new(user.need());
/// let (mut weights, w) = ([0.0; 6], &mut workspace.slabs().work);
/// user.learn(&[1.0, 0.0], Answer::Class(0), w)?;
/// user.learn(&[0.0, 1.0], Answer::Class(1), w)?;
/// user.solve(&mut weights, w);
/// assert!(weights[0] > weights[1]); // the first feature speaks for class 0
/// user.forget(&[1.0, 0.0], Answer::Class(0), w)?;
/// assert_eq!(user.rows(), 1);
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct IncrementalRidge<T, M> {
    features: usize,
    outputs: usize,
    bias: bool,
    rows: usize,
    memory: M,
    kind: PhantomData<T>,
}

impl RidgeHead {
    /// Elements of memory of an [`IncrementalRidge`] for so many features and outputs.
    pub const fn incremental_memory(&self, features: usize, outputs: usize) -> usize {
        let p = features + self.bias as usize;
        p * p + outputs * p
    }
}

impl<T, M> IncrementalRidge<T, M> {
    fn columns(&self) -> usize {
        self.features + usize::from(self.bias)
    }

    /// Examples learned and not forgotten.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Scratch of every method.
    pub fn need(&self) -> Need {
        let p = self.columns();
        Need::scratch(p + update_scratch(p).max(self.outputs * p))
    }
}

impl<T: Real, M: AsRef<[T]> + AsMut<[T]>> IncrementalRidge<T, M> {
    /// A head that has seen nothing, with the penalty and the column of ones of `head`: its weights are 0.
    ///
    /// # Errors
    /// If the penalty is not above 0, or one of the mean, which changes with every example.
    ///
    /// # Panics
    /// If the memory has another length than [`RidgeHead::incremental_memory`].
    #[track_caller]
    pub fn new(head: &RidgeHead, features: usize, outputs: usize, memory: M) -> Result<Self> {
        if head.per_weight || !(head.penalty > 0.0 && head.penalty.is_finite()) {
            return Err(Error::Setting {
                name: "the penalty of an incremental head",
                must: "above 0, and not one of the mean",
                found: head.penalty,
            });
        }
        let mut new = Self {
            features,
            outputs,
            bias: head.bias,
            rows: 0,
            memory,
            kind: PhantomData,
        };
        let (len, p) = (head.incremental_memory(features, outputs), new.columns());
        assert_eq!(new.memory.as_mut().len(), len, "memory of the head");
        new.memory.as_mut().fill(T::ZERO);
        let root = T::from_f64(head.penalty).sqrt();
        for i in 0..p {
            new.memory.as_mut()[i * p + i] = root;
        }
        Ok(new)
    }

    /// Starts from weights `prior: p x c` (as a fit gives them) and holds the head near them, instead of near 0.
    ///
    /// # Panics
    /// If examples were learned before, or the prior has another length.
    #[track_caller]
    pub fn towards(mut self, prior: &[T]) -> Self {
        let (p, c) = (self.columns(), self.outputs);
        assert!(
            self.rows == 0 && prior.len() == p * c,
            "a prior, first of all"
        );
        let (factor, b) = self.memory.as_mut().split_at_mut(p * p);
        for j in 0..c {
            for i in 0..p {
                // The penalty, as the factor holds it.
                let root = factor[i * p + i];
                b[j * p + i] = root * root * prior[i * c + j];
            }
        }
        self
    }

    /// The number that output `j` should give.
    fn wanted(answer: Answer<'_, T>, j: usize) -> T {
        match answer {
            Answer::Class(class) if class as usize == j => T::ONE,
            Answer::Class(_) => T::ZERO,
            Answer::Values(values) => values[j],
        }
    }

    fn check(&self, h: &[T], answer: Answer<'_, T>) -> Result<()> {
        check::shape("h", (1, h.len()), (1, self.features))?;
        check::finite("h", MatRef::planned(h, 1, h.len()))?;
        match answer {
            Answer::Class(class) => check::labels(&[class], self.outputs),
            Answer::Values(values) => {
                check::shape("y", (1, values.len()), (1, self.outputs))?;
                check::finite("y", MatRef::planned(values, 1, values.len()))
            }
        }
    }

    /// `B += sign x y'`.
    fn add(&mut self, x: &[T], answer: Answer<'_, T>, sign: T) {
        let (p, c) = (self.columns(), self.outputs);
        let ([_, b], _) = cut_mut(self.memory.as_mut(), [p * p, c * p]);
        for (j, row) in b.chunks_exact_mut(p).enumerate() {
            let wanted = sign * Self::wanted(answer, j);
            for (b, &x) in row.iter_mut().zip(x) {
                *b += wanted * x;
            }
        }
    }

    /// `[h, 1]`.
    fn input(h: &[T], x: &mut [T]) {
        x[..h.len()].copy_from_slice(h);
        x[h.len()..].fill(T::ONE);
    }

    /// Learns an example with features `h`.
    ///
    /// # Errors
    /// If `h` or the answer does not fit or is not finite; nothing is learned then.
    ///
    /// # Panics
    /// If the scratch is less than [`IncrementalRidge::need`].
    pub fn learn(&mut self, h: &[T], answer: Answer<'_, T>, w: &mut Work<'_, T>) -> Result<()> {
        self.check(h, answer)?;
        let p = self.columns();
        let (x, mut w) = w.take(p);
        Self::input(h, x);
        let ([factor], _) = cut_mut(self.memory.as_mut(), [p * p]);
        cholesky_update(MatMut::planned(factor, p, p), x, &mut w);
        self.add(x, answer, T::ONE);
        self.rows += 1;
        Ok(())
    }

    /// Forgets an example that was learned: with the same `h` and answer, nothing of it remains but rounding.
    ///
    /// # Errors
    /// If `h` or the answer does not fit or is not finite, there is nothing to forget ([`Error::Empty`]), or an example like this cannot
    /// have been learned ([`Error::NotPositiveDefinite`]); nothing is forgotten then.
    ///
    /// # Panics
    /// As [`IncrementalRidge::learn`].
    pub fn forget(&mut self, h: &[T], answer: Answer<'_, T>, w: &mut Work<'_, T>) -> Result<()> {
        self.check(h, answer)?;
        check::not_empty("the examples learned", self.rows)?;
        let p = self.columns();
        let (x, mut w) = w.take(p);
        Self::input(h, x);
        let ([factor], _) = cut_mut(self.memory.as_mut(), [p * p]);
        cholesky_downdate(MatMut::planned(factor, p, p), x, &mut w)?;
        self.add(x, answer, -T::ONE);
        self.rows -= 1;
        Ok(())
    }

    /// The weights now into `fitted: p x c`, for [`RidgeHead`] to predict from.
    ///
    /// # Panics
    /// As [`IncrementalRidge::learn`], or if `fitted` is shorter.
    pub fn solve(&self, fitted: &mut [T], w: &mut Work<'_, T>) {
        let (p, c) = (self.columns(), self.outputs);
        let ([factor, b], _) = cut(self.memory.as_ref(), [p * p, c * p]);
        let factor = MatRef::planned(factor, p, p);
        let (columns, w) = w.take(c * p);
        columns.copy_from_slice(b);
        for (j, column) in columns.chunks_exact_mut(p).enumerate() {
            cholesky_solve(factor, column, w.level());
            for (i, &v) in column.iter().enumerate() {
                fitted[i * c + j] = v;
            }
        }
    }
}
