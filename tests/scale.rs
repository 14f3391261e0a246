//! Scalers: scikit-learn's numbers, and what they promise over random inputs.

use cognate::data::scale::{MinMaxScaler, Scaler, StandardScaler};
use cognate::{Error, MatRef};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

#[path = "support/known.rs"]
mod known;
use known::floats;

fn answers() -> Value {
    serde_json::from_str(include_str!("data/data.json")).unwrap()
}

fn mat(x: &[f64], columns: usize) -> MatRef<'_, f64> {
    MatRef::new(x, x.len() / columns, columns).unwrap()
}

fn column(x: &[f64], columns: usize, j: usize) -> Vec<f64> {
    x.iter().skip(j).step_by(columns).copied().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, rng_seed: RngSeed::Fixed(3), ..ProptestConfig::default() })]

    /// Mean 0 and variance 1 by the plain formulas; the way back restores x.
    #[test]
    fn standardised_columns_have_mean_0_and_variance_1(x in prop::collection::vec(-50.0..50.0_f64, 6..90), offset in -1e3..1e3_f64) {
        let x: Vec<f64> = x[..x.len() / 3 * 3].iter().map(|x| x + offset).collect();
        let scaler = StandardScaler::default().fit(mat(&x, 3), None).unwrap();
        let z = scaler.transform(mat(&x, 3)).unwrap();
        let n = (z.len() / 3) as f64;
        // Each z has a relative error of a few eps and an absolute one of eps |x| / scale from the subtraction.
        for j in 0..3 {
            let limit = 8.0 * n * f64::EPSILON * (1.0 + 1100.0 / scaler.scale()[j]);
            let z = column(&z, 3, j);
            prop_assert!((z.iter().sum::<f64>() / n).abs() <= limit);
            prop_assert!((z.iter().map(|z| z * z).sum::<f64>() / n - 1.0).abs() <= 4.0 * limit);
        }
        let back = scaler.inverse(mat(&z, 3)).unwrap();
        for (x, back) in x.iter().zip(&back) {
            prop_assert!((x - back).abs() <= 8.0 * f64::EPSILON * 1100.0);
        }
    }

    /// A weight of k is k equal rows.
    #[test]
    fn weights_are_repeated_rows(rows in prop::collection::vec((-9.0..9.0_f64, 0..4_u8), 4..40)) {
        let repeated: Vec<f64> = rows.iter().flat_map(|&(x, k)| vec![x; k.into()]).collect();
        prop_assume!(!repeated.is_empty());
        let (x, w): (Vec<f64>, Vec<f64>) = rows.iter().map(|&(x, k)| (x, f64::from(k))).unzip();
        let a = StandardScaler::default().fit(mat(&x, 1), Some(&w)).unwrap();
        let b = StandardScaler::default().fit(mat(&repeated, 1), None).unwrap();
        let n = repeated.len() as f64;
        prop_assert!((a.shift()[0] - b.shift()[0]).abs() <= n * f64::EPSILON * 9.0);
        let (a, b) = (a.scale()[0], b.scale()[0]);
        prop_assert!((a * a - b * b).abs() <= 4.0 * n * f64::EPSILON * 81.0 || a == 1.0 || b == 1.0);
    }

    #[test]
    fn min_max_reaches_both_ends(x in prop::collection::vec(-50.0..50.0_f64, 4..60), low in -3.0..3.0_f64, width in 0.1..5.0_f64) {
        let scaler = MinMaxScaler { low, high: low + width }.fit(mat(&x, 1)).unwrap();
        let z = scaler.transform(mat(&x, 1)).unwrap();
        let least = z.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let limit = 16.0 * f64::EPSILON * (60.0 / scaler.scale()[0] + 8.0);
        prop_assert!((least - low).abs() <= limit && (greatest - low - width).abs() <= limit);
    }
}

/// Means and variances of five numbers by either library: a few roundings relative to the largest of the column.
fn assert_near(ours: &[f64], theirs: &Value, sizes: &[f64]) {
    let theirs = floats(theirs);
    assert_eq!(ours.len(), theirs.len());
    for (i, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        let limit = 32.0 * f64::EPSILON * sizes[i % sizes.len()];
        assert!((ours - theirs).abs() <= limit, "{i}: {ours}, {theirs}");
    }
}

#[test]
fn scalers_give_scikit_learn_s_numbers() {
    let known = answers();
    let (x, weights) = (floats(&known["x"]), floats(&known["weights"]));
    let x = mat(&x, 3);
    for (name, weights) in [("plain", None), ("weighted", Some(&weights[..]))] {
        let scaler = StandardScaler::default().fit(x, weights).unwrap();
        assert_near(scaler.shift(), &known[name]["mean"], &[9.0, 0.1, 7e8]);
        assert_near(scaler.scale(), &known[name]["scale"], &[9.0, 1.0, 7e8]);
        let z = scaler.transform(x).unwrap();
        assert_near(&z, &known[name]["z"], &[9.0, 0.1, 9.0]);
    }
    for case in known["min_max"].as_array().unwrap() {
        let [low, high] = ["low", "high"].map(|end| case[end].as_f64().unwrap());
        let scaler = MinMaxScaler { low, high }.fit(x).unwrap();
        assert_near(&scaler.transform(x).unwrap(), &case["z"], &[5.0]);
    }
}

#[test]
fn scalers_know_hand_made_numbers() {
    let x = [1.0, 10.0, 3.0, 10.0, 5.0, 10.0];
    let standard = StandardScaler::default().fit(mat(&x, 2), None).unwrap();
    assert_eq!(standard.shift(), [3.0, 10.0]);
    // The variance of 1, 3, 5 over three rows is 8/3; a column that does not vary has scale 1.
    assert_eq!(standard.scale(), [f64::sqrt(8.0 / 3.0), 1.0]);
    let z = standard.transform(mat(&x, 2)).unwrap();
    assert_eq!([z[1], z[2], z[3]], [0.0, 0.0, 0.0]);

    let unit = MinMaxScaler::default().fit(mat(&x, 2)).unwrap();
    let z = unit.transform(mat(&x, 2)).unwrap();
    assert_eq!(z, [0.0, 0.0, 0.5, 0.0, 1.0, 0.0]);
    let wide = MinMaxScaler {
        low: -1.0,
        high: 1.0,
    };
    let z = wide.fit(mat(&x, 2)).unwrap().transform(mat(&x, 2)).unwrap();
    assert_eq!(z, [-1.0, -1.0, 0.0, -1.0, 1.0, -1.0]);

    let only_mean = StandardScaler {
        with_std: false,
        ..StandardScaler::default()
    };
    let only_mean = only_mean.fit(mat(&x, 2), None).unwrap();
    assert_eq!(
        (only_mean.shift(), only_mean.scale()),
        (&[3.0, 10.0][..], &[1.0, 1.0][..])
    );
}

#[test]
fn a_constant_that_rounds_is_constant() {
    // The sum of 150 times 0.1 is not 15, so that the mean is not 0.1.
    let scaler = StandardScaler::default()
        .fit(mat(&[0.1; 150], 1), None)
        .unwrap();
    assert_eq!(scaler.scale(), [1.0]);
    // But a column of scale 1e-8 varies.
    let tiny: Vec<f64> = (0..150).map(|i| 1e-8 * f64::from(i)).collect();
    let scaler = StandardScaler::default().fit(mat(&tiny, 1), None).unwrap();
    assert!(scaler.scale()[0] < 1e-6);
}

#[test]
fn f32_rows_are_scaled_in_f64_and_rounded_once() {
    let x = [16_777_216.0_f32, 16_777_218.0, 16_777_220.0];
    let x = MatRef::new(&x, 3, 1).unwrap();
    let scaler = StandardScaler::default().fit(x, None).unwrap();
    assert_eq!(scaler.shift(), [16_777_218.0]);
    let z = scaler.transform(x).unwrap();
    assert_eq!(z, [-f32::sqrt(1.5), 0.0, f32::sqrt(1.5)]);
}

#[test]
fn a_scaler_is_its_numbers() {
    let fitted = MinMaxScaler::default()
        .fit(mat(&[1.0, 2.0, 4.0, 8.0], 2))
        .unwrap();
    let rebuilt = Scaler::new(fitted.shift().to_vec(), fitted.scale().to_vec()).unwrap();
    assert_eq!(fitted, rebuilt);
    assert!(Scaler::new(vec![0.0], vec![1.0, 1.0]).is_err());
    assert!(Scaler::new(vec![0.0], vec![0.0]).is_err());
    assert!(Scaler::new(vec![f64::NAN], vec![1.0]).is_err());
    assert!(matches!(
        fitted.transform(mat(&[1.0; 3], 3)),
        Err(Error::Shape { .. })
    ));
}

#[test]
fn wrong_rows_and_weights_are_named() {
    let fit = |x: &[f64], w: Option<&[f64]>| StandardScaler::default().fit(mat(x, 2), w);
    assert_eq!(
        fit(&[1.0, 2.0, f64::NAN, 4.0], None),
        Err(Error::NotFinite {
            argument: "x",
            row: 1,
            column: 0
        })
    );
    assert!(matches!(fit(&[], None), Err(Error::Empty { .. })));
    let x = [1.0, 2.0, 3.0, 4.0];
    assert_eq!(
        fit(&x, Some(&[1.0, -1.0])),
        Err(Error::Weight {
            row: 1,
            found: -1.0
        })
    );
    assert!(matches!(fit(&x, Some(&[1.0])), Err(Error::Shape { .. })));
    assert!(matches!(
        fit(&x, Some(&[0.0, 0.0])),
        Err(Error::Setting { .. })
    ));
    assert!(matches!(
        fit(&[1e300, 0.0, -1e300, 0.0], None),
        Err(Error::NotFinite { .. })
    ));
    let wrong = MinMaxScaler {
        low: 1.0,
        high: 1.0,
    };
    assert!(wrong.fit(mat(&x, 2)).is_err());
}
