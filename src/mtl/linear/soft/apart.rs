//! Tasks that nothing ties together, of different numbers of links: one problem each.

use alloc::{vec, vec::Vec};

use super::Soft;
use crate::error::Result;
use crate::mtl::TaskSet;
use crate::mtl::linear::convex::Source;
use crate::mtl::linear::{Certificate, FitSettings, Fitted, TaskLinear};

/// The fits at these strengths; objectives and gaps add up.
#[inline]
pub fn path(
    method: &dyn Soft,
    settings: FitSettings,
    tasks: &TaskSet<'_, f64>,
    lambdas: &[f64],
) -> Result<Vec<Fitted>> {
    let mut paths = Vec::new();
    for task in tasks.tasks() {
        let own = TaskSet::new(tasks.x(), tasks.sample_weight(), vec![task.clone()])?;
        paths.push(super::path(method, settings, Source::Rows(&own), lambdas)?);
    }
    let at = |k: usize| {
        let fits: Vec<&Fitted> = paths.iter().map(|path| &path[k]).collect();
        joined(tasks, &fits)
    };
    (0..lambdas.len()).map(at).collect()
}

/// The fits of one strength, a task each, as one.
#[inline]
fn joined(tasks: &TaskSet<'_, f64>, fits: &[&Fitted]) -> Result<Fitted> {
    let maps = || fits.iter().map(|fit| fit.model.task(0));
    let coef = maps().flat_map(|map| (0..map.coef.rows()).flat_map(move |i| map.coef.row(i)));
    let intercept = maps().flat_map(|map| map.intercept);
    let (coef, intercept) = (coef.copied().collect(), intercept.copied().collect());
    Ok(Fitted {
        model: TaskLinear::of(tasks.tasks(), tasks.features(), coef, intercept, false)?,
        lambda: fits[0].lambda,
        objective: fits.iter().map(|fit| fit.objective).sum(),
        iterations: fits.iter().map(|fit| fit.iterations).max().unwrap_or(0),
        certificate: Certificate::Gap {
            gap: fits.iter().map(|fit| fit.certificate.value()).sum(),
        },
        converged: fits.iter().all(|fit| fit.converged),
    })
}
