//! Known answers, to the tolerances that come with them.

use cognate::mtl::linear::random_effects::{Covariance, Likelihood, RandomEffects};
use serde_json::Value;

use crate::data::{Rows, assert_near};
use crate::floats::floats;

/// A case's rows; the first column of its X is the intercept.
pub fn rows(case: &Value) -> Rows {
    let (x, task) = (floats(&case["X"]), floats(&case["task"]));
    let width = x.len() / task.len();
    let tasks = task.iter().fold(0.0, |m, t| t.max(m)) as usize + 1;
    Rows {
        d: width - 1,
        tasks,
        x: x.chunks(width).flat_map(|row| &row[1..]).copied().collect(),
        y: floats(&case["y"]),
        task: task.iter().map(|t| *t as u32).collect(),
        weight: None,
    }
}

pub fn file() -> Value {
    serde_json::from_str(include_str!("../data/mixed.json")).unwrap()
}

pub fn settings(name: &str) -> RandomEffects {
    let (likelihood, covariance) = name.split_once('_').unwrap();
    RandomEffects::default()
        .with_likelihood(match likelihood {
            "ml" => Likelihood::Ml,
            _ => Likelihood::Reml,
        })
        .with_covariance(match covariance {
            "full" => Covariance::Full,
            "diagonal" => Covariance::Diagonal,
            "scalar" => Covariance::Scalar,
            _ => Covariance::Intercept,
        })
}

#[test]
fn the_given_answers_hold() {
    let file = file();
    let tolerance = |key: &str| file["suggested_tolerance"][key].as_f64().unwrap();
    let mut seen = 0;
    for (_, case) in file["cases"].as_object().unwrap() {
        let summaries = rows(case).summaries();
        for (name, fit) in case.as_object().unwrap() {
            if !fit.is_object() {
                continue;
            }
            let (model, report) = settings(name).fit_summaries(&summaries).unwrap();
            assert!(report.converged(), "{name}: {report:?}");
            let check = |key: &str, found: &[f64]| {
                assert_near(
                    &format!("{name} {key}"),
                    found,
                    &floats(&fit[key]),
                    tolerance(key),
                );
            };
            check("phi", model.phi());
            check("covariance", model.covariance());
            check("noise_variance", &[model.noise_variance()]);
            check("log_likelihood", &[report.log_likelihood]);
            check("blup", model.effects());
            println!("{name}: {report:?}");
            seen += 1;
        }
    }
    assert_eq!(seen, 8);
}

#[test]
fn one_variance_is_what_statsmodels_finds() {
    let file = file();
    let theirs: Value =
        serde_json::from_str(include_str!("../data/mixed_statsmodels.json")).unwrap();
    let tolerance = |key: &str| file["suggested_tolerance"][key].as_f64().unwrap();
    let mut seen = 0;
    for (case, fits) in theirs.as_object().unwrap() {
        let summaries = rows(&file["cases"][case]).summaries();
        for (name, fit) in fits.as_object().unwrap() {
            let (model, report) = settings(name).fit_summaries(&summaries).unwrap();
            assert!(report.converged(), "{name}: {report:?}");
            let check = |key: &str, found: &[f64], tolerance: f64| {
                assert_near(
                    &format!("{name} {key}"),
                    found,
                    &floats(&fit[key]),
                    tolerance,
                );
            };
            check("phi", model.phi(), tolerance("phi"));
            check(
                "variance",
                &model.covariance()[..1],
                tolerance("covariance"),
            );
            let last = *model.covariance().last().unwrap();
            let expected = if name.ends_with("scalar") {
                model.covariance()[0]
            } else {
                0.0
            };
            assert_eq!(last, expected);
            check(
                "noise_variance",
                &[model.noise_variance()],
                tolerance("noise_variance"),
            );
            check(
                "log_likelihood",
                &[report.log_likelihood],
                tolerance("log_likelihood"),
            );
            seen += 1;
        }
    }
    assert_eq!(seen, 8);
}
