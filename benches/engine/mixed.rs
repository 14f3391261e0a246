//! Random effects: the workload of statsmodels, and the many small tasks of lme4's users.

use std::cell::LazyCell;

use cognate::MatRef;
use cognate::mtl::Summaries;
use cognate::mtl::linear::RandomEffects;
use criterion::Criterion;

use crate::data::Lcg;

/// The restricted log-likelihood that statsmodels reaches on the same rows, less its rounding.
const STATSMODELS: f64 = -48_823.908_767_6;

pub fn benches(c: &mut Criterion) {
    let few = LazyCell::new(|| Rows::new(1000, 30, 5));
    let many = LazyCell::new(|| Rows::new(125_000, 8, 1));
    c.bench_function("random_effects", |b| {
        b.iter(|| assert!(few.fit() >= STATSMODELS))
    });
    let mut group = c.benchmark_group("random_effects_many");
    group.sample_size(10);
    group.bench_function("fit", |b| b.iter(|| many.fit()));
}

/// Rows of tasks, those of a task together.
struct Rows {
    tasks: usize,
    features: usize,
    x: Vec<f64>,
    y: Vec<f64>,
    task: Vec<u32>,
}

impl Rows {
    fn new(tasks: usize, rows: usize, features: usize) -> Self {
        let (mut lcg, n) = (Lcg(6), tasks * rows);
        let x = lcg.normals(n * features);
        let own: Vec<f64> = lcg.normals(tasks * (features + 1));
        let label = |(i, noise): (usize, f64)| {
            let w = own[i / rows * (features + 1)..]
                .iter()
                .map(|v| 1.0 + v / 2.0);
            let z = core::iter::once(&1.0).chain(&x[i * features..][..features]);
            z.zip(w).map(|(z, w)| z * w).sum::<f64>() + noise
        };
        let y = lcg.normals(n).into_iter().enumerate().map(label).collect();
        let task = (0..n).map(|i| (i / rows) as u32).collect();
        Self {
            tasks,
            features,
            x,
            y,
            task,
        }
    }

    /// Summaries and fit, REML with a full covariance; the log-likelihood.
    fn fit(&self) -> f64 {
        let mut summaries = Summaries::new(self.tasks, self.features);
        let x = MatRef::planned(&self.x, self.y.len(), self.features);
        summaries
            .add(&self.task, x, &self.y, None)
            .expect("finite rows");
        let fitted = RandomEffects::default().fit_summaries(&summaries);
        let (_, report) = fitted.expect("enough rows");
        assert!(report.converged(), "{report:?}");
        report.log_likelihood
    }
}
