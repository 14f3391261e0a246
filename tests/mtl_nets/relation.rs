//! The penalty on heads equals `1/2 tr(W P W')` written out, with its gradient, which is also its Hessian product.

use cognate::mtl::net::{HeadRelation, MultiTaskMlp};
use cognate::mtl::{Kind, TaskSet};
use cognate::params::LayoutBuf;
use cognate::{Level, MatRef};

use crate::harness::close;
use crate::support::scalar::sum;
use crate::support::{Bounded, Dual, Random, Scalar};

const TASKS: usize = 4;
const SHAPE: (usize, usize) = (5, 3);

/// `1/2 sum_st P_st sum_k w_sk w_tk`, the heads' numbers one after the other.
fn penalty<S: Scalar>(precision: &[f64], heads: &[S]) -> S {
    let len = SHAPE.0 * SHAPE.1;
    let pair = |(st, &weight): (usize, &f64)| {
        let (s, t) = (st / TASKS, st % TASKS);
        let products = (0..len).map(|k| heads[s * len + k] * heads[t * len + k]);
        S::exact(0.5 * weight) * sum(products)
    };
    sum(precision.iter().enumerate().map(pair))
}

#[test]
fn the_penalty_is_the_trace() {
    let mut random = Random::new(5);
    let (mut layout, mut heads) = (LayoutBuf::new(), Vec::new());
    for t in 0..TASKS {
        heads.push(layout.add_weight(&format!("{t}.weight"), SHAPE.0, SHAPE.1));
        layout.add(&format!("{t}.bias"), 1, SHAPE.1);
    }
    let mut precision = random.numbers(TASKS * TASKS);
    for s in 0..TASKS {
        for t in 0..s {
            precision[t * TASKS + s] = precision[s * TASKS + t];
        }
    }
    let relation = HeadRelation::new(&heads, &precision).unwrap();
    let params = layout.view().len();
    let (p, before) = (random.numbers(params), random.numbers(params));
    let mut out = before.clone();
    relation.add_product(Level::detect(), 0.5, &p, &mut out);
    let of_heads = |numbers: &[f64]| -> Vec<f64> {
        heads.iter().flat_map(|h| h.of(numbers).to_vec()).collect()
    };
    let (w, added, start) = (of_heads(&p), of_heads(&out), of_heads(&before));
    let exact = |w: &[f64]| -> Vec<Bounded> { w.iter().map(|&w| Bounded::exact(w)).collect() };
    close::<f64>(
        "R",
        relation.value(Level::detect(), &p),
        penalty(&precision, &exact(&w)),
    )
    .unwrap();
    for k in 0..w.len() {
        let number = |(at, &w): (usize, &f64)| Dual {
            value: Bounded::exact(w),
            slope: Bounded::exact(f64::from(u8::from(at == k))),
        };
        let moved: Vec<Dual<Bounded>> = w.iter().enumerate().map(number).collect();
        let slope = penalty(&precision, &moved).slope;
        let wanted = Bounded::exact(start[k]) + Bounded::exact(0.5) * slope;
        close::<f64>("dR", added[k], wanted).unwrap();
    }
    for (t, head) in heads.iter().enumerate() {
        let bias = head.range().end..head.range().end + SHAPE.1;
        assert_eq!(out[bias.clone()], before[bias], "bias of {t}");
    }
}

#[test]
fn heads_that_cannot_be_related_are_refused() {
    let mut layout = LayoutBuf::new();
    let heads = [layout.add("a", 3, 2), layout.add("b", 3, 1)];
    let message = |r: cognate::Result<HeadRelation>| r.unwrap_err().to_string();
    let identity = [1.0, 0.0, 0.0, 1.0];
    assert_eq!(
        message(HeadRelation::new(&heads, &identity)),
        "heads is 3 x 1, but 3 x 2 is needed"
    );
    let same = [heads[0]; 2];
    assert_eq!(
        message(HeadRelation::new(&same, &[1.0; 3])),
        "precision is 3 x 1, but 4 x 1 is needed"
    );
    let skew = [1.0, 0.5, 0.25, 1.0];
    assert_eq!(
        message(HeadRelation::new(&same, &skew)),
        "precision must be symmetric, not 0.5"
    );
    let broken = [1.0, f64::NAN, f64::NAN, 1.0];
    assert!(message(HeadRelation::new(&same, &broken)).contains("row 0, column 1"));
}

/// The trained heads of three tasks of one direction, by strength of a relation that holds them together.
#[test]
fn a_strong_relation_makes_heads_alike() {
    let mut random = Random::new(8);
    let x = random.numbers(60 * 3);
    let y: Vec<f64> = (0..60 * 3).map(|k| x[k / 3 * 3] * (k % 3) as f64).collect();
    let x = MatRef::planned(&x, 60, 3);
    let tasks = [
        ("a", Kind::Number),
        ("b", Kind::Number),
        ("c", Kind::Number),
    ];
    let set = TaskSet::wide(x, MatRef::planned(&y, 60, 3), &tasks, None).unwrap();
    let spread = |strength: f64| {
        // Differences from the mean of the tasks cost, the mean is free.
        let centre = |k: usize| f64::from(u8::from(k / 3 == k % 3)) - 1.0 / 3.0;
        let precision: Vec<f64> = (0..9).map(|k| strength * centre(k)).collect();
        let mlp = MultiTaskMlp::default()
            .with_hidden_layer_sizes(&[])
            .with_alpha(0.0)
            .with_relation(&precision)
            .with_learning_rate_init(0.02)
            .with_batch_size(60)
            .with_max_iter(400)
            .with_tol(0.0);
        let (network, _) = mlp.fit(&set).unwrap();
        let layout = network.layout();
        let slope = |name: &str| layout.find(name).unwrap().of(network.params())[0];
        slope("head.c.weight") - slope("head.a.weight")
    };
    // Free heads find 2 and 0; at 0.01 a unit of the sum over rows, 0.01 / 60 of the mean, next to no change.
    let (free, weak, strong) = (spread(0.0), spread(0.01), spread(1e4));
    assert!((free - 2.0).abs() < 0.02, "{free}");
    assert!((weak - free).abs() < 0.02, "{weak} {free}");
    assert!(strong.abs() < 0.05, "{strong}");
    let uneven = MultiTaskMlp::default().with_relation(&[1.0, 0.0, 0.0]);
    let message = uneven.fit(&set).unwrap_err().to_string();
    assert_eq!(message, "precision is 3 x 1, but 9 x 1 is needed");
}
