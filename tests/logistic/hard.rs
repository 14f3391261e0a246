//! Problems without a plain answer, and wrong input: a finite model and why it stopped, or an error that says what is wrong.

use std::time::Instant;

use cognate::model::{ClassWeight, LogisticRegression};
use cognate::workspace::Workspace;
use cognate::{Error, MatMut, MatRef};

use crate::{Rows, SOLVERS};

/// Fits what may go wrong; whatever comes out is finite, no worse than the start, in time.
fn survives(name: &str, x: &[f64], y: &[u32], d: usize) {
    for solver in SOLVERS {
        for max_iter in [1, 100, 1000] {
            let clock = Instant::now();
            let settings = LogisticRegression::default()
                .with_solver(solver)
                .with_max_iter(max_iter);
            let x = MatRef::planned(x, y.len(), d);
            let (model, report) = settings.fit(x, y, None).unwrap();
            assert!(clock.elapsed().as_secs_f64() < 5.0, "{name}: too slow");
            assert!(
                report.value.is_finite() && report.value <= report.history[0],
                "{name}: {report:?}"
            );
            assert!(model.map().params().iter().all(|p| p.is_finite()), "{name}");
            assert!(report.converged() || report.iterations <= max_iter);
            assert!(
                model
                    .predict_proba(x)
                    .unwrap()
                    .iter()
                    .all(|p| (0.0..=1.0).contains(p))
            );
        }
    }
}

#[test]
fn hard_problems_end_with_a_finite_model() {
    let rows = Rows::new(120, 4, 2);
    let scaled = |scales: [f64; 4]| -> Vec<f64> {
        let scale = |(i, v): (usize, &f64)| v * scales[i % 4];
        rows.x.iter().enumerate().map(scale).collect()
    };
    survives("scales", &scaled([1e-8, 1e8, 1.0, 1.0]), &rows.y, 4);
    survives(
        "a column of zeros",
        &scaled([1.0, 0.0, 1.0, 1.0]),
        &rows.y,
        4,
    );
    survives("all zeros", &scaled([0.0; 4]), &rows.y, 4);
    survives("tiny", &scaled([1e-300; 4]), &rows.y, 4);
    let separable: Vec<u32> = (0..120).map(|i| u32::from(rows.x[i * 4] > 0.0)).collect();
    survives("separable", &rows.x, &separable, 4);
    let duplicates: Vec<f64> = (0..120)
        .flat_map(|i| rows.x[i % 2 * 4..][..4].to_vec())
        .collect();
    let alternating: Vec<u32> = (0..120).map(|i| i % 2).collect();
    survives("duplicates", &duplicates, &alternating, 4);
    let contrary: Vec<u32> = (0..120).map(|i| i / 2 % 2).collect();
    survives("duplicates of both classes", &duplicates, &contrary, 4);
    survives("two rows", &rows.x[..8], &[0, 1], 4);
    survives(
        "more classes than features",
        &rows.x[..40],
        &(0..40).map(|i| i % 20).collect::<Vec<_>>(),
        1,
    );
    let wide = Rows::new(5, 300, 2);
    survives("more features than rows", &wide.x, &wide.y, 300);
}

#[test]
fn wrong_input_is_named() {
    let rows = Rows::new(20, 2, 3);
    let (x, y) = (rows.x(), &rows.y[..]);
    let settings = LogisticRegression::default;
    let fit = |x, y: &[u32], w: Option<&[f64]>| settings().fit(x, y, w).unwrap_err();
    assert_eq!(
        fit(MatRef::planned(&[], 0, 2), &[], None),
        Error::Empty { argument: "x" }
    );
    assert!(matches!(
        fit(x, &y[..19], None),
        Error::Shape { argument: "y", .. }
    ));
    assert_eq!(fit(x, &[1; 20], None), Error::OneClass);
    assert_eq!(fit(x.rows_range(0..1), &[0], None), Error::OneClass);
    let gap: Vec<u32> = y.iter().map(|&y| y * 2).collect();
    assert!(matches!(
        fit(x, &gap, None),
        Error::FewRows { class: 1, .. }
    ));
    let far: Vec<u32> = y
        .iter()
        .map(|&y| if y == 0 { u32::MAX } else { y - 1 })
        .collect();
    assert!(matches!(
        fit(x, &far, None),
        Error::FewRows { class: 2, .. }
    ));
    let unweighted: Vec<f64> = y.iter().map(|&y| f64::from(u8::from(y > 0))).collect();
    assert!(matches!(
        fit(x, y, Some(&unweighted)),
        Error::FewRows { class: 0, .. }
    ));
    assert!(matches!(
        fit(x, y, Some(&[f64::NAN; 20])),
        Error::Weight { row: 0, .. }
    ));
    assert!(matches!(fit(x, y, Some(&[0.0; 20])), Error::Setting { .. }));
    let mut bad = rows.x.clone();
    bad[5] = f64::INFINITY;
    let bad = MatRef::planned(&bad, 20, 2);
    assert_eq!(
        fit(bad, y, None),
        Error::NotFinite {
            argument: "x",
            row: 2,
            column: 1
        }
    );
    let refused = |settings: LogisticRegression| settings.fit(x, y, None).unwrap_err();
    assert!(matches!(
        refused(settings().with_c(0.0)),
        Error::Setting { name: "C", .. }
    ));
    assert!(matches!(
        refused(settings().with_c(f64::NAN)),
        Error::Setting { name: "C", .. }
    ));
    assert!(matches!(
        refused(settings().with_tol(-1.0)),
        Error::Setting { name: "tol", .. }
    ));
    let given =
        |factors: &[f64]| settings().with_class_weight(ClassWeight::Given(factors.to_vec()));
    assert!(matches!(
        refused(given(&[1.0, 2.0])),
        Error::Shape {
            argument: "class_weight",
            ..
        }
    ));
    assert!(matches!(
        refused(given(&[1.0, 2.0, 0.0])),
        Error::Setting {
            name: "class_weight",
            ..
        }
    ));
    let (model, _) = settings().fit(x, y, None).unwrap();
    let narrow = MatRef::planned(&rows.x, 40, 1);
    assert!(matches!(
        model.predict(narrow),
        Err(Error::Shape { argument: "x", .. })
    ));
    assert!(matches!(
        model.predict_proba(bad),
        Err(Error::NotFinite { .. })
    ));
    let mut workspace = Workspace::new(model.need());
    let mut small = [0.0; 4];
    let into = MatMut::planned(&mut small, 2, 2);
    let refused = model.predict_proba_into(x, into, &mut workspace.slabs().work);
    assert!(matches!(refused, Err(Error::Shape { argument: "p", .. })));
}
