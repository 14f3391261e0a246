//! A body under a head: gradients against differences, adaptation, threads.

use cognate::layer::{Dense, Stack};
use cognate::loss::{Loss, Softmax, Squared, Targets};
use cognate::meta::heads::{
    ClosedForm, Episode, HeadAdjoint, LogisticHead, PrototypeHead, RidgeHead,
};
use cognate::params::LayoutBuf;
use cognate::workspace::Workspace;
use cognate::{Activation, MatMut, MatRef};

use crate::differences::{assert_close, gradient};
use crate::random::Random;

/// 3 -> 5 -> 4, tanh in between.
fn body() -> (Vec<Dense>, usize) {
    let mut layout = LayoutBuf::new();
    let mut dense = |name: &str, inputs, outputs, activation| Dense {
        weight: layout.add_weight(&format!("{name}.weight"), inputs, outputs),
        bias: Some(layout.add(&format!("{name}.bias"), 1, outputs)),
        activation,
    };
    let layers = vec![
        dense("0", 3, 5, Activation::Tanh),
        dense("1", 5, 4, Activation::Identity),
    ];
    (layers, layout.view().len())
}

/// Rows of an episode.
struct Rows {
    x: Vec<f64>,
    labels: Vec<u32>,
    numbers: Vec<f64>,
}

const SUPPORT: usize = 6;

fn rows(random: &mut Random) -> Rows {
    Rows {
        x: random.numbers(11 * 3),
        labels: (0..11).map(|i| i % 3).collect(),
        numbers: random.numbers(11 * 2),
    }
}

impl Rows {
    fn episode(&self, classes: bool) -> Episode<'_, f64> {
        let (support, query) = MatRef::planned(&self.x, 11, 3).split_rows(SUPPORT);
        let (y, outputs) = match classes {
            true => (Targets::classes(&self.labels), 3),
            false => (Targets::values(MatRef::planned(&self.numbers, 11, 2)), 2),
        };
        Episode {
            support,
            support_y: y.rows(0..SUPPORT),
            query,
            query_y: y.rows(SUPPORT..11),
            outputs,
        }
    }
}

fn check<H: HeadAdjoint<f64>, L: Loss<f64>>(head: H, loss: L, classes: bool) {
    let random = &mut Random::new(11);
    let (layers, count) = body();
    let learner = ClosedForm::new(Stack(layers), count, head, loss);
    let rows = rows(random);
    let episode = rows.episode(classes);
    let mut p = random.numbers(learner.params());
    learner.head.start(&mut p[count..]);
    let shape = learner.shape(SUPPORT, 5, episode.outputs);
    let mut workspace = Workspace::new(learner.need(&shape));
    let mut g = vec![f64::NAN; p.len()];
    let work = &mut workspace.slabs().work;
    let value = learner
        .loss_grad(&p, &episode, Some(&mut g), 0, work)
        .unwrap();
    assert_eq!(
        value,
        learner.loss_grad(&p, &episode, None, 0, work).unwrap()
    );
    let wanted = gradient(&p, |p| {
        learner.loss_grad(p, &episode, None, 0, work).unwrap()
    });
    assert_close("gradient", &g, &wanted, 1e-8);
}

#[test]
fn gradients_reach_the_body() {
    check(RidgeHead::default(), Softmax::default(), true);
    check(RidgeHead::default(), Squared, false);
    check(LogisticHead::default(), Softmax::default(), true);
    check(PrototypeHead::SQUARED, Softmax::default(), true);
    check(PrototypeHead::COSINE, Softmax::default(), true);
}

#[test]
fn an_adapted_learner_predicts_what_its_loss_saw() {
    let random = &mut Random::new(12);
    let (layers, count) = body();
    let learner = ClosedForm::new(Stack(layers), count, RidgeHead::default(), Squared);
    let rows = rows(random);
    let episode = rows.episode(false);
    let mut p = random.numbers(learner.params());
    let shape = learner.shape(SUPPORT, 5, 2);
    let mut workspace = Workspace::new(learner.need(&shape));
    let work = &mut workspace.slabs().work;
    p[count..].copy_from_slice(&[-1.0, 1.2, 0.1]);
    let loss = learner.loss_grad(&p, &episode, None, 0, work).unwrap();
    let (mut fitted, mut z) = (vec![0.0; 10], vec![0.0; 10]);
    let (x, y) = (episode.support, episode.support_y);
    learner.adapt(&p, x, y, 2, &mut fitted, work).unwrap();
    let into = MatMut::planned(&mut z, 5, 2);
    learner.predict(&p, &fitted, episode.query, into, work);
    let wanted = &rows.numbers[SUPPORT * 2..];
    let squares = z.iter().zip(wanted).map(|(z, y)| (z - y) * (z - y));
    assert!((squares.sum::<f64>() / 10.0 - loss).abs() < 1e-14);
}

#[test]
fn a_batch_is_the_mean_of_its_episodes_on_any_number_of_threads() {
    let random = &mut Random::new(13);
    let (layers, count) = body();
    let learner = ClosedForm::new(
        Stack(layers),
        count,
        PrototypeHead::SQUARED,
        Softmax::default(),
    );
    let mut all: Vec<Rows> = (0..37).map(|_| rows(random)).collect();
    // Nobody of class 0 in a support set, and a number that is not finite: both are left out.
    all[3].labels[..SUPPORT].fill(1);
    all[20].x[32] = f64::NAN;
    let episodes: Vec<_> = all.iter().map(|rows| rows.episode(true)).collect();
    let p = random.numbers(learner.params());
    let shape = learner.shape(SUPPORT, 5, 3);
    let need = learner.batch_need(&shape, episodes.len());
    let run = |threads| {
        let mut workspace = Workspace::new(need).with_threads(threads);
        let mut g = vec![f64::NAN; p.len()];
        let work = &mut workspace.slabs().work;
        let report = learner.batch_grad(&p, (37, &|i| episodes[i]), (&shape, 0), &mut g, work);
        (report, g)
    };
    let (report, g) = run(1);
    assert_eq!((report.used, report.skipped), (35, 2));
    for threads in [2, 3, 8] {
        assert_eq!(run(threads), (report, g.clone()));
    }
    let mut workspace = Workspace::new(need);
    let work = &mut workspace.slabs().work;
    let (mut sum, mut loss, mut one) = (vec![0.0; p.len()], 0.0, vec![0.0; p.len()]);
    for i in (0..37).filter(|i| ![3, 20].contains(i)) {
        loss += learner
            .loss_grad(&p, &episodes[i], Some(&mut one), 0, work)
            .unwrap()
            / 35.0;
        sum.iter_mut().zip(&one).for_each(|(s, g)| *s += g / 35.0);
    }
    assert_close("gradient", &g, &sum, 1e-13);
    assert!((report.loss - loss).abs() < 1e-13);
}
