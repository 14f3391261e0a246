//! Heads in closed form: adapting to 5 ways of 5 shots on 64 features, and a meta-step of the sinusoids' ridge head.

use std::hint::black_box;

use cognate::layer::{Dense, Stack};
use cognate::loss::{Squared, Targets};
use cognate::meta::heads::{
    Answer, ClosedForm, Episode, Head, IncrementalRidge, LogisticHead, PrototypeHead, RidgeHead,
    Shape, Support,
};
use cognate::params::LayoutBuf;
use cognate::workspace::Workspace;
use cognate::{Activation, MatRef};
use criterion::{Bencher, Criterion};

use crate::data::Lcg;

const FEATURES: usize = 64;
const ROWS: usize = 25;
const WAYS: usize = 5;

pub fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("heads");
    group.bench_function("ridge", |b| adapt(b, &RidgeHead::default()));
    group.bench_function("logistic", |b| adapt(b, &LogisticHead::default()));
    group.bench_function("prototypes", |b| adapt(b, &PrototypeHead::SQUARED));
    group.bench_function("ridge_one_more", one_more);
    group.bench_function("ridge_sinusoid_step", sinusoid_step);
}

fn features(n: usize) -> Vec<f32> {
    Lcg(1).normals(n).into_iter().map(|v| v as f32).collect()
}

/// A fit to 25 rows.
fn adapt(b: &mut Bencher<'_>, head: &impl Head<f32>) {
    let shape = Shape {
        support: ROWS,
        query: 0,
        features: FEATURES,
        outputs: WAYS,
    };
    let (h, labels) = (
        features(ROWS * FEATURES),
        (0..ROWS as u32).map(|i| i % 5).collect::<Vec<_>>(),
    );
    let support = Support::new(
        MatRef::planned(&h, ROWS, FEATURES),
        Targets::classes(&labels),
        WAYS,
    );
    let mut workspace = Workspace::new(head.need(&shape));
    let mut slabs = workspace.slabs();
    let (mut fitted, mut p) = (vec![0.0; head.fitted(&shape)], vec![0.0; head.params()]);
    head.start(&mut p);
    b.iter(|| {
        head.fit(
            black_box(&p),
            &support,
            &mut fitted,
            slabs.saved,
            &mut slabs.work,
        )
    });
}

/// One example learned, one forgotten, and the weights.
fn one_more(b: &mut Bencher<'_>) {
    let head = RidgeHead::default().with_per_weight(false);
    let memory = vec![0.0; head.incremental_memory(FEATURES, WAYS)];
    let mut user = IncrementalRidge::new(&head, FEATURES, WAYS, memory).expect("a penalty");
    let mut workspace = Workspace::new(user.need());
    let (w, h) = (&mut workspace.slabs().work, features(FEATURES));
    let mut fitted = vec![0.0; (FEATURES + 1) * WAYS];
    b.iter(|| {
        user.learn(black_box(&h), Answer::Class(2), w)
            .expect("sound rows");
        user.forget(&h, Answer::Class(2), w)
            .expect("learned before");
        user.solve(&mut fitted, w);
    });
}

/// The gradient of 25 tasks of 10 + 10 rows, 1-40-40 and a ridge head.
fn sinusoid_step(b: &mut Bencher<'_>) {
    let mut layout = LayoutBuf::new();
    let layers = [(1, 40), (40, 40)].map(|(inputs, outputs)| Dense {
        weight: layout.add_weight(&format!("{inputs}.weight"), inputs, outputs),
        bias: Some(layout.add(&format!("{inputs}.bias"), 1, outputs)),
        activation: Activation::Relu,
    });
    let count = layout.view().len();
    let learner = ClosedForm::new(Stack(&layers[..]), count, RidgeHead::default(), Squared);
    let rows = features(25 * 20 * 2);
    let episodes: Vec<_> = rows
        .chunks(40)
        .map(|task| {
            let (x, y) = (
                MatRef::planned(task, 20, 1),
                MatRef::planned(&task[20..], 20, 1),
            );
            let (support, query) = x.split_rows(10);
            let y = Targets::values(y);
            Episode {
                support,
                support_y: y.rows(0..10),
                query,
                query_y: y.rows(10..20),
                outputs: 1,
            }
        })
        .collect();
    let mut p: Vec<f32> = features(learner.params()).iter().map(|v| 0.2 * v).collect();
    p[count..].copy_from_slice(&[-2.0, 1.0, 0.0]);
    let (shape, mut g) = (learner.shape(10, 10, 1), p.clone());
    let mut workspace = Workspace::new(learner.batch_need(&shape, 25));
    let w = &mut workspace.slabs().work;
    b.iter(|| {
        learner.batch_grad(
            black_box(&p),
            (25, &|i| episodes[i]),
            (&shape, 0),
            &mut g,
            w,
        )
    });
}
