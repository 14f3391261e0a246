//! Every relation and kind of task against a slow solver that knows nothing but `1/2 tr(W K^-1 W')`.

use cognate::mtl::Kind;
use cognate::mtl::linear::{
    Certificate, FitSettings, Graph, GraphEdge, Icm, Independent, LinearMethod, MeanRegularised,
    SharedSpecific, Tree, TreeNode,
};

use super::problems::{Long, assert_near, names};
use super::related::{Related, inverse};

pub const T: usize = 4;
pub const D: usize = 3;

/// A method with settings yet to come.
pub type Method = Box<dyn Fn(FitSettings) -> Box<dyn LinearMethod>>;

/// Relations of four tasks, each with the precisions of coefficients and of intercepts that its page states.
pub fn relations() -> Vec<(Method, Vec<f64>, Vec<f64>)> {
    let eye = |v: f64| move |i: usize| if i / T == i % T { v } else { 0.0 };
    let matrix = |f: &dyn Fn(usize) -> f64| (0..T * T).map(f).collect::<Vec<f64>>();
    let centred = |i: usize| eye(1.0)(i) - 1.0 / T as f64;
    let (rho, eps, mu, nu) = (1.7, 0.2, 0.3, 0.9);
    let chain = [(0, 1, 0.7), (1, 2, 1.3), (2, 0, 0.4), (2, 3, 2.0)];
    let laplacian = |i: usize| -> f64 {
        let (s, t) = (i / T, i % T);
        let near = chain.iter().map(|&(a, b, w)| match () {
            () if s == t && (a == s || b == s) => w,
            () if (a, b) == (s, t) || (a, b) == (t, s) => -w,
            () => 0.0,
        });
        near.sum()
    };
    // K of the tree (0, 1 under a; a, 2 and 3 under the root), and of its differences below the root.
    let below = |i: usize| {
        let (s, t) = (i / T, i % T);
        eye([1.0 / 2.0, 1.0 / 3.0, 1.0 / 1.5, 1.0 / 0.8][s])(i)
            + if s < 2 && t < 2 { 1.0 / 0.6 } else { 0.0 }
    };
    let tree = matrix(&|i| below(i) + 1.0 / 0.5);
    let covariance = [
        0.8, 0.5, -0.3, 0.1, 0.5, 0.7, -0.2, 0.0, -0.3, -0.2, 0.9, 0.2, 0.1, 0.0, 0.2, 0.4,
    ];
    let levelled = |k: &[f64]| level(&inverse(k, T));
    vec![
        (
            Box::new(|s| Box::new(Independent::default().with_lambda(0.4).with_settings(s))),
            matrix(&eye(0.4)),
            matrix(&eye(0.0)),
        ),
        (
            Box::new(move |s| {
                Box::new(
                    MeanRegularised::default()
                        .with_lambda(rho)
                        .with_eps(eps)
                        .with_settings(s),
                )
            }),
            matrix(&|i| rho * centred(i) + eye(eps)(i)),
            matrix(&|i| rho * centred(i)),
        ),
        (
            Box::new(move |s| {
                Box::new(
                    SharedSpecific::default()
                        .with_lambda(nu)
                        .with_mu(mu)
                        .with_settings(s),
                )
            }),
            inverse(&matrix(&|i| 1.0 / mu + eye(1.0 / nu)(i)), T),
            matrix(&|i| nu * centred(i)),
        ),
        (
            Box::new(move |s| Box::new(Tree::new(nodes()).with_settings(s))),
            inverse(&tree, T),
            levelled(&matrix(&below)),
        ),
        (
            Box::new(move |s| {
                let edge = |&(a, b, weight): &(usize, usize, f64)| GraphEdge {
                    a: names(T)[a].clone(),
                    b: names(T)[b].clone(),
                    weight,
                };
                let graph = Graph::new(chain.iter().map(edge).collect());
                Box::new(graph.with_lambda(0.6).with_eps(eps).with_settings(s))
            }),
            matrix(&|i| 1.2 * laplacian(i) + eye(eps)(i)),
            matrix(&|i| 1.2 * laplacian(i)),
        ),
        (
            Box::new(move |s| {
                Box::new(
                    Icm::new(names(T), covariance.to_vec())
                        .with_lambda(0.7)
                        .with_settings(s),
                )
            }),
            inverse(&covariance, T).iter().map(|v| 0.7 * v).collect(),
            levelled(&covariance).iter().map(|v| 0.7 * v).collect(),
        ),
    ]
}

fn nodes() -> Vec<TreeNode> {
    vec![
        TreeNode::below("a", "t0", 2.0),
        TreeNode::below("a", "t1", 3.0),
        TreeNode::below("root", "a", 0.6),
        TreeNode::below("root", "t2", 1.5),
        TreeNode::below("root", "t3", 0.8),
        TreeNode::root("root", 0.5),
    ]
}

/// The precision of what is left when the common level is free: `P - P 1 1'P / 1'P 1`.
fn level(p: &[f64]) -> Vec<f64> {
    let row = |t: usize| p[t * T..][..T].iter().sum::<f64>();
    let total: f64 = p.iter().sum();
    (0..T * T)
        .map(|i| p[i] - row(i / T) * row(i % T) / total)
        .collect()
}

pub fn reference(problem: &Long, precision: &[f64], intercepts: Option<Vec<f64>>) -> Related {
    let row = |i: usize| {
        let weight = problem.weights.as_ref().map_or(1.0, |w| w[i]);
        (
            problem.task[i] as usize,
            problem.x[i * D..][..D].to_vec(),
            problem.y[i],
            weight,
        )
    };
    Related {
        tasks: T,
        features: D,
        links: problem.kind.links(),
        numbers: problem.kind == Kind::Number,
        rows: (0..problem.y.len()).map(row).collect(),
        precision: precision.to_vec(),
        intercepts,
    }
}

/// Coefficients and intercepts as the reference has them.
pub fn flat(fitted: &cognate::mtl::linear::Fitted, intercept: bool) -> Vec<f64> {
    let mut all = Vec::new();
    for t in 0..fitted.model.len() {
        let task = fitted.model.task(t);
        for (l, bias) in task.intercept.iter().enumerate() {
            all.extend_from_slice(task.coef.row(l));
            all.extend(intercept.then_some(bias));
        }
    }
    all
}

fn compare(kind: Kind) {
    let problem = Long::random(11, [9, 5, 7, 12], D, kind);
    for (method, precision, intercepts) in relations() {
        for with in [false, true] {
            let settings = FitSettings::default().with_intercept(with);
            let method = method(settings);
            let name = format!("{} of {kind:?}, intercept {with}", method.name());
            let fitted = problem.fit(&*method);
            let (least, v) =
                reference(&problem, &precision, with.then(|| intercepts.clone())).minimum();
            // A gap of 1e-12 F leaves coefficients as far off as its root, in units of the curvature, here above 0.1.
            let far = (20.0 * 1e-12 * least).sqrt();
            assert_near(&flat(&fitted, with), &v, far, &name);
            let error = fitted.objective - least;
            let rounding = 1e-13 * least;
            assert!(error >= -rounding, "{name}: {error} below the minimum");
            let Certificate::Gap { gap } = fitted.certificate else {
                panic!("a gap")
            };
            assert!(
                error <= gap + rounding,
                "{name}: {error} beyond the gap {gap}"
            );
        }
    }
}

#[test]
fn numbers() {
    compare(Kind::Number);
}

#[test]
fn two_classes() {
    compare(Kind::Classes(2));
}

#[test]
fn three_classes() {
    compare(Kind::Classes(3));
}

/// Fits stopped early: the gap, where there is one, bounds what is left.
#[test]
fn gaps_bound_the_true_error() {
    let mut bounded = 0;
    for kind in [Kind::Classes(2), Kind::Classes(3)] {
        let problem = Long::random(5, [9, 5, 7, 12], D, kind);
        for (method, precision, intercepts) in relations() {
            let (least, _) = reference(&problem, &precision, Some(intercepts)).minimum();
            for max_iter in 0..8 {
                let settings = FitSettings::default().with_max_iter(max_iter);
                let fitted = problem.with(|tasks| method(settings).fit(tasks)).unwrap();
                let (error, gap) = (fitted.objective - least, fitted.certificate.value());
                assert!(error <= gap + 1e-13 * least, "{error} beyond {gap}");
                bounded += usize::from(gap.is_finite());
            }
        }
    }
    assert!(bounded > 40, "only {bounded} gaps");
}

/// Systems that conjugate gradients solve, a graph with circles and many tasks and blocks of many numbers: where the fit ends the
/// reference's objective is the same, and its gradient so small that, by strong convexity, no more than a 1e-9th is left to gain.
fn assert_stationary(method: &dyn LinearMethod, problem: &Long, precision: Vec<f64>, eps: f64) {
    let fitted = problem.fit(method);
    let (tasks, d) = (problem.tasks, problem.d);
    let weights = problem.weights.as_ref().unwrap();
    let row = |i: usize| {
        let x = problem.x[i * d..][..d].to_vec();
        (problem.task[i] as usize, x, problem.y[i], weights[i])
    };
    let related = Related {
        tasks,
        features: d,
        links: problem.kind.links(),
        numbers: problem.kind == Kind::Number,
        rows: (0..problem.y.len()).map(row).collect(),
        precision,
        intercepts: None,
    };
    let (value, g, _) = related.expand(&flat(&fitted, false));
    assert_near(&[fitted.objective], &[value], 1e-11 * value, method.name());
    let left = g.iter().map(|g| g * g).sum::<f64>() / (2.0 * eps);
    assert!(left <= 1e-9 * value, "{}: {left} of {value}", method.name());
}

/// A ring of tasks with chords, and the Laplacian that its penalty is.
fn ring(tasks: usize, lambda: f64, eps: f64) -> (Graph, Vec<f64>) {
    let edges: Vec<(usize, usize)> = (0..tasks)
        .flat_map(|t| [(t, (t + 1) % tasks), (t, (t + 11) % tasks)])
        .collect();
    let names = names(tasks);
    let mut laplacian = vec![0.0; tasks * tasks];
    for &(s, t) in &edges {
        for (a, b, sign) in [(s, s, 1.0), (t, t, 1.0), (s, t, -1.0), (t, s, -1.0)] {
            laplacian[a * tasks + b] += 2.0 * lambda * sign;
        }
    }
    let edge = |&(a, b): &(usize, usize)| GraphEdge {
        a: names[a].clone(),
        b: names[b].clone(),
        weight: 1.0,
    };
    let graph = Graph::new(edges.iter().map(edge).collect());
    (graph.with_lambda(lambda).with_eps(eps), laplacian)
}

fn with_ridge(laplacian: &[f64], tasks: usize, eps: f64) -> Vec<f64> {
    let mut precision = laplacian.to_vec();
    precision
        .iter_mut()
        .step_by(tasks + 1)
        .for_each(|p| *p += eps);
    precision
}

#[test]
fn large_graphs() {
    let (tasks, eps) = (130, 0.5);
    let (graph, laplacian) = ring(tasks, 0.8, eps);
    let graph = graph.with_settings(FitSettings::default().with_intercept(false));
    for kind in [Kind::Number, Kind::Classes(2)] {
        let problem = Long::random(31, (0..tasks).map(|t| 4 + t % 5), 4, kind);
        assert_stationary(&graph, &problem, with_ridge(&laplacian, tasks, eps), eps);
    }
}

/// What conjugate gradients leave of a step is in the gap, whenever the fit ends and whatever the ridge: against the slow reference.
#[test]
fn gaps_of_conjugate_gradients_are_bounds() {
    let tasks = 130;
    for (kind, eps) in [(Kind::Number, 1e-3), (Kind::Classes(2), 0.2)] {
        let (graph, laplacian) = ring(tasks, 0.8, eps);
        let problem = Long::random(33, (0..tasks).map(|t| 5 + t % 4), 3, kind);
        let weights = problem.weights.as_ref().unwrap();
        let row = |i: usize| {
            let x = problem.x[i * D..][..D].to_vec();
            (problem.task[i] as usize, x, problem.y[i], weights[i])
        };
        let related = Related {
            tasks,
            features: D,
            links: 1,
            numbers: kind == Kind::Number,
            rows: (0..problem.y.len()).map(row).collect(),
            precision: with_ridge(&laplacian, tasks, eps),
            intercepts: Some(laplacian),
        };
        let (least, _) = related.minimum();
        for max_iter in [1, 2, 3, 100] {
            let settings = FitSettings::default().with_max_iter(max_iter);
            let graph = graph.clone().with_settings(settings);
            let fitted = problem.with(|tasks| graph.fit(tasks)).unwrap();
            let (error, gap) = (fitted.objective - least, fitted.certificate.value());
            assert!(error <= gap + 1e-13 * least, "{error} beyond {gap}");
            assert!(fitted.converged || max_iter < 100, "{fitted:?}");
        }
    }
}

#[test]
fn wide_tasks() {
    let (tasks, rho, eps) = (4, 1.5, 0.4);
    let problem = Long::random(32, [30, 22, 41, 9], 50, Kind::Classes(3));
    let both = |i: usize| {
        let own = if i / tasks == i % tasks {
            rho + eps
        } else {
            0.0
        };
        own - rho / tasks as f64
    };
    let method = MeanRegularised::default().with_lambda(rho).with_eps(eps);
    let method = method.with_settings(FitSettings::default().with_intercept(false));
    let precision = (0..tasks * tasks).map(both).collect();
    assert_stationary(&method, &problem, precision, eps);
}
