//! Meta-training and what is deployed: runs that go on, threads, annealing, errors, adapters, and no allocation.

use std::ops::ControlFlow;

use cognate::loss::Targets;
use cognate::meta::episodes::{
    EpisodeBatch, Episodes, Shape, Sinusoids, Split, Subspace, TargetKind,
};
use cognate::meta::methods::{CAVIA, FOMAML, IMAML, MAML, META_SGD, RULES, Rule};
use cognate::meta::{Adapter, MetaLearner, MetaModel, MetaTraining, MultiStep};
use cognate::optim::Stop;
use cognate::{Error, MatRef};

use crate::counting::calls;

fn sines() -> Sinusoids {
    Sinusoids::finn(
        Split {
            support: 5,
            query: 6,
        },
        3,
    )
}

fn small(rule: Rule) -> MetaLearner {
    MetaLearner {
        tasks_per_step: 4,
        inner_clip: Some(5.0),
        proximal: rule.proximal,
        ..MetaLearner::new(rule)
            .with_hidden(&[8, 8])
            .with_inner(2, 0.02)
            .with_context(3)
    }
}

fn go_on(_: &cognate::optim::Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Every method's training allocates nothing after its first step, for a thousand steps, and gets better.
#[test]
fn a_thousand_steps_without_a_heap() {
    for rule in RULES {
        let settings = small(rule);
        let mut training =
            MetaTraining::<f32>::new(&settings, Episodes::<f32>::shape(&sines())).unwrap();
        training.step(&sines());
        let before = calls();
        let (mut losses, mut unsolved) = ([0.0; 1000], 0);
        for loss in &mut losses {
            let report = training.step(&sines()).0;
            *loss = report.query_loss;
            unsolved += report.unsolved;
        }
        assert_eq!(calls(), before, "{}", rule.name);
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let learned = mean(&losses[800..]) < 0.9 * mean(&losses[..200]);
        match rule.name {
            // There is no query loss.
            "reptile" => assert_eq!(losses, [0.0; 1000]),
            // Two steps are no optimum, and the report says so.
            "imaml" => assert!(unsolved > 3900, "{unsolved}"),
            name => assert!(learned && unsolved == 0, "{name}"),
        }
    }
    let before = calls();
    let _ = vec![1];
    assert!(calls() > before, "the counter counts");
}

#[test]
fn a_run_in_two_parts() {
    let settings = MetaLearner {
        multi_step: Some(MultiStep { anneal: 30 }),
        first_order_steps: 10,
        outer_clip: Some(1.0),
        ..small(META_SGD)
    };
    let (whole, report) = settings
        .clone()
        .with_meta_steps(40)
        .fit::<f64, _>(&sines())
        .unwrap();
    assert_eq!(
        (report.steps, report.skipped, report.history.len()),
        (40, 0, 40)
    );
    let mut parts = MetaTraining::<f64>::new(
        &settings.clone().with_threads(3),
        Episodes::<f64>::shape(&sines()),
    )
    .unwrap();
    parts.run(&sines(), 15, &mut go_on).unwrap();
    parts.run(&sines(), 25, &mut go_on).unwrap();
    assert_eq!(parts.model().meta(), whole.meta());
    let mut stop = |p: &cognate::optim::Progress| match p.iteration {
        7 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let (_, report) = settings.fit_with::<f64, _>(&sines(), &mut stop).unwrap();
    assert_eq!((report.steps, report.stopped), (7, Stop::Cancelled));
}

/// Whether annealing goes from first to second order, and from all steps to the last.
#[test]
fn annealing() {
    let first = |settings: MetaLearner| {
        settings
            .with_meta_steps(3)
            .fit::<f64, _>(&sines())
            .unwrap()
            .0
            .meta()
            .to_vec()
    };
    let early = MetaLearner {
        first_order_steps: 3,
        ..small(MAML)
    };
    assert_eq!(first(early), first(small(FOMAML)));
    assert_ne!(first(small(MAML)), first(small(FOMAML)));
    let last = MetaLearner {
        multi_step: Some(MultiStep { anneal: 0 }),
        ..small(MAML)
    };
    assert_eq!(first(last), first(small(MAML)));
    let all = MetaLearner {
        multi_step: Some(MultiStep { anneal: 9 }),
        ..small(MAML)
    };
    assert_ne!(first(all), first(small(MAML)));
}

#[test]
fn what_a_task_keeps() {
    let settings = small(CAVIA).with_meta_steps(50);
    let (model, _) = settings.fit::<f32, _>(&sines()).unwrap();
    let mut batch = EpisodeBatch::<f32>::new();
    batch.draw(&sines(), 900..902);
    let ((x, y), (others, their_y)) = (batch.support().task(0), batch.support().task(1));
    let (adapted, report) = model.adapt(x, y).unwrap();
    assert_eq!(adapted.values.len(), 3);
    assert!(report.loss_after < report.loss_before && !report.beyond_training);
    let before = model.predict(None, others).unwrap();
    assert_ne!(model.predict(Some(&adapted), others).unwrap(), before);
    let mut adapter = Adapter::new(&model, 5);
    let mut z = vec![0.0; 5];
    let start = calls();
    for steps in [2, 7] {
        let report = adapter.adapt(others, their_y, steps).unwrap();
        assert_eq!((report.steps, report.beyond_training), (steps, steps > 2));
        adapter.predict_into(x, &mut z).unwrap();
        adapter.loss(x, y).unwrap();
        adapter.load(&adapted);
        adapter.predict_into(others, &mut z).unwrap();
    }
    assert_eq!(calls(), start, "adaptation allocates nothing");
    assert_eq!(z, model.predict(Some(&adapted), others).unwrap());
    adapter.reset();
    adapter.predict_into(others, &mut z).unwrap();
    assert_eq!(z, before);
    assert_eq!(
        MetaModel::new(&settings, model.shape(), model.meta().to_vec()).unwrap(),
        model
    );
}

#[test]
fn classes_are_learned() {
    let episodes = Subspace::new(3, 5, 10, 0);
    let settings = MetaLearner {
        threads: 2,
        ..MetaLearner::new(MAML)
            .with_hidden(&[32])
            .with_inner(2, 0.1)
            .with_meta_steps(400)
    };
    let settings = settings.with_tasks_per_step(8);
    let (model, _) = settings.fit::<f32, _>(&episodes).unwrap();
    let evaluation = model
        .evaluate(&episodes, 1_000_000..1_000_200, &[0, 2])
        .unwrap();
    let [before, after] = evaluation.scores[..] else {
        panic!()
    };
    // A guess is right one time in three.
    assert!(
        before.mean < 0.45 && after.mean > before.mean + 0.1,
        "{evaluation:?}"
    );
    assert!(after.half_width > 0.0 && after.half_width < 0.05 && evaluation.diverged == 0);
}

#[test]
fn what_is_refused() {
    let shape = Episodes::<f64>::shape(&sines());
    let refused = |settings: MetaLearner| MetaModel::<f64>::start(&settings, shape).unwrap_err();
    for settings in [
        small(MAML).with_hidden(&[4, 0]),
        small(MAML).with_inner(1, 0.0),
        small(MAML).with_inner(1, f64::NAN),
        small(MAML).with_tasks_per_step(0),
        small(CAVIA).with_context(0),
        MetaLearner {
            momentum: 1.0,
            ..small(MAML)
        },
        MetaLearner {
            inner_clip: Some(0.0),
            ..small(MAML)
        },
        MetaLearner {
            proximal: 0.0,
            ..small(IMAML)
        },
    ] {
        assert!(matches!(refused(settings), Error::Setting { .. }));
    }
    let empty = Shape {
        features: 0,
        targets: TargetKind::Numbers(1),
    };
    assert!(matches!(
        MetaModel::<f64>::start(&small(MAML), empty),
        Err(Error::Empty { .. })
    ));
    let model = MetaModel::<f64>::start(&small(MAML), shape).unwrap();
    let (x, y) = ([1.0, f64::NAN], [0.0, 1.0]);
    let [x, y] = [&x, &y].map(|v| MatRef::new(v, 2, 1).unwrap());
    let not_finite = Error::NotFinite {
        argument: "x",
        row: 1,
        column: 0,
    };
    assert_eq!(model.adapt(x, Targets::values(y)).unwrap_err(), not_finite);
    assert!(matches!(
        model.adapt(y, Targets::classes(&[0, 1])),
        Err(Error::Setting { .. })
    ));
    assert!(matches!(
        model.predict(None, MatRef::new(&[0.0; 4], 2, 2).unwrap()),
        Err(Error::Shape { .. })
    ));
    let mut adapter = Adapter::new(&model, 1);
    assert!(matches!(
        adapter.adapt(y, Targets::values(y), 1),
        Err(Error::Setting { .. })
    ));
    let huge = MatRef::new(&[1e300, 1.0], 2, 1).unwrap();
    assert_eq!(
        Adapter::new(&model, 2)
            .adapt(huge, Targets::values(y), 3)
            .unwrap_err(),
        Error::Diverged
    );
}
