//! Factors instead of products: the same where features are independent, and still right where they hardly are.

use cognate::model::Ridge;
use cognate::mtl::linear::TaskLinear;
use cognate::mtl::{Kind, TaskFactors, TaskSet};
use cognate::{Error, MatRef};

use crate::data::{Rows, assert_near};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn rows() -> Rows {
    let mut rows = Rows::new(31, 4, 12, &[1.0, 0.5, 0.7]);
    rows.weight = Some((0..48).map(|i| 0.5 + (i % 4) as f64).collect());
    rows
}

fn factors(rows: &Rows) -> TaskFactors {
    let mut all = TaskFactors::new(rows.tasks, rows.d);
    all.add(&rows.task, rows.matrix(), &rows.y, rows.weight.as_deref())
        .unwrap();
    all
}

/// Intercept and coefficients of ridge regression on the rows.
fn ridge(rows: &Rows, lambda: f64) -> Vec<f64> {
    let y = MatRef::new(&rows.y, rows.y.len(), 1).unwrap();
    let ridge = Ridge::default().with_alpha(lambda);
    let (model, _) = ridge.fit(rows.matrix(), y, rows.weight.as_deref()).unwrap();
    [model.intercept(), model.coef().row(0)].concat()
}

fn line(model: &TaskLinear, t: usize) -> Vec<f64> {
    let task = model.task(t);
    [task.intercept, task.coef.row(0)].concat()
}

#[test]
fn they_solve_what_products_solve() {
    let rows = rows();
    for lambda in [0.0, 0.3, 10.0] {
        let alone = factors(&rows).independent(&NAMES, lambda).unwrap();
        let pooled = factors(&rows).pooled(&NAMES, lambda).unwrap();
        for t in 0..4 {
            let own = rows.filter(|i| rows.task[i] == t as u32);
            assert_near("alone", &line(&alone, t), &ridge(&own, lambda), 1e-12);
            assert_near("pooled", &line(&pooled, t), &ridge(&rows, lambda), 1e-12);
        }
        let unseen = pooled.unseen().unwrap();
        assert_eq!(unseen.coef.row(0), pooled.task(0).coef.row(0));
        assert!(alone.unseen().is_none());
    }
}

#[test]
fn pieces_and_task_sets_are_the_same_rows() {
    let rows = rows();
    let whole = factors(&rows).independent(&NAMES, 1.0).unwrap();
    let mut merged = TaskFactors::new(4, 2);
    (0..3).for_each(|part| merged.merge(&factors(&rows.filter(|i| i % 3 == part))));
    let weight = rows.weight.as_deref();
    let set = TaskSet::long(
        rows.matrix(),
        &rows.task,
        &rows.y,
        &NAMES,
        Kind::Number,
        weight,
    );
    let of = TaskFactors::of(&set.unwrap()).unwrap();
    for other in [merged, of] {
        let other = other.independent(&NAMES, 1.0).unwrap();
        (0..4).for_each(|t| assert_near("pieces", &line(&other, t), &line(&whole, t), 1e-13));
    }
}

/// `n` rows of which the second feature is the first but for `apart`; labels are `1 + 2 a - b` but for a rounding.
fn nearly_dependent(apart: f64) -> Rows {
    let mut rows = Rows::new(32, 1, 60, &[0.0, 0.0, 0.0]);
    for (x, y) in rows.x.chunks_exact_mut(2).zip(&mut rows.y) {
        x[1] = x[0] + apart * x[1];
        *y = 1.0 + 2.0 * x[0] - x[1];
    }
    rows
}

#[test]
fn their_error_is_that_of_the_condition_not_its_square() {
    for apart in [1e-3, 1e-5, 1e-7, 1e-9] {
        let model = factors(&nearly_dependent(apart))
            .independent(&["a"], 0.0)
            .unwrap();
        // Rounding of the labels and of 60 rows of rotations, by a condition number of about 2 / apart.
        let tolerance = 60.0 * f64::EPSILON * 2.0 / apart;
        assert_near(
            "coefficients",
            &line(&model, 0),
            &[1.0, 2.0, -1.0],
            tolerance,
        );
    }
}

#[test]
fn what_rows_do_not_determine_is_an_error() {
    let few = rows().filter(|i| i % 12 < 2);
    let alone = factors(&few).independent(&NAMES, 0.0);
    assert!(matches!(alone, Err(Error::Task { name, .. }) if name == "a"));
    assert!(factors(&few).independent(&NAMES, 0.1).is_ok());
    assert!(factors(&few).independent(&NAMES, -1.0).is_err());
    let repeated = nearly_dependent(0.0);
    let alone = factors(&repeated).independent(&["a"], 0.0);
    assert!(matches!(alone, Err(Error::Task { name, .. }) if name == "a"));
    let pooled = factors(&repeated).pooled(&["a"], 0.0);
    assert!(matches!(
        pooled,
        Err(Error::NotPositiveDefinite { pivot: 2 })
    ));
    let mut wrong = TaskFactors::new(1, 2);
    assert!(wrong.add(&[1], few.matrix(), &few.y, None).is_err());
}
