//! L-BFGS and Newton-CG, over logistic regression written as plain loops, against the known optima of real sets.

use std::ops::ControlFlow;

use cognate::data::datasets::load;
use cognate::data::table::Values;
use cognate::optim::{Lbfgs, LbfgsState, NewtonCg, NewtonCgState};
use cognate::workspace::{Need, Workspace};
use serde_json::Value;

#[path = "support/functions.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod functions;
#[path = "support/logistic.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod logistic;
#[path = "harness/plain.rs"]
mod plain;
use logistic::Logistic;
use plain::Plain;

/// Mean 0 and standard deviation 1 (divided by n), as the reference has them.
fn standardised(x: &[f64]) -> Vec<f64> {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
    x.iter().map(|v| (v - mean) / variance.sqrt()).collect()
}

/// The bundled set as a function to minimise; classes in the order of `classes`.
fn problem(name: &str, classes: &[&str]) -> Logistic {
    let set = load(name).unwrap();
    let (mut features, mut y) = (Vec::new(), Vec::new());
    for column in set.table.columns() {
        match &column.values {
            Values::Numbers(x) => features.push(standardised(x)),
            Values::Levels { names, codes } => {
                let place = |code: &u32| {
                    let name = &names[*code as usize];
                    classes.iter().position(|class| class == name).unwrap()
                };
                y = codes.iter().map(place).collect();
            }
        }
    }
    let row = |i: usize| features.iter().map(|column| column[i]).collect();
    Logistic {
        x: (0..y.len()).map(row).collect(),
        classes: classes.len(),
        c: 1.0,
        weights: vec![1.0; y.len()],
        y,
    }
}

fn numbers(v: &Value) -> Vec<f64> {
    let list = v.as_array().unwrap();
    list.iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn both_solvers_reach_the_known_optima() {
    let known = [
        ("iris", include_str!("data/logistic/iris.json")),
        ("wine", include_str!("data/logistic/wine.json")),
        (
            "breast_cancer",
            include_str!("data/logistic/breast_cancer.json"),
        ),
    ];
    for (name, text) in known {
        let known: Value = serde_json::from_str(text).unwrap();
        let classes = known["classes"].as_array().unwrap();
        let classes: Vec<&str> = classes.iter().map(|c| c.as_str().unwrap()).collect();
        let f = Plain(problem(name, &classes));
        let mut optimum = Vec::new();
        let rows = known["coef"].as_array().unwrap().iter();
        for (coef, intercept) in rows.zip(numbers(&known["intercept"])) {
            optimum.extend(numbers(coef));
            optimum.push(intercept);
        }
        let n = optimum.len();
        let scale = optimum.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let need = Need {
            saved: n,
            ..Need::default()
        };
        let mut workspace = Workspace::<f64>::new(need);
        let mut go_on = |_: &_| ControlFlow::Continue(());
        for newton in [false, true] {
            // The intercepts start with sum 0 and gradients sum to 0 over the classes, so they end centred, as the reference is.
            let mut p = vec![0.0; n];
            let slabs = workspace.slabs();
            let report = if newton {
                let solver = NewtonCg::default().with_tol(1e-8);
                solver.minimise(&f, &mut p, &mut NewtonCgState::new(n), slabs, &mut go_on)
            } else {
                let solver = Lbfgs::default().with_tol(1e-8);
                solver.minimise(&f, &mut p, &mut LbfgsState::new(n, 10), slabs, &mut go_on)
            };
            assert!(report.converged(), "{name}: {report:?}");
            let objective = known["objective"].as_f64().unwrap();
            assert!(
                (report.value - objective).abs() <= 1e-10 * objective,
                "{name}"
            );
            for (found, wanted) in p.iter().zip(&optimum) {
                assert!(
                    (found - wanted).abs() <= 1e-6 * scale,
                    "{name}: {found}, not {wanted}"
                );
            }
        }
    }
}
