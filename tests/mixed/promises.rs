//! What fits of random effects promise on easy, odd and hopeless rows.

use cognate::model::LinearRegression;
use cognate::mtl::linear::random_effects::{
    Covariance, Likelihood, RandomEffects, RandomEffectsModel,
};
use cognate::mtl::linear::{Axis, LinearMethod};
use cognate::mtl::{Kind, Summaries, TaskSet};
use cognate::{Error, MatRef};

use crate::data::{Rows, assert_near};

pub const BOTH: [Likelihood; 2] = [Likelihood::Ml, Likelihood::Reml];

/// Fits, converged.
pub fn fit(settings: RandomEffects, rows: &Rows) -> (RandomEffectsModel, f64) {
    let (model, report) = settings.fit_summaries(&rows.summaries()).unwrap();
    assert!(
        report.converged() && report.residual <= settings.tolerance,
        "{report:?}"
    );
    (model, report.log_likelihood)
}

pub fn full(rows: &Rows) -> (RandomEffectsModel, f64) {
    fit(RandomEffects::default(), rows)
}

/// Both models are one to a relative error of `tolerance`, where numbers are of about 1.
pub fn assert_same(
    found: &(RandomEffectsModel, f64),
    expected: &(RandomEffectsModel, f64),
    tolerance: f64,
) {
    assert_near("likelihood", &[found.1], &[expected.1], 1e-9);
    let (found, expected) = (&found.0, &expected.0);
    assert_near("phi", found.phi(), expected.phi(), tolerance);
    assert_near(
        "covariance",
        found.covariance(),
        expected.covariance(),
        tolerance,
    );
    assert_near(
        "noise",
        &[found.noise_variance()],
        &[expected.noise_variance()],
        tolerance,
    );
    assert_near("effects", found.effects(), expected.effects(), tolerance);
}

/// Of the estimate: the certificate's 1e-9 a degree of freedom over a curvature of about one row in ten.
pub const CERTIFIED: f64 = 1e-7;

#[test]
fn a_singular_covariance_is_an_answer() {
    let mut seen = 0;
    for seed in 0..12 {
        for likelihood in BOTH {
            // Own intercepts, shared slopes.
            let rows = Rows::new(seed, 20, 6, &[1.0, 0.0, 0.0]);
            let (model, _) = fit(RandomEffects::default().with_likelihood(likelihood), &rows);
            assert!((1..=3).contains(&model.rank()));
            if model.rank() == 3 {
                continue;
            }
            seen += 1;
            let c = model.covariance();
            let minor = c[0] * (c[4] * c[8] - c[5] * c[7]) - c[1] * (c[3] * c[8] - c[5] * c[6])
                + c[2] * (c[3] * c[7] - c[4] * c[6]);
            let size = c[0] * c[4].max(c[8]) * c[8].max(c[4]);
            assert!(
                minor.abs() <= 1e-12 * size.max(1e-300) + 1e-15,
                "{minor} {c:?}"
            );
            assert!(c.iter().step_by(4).all(|v| *v >= 0.0));
        }
    }
    assert!(seen >= 12, "{seen} singular fits");
}

#[test]
fn tasks_that_do_not_differ_share_everything() {
    let mut seen = 0;
    for seed in 0..12 {
        let rows = Rows::new(seed, 15, 5, &[0.0, 0.0]);
        for covariance in [
            Covariance::Full,
            Covariance::Diagonal,
            Covariance::Scalar,
            Covariance::Intercept,
        ] {
            let (model, _) = fit(RandomEffects::default().with_covariance(covariance), &rows);
            if model.rank() == 0 {
                seen += 1;
                assert!(
                    model
                        .covariance()
                        .iter()
                        .chain(model.effects())
                        .all(|v| *v == 0.0)
                );
                assert_near("phi", model.phi(), &least_squares(&rows), 1e-12);
            }
        }
    }
    assert!(seen >= 8, "{seen} fits without any variance");
}

#[test]
fn one_task_is_least_squares() {
    let rows = Rows::new(3, 1, 40, &[1.0, 1.0, 1.0]);
    for likelihood in BOTH {
        let (model, _) = fit(RandomEffects::default().with_likelihood(likelihood), &rows);
        assert_eq!(model.rank(), 0);
        assert_near("phi", model.phi(), &least_squares(&rows), 1e-12);
    }
}

/// Coefficients of all rows together.
fn least_squares(rows: &Rows) -> Vec<f64> {
    let y = MatRef::new(&rows.y, rows.y.len(), 1).unwrap();
    let ols = LinearRegression::default();
    let (ols, _) = ols.fit(rows.matrix(), y, None).unwrap();
    [ols.intercept(), ols.coef().row(0)].concat()
}

#[test]
fn tasks_of_one_row_are_no_failure() {
    let rows = Rows::new(5, 60, 1, &[1.0, 1.5]);
    for covariance in [
        Covariance::Full,
        Covariance::Diagonal,
        Covariance::Scalar,
        Covariance::Intercept,
    ] {
        let settings = RandomEffects::default().with_covariance(covariance);
        let (model, report) = settings.fit_summaries(&rows.summaries()).unwrap();
        assert!(report.log_likelihood.is_finite() && model.noise_variance() > 0.0);
        assert!(
            model
                .phi()
                .iter()
                .chain(model.effects())
                .all(|v| v.is_finite())
        );
    }
}

#[test]
fn a_task_without_rows_gets_phi() {
    let mut rows = Rows::new(11, 8, 10, &[1.0, 0.5]);
    let before = full(&rows);
    rows.tasks = 9;
    let after = full(&rows);
    assert_eq!(after.0.effects()[16..], [0.0, 0.0]);
    assert_near(
        "effects",
        &after.0.effects()[..16],
        before.0.effects(),
        CERTIFIED,
    );
    assert_near("phi", after.0.phi(), before.0.phi(), CERTIFIED);
    let names: Vec<String> = (0..9).map(|t| t.to_string()).collect();
    let linear = after
        .0
        .task_linear(names.iter().map(String::as_str))
        .unwrap();
    let (own, unseen) = (linear.task(8), linear.unseen().unwrap());
    assert_eq!(own.coef.row(0), unseen.coef.row(0));
    assert_eq!(own.intercept, unseen.intercept);
}

#[test]
fn constant_and_repeated_features_are_left_out() {
    let rows = Rows::new(18, 12, 9, &[1.0, 0.5]);
    let plain = full(&rows);
    let x: Vec<f64> = rows
        .x
        .iter()
        .flat_map(|&x| [x, 3.0, 2.0 * x - 1.0])
        .collect();
    let wide = full(&Rows { d: 3, x, ..rows });
    assert_near(
        "phi",
        wide.0.phi(),
        &[plain.0.phi(), &[0.0, 0.0]].concat(),
        1e-10,
    );
    assert_near("likelihood", &[wide.1], &[plain.1], 1e-9);
    assert_eq!(wide.0.phi()[2..], [0.0, 0.0]);
}

#[test]
fn labels_without_noise_are_fitted_exactly() {
    let mut rows = Rows::new(20, 6, 5, &[1.0, 0.5]);
    rows.y = rows.x.iter().map(|x| 2.0 * x - 1.0).collect();
    let (model, _) = full(&rows);
    assert_near("phi", model.phi(), &[-1.0, 2.0], 1e-12);
    assert_eq!(model.rank(), 0);
    rows.y.fill(3.0);
    assert_near("phi", full(&rows).0.phi(), &[3.0, 0.0], 1e-12);
}

#[test]
fn own_lines_without_noise_are_no_failure() {
    let mut rows = Rows::new(21, 6, 5, &[1.0, 0.5]);
    for (i, y) in rows.y.iter_mut().enumerate() {
        *y = (rows.task[i] as f64).sin() + (rows.task[i] as f64).cos() * rows.x[i];
    }
    let (model, _) = RandomEffects::default()
        .fit_summaries(&rows.summaries())
        .unwrap();
    let posterior = model.posterior(&rows.summaries(), 2).unwrap();
    let expected = 2_f64.sin() + 2_f64.cos() * 0.3;
    assert_near(
        "prediction",
        &[posterior.predict(&[0.3]).unwrap().mean],
        &[expected],
        1e-5,
    );
}

#[test]
fn what_cannot_be_learned_is_an_error() {
    let settings = RandomEffects::default();
    let empty = settings.fit_summaries(&Summaries::new(3, 2));
    assert!(matches!(empty, Err(Error::Empty { argument: "tasks" })));
    let few = Rows::new(1, 3, 1, &[1.0, 1.0, 1.0]).summaries();
    assert!(matches!(
        settings.fit_summaries(&few),
        Err(Error::Setting { .. })
    ));
    let wrong = settings.with_tolerance(0.0).fit_summaries(&few);
    assert!(matches!(
        wrong,
        Err(Error::Setting {
            name: "tolerance",
            ..
        })
    ));
    let x = [0.0, 1.0];
    let x = MatRef::new(&x, 2, 1).unwrap();
    let set = TaskSet::long(x, &[0, 0], &[0.0, 1.0], &["sick"], Kind::Classes(2), None).unwrap();
    assert!(matches!(settings.fit(&set), Err(Error::Task { name, .. }) if name == "sick"));
    let rows = Rows::new(22, 6, 5, &[1.0, 0.5]);
    let (model, _) = full(&rows);
    assert!(model.unseen(&[f64::NAN]).is_err() && model.unseen(&[]).is_err());
    assert!(model.posterior(&few, 0).is_err());
}

#[test]
fn it_is_a_method_like_the_others() {
    let rows = Rows::new(23, 5, 9, &[1.0, 0.5, 0.7]);
    let names = ["a", "b", "c", "d", "e"];
    let set = TaskSet::long(
        rows.matrix(),
        &rows.task,
        &rows.y,
        &names,
        Kind::Number,
        None,
    )
    .unwrap();
    let method: Box<dyn LinearMethod> = RandomEffects::default().at(3.0);
    assert_eq!(method.name(), "random-effects");
    assert!(method.grid(&set).unwrap().is_empty());
    let fitted = method.fit(&set).unwrap();
    let (model, log_likelihood) = full(&rows);
    assert!(fitted.converged && fitted.certificate.value() <= 1e-9);
    assert_eq!(
        (fitted.objective, fitted.lambda),
        (-log_likelihood, model.noise_variance())
    );
    let summarised = method.summarised().unwrap();
    let path = summarised.path_of_summaries(&names, &rows.summaries(), &[2.0, 1.0]);
    assert!(path.unwrap().iter().all(|same| same.model == fitted.model));
    assert!(
        summarised
            .path_of_summaries(&names[1..], &rows.summaries(), &[1.0])
            .is_err()
    );
    for (t, name) in names.iter().enumerate() {
        let own = fitted.model.task(fitted.model.find(name).unwrap());
        let found = own.links(MatRef::new(&[0.3, -2.0], 1, 2).unwrap()).unwrap();
        let posterior = model.posterior(&rows.summaries(), t).unwrap();
        assert_near(
            "link",
            &found,
            &[posterior.predict(&[0.3, -2.0]).unwrap().mean],
            1e-12,
        );
    }
    let found: Vec<_> = fitted
        .model
        .learned()
        .iter()
        .map(|l| (l.name, l.axes.0, l.shape))
        .collect();
    let expected = [
        ("covariance", Axis::Coefficients, (3, 3)),
        ("noise_variance", Axis::Other, (1, 1)),
        ("random_effects", Axis::Tasks, (5, 3)),
    ];
    assert_eq!(found, expected);
}
