//! How strongly to share: cross-validation over a method's path of strengths.
//!
//! Rows are dealt to folds task by task and, where a task predicts classes, class by class, in random order: every task has its share of
//! every fold, to a row. A row that several tasks label goes where the first of them put it, with all its labels. Where all rows of a
//! task's class would be in one fold, as its only row is, one of them is in none: every fit has it, for without it a free intercept has
//! no optimum. For each fold the path
//! is fitted on the other folds' rows alone, from the strongest strength down, each fit starting from the one before, and scored on the
//! fold's:
//! ```text
//! tasks of one kind     the loss a row, by the weights of rows and tasks
//! of several            the mean over tasks of the loss a row over that of the task's best constant
//! ```
//! Where all tasks predict numbers from no more features than they have rows, and the method fits from [`Summaries`], each fold is summed
//! up once; the others' are merged, never subtracted, and the whole choice costs one pass over the rows.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatRef, Real};

use super::soft::squared_loss;
use super::{Fitted, LinearMethod, Summarised, TaskLinear};
use crate::check;
use crate::error::Result;
use crate::loss::{Logistic, Loss, Softmax, Squared, Targets};
use crate::mtl::{Kind, Summaries, Task, TaskSet};
use crate::rng::rng;
use crate::workspace::{Slabs, Workspace};

/// Chooses the strength of a method's penalty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrossValidation {
    /// Number of folds, at least 2. Default 5.
    pub folds: usize,
    /// Seed of the order in which rows are dealt. Default 0.
    pub seed: u64,
    /// Whether to take the strongest strength that is within one standard error of the best (Breiman et al. 1984). Default no.
    pub one_standard_error: bool,
}

/// A strength and its score over the folds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strength {
    /// The strength.
    pub lambda: f64,
    /// The mean over folds; lower is better.
    pub mean: f64,
    /// Its standard error.
    pub se: f64,
}

/// What was chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The fit of all rows with the chosen strength.
    pub fitted: Fitted,
    /// All strengths tried, the strongest first; none where the method has no strength to choose.
    pub curve: Vec<Strength>,
}

impl Default for CrossValidation {
    fn default() -> Self {
        Self {
            folds: 5,
            seed: 0,
            one_standard_error: false,
        }
    }
}

impl CrossValidation {
    /// Sets [`CrossValidation::folds`].
    pub fn with_folds(self, folds: usize) -> Self {
        Self { folds, ..self }
    }

    /// Sets [`CrossValidation::seed`].
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets [`CrossValidation::one_standard_error`].
    pub fn with_one_standard_error(self, one_standard_error: bool) -> Self {
        Self {
            one_standard_error,
            ..self
        }
    }

    /// Chooses among the method's own grid and fits all rows with what was chosen.
    ///
    /// # Errors
    /// If there are fewer than two folds, and what the method says of settings and data.
    #[inline]
    pub fn choose(&self, method: &dyn LinearMethod, tasks: &TaskSet<'_, f64>) -> Result<Choice> {
        let k = self.folds as f64;
        check::setting("folds", "at least 2", k, self.folds >= 2)?;
        let grid = method.grid(tasks)?;
        if grid.is_empty() {
            return Ok(Choice {
                fitted: method.fit(tasks)?,
                curve: Vec::new(),
            });
        }
        let fold = self.deal(tasks);
        let parts = (0..self.folds).map(|k| tasks.filter(|row| fold[row as usize] == k));
        let rows: usize = tasks.tasks().iter().map(|task| task.rows.len()).sum();
        let fewer_than_features = rows < tasks.tasks().len() * tasks.features();
        // Of fewer rows than features a summary would be larger than the rows.
        if tasks.one_kind() == Some(Kind::Number)
            && !fewer_than_features
            && let Some(method) = method.summarised()
        {
            let names: Vec<&str> = tasks.tasks().iter().map(|t| t.name.as_str()).collect();
            let folds = parts.map(|part| Summaries::of(&part, 1));
            let folds: Vec<Summaries> = folds.collect::<Result<_>>()?;
            return self.choose_summaries(method, &names, &folds, &grid);
        }
        let scale = Scale::of(tasks)?;
        let mut scores = Vec::new();
        for (k, part) in parts.enumerate() {
            let rest = tasks.filter(|row| fold[row as usize] != k);
            let fits = method.path(&rest, &grid)?;
            let scored = fits.iter().map(|fit| scale.score(&fit.model, &part));
            scores.push(scored.collect::<Result<Vec<f64>>>()?);
        }
        let (lambda, curve) = self.pick(&grid, &scores);
        let fitted = method.at(lambda).fit(tasks)?;
        Ok(Choice { fitted, curve })
    }

    /// Chooses among `grid`, the strongest first, for tasks that predict numbers and are known by the summaries of their folds alone.
    ///
    /// # Errors
    /// If there are fewer than two folds or no strengths, and what the method says of settings and data.
    ///
    /// # Panics
    /// If the folds have not the same features and number of tasks.
    #[inline]
    pub fn choose_summaries(
        &self,
        method: &dyn Summarised,
        names: &[&str],
        folds: &[Summaries],
        grid: &[f64],
    ) -> Result<Choice> {
        let k = folds.len() as f64;
        check::setting("folds", "at least 2", k, folds.len() >= 2)?;
        check::not_empty("grid", grid.len())?;
        let mut scores = Vec::new();
        for (k, part) in folds.iter().enumerate() {
            let rest = folds.iter().enumerate().filter(|&(i, _)| i != k);
            let rest = merged(rest.map(|(_, fold)| fold));
            let fits = method.path_of_summaries(names, &rest, grid)?;
            scores.push(
                fits.iter()
                    .map(|fit| score_summaries(&fit.model, part))
                    .collect(),
            );
        }
        let (lambda, curve) = self.pick(grid, &scores);
        let mut fits = method.path_of_summaries(names, &merged(folds.iter()), &[lambda])?;
        let fitted = fits.remove(0);
        Ok(Choice { fitted, curve })
    }

    /// The fold of each row of `x`; none for rows that no task labels, and those that every fit must have.
    #[inline]
    fn deal(&self, tasks: &TaskSet<'_, f64>) -> Vec<usize> {
        const NONE: usize = usize::MAX;
        let (mut fold, mut next) = (vec![NONE; tasks.x().rows()], 0);
        for (t, task) in tasks.tasks().iter().enumerate() {
            let mut order: Vec<usize> = (0..task.rows.len()).collect();
            rng(self.seed, "folds", t as u64).shuffle(&mut order);
            if task.kind != Kind::Number {
                order.sort_by(|&i, &j| task.labels[i].total_cmp(&task.labels[j]));
            }
            for i in order {
                let row = task.rows[i] as usize;
                if fold[row] == NONE {
                    fold[row] = next % self.folds;
                    next += 1;
                }
            }
        }
        for row in indispensable(tasks, &fold) {
            fold[row] = NONE;
        }
        fold
    }

    /// The strength chosen, and all, for each fold's scores of the grid.
    fn pick(&self, grid: &[f64], scores: &[Vec<f64>]) -> (f64, Vec<Strength>) {
        let folds = scores.len() as f64;
        let strength = |(i, &lambda): (usize, &f64)| {
            let mean = scores.iter().map(|fold| fold[i]).sum::<f64>() / folds;
            let squares: f64 = scores
                .iter()
                .map(|fold| (fold[i] - mean) * (fold[i] - mean))
                .sum();
            let se = Real::sqrt(squares / (folds * (folds - 1.0)));
            Strength { lambda, mean, se }
        };
        let curve: Vec<Strength> = grid.iter().enumerate().map(strength).collect();
        let best = curve.iter().min_by(|a, b| a.mean.total_cmp(&b.mean));
        let best = best.expect("a grid has strengths");
        let enough = best.mean + best.se;
        let chosen = match self.one_standard_error {
            true => curve.iter().find(|s| s.mean <= enough).unwrap_or(best),
            false => best,
        };
        (chosen.lambda, curve)
    }
}

/// A row of each class of a task whose rows are all in one fold.
fn indispensable(tasks: &TaskSet<'_, f64>, fold: &[usize]) -> Vec<usize> {
    let mut rows = Vec::new();
    for task in tasks.tasks() {
        let Kind::Classes(classes) = task.kind else {
            continue;
        };
        for class in 0..classes {
            let labelled = task.rows.iter().zip(&task.labels);
            let of_class =
                |&(&row, &label): &(&u32, &f64)| label == class as f64 && tasks.weight(row) > 0.0;
            let mut own = labelled.filter(of_class).map(|(&row, _)| row as usize);
            if let Some(first) = own.next()
                && own.all(|row| fold[row] == fold[first])
            {
                rows.push(first);
            }
        }
    }
    rows
}

/// The sum of several folds.
fn merged<'f>(mut folds: impl Iterator<Item = &'f Summaries>) -> Summaries {
    let mut sum = folds.next().expect("two folds at least").clone();
    folds.for_each(|fold| sum.merge(fold));
    sum
}

/// The loss a row of all tasks on a fold.
#[inline]
fn score_summaries(model: &TaskLinear, fold: &Summaries) -> f64 {
    let (mut loss, mut weight) = (0.0, 0.0);
    for (t, summary) in fold.iter().enumerate() {
        let task = model.task(t);
        let theta = [task.coef.row(0), task.intercept].concat();
        loss += squared_loss(summary, &theta);
        weight += summary.weight();
    }
    mean(loss, weight)
}

/// `sum / weight`, 0 for nothing.
fn mean(sum: f64, weight: f64) -> f64 {
    if weight > 0.0 { sum / weight } else { 0.0 }
}

/// What a task's loss a row is compared with: its best constant's, where tasks are of several kinds.
struct Scale(Option<Vec<f64>>);

impl Scale {
    fn of(tasks: &TaskSet<'_, f64>) -> Result<Self> {
        if tasks.one_kind().is_some() {
            return Ok(Self(None));
        }
        let constant = |t: usize| mean(constant_loss(tasks, t), tasks.labelled_weight(t));
        Ok(Self(Some((0..tasks.tasks().len()).map(constant).collect())))
    }

    #[inline]
    fn score(&self, model: &TaskLinear, fold: &TaskSet<'_, f64>) -> Result<f64> {
        let (mut loss, mut weight) = (0.0, 0.0);
        for (t, task) in fold.tasks().iter().enumerate() {
            let (own, rows) = (held_out(model, fold, t)?, fold.labelled_weight(t));
            match &self.0 {
                None => {
                    loss += task.weight * own;
                    weight += task.weight * rows;
                }
                Some(constant) if rows > 0.0 && constant[t] > 0.0 => {
                    loss += own / rows / constant[t];
                    weight += 1.0;
                }
                Some(_) => {}
            }
        }
        Ok(mean(loss, weight))
    }
}

/// The loss of task `t` if every row had the same links: the mean, or the classes' shares.
fn constant_loss(tasks: &TaskSet<'_, f64>, t: usize) -> f64 {
    let task = &tasks.tasks()[t];
    let labelled = || {
        task.rows
            .iter()
            .map(|&row| tasks.weight(row))
            .zip(&task.labels)
    };
    let total = tasks.labelled_weight(t);
    match task.kind {
        Kind::Number => {
            let sum: f64 = labelled().map(|(w, y)| w * y).sum();
            let centre = mean(sum, total);
            labelled()
                .map(|(w, y)| 0.5 * w * (y - centre) * (y - centre))
                .sum()
        }
        Kind::Classes(classes) => {
            let mut shares = vec![0.0; classes];
            labelled().for_each(|(w, &y)| shares[y as usize] += w);
            let seen = shares.iter().filter(|&&share| share > 0.0);
            seen.map(|&share| -share * Real::ln(share / total)).sum()
        }
    }
}

/// The loss of a model on the rows of task `t`.
#[inline]
fn held_out(model: &TaskLinear, tasks: &TaskSet<'_, f64>, t: usize) -> Result<f64> {
    let task = &tasks.tasks()[t];
    let (n, d, x) = (task.rows.len(), tasks.features(), tasks.x());
    let rows = task
        .rows
        .iter()
        .flat_map(|&i| (0..d).map(move |j| x.at(i as usize, j)));
    let rows: Vec<f64> = rows.collect();
    let z = model.task(t).links(MatRef::planned(&rows, n, d))?;
    let weights: Vec<f64> = task.rows.iter().map(|&row| tasks.weight(row)).collect();
    let classes: Vec<u32> = task.labels.iter().map(|&y| y as u32).collect();
    let y = match task.kind {
        Kind::Number => Targets::values(MatRef::planned(&task.labels, n, 1)),
        Kind::Classes(_) => Targets::classes(&classes),
    };
    let z = MatRef::planned(&z, n, task.kind.links());
    Ok(loss(task, z, &y.weighted(Some(&weights))))
}

#[inline]
fn loss(task: &Task, z: MatRef<'_, f64>, y: &Targets<'_, f64>) -> f64 {
    let loss: &dyn Loss<f64> = match task.kind {
        Kind::Number => &Squared,
        Kind::Classes(2) => &Logistic,
        Kind::Classes(_) => &Softmax { smoothing: 0.0 },
    };
    let mut workspace = Workspace::new(loss.need(z.rows(), z.cols()));
    let Slabs {
        saved, mut work, ..
    } = workspace.slabs();
    loss.value_grad(z, y, 1.0, None, saved, &mut work)
}
