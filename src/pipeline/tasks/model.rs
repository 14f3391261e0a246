//! The fitted models that a pipeline of several tasks can hold.

use alloc::{string::String, vec, vec::Vec};

use cognate_kernels::{MatRef, Real};

use crate::error::{Error, Result};
use crate::model::LogisticModel;
use crate::mtl::Kind;
use crate::mtl::linear::{LinearTask, TaskLinear};
use crate::mtl::net::TaskNetwork;
use crate::pipeline::narrow;

/// A fitted model of several tasks.
#[derive(Clone, Debug)]
pub enum TaskModel {
    /// A linear map a task.
    Linear {
        /// The method that fitted it.
        method: String,
        /// The maps, and what was learned beside them.
        model: TaskLinear,
    },
    /// A network in `f32`.
    F32 {
        /// The name of its architecture.
        method: String,
        /// The network.
        network: TaskNetwork<f32>,
    },
    /// A network in `f64`.
    F64 {
        /// The name of its architecture.
        method: String,
        /// The network.
        network: TaskNetwork<f64>,
    },
}

impl TaskModel {
    /// The method that fitted it.
    pub fn method(&self) -> &str {
        match self {
            Self::Linear { method, .. } | Self::F32 { method, .. } | Self::F64 { method, .. } => {
                method
            }
        }
    }

    /// What its numbers are: `f32` or `f64`.
    pub fn precision(&self) -> &'static str {
        match self {
            Self::Linear { .. } | Self::F64 { .. } => f64::NAME,
            Self::F32 { .. } => f32::NAME,
        }
    }

    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        match self {
            Self::Linear { model, .. } => model.intercept().len() * (model.features() + 1),
            Self::F32 { network, .. } => network.params().len(),
            Self::F64 { network, .. } => network.params().len(),
        }
    }

    /// Whether a task never seen can be predicted.
    pub(super) fn predicts_unseen(&self) -> bool {
        match self {
            Self::Linear { model, .. } => model.unseen().is_some(),
            Self::F32 { .. } | Self::F64 { .. } => false,
        }
    }

    /// The links of all tasks for the rows of `x: n x d`: `n x K`, row-major, the columns of a task side by side, task after task.
    #[inline]
    pub(super) fn links(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>> {
        let model = match self {
            Self::Linear { model, .. } => model,
            Self::F32 { network, .. } => return links_of(network, x),
            Self::F64 { network, .. } => return links_of(network, x),
        };
        let maps = (0..model.len()).map(|t| model.task(t));
        let (mut all, n) = (vec![Vec::new(); x.rows()], x.rows());
        for map in maps {
            let (links, k) = (map.links(x)?, map.coef.rows());
            (0..n).for_each(|i| all[i].extend_from_slice(&links[i * k..][..k]));
        }
        Ok(all.concat())
    }

    /// The number, or the probability of each class, that task `t` (`None`: one never seen) predicts for the rows of `x: n x d`.
    #[inline]
    pub(super) fn predict(&self, t: Option<usize>, x: MatRef<'_, f64>) -> Result<Vec<f64>> {
        let known = t.ok_or_else(|| {
            Error::task(
                "never seen",
                "has no model: the method has no part for such",
            )
        });
        match self {
            Self::Linear { model, .. } => match (t, model.unseen()) {
                (None, Some(shared)) => of_linear(shared, x),
                _ => of_linear(model.task(known?), x),
            },
            Self::F32 { network, .. } => of_network(network, known?, x),
            Self::F64 { network, .. } => of_network(network, known?, x),
        }
    }
}

#[inline]
fn of_linear(map: LinearTask<'_>, x: MatRef<'_, f64>) -> Result<Vec<f64>> {
    match map.kind {
        Kind::Number => map.links(x),
        Kind::Classes(_) => LogisticModel::new(map.coef, map.intercept)?.predict_proba(x),
    }
}

/// `x`, row-major, in the network's precision.
fn narrowed<T: Real>(x: MatRef<'_, f64>) -> Vec<T> {
    let rows = (0..x.rows()).flat_map(|i| (0..x.cols()).map(move |j| x.at(i, j)));
    narrow(&rows.collect::<Vec<f64>>())
}

fn links_of<T: Real>(network: &TaskNetwork<T>, x: MatRef<'_, f64>) -> Result<Vec<f64>> {
    let links = network.links(MatRef::planned(&narrowed(x), x.rows(), x.cols()))?;
    Ok(links.iter().map(|z| z.to_f64()).collect())
}

fn of_network<T: Real>(network: &TaskNetwork<T>, t: usize, x: MatRef<'_, f64>) -> Result<Vec<f64>> {
    let own = narrowed(x);
    let x = MatRef::planned(&own, x.rows(), x.cols());
    let said = match network.outputs()[t].kind {
        Kind::Number => network.predict(t, x)?,
        Kind::Classes(_) => network.predict_proba(t, x)?,
    };
    Ok(said.iter().map(|y| y.to_f64()).collect())
}
