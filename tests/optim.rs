//! L-BFGS and Newton-CG on functions with known optima, and on functions made to trip them.

use std::ops::ControlFlow;

use cognate::optim::{Callback, Lbfgs, LbfgsState, NewtonCg, NewtonCgState, Report, Stop};
use cognate::rng::rng;
use cognate::workspace::{Need, Workspace};
use cognate::{Level, Real};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

#[path = "support/functions.rs"]
mod functions;
#[path = "support/logistic.rs"]
mod logistic;
#[path = "harness/plain.rs"]
mod plain;
use functions::{Function, Quadratic, Rosenbrock, Wall, Wells, WrongGradient};
use logistic::{Logistic, weighted_cases};
use plain::Plain;

#[derive(Clone, Copy, Debug)]
enum Solver {
    Lbfgs(Lbfgs),
    NewtonCg(NewtonCg),
}

/// Both solvers, to `max |g| <= tol`.
fn both(tol: f64) -> [Solver; 2] {
    [
        Solver::Lbfgs(Lbfgs::default().with_tol(tol)),
        Solver::NewtonCg(NewtonCg::default().with_tol(tol)),
    ]
}

impl Solver {
    fn run<T: Real, F: Function>(self, f: &Plain<F>, p: &mut [T], call: Callback<'_>) -> Report {
        let need = Need {
            saved: p.len(),
            ..Need::default()
        };
        let mut workspace = Workspace::with_level(Level::detect(), need);
        let slabs = workspace.slabs();
        match self {
            Self::Lbfgs(config) => {
                let mut state = LbfgsState::new(p.len(), config.memory);
                config.minimise(f, p, &mut state, slabs, call)
            }
            Self::NewtonCg(config) => {
                let mut state = NewtonCgState::new(p.len());
                config.minimise(f, p, &mut state, slabs, call)
            }
        }
    }

    /// Runs to the end, and checks what holds for every run.
    fn solve<T: Real, F: Function>(self, function: F, p: &mut [T]) -> Report {
        let f = Plain(function);
        let report = self.run(&f, p, &mut |_| ControlFlow::Continue(()));
        check(&report, &f.0, p);
        report
    }
}

/// The report is about `p`, which is no worse than the start; accepted values never rise by more than rounding.
fn check<T: Real, F: Function>(report: &Report, function: &F, p: &[T]) {
    let p: Vec<f64> = p.iter().map(|v| v.to_f64()).collect();
    assert_eq!(T::from_f64(function.value(&p)).to_f64(), report.value);
    let norm = function
        .gradient(&p)
        .into_iter()
        .map(f64::abs)
        .fold(0.0, f64::max);
    assert_eq!(T::from_f64(norm).to_f64(), report.gradient_norm);
    assert_eq!(report.history.len(), report.iterations + 1);
    let start = report.history[0];
    assert!(
        report.value <= start && report.history.iter().all(|&v| v <= start),
        "{report:?}"
    );
    let mut lowest = start;
    for &value in &report.history {
        // descent.rs: values within 64 eps |f| are equal, given their rounding.
        let band = 64.0 * T::EPSILON.to_f64() * lowest.abs();
        assert!(
            value <= lowest + 2.0 * band,
            "{value} after {lowest}: {report:?}"
        );
        lowest = lowest.min(value);
    }
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
    for solver in both(1e-10) {
        let mut p = [0.0; 4];
        let function = Quadratic::diagonal(&[1.0, 10.0, 100.0, 1000.0], &centre);
        let report = solver.solve(function, &mut p);
        assert!(report.converged(), "{report:?}");
        // max |A (p - centre)| <= tol, and the smallest scale is 1.
        assert_near(&p, &centre, 1e-10);
    }
}

#[test]
fn walks_the_curved_valley() {
    for n in [2, 10] {
        for solver in both(1e-9) {
            let mut p = vec![-1.2; n];
            let report = solver.solve(Rosenbrock(n), &mut p);
            assert!(report.converged(), "{n}: {report:?}");
            if n == 2 {
                // The smallest eigenvalue of the Hessian at the optimum is 0.399.
                assert_near(&p, &[1.0, 1.0], 1e-8);
            }
        }
    }
}

#[test]
fn newton_converges_quadratically() {
    let mut norms = Vec::new();
    let mut p = [-1.2, 1.0];
    let solver = Solver::NewtonCg(NewtonCg::default().with_tol(1e-12));
    let report = solver.run(&Plain(Rosenbrock(2)), &mut p, &mut |progress| {
        norms.push(progress.gradient_norm);
        ControlFlow::Continue(())
    });
    assert!(report.converged(), "{report:?}");
    let last = &norms[norms.len() - 3..];
    assert!(last[2] <= 1e3 * last[1] * last[1], "{norms:?}");
}

#[test]
fn reaches_the_optimum_of_weighted_logistic_regression() {
    for solver in both(1e-9) {
        let cases = weighted_cases();
        assert_eq!(cases.len(), 8);
        for (function, optimum, objective) in cases {
            let mut p = vec![0.0; optimum.len()];
            let report = solver.solve(function, &mut p);
            assert!(report.converged(), "{report:?}");
            assert!((report.value - objective).abs() <= 1e-10 * objective);
            assert_near(&p, &optimum, 1e-6);
        }
    }
}

/// Rows of two classes whose features have the given scales; apart by more than their spread if `separable`.
fn two_classes(scales: &[f64], separable: bool, c: f64) -> Logistic {
    let mut random = rng(11, "rows", 0);
    let (n, gap) = (40, if separable { 8.0 } else { 1.0 });
    let mut row = |class: usize| -> Vec<f64> {
        let shift = gap * (class as f64 - 0.5);
        scales
            .iter()
            .map(|s| s * (random.normal() + shift))
            .collect()
    };
    let y: Vec<usize> = (0..n).map(|i| i % 2).collect();
    Logistic {
        x: y.iter().map(|&class| row(class)).collect(),
        y,
        classes: 2,
        c,
        weights: vec![1.0; n],
    }
}

#[test]
fn columns_of_very_different_scale() {
    for solver in both(1e-4) {
        let mut p = vec![0.0; 4];
        let report = solver.solve(two_classes(&[1e-8, 1.0, 1e8], false, 1.0), &mut p);
        assert!(report.converged(), "{report:?}");
    }
}

#[test]
fn separable_classes_with_hardly_a_penalty() {
    for solver in both(1e-8) {
        let mut p = vec![0.0; 3];
        let report = solver.solve(two_classes(&[1.0, 1.0], true, 1e12), &mut p);
        assert!(report.value < 1e-3 * report.history[0], "{report:?}");
        assert!(p.iter().all(|v| v.is_finite()));
    }
}

#[test]
fn retreats_from_a_wall() {
    for solver in both(1e-9) {
        let mut p = [-5.0, 3.0];
        let report = solver.solve(Wall, &mut p);
        assert!(report.converged(), "{report:?}");
        assert_near(&p, &[0.98, 0.0], 1e-10);
    }
}

#[test]
fn leaves_a_region_of_negative_curvature() {
    for solver in both(1e-9) {
        let mut p = [1e-3, -2e-3, 1e-6, 0.7];
        let report = solver.solve(Wells(4), &mut p);
        assert!(report.converged(), "{report:?}");
        assert_near(&p, &[1.0, -1.0, 1.0, 1.0], 1e-8);
    }
}

#[test]
fn a_wrong_gradient_is_noticed() {
    for solver in both(1e-9) {
        let mut p = [-1.2, 1.0];
        let report = solver.solve(WrongGradient(Rosenbrock(2)), &mut p);
        assert_eq!(report.stopped, Stop::LineSearch, "{report:?}");
        assert_eq!((report.iterations, p), (0, [-1.2, 1.0]));
    }
}

#[test]
fn nan_at_the_start_is_said_and_changes_nothing() {
    for solver in both(1e-9) {
        let mut p = [f64::NAN, 1.0];
        let f = Plain(Rosenbrock(2));
        let report = solver.run(&f, &mut p, &mut |_| ControlFlow::Continue(()));
        assert_eq!((report.stopped, report.iterations), (Stop::Diverged, 0));
        assert!(p[0].is_nan() && p[1] == 1.0);
    }
}

#[test]
fn ends_where_the_gradient_drowns_in_rounding() {
    for solver in both(0.0) {
        let (function, optimum, objective) = weighted_cases().pop().unwrap();
        let rows = function.x.len();
        let mut p = vec![0.0; optimum.len()];
        let report = solver.solve(function, &mut p);
        assert_eq!(report.stopped, Stop::Rounding, "{report:?}");
        // A gradient is a sum of `rows` terms of the size of the weights (up to 5 in these cases) times features (up to 4).
        let rounding = rows as f64 * f64::EPSILON * 20.0;
        assert!(report.gradient_norm <= rounding, "{report:?}");
        assert!((report.value - objective).abs() <= 1e-14 * rows as f64 * objective);
    }
}

#[test]
fn single_precision_reaches_its_own_rounding() {
    for solver in both(0.0) {
        for (function, optimum, objective) in weighted_cases() {
            let mut p = vec![0f32; optimum.len()];
            let report = solver.solve(function, &mut p);
            assert_eq!(report.stopped, Stop::Rounding, "{report:?}");
            assert!(report.value <= objective * (1.0 + 64.0 * f64::from(f32::EPSILON)));
        }
    }
}

#[test]
fn cancelling_keeps_the_best_point() {
    for solver in both(1e-9) {
        let mut p = [-1.2, 1.0];
        let mut seen = 0;
        let f = Plain(Rosenbrock(2));
        let report = solver.run(&f, &mut p, &mut |progress| {
            seen += 1;
            assert_eq!(progress.iteration, seen);
            if seen == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert_eq!((report.stopped, report.iterations), (Stop::Cancelled, 3));
        check(&report, &f.0, &p);
    }
}

#[test]
fn limits_are_kept() {
    let mut p = [-1.2, 1.0];
    let five = Solver::Lbfgs(Lbfgs::default().with_max_iter(5));
    let report = five.solve(Rosenbrock(2), &mut p);
    assert_eq!(
        (report.stopped, report.iterations),
        (Stop::MaxIterations, 5)
    );

    let loose = Solver::Lbfgs(Lbfgs::default().with_ftol(0.5));
    let report = loose.solve(Rosenbrock(2), &mut [-1.2, 1.0]);
    assert_eq!(report.stopped, Stop::SmallImprovement);

    let none = Solver::NewtonCg(NewtonCg::default().with_max_iter(0));
    let report = none.solve(Rosenbrock(2), &mut [-1.2, 1.0]);
    assert_eq!(
        (report.stopped, report.evaluations),
        (Stop::MaxIterations, 1)
    );

    let report = none.solve(Rosenbrock(2), &mut [1.0, 1.0]);
    assert!(report.converged());
}

#[test]
fn any_memory_descends() {
    for memory in [0, 1, 3] {
        let config = Lbfgs::default().with_memory(memory).with_tol(1e-6);
        let mut p = [0.0; 3];
        let function = Quadratic::diagonal(&[1.0, 3.0, 9.0], &[1.0, -2.0, 3.0]);
        let report = Solver::Lbfgs(config).solve(function, &mut p);
        assert!(report.converged(), "{memory}: {report:?}");
    }
    let report = Solver::Lbfgs(Lbfgs::default()).solve(Wells(0), &mut [0f64; 0]);
    assert!(report.converged());
}

#[test]
fn a_state_resumes_where_it_stopped() {
    let f = Plain(Rosenbrock(10));
    let mut workspace = Workspace::<f64>::new(Need {
        saved: 10,
        ..Need::default()
    });
    let mut go_on = |_: &_| ControlFlow::Continue(());
    let mut minimise = |max_iter, p: &mut [f64], state: &mut LbfgsState<f64>| {
        let config = Lbfgs::default().with_tol(1e-9).with_max_iter(max_iter);
        config.minimise(&f, p, state, workspace.slabs(), &mut go_on)
    };
    let mut whole = [-1.2; 10];
    let at_once = minimise(1000, &mut whole, &mut LbfgsState::new(10, 10));
    let (mut halves, mut state) = ([-1.2; 10], LbfgsState::new(10, 10));
    let first = minimise(20, &mut halves, &mut state);
    let second = minimise(1000, &mut halves, &mut state);
    assert_eq!(first.iterations + second.iterations, at_once.iterations);
    assert_eq!(whole, halves);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Random convex quadratics of condition up to 1e4: found in f64; in f32 at least `check` holds.
    #[test]
    fn quadratics_of_any_shape(n in 1usize..12, seed in 0u64..1000, spread in 0.0f64..4.0) {
        let mut random = rng(seed, "quadratic", n as u64);
        let scales: Vec<f64> = (0..n).map(|_| 10f64.powf(spread * (random.uniform() - 0.5))).collect();
        let centre: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        for solver in both(1e-6) {
            let mut p = vec![0.0; n];
            let report = solver.solve(Quadratic::diagonal(&scales, &centre), &mut p);
            prop_assert!(report.converged(), "{report:?}");
            let mut p = vec![0f32; n];
            solver.solve(Quadratic::diagonal(&scales, &centre), &mut p);
        }
    }
}
