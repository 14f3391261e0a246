//! Steps from single gradients, rates and clipping: PyTorch's trajectories, a plain f64 reference for f32, and known points.

use cognate::optim::{
    Adam, Decay, Method, Plateau, PlateauState, Schedule, Sgd, StepState, Verdict, clip_norm,
    clip_value,
};
use cognate::workspace::default_level;

type Table = Vec<Vec<f64>>;

fn known() -> serde_json::Value {
    serde_json::from_str(include_str!("data/steps.json")).unwrap()
}

fn numbers(v: &serde_json::Value) -> Vec<f64> {
    let list = v.as_array().unwrap();
    list.iter().map(|x| x.as_f64().unwrap()).collect()
}

fn table(v: &serde_json::Value) -> Table {
    v.as_array().unwrap().iter().map(numbers).collect()
}

fn methods() -> [(&'static str, Method); 6] {
    let momentum = Sgd::default().with_momentum(0.9);
    let betas = Adam::default().with_betas(0.0, 0.9).with_epsilon(1e-3);
    [
        ("adam", Method::Adam(Adam::default())),
        ("adam_betas", Method::Adam(betas)),
        (
            "adamw",
            Method::Adam(Adam::default().with_weight_decay(0.1)),
        ),
        ("sgd", Method::Sgd(Sgd::default())),
        ("momentum", Method::Sgd(momentum)),
        ("nesterov", Method::Sgd(momentum.with_nesterov(true))),
    ]
}

/// After `steps` steps each of about 16 roundings, of numbers up to the size of a parameter and of what a step moves.
fn tolerance(eps: f64, steps: usize, rate: f64, p: &[f64]) -> f64 {
    let size = p.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    16.0 * eps * steps as f64 * (size + 10.0 * rate)
}

#[test]
fn methods_follow_pytorch() {
    let known = known();
    let rate = known["rate"].as_f64().unwrap();
    let gradients = table(&known["gradients"]);
    for (name, method) in methods() {
        let mut p = numbers(&known["start"]);
        let mut state = StepState::new(vec![0.0; method.memory(p.len())]);
        let points = table(&known["methods"][name]);
        assert_eq!(points.len(), 12);
        for (s, (g, wanted)) in gradients.iter().zip(&points).enumerate() {
            method.step(default_level(), rate, &mut p, g, &mut state);
            let allowed = tolerance(f64::EPSILON, s + 1, rate, wanted);
            for (f, w) in p.iter().zip(wanted) {
                assert!((f - w).abs() <= allowed, "{name} step {s}: {f}, not {w}");
            }
        }
        assert_eq!(state.steps, 12);
    }
}

#[test]
fn single_precision_follows_double() {
    let known = known();
    let gradients = table(&known["gradients"]);
    for (name, method) in methods() {
        let mut p = numbers(&known["start"]);
        let mut narrow: Vec<f32> = p.iter().map(|&v| v as f32).collect();
        let mut state = StepState::new(vec![0.0; method.memory(5)]);
        let mut narrow_state = StepState::new(vec![0f32; method.memory(5)]);
        for (s, g) in gradients.iter().cycle().take(200).enumerate() {
            let g32: Vec<f32> = g.iter().map(|&v| v as f32).collect();
            method.step(default_level(), 0.01, &mut p, g, &mut state);
            method.step(default_level(), 0.01, &mut narrow, &g32, &mut narrow_state);
            let allowed = tolerance(f64::from(f32::EPSILON), s + 1, 0.01, &p);
            for (f, w) in narrow.iter().zip(&p) {
                assert!(
                    (f64::from(*f) - w).abs() <= allowed,
                    "{name} {s}: {f}, not {w}"
                );
            }
        }
    }
}

#[test]
fn a_state_resumes_to_the_same_bits() {
    let gradients = table(&known()["gradients"]);
    for (_, method) in methods() {
        let mut whole = [1.0, -2.0, 3.0, -4.0, 5.0];
        let mut state = StepState::new(vec![0.0; method.memory(5)]);
        let (mut halves, mut saved) = (whole, state.clone());
        for g in &gradients {
            method.step(default_level(), 0.1, &mut whole, g, &mut state);
        }
        for part in gradients.chunks(5) {
            let mut resumed = StepState {
                steps: saved.steps,
                memory: saved.memory.clone(),
            };
            for g in part {
                method.step(default_level(), 0.1, &mut halves, g, &mut resumed);
            }
            saved = resumed;
        }
        assert_eq!((whole, state), (halves, saved));
    }
}

#[test]
fn decay_beside_the_gradient() {
    // Without a gradient only the decay acts: p (1 - rate decay)^steps.
    let sgd = Sgd::default().with_weight_decay(0.5);
    let adam = Adam::default().with_weight_decay(0.5);
    let momentum = sgd.with_momentum(0.9);
    for method in [Method::Sgd(sgd), Method::Sgd(momentum), Method::Adam(adam)] {
        let mut p = [8.0f64];
        let mut state = StepState::new(vec![0.0; method.memory(1)]);
        for _ in 0..3 {
            method.step(default_level(), 0.5, &mut p, &[0.0], &mut state);
        }
        assert_eq!(p, [8.0 * 0.75 * 0.75 * 0.75], "{method:?}");
    }
}

#[test]
fn schedules_follow_pytorch() {
    let known = known();
    let schedule = |decay| Schedule::constant(0.1).with_decay(decay);
    let cosine = schedule(Decay::Cosine {
        steps: 20,
        floor: 0.1,
    });
    let step = schedule(Decay::Step {
        every: 7,
        factor: 0.3,
    });
    for (name, schedule) in [("cosine", cosine), ("step", step)] {
        let rates = numbers(&known["schedules"][name]);
        assert_eq!(rates.len(), 21);
        for (t, wanted) in rates.into_iter().enumerate() {
            // PyTorch multiplies from rate to rate, about four roundings a step.
            let allowed = 4.0 * (t + 1) as f64 * f64::EPSILON * 0.1;
            let found = schedule.at(t as u64);
            assert!(
                (found - wanted).abs() <= allowed,
                "{name} {t}: {found}, not {wanted}"
            );
        }
    }
}

#[test]
fn schedules_at_known_points() {
    let constant = Schedule::constant(0.3);
    assert_eq!([constant.at(0), constant.at(1 << 40)], [0.3, 0.3]);

    let warm = Schedule::constant(1.0).with_warm_up(3);
    assert_eq!(
        [0, 1, 2, 3, 4].map(|t| warm.at(t)),
        [0.25, 0.5, 0.75, 1.0, 1.0]
    );

    let then = warm.with_decay(Decay::Cosine {
        steps: 4,
        floor: 0.0,
    });
    let found = [3, 5, 7, 100].map(|t| then.at(t));
    for (f, w) in found.into_iter().zip([1.0, 0.5, 0.0, 0.0]) {
        assert!((f - w).abs() <= 4.0 * f64::EPSILON, "{found:?}");
    }

    let inverse = Schedule::constant(1.0).with_decay(Decay::InverseScaling { power: 0.5 });
    for (t, wanted) in [(0, 1.0), (3, 0.5), (99, 0.1)] {
        // exp(-1/2 ln k): the rounding of the exponent (up to 2.3) becomes a relative one.
        assert!((inverse.at(t) - wanted).abs() <= 8.0 * f64::EPSILON * wanted);
    }
}

#[test]
fn a_plateau_lowers_the_rate_and_then_ends() {
    let plateau = Plateau {
        patience: 2,
        tol: 0.1,
        factor: 0.5,
        min_rate: 0.3,
    };
    let mut state = PlateauState::new(1.0);
    let losses = [
        5.0,
        4.0,
        3.95,
        f64::NAN,
        3.85,
        3.8,
        3.79,
        3.78,
        3.78,
        3.78,
        3.78,
        3.78,
    ];
    let verdicts = losses.map(|loss| plateau.observe(loss, &mut state));
    use Verdict::{GoOn, Lowered, Stop};
    // 3.85 is 0.1 below the best, 3.95; then three losses without such a fall, three more at rate 1/2, three at 1/4.
    let wanted = [
        GoOn, GoOn, GoOn, GoOn, GoOn, GoOn, GoOn, Lowered, GoOn, GoOn, Lowered, GoOn,
    ];
    assert_eq!(verdicts, wanted);
    let last = [3.78; 2].map(|loss| plateau.observe(loss, &mut state));
    assert_eq!((last, state.rate), ([GoOn, Stop], 0.25));
}

#[test]
fn clipping_bounds_the_gradient() {
    let mut g = [3.0, -4.0];
    assert_eq!(clip_norm(default_level(), &mut g, 10.0), 5.0);
    assert_eq!(g, [3.0, -4.0]);
    assert_eq!(clip_norm(default_level(), &mut g, 2.5), 5.0);
    assert_eq!(g, [1.5, -2.0]);

    // Squares beyond the element type.
    let mut large = [3e30f32, -4e30];
    let length = clip_norm(default_level(), &mut large, 1.0);
    assert!((length - 5e30).abs() <= 2.0 * f64::from(f32::EPSILON) * 5e30);
    assert!((large[0] - 0.6).abs() <= 2.0 * f32::EPSILON);
    let mut small = [3e-30f32, -4e-30];
    let length = clip_norm(default_level(), &mut small, 1.0);
    assert!((length - 5e-30).abs() <= 2.0 * f64::from(f32::EPSILON) * 5e-30);

    let mut broken = [f64::NAN, 1.0];
    assert!(clip_norm(default_level(), &mut broken, 1.0).is_nan());
    assert_eq!(broken[1], 1.0);
    assert_eq!(clip_norm::<f64>(default_level(), &mut [], 1.0), 0.0);

    let mut g = [3.0, -4.0, 0.5];
    clip_value(&mut g, 1.0);
    assert_eq!(g, [1.0, -1.0, 0.5]);
}

#[test]
#[should_panic(expected = "memory of the method")]
fn a_state_for_another_model_is_refused() {
    let mut state = StepState::new(vec![0.0; 3]);
    Method::Adam(Adam::default()).step(default_level(), 0.1, &mut [1.0; 2], &[1.0; 2], &mut state);
}
