//! Every head's adjoint against differences of its own outputs, in both forms, weighted, with rows that have no label.

use cognate::MatRef;
use cognate::loss::Targets;
use cognate::meta::heads::{
    HeadAdjoint, LogisticHead, PrototypeHead, RidgeHead, Shape, prototypes_as_linear,
    prototypes_as_linear_adjoint,
};
use cognate::{Level, MatMut, Real};

use crate::differences::{assert_close, gradient};
use crate::fit::{Fit, start};
use crate::random::Random;

/// Differences of fourth order: rounding's part is about 1e-12 times the sum's size, a fit's own conditioning (below 1e3) on top.
const TOLERANCE: f64 = 1e-8;

/// Targets of the support rows.
struct Labels {
    classes: Vec<u32>,
    values: Vec<f64>,
    weights: Vec<f64>,
    mask: Vec<bool>,
}

impl Labels {
    fn new(n: usize, c: usize, random: &mut Random) -> Self {
        let mut mask = vec![true; n];
        mask[n - 1] = false;
        Self {
            classes: (0..n).map(|i| (i % c) as u32).collect(),
            values: (0..n * c).map(|_| 0.5 + 0.4 * random.number()).collect(),
            weights: (0..n).map(|_| 1.0 + 0.5 * random.number()).collect(),
            mask,
        }
    }

    fn classes(&self) -> Targets<'_, f64> {
        Targets::classes(&self.classes)
            .weighted(Some(&self.weights))
            .masked(Some(&self.mask))
    }

    fn values<'a>(&'a self, values: &'a [f64], c: usize) -> Targets<'a, f64> {
        Targets::values(MatRef::planned(values, values.len() / c, c)).weighted(Some(&self.weights))
    }
}

/// `sum c z` of the query's outputs against the adjoint of `c`.
fn check<H: HeadAdjoint<f64> + Copy>(
    what: &str,
    head: H,
    p: &[f64],
    shape: Shape,
    y: Targets<'_, f64>,
    random: &mut Random,
) {
    let h = random.numbers(shape.support * shape.features);
    let query = random.numbers(shape.query * shape.features);
    let dz = random.numbers(shape.query * shape.outputs);
    let value = |p: &[f64], h: &[f64], query: &[f64]| -> f64 {
        let z = Fit::new(head, p, shape, (h, y), query).outputs();
        z.iter().zip(&dz).map(|(z, d)| z * d).sum()
    };
    let g = Fit::new(head, p, shape, (&h, y), &query).gradients(&dz);
    let by = |of: &str| format!("{what}, {shape:?}: {of}");
    let wanted = gradient(&h, |h| value(p, h, &query));
    assert_close(&by("support"), &g.support, &wanted, TOLERANCE);
    let wanted = gradient(&query, |query| value(p, &h, query));
    assert_close(&by("query"), &g.query, &wanted, TOLERANCE);
    let wanted = gradient(p, |p| value(p, &h, &query));
    assert_close(&by("params"), &g.params, &wanted, TOLERANCE);
}

/// More rows than columns, as many, fewer.
fn shapes() -> Vec<Shape> {
    let shape = |(support, features)| Shape {
        support,
        query: 4,
        features,
        outputs: 3,
    };
    [(6, 8), (7, 6), (12, 4), (9, 1)].map(shape).to_vec()
}

#[test]
fn ridge_and_logistic() {
    let random = &mut Random::new(1);
    for shape in shapes() {
        let labels = Labels::new(shape.support, shape.outputs, random);
        for (bias, per_weight) in [(true, true), (true, false), (false, true), (false, false)] {
            let ridge = RidgeHead::default()
                .with_bias(bias)
                .with_per_weight(per_weight);
            let logistic = LogisticHead::default()
                .with_bias(bias)
                .with_per_weight(per_weight);
            let p = [0.3f64.ln(), 1.3, 0.2];
            check("ridge", ridge, &p, shape, labels.classes(), random);
            check("logistic", logistic, &p, shape, labels.classes(), random);
            let values = labels.values(&labels.values, shape.outputs);
            check("ridge on numbers", ridge, &p, shape, values, random);
            check("logistic on numbers", logistic, &p, shape, values, random);
        }
    }
}

#[test]
fn targets_of_ridge_and_logistic() {
    let random = &mut Random::new(2);
    for shape in shapes() {
        let labels = Labels::new(shape.support, shape.outputs, random);
        let h = random.numbers(shape.support * shape.features);
        let query = random.numbers(shape.query * shape.features);
        let dz = random.numbers(shape.query * shape.outputs);
        check_targets(RidgeHead::default(), shape, &labels, (&h, &query, &dz));
        check_targets(LogisticHead::default(), shape, &labels, (&h, &query, &dz));
    }
}

fn check_targets<H: HeadAdjoint<f64> + Copy>(
    head: H,
    shape: Shape,
    labels: &Labels,
    (h, query, dz): (&[f64], &[f64], &[f64]),
) {
    let fit = |values: &[f64]| -> f64 {
        let y = labels.values(values, shape.outputs);
        let z = Fit::new(head, &start(&head), shape, (h, y), query).outputs();
        z.iter().zip(dz).map(|(z, d)| z * d).sum()
    };
    let y = labels.values(&labels.values, shape.outputs);
    let g = Fit::new(head, &start(&head), shape, (h, y), query).gradients(dz);
    let wanted = gradient(&labels.values, fit);
    assert_close("targets", &g.targets, &wanted, TOLERANCE);
}

#[test]
fn prototypes() {
    let random = &mut Random::new(3);
    for shape in shapes() {
        let labels = Labels::new(shape.support, shape.outputs, random);
        let y = labels.classes();
        check("squared", PrototypeHead::SQUARED, &[], shape, y, random);
        check("cosine", PrototypeHead::COSINE, &[0.7], shape, y, random);
    }
}

/// Outputs and gradients of `head` on the numbers of `T`, rounded from f64.
fn outcome<T: Real, H: HeadAdjoint<T>>(
    head: H,
    shape: Shape,
    labels: &[u32],
    [h, query, dz]: [&[f64]; 3],
) -> Vec<f64> {
    let typed = |x: &[f64]| x.iter().map(|&x| T::from_f64(x)).collect::<Vec<_>>();
    let (h, query, p) = (typed(h), typed(query), start(&head));
    let y = Targets::classes(labels);
    let mut fit = Fit::new(head, &p, shape, (&h, y), &query);
    let (z, g) = (fit.outputs(), fit.gradients(&typed(dz)));
    let all = [z, g.support, g.query, g.targets, g.params].concat();
    all.into_iter().map(|v| v.to_f64()).collect()
}

/// Single precision differs from double by what rounding does to a system of condition `(|X|^2 + r) / r`: the solution by
/// `(n + p) eps` times that, a gradient, in which two solutions meet, by twice as much; 8 for the constants of the bounds (Higham 2002,
/// theorem 10.4), of the largest number.
#[test]
fn single_precision() {
    let random = &mut Random::new(5);
    for shape in shapes() {
        let labels: Vec<u32> = (0..shape.support).map(|i| (i % 3) as u32).collect();
        let sizes = [
            shape.support * shape.features,
            shape.query * shape.features,
            shape.query * 3,
        ];
        let [h, query, dz] = sizes.map(|n| random.numbers(n));
        let squares: f64 = h.iter().map(|h| h * h).sum::<f64>() + shape.support as f64;
        let steps = (shape.support + shape.features + 1) as f64;
        let bound = |condition: f64| 16.0 * steps * f64::from(f32::EPSILON) * condition;
        let data = [&h[..], &query, &dz];
        fn compare<H: HeadAdjoint<f32> + HeadAdjoint<f64> + Copy>(
            head: H,
            shape: Shape,
            labels: &[u32],
            data: [&[f64]; 3],
            bound: f64,
        ) {
            let single = outcome::<f32, H>(head, shape, labels, data);
            let double = outcome::<f64, H>(head, shape, labels, data);
            assert_close("f32", &single, &double, bound);
        }
        let ridge = RidgeHead::default().with_per_weight(false);
        compare(ridge, shape, &labels, data, bound(squares + 1.0));
        let logistic = LogisticHead::default();
        compare(logistic, shape, &labels, data, bound(squares / 4.0 + 1.0));
        compare(PrototypeHead::SQUARED, shape, &labels, data, bound(1.0));
        compare(PrototypeHead::COSINE, shape, &labels, data, bound(10.0));
    }
}

#[test]
fn a_vector_of_length_zero_has_no_direction() {
    let shape = Shape {
        support: 2,
        query: 1,
        features: 2,
        outputs: 2,
    };
    let y = Targets::classes(&[0, 1]);
    let mut fit = Fit::new(
        PrototypeHead::COSINE,
        &[0.0],
        shape,
        (&[0.0, 0.0, 1.0, 0.0], y),
        &[0.0; 2],
    );
    assert_eq!(fit.outputs(), [0.0, 0.0]);
    let g = fit.gradients(&[1.0, 1.0]);
    assert_eq!((g.support, g.query), (vec![0.0; 4], vec![0.0; 2]));
}

#[test]
fn prototypes_as_a_linear_head() {
    let random = &mut Random::new(4);
    let (c, d) = (3, 4);
    let (p, cotangent) = (random.numbers(c * d), random.numbers((d + 1) * c));
    let linear = |p: &[f64]| {
        let mut map = vec![0.0; (d + 1) * c];
        let (weights, bias) = map.split_at_mut(d * c);
        let weights = MatMut::planned(weights, d, c);
        prototypes_as_linear(MatRef::planned(p, c, d), weights, bias, Level::detect());
        map
    };
    let wanted = gradient(&p, |p| {
        linear(p).iter().zip(&cotangent).map(|(m, c)| m * c).sum()
    });
    let mut dp = vec![0.0; c * d];
    prototypes_as_linear_adjoint(
        MatRef::planned(&p, c, d),
        MatRef::planned(&cotangent, d, c),
        &cotangent[d * c..],
        MatMut::planned(&mut dp, c, d),
    );
    assert_close("prototypes", &dp, &wanted, TOLERANCE);
    // The logits differ from squared distances by |h|^2, the same for all classes of a row.
    let shape = Shape {
        support: c,
        query: 1,
        features: d,
        outputs: c,
    };
    let h = random.numbers(d);
    let z = Fit::new(
        PrototypeHead::SQUARED,
        &[],
        shape,
        (&p, Targets::classes(&[0, 1, 2])),
        &h,
    )
    .outputs();
    let (map, square) = (linear(&p), h.iter().map(|h| h * h).sum::<f64>());
    for (j, z) in z.iter().enumerate() {
        let product: f64 = (0..d).map(|i| h[i] * map[i * c + j]).sum();
        assert!((product + map[d * c + j] - square - z).abs() < 1e-14);
    }
}
