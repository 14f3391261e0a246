//! Sharing helps where tasks are related as a method assumes: on tasks drawn from a known relation the fitting method, its strength
//! chosen by cross-validation on the training rows, beats the independent and the pooled fit, chosen likewise, by more than two standard
//! errors of the paired difference over ten seeds.

use cognate::MatRef;
use cognate::mtl::linear::{
    Clustered, CrossValidation, Independent, LinearMethod, MeanRegularised, Mtrl, Pooled, Tree,
    TreeNode,
};
use cognate::mtl::{Kind, TaskSet};
use cognate::rng::{Rng, rng};

use super::problems::names;

const D: usize = 6;
const ROWS: usize = 10;
const SEEDS: u64 = 10;

/// Tasks whose coefficients are known: `T x D`.
struct Drawn {
    w: Vec<Vec<f64>>,
    x: Vec<f64>,
    task: Vec<u32>,
    y: Vec<f64>,
}

fn normal(stream: &mut Rng, size: f64) -> Vec<f64> {
    (0..D).map(|_| size * stream.normal()).collect()
}

fn plus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

impl Drawn {
    /// Rows with noise of size 1 for these coefficients.
    fn new(w: Vec<Vec<f64>>, stream: &mut Rng) -> Self {
        let (mut x, mut y, mut task) = (Vec::new(), Vec::new(), Vec::new());
        for (t, w) in w.iter().enumerate() {
            for _ in 0..ROWS {
                let row = normal(stream, 1.0);
                y.push(row.iter().zip(w).map(|(a, b)| a * b).sum::<f64>() + stream.normal());
                x.extend(row);
                task.push(t as u32);
            }
        }
        Self { w, x, task, y }
    }

    fn with<R>(&self, work: impl FnOnce(&TaskSet<'_, f64>) -> R) -> R {
        let names = names(self.w.len());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let x = MatRef::new(&self.x, self.y.len(), D).unwrap();
        work(&TaskSet::long(x, &self.task, &self.y, &names, Kind::Number, None).unwrap())
    }

    /// The mean over tasks of `||w - w_true||^2`: the expected excess error of a prediction.
    fn error(&self, method: &dyn LinearMethod) -> f64 {
        let chosen = self.with(|tasks| CrossValidation::default().choose(method, tasks));
        let fitted = chosen.unwrap().fitted;
        let error = |(t, w): (usize, &Vec<f64>)| {
            let task = fitted.model.task(t);
            let bias = task.intercept[0] * task.intercept[0];
            let squares = task
                .coef
                .row(0)
                .iter()
                .zip(w)
                .map(|(a, b)| (a - b) * (a - b));
            squares.sum::<f64>() + bias
        };
        self.w.iter().enumerate().map(error).sum::<f64>() / self.w.len() as f64
    }
}

/// Fails unless `method` beats both baselines on tasks that `draw` makes.
fn assert_helps(method: &dyn LinearMethod, draw: impl Fn(&mut Rng) -> Vec<Vec<f64>>) {
    let baselines: [&dyn LinearMethod; 2] = [&Independent::default(), &Pooled::default()];
    let mut gains = [const { Vec::new() }; 2];
    for seed in 0..SEEDS {
        let stream = &mut rng(seed, "benefit", 0);
        let drawn = Drawn::new(draw(stream), stream);
        let own = drawn.error(method);
        for (gain, baseline) in gains.iter_mut().zip(baselines) {
            gain.push(drawn.error(baseline) - own);
        }
    }
    for (gain, baseline) in gains.iter().zip(baselines) {
        let n = gain.len() as f64;
        let mean = gain.iter().sum::<f64>() / n;
        let variance = gain.iter().map(|g| (g - mean) * (g - mean)).sum::<f64>() / (n - 1.0);
        let se = (variance / n).sqrt();
        let names = (method.name(), baseline.name());
        assert!(
            mean > 2.0 * se,
            "{names:?}: gained {mean} with a standard error of {se}"
        );
    }
}

#[test]
fn a_common_mean() {
    assert_helps(&MeanRegularised::default(), |stream| {
        let shared = normal(stream, 1.0);
        (0..8)
            .map(|_| plus(&shared, &normal(stream, 0.4)))
            .collect()
    });
}

#[test]
fn a_tree() {
    let mut nodes = vec![TreeNode::root("root", 0.1)];
    for group in ["g0", "g1", "g2"] {
        nodes.push(TreeNode::below("root", group, 1.0));
    }
    for (t, name) in names(12).iter().enumerate() {
        nodes.push(TreeNode::below(&format!("g{}", t / 4), name, 6.0));
    }
    assert_helps(&Tree::new(nodes), |stream| {
        let root = normal(stream, 0.5);
        let mut tasks = Vec::new();
        for _ in 0..3 {
            let group = plus(&root, &normal(stream, 1.0));
            tasks.extend((0..4).map(|_| plus(&group, &normal(stream, 0.3))));
        }
        tasks
    });
}

fn clusters(stream: &mut Rng) -> Vec<Vec<f64>> {
    let centres = [normal(stream, 1.0), normal(stream, 1.0)];
    (0..8)
        .map(|t| plus(&centres[t % 2], &normal(stream, 0.2)))
        .collect()
}

#[test]
fn clusters_that_nobody_names() {
    assert_helps(&Clustered::default(), clusters);
}

/// Tasks along one direction, with either sign.
fn opposite(stream: &mut Rng) -> Vec<Vec<f64>> {
    let shared = normal(stream, 1.0);
    let task = |t: usize, stream: &mut Rng| {
        let sign = [1.0, -1.0][t % 2];
        let along: Vec<f64> = shared.iter().map(|w| sign * w).collect();
        plus(&along, &normal(stream, 0.2))
    };
    (0..6).map(|t| task(t, stream)).collect()
}

#[test]
fn opposite_signs() {
    assert_helps(&Mtrl::default(), opposite);
}

#[test]
fn mtrl_recovers_the_signs() {
    for seed in 0..SEEDS {
        let stream = &mut rng(seed, "benefit", 0);
        let drawn = Drawn::new(opposite(stream), stream);
        let fitted = drawn.with(|tasks| Mtrl::default().with_lambda(10.0).fit(tasks).unwrap());
        let omega = &fitted.model.learned()[0].values;
        for (i, relation) in omega.iter().enumerate() {
            let (s, t) = (i / 6, i % 6);
            let alike = s % 2 == t % 2;
            assert_eq!(*relation > 0.0, alike, "seed {seed}: tasks {s} and {t}");
        }
    }
}
