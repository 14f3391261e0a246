//! Learned relations: MTRL and clusters.

use cognate::mtl::Kind;
use cognate::mtl::linear::{Clustered, FitSettings, Fitted, LinearMethod, Mtrl};

use super::problems::{Long, assert_near, bare, coef, known, numbers, transposed};
use super::related::{Related, inverse};

/// A method with so many turns.
type Rounds = Box<dyn Fn(usize) -> Box<dyn LinearMethod>>;

/// MTRL at the known answers' settings.
fn mtrl() -> Mtrl {
    let settings = bare().with_tol(1e-13);
    Mtrl::default()
        .with_lambda(2.0)
        .with_ridge(0.1)
        .with_eps(0.01)
        .with_settings(settings)
}

#[test]
fn mtrl_has_the_known_answer() {
    let answer = &known()["solutions_squared_loss"]["mtrl"];
    let fitted = Long::known().fit(&mtrl());
    assert_near(
        &coef(&fitted),
        &transposed(&numbers(&answer["W"]), 3),
        1e-6,
        "W",
    );
    let table = &fitted.model.learned()[0];
    assert_eq!((table.name, table.shape), ("relation", (3, 3)));
    assert_near(&table.values, &numbers(&answer["Omega"]), 1e-6, "Omega");
    let objective = answer["objective"].as_f64().unwrap();
    assert_near(
        &[fitted.objective],
        &[objective],
        1e-12 * objective,
        "objective",
    );
}

#[test]
fn turns_never_go_up_and_gaps_bound_what_is_left() {
    let problem = Long::known();
    let methods: [(f64, Rounds); 2] = [
        (
            problem.fit(&mtrl()).objective,
            Box::new(|rounds| Box::new(mtrl().with_max_rounds(rounds))),
        ),
        (
            problem.fit(&clustered()).objective,
            Box::new(|rounds| Box::new(clustered().with_max_rounds(rounds))),
        ),
    ];
    for (least, method) in methods {
        let mut last = f64::INFINITY;
        for rounds in 1..40 {
            let fitted = problem.with(|tasks| method(rounds).fit(tasks)).unwrap();
            let rounding = 1e-13 * least;
            assert!(
                fitted.objective <= last + rounding,
                "round {rounds} goes up"
            );
            let (error, gap) = (fitted.objective - least, fitted.certificate.value());
            assert!(
                error <= gap + 2.0 * rounding,
                "round {rounds}: {error} beyond {gap}"
            );
            last = fitted.objective;
        }
    }
}

fn clustered() -> Clustered {
    Clustered::default()
        .with_lambda(0.8)
        .with_eta(0.3)
        .with_settings(bare().with_tol(1e-12))
}

/// Two tasks with rows of their own.
fn pair(kind: Kind) -> Long {
    Long::random(21, [8, 11], 3, kind)
}

fn reference(problem: &Long, precision: Vec<f64>) -> Related {
    let weights = problem.weights.as_ref().unwrap();
    let row = |i: usize| {
        let x = problem.x[i * problem.d..][..problem.d].to_vec();
        (problem.task[i] as usize, x, problem.y[i], weights[i])
    };
    let sums = [precision[0] + precision[1], precision[2] + precision[3]];
    let total = sums[0] + sums[1];
    let intercepts = (0..4).map(|i| precision[i] - sums[i / 2] * sums[i % 2] / total);
    Related {
        tasks: 2,
        features: problem.d,
        links: problem.kind.links(),
        numbers: problem.kind == Kind::Number,
        rows: (0..problem.y.len()).map(row).collect(),
        intercepts: Some(intercepts.collect()),
        precision,
    }
}

/// The least of a convex function on an interval, by golden sections.
fn least(mut a: f64, mut b: f64, f: impl Fn(f64) -> f64) -> f64 {
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut c, mut d) = (b - ratio * (b - a), a + ratio * (b - a));
    let (mut fc, mut fd) = (f(c), f(d));
    for _ in 0..40 {
        if fc < fd {
            (b, d, fd) = (d, c, fc);
            c = b - ratio * (b - a);
            fc = f(c);
        } else {
            (a, c, fc) = (c, d, fd);
            d = a + ratio * (b - a);
            fd = f(d);
        }
    }
    fc.min(fd)
}

/// The least over all A of two tasks with trace 1: `[[a, b], [b, 1 - a]]`, b within what its determinant allows.
fn least_over(problem: &Long, penalty: impl Fn(&[f64; 4]) -> (Vec<f64>, f64)) -> f64 {
    least(1e-6, 1.0 - 1e-6, |a| {
        let most = (a * (1.0 - a)).sqrt() * (1.0 - 1e-9);
        least(-most, most, |b| {
            let (precision, constant) = penalty(&[a, b, b, 1.0 - a]);
            reference(problem, precision).minimum().0 + constant
        })
    })
}

/// The fit is as good as the reference, found by search to nearly half the digits, but not better than its gap says.
fn assert_least(fitted: &Fitted, least: f64, what: &str) {
    let error = fitted.objective - least;
    assert!(error.abs() <= 1e-7 * least, "{what}: {error} of {least}");
}

#[test]
fn mtrl_of_two_tasks_is_the_least_over_all_relations() {
    for kind in [Kind::Number, Kind::Classes(2)] {
        let problem = pair(kind);
        let (lambda, ridge, eps) = (0.9, 0.2, 0.05);
        let method = Mtrl::default()
            .with_lambda(lambda)
            .with_ridge(ridge)
            .with_eps(eps);
        let fitted = problem.fit(&method);
        let found = least_over(&problem, |omega| {
            let inverse = inverse(omega, 2);
            let trace = inverse[0] + inverse[3];
            let eye = [ridge, 0.0, 0.0, ridge];
            let precision = inverse.iter().zip(eye).map(|(o, e)| lambda * o + e);
            (precision.collect(), 0.5 * lambda * eps * trace)
        });
        assert_least(&fitted, found, "mtrl");
    }
}

#[test]
fn clusters_of_two_tasks_are_the_least_over_all_relations() {
    for kind in [Kind::Number, Kind::Classes(2)] {
        let problem = pair(kind);
        let (lambda, eta) = (0.4, 0.2);
        let method = Clustered::default()
            .with_lambda(lambda)
            .with_eta(eta)
            .with_clusters(1);
        let fitted = problem.fit(&method);
        let found = least_over(&problem, |m| {
            let raised = [m[0] + eta, m[1], m[2], m[3] + eta];
            let factor = 2.0 * lambda * eta * (1.0 + eta);
            (
                inverse(&raised, 2).iter().map(|v| factor * v).collect(),
                0.0,
            )
        });
        assert_least(&fitted, found, "clustered");
        let m = &fitted.model.learned()[0].values;
        assert_near(&[m[0] + m[3]], &[1.0], 1e-12, "the trace of M");
    }
}

/// With as many clusters as tasks M is the identity, and what is left is a ridge.
#[test]
fn a_cluster_a_task_is_a_ridge() {
    let problem = Long::known();
    let (lambda, eta) = (0.6, 0.25);
    let method = Clustered::default()
        .with_lambda(lambda)
        .with_eta(eta)
        .with_clusters(9);
    let clusters = problem.fit(&method.with_settings(bare()));
    let ridge = cognate::mtl::linear::Independent::default().with_lambda(2.0 * lambda * eta);
    let alone = problem.fit(&ridge.with_settings(FitSettings::default().with_intercept(false)));
    assert_near(&coef(&clusters), &coef(&alone), 1e-10, "coefficients");
}
