//! The generators: the structure that their settings promise, and pinned numbers.

use cognate::Error;
use cognate::data::generate::{
    BlobsConfig, Classification, ClassificationConfig, RegressionConfig, make_blobs,
    make_classification, make_regression,
};

fn unshuffled() -> ClassificationConfig {
    ClassificationConfig {
        shuffle: false,
        flip_y: 0.0,
        ..ClassificationConfig::default()
    }
}

fn column(x: &[f64], width: usize, j: usize) -> Vec<f64> {
    x.iter().skip(j).step_by(width).copied().collect()
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn variance(x: &[f64]) -> f64 {
    let m = mean(x);
    mean(&x.iter().map(|x| (x - m) * (x - m)).collect::<Vec<_>>())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn counts(y: &[u32], classes: u32) -> Vec<usize> {
    (0..classes)
        .map(|class| y.iter().filter(|&&c| c == class).count())
        .collect()
}

/// FNV-1a over the bits of all numbers.
fn hash(x: &[f64]) -> u64 {
    let bytes = x.iter().flat_map(|x| x.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[test]
fn redundant_features_are_combinations_and_repeated_ones_copies() {
    let config = ClassificationConfig {
        rows: 60,
        features: 9,
        redundant: 3,
        repeated: 2,
        ..unshuffled()
    };
    let x = make_classification(&config, 1).unwrap().x;
    let columns: Vec<_> = (0..9).map(|j| column(&x, 9, j)).collect();
    let (a, b) = (&columns[0], &columns[1]);
    let gram = [dot(a, a), dot(a, b), dot(b, b)];
    let determinant = gram[0] * gram[2] - gram[1] * gram[1];
    for redundant in &columns[2..5] {
        // The least squares fit on the two informative features leaves nothing.
        let (ar, br) = (dot(a, redundant), dot(b, redundant));
        let on_a = (gram[2] * ar - gram[1] * br) / determinant;
        let on_b = (gram[0] * br - gram[1] * ar) / determinant;
        assert!(on_a.abs() <= 1.0 && on_b.abs() <= 1.0);
        let scale = dot(redundant, redundant).sqrt();
        for ((r, a), b) in redundant.iter().zip(a).zip(b) {
            assert!((r - on_a * a - on_b * b).abs() <= 1e3 * f64::EPSILON * scale);
        }
    }
    for repeated in &columns[5..7] {
        assert!(columns[..5].contains(repeated));
    }
    // Noise features are standard normal: 4 standard deviations of the mean and of the variance of 60 rows.
    for noise in &columns[7..] {
        assert!(mean(noise).abs() < 4.0 / 60_f64.sqrt());
        assert!((variance(noise) - 1.0).abs() < 4.0 * (2.0 / 60_f64).sqrt());
    }
}

/// A cluster's mean is its corner, within 4 standard deviations: a feature's variance is at most the number of informative features.
#[test]
fn clusters_lie_at_different_corners_of_the_cube() {
    let config = ClassificationConfig {
        rows: 4000,
        features: 3,
        informative: 3,
        redundant: 0,
        class_sep: 2.0,
        ..unshuffled()
    };
    let set = make_classification(&config, 2).unwrap();
    let limit = 4.0 * (3.0 / 1000_f64).sqrt();
    let corners: Vec<Vec<i32>> = set
        .x
        .chunks(3000)
        .map(|cluster| {
            (0..3)
                .map(|j| {
                    let center = mean(&column(cluster, 3, j));
                    assert!((center.abs() - 2.0).abs() < limit, "{center}");
                    center.signum() as i32
                })
                .collect()
        })
        .collect();
    assert_eq!(corners.len(), 4);
    assert!((0..4).all(|i| !corners[..i].contains(&corners[i])));
    // Clusters belong to the classes in turn.
    let classes: Vec<u32> = set.y.chunks(1000).map(|cluster| cluster[0]).collect();
    assert_eq!(classes, [0, 1, 0, 1]);
}

#[test]
fn classes_have_their_shares() {
    let sizes = |weights: &[f64], rows, classes| {
        let config = ClassificationConfig {
            rows,
            classes,
            informative: 4,
            weights: Some(weights.to_vec()),
            ..unshuffled()
        };
        make_classification(&config, 0).map(|set| counts(&set.y, classes as u32))
    };
    assert_eq!(sizes(&[0.25], 100, 2), Ok(vec![25, 75]));
    assert_eq!(sizes(&[3.0, 1.0], 100, 2), Ok(vec![75, 25]));
    assert_eq!(sizes(&[0.5, 0.25, 0.25], 200, 3), Ok(vec![100, 50, 50]));
    for wrong in [&[0.5, 0.5, 0.5, 0.5][..], &[], &[1.5], &[-0.1], &[0.0, 0.0]] {
        assert!(matches!(sizes(wrong, 100, 2), Err(Error::Setting { .. })));
    }
}

#[test]
fn flips_change_labels_alone() {
    let config = ClassificationConfig {
        rows: 4000,
        classes: 4,
        informative: 5,
        ..ClassificationConfig::default()
    };
    let with = |flip_y| {
        make_classification(
            &ClassificationConfig {
                flip_y,
                ..config.clone()
            },
            3,
        )
        .unwrap()
    };
    let (none, some) = (with(0.0), with(0.2));
    assert_eq!(none.x, some.x);
    // A flipped row keeps its class one time in four: 15 % change, within 4 standard deviations.
    let changed = none.y.iter().zip(&some.y).filter(|(a, b)| a != b).count() as f64 / 4000.0;
    assert!((changed - 0.15).abs() < 4.0 * (0.15 * 0.85 / 4000_f64).sqrt());
}

#[test]
fn shuffling_keeps_each_row_together() {
    let config = ClassificationConfig {
        rows: 30,
        features: 4,
        ..unshuffled()
    };
    let plain = make_classification(&config, 4).unwrap();
    let shuffled = ClassificationConfig {
        shuffle: true,
        ..config
    };
    let shuffled = make_classification(&shuffled, 4).unwrap();
    assert_ne!(plain, shuffled);
    let rows = |set: &Classification| {
        let sorted = |(x, y): (&[f64], &u32)| {
            let mut bits: Vec<u64> = x.iter().map(|x| x.to_bits()).collect();
            bits.sort_unstable();
            (bits, *y)
        };
        let mut rows: Vec<_> = set.x.chunks(4).zip(&set.y).map(sorted).collect();
        rows.sort();
        rows
    };
    assert_eq!(rows(&plain), rows(&shuffled));
}

#[test]
fn shift_and_scale_are_applied_in_this_order() {
    let base = make_classification(&unshuffled(), 5).unwrap().x;
    let with = |shift, scale| {
        let config = ClassificationConfig {
            shift,
            scale,
            ..unshuffled()
        };
        make_classification(&config, 5).unwrap().x
    };
    let fixed = with(Some(3.0), Some(2.0));
    assert!(base.iter().zip(&fixed).all(|(x, z)| (x + 3.0) * 2.0 == *z));
    let drawn = with(Some(0.0), None);
    for j in 0..20 {
        let scale = drawn[j] / base[j];
        assert!((1.0 - f64::EPSILON..101.0).contains(&scale));
    }
}

#[test]
fn without_the_cube_corners_come_inwards() {
    let far = |hypercube| {
        let config = ClassificationConfig {
            hypercube,
            class_sep: 100.0,
            rows: 8,
            features: 3,
            informative: 3,
            redundant: 0,
            ..unshuffled()
        };
        let x = make_classification(&config, 6).unwrap().x;
        x.iter().map(|x| x.abs()).sum::<f64>() / x.len() as f64
    };
    assert!(far(true) > 90.0);
    assert!(far(false) < 80.0);
}

#[test]
fn targets_are_the_coefficients_products() {
    let config = RegressionConfig {
        rows: 40,
        features: 12,
        informative: 5,
        targets: 2,
        bias: 3.0,
        ..RegressionConfig::default()
    };
    for shuffle in [false, true] {
        let config = RegressionConfig { shuffle, ..config };
        let set = make_regression(&config, 0).unwrap();
        let matters = |j: &usize| set.coef[2 * j..2 * j + 2].iter().all(|&c| c > 0.0);
        assert_eq!((0..12).filter(matters).count(), 5);
        assert!(set.coef.iter().all(|c| (0.0..100.0).contains(c)));
        assert!(shuffle || (0..5).all(|j| matters(&j)));
        for (row, y) in set.x.chunks(12).zip(set.y.chunks(2)) {
            for t in 0..2 {
                let exact = dot(row, &column(&set.coef, 2, t)) + 3.0;
                let size: f64 = row.iter().map(|x| x.abs() * 100.0).sum();
                assert!((y[t] - exact).abs() <= 16.0 * f64::EPSILON * size);
            }
        }
    }
}

#[test]
fn noise_has_its_standard_deviation() {
    let config = RegressionConfig {
        rows: 4000,
        features: 3,
        ..RegressionConfig::default()
    };
    let clean = make_regression(&config, 1).unwrap();
    let noisy = make_regression(
        &RegressionConfig {
            noise: 5.0,
            ..config
        },
        1,
    )
    .unwrap();
    assert_eq!(clean.x, noisy.x);
    let noise: Vec<f64> = noisy.y.iter().zip(&clean.y).map(|(a, b)| a - b).collect();
    assert!((variance(&noise) / 25.0 - 1.0).abs() < 4.0 * (2.0 / 4000_f64).sqrt());
}

/// `trace(X'X)` is the sum of the squared singular values, and `||X'X||^2` that of their fourth powers.
#[test]
fn an_effective_rank_gives_the_singular_values() {
    let (rows, features, rank) = (30, 8, 3);
    let config = RegressionConfig {
        rows,
        features,
        effective_rank: Some(rank),
        tail_strength: 0.25,
        ..RegressionConfig::default()
    };
    let x = make_regression(&config, 2).unwrap().x;
    let columns: Vec<_> = (0..features).map(|j| column(&x, features, j)).collect();
    let singular = |i: usize| {
        let ratio = i as f64 / rank as f64;
        0.75 * (-ratio * ratio).exp() + 0.25 * (-0.1 * ratio).exp()
    };
    let powers = |k| (0..features).map(|i| singular(i).powi(k)).sum::<f64>();
    let trace: f64 = columns.iter().map(|c| dot(c, c)).sum();
    let entries = columns
        .iter()
        .flat_map(|a| columns.iter().map(move |b| dot(a, b)));
    let squares: f64 = entries.map(|entry| entry * entry).sum();
    let limit = 64.0 * rows as f64 * f64::EPSILON;
    assert!((trace - powers(2)).abs() <= limit * powers(2));
    assert!((squares - powers(4)).abs() <= limit * powers(4));
}

#[test]
fn blobs_lie_around_their_centers() {
    let config = BlobsConfig {
        rows: 3001,
        clusters: 3,
        centers: Some(vec![0.0, 0.0, 50.0, 0.0, 0.0, 50.0]),
        cluster_std: vec![1.0, 2.0, 0.5],
        ..BlobsConfig::default()
    };
    let set = make_blobs(&config, 0).unwrap();
    assert_eq!(counts(&set.y, 3), [1001, 1000, 1000]);
    for (class, std) in (0..).zip(&config.cluster_std) {
        let rows = set.x.chunks(2).zip(&set.y).filter(|(_, y)| **y == class);
        let x: Vec<f64> = rows.flat_map(|(x, _)| x.to_vec()).collect();
        for j in 0..2 {
            let (x, center) = (column(&x, 2, j), set.centers[2 * class as usize + j]);
            assert!((mean(&x) - center).abs() < 4.0 * std / 1000_f64.sqrt());
            let ratio = variance(&x) / (std * std);
            assert!((ratio - 1.0).abs() < 4.0 * (2.0 / 1000_f64).sqrt());
        }
    }
    let drawn = make_blobs(&BlobsConfig::default(), 1).unwrap();
    assert_eq!(drawn.centers.len(), 6);
    assert!(drawn.centers.iter().all(|c| (-10.0..=10.0).contains(c)));
}

#[test]
fn settings_out_of_range_are_named() {
    let classes = |change: fn(&mut ClassificationConfig)| {
        let mut config = ClassificationConfig::default();
        change(&mut config);
        match make_classification(&config, 0) {
            Err(Error::Setting { name, .. }) => name,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(classes(|c| c.features = 3), "features");
    assert_eq!(classes(|c| c.rows = 0), "rows");
    assert_eq!(classes(|c| c.classes = 3), "classes x clusters");
    assert_eq!(classes(|c| c.classes = 0), "classes x clusters");
    assert_eq!(classes(|c| c.informative = 0), "informative");
    assert_eq!(classes(|c| c.flip_y = 1.5), "flip_y");
    assert_eq!(classes(|c| c.class_sep = f64::NAN), "class_sep");
    let regression = |config| make_regression(&config, 0).is_err();
    let default = RegressionConfig::default();
    assert!(regression(RegressionConfig { rows: 0, ..default }));
    assert!(regression(RegressionConfig {
        noise: -1.0,
        ..default
    }));
    assert!(regression(RegressionConfig {
        tail_strength: 2.0,
        ..default
    }));
    assert!(regression(RegressionConfig {
        effective_rank: Some(0),
        ..default
    }));
    let blobs = |change: fn(&mut BlobsConfig)| {
        let mut config = BlobsConfig::default();
        change(&mut config);
        make_blobs(&config, 0).is_err()
    };
    assert!(blobs(|c| c.clusters = 0));
    assert!(blobs(|c| c.cluster_std = vec![1.0, 1.0]));
    assert!(blobs(|c| c.cluster_std = vec![-1.0]));
    assert!(blobs(|c| c.centers = Some(vec![0.0])));
    assert!(blobs(|c| c.center_box = (1.0, -1.0)));
}

/// Seed 42 means these numbers for ever.
#[test]
fn tables_are_pinned() {
    let config = ClassificationConfig {
        rows: 1000,
        redundant: 10,
        clusters_per_class: 1,
        flip_y: 0.05,
        ..ClassificationConfig::default()
    };
    let classes = make_classification(&config, 42).unwrap();
    let regression = make_regression(&RegressionConfig::default(), 42).unwrap();
    let blobs = make_blobs(&BlobsConfig::default(), 42).unwrap();
    let hashes = [&classes.x, &regression.x, &regression.y, &blobs.x].map(|x| hash(x));
    assert_eq!(
        hashes,
        [
            4_442_580_941_868_169_751,
            15_489_854_575_550_811_384,
            13_132_696_571_241_811_836,
            14_748_895_870_557_299_589,
        ]
    );
    assert_eq!(counts(&classes.y, 2), [484, 516]);
}
