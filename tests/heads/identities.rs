//! What must hold of every head, exactly or to rounding.

use cognate::loss::Targets;
use cognate::meta::heads::{
    CentroidHead, CosineHead, Frozen, Head, HeadAdjoint, LogisticHead, PrototypeHead, RidgeHead,
    Shape, Support,
};
use cognate::model::Network;
use cognate::workspace::Workspace;
use cognate::{Activation, Error, MatMut, MatRef};

use crate::differences::assert_close;
use crate::fit::{Fit, start};
use crate::random::Random;

const SHAPES: [(usize, usize); 4] = [(6, 8), (9, 8), (12, 4), (5, 1)];

fn shape((support, features): (usize, usize)) -> Shape {
    Shape {
        support,
        query: 3,
        features,
        outputs: 2,
    }
}

/// Rows, classes, weights and queries of one shape.
struct Data {
    h: Vec<f64>,
    labels: Vec<u32>,
    query: Vec<f64>,
}

fn data(shape: Shape, random: &mut Random) -> Data {
    Data {
        h: random.numbers(shape.support * shape.features),
        labels: (0..shape.support as u32).map(|i| i % 2).collect(),
        query: random.numbers(shape.query * shape.features),
    }
}

fn outputs<H: HeadAdjoint<f64>>(
    head: H,
    shape: Shape,
    d: &Data,
    weights: Option<&[f64]>,
) -> Vec<f64> {
    let p = start(&head);
    let y = Targets::classes(&d.labels).weighted(weights);
    Fit::new(head, &p, shape, (&d.h, y), &d.query).outputs()
}

/// Weights 2, 1, 0, 3, .. against as many copies of each row.
fn weights_are_copies<H: HeadAdjoint<f64> + Copy>(head: H, tolerance: f64) {
    let random = &mut Random::new(5);
    for sizes in SHAPES {
        let weighted = shape(sizes);
        let d = data(weighted, random);
        let counts: Vec<usize> = (0..sizes.0).map(|i| [2, 1, 0, 3, 1][i % 5]).collect();
        let weights: Vec<f64> = counts.iter().map(|&n| n as f64).collect();
        let copies = || (0..sizes.0).flat_map(|i| std::iter::repeat_n(i, counts[i]));
        let repeated = Data {
            h: copies()
                .flat_map(|i| d.h[i * sizes.1..][..sizes.1].to_vec())
                .collect(),
            labels: copies().map(|i| d.labels[i]).collect(),
            query: d.query.clone(),
        };
        let found = outputs(head, weighted, &d, Some(&weights));
        let more = Shape {
            support: repeated.labels.len(),
            ..weighted
        };
        let wanted = outputs(head, more, &repeated, None);
        assert_close("outputs", &found, &wanted, tolerance);
    }
}

#[test]
fn integer_weights_are_repeated_rows() {
    // Systems of condition below 1e3: a few hundred roundings.
    weights_are_copies(RidgeHead::default(), 1e-12);
    weights_are_copies(RidgeHead::default().with_per_weight(false), 1e-12);
    weights_are_copies(LogisticHead::default(), 1e-12);
    weights_are_copies(PrototypeHead::SQUARED, 1e-13);
    weights_are_copies(PrototypeHead::COSINE, 1e-12);
}

#[test]
fn a_row_without_weight_may_hold_anything() {
    let random = &mut Random::new(6);
    let sizes = shape((6, 8));
    let mut d = data(sizes, random);
    let mut weights = vec![1.0; 6];
    weights[2] = 0.0;
    fn both<H: HeadAdjoint<f64> + Copy>(head: H, s: Shape, d: &mut Data, w: &[f64]) {
        let before = outputs(head, s, d, Some(w));
        d.h[2 * 8..3 * 8].fill(f64::NAN);
        assert_eq!(outputs(head, s, d, Some(w)), before);
    }
    both(RidgeHead::default(), sizes, &mut d, &weights);
    both(LogisticHead::default(), sizes, &mut d, &weights);
    both(PrototypeHead::SQUARED, sizes, &mut d, &weights);
}

#[test]
fn leaving_one_out_is_refitting() {
    let random = &mut Random::new(7);
    let head = RidgeHead::default()
        .with_per_weight(false)
        .with_penalty(0.3);
    for sizes in SHAPES {
        let all = shape(sizes);
        let (n, d) = sizes;
        let data = data(all, random);
        let weights: Vec<f64> = (0..n).map(|_| 1.0 + 0.5 * random.number()).collect();
        let y = Targets::classes(&data.labels).weighted(Some(&weights));
        let p = start(&head);
        let mut fit = Fit::new(head, &p, all, (&data.h, y), &data.query);
        let mut found = vec![f64::NAN; n * 2];
        let (support, fitted, saved) = (fit.support(), fit.fitted.clone(), fit.saved.clone());
        let (head, workspace) = fit.work();
        let out = MatMut::planned(&mut found, n, 2);
        head.leave_one_out(
            &p,
            &support,
            (&fitted, &saved),
            out,
            &mut workspace.slabs().work,
        );
        for i in 0..n {
            let mut without = weights.clone();
            without[i] = 0.0;
            let y = Targets::classes(&data.labels).weighted(Some(&without));
            let one = Shape { query: 1, ..all };
            let row = &data.h[i * d..][..d];
            let z = Fit::new(*head, &p, one, (&data.h, y), row).outputs();
            for j in 0..2 {
                let wanted = z[j] - f64::from(data.labels[i] == j as u32);
                assert!((found[i * 2 + j] - wanted).abs() < 1e-12, "{i}, {j}");
            }
        }
    }
}

#[test]
fn two_classes_of_a_logistic_head_are_opposite() {
    let random = &mut Random::new(8);
    for sizes in SHAPES {
        let d = data(shape(sizes), random);
        let z = outputs(LogisticHead::default(), shape(sizes), &d, None);
        let sums: Vec<f64> = z.chunks(2).map(|z| z[0] + z[1]).collect();
        assert_close("z_0 + z_1", &sums, &[0.0; 3], 1e-13);
    }
}

/// The gradient of the logistic head's own objective vanishes, also where its labels can be separated and the penalty is small.
#[test]
fn the_logistic_head_is_at_its_optimum() {
    let random = &mut Random::new(9);
    for (sizes, penalty) in SHAPES
        .into_iter()
        .flat_map(|s| [(s, 1.0), (s, 1e-3), (s, 1e3)])
    {
        let (n, d) = sizes;
        let data = data(shape(sizes), random);
        let head = LogisticHead::default().with_penalty(penalty);
        let y = Targets::classes(&data.labels);
        let fit = Fit::new(head, &start(&head), shape(sizes), (&data.h, y), &data.query);
        for j in 0..2 {
            let weight = |i: usize| fit.fitted[i * 2 + j];
            let mut gradient: Vec<f64> = (0..=d).map(|i| penalty * weight(i)).collect();
            for (i, row) in data.h.chunks(d).enumerate() {
                let link: f64 = row.iter().enumerate().map(|(k, h)| h * weight(k)).sum();
                let pull =
                    1.0 / (1.0 + (-link - weight(d)).exp()) - f64::from(data.labels[i] == j as u32);
                row.iter()
                    .enumerate()
                    .for_each(|(k, h)| gradient[k] += pull * h);
                gradient[d] += pull;
            }
            assert_close("gradient", &gradient, &vec![0.0; d + 1], 1e-11 * n as f64);
        }
    }
}

#[test]
fn a_centroid_head_without_a_mean_ranks_as_cosines() {
    let random = &mut Random::new(10);
    let sizes = shape((2, 5));
    let d = data(sizes, random);
    let y = Targets::classes(&d.labels);
    let cosines = Fit::new(PrototypeHead::COSINE, &[0.0], sizes, (&d.h, y), &d.query).outputs();
    let head = CentroidHead::<f64> { mean: None };
    let need = head.need(&sizes);
    let (mut fitted, mut workspace) = (vec![0.0; head.fitted(&sizes)], Workspace::new(need));
    let mut slabs = workspace.slabs();
    let support = Support::new(MatRef::planned(&d.h, 2, 5), y, 2);
    head.fit(&[], &support, &mut fitted, slabs.saved, &mut slabs.work)
        .unwrap();
    let mut z = vec![0.0; 6];
    let (query, into) = (
        MatRef::planned(&d.query, 3, 5),
        MatMut::planned(&mut z, 3, 2),
    );
    head.predict(&[], &fitted, query, into, &mut slabs.work);
    // One row a class: -|u - p|^2 = 2 cos - 2.
    let wanted: Vec<f64> = cosines.iter().map(|c| 2.0 * c - 2.0).collect();
    assert_close("outputs", &z, &wanted, 1e-14);
}

/// The error of a fit that cannot be.
fn refuse<H: Head<f64>>(head: H, h: &[f64], y: Targets<'_, f64>) -> Error {
    let shape = shape((2, 2));
    let mut workspace = Workspace::new(head.need(&shape));
    let mut slabs = workspace.slabs();
    let mut fitted = vec![0.0; head.fitted(&shape)];
    let support = Support::new(MatRef::planned(h, 2, 2), y, 2);
    let p = start(&head);
    head.fit(&p, &support, &mut fitted, slabs.saved, &mut slabs.work)
        .unwrap_err()
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let (h, nan) = ([1.0, 2.0, 3.0, 4.0], [1.0, f64::NAN, 3.0, 4.0]);
    let one = Targets::classes(&[1, 1]);
    let few = Error::FewRows {
        class: 0,
        found: 0,
        needed: 1,
    };
    assert_eq!(refuse(PrototypeHead::SQUARED, &h, one), few);
    let label = Error::Label {
        row: 1,
        found: 2,
        classes: 2,
    };
    let wrong = Targets::classes(&[0, 2]);
    assert_eq!(refuse(RidgeHead::default(), &h, wrong), label);
    assert_eq!(refuse(LogisticHead::default(), &h, wrong), label);
    let fine = Targets::classes(&[0, 1]);
    refuse(RidgeHead::default(), &nan, fine);
    refuse(LogisticHead::default(), &nan, fine);
    refuse(PrototypeHead::COSINE, &nan, fine);
    let numbers = [0.0, 1.0, f64::NAN, 0.0];
    let values = Targets::values(MatRef::planned(&numbers, 2, 2));
    refuse(RidgeHead::default(), &h, values);
    refuse(LogisticHead::default(), &h, values);
    refuse(PrototypeHead::SQUARED, &h, values);
    let holes = Targets::values(MatRef::planned(&h, 2, 2)).masked(Some(&[true, false, true, true]));
    refuse(RidgeHead::default(), &h, holes);
}

/// Directions learned by steps classify what the means do where classes are far apart, and their outputs are cosines times the scale.
#[test]
fn a_cosine_head_learns_directions() {
    let h = [1.0, 0.1, 2.0, -0.1, 0.1, 1.0, -0.2, 3.0];
    let y = Targets::classes(&[0, 0, 1, 1]);
    let sizes = shape((4, 2));
    let head = CosineHead::default();
    let mut workspace = Workspace::<f64>::new(Head::<f64>::need(&head, &sizes));
    let mut slabs = workspace.slabs();
    let mut fitted = vec![f64::NAN; Head::<f64>::fitted(&head, &sizes)];
    let support = Support::new(MatRef::planned(&h, 4, 2), y, 2);
    head.fit(&[], &support, &mut fitted, slabs.saved, &mut slabs.work)
        .unwrap();
    let (mut z, query) = ([0.0f64; 6], [3.0, 0.0, 0.0, 5.0, 1.0, 1.0]);
    let (query, into) = (MatRef::planned(&query, 3, 2), MatMut::planned(&mut z, 3, 2));
    head.predict(&[], &fitted, query, into, &mut slabs.work);
    assert!(z[0] > z[1] && z[2] < z[3] && z.iter().all(|z| z.abs() <= 2.0 + 1e-12));
    // The means already agree with their class; steps drive the other class's direction further away.
    assert!(z[1] < 0.0 && z[2] < 0.0);
}

#[test]
fn a_frozen_body_is_its_layers() {
    let params: Vec<f64> = Random::new(11).numbers(2 * 3 + 3 + 3 + 1);
    let network = Network::new(&[2, 3, 1], Activation::Tanh, params.clone()).unwrap();
    let frozen = Frozen::on(&network, RidgeHead::default());
    let h = frozen
        .features(MatRef::planned(&[0.3, -0.7], 1, 2))
        .unwrap();
    for (j, h) in h.iter().enumerate() {
        let z = 0.3 * params[j] - 0.7 * params[3 + j] + params[6 + j];
        assert!((h - z.tanh()).abs() < 1e-15);
    }
    let raw = Frozen::raw(PrototypeHead::SQUARED);
    let (x, y) = (
        MatRef::planned(&[0.0, 0.0, 4.0, 0.0], 2, 2),
        Targets::classes(&[0, 1]),
    );
    let z = raw
        .adapt_and_predict((x, y), 2, MatRef::planned(&[1.0, 0.0], 1, 2))
        .unwrap();
    assert_eq!(z, [-1.0, -9.0]);
    frozen.features(x.cols_range(0..1)).unwrap_err();
}
