//! The methods that a pipeline can hold, behind one `fit`.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatRef, Real};

use super::model::Model;
use super::{Labels, Target, missing, narrow};
use crate::error::{Error, Result};
use crate::model::{
    LinearModel, LinearRegression, LinearReport, LogisticRegression, MlpClassifier, MlpRegressor,
    Ridge,
};
use crate::optim::{Callback, Report};

/// A method with its settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Learner {
    /// The training rows' mean, or their classes' frequencies with one row more of each: what any method must beat.
    Constant,
    /// Least squares.
    Linear(LinearRegression),
    /// Least squares with an L2 penalty.
    Ridge(Ridge),
    /// Logistic regression.
    Logistic(LogisticRegression),
    /// A network for classes.
    MlpClassifier(MlpClassifier),
    /// A network for numbers.
    MlpRegressor(MlpRegressor),
}

/// How a fit ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// In closed form, with nothing to say.
    Exact,
    /// By solving a linear system.
    Solved(LinearReport),
    /// By iterations.
    Iterated(Report),
}

/// Encoded and scaled rows.
pub(super) struct Fitting<'a, T> {
    /// `n x d`.
    pub x: MatRef<'a, T>,
    pub target: &'a Target,
    pub labels: Labels<'a>,
    pub weights: Option<&'a [T]>,
}

impl Learner {
    pub(super) fn fit<T: Real>(
        &self,
        rows: &Fitting<'_, T>,
        progress: Callback<'_>,
    ) -> Result<(Model<T>, Outcome)> {
        let (x, w) = (rows.x, rows.weights);
        let solved = |(model, report)| (Model::Linear(model), Outcome::Solved(report));
        Ok(match self {
            Self::Constant => (Model::Constant(rows.constant()), Outcome::Exact),
            Self::Linear(linear) => {
                let y = rows.numbers()?;
                solved(rows.each(&y, &|x, y, w| linear.fit(x, y, w))?)
            }
            Self::Ridge(ridge) => {
                let y = rows.numbers()?;
                solved(rows.each(&y, &|x, y, w| ridge.fit(x, y, w))?)
            }
            Self::Logistic(logistic) => {
                let (model, report) = logistic.fit_with(x, rows.classes()?, w, progress)?;
                (Model::Logistic(model), Outcome::Iterated(report))
            }
            Self::MlpClassifier(mlp) => {
                let (model, report) = mlp.fit_with(x, rows.classes()?, w, progress)?;
                (Model::MlpClassifier(model), Outcome::Iterated(report))
            }
            Self::MlpRegressor(mlp) => {
                let y = rows.numbers()?;
                if missing::any(&y) {
                    return rows.refuse("has missing labels, and the network needs all of a row");
                }
                let (model, report) = mlp.fit_with(x, rows.matrix(&y), w, progress)?;
                (Model::MlpRegressor(model), Outcome::Iterated(report))
            }
        })
    }
}

impl<T: Real> Fitting<'_, T> {
    fn numbers(&self) -> Result<Vec<T>> {
        match self.labels {
            Labels::Numbers(y) => Ok(narrow(y)),
            Labels::Classes(_) => self.refuse("is classes, and the method predicts numbers"),
        }
    }

    fn classes(&self) -> Result<&[u32]> {
        match self.labels {
            Labels::Classes(y) => Ok(y),
            Labels::Numbers(_) => self.refuse("is a number, and the method predicts classes"),
        }
    }

    fn refuse<R>(&self, problem: &'static str) -> Result<R> {
        let name = &self.target.names()[0];
        Err(Error::column(name, None, None, problem))
    }

    /// A linear fit of every target to the rows that have its label.
    fn each(&self, y: &[T], fit: missing::Fit<'_, T>) -> Result<(LinearModel<T>, LinearReport)> {
        missing::fit(self.x, (y, self.target.names()), self.weights, fit)
    }

    fn matrix<'y>(&self, y: &'y [T]) -> MatRef<'y, T> {
        MatRef::planned(y, self.x.rows(), self.target.width())
    }

    /// The weighted mean of each target, or the share of each class.
    fn constant(&self) -> Vec<T> {
        let weight = |i: usize| self.weights.map_or(1.0, |w| w[i].to_f64());
        let k = self.target.width();
        let (mut sums, mut totals) = match self.labels {
            Labels::Numbers(_) => (vec![0.0; k], vec![0.0; k]),
            Labels::Classes(_) => (vec![1.0; k], vec![k as f64; k]),
        };
        for i in 0..self.x.rows() {
            match self.labels {
                Labels::Numbers(y) => {
                    for j in (0..k).filter(|j| !y[i * k + j].is_nan()) {
                        sums[j] += weight(i) * y[i * k + j];
                        totals[j] += weight(i);
                    }
                }
                Labels::Classes(y) => {
                    sums[y[i] as usize] += weight(i);
                    totals.iter_mut().for_each(|total| *total += weight(i));
                }
            }
        }
        let means = sums.iter().zip(totals);
        means.map(|(sum, total)| T::from_f64(sum / total)).collect()
    }
}
