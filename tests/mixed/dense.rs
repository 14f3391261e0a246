//! Fits against the definition: likelihood, coefficients, posteriors and standard errors at the optimum, and that it is one.

use cognate::mtl::linear::random_effects::{
    Covariance, Likelihood, RandomEffects, RandomEffectsModel,
};

use crate::data::{Rows, assert_near};
use crate::reference::{Dense, Solved};

const ALL: [Covariance; 4] = [
    Covariance::Full,
    Covariance::Diagonal,
    Covariance::Scalar,
    Covariance::Intercept,
];

fn dense(rows: &Rows) -> Dense {
    let n = rows.y.len();
    let row = |i: usize| [&[1.0], &rows.x[i * rows.d..][..rows.d]].concat();
    Dense {
        x: (0..n).map(row).collect(),
        y: rows.y.clone(),
        task: rows.task.clone(),
        weight: rows.weight.clone().unwrap_or(vec![1.0; n]),
    }
}

fn square(m: &[f64], q: usize) -> Vec<Vec<f64>> {
    m.chunks(q).map(<[f64]>::to_vec).collect()
}

fn flat(m: &[Vec<f64>]) -> Vec<f64> {
    m.concat()
}

/// Rows of 12 tasks of unequal sizes, weighted.
fn rows(seed: u64) -> Rows {
    let mut rows = Rows::new(seed, 12, 9, &[1.0, 0.7, 0.4]);
    rows.weight = Some(
        (0..rows.y.len())
            .map(|i| 0.5 + (i % 5) as f64 / 4.0)
            .collect(),
    );
    rows.filter(|i| i % 9 <= 2 + i / 9)
}

fn value(solved: &Solved, likelihood: Likelihood) -> f64 {
    match likelihood {
        Likelihood::Ml => solved.log_likelihood,
        Likelihood::Reml => solved.restricted,
    }
}

/// Calls `test` with every kind of fit, the rows, the settings and the model with its log-likelihood.
fn fits(mut test: impl FnMut(&Dense, RandomEffects, &RandomEffectsModel, f64)) {
    for covariance in ALL {
        for likelihood in [Likelihood::Ml, Likelihood::Reml] {
            let rows = rows(7);
            let settings = RandomEffects::default()
                .with_covariance(covariance)
                .with_likelihood(likelihood);
            let (model, report) = settings.fit_summaries(&rows.summaries()).unwrap();
            assert!(report.converged(), "{settings:?}: {report:?}");
            test(&dense(&rows), settings, &model, report.log_likelihood);
        }
    }
}

#[test]
fn the_likelihood_is_that_of_all_labels_together() {
    fits(|dense, settings, model, log_likelihood| {
        let solved = dense.solve(&square(model.covariance(), 3), model.noise_variance());
        let expected = value(&solved, settings.likelihood);
        assert_near("log-likelihood", &[log_likelihood], &[expected], 1e-10);
        assert_near("phi", model.phi(), &solved.phi, 1e-10);
        let covariance = flat(&solved.phi_covariance);
        assert_near("of phi", &model.phi_covariance(), &covariance, 1e-11);
        for (e, v) in model
            .standard_errors()
            .iter()
            .zip(covariance.iter().step_by(4))
        {
            assert!((e * e - v).abs() <= 1e-11);
        }
    });
}

#[test]
fn posteriors_are_those_of_the_joint_distribution() {
    fits(|dense, _, model, _| {
        let lambda = square(model.covariance(), 3);
        let solved = dense.solve(&lambda, model.noise_variance());
        let summaries = rows(7).summaries();
        for t in 0..12 {
            let (mean, known, error) =
                dense.posterior(&solved, &lambda, model.noise_variance(), t as u32);
            let posterior = model.posterior(&summaries, t).unwrap();
            assert_near("effect", &posterior.effect(), &mean, 1e-10);
            assert_near("effects", &model.effects()[3 * t..][..3], &mean, 1e-10);
            assert_near("covariance", &posterior.covariance(), &flat(&known), 1e-10);
            let estimate = posterior.predict(&[0.3, -2.0]).unwrap();
            let z = [1.0, 0.3, -2.0];
            let form = |m: &[Vec<f64>]| -> f64 {
                let row = |a: usize| (0..3).map(|b| z[a] * m[a][b] * z[b]).sum::<f64>();
                (0..3).map(row).sum()
            };
            let expected: f64 = (0..3).map(|a| z[a] * (solved.phi[a] + mean[a])).sum();
            assert_near("prediction", &[estimate.mean], &[expected], 1e-10);
            let squared = estimate.standard_error.powi(2);
            assert_near("its error", &[squared], &[form(&error)], 1e-10);
            let unseen = model.unseen(&[0.3, -2.0]).unwrap();
            let both = form(&lambda) + form(&solved.phi_covariance);
            assert_near("unseen", &[unseen.standard_error.powi(2)], &[both], 1e-10);
        }
    });
}

/// The numbers of a covariance that its kind leaves free, as a lower triangle whose product is the covariance.
fn directions(covariance: Covariance) -> Vec<Vec<Vec<f64>>> {
    let unit = |cells: &[(usize, usize)]| {
        let mut m = vec![vec![0.0; 3]; 3];
        for &(i, j) in cells {
            (m[i][j], m[j][i]) = (1.0, 1.0);
        }
        m
    };
    match covariance {
        Covariance::Full => (0..3)
            .flat_map(|i| (0..=i).map(move |j| (i, j)))
            .map(|c| unit(&[c]))
            .collect(),
        Covariance::Diagonal => (0..3).map(|i| unit(&[(i, i)])).collect(),
        Covariance::Scalar => vec![unit(&[(0, 0), (1, 1), (2, 2)])],
        Covariance::Intercept => vec![unit(&[(0, 0)])],
    }
}

#[test]
fn no_allowed_change_of_the_covariance_gains() {
    fits(|dense, settings, model, log_likelihood| {
        let lambda = square(model.covariance(), 3);
        let at = |direction: &[Vec<f64>], step: f64, noise: f64| {
            let mut moved = lambda.clone();
            for (row, d) in moved.iter_mut().zip(direction) {
                row.iter_mut().zip(d).for_each(|(m, d)| *m += step * d);
            }
            value(&dense.solve(&moved, noise), settings.likelihood)
        };
        let s2 = model.noise_variance();
        // Central differences with two steps, extrapolated: what is left is far below their difference, and rounding and the certificate.
        let check = |change: &dyn Fn(f64) -> f64| {
            let slope = |h: f64| (change(h) - change(-h)) / (2.0 * h);
            let (wide, narrow) = (slope(1e-3), slope(5e-4));
            let limit = (4.0 * narrow - wide) / 3.0;
            let tolerance = 0.1 * (wide - narrow).abs() + 1e-11 * log_likelihood.abs() / 1e-3;
            assert!(limit.abs() <= tolerance, "{settings:?} {limit} {tolerance}");
        };
        for direction in directions(settings.covariance) {
            check(&|h| at(&direction, h, s2));
        }
        check(&|h| at(&vec![vec![0.0; 3]; 3], 0.0, s2 + h));
    });
}
