//! What a teacher says of some rows, beside the truth: made once, kept for all epochs.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real};

use crate::check;
use crate::error::{Error, Result};
use crate::loss::Targets;
use crate::model::Links;
use crate::workspace::Workspace;

/// Rows that pass through a teacher at once.
const BLOCK: usize = 64;

/// Targets for a student: for each task the teacher's links, then the truth; see the losses of this module for the columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Taught<T> {
    rows: usize,
    columns: usize,
    cells: Vec<T>,
    /// Which cells say something; empty if all do.
    mask: Vec<bool>,
}

/// The links of `teacher` for `x: n x d`: `n x k`, row-major. Any model will do: a network, a linear map, a classifier's map.
///
/// # Errors
/// If `x` has other features than the teacher, or a number that is not finite.
pub fn taught_links<M: Links>(teacher: &M, x: MatRef<'_, M::Number>) -> Result<Vec<M::Number>> {
    check::shape("x", (x.rows(), x.cols()), (x.rows(), teacher.features()))?;
    check::finite("x", x)?;
    let (n, k) = (x.rows(), teacher.outputs());
    let mut links = vec![M::Number::ZERO; n * k];
    let mut workspace = Workspace::new(teacher.need(BLOCK));
    for first in (0..n).step_by(BLOCK) {
        let rows = first..(first + BLOCK).min(n);
        let into = MatMut::planned(&mut links, n, k).rows_range(rows.clone());
        teacher.links_into(x.rows_range(rows), into, &mut workspace.slabs().work);
    }
    Ok(links)
}

/// Logits of probabilities `p: n x k`: their logarithms, so that softmax gives them back; of a single column, the log-odds. A teacher in
/// a table is taken this way. Probabilities of 0 count as the smallest normal number, those of 1 as the next number below, so that logits
/// are finite.
///
/// # Errors
/// If a number is not in [0, 1].
pub fn logits_of<T: Real>(p: MatRef<'_, T>) -> Result<Vec<T>> {
    check::finite("probabilities", p)?;
    let mut logits = Vec::with_capacity(p.rows() * p.cols());
    for cell in 0..p.rows() * p.cols() {
        let found = p.at(cell / p.cols(), cell % p.cols());
        if !(found >= T::ZERO && found <= T::ONE) {
            return Err(Error::Setting {
                name: "every probability",
                must: "in [0, 1]",
                found: found.to_f64(),
            });
        }
        let p_one = found.max(T::MIN_POSITIVE);
        logits.push(match p.cols() {
            1 => p_one.ln() - (T::ONE - found).max(T::EPSILON * T::from_f64(0.5)).ln(),
            _ => p_one.ln(),
        });
    }
    Ok(logits)
}

impl<T: Real> Taught<T> {
    /// Classes: the teacher's logits `n x k`, and a label a row, `None` where there is none. For [`Softened`](super::Softened).
    ///
    /// # Errors
    /// If a logit is not finite, or a label is none of the k classes.
    pub fn classes(teacher: MatRef<'_, T>, labels: &[Option<u32>]) -> Result<Self> {
        let k = teacher.cols();
        let known: Vec<u32> = labels.iter().map(|label| label.unwrap_or(0)).collect();
        check::labels(&known, k)?;
        let numbers: Vec<T> = known
            .iter()
            .map(|&label| T::from_usize(label as usize))
            .collect();
        let truth = MatRef::planned(&numbers, labels.len(), 1);
        Self::new(teacher, truth, |i, _| labels[i].is_some())
    }

    /// Numbers, or labels in [0, 1]: the teacher's links `n x k` and the truth `n x k`, NaN where there is none. For
    /// [`Matched`](super::Matched) and [`SoftenedLogistic`](super::SoftenedLogistic).
    ///
    /// # Errors
    /// If the shapes differ, a link is not finite, or a truth is infinite.
    pub fn values(teacher: MatRef<'_, T>, truth: MatRef<'_, T>) -> Result<Self> {
        let shape = (teacher.rows(), teacher.cols());
        check::shape("truth", (truth.rows(), truth.cols()), shape)?;
        let known = |v: T| v.is_finite();
        let nan = |v: T| v.partial_cmp(&v).is_none();
        for cell in 0..shape.0 * shape.1 {
            let (row, column) = (cell / shape.1, cell % shape.1);
            let found = truth.at(row, column);
            if !known(found) && !nan(found) {
                return Err(Error::NotFinite {
                    argument: "truth",
                    row,
                    column,
                });
            }
        }
        Self::new(teacher, truth, |i, j| known(truth.at(i, j)))
    }

    /// The teacher's links alone: every truth is missing.
    ///
    /// # Errors
    /// If a link is not finite.
    pub fn unlabelled(teacher: MatRef<'_, T>) -> Result<Self> {
        Self::classes(teacher, &vec![None; teacher.rows()])
    }

    /// The columns of `teacher` and of `truth` side by side.
    fn new(
        teacher: MatRef<'_, T>,
        truth: MatRef<'_, T>,
        known: impl Fn(usize, usize) -> bool,
    ) -> Result<Self> {
        check::matrix("teacher", teacher)?;
        let (rows, k) = (teacher.rows(), teacher.cols());
        check::shape("truth", (truth.rows(), truth.cols()), (rows, truth.cols()))?;
        let (columns, mut cells, mut mask) = (k + truth.cols(), Vec::new(), Vec::new());
        for i in 0..rows {
            cells.extend((0..k).map(|j| teacher.at(i, j)));
            mask.extend((0..k).map(|_| true));
            let labelled = |j| known(i, j);
            cells.extend(
                (0..truth.cols()).map(|j| if labelled(j) { truth.at(i, j) } else { T::ZERO }),
            );
            mask.extend((0..truth.cols()).map(labelled));
        }
        if mask.iter().all(|&says| says) {
            mask.clear();
        }
        Ok(Self {
            rows,
            columns,
            cells,
            mask,
        })
    }

    /// The same where other rows than those that `of` keeps are none of the task's: neither teacher nor truth says anything there.
    ///
    /// # Errors
    /// If there are not as many as rows.
    pub fn on_rows(mut self, of: &[bool]) -> Result<Self> {
        check::shape("of", (of.len(), 1), (self.rows, 1))?;
        self.mask.resize(self.cells.len(), true);
        let rows = self.mask.chunks_exact_mut(self.columns).zip(of);
        rows.filter(|(_, kept)| !**kept)
            .for_each(|(row, _)| row.fill(false));
        Ok(self)
    }

    /// The targets of several tasks side by side, for [`Lessons`](super::Lessons).
    ///
    /// # Errors
    /// If there is none, or they have different rows.
    pub fn together(tasks: &[Self]) -> Result<Self> {
        check::not_empty("tasks", tasks.len())?;
        let rows = tasks[0].rows;
        for task in tasks {
            check::shape("a task's rows", (task.rows, 1), (rows, 1))?;
        }
        let (mut cells, mut mask) = (Vec::new(), Vec::new());
        for i in 0..rows {
            for task in tasks {
                let here = i * task.columns..(i + 1) * task.columns;
                cells.extend_from_slice(&task.cells[here.clone()]);
                match task.mask.get(here) {
                    Some(says) => mask.extend_from_slice(says),
                    None => mask.extend((0..task.columns).map(|_| true)),
                }
            }
        }
        let columns = tasks.iter().map(|task| task.columns).sum();
        Ok(Self {
            rows,
            columns,
            cells,
            mask,
        })
    }

    /// The targets of all rows.
    pub fn targets(&self) -> Targets<'_, T> {
        let cells = MatRef::planned(&self.cells, self.rows, self.columns);
        Targets::values(cells).masked((!self.mask.is_empty()).then_some(&self.mask[..]))
    }
}
