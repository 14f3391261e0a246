//! Known answers: every direction, every scalarisation, and what rules remember.
//!
//! `data/mtl.json` is described by its own `meta`. Keys that begin with `torchjd` are what that library returned, which for several rules
//! is not the rule's answer; they are not looked at.

use cognate::mtl::balance::{
    AlignedMtl, AlignedScale, Balance, BalanceState, CaGrad, FairGrad, Order, Outcome, PcGrad,
    SdmGrad, Signals, Tchebycheff,
};
use serde_json::Value;

use crate::floats::floats;
use crate::jacobian::Jacobian;
use crate::{named, weigh, weights};

/// Directions in closed form or by an exact solver, and CAGrad's: absolute, in units of the largest entry of the Jacobian.
const DIRECTION: f64 = 1e-9;
const CAGRAD: f64 = 1e-6;
/// Scalarisations: relative.
const SCALAR: f64 = 1e-12;

fn file() -> Value {
    serde_json::from_str(include_str!("../data/mtl.json")).unwrap()
}

/// The gradients of a case.
fn jacobian(case: &Value) -> Jacobian {
    let rows = case["jacobian_rows_are_task_gradients"].as_array().unwrap();
    Jacobian {
        rows: rows.iter().map(floats).collect(),
    }
}

/// `balance` finds the direction `wanted`, within `tolerance` times the largest entry.
fn check(name: &str, j: &Jacobian, balance: &Balance, wanted: &Value, tolerance: f64) -> usize {
    let (w, balanced) = weights(balance, j);
    let found = j.direction(&w);
    let wanted = floats(wanted);
    assert_eq!(found.len(), wanted.len(), "{name}: {wanted:?}");
    for (f, want) in found.iter().zip(&wanted) {
        assert!(
            (f - want).abs() <= tolerance * j.largest(),
            "{name}, {balance:?}: {found:?}, not {wanted:?} ({w:?}, {balanced:?})"
        );
    }
    assert!(balanced.certificate <= 1e-12, "{name}: {balanced:?}");
    1
}

fn ascending() -> Balance {
    Balance::PcGrad(PcGrad {
        order: Order::Ascending,
    })
}

/// The rule of each key whose value is `{direction: ..}`.
fn plain() -> Vec<(&'static str, Balance)> {
    let aligned = |scale| Balance::AlignedMtl(AlignedMtl { scale });
    vec![
        ("/mgda/direction", named("mgda")),
        ("/pcgrad/direction_ascending_order", ascending()),
        ("/nash_mtl/direction", named("nash-mtl")),
        ("/imtl_g/direction", named("imtl-g")),
        ("/aligned_mtl/min/direction", aligned(AlignedScale::Min)),
        (
            "/aligned_mtl/median/direction",
            aligned(AlignedScale::Median),
        ),
        ("/aligned_mtl/rmse/direction", aligned(AlignedScale::Rms)),
        ("/config/direction", named("config")),
        ("/upgrad/direction", named("upgrad")),
        ("/dualproj/direction", named("dualproj")),
        (
            "/cagrad/0/direction_no_rescale",
            Balance::CaGrad(CaGrad { c: 0.0 }),
        ),
    ]
}

#[test]
fn directions_are_the_known_ones() {
    let mut checked = 0;
    for case in file()["aggregators"].as_array().unwrap() {
        let (name, j) = (case["name"].as_str().unwrap(), jacobian(case));
        for (key, balance) in plain() {
            if let Some(wanted) = case["methods"].pointer(key) {
                checked += check(name, &j, &balance, wanted, DIRECTION);
            }
        }
        for (method, parameter, key, tolerance) in [
            ("cagrad", "c", "direction_no_rescale", CAGRAD),
            ("fairgrad", "alpha", "direction", DIRECTION),
            (
                "sdmgrad_exact_inner_problem",
                "lambda",
                "direction",
                DIRECTION,
            ),
        ] {
            let list = case["methods"][method].as_array();
            for entry in list.into_iter().flatten() {
                let value = entry[parameter].as_f64().unwrap();
                let balance = match method {
                    "cagrad" => Balance::CaGrad(CaGrad { c: value }),
                    "fairgrad" => Balance::FairGrad(FairGrad { alpha: value }),
                    _ => Balance::SdmGrad(SdmGrad { lambda: value }),
                };
                if let Some(wanted) = entry.get(key) {
                    checked += check(name, &j, &balance, wanted, tolerance);
                }
            }
        }
    }
    assert!(checked > 200, "{checked} directions");
}

#[test]
fn pcgrad_in_other_orders() {
    let mut checked = 0;
    for case in file()["aggregators"].as_array().unwrap() {
        let (name, j) = (case["name"].as_str().unwrap(), jacobian(case));
        let known = &case["methods"]["pcgrad"];
        // The last task first is the descending order.
        let mut turned = j.clone();
        turned.rows.reverse();
        let wanted = &known["direction_descending_order"];
        checked += check(name, &turned, &ascending(), wanted, DIRECTION);
        checked += expected_over_orders(&j, &known["expected_direction_over_uniform_random_order"]);
    }
    assert_eq!(checked, 24);
}

/// The mean over many batches of seeded orders is within six standard errors of the expected direction.
fn expected_over_orders(j: &Jacobian, wanted: &Value) -> usize {
    let balance = named("pcgrad").with_seed(5);
    let mut state = balance.start(j.tasks()).unwrap();
    let batches = 2000;
    let directions: Vec<Vec<f64>> = (0..batches)
        .map(|_| j.direction(&weigh(&balance, &mut state, j).0))
        .collect();
    for (k, wanted) in floats(wanted).into_iter().enumerate() {
        let n = f64::from(batches);
        let mean = directions.iter().map(|d| d[k]).sum::<f64>() / n;
        let square = directions
            .iter()
            .map(|d| (d[k] - mean).powi(2))
            .sum::<f64>()
            / n;
        let allowed = 6.0 * (square / n).sqrt() + DIRECTION * j.largest();
        assert!((mean - wanted).abs() <= allowed, "{mean}, not {wanted}");
    }
    1
}

#[test]
fn gradvac_over_three_calls() {
    let mut checked = 0;
    for case in file()["aggregators"].as_array().unwrap() {
        let Some(known) = case["methods"]["gradvac_beta0.5_three_calls_same_input"].as_array()
        else {
            continue;
        };
        let (j, balance) = (jacobian(case), named("gradvac"));
        let mut state = balance.start(j.tasks()).unwrap();
        for call in known {
            let d = j.direction(&weigh(&balance, &mut state, &j).0);
            for (found, wanted) in d.iter().zip(floats(call)) {
                let allowed = DIRECTION * j.largest();
                assert!((found - wanted).abs() <= allowed, "{d:?}, not {call}");
                checked += 1;
            }
        }
    }
    assert!(checked >= 30, "{checked} numbers");
}

/// Every number of `found` is `wanted` to [`SCALAR`], relative.
fn close(what: &str, found: &[f64], wanted: &Value) {
    let wanted = floats(wanted);
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (f, w) in found.iter().zip(&wanted) {
        assert!(
            (f - w).abs() <= SCALAR * w.abs(),
            "{what}: {found:?}, not {wanted:?}"
        );
    }
}

/// The weights and the value of one batch.
fn by_losses(balance: &Balance, state: &mut BalanceState, losses: &[f64]) -> (Vec<f64>, f64) {
    let mut w = vec![f64::NAN; losses.len()];
    let said = balance
        .weights(state, &Signals::new(losses), &mut w)
        .unwrap();
    assert_eq!(said.outcome, Outcome::Regular);
    (w, said.value.unwrap_or(f64::NAN))
}

#[test]
fn learned_scales_have_the_known_derivatives() {
    let file = file();
    for (key, name) in [
        ("uncertainty_weighting", "uncertainty"),
        ("imtl_l", "imtl-l"),
    ] {
        let known = &file["scalarizers"][key];
        let (losses, s) = (floats(&known["losses"]), floats(&known["s"]));
        let balance = named(name);
        // The memory is a count, s, its last gradient, and Adam's means.
        let mut memory = balance.start(3).unwrap().memory().to_vec();
        memory[1..4].copy_from_slice(&s);
        let mut state = balance.resume(3, 0, &memory).unwrap();
        let (w, value) = by_losses(&balance, &mut state, &losses);
        close(name, &w, &known["dvalue_dL"]);
        close(name, &[value], &known["value"]);
        close(name, &state.memory()[4..7], &known["dvalue_ds"]);
        assert_ne!(&state.memory()[1..4], &s);
    }
    let known = &file["scalarizers"]["uncertainty_weighting"];
    let (balance, losses) = (named("uncertainty"), floats(&known["losses"]));
    let mut state = balance.start(3).unwrap();
    for _ in 0..3000 {
        by_losses(&balance, &mut state, &losses);
    }
    // Adam comes to rest at s = log L, where every weighted loss is a half.
    let (w, value) = by_losses(&balance, &mut state, &losses);
    for (w, loss) in w.iter().zip(&losses) {
        assert!((w * loss - 0.5).abs() <= 1e-6);
    }
    assert!((value - known["value_at_stationary_s"].as_f64().unwrap()).abs() <= 1e-9);
}

#[test]
fn scalarisations_have_the_known_values() {
    let file = file();
    let known = &file["scalarizers"]["geometric_mean_gls"];
    let balance = named("geometric");
    let losses = floats(&known["losses"]);
    let (w, value) = by_losses(&balance, &mut balance.start(3).unwrap(), &losses);
    close("geometric", &w, &known["dvalue_dL"]);
    close("geometric", &[value], &known["value"]);
    let cases = file["scalarizers"]["stch"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for known in cases {
        let balance = Balance::Tchebycheff(Tchebycheff {
            mu: known["mu"].as_f64().unwrap(),
            preferences: floats(&known["lambda"]),
            ideal: floats(&known["z"]),
        });
        let losses = floats(&known["losses"]);
        let (w, value) = by_losses(&balance, &mut balance.start(3).unwrap(), &losses);
        close("tchebycheff", &w, &known["dvalue_dL"]);
        close("tchebycheff", &[value], &known["value"]);
    }
}

#[test]
fn dwa_looks_at_two_epochs() {
    let file = file();
    let known = &file["scalarizers"]["dwa"];
    let balance = named("dwa");
    let mut state = balance.start(3).unwrap();
    for epoch in known["epoch_means"].as_array().unwrap() {
        let mean = floats(epoch);
        // Two batches with the epoch's mean between them.
        for factor in [0.5, 1.5] {
            let losses: Vec<f64> = mean.iter().map(|loss| factor * loss).collect();
            assert_eq!(by_losses(&balance, &mut state, &losses).0, [1.0; 3]);
        }
        balance.epoch_ended(&mut state);
    }
    let (w, _) = by_losses(&balance, &mut state, &[1.0; 3]);
    close("dwa", &w, &known["weights_third_epoch"]);
}

#[test]
fn famo_learns_from_the_step() {
    let file = file();
    let known = &file["scalarizers"]["famo"];
    let balance = named("famo");
    let mut state = balance.start(3).unwrap();
    let steps = known["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    for step in steps {
        let (w, _) = by_losses(&balance, &mut state, &floats(&step["losses_before"]));
        close("famo", &w, &step["loss_weights_c_z_over_L"]);
        balance.stepped(&mut state, &floats(&step["losses_after_same_batch"]));
        close("famo", &state.memory()[1..4], &step["logits_after_adam"]);
    }
}

#[test]
fn gradnorm_moves_its_weights() {
    let file = file();
    let known = &file["scalarizers"]["gradnorm_one_step"];
    let balance = named("gradnorm");
    let mut memory = floats(&known["w"]);
    memory.extend(floats(&known["losses_at_0"]));
    let mut state = balance.resume(3, 1, &memory).unwrap();
    let (losses, norms) = (
        floats(&known["losses"]),
        floats(&known["grad_norms_unweighted"]),
    );
    let mut w = [0.0; 3];
    let signals = Signals::new(&losses).with_norms(&norms);
    balance.weights(&mut state, &signals, &mut w).unwrap();
    assert_eq!(w, [1.0; 3]);
    close(
        "gradnorm",
        &state.memory()[..3],
        &known["w_after_renormalisation"],
    );
    assert_eq!(state.memory()[3..], floats(&known["losses_at_0"]));
}
