//! Embeddings: training does what it should on tasks whose best answer is known, and an adapted one is a plain network.

use cognate::loss::Targets;
use cognate::meta::embedding::{Baseline, EmbeddingLearner, EmbeddingModel};
use cognate::meta::episodes::{
    EpisodeBatch, Episodes, FirstRows, Shape, Sinusoids, Split, Subspace, TargetKind,
};
use cognate::optim::Schedule;
use cognate::{Activation, MatRef};

/// 10 rows to learn from, 10 to be judged by.
const TEN: Split = Split {
    support: 10,
    query: 10,
};

/// A plain network's outputs, by plain loops.
fn network(sizes: &[usize], params: &[f64], activation: Activation, x: &[f64]) -> Vec<f64> {
    let (mut a, mut rest) = (x.to_vec(), params);
    for (n, sides) in sizes.windows(2).enumerate() {
        let (weights, behind) = rest.split_at(sides[0] * sides[1]);
        let (bias, behind) = behind.split_at(sides[1]);
        let z = (0..sides[1]).map(|j| {
            let terms = a
                .iter()
                .enumerate()
                .map(|(i, a)| a * weights[i * sides[1] + j]);
            bias[j] + terms.sum::<f64>()
        });
        let last = n + 2 == sizes.len();
        a = z
            .map(|z| if last { z } else { activation.value(z) })
            .collect();
        rest = behind;
    }
    assert!(rest.is_empty());
    a
}

/// The adapted learner's outputs against those of the network that it folds into; logits up to what a row has in common.
fn folds(name: &str, episodes: &dyn Episodes<f64>) {
    let learner = EmbeddingLearner::named(name)
        .unwrap()
        .with_hidden(&[12, 7])
        .with_meta_steps(20)
        .with_tasks_per_step(4);
    let (model, report) = learner.fit::<f64, dyn Episodes<f64>>(episodes).unwrap();
    assert_eq!((report.steps, report.skipped), (20, 0));
    let mut batch = EpisodeBatch::new();
    batch.draw(episodes, 1000..1001);
    let (support, query) = (batch.support(), batch.query());
    let adapted = model.adapt(support.x, support.y).unwrap();
    let z = model.predict(&adapted, query.x).unwrap();
    let (sizes, params) = model.adapted_layers(&adapted);
    let c = *sizes.last().unwrap();
    for (i, z) in z.chunks_exact(c).enumerate() {
        let folded = network(&sizes, &params, learner.activation, query.x.row(i));
        let shift = if c > 1 { z[0] - folded[0] } else { 0.0 };
        for (a, b) in z.iter().zip(&folded) {
            // Sums of fewer than 100 terms, of numbers below 100, in another order.
            assert!((a - b - shift).abs() < 1e-10, "{name}: {a} and {b}");
        }
    }
}

#[test]
fn an_adapted_embedding_is_a_plain_network() {
    folds("ridge-head", &Sinusoids::finn(TEN, 1));
    for name in EmbeddingLearner::NAMES {
        folds(name, &Subspace::new(3, 4, 5, 1));
    }
    let numbers = EmbeddingLearner::named("protonet").unwrap();
    let shape = Episodes::<f64>::shape(&Sinusoids::finn(TEN, 1));
    assert!(EmbeddingModel::<f64>::start(&numbers, shape).is_err());
}

#[test]
fn training_finds_the_subspace() {
    // The oracle, which knows the subspace, reaches 93.4 %; raw inputs 34 %, chance 20 %.
    let learner = EmbeddingLearner::named("protonet")
        .unwrap()
        .with_hidden(&[5])
        .with_schedule(Schedule::constant(0.01))
        .with_meta_steps(400)
        .with_tasks_per_step(8);
    let episodes = Subspace::new(5, 5, 15, 3);
    let (model, _) = learner.fit::<f32, _>(&episodes).unwrap();
    let score = model.evaluate(&episodes, 1_000_000..1_000_200).unwrap();
    assert!(score.mean > 0.85, "{score:?}");
}

#[test]
fn training_does_not_depend_on_threads() {
    let episodes = Sinusoids::finn(TEN, 2);
    let learner = EmbeddingLearner::named("ridge-head")
        .unwrap()
        .with_meta_steps(5);
    let (one, _) = learner.fit::<f32, _>(&episodes).unwrap();
    let (two, _) = learner
        .clone()
        .with_threads(2)
        .fit::<f32, _>(&episodes)
        .unwrap();
    assert_eq!(one.params(), two.params());
    let again = EmbeddingModel::new(&learner, one.shape(), one.params().to_vec()).unwrap();
    assert_eq!(again, one);
}

#[test]
fn tasks_are_scored_as_they_lie() {
    // Two tasks y = a x, rows in turn: two shots each fix a line through the origin, up to the penalty.
    let x: Vec<f64> = (0..12).map(|i| 1.0 + f64::from(i)).collect();
    let tasks: Vec<u32> = (0..12).map(|i| i % 2).collect();
    let y: Vec<f64> = (0..12).map(|i| x[i] * (1.0 + tasks[i] as f64)).collect();
    let (x, y) = (
        MatRef::new(&x, 12, 1).unwrap(),
        MatRef::new(&y, 12, 1).unwrap(),
    );
    let held_out = FirstRows::new(x, Targets::values(y), 0, &tasks, 2).unwrap();
    assert_eq!(held_out.tasks(), 2);
    let shape = Shape {
        features: 1,
        targets: TargetKind::Numbers(1),
    };
    assert_eq!(held_out.shape(), shape);
    let mut batch = EpisodeBatch::new();
    batch.draw(&held_out, 1..2);
    let support = batch.support();
    assert_eq!((support.x.at(0, 0), support.x.at(1, 0)), (2.0, 4.0));
    assert_eq!(batch.query().x.rows(), 4);
    let error = FirstRows::new(x, Targets::values(y), 0, &tasks, 6).unwrap_err();
    assert!(error.to_string().contains("no row beyond"), "{error}");
}

/// A body that learned all tasks at once is that network's, and its heads are the learners'.
#[test]
fn a_baseline_is_a_trained_network_with_a_new_head() {
    let (mut batch, tasks) = (EpisodeBatch::<f64>::new(), Sinusoids::finn(TEN, 3));
    batch.draw(&tasks, 0..20);
    let (x, y) = (batch.support().x, batch.support().y);
    let baseline = Baseline {
        hidden: [8, 6].to_vec(),
        steps: 30,
        batch_size: 50,
        ..Baseline::default()
    };
    let go_on = &mut |_: &cognate::optim::Progress| std::ops::ControlFlow::Continue(());
    let (model, report) = baseline.fit(x, y, TargetKind::Numbers(1), go_on).unwrap();
    // 200 rows are four steps an epoch; seven epochs are too few.
    assert_eq!(report.steps, 32);
    let cognate::loss::Target::Values(values) = y.target else {
        panic!()
    };
    let mlp = cognate::model::MlpRegressor::default()
        .with_hidden_layer_sizes(&[8, 6])
        .with_batch_size(50)
        .with_n_iter_no_change(1000)
        .with_max_iter(8);
    let (network, _) = mlp.fit(x, values, None).unwrap();
    let body = model.layout().len();
    assert_eq!(model.params()[..body], network.params()[..body]);
    let learner = EmbeddingLearner::named("ridge-head")
        .unwrap()
        .with_hidden(&[8, 6]);
    let same = EmbeddingModel::new(&learner, model.shape(), model.params().to_vec()).unwrap();
    batch.draw(&tasks, 100..101);
    let support = batch.support();
    assert_eq!(
        model.adapt(support.x, support.y).unwrap(),
        same.adapt(support.x, support.y).unwrap()
    );
}
