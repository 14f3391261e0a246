//! The streams of `cognate::rng`: pinned for ever, uniform, unbiased.

use cognate::rng::{Rng, hash, hash_name, rng};
use serde_json::Value;

#[path = "support/known.rs"]
mod known;
use known::floats;

fn golden() -> Value {
    serde_json::from_str(include_str!("data/rng.json")).unwrap()
}

fn word(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap(), 16).unwrap()
}

fn integers(value: &Value) -> Vec<usize> {
    let items = value.as_array().unwrap();
    items.iter().map(|v| v.as_u64().unwrap() as usize).collect()
}

#[test]
fn words_and_hashes_are_pinned() {
    let golden = golden();
    let mut stream = rng(0, "split", 0);
    for expected in golden["words"].as_array().unwrap() {
        assert_eq!(stream.next_u64(), word(expected));
    }
    assert_eq!(hash(&[1, 2, 3]), word(&golden["hash_1_2_3"]));
    assert_eq!(
        hash_name("layers.0.weight"),
        word(&golden["hash_name_layer"])
    );
}

#[test]
fn numbers_have_the_bits_of_the_second_implementation() {
    let golden = golden();
    let uniform: Vec<f64> = (0..16).map(|i| rng(7, "uniform", i).uniform()).collect();
    assert_eq!(uniform, floats(&golden["uniform"]));
    let mut normals = rng(1, "normal", 2);
    let normal: Vec<f64> = (0..2000).map(|_| normals.normal()).collect();
    let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&normal[1600..]), bits(&floats(&golden["normal"])));
    for pair in golden["below"].as_array().unwrap() {
        let [n, expected] = integers(pair)[..] else {
            panic!("a pair")
        };
        assert_eq!(rng(7, "below", n as u64 % 1000).below(n), expected);
    }
}

#[test]
fn orders_are_pinned() {
    let golden = golden();
    assert_eq!(
        rng(3, "order", 0).permutation(12),
        integers(&golden["shuffled_12"])
    );
    assert_eq!(
        rng(3, "choice", 1).choose(20, 5),
        integers(&golden["choose_5_of_20"])
    );
}

#[test]
fn every_argument_of_rng_matters() {
    let first = |mut r: Rng| r.next_u64();
    let streams = [
        first(rng(0, "a", 0)),
        first(rng(1, "a", 0)),
        first(rng(0, "b", 0)),
        first(rng(0, "a", 1)),
        first(rng(1, "a", 1)),
        first(rng(0, "", 0)),
    ];
    for (i, a) in streams.iter().enumerate() {
        assert!(streams[..i].iter().all(|b| a != b), "stream {i} repeats");
    }
}

/// The sum of squared differences from equal counts, in units of the expected count: about `cells` if they are equally likely, with a
/// standard deviation of `sqrt(2 cells)`.
fn chi_square(counts: &[usize]) -> f64 {
    let expected = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    let squares = counts.iter().map(|&c| (c as f64 - expected).powi(2));
    squares.sum::<f64>() / expected
}

fn assert_even(counts: &[usize]) {
    let cells = counts.len() as f64 - 1.0;
    let excess = (chi_square(counts) - cells) / (2.0 * cells).sqrt();
    assert!(excess.abs() < 4.0, "{excess} standard deviations from even");
}

#[test]
fn orders_choices_and_integers_are_even() {
    let mut stream = rng(11, "test", 0);
    let (mut orders, mut chosen, mut below) = (vec![0; 27], vec![0; 6], vec![0; 7]);
    for _ in 0..12_000 {
        let order = stream.permutation(3);
        orders[9 * order[0] + 3 * order[1] + order[2]] += 1;
        for i in stream.choose(6, 2) {
            chosen[i] += 1;
        }
        below[stream.below(7)] += 1;
    }
    orders.retain(|&count| count > 0);
    assert_eq!(orders.len(), 6);
    [orders, chosen, below]
        .iter()
        .for_each(|counts| assert_even(counts));
}

#[test]
fn normal_numbers_have_the_normal_distribution_s_moments() {
    let n = 40_000;
    let mut stream = rng(5, "test", 1);
    let moments = (0..n).fold([0.0; 4], |sums, _| {
        let z = stream.normal();
        [
            sums[0] + z,
            sums[1] + z * z,
            sums[2] + z * z * z,
            sums[3] + z * z * z * z,
        ]
    });
    // E z^k = 0, 1, 0, 3; the variance of z^k is 1, 2, 15, 96.
    for (k, (mean, variance)) in [(0.0, 1.0), (1.0, 2.0), (0.0, 15.0), (3.0, 96.0)]
        .iter()
        .enumerate()
    {
        let error = moments[k] / f64::from(n) - mean;
        let limit = 4.0 * f64::sqrt(variance / f64::from(n));
        assert!(
            error.abs() < limit,
            "moment {}: off by {error}, limit {limit}",
            k + 1
        );
    }
}

#[test]
fn ranges_hold() {
    let mut stream = rng(2, "test", 2);
    for _ in 0..1000 {
        assert!((0.0..1.0).contains(&stream.uniform()));
        assert!((-3.0..=5.0).contains(&stream.uniform_in(-3.0, 5.0)));
        assert!(stream.below(3) < 3);
    }
    assert_eq!(stream.below(1), 0);
    assert!(stream.choose(4, 0).is_empty());
    assert!(stream.permutation(0).is_empty());
}

#[test]
#[should_panic(expected = "no integer below 0")]
fn below_zero_is_a_caller_s_error() {
    rng(0, "test", 0).below(0);
}
