//! Splits, folds and batches: what each of them promises, over random inputs.

use cognate::Error;
use cognate::data::batches::Batches;
use cognate::data::split::{
    GroupKFold, KFold, Split, StratifiedKFold, TestSize, group_split, stratified_split,
    train_test_split,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

#[path = "support/known.rs"]
mod known;
use known::floats;

fn answers() -> Value {
    serde_json::from_str(include_str!("data/data.json")).unwrap()
}

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

#[test]
fn splits_have_scikit_learn_s_sizes() {
    let known = answers();
    for case in known["test_sizes"].as_array().unwrap() {
        let [rows, share, test] = floats(case)[..] else {
            panic!("three numbers")
        };
        let split = train_test_split(rows as usize, TestSize::Fraction(share), 0).unwrap();
        assert_eq!(split.test.len() as f64, test, "{share} of {rows}");
    }
    for case in known["fold_sizes"].as_array().unwrap() {
        let (rows, sizes) = (floats(case)[0] as usize, &floats(case)[1..]);
        let folds = sizes.len();
        let splits = KFold { folds, seed: 0 }.split(rows).unwrap();
        let ours: Vec<f64> = splits.iter().map(|s| s.test.len() as f64).collect();
        assert_eq!(ours, sizes);
    }
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
