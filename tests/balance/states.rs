//! Names, settings, errors, absent tasks, and states that are saved and resumed.

use cognate::Error;
use cognate::mtl::balance::{
    Balance, Balanced, CaGrad, Fixed, GradVac, Needs, Outcome, Signals, Tchebycheff,
};
use cognate::rng::rng;

use crate::jacobian::{Jacobian, Kind};
use crate::{named, weigh, weights};

/// Every rule, those with settings for each task with some for three.
fn all() -> Vec<Balance> {
    let rules = Balance::all().into_iter().map(|(_, rule)| match rule {
        Balance::Fixed(_) => Balance::Fixed(Fixed {
            weights: vec![0.5, 2.0, 1.0],
        }),
        other => other.with_seed(3),
    });
    let uneven = Balance::Tchebycheff(Tchebycheff {
        preferences: vec![1.0, 0.25, 3.0],
        ideal: vec![0.1, 0.0, -1.0],
        ..Tchebycheff::default()
    });
    rules.chain([uneven]).collect()
}

/// One batch of three tasks: losses, Gram matrix, norms.
struct Batch {
    losses: Vec<f64>,
    gram: Vec<f64>,
    norms: Vec<f64>,
}

impl Batch {
    fn new(step: u64) -> Self {
        let mut random = rng(8, "batch", step);
        let losses = (0..3).map(|_| random.uniform_in(0.5, 3.0)).collect();
        let j = Jacobian::random(Kind::Plain, 3, 1.0, || random.uniform_in(-1.0, 1.0));
        let norms = (0..3).map(|t| j.norm(t)).collect();
        let gram = j.gram();
        Self {
            losses,
            gram,
            norms,
        }
    }

    fn signals(&self) -> Signals<'_> {
        Signals::new(&self.losses)
            .with_gram(&self.gram)
            .with_norms(&self.norms)
    }
}

#[test]
fn names_lead_to_rules_and_back() {
    for (name, rule) in Balance::all() {
        assert_eq!((rule.name(), Balance::named(name)), (name, Some(rule)));
    }
    assert_eq!(named("Nash_MTL"), named("nash"));
    assert_eq!(named("SDMGrad"), named("sdmgrad"));
    assert_eq!(Balance::named("mgd"), None);
    assert_eq!(Balance::named(""), None);
    let mut cagrad = named("cagrad");
    for (name, value) in cagrad.settings() {
        assert_eq!((name, *value), ("c", 0.5));
        *value = 0.25;
    }
    assert_eq!(cagrad, Balance::CaGrad(CaGrad { c: 0.25 }));
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let mut refused = 0;
    for (_, rule) in Balance::all() {
        for setting in 0..rule.clone().settings().len() {
            for bad in [-1.0, f64::NAN, f64::INFINITY] {
                let mut rule = rule.clone();
                let name = {
                    let (name, value) = rule.settings().swap_remove(setting);
                    *value = bad;
                    name
                };
                let error = rule.start(2).unwrap_err();
                assert!(matches!(error, Error::Setting { name: n, .. } if n == name));
                refused += 1;
            }
        }
        assert_eq!(
            rule.start(0).unwrap_err(),
            Error::Empty { argument: "tasks" }
        );
    }
    assert!(refused >= 30);
    assert!(matches!(named("fixed").start(2), Err(Error::Shape { .. })));
    let negative = Balance::Fixed(Fixed {
        weights: vec![-1.0],
    });
    assert!(matches!(negative.start(1), Err(Error::Setting { .. })));
}

#[test]
fn numbers_that_are_not_finite_are_found() {
    for balance in all() {
        let mut state = balance.start(3).unwrap();
        let memory = state.memory().to_vec();
        let mut w = [0.0; 3];
        let mut batch = Batch::new(0);
        batch.losses[1] = f64::NAN;
        let (argument, row, column) = ("losses", 1, 0);
        let error = balance.weights(&mut state, &batch.signals(), &mut w);
        assert_eq!(
            error,
            Err(Error::NotFinite {
                argument,
                row,
                column
            })
        );
        let mut batch = Batch::new(0);
        batch.gram[7] = f64::INFINITY;
        batch.norms[2] = f64::NAN;
        let found = balance.weights(&mut state, &batch.signals(), &mut w);
        match balance.needs() {
            Needs::Losses | Needs::LossesAfter => assert!(found.is_ok()),
            Needs::Norms | Needs::Gram => {
                assert!(matches!(found, Err(Error::NotFinite { row: 2, .. })));
                assert_eq!((state.steps(), state.memory()), (0, &memory[..]));
            }
        }
    }
}

#[test]
fn a_resumed_state_goes_on_to_the_bit() {
    for balance in all() {
        let mut state = balance.start(3).unwrap();
        let run = |state: &mut _, steps: std::ops::Range<u64>| -> Vec<(Vec<f64>, Balanced)> {
            steps
                .map(|step| {
                    let (batch, mut w) = (Batch::new(step), vec![0.0; 3]);
                    let said = balance.weights(state, &batch.signals(), &mut w).unwrap();
                    balance.stepped(state, &Batch::new(step + 100).losses);
                    if step % 3 == 2 {
                        balance.epoch_ended(state);
                    }
                    (w, said)
                })
                .collect()
        };
        run(&mut state, 0..8);
        let saved = (state.steps(), state.memory().to_vec());
        let mut resumed = balance.resume(3, saved.0, &saved.1).unwrap();
        assert_eq!(run(&mut state, 8..14), run(&mut resumed, 8..14));
        assert_eq!(state.memory(), resumed.memory());
        assert!(balance.resume(3, 0, &vec![0.0; saved.1.len() + 1]).is_err());
        if let Some(last) = saved.1.last() {
            assert!(last.is_finite());
            assert!(
                balance
                    .resume(3, 0, &vec![f64::NAN; saved.1.len()])
                    .is_err()
            );
        }
    }
}

#[test]
fn an_absent_task_is_not_looked_at() {
    for balance in all() {
        // FAMO, GradNorm and the learned scales keep a number a task, which their own tests follow; here the weights are compared.
        let without = match &balance {
            Balance::Fixed(rule) => Balance::Fixed(Fixed {
                weights: vec![rule.weights[0], rule.weights[2]],
            }),
            Balance::Tchebycheff(rule) if !rule.ideal.is_empty() => {
                Balance::Tchebycheff(Tchebycheff {
                    preferences: vec![rule.preferences[0], rule.preferences[2]],
                    ideal: vec![rule.ideal[0], rule.ideal[2]],
                    mu: rule.mu,
                })
            }
            other => other.clone(),
        };
        let mut batch = Batch::new(1);
        let two = {
            let losses = [batch.losses[0], batch.losses[2]];
            let gram = [0, 2, 6, 8].map(|i| batch.gram[i]);
            let norms = [batch.norms[0], batch.norms[2]];
            let signals = Signals::new(&losses).with_gram(&gram).with_norms(&norms);
            let (mut state, mut w) = (without.start(2).unwrap(), [0.0; 2]);
            without.weights(&mut state, &signals, &mut w).unwrap();
            w
        };
        batch.losses[1] = f64::NAN;
        batch.norms[1] = f64::NAN;
        for i in [1, 3, 4, 5, 7] {
            batch.gram[i] = f64::NAN;
        }
        let signals = batch.signals().with_present(&[true, false, true]);
        let (mut state, mut w) = (balance.start(3).unwrap(), [f64::NAN; 3]);
        balance.weights(&mut state, &signals, &mut w).unwrap();
        assert_eq!(w, [two[0], 0.0, two[1]], "{balance:?}");
        let signals = batch.signals().with_present(&[false; 3]);
        let nobody = balance.weights(&mut state, &signals, &mut w).unwrap();
        assert_eq!((w, nobody.outcome), ([0.0; 3], Outcome::Degenerate));
    }
}

#[test]
fn one_task_is_a_matter_of_course() {
    let j = Jacobian {
        rows: vec![vec![3.0, -4.0]],
    };
    for (name, rule) in Balance::all() {
        let rule = match rule {
            Balance::Fixed(_) => Balance::Fixed(Fixed { weights: vec![1.0] }),
            other => other,
        };
        let (w, balanced) = weights(&rule, &j);
        // |g| = 5 and L = 1: these rules set the length themselves.
        let wanted = match name {
            "uncertainty" => 0.5,
            "nash-mtl" => 0.2,
            "fairgrad" => 25f64.powf(-1.0 / 1.5),
            "cagrad" => 1.5,
            _ => 1.0,
        };
        assert!((w[0] - wanted).abs() <= 1e-15, "{name}: {w:?}");
        assert_eq!(balanced.outcome, Outcome::Regular, "{name}");
    }
}

#[test]
fn losses_that_are_not_positive_are_a_case_of_their_own() {
    for name in ["geometric", "famo", "gradnorm"] {
        let balance = named(name);
        let (mut state, mut w) = (balance.start(2).unwrap(), [f64::NAN; 2]);
        let signals = Signals::new(&[0.0, 1.0]).with_norms(&[1.0, 2.0]);
        let said = balance.weights(&mut state, &signals, &mut w).unwrap();
        assert_eq!(said.outcome, Outcome::Degenerate);
        assert!(w[0] == w[1] && w[0] > 0.0, "{name}: {w:?}");
        balance.stepped(&mut state, &[0.0, 1.0]);
        assert!(state.memory().iter().all(|m| m.is_finite()));
    }
}

#[test]
fn losses_of_any_size_have_weights() {
    for (name, rule) in Balance::all() {
        if rule.needs() == Needs::Gram || name == "fixed" {
            continue;
        }
        for losses in [[1e-150, 1e150], [1e-300, 1e-300], [1e200, 1e-5]] {
            let (mut state, mut w) = (rule.start(2).unwrap(), [f64::NAN; 2]);
            for _ in 0..4 {
                let signals = Signals::new(&losses).with_norms(&[1e-150, 1e150]);
                rule.weights(&mut state, &signals, &mut w).unwrap();
                rule.stepped(&mut state, &[losses[1], losses[0]]);
                rule.epoch_ended(&mut state);
                assert!(
                    w.iter().all(|w| *w >= 0.0 && w.is_finite()),
                    "{name}: {w:?}"
                );
            }
        }
    }
}

#[test]
fn gradnorm_pulls_up_the_task_that_lags() {
    let balance = named("gradnorm");
    let mut state = balance.start(2).unwrap();
    let mut w = [0.0; 2];
    for step in 0..200 {
        let losses = [1.0, 0.98f64.powi(step)];
        let signals = Signals::new(&losses).with_norms(&[1.0, 1.0]);
        balance.weights(&mut state, &signals, &mut w).unwrap();
        assert!((w[0] + w[1] - 2.0).abs() <= 1e-12);
    }
    assert!(w[0] > 1.2 && w[1] > 0.0, "{w:?}");
}

#[test]
fn random_orders_differ_from_batch_to_batch_and_from_seed_to_seed() {
    let mut random = rng(2, "order", 0);
    let j = Jacobian::random(Kind::NearStationary(0.1), 5, 0.0, || {
        random.uniform_in(-1.0, 1.0)
    });
    for name in ["pcgrad", "gradvac", "random"] {
        let run = |seed| {
            let balance = named(name).with_seed(seed);
            let mut state = balance.start(5).unwrap();
            let mut batch = || weigh(&balance, &mut state, &j).0;
            [batch(), batch()]
        };
        let (a, b) = (run(1), run(2));
        assert_eq!(a, run(1));
        assert!(a[0] != a[1] && a[0] != b[0], "{name}");
    }
}

#[test]
fn gradvac_without_epsilon_starts_as_pcgrad() {
    let gradvac = Balance::GradVac(GradVac {
        epsilon: 0.0,
        ..GradVac::default()
    });
    for case in 0..20 {
        let mut random = rng(3, "gradvac", case);
        let j = Jacobian::random(Kind::Plain, 4, 1.0, || random.uniform_in(-1.0, 1.0));
        let (v, w) = (weights(&gradvac, &j).0, weights(&named("pcgrad"), &j).0);
        for (v, w) in v.iter().zip(&w) {
            // A projection is taken by way of a square root here; the weights of four tasks grow over three of them.
            assert!((v - w).abs() <= 64.0 * f64::EPSILON * w.abs().max(1.0));
        }
    }
}

#[test]
#[should_panic(expected = "the state of another rule")]
fn another_rules_state_is_refused() {
    let mut state = named("imtl-l").start(2).unwrap();
    let _ = named("uncertainty").weights(&mut state, &Signals::new(&[1.0; 2]), &mut [0.0; 2]);
}

#[test]
#[should_panic(expected = "needs the Gram matrix")]
fn a_missing_gram_matrix_is_a_mistake() {
    let mut state = named("mgda").start(2).unwrap();
    let _ = named("mgda").weights(&mut state, &Signals::new(&[1.0; 2]), &mut [0.0; 2]);
}
