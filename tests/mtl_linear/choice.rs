//! Cross-validated strengths.

use cognate::Result;
use cognate::mtl::linear::{
    CrossValidation, Fitted, L21, LinearMethod, MeanRegularised, SharedSpecific,
};
use cognate::mtl::{Kind, TaskSet};

use super::problems::{Long, assert_near};

/// A method that wants to see the rows.
struct Rows(Box<dyn LinearMethod>);

impl LinearMethod for Rows {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn at(&self, lambda: f64) -> Box<dyn LinearMethod> {
        Box::new(Self(self.0.at(lambda)))
    }

    fn grid(&self, tasks: &TaskSet<'_, f64>) -> Result<Vec<f64>> {
        self.0.grid(tasks)
    }

    fn fit(&self, tasks: &TaskSet<'_, f64>) -> Result<Fitted> {
        self.0.fit(tasks)
    }
}

#[test]
fn summaries_choose_as_rows_do() {
    let problem = Long::random(2, [30, 12, 21, 9, 40], 4, Kind::Number);
    problem.with(|tasks| {
        let choose = |method: &dyn LinearMethod| CrossValidation::default().choose(method, tasks);
        let method = MeanRegularised::default();
        let (a, b) = (
            choose(&method).unwrap(),
            choose(&Rows(Box::new(method))).unwrap(),
        );
        assert_eq!((a.curve.len(), a.fitted.lambda), (13, b.fitted.lambda));
        for (a, b) in a.curve.iter().zip(&b.curve) {
            assert_near(&[a.mean, a.se], &[b.mean, b.se], 1e-9 * b.mean, "the curve");
        }
        let (a, b) = (a.fitted.model.coef(), b.fitted.model.coef());
        let (a, b) = (a.as_slice().unwrap(), b.as_slice().unwrap());
        assert_near(a, b, 1e-9, "the fit of all rows");
    });
}

#[test]
fn the_best_is_chosen_or_the_strongest_within_its_error() {
    let problem = Long::random(4, [25; 6], 3, Kind::Classes(2));
    problem.with(|tasks| {
        let method = SharedSpecific::default();
        let best = CrossValidation::default().choose(&method, tasks).unwrap();
        let least = best
            .curve
            .iter()
            .min_by(|a, b| a.mean.total_cmp(&b.mean))
            .unwrap();
        assert_eq!(best.fitted.lambda, least.lambda);
        let simple = CrossValidation::default().with_one_standard_error(true);
        let simple = simple.choose(&method, tasks).unwrap();
        assert_eq!(simple.curve, best.curve);
        let within = best
            .curve
            .iter()
            .find(|s| s.mean <= least.mean + least.se)
            .unwrap();
        assert_eq!(simple.fitted.lambda, within.lambda);
        assert!(best.curve.is_sorted_by(|a, b| a.lambda > b.lambda));
    });
}

/// A path is a series of fits.
#[test]
fn a_path_ends_where_single_fits_do() {
    for kind in [Kind::Number, Kind::Classes(2), Kind::Classes(3)] {
        let problem = Long::random(8, [14, 10, 17], 3, kind);
        problem.with(|tasks| {
            let method = MeanRegularised::default();
            let path = method.path(tasks, &[30.0, 3.0, 0.3]).unwrap();
            for fitted in path {
                let alone = method.with_lambda(fitted.lambda).fit(tasks).unwrap();
                assert!(fitted.converged && alone.converged);
                let both = fitted.certificate.value() + alone.certificate.value();
                let apart = (fitted.objective - alone.objective).abs();
                assert!(
                    apart <= both + 1e-13 * alone.objective,
                    "{apart} beyond {both}"
                );
            }
        });
    }
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let problem = Long::random(1, [9, 9], 2, Kind::Number);
    problem.with(|tasks| {
        let fault = |method: &dyn LinearMethod| method.fit(tasks).unwrap_err().to_string();
        let method = MeanRegularised::default();
        assert_eq!(
            fault(&method.with_lambda(-1.0)),
            "rho must be at least 0, not -1"
        );
        assert_eq!(fault(&method.with_eps(0.0)), "eps must be above 0, not 0");
        let one = CrossValidation::default().with_folds(1);
        let fault = one.choose(&method, tasks).unwrap_err().to_string();
        assert_eq!(fault, "folds must be at least 2, not 1");
    });
}

/// A class with one row, or with rows that another task puts into one fold, is in every fit.
#[test]
fn a_class_of_one_row_is_chosen_with() {
    let mut problem = Long::random(6, [20, 15, 18], 2, Kind::Classes(2));
    let second: Vec<usize> = (0..53).filter(|&i| problem.task[i] == 1).collect();
    for &i in &second {
        problem.y[i] = 0.0;
    }
    problem.y[second[4]] = 1.0;
    problem.with(|tasks| {
        let mut all = tasks.tasks().to_vec();
        // All labelled rows of a class where the first task's seventh row is.
        let mut other = all[0].clone();
        other.name = "other".into();
        other.labels.fill(0.0);
        other.labels[6] = 1.0;
        all.push(other);
        let tasks = TaskSet::new(tasks.x(), tasks.sample_weight(), all).unwrap();
        let methods: [Box<dyn LinearMethod>; 2] = [
            Box::new(L21::default()),
            Box::new(SharedSpecific::default()),
        ];
        for method in methods {
            for folds in [2, 5] {
                let by = CrossValidation::default().with_folds(folds);
                let choice = by.choose(&*method, &tasks).unwrap();
                assert!(choice.fitted.converged && choice.curve.len() > 10);
                assert!(choice.curve.iter().all(|s| s.mean.is_finite()));
            }
        }
    });
}
