//! Metrics against scikit-learn's numbers, and what they promise over random inputs.

use cognate::metrics::{
    Average, ConfusionMatrix, Scores, accuracy, log_loss, mean_absolute_error, mean_squared_error,
    r2, roc_auc, roc_auc_ovr,
};
use cognate::{Error, MatRef, Result};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

#[path = "support/known.rs"]
mod known;
use known::floats;

fn answers() -> Value {
    serde_json::from_str(include_str!("data/metrics.json")).unwrap()
}

fn labels(value: &Value) -> Vec<u32> {
    floats(value).into_iter().map(|x| x as u32).collect()
}

fn mat(x: &[f64], columns: usize) -> MatRef<'_, f64> {
    MatRef::new(x, x.len() / columns, columns).unwrap()
}

/// Both sides sum fewer than 64 terms of one sign (each with a few rounded operations) in whatever order.
fn assert_same(ours: f64, theirs: &Value, what: &str) {
    let theirs = theirs.as_f64().unwrap();
    let limit = 64.0 * f64::EPSILON * theirs.abs().max(1.0);
    assert!(
        (ours - theirs).abs() <= limit,
        "{what}: {ours}, scikit-learn has {theirs}"
    );
}

fn assert_scores(ours: Scores, theirs: &Value, what: &str) {
    assert_same(ours.precision, &theirs["precision"], what);
    assert_same(ours.recall, &theirs["recall"], what);
    assert_same(ours.f1, &theirs["f1"], what);
}

fn assert_classification(set: &Value, classes: usize, weighting: &str) {
    let (y, predicted) = (labels(&set["y"]), labels(&set["predicted"]));
    let (proba, weights) = (floats(&set["proba"]), floats(&set["sample_weight"]));
    let weights = (weighting == "weighted").then_some(&weights[..]);
    let theirs = &set[weighting];
    let confusion = ConfusionMatrix::new(&y, &predicted, classes, weights).unwrap();
    assert_eq!(confusion.counts(), floats(&theirs["confusion"]));
    let ours = accuracy(&y, &predicted, weights).unwrap();
    assert_same(ours, &theirs["accuracy"], "accuracy");
    assert_same(confusion.accuracy(), &theirs["accuracy"], "accuracy");
    let ours = confusion.balanced_accuracy();
    assert_same(ours, &theirs["balanced_accuracy"], "balanced accuracy");
    for (name, average) in [
        ("macro", Average::Macro),
        ("micro", Average::Micro),
        ("weighted", Average::Weighted),
    ] {
        assert_scores(confusion.scores(average).unwrap(), &theirs[name], name);
    }
    let ours = log_loss(&y, mat(&proba, classes), weights).unwrap();
    assert_same(ours, &theirs["log_loss"], "log loss");
    if classes == 2 {
        let ours = confusion.scores(Average::Binary).unwrap();
        assert_scores(ours, &theirs["binary"], "binary");
        let scores: Vec<f64> = proba.iter().skip(1).step_by(2).copied().collect();
        let ours = roc_auc(&y, &scores, weights).unwrap();
        assert_same(ours, &theirs["roc_auc"], "ROC AUC");
    } else {
        assert!(confusion.scores(Average::Binary).is_err());
        let ours = roc_auc_ovr(&y, mat(&proba, classes), weights).unwrap();
        assert_same(ours, &theirs["roc_auc_ovr_macro"], "ROC AUC");
    }
}

#[test]
fn classification_scores_are_scikit_learn_s() {
    let known = answers();
    for (set, classes) in [("two_classes", 2), ("three_classes", 3)] {
        for weighting in ["plain", "weighted"] {
            assert_classification(&known[set], classes, weighting);
        }
    }
}

#[test]
fn an_impossible_class_has_the_log_loss_of_epsilon() {
    let known = &answers()["log_loss_clipped"];
    let (y, proba) = (labels(&known["y"]), floats(&known["proba"]));
    let ours = log_loss(&y, mat(&proba, 2), None).unwrap();
    assert_same(ours, &known["log_loss"], "clipped log loss");
    // In f32 the clip is at the epsilon of f32.
    let proba = MatRef::new(&[0.0_f32, 1.0], 1, 2).unwrap();
    let ours = log_loss(&[0], proba, None).unwrap();
    assert_eq!(ours, -f64::ln(f32::EPSILON.into()));
}

#[test]
fn regression_scores_are_scikit_learn_s() {
    let known = &answers()["regression"];
    let (y, predicted) = (floats(&known["y"]), floats(&known["predicted"]));
    let weights = floats(&known["sample_weight"]);
    let (y, predicted) = (mat(&y, 2), mat(&predicted, 2));
    for (outputs, y, predicted) in [
        (
            "first_output",
            y.cols_range(0..1),
            predicted.cols_range(0..1),
        ),
        ("both_outputs", y, predicted),
    ] {
        for (weighting, weights) in [("plain", None), ("weighted", Some(&weights[..]))] {
            let theirs = &known[outputs][weighting];
            let ours = mean_squared_error(y, predicted, weights).unwrap();
            assert_same(ours, &theirs["mse"], "MSE");
            let ours = mean_absolute_error(y, predicted, weights).unwrap();
            assert_same(ours, &theirs["mae"], "MAE");
            assert_same(r2(y, predicted, weights).unwrap(), &theirs["r2"], "R2");
        }
    }
}

#[test]
fn a_target_that_does_not_vary_has_the_r2_of_scikit_learn() {
    let known = &answers()["constant_target"];
    let (y, predicted) = (floats(&known["y"]), floats(&known["predicted"]));
    let ours = r2(mat(&y, 1), mat(&predicted, 1), None).unwrap();
    assert_eq!(ours, known["r2"].as_f64().unwrap());
    let ours = r2(mat(&y, 1), mat(&y, 1), None).unwrap();
    assert_eq!(ours, known["r2_exact"].as_f64().unwrap());
    // Nor does one vary whose mean rounds to another number; there scikit-learn's score is that rounding error's, -2e31.
    let (y, predicted) = ([0.1; 3], [0.1, 0.1, 0.2]);
    assert_eq!(r2(mat(&y, 1), mat(&predicted, 1), None), Ok(0.0));
    // One row has no variance to explain.
    assert!(
        r2(mat(&y[..1], 1), mat(&predicted[..1], 1), None)
            .unwrap()
            .is_nan()
    );
}

#[test]
fn a_class_that_does_not_occur_counts_in_no_mean() {
    let (y, predicted) = ([0, 0, 2, 2], [0, 2, 2, 2]);
    let three = ConfusionMatrix::new(&y, &predicted, 3, None).unwrap();
    let two = ConfusionMatrix::new(&[0, 0, 1, 1], &[0, 1, 1, 1], 2, None).unwrap();
    for average in [Average::Macro, Average::Micro, Average::Weighted] {
        assert_eq!(three.scores(average), two.scores(average));
    }
    assert_eq!(three.balanced_accuracy(), 0.75);
    // A class without rows that was predicted counts in the macro mean, with zeros.
    let stray = ConfusionMatrix::new(&[0, 0], &[0, 1], 2, None).unwrap();
    assert_eq!(stray.scores(Average::Macro).unwrap().recall, 0.25);
    assert_eq!(stray.class_scores(1), Scores::default());
}

type Score = fn(&[u32], &[u32], Option<&[f64]>) -> Result<()>;

#[test]
fn wrong_arguments_are_named() {
    let scores: [Score; 4] = [
        |y, p, w| accuracy(y, p, w).map(drop),
        |y, p, w| ConfusionMatrix::new(y, p, 2, w).map(drop),
        |y, p, w| {
            let scores: Vec<f64> = p.iter().map(|&p| p.into()).collect();
            roc_auc(y, &scores, w).map(drop)
        },
        |y, p, w| {
            let numbers = |x: &[u32]| x.iter().map(|&x| x.into()).collect::<Vec<f64>>();
            mean_squared_error(mat(&numbers(y), 1), mat(&numbers(p), 1), w).map(drop)
        },
    ];
    for score in scores {
        assert_eq!(score(&[], &[], None), Err(Error::Empty { argument: "y" }));
        assert!(matches!(
            score(&[0, 1], &[0], None),
            Err(Error::Shape { .. })
        ));
        let weigh = |w: &[f64]| score(&[0, 1], &[0, 1], Some(w));
        assert!(matches!(weigh(&[1.0]), Err(Error::Shape { .. })));
        let nan = weigh(&[1.0, f64::NAN]);
        assert!(matches!(nan, Err(Error::Weight { row: 1, .. })));
        assert!(matches!(weigh(&[0.0, 0.0]), Err(Error::Setting { .. })));
        assert_eq!(weigh(&[1.0, 2.0]), Ok(()));
    }
    let label = Error::Label {
        row: 1,
        found: 2,
        classes: 2,
    };
    assert_eq!(
        ConfusionMatrix::new(&[0, 2], &[0, 1], 2, None),
        Err(label.clone())
    );
    assert_eq!(
        ConfusionMatrix::new(&[0, 1], &[0, 2], 2, None),
        Err(label.clone())
    );
    assert_eq!(roc_auc(&[0, 2], &[0.5, 0.5], None), Err(label.clone()));
    assert_eq!(log_loss(&[0, 2], mat(&[0.5; 4], 2), None), Err(label));
}

#[test]
fn numbers_that_are_none_are_named() {
    let nan = [0.5, 0.5, f64::NAN, 0.5];
    let at = |argument, row, column| Error::NotFinite {
        argument,
        row,
        column,
    };
    assert_eq!(
        log_loss(&[0, 1], mat(&nan, 2), None),
        Err(at("proba", 1, 0))
    );
    assert_eq!(roc_auc(&[0, 1, 0, 1], &nan, None), Err(at("scores", 2, 0)));
    assert_eq!(
        r2(mat(&nan, 2), mat(&[0.0; 4], 2), None),
        Err(at("y", 1, 0))
    );
    let predicted = mean_absolute_error(mat(&[0.0; 4], 2), mat(&nan, 2), None);
    assert_eq!(predicted, Err(at("predicted", 1, 0)));
    let outside = log_loss(&[0], mat(&[1.5, -0.5], 2), None);
    assert!(matches!(outside, Err(Error::Setting { .. })));
}

#[test]
fn one_class_has_no_area() {
    assert_eq!(roc_auc(&[1, 1], &[0.1, 0.2], None), Err(Error::OneClass));
    // Rows of weight 0 count as absent.
    let absent = roc_auc(&[0, 1], &[0.1, 0.2], Some(&[0.0, 1.0]));
    assert_eq!(absent, Err(Error::OneClass));
    let missing = roc_auc_ovr(&[0, 1, 1], mat(&[0.25; 9], 3), None);
    assert_eq!(
        missing,
        Err(Error::FewRows {
            class: 2,
            found: 0,
            needed: 1
        })
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, rng_seed: RngSeed::Fixed(4), ..ProptestConfig::default() })]

    /// By its definition over pairs; the same after any increasing map; 1 minus itself with the classes exchanged.
    #[test]
    fn the_area_counts_pairs_in_order(rows in prop::collection::vec((0..2_u32, 0..12_u8, 0..4_u8), 2..60)) {
        let y: Vec<u32> = rows.iter().map(|r| r.0).collect();
        let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.1)).collect();
        let weights: Vec<f64> = rows.iter().map(|r| f64::from(r.2)).collect();
        let (mut ordered, mut pairs) = (0.0, 0.0);
        for i in 0..y.len() {
            for j in (0..y.len()).filter(|&j| y[i] == 1 && y[j] == 0) {
                let pair = weights[i] * weights[j];
                let order = scores[i].partial_cmp(&scores[j]).unwrap() as i8;
                ordered += pair * f64::from(order + 1) / 2.0;
                pairs += pair;
            }
        }
        prop_assume!(pairs > 0.0);
        let area = roc_auc(&y, &scores, Some(&weights)).unwrap();
        // Sums of small integers and halves are exact.
        prop_assert_eq!(area, ordered / pairs);
        let mapped: Vec<f64> = scores.iter().map(|s| s.exp() - 40.0).collect();
        prop_assert_eq!(roc_auc(&y, &mapped, Some(&weights)).unwrap(), area);
        let other: Vec<u32> = y.iter().map(|y| 1 - y).collect();
        prop_assert!((roc_auc(&other, &scores, Some(&weights)).unwrap() - (1.0 - area)).abs() <= 2.0 * f64::EPSILON);
    }

    /// A weight of k is k equal rows, for every score.
    #[test]
    fn weights_are_repeated_rows(rows in prop::collection::vec((0..3_u32, 0..3_u32, 0..4_u8), 2..40)) {
        let weights: Vec<f64> = rows.iter().map(|r| f64::from(r.2)).collect();
        let repeated: Vec<_> = rows.iter().flat_map(|r| vec![*r; r.2.into()]).collect();
        prop_assume!(!repeated.is_empty());
        let columns = |rows: &[(u32, u32, u8)]| -> (Vec<u32>, Vec<u32>) { rows.iter().map(|r| (r.0, r.1)).unzip() };
        let ((y, p), (y_repeated, p_repeated)) = (columns(&rows), columns(&repeated));
        let weighted = ConfusionMatrix::new(&y, &p, 3, Some(&weights)).unwrap();
        let plain = ConfusionMatrix::new(&y_repeated, &p_repeated, 3, None).unwrap();
        prop_assert_eq!(&weighted, &plain);
        prop_assert_eq!(accuracy(&y, &p, Some(&weights)).unwrap(), plain.accuracy());
        prop_assert!((0.0..=1.0).contains(&plain.balanced_accuracy()));
        let numbers = |x: &[u32]| x.iter().map(|&x| x.into()).collect::<Vec<f64>>();
        let (a, b) = (numbers(&y), numbers(&p));
        let (c, d) = (numbers(&y_repeated), numbers(&p_repeated));
        let weighted = mean_squared_error(mat(&a, 1), mat(&b, 1), Some(&weights)).unwrap();
        prop_assert_eq!(weighted, mean_squared_error(mat(&c, 1), mat(&d, 1), None).unwrap());
    }
}
