//! Heads in closed form allocate nothing: neither to adapt, nor to predict, nor on the way back, nor in a whole meta-step; no more do the
//! losses of distillation.

#[path = "harness/counting.rs"]
mod counting;
#[allow(dead_code, reason = "each test target uses a part of it")]
#[path = "support/random.rs"]
mod random;

use cognate::layer::{Dense, Stack};
use cognate::loss::{Loss, Softmax, Targets};
use cognate::meta::distill::{
    Lesson, Lessons, Matched, Pupil, Similarity, Softened, SoftenedLogistic,
};
use cognate::meta::heads::{
    Answer, CentroidHead, ClosedForm, Episode, Head, HeadAdjoint, IncrementalRidge, LogisticHead,
    PrototypeHead, RidgeHead, RunningPrototypes, Shape, Support,
};
use cognate::optim::{Adam, Method, StepState};
use cognate::params::Span;
use cognate::workspace::Workspace;
use cognate::{Activation, MatMut, MatRef, Real};
use counting::calls;
use random::Random;

const SHAPE: Shape = Shape {
    support: 25,
    query: 15,
    features: 16,
    outputs: 5,
};

fn numbers<T: Real>(n: usize, seed: u64) -> Vec<T> {
    let numbers = Random::new(seed).numbers(n);
    numbers.into_iter().map(T::from_f64).collect()
}

fn labels(n: usize) -> Vec<u32> {
    (0..n as u32).map(|i| i % 5).collect()
}

/// A fit and a prediction.
fn adapt<T: Real>(head: impl Head<T>) {
    let (h, query) = (numbers::<T>(25 * 16, 1), numbers::<T>(15 * 16, 2));
    let (labels, mut p) = (labels(25), vec![T::ZERO; head.params()]);
    head.start(&mut p);
    let mut workspace = Workspace::new(head.need(&SHAPE));
    let (mut fitted, mut z) = (vec![T::ZERO; head.fitted(&SHAPE)], vec![T::ZERO; 15 * 5]);
    let mut slabs = workspace.slabs();
    let support = Support::new(MatRef::planned(&h, 25, 16), Targets::classes(&labels), 5);
    let before = calls();
    let w = &mut slabs.work;
    head.fit(&p, &support, &mut fitted, slabs.saved, w).unwrap();
    let (query, into) = (
        MatRef::planned(&query, 15, 16),
        MatMut::planned(&mut z, 15, 5),
    );
    head.predict(&p, &fitted, query, into, w);
    assert_eq!(calls(), before);
}

/// A hundred meta-steps by Adam, with a body `16 -> 12 -> 8`.
fn train<T: Real>(head: impl HeadAdjoint<T> + Sync) {
    let dense = |start, inputs, outputs| Dense {
        weight: Span::new("weight", start, inputs, outputs),
        bias: None,
        activation: Activation::Tanh,
    };
    let layers = [dense(0, 16, 12), dense(16 * 12, 12, 8)];
    let learner = ClosedForm::new(
        Stack(&layers[..]),
        16 * 12 + 12 * 8,
        head,
        Softmax::default(),
    );
    let (x, labels) = (numbers::<T>(40 * 16, 3), labels(40));
    let (support, query) = MatRef::planned(&x, 40, 16).split_rows(25);
    let y = Targets::classes(&labels);
    let episode = Episode {
        support,
        support_y: y.rows(0..25),
        query,
        query_y: y.rows(25..40),
        outputs: 5,
    };
    let mut p = numbers::<T>(learner.params(), 4);
    learner.head.start(&mut p[learner.body_params..]);
    let (shape, mut g) = (learner.shape(25, 15, 5), p.clone());
    let mut workspace = Workspace::new(learner.batch_need(&shape, 4));
    let method = Method::Adam(Adam::default());
    let mut state = StepState::new(vec![T::ZERO; method.memory(p.len())]);
    let w = &mut workspace.slabs().work;
    let (before, mut losses) = (calls(), [0.0; 100]);
    for (seed, loss) in losses.iter_mut().enumerate() {
        let report = learner.batch_grad(&p, (4, &|_| episode), (&shape, seed as u64), &mut g, w);
        assert_eq!(report.used, 4);
        *loss = report.loss;
        method.step(w.level(), 0.01, &mut p, &g, &mut state);
    }
    assert_eq!(calls(), before);
    assert!(losses[99] < losses[0]);
}

fn personal<T: Real>() {
    let head = RidgeHead::default().with_per_weight(false);
    let (memory, sums) = (
        head.incremental_memory(16, 5),
        PrototypeHead::running_memory(16, 5),
    );
    let mut user = IncrementalRidge::new(&head, 16, 5, vec![T::ZERO; memory]).unwrap();
    let mut means = RunningPrototypes::new(16, 5, vec![T::ZERO; sums]);
    let mut workspace = Workspace::new(user.need());
    let (h, mut fitted) = (numbers::<T>(25 * 16, 5), vec![T::ZERO; 17 * 5]);
    let w = &mut workspace.slabs().work;
    let before = calls();
    for (i, h) in h.chunks(16).enumerate() {
        let class = i as u32 % 5;
        user.learn(h, Answer::Class(class), w).unwrap();
        means.learn(h, class).unwrap();
        user.solve(&mut fitted, w);
    }
    user.forget(&h[..16], Answer::Class(0), w).unwrap();
    means.forget(&h[..16], 0).unwrap();
    means.solve(&mut fitted).unwrap();
    assert_eq!(calls(), before);
}

fn teach<T: Real>(loss: &impl Loss<T>, outputs: usize, cells: usize) {
    let n = 12;
    let (z, y) = (numbers::<T>(n * outputs, 6), numbers::<T>(n * cells, 7));
    let y: Vec<T> = y.iter().map(|v| v.abs()).collect();
    let y = Targets::values(MatRef::planned(&y, n, cells));
    let (mut dz, mut rdz) = (z.clone(), z.clone());
    let mut workspace = Workspace::new(loss.need(n, outputs));
    let mut slabs = workspace.slabs();
    let z = MatRef::planned(&z, n, outputs);
    let before = calls();
    let w = &mut slabs.work;
    let into = Some(MatMut::planned(&mut dz, n, outputs));
    loss.value_grad(z, &y, T::ONE, into, slabs.saved, w);
    let into = MatMut::planned(&mut rdz, n, outputs);
    loss.hvp(z, &y, T::ONE, slabs.saved, z, into, w);
    assert_eq!(calls(), before);
}

fn all<T: Real>() {
    adapt::<T>(RidgeHead::default());
    adapt::<T>(LogisticHead::default());
    adapt::<T>(PrototypeHead::SQUARED);
    adapt::<T>(PrototypeHead::COSINE);
    adapt::<T>(CentroidHead { mean: None });
    train::<T>(RidgeHead::default());
    train::<T>(LogisticHead::default());
    train::<T>(PrototypeHead::SQUARED);
    train::<T>(PrototypeHead::COSINE);
    personal::<T>();
    let (softened, single) = (Softened::default(), SoftenedLogistic::default());
    teach::<T>(&softened, 3, 4);
    teach::<T>(&single, 3, 6);
    teach::<T>(&Matched::default(), 3, 6);
    teach::<T>(&Similarity, 3, 5);
    let pupils = [Lesson::Classes(softened), Lesson::Logits(single)].map(|lesson| Pupil {
        outputs: 3,
        lesson,
        weight: 1.0,
    });
    teach::<T>(&Lessons(&pupils), 6, 10);
}

#[test]
fn heads_and_teachers_allocate_nothing() {
    let before = calls();
    all::<f32>();
    all::<f64>();
    assert!(calls() > before, "the counter counts");
}
