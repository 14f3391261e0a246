//! One example at a time is the batch, and what was forgotten was never there.

use cognate::loss::Targets;
use cognate::meta::heads::{
    Answer, Head, IncrementalRidge, PrototypeHead, RidgeHead, RunningPrototypes, Shape, Support,
};
use cognate::meta::transfer::BiasedRidge;
use cognate::model::LinearModel;
use cognate::workspace::Workspace;
use cognate::{Error, MatRef};

use crate::differences::assert_close;
use crate::random::Random;

const FEATURES: usize = 5;
const CLASSES: usize = 3;
/// Systems of condition below 1e3; some dozens of rotations.
const TOLERANCE: f64 = 1e-12;

struct Stream {
    h: Vec<f64>,
    labels: Vec<u32>,
}

impl Stream {
    fn new(n: usize) -> Self {
        let random = &mut Random::new(30);
        Self {
            h: random.numbers(n * FEATURES),
            labels: (0..n as u32).map(|i| i % CLASSES as u32).collect(),
        }
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.h[i * FEATURES..][..FEATURES]
    }

    /// The batch fit of the first rows.
    fn batch(&self, head: &impl Head<f64>, rows: usize) -> Vec<f64> {
        let shape = Shape {
            support: rows,
            query: 0,
            features: FEATURES,
            outputs: CLASSES,
        };
        let mut workspace = Workspace::new(head.need(&shape));
        let mut slabs = workspace.slabs();
        let mut p = vec![0.0; head.params()];
        head.start(&mut p);
        let mut fitted = vec![0.0; head.fitted(&shape)];
        let h = MatRef::planned(&self.h, rows, FEATURES);
        let support = Support::new(h, Targets::classes(&self.labels[..rows]), CLASSES);
        head.fit(&p, &support, &mut fitted, slabs.saved, &mut slabs.work)
            .unwrap();
        fitted
    }
}

#[test]
fn a_ridge_head_learns_and_forgets() {
    let stream = Stream::new(40);
    for bias in [true, false] {
        let head = RidgeHead::default()
            .with_per_weight(false)
            .with_penalty(0.2)
            .with_bias(bias);
        let memory = vec![f64::NAN; head.incremental_memory(FEATURES, CLASSES)];
        let mut user = IncrementalRidge::new(&head, FEATURES, CLASSES, memory).unwrap();
        let mut workspace = Workspace::new(user.need());
        let w = &mut workspace.slabs().work;
        let mut found = vec![f64::NAN; (FEATURES + usize::from(bias)) * CLASSES];
        user.solve(&mut found, w);
        assert!(found.iter().all(|&v| v == 0.0));
        for i in 0..40 {
            user.learn(stream.row(i), Answer::Class(stream.labels[i]), w)
                .unwrap();
            user.solve(&mut found, w);
            assert_close("learned", &found, &stream.batch(&head, i + 1), TOLERANCE);
        }
        for i in (3..40).rev() {
            user.forget(stream.row(i), Answer::Class(stream.labels[i]), w)
                .unwrap();
            user.solve(&mut found, w);
            assert_close("forgotten", &found, &stream.batch(&head, i), TOLERANCE);
        }
        assert_eq!(user.rows(), 3);
    }
}

#[test]
fn an_incremental_head_with_a_prior_is_biased_ridge() {
    let (stream, random) = (Stream::new(9), &mut Random::new(31));
    let head = RidgeHead::default()
        .with_per_weight(false)
        .with_penalty(0.7)
        .with_bias(false);
    let prior = random.numbers(FEATURES * CLASSES);
    let memory = vec![0.0; head.incremental_memory(FEATURES, CLASSES)];
    let user = IncrementalRidge::new(&head, FEATURES, CLASSES, memory).unwrap();
    let (mut user, mut found) = (user.towards(&prior), vec![0.0; FEATURES * CLASSES]);
    let mut workspace = Workspace::new(user.need());
    let w = &mut workspace.slabs().work;
    user.solve(&mut found, w);
    assert_close("the prior", &found, &prior, TOLERANCE);
    let values = random.numbers(9 * CLASSES);
    for i in 0..9 {
        let answer = Answer::Values(&values[i * CLASSES..][..CLASSES]);
        user.learn(stream.row(i), answer, w).unwrap();
    }
    user.solve(&mut found, w);
    let prior = MatRef::planned(&prior, FEATURES, CLASSES).t();
    let prior = LinearModel::new(prior, &[0.0; CLASSES]).unwrap();
    let y = Targets::values(MatRef::planned(&values, 9, CLASSES));
    let biased = BiasedRidge::default()
        .with_penalty(0.7)
        .with_intercept(false);
    let fit = biased
        .fit(MatRef::planned(&stream.h, 9, FEATURES), y, &prior)
        .unwrap();
    assert_close(
        "weights",
        &found,
        &fit.model().params()[..FEATURES * CLASSES],
        TOLERANCE,
    );
}

#[test]
fn prototypes_learn_and_forget() {
    let stream = Stream::new(12);
    let memory = vec![f64::NAN; PrototypeHead::running_memory(FEATURES, CLASSES)];
    let mut user = RunningPrototypes::new(FEATURES, CLASSES, memory);
    let mut found = vec![f64::NAN; FEATURES * CLASSES];
    let missing = Error::FewRows {
        class: 0,
        found: 0,
        needed: 1,
    };
    assert_eq!(user.solve(&mut found), Err(missing));
    for i in 0..12 {
        user.learn(stream.row(i), stream.labels[i]).unwrap();
    }
    for rows in (3..=12).rev() {
        user.solve(&mut found).unwrap();
        let wanted = stream.batch(&PrototypeHead::SQUARED, rows);
        assert_close("means", &found, &wanted, 1e-14);
        user.forget(stream.row(rows - 1), stream.labels[rows - 1])
            .unwrap();
    }
    assert_eq!((user.rows(0), user.rows(2)), (1, 0));
    user.forget(stream.row(2), 2).unwrap_err();
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let head = RidgeHead::default();
    IncrementalRidge::new(&head, 2, 2, vec![0.0; head.incremental_memory(2, 2)]).unwrap_err();
    let head = head.with_per_weight(false);
    let memory = vec![0.0; head.incremental_memory(2, 2)];
    let mut user = IncrementalRidge::new(&head, 2, 2, memory).unwrap();
    let mut workspace = Workspace::new(user.need());
    let w = &mut workspace.slabs().work;
    user.forget(&[0.0, 0.0], Answer::Class(0), w).unwrap_err();
    user.learn(&[1.0, 2.0], Answer::Class(1), w).unwrap();
    let mut before = [0.0; 6];
    user.solve(&mut before, w);
    user.learn(&[f64::NAN, 0.0], Answer::Class(0), w)
        .unwrap_err();
    user.learn(&[1.0], Answer::Class(0), w).unwrap_err();
    user.learn(&[1.0, 0.0], Answer::Class(2), w).unwrap_err();
    user.learn(&[1.0, 0.0], Answer::Values(&[0.0, f64::INFINITY]), w)
        .unwrap_err();
    // Longer than anything learned.
    user.forget(&[10.0, 20.0], Answer::Class(1), w).unwrap_err();
    let mut after = [0.0; 6];
    user.solve(&mut after, w);
    assert_eq!((user.rows(), after), (1, before));
}
