//! What sharing gains where there is something to share: low rank by the trace norm, a common support by L21, over ten seeds against ridge
//! a task and one ridge for all. Every method's strength is chosen on the same rows, which none is fitted on.

use cognate::MatRef;
use cognate::mtl::linear::prox::{L21, Trace};

use cognate::mtl::linear::{FitSettings, Fitted, Independent, LinearMethod, Pooled};
use cognate::mtl::{Kind, TaskSet};
use cognate::rng::rng;

const SEEDS: u64 = 10;
const TASKS: usize = 20;
const FEATURES: usize = 20;
/// Rows a task to fit on, and to choose the strength on.
const ROWS: usize = 15;

/// Weights of the tasks, `T x d`.
fn weights(low_rank: bool, seed: u64) -> Vec<f64> {
    let mut random = rng(seed, "weights", 0);
    let mut normals = |n: usize| (0..n).map(|_| random.normal()).collect::<Vec<f64>>();
    let (basis, loadings, rows) = (
        normals(2 * FEATURES),
        normals(2 * TASKS),
        normals(TASKS * FEATURES),
    );
    let entry = |e: usize| {
        let (t, j) = (e / FEATURES, e % FEATURES);
        match low_rank {
            true => {
                (0..2)
                    .map(|r| loadings[2 * t + r] * basis[2 * j + r])
                    .sum::<f64>()
                    / 2.0
            }
            false if j % 5 == 0 => rows[e],
            false => 0.0,
        }
    };
    (0..TASKS * FEATURES).map(entry).collect()
}

/// Inputs, tasks and labels with noise of half a unit.
fn rows(w: &[f64], seed: u64, purpose: &str) -> (Vec<f64>, Vec<u32>, Vec<f64>) {
    let mut random = rng(seed, purpose, 0);
    let n = TASKS * ROWS;
    let x: Vec<f64> = (0..n * FEATURES).map(|_| random.normal()).collect();
    let task: Vec<u32> = (0..n).map(|i| (i / ROWS) as u32).collect();
    let label = |(row, &t): (&[f64], &u32)| {
        let w = &w[t as usize * FEATURES..][..FEATURES];
        row.iter().zip(w).map(|(x, w)| x * w).sum::<f64>() + 0.5 * random.normal()
    };
    let y = x.chunks(FEATURES).zip(&task).map(label).collect();
    (x, task, y)
}

/// The mean squared error of the labels.
fn error(fitted: &Fitted, (x, task, y): &(Vec<f64>, Vec<u32>, Vec<f64>)) -> f64 {
    let row = |(i, x): (usize, &[f64])| {
        let model = fitted.model.task(task[i] as usize);
        let z = model.links(MatRef::new(x, 1, FEATURES).unwrap()).unwrap();
        (z[0] - y[i]).powi(2)
    };
    x.chunks(FEATURES).enumerate().map(row).sum::<f64>() / y.len() as f64
}

/// The squared distance of the weights that `method` finds from the true ones: the error on new rows beyond the noise.
fn excess(method: &dyn LinearMethod, low_rank: bool, seed: u64) -> f64 {
    let w = weights(low_rank, seed);
    let (x, task, y) = rows(&w, seed, "fit");
    let names: Vec<String> = (0..TASKS).map(|t| t.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let x = MatRef::new(&x, y.len(), FEATURES).unwrap();
    let tasks = TaskSet::long(x, &task, &y, &names, Kind::Number, None).unwrap();
    let strengths: Vec<f64> = method
        .grid(&tasks)
        .unwrap()
        .into_iter()
        .step_by(2)
        .collect();
    let path = method.path(&tasks, &strengths).unwrap();
    let choice = rows(&w, seed, "choose");
    let best = path
        .iter()
        .min_by(|a, b| error(a, &choice).total_cmp(&error(b, &choice)));
    let coef = best.unwrap().model.coef();
    let found = w
        .iter()
        .enumerate()
        .map(|(e, w)| (coef.at(e / FEATURES, e % FEATURES) - w).powi(2));
    found.sum::<f64>() / TASKS as f64
}

fn beats(method: &dyn LinearMethod, low_rank: bool) {
    let of = |method: &dyn LinearMethod| -> Vec<f64> {
        (0..SEEDS)
            .map(|seed| excess(method, low_rank, seed))
            .collect()
    };
    let shared = of(method);
    let others: [&dyn LinearMethod; 2] = [&Independent::default(), &Pooled::default()];
    for other in others {
        let gains: Vec<f64> = of(other).iter().zip(&shared).map(|(a, b)| a - b).collect();
        let n = gains.len() as f64;
        let mean = gains.iter().sum::<f64>() / n;
        let square = gains.iter().map(|g| (g - mean).powi(2)).sum::<f64>();
        let error = (square / (n * (n - 1.0))).sqrt();
        assert!(
            mean > 2.0 * error,
            "{} over {}: {gains:?}",
            method.name(),
            other.name()
        );
    }
}

#[test]
fn low_rank() {
    beats(
        &Trace::default().with_settings(FitSettings::default().with_tol(1e-5)),
        true,
    );
}

#[test]
fn shared_support() {
    beats(
        &L21::default().with_settings(FitSettings::default().with_tol(1e-5)),
        false,
    );
}
