//! L-BFGS and Newton-CG on functions with known optima, and on functions made to trip them.

use std::ops::ControlFlow;

use cognate::objective::Objective;
use cognate::optim::{Lbfgs, LbfgsState, Progress, Report, Stop};
use cognate::workspace::{Need, Work, Workspace};

#[path = "support/functions.rs"]
mod functions;
use functions::{Function, Logistic, Quadratic, Rosenbrock};

/// A [`Function`] as an objective that keeps the visited point in `saved`.
struct Plain<F>(F);

impl<F: Function> Objective<f64> for Plain<F> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn need(&self) -> Need {
        Need {
            saved: self.0.len(),
            ..Need::default()
        }
    }

    fn value_grad(
        &self,
        p: &[f64],
        g: Option<&mut [f64]>,
        saved: &mut [f64],
        _: &mut Work<'_, f64>,
    ) -> f64 {
        if let Some(g) = g {
            g.copy_from_slice(&self.0.gradient(p));
            saved[..p.len()].copy_from_slice(p);
        }
        self.0.value(p)
    }

    fn hvp(&self, p: &[f64], saved: &[f64], v: &[f64], out: &mut [f64], _: &mut Work<'_, f64>) {
        assert_eq!(p, &saved[..p.len()], "saved is at another point");
        let (n, h) = (p.len(), self.0.hessian(p));
        for i in 0..n {
            out[i] = (0..n).map(|j| h[i * n + j] * v[j]).sum();
        }
    }

    fn gnvp(&self, p: &[f64], saved: &[f64], v: &[f64], out: &mut [f64], w: &mut Work<'_, f64>) {
        self.hvp(p, saved, v, out, w);
    }
}

fn go_on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn lbfgs<F: Function>(config: Lbfgs, function: F, p: &mut [f64]) -> Report {
    let objective = Plain(function);
    let mut workspace = Workspace::new(objective.need());
    let mut state = LbfgsState::new(p.len(), config.memory);
    config.minimise(&objective, p, &mut state, workspace.slabs(), &mut go_on)
}

fn assert_near(found: &[f64], wanted: &[f64], tolerance: f64) {
    let scale = wanted.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    for (i, (f, w)) in found.iter().zip(wanted).enumerate() {
        assert!((f - w).abs() <= tolerance * scale, "{i}: {f}, not {w}");
    }
}

#[test]
fn finds_the_centre_of_a_quadratic() {
    let centre = [3.0, -1.0, 0.5, 2.0];
    let mut p = [0.0; 4];
    let function = Quadratic::diagonal(&[1.0, 10.0, 100.0, 1000.0], &centre);
    let report = lbfgs(Lbfgs::default().with_tol(1e-10), function, &mut p);
    assert!(report.converged(), "{report:?}");
    // max |A (p - centre)| <= tol and the smallest scale is 1.
    assert_near(&p, &centre, 1e-10);
}

#[test]
fn walks_the_curved_valley() {
    for n in [2, 10] {
        let mut p = vec![-1.2; n];
        let report = lbfgs(Lbfgs::default().with_tol(1e-9), Rosenbrock(n), &mut p);
        assert!(report.converged(), "{n}: {report:?}");
    }
}

/// The cases of `tests/data/logistic/weighted.json`, with coefficients and intercepts as one vector.
fn weighted_cases() -> Vec<(Logistic, Vec<f64>, f64)> {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("data/logistic/weighted.json")).unwrap();
    let numbers = |v: &serde_json::Value| -> Vec<f64> {
        let list = v.as_array().unwrap();
        list.iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let rows = |v: &serde_json::Value| -> Vec<Vec<f64>> {
        v.as_array().unwrap().iter().map(numbers).collect()
    };
    let cases = file["cases"].as_array().unwrap();
    let read = |case: &serde_json::Value| {
        let function = Logistic {
            x: rows(&case["x"]),
            y: numbers(&case["y"]).iter().map(|&y| y as usize).collect(),
            classes: case["classes"].as_u64().unwrap() as usize,
            c: file["c"].as_f64().unwrap(),
            weights: numbers(&case["total_weight"]),
        };
        let mut optimum = Vec::new();
        for (coef, intercept) in rows(&case["coef"]).iter().zip(numbers(&case["intercept"])) {
            optimum.extend_from_slice(coef);
            optimum.push(intercept);
        }
        (function, optimum, case["objective"].as_f64().unwrap())
    };
    cases.iter().map(read).collect()
}

#[test]
fn reaches_the_optimum_of_weighted_logistic_regression() {
    let cases = weighted_cases();
    assert_eq!(cases.len(), 8);
    for (function, optimum, objective) in cases {
        let mut p = vec![0.0; optimum.len()];
        let report = lbfgs(Lbfgs::default().with_tol(1e-9), function, &mut p);
        assert!(report.converged(), "{report:?}");
        assert!((report.value - objective).abs() <= 1e-10 * objective);
        assert_near(&p, &optimum, 1e-6);
    }
}

/// `-log(1 - p_0) - 50 p_0 + p_1^2`: infinite from the wall at `p_0 = 1` on, lowest at (0.98, 0).
struct Wall;

impl Function for Wall {
    fn len(&self) -> usize {
        2
    }
    fn value(&self, p: &[f64]) -> f64 {
        if p[0] >= 1.0 {
            return f64::INFINITY;
        }
        -(1.0 - p[0]).ln() - 50.0 * p[0] + p[1] * p[1]
    }
    fn gradient(&self, p: &[f64]) -> Vec<f64> {
        vec![1.0 / (1.0 - p[0]) - 50.0, 2.0 * p[1]]
    }
    fn hessian(&self, p: &[f64]) -> Vec<f64> {
        vec![(1.0 - p[0]).powi(-2), 0.0, 0.0, 2.0]
    }
}

#[test]
fn retreats_from_a_wall() {
    let mut p = [-5.0, 3.0];
    let report = lbfgs(Lbfgs::default().with_tol(1e-9), Wall, &mut p);
    assert!(report.converged(), "{report:?}");
    assert_near(&p, &[0.98, 0.0], 1e-10);
}

#[test]
fn nan_at_the_start_is_said_and_changes_nothing() {
    let mut p = [f64::NAN, 1.0];
    let report = lbfgs(Lbfgs::default(), Rosenbrock(2), &mut p);
    assert_eq!((report.stopped, report.iterations), (Stop::Diverged, 0));
    assert!(p[0].is_nan() && p[1] == 1.0);
}
