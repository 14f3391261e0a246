//! Transfer: a pipeline that was fitted where rows are many helps one whose rows are few.
//!
//! ```text
//! table --the source's encoder and scaler--> x --model--> prediction
//! ```
//! What stands around the source's model travels with it, so that its weights mean on the new rows what they meant on the old ones:
//! the same columns, levels and scales. Where the targets are the source's (as many numbers, the same classes), so does the scaler of
//! numbers, and a network keeps its head; else the head is new.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatRef, Real};

use super::model::Model;
use super::{Labels, Pipeline, Target, Training, name_column, narrow};
use crate::data::scale::{Scaler, StandardScaler};
use crate::error::{Error, Result};
use crate::loss::{self, Targets};
use crate::meta::transfer::{
    BiasedLogistic, BiasedRidge, FineTuning, FineTuningReport, with_new_head,
};
use crate::model::{ClassModel, LinearModel, LogisticModel, Network};
use crate::optim::{Callback, Report};

/// How the source helps.
#[derive(Clone, Debug, PartialEq)]
pub enum Transfer {
    /// A linear model towards the source's weights.
    Biased {
        /// Lambda, above 0; chosen by the exact leave-one-out error if not given.
        penalty: Option<f64>,
    },
    /// A network that begins at the source's.
    FineTuned(FineTuning),
}

/// What to fit, from what.
#[derive(Clone, Debug)]
pub struct TransferRecipe<'a, T> {
    /// What is brought.
    pub source: &'a Pipeline<T>,
    /// How it helps.
    pub method: Transfer,
    /// The seed of a new head, kept in the file.
    pub seed: u64,
}

/// How it went.
#[derive(Clone, Debug, PartialEq)]
pub enum TransferOutcome {
    /// A biased fit.
    Biased {
        /// Lambda.
        penalty: f64,
        /// The mean leave-one-out error of the fit (squared, of scaled numbers where they are; log loss of classes), where it chose lambda.
        leave_one_out: Option<f64>,
        /// Of the iterations; a ridge fit takes none.
        report: Option<Report>,
    },
    /// A network.
    FineTuned {
        /// Whether its head is new.
        new_head: bool,
        /// How that went.
        report: FineTuningReport,
    },
}

/// Strengths to choose from, in half decades about the mean curvature of the loss.
const HALF_DECADES: core::ops::RangeInclusive<i32> = -6..=8;

/// Rows as the model takes them.
struct Rows<T> {
    x: Vec<T>,
    numbers: Vec<T>,
    weights: Option<Vec<T>>,
}

impl<T: Real> TransferRecipe<'_, T> {
    /// Fits to `training`, whose table has the source's columns ([`Training::features`] is not looked at). `progress` is called after each
    /// epoch and may stop the work.
    ///
    /// # Errors
    /// What the source's encoder says of the table; [`Error::Setting`] if the source's model is not one that the method starts from, or a
    /// biased fit's target is not the source's; what the method says.
    pub fn fit(
        &self,
        training: &Training<'_>,
        progress: Callback<'_>,
    ) -> Result<(Pipeline<T>, TransferOutcome)> {
        let kept = self.keeps_target(training.target);
        let target_scaler = self.target_scaler(training, kept)?;
        let rows = self.rows(training, target_scaler.as_ref())?;
        let fitted = match &self.method {
            Transfer::Biased { penalty } if kept => self.biased(*penalty, training, &rows),
            Transfer::Biased { .. } => refuse("the target of a biased fit", "the source's"),
            Transfer::FineTuned(tuning) => {
                self.fine_tuned(tuning, !kept, (training, &rows), progress)
            }
        };
        let (model, outcome) = fitted.map_err(|e| name_column(e, &self.source.encoder.names()))?;
        let pipeline = Pipeline {
            encoder: self.source.encoder.clone(),
            scaler: self.source.scaler.clone(),
            model,
            target_scaler,
            target: training.target.clone(),
            seed: self.seed,
        };
        Ok((pipeline, outcome))
    }

    /// Whether the target is what the source predicts, apart from its name.
    pub fn keeps_target(&self, target: &Target) -> bool {
        match (&self.source.target, target) {
            (Target::Numbers(a), Target::Numbers(b)) => a.len() == b.len(),
            (Target::Classes { levels: a, .. }, Target::Classes { levels: b, .. }) => a == b,
            _ => false,
        }
    }

    /// The source's, or one of the new numbers where the source has scaled features.
    fn target_scaler(&self, training: &Training<'_>, kept: bool) -> Result<Option<Scaler>> {
        match training.labels {
            Labels::Numbers(_) if kept => Ok(self.source.target_scaler.clone()),
            Labels::Numbers(y) if self.source.scaler.is_some() => {
                let y = MatRef::planned(y, training.table.rows(), training.target.width());
                let scaler = StandardScaler::default().fit(y, training.weights);
                scaler
                    .map(Some)
                    .map_err(|e| name_column(e, training.target.names()))
            }
            _ => Ok(None),
        }
    }

    fn rows(&self, training: &Training<'_>, scaler: Option<&Scaler>) -> Result<Rows<T>> {
        let numbers = match (training.labels, scaler) {
            (Labels::Classes(_), _) => Vec::new(),
            (Labels::Numbers(y), None) => narrow(y),
            (Labels::Numbers(y), Some(scaler)) => {
                let (n, k) = (training.table.rows(), training.target.width());
                narrow(&scaler.transform(MatRef::planned(y, n, k))?)
            }
        };
        Ok(Rows {
            x: self.source.inputs(training.table)?,
            numbers,
            weights: training.weights.map(narrow),
        })
    }

    fn biased(
        &self,
        penalty: Option<f64>,
        training: &Training<'_>,
        rows: &Rows<T>,
    ) -> Result<(Model<T>, TransferOutcome)> {
        let (x, y) = rows.views(training, self.source.encoder.width());
        match &self.source.model {
            Model::Linear(prior) => biased_ridge(penalty, (x, y), prior),
            Model::Logistic(prior) => biased_logistic(penalty, (x, y), prior),
            _ => refuse("the source of a biased fit", "a linear model"),
        }
    }

    fn fine_tuned(
        &self,
        tuning: &FineTuning,
        new_head: bool,
        (training, rows): (&Training<'_>, &Rows<T>),
        progress: Callback<'_>,
    ) -> Result<(Model<T>, TransferOutcome)> {
        let source = match &self.source.model {
            Model::MlpClassifier(model) => model.map(),
            Model::MlpRegressor(network) => network,
            _ => return refuse("the source of fine-tuning", "a network"),
        };
        let outputs = match training.target {
            Target::Classes { levels, .. } if levels.len() == 2 => 1,
            target => target.width(),
        };
        let start: Network<T> = match new_head {
            true => with_new_head(source, outputs, self.seed)?,
            false => source.clone(),
        };
        let rows = rows.views(training, self.source.encoder.width());
        let (network, report) = tuning.fit((&start, new_head), rows, progress)?;
        let model = match training.target {
            Target::Classes { .. } => Model::MlpClassifier(ClassModel::from_map(network)?),
            Target::Numbers(_) => Model::MlpRegressor(network),
        };
        Ok((model, TransferOutcome::FineTuned { new_head, report }))
    }
}

impl<T: Real> Rows<T> {
    /// Features, and targets with their weights.
    fn views<'r>(
        &'r self,
        training: &Training<'r>,
        features: usize,
    ) -> (MatRef<'r, T>, Targets<'r, T>) {
        let n = training.table.rows();
        let y = match training.labels {
            Labels::Classes(labels) => Targets::classes(labels),
            Labels::Numbers(_) => {
                let width = training.target.width();
                Targets::values(MatRef::planned(&self.numbers, n, width))
            }
        };
        let x = MatRef::planned(&self.x, n, features);
        (x, y.weighted(self.weights.as_deref()))
    }
}

/// A setting that has no number.
fn refuse<R>(name: &'static str, must: &'static str) -> Result<R> {
    let found = f64::NAN;
    Err(Error::Setting { name, must, found })
}

/// Strengths about `curvature` times the mean over the features of the rows' squares, taken from the weighted means.
fn penalties<T: Real>(x: MatRef<'_, T>, y: &Targets<'_, T>, curvature: f64) -> Vec<f64> {
    let (n, d) = (x.rows(), x.cols());
    let weight = |i: usize| y.weight(i, 0).to_f64();
    let total: f64 = (0..n).map(weight).sum();
    let mut squares = 0.0;
    for j in 0..d {
        let cell = |i: usize| x.at(i, j).to_f64();
        let mean = (0..n).map(|i| weight(i) * cell(i)).sum::<f64>() / total;
        let apart = |i: usize| weight(i) * (cell(i) - mean) * (cell(i) - mean);
        squares += (0..n).map(apart).sum::<f64>();
    }
    let middle = curvature * squares / d as f64;
    let middle = if middle > 0.0 { middle } else { 1.0 };
    let decade = core::f64::consts::LN_10;
    HALF_DECADES
        .map(|k| middle * Real::exp(0.5 * f64::from(k) * decade))
        .collect()
}

fn biased_ridge<T: Real>(
    penalty: Option<f64>,
    (x, y): (MatRef<'_, T>, Targets<'_, T>),
    prior: &LinearModel<T>,
) -> Result<(Model<T>, TransferOutcome)> {
    let ridge = BiasedRidge::default();
    let (penalty, leave_one_out) = match penalty {
        Some(penalty) => (penalty, None),
        None => least(ridge.choose_penalty(&penalties(x, &y, 1.0), x, y, prior)?),
    };
    let fit = ridge.with_penalty(penalty).fit(x, y, prior)?;
    let outcome = TransferOutcome::Biased {
        penalty,
        leave_one_out,
        report: None,
    };
    Ok((Model::Linear(fit.model().clone()), outcome))
}

fn biased_logistic<T: Real>(
    penalty: Option<f64>,
    (x, y): (MatRef<'_, T>, Targets<'_, T>),
    prior: &LogisticModel<T>,
) -> Result<(Model<T>, TransferOutcome)> {
    let logistic = BiasedLogistic::default();
    let (penalty, leave_one_out) = match penalty {
        Some(penalty) => (penalty, None),
        // The second derivative of the logistic loss is at most 1/4.
        None => {
            check_classes(&y, prior.classes())?;
            least(logistic.choose_penalty(&penalties(x, &y, 0.25), x, y, prior)?)
        }
    };
    let (model, report) = logistic.with_penalty(penalty).fit(x, y, prior)?;
    let outcome = TransferOutcome::Biased {
        penalty,
        leave_one_out,
        report: Some(report),
    };
    Ok((Model::Logistic(model), outcome))
}

/// Makes sure that each class has two rows: without its only one, its free intercept would have no optimum.
fn check_classes<T: Real>(y: &Targets<'_, T>, classes: usize) -> Result<()> {
    let mut counts = vec![0; classes];
    if let loss::Target::Classes(labels) = y.target {
        let weighed = (0..labels.len()).filter(|&i| y.weight(i, 0) > T::ZERO);
        weighed.for_each(|i| counts[labels[i] as usize] += 1);
    }
    match counts.iter().position(|&count| count < 2) {
        None => Ok(()),
        Some(class) => Err(Error::FewRows {
            class: class as u32,
            found: counts[class],
            needed: 2,
        }),
    }
}

/// The choice, and the smallest of the errors.
fn least((penalty, errors): (f64, Vec<f64>)) -> (f64, Option<f64>) {
    let least = errors.into_iter().fold(f64::INFINITY, f64::min);
    (penalty, Some(least))
}
