//! Splits, scalers and batches: what each of them promises, over random inputs.

use cognate::data::batches::Batches;
use cognate::data::scale::{MinMaxScaler, Scaler, StandardScaler};
use cognate::data::split::{
    GroupKFold, KFold, Split, StratifiedKFold, TestSize, group_split, stratified_split,
    train_test_split,
};
use cognate::{Error, MatRef};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn config(seed: u64) -> ProptestConfig {
    ProptestConfig {
        cases: 128,
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::default()
    }
}

fn is_ascending(rows: &[usize]) -> bool {
    rows.windows(2).all(|pair| pair[0] < pair[1])
}

/// Every row lies on exactly one side; both sides are ascending and neither is empty.
fn assert_split(split: &Split, rows: usize) {
    assert!(is_ascending(&split.train) && is_ascending(&split.test));
    assert!(!split.train.is_empty() && !split.test.is_empty());
    let mut all = [split.train.clone(), split.test.clone()].concat();
    all.sort_unstable();
    assert_eq!(all, (0..rows).collect::<Vec<_>>());
}

/// Splits, of which each row is tested in exactly one.
fn assert_folds(folds: &[Split], rows: usize, k: usize) {
    assert_eq!(folds.len(), k);
    folds.iter().for_each(|split| assert_split(split, rows));
    let mut tested: Vec<usize> = folds.iter().flat_map(|f| f.test.clone()).collect();
    tested.sort_unstable();
    assert_eq!(tested, (0..rows).collect::<Vec<_>>());
}

fn spread(counts: impl Iterator<Item = usize> + Clone) -> usize {
    counts.clone().max().unwrap() - counts.min().unwrap()
}

fn count(rows: &[usize], labels: &[u32], label: u32) -> usize {
    rows.iter().filter(|&&row| labels[row] == label).count()
}

proptest! {
    #![proptest_config(config(2))]

    #[test]
    fn a_split_is_a_partition_rounded_up(rows in 2..200_usize, share in 0.01..0.99_f64, seed: u64) {
        let expected = (share * rows as f64).ceil() as usize;
        prop_assume!(expected < rows);
        let split = train_test_split(rows, TestSize::Fraction(share), seed).unwrap();
        assert_split(&split, rows);
        prop_assert_eq!(split.test.len(), expected);
        prop_assert_eq!(&split, &train_test_split(rows, TestSize::Count(expected), seed).unwrap());
    }

    #[test]
    fn a_stratified_split_keeps_shares_within_one_row(labels in prop::collection::vec(0..4_u32, 30..200), share in 0.2..0.8_f64, seed: u64) {
        let rows = labels.len();
        prop_assume!((0..4).all(|c| labels.iter().filter(|&&l| l == c).count() >= 2));
        let split = stratified_split(&labels, TestSize::Fraction(share), seed).unwrap();
        assert_split(&split, rows);
        let test = split.test.len();
        prop_assert_eq!(test, (share * rows as f64).ceil() as usize);
        for class in 0..4 {
            let all = labels.iter().filter(|&&l| l == class).count() as f64;
            let exact = all * test as f64 / rows as f64;
            prop_assert!((count(&split.test, &labels, class) as f64 - exact).abs() < 1.0);
        }
    }

    #[test]
    fn a_group_split_keeps_groups_whole(groups in prop::collection::vec(0..9_u32, 20..100), seed: u64) {
        let split = group_split(&groups, TestSize::Count(2), seed).unwrap();
        assert_split(&split, groups.len());
        let tested: Vec<u32> = (0..9).filter(|&g| count(&split.test, &groups, g) > 0).collect();
        prop_assert_eq!(tested.len(), 2);
        prop_assert!(tested.iter().all(|&g| count(&split.train, &groups, g) == 0));
    }

    #[test]
    fn folds_partition_the_rows(rows in 2..150_usize, k in 2..12_usize, seed: u64) {
        prop_assume!(k <= rows);
        let folds = KFold { folds: k, seed }.split(rows).unwrap();
        assert_folds(&folds, rows, k);
        prop_assert!(spread(folds.iter().map(|f| f.test.len())) <= 1);
    }

    #[test]
    fn stratified_folds_differ_by_one_row_of_each_class(labels in prop::collection::vec(5..8_u32, 30..150), k in 2..6_usize, seed: u64) {
        prop_assume!((5..8).all(|c| labels.iter().filter(|&&l| l == c).count() >= k));
        let folds = StratifiedKFold { folds: k, seed }.split(&labels).unwrap();
        assert_folds(&folds, labels.len(), k);
        prop_assert!(spread(folds.iter().map(|f| f.test.len())) <= 1);
        for class in 5..8 {
            prop_assert!(spread(folds.iter().map(|f| count(&f.test, &labels, class))) <= 1);
        }
    }

    #[test]
    fn group_folds_keep_groups_whole(groups in prop::collection::vec(0..20_u32, 60..150), k in 2..6_usize, seed: u64) {
        let folds = GroupKFold { folds: k, seed }.split(&groups).unwrap();
        assert_folds(&folds, groups.len(), k);
        for group in 0..20 {
            let holders = folds.iter().filter(|f| count(&f.test, &groups, group) > 0);
            prop_assert!(holders.count() <= 1);
        }
        // Largest first into the lightest fold: no fold leads another by more than the largest group.
        let largest = (0..20).map(|g| groups.iter().filter(|&&x| x == g).count()).max().unwrap();
        prop_assert!(spread(folds.iter().map(|f| f.test.len())) <= largest);
    }
}

#[test]
fn seeds_change_splits_and_repeat_them() {
    let split = |seed| train_test_split(50, TestSize::Fraction(0.2), seed).unwrap();
    let folds = |seed| StratifiedKFold { folds: 5, seed }.split(&[0; 50]).unwrap();
    assert_eq!(split(3), split(3));
    assert_ne!(split(3), split(4));
    assert_eq!(folds(3), folds(3));
    assert_ne!(folds(3), folds(4));
    // Pinned: these rows are tested for ever under this seed.
    let pinned = train_test_split(12, TestSize::Fraction(0.25), 42).unwrap();
    assert_eq!(pinned.test, [0, 4, 8]);
    let stratified = stratified_split(&[0, 1, 0, 1, 0, 1, 0, 1], TestSize::Count(4), 42).unwrap();
    assert_eq!(stratified.test, [0, 1, 4, 5]);
}

#[test]
fn small_classes_are_named() {
    let labels = [0, 0, 0, 7, 7];
    let few = |class, found, needed| Error::FewRows {
        class,
        found,
        needed,
    };
    let folds = StratifiedKFold { folds: 3, seed: 0 }.split(&labels);
    assert_eq!(folds, Err(few(7, 2, 3)));
    let lone = stratified_split(&[0, 0, 0, 7], TestSize::Count(2), 0);
    assert_eq!(lone, Err(few(7, 1, 2)));
}

#[test]
fn impossible_splits_are_errors() {
    let is_setting = |r: Result<Split, Error>| matches!(r, Err(Error::Setting { .. }));
    for share in [0.0, 1.0, -0.1, 2.0, f64::NAN, 0.95] {
        assert!(is_setting(train_test_split(
            10,
            TestSize::Fraction(share),
            0
        )));
    }
    for count in [0, 10, 11] {
        assert!(is_setting(train_test_split(10, TestSize::Count(count), 0)));
    }
    assert!(matches!(
        train_test_split(0, TestSize::Count(1), 0),
        Err(Error::Empty { .. })
    ));
    let labels = [0, 0, 1, 1, 2, 2];
    assert!(is_setting(stratified_split(&labels, TestSize::Count(2), 0)));
    assert!(is_setting(group_split(&[4, 4, 4], TestSize::Count(1), 0)));
    for folds in [0, 1, 7] {
        assert!(KFold { folds, seed: 0 }.split(6).is_err());
        assert!(StratifiedKFold { folds, seed: 0 }.split(&labels).is_err());
        assert!(GroupKFold { folds, seed: 0 }.split(&labels).is_err());
    }
}

fn mat(x: &[f64], columns: usize) -> MatRef<'_, f64> {
    MatRef::new(x, x.len() / columns, columns).unwrap()
}

fn column(x: &[f64], columns: usize, j: usize) -> Vec<f64> {
    x.iter().skip(j).step_by(columns).copied().collect()
}

proptest! {
    #![proptest_config(config(3))]

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

#[test]
fn an_epoch_takes_each_row_once_in_an_order_of_its_own() {
    let batches = Batches {
        rows: 103,
        size: 10,
        seed: 5,
    };
    let order = |batches: &Batches, epoch| {
        let mut order = vec![0; 103];
        batches.order(epoch, &mut order);
        order
    };
    let (first, second) = (order(&batches, 0), order(&batches, 1));
    assert_ne!(first, second);
    // The same epoch has the same order, whatever was drawn before; another seed has another.
    assert_eq!(second, order(&batches, 1));
    assert_ne!(second, order(&Batches { seed: 6, ..batches }, 1));
    let ranges: Vec<_> = batches.ranges().collect();
    assert_eq!(ranges.len(), 11);
    assert_eq!(ranges[10], 100..103);
    let mut taken: Vec<u32> = ranges.into_iter().flat_map(|r| first[r].to_vec()).collect();
    taken.sort_unstable();
    assert_eq!(taken, (0..103).collect::<Vec<u32>>());
}
