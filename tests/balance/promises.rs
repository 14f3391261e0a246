//! What the rules over gradients promise, on gradients that are hard to reconcile.
//!
//! *Rounding.* All that a rule knows are cosines with errors of gamma(columns), and it solves systems of up to T equations, so what it
//! returns satisfies `<g_t, d> >= 0` and the like up to [`noise`] times `|g_t| sum_s |w_s| |g_s|`. The active sets moreover pass over a
//! gradient whose distance to the span of others is below the square root of that, relative: it may then be off by that times `|d|`.

use cognate::mtl::balance::{
    Balance, CaGrad, FairGrad, GradVac, NashMtl, Needs, Order, Outcome, PcGrad, SdmGrad, Signals,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::jacobian::{Jacobian, KINDS, Kind, dot};
use crate::{named, weights};

/// Relative rounding error for T tasks, as above.
fn noise(j: &Jacobian) -> f64 {
    (4 * (j.tasks() + 1) + j.rows[0].len()) as f64 * f64::EPSILON
}

fn cagrad(c: f64) -> Balance {
    Balance::CaGrad(CaGrad { c })
}

fn fairgrad(alpha: f64) -> Balance {
    Balance::FairGrad(FairGrad { alpha })
}

fn sdmgrad(lambda: f64) -> Balance {
    Balance::SdmGrad(SdmGrad { lambda })
}

/// Every rule that looks at the Gram matrix, in an order that is always the same.
fn by_gradients() -> Vec<Balance> {
    let order = Order::Ascending;
    let rules = Balance::all().into_iter().map(|(_, rule)| match rule {
        Balance::PcGrad(_) => Balance::PcGrad(PcGrad { order }),
        Balance::GradVac(rule) => Balance::GradVac(GradVac {
            order,
            epsilon: 0.0,
            ..rule
        }),
        other => other,
    });
    let rules = rules.filter(|rule| rule.needs() == Needs::Gram);
    let more = [cagrad(1.5), fairgrad(0.5), sdmgrad(2.0)];
    rules.chain(more).collect()
}

/// Gradients of up to `tasks` tasks, of one of `kinds`.
fn gradients(kinds: &'static [Kind], tasks: usize, scales: f64) -> impl Strategy<Value = Jacobian> {
    let kinds = proptest::sample::select(kinds);
    let seed = any::<u64>().no_shrink();
    (kinds, 1..=tasks, 0.0..=scales, seed).prop_map(|(kind, tasks, scales, seed)| {
        let mut random = cognate::rng::rng(seed, "gradients", 0);
        Jacobian::random(kind, tasks, scales, || random.uniform_in(-1.0, 1.0))
    })
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x0c09_4a7e),
        ..ProptestConfig::default()
    }
}

/// `found` is `factor * wanted`, within `tolerance` times `size`.
fn same(found: &[f64], wanted: &[f64], factor: f64, allowed: f64) -> Result<(), TestCaseError> {
    for (f, w) in found.iter().zip(wanted) {
        prop_assert!(
            (f - factor * w).abs() <= allowed,
            "{found:?} is not {factor} times {wanted:?}"
        );
    }
    Ok(())
}

/// Directions are compared to the tolerance of the known answers.
const DIRECTION: f64 = 1e-9;

const WELL: &[Kind] = &[Kind::Plain, Kind::NearlyEqual(0.3)];

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn no_task_gets_worse(j in gradients(&KINDS, 20, 15.0)) {
        let rules = [
            named("mgda"), named("nash"), fairgrad(0.5), fairgrad(3.0),
            named("upgrad"), named("dualproj"), cagrad(1.0), cagrad(2.5),
        ];
        for rule in rules {
            let (w, balanced) = weights(&rule, &j);
            let (d, size) = (j.direction(&w), j.size(&w));
            let passed_over = noise(&j).sqrt() * dot(&d, &d).sqrt();
            for t in 0..j.tasks() {
                let allowed = j.norm(t) * (noise(&j) * size + passed_over);
                let along = dot(&j.rows[t], &d);
                prop_assert!(along >= -allowed, "{rule:?}, {balanced:?}: {along:e} < -{allowed:e}");
            }
        }
    }

    #[test]
    fn mgda_is_the_shortest_in_the_hull(j in gradients(&KINDS, 20, 15.0)) {
        let (w, balanced) = weights(&named("mgda"), &j);
        let (d, size) = (j.direction(&w), j.size(&w));
        prop_assert!(w.iter().all(|&w| w >= 0.0) && (w.iter().sum::<f64>() - 1.0).abs() <= noise(&j));
        prop_assert!(balanced.certificate <= noise(&j));
        for t in 0..j.tasks() {
            // Equal where w_t > 0; elsewhere <g_t, d> may be larger.
            let excess = dot(&d, &d) - dot(&j.rows[t], &d);
            let allowed = j.norm(t) * noise(&j).sqrt() * (noise(&j).sqrt() * size + dot(&d, &d).sqrt());
            prop_assert!(excess <= allowed, "{excess:e} > {allowed:e}");
            prop_assert!(w[t] == 0.0 || excess >= -allowed, "{excess:e} < -{allowed:e}");
        }
    }

    #[test]
    fn dual_cone_weights_satisfy_their_conditions(j in gradients(&KINDS, 12, 8.0)) {
        let mean = 1.0 / j.tasks() as f64;
        let (w, balanced) = weights(&named("dualproj"), &j);
        prop_assume!(balanced.outcome == Outcome::Regular);
        let (d, size) = (j.direction(&w), j.size(&w));
        prop_assert!(balanced.certificate <= noise(&j).sqrt());
        for t in 0..j.tasks() {
            prop_assert!(w[t] >= mean);
            // Who is pulled in is exactly at the border.
            let along = dot(&j.rows[t], &d).abs();
            prop_assert!(w[t] == mean || along <= j.norm(t) * noise(&j) * size, "{along:e}");
        }
        let (w, balanced) = weights(&named("upgrad"), &j);
        let stationary = balanced.outcome == Outcome::ParetoStationary;
        prop_assert!(stationary || w.iter().all(|&w| w >= mean * (1.0 - noise(&j))));
    }

    #[test]
    fn cagrad_is_on_its_ball_and_no_feasible_step_is_better(j in gradients(WELL, 6, 2.0)) {
        for c in [0.3, 0.9, 1.7] {
            let (w, balanced) = weights(&cagrad(c), &j);
            prop_assert_eq!(balanced.outcome, Outcome::Regular);
            let mean = j.direction(&vec![1.0 / j.tasks() as f64; j.tasks()]);
            let radius = c * dot(&mean, &mean).sqrt();
            let away: Vec<f64> = j.direction(&w).iter().zip(&mean).map(|(d, m)| d - m).collect();
            let distance = dot(&away, &away).sqrt();
            prop_assert!((distance - radius).abs() <= DIRECTION * j.largest(), "{distance} {radius}");
            prop_assert!(balanced.certificate <= noise(&j));
        }
    }

    #[test]
    fn scale_of_the_losses_does_not_turn(j in gradients(WELL, 8, 0.0), powers in proptest::collection::vec(-30i32..=30, 8)) {
        // Powers of two: the cosines stay the same to the bit, and the weights take up the scales.
        let mut scaled = j.clone();
        for (row, &power) in scaled.rows.iter_mut().zip(&powers) {
            row.iter_mut().for_each(|x| *x *= 2f64.powi(power));
        }
        for name in ["nash", "imtl-g", "config"] {
            let (v, _) = weights(&named(name), &j);
            let (w, balanced) = weights(&named(name), &scaled);
            let unit = |j: &Jacobian, w: &[f64]| {
                let d = j.direction(w);
                let length = if name == "nash" { 1.0 } else { dot(&d, &d).sqrt() };
                (d.iter().map(|x| x / length).collect::<Vec<f64>>(), j.size(w) / length)
            };
            let ((a, size), (b, _)) = (unit(&j, &v), unit(&scaled, &w));
            // IMTL-G's weights add up to 1 even if that turns the direction round, which it owns up to.
            let round = dot(&a, &b) < 0.0;
            prop_assert!(!round || name == "imtl-g");
            let uphill = dot(&scaled.rows[0], &b) < 0.0;
            prop_assert!(name != "imtl-g" || uphill == (balanced.outcome == Outcome::Degenerate));
            // Nash's weights pass through logarithms of up to 30 ln 2.
            same(&a, &b, if round { -1.0 } else { 1.0 }, 64.0 * noise(&j) * size)?;
        }
    }

    #[test]
    fn tasks_have_no_order(j in gradients(WELL, 7, 1.0), turn in 0usize..7) {
        let mut turned = j.clone();
        turned.rows.rotate_left(turn % j.tasks());
        for rule in by_gradients() {
            if matches!(rule, Balance::PcGrad(_) | Balance::GradVac(_)) {
                continue;
            }
            let (v, w) = (weights(&rule, &j).0, weights(&rule, &turned).0);
            same(&turned.direction(&w), &j.direction(&v), 1.0, DIRECTION * j.size(&v))?;
        }
    }

    #[test]
    fn twins_count_once(j in gradients(WELL, 5, 1.0)) {
        let mut twice = j.clone();
        twice.rows.extend(j.rows.clone());
        for rule in by_gradients() {
            let factor = match &rule {
                Balance::PcGrad(_) | Balance::GradVac(_) => continue,
                // A sum; a length of sqrt T; and of T^(beta / (1 + beta)), where weights go with the power -1 / (1 + beta) of G.
                Balance::ConFig(_) => 2.0,
                Balance::NashMtl(_) => 2f64.sqrt(),
                Balance::FairGrad(rule) => 2f64.powf(1.0 / (1.0 + rule.alpha)),
                _ => 1.0,
            };
            let (v, w) = (weights(&rule, &j).0, weights(&rule, &twice).0);
            same(&twice.direction(&w), &j.direction(&v), factor, DIRECTION * factor * j.size(&v))?;
        }
    }

    #[test]
    fn rules_that_are_the_same_at_a_point(j in gradients(&KINDS, 12, 4.0)) {
        let t = j.tasks() as f64;
        prop_assert_eq!(weights(&fairgrad(1.0), &j).0, weights(&Balance::NashMtl(NashMtl), &j).0);
        prop_assert_eq!(weights(&cagrad(0.0), &j).0, vec![1.0 / t; j.tasks()]);
        let (v, w) = (weights(&sdmgrad(0.0), &j).0, weights(&named("mgda"), &j).0);
        let (d, e) = (j.direction(&v), j.direction(&w));
        // Both lie within the square root of their Frank-Wolfe gaps of the shortest.
        let gap: f64 = noise(&j).sqrt() * j.size(&w).max(j.size(&v));
        same(&d, &e, 1.0, 2.0 * gap)?;
    }

    #[test]
    fn upgrad_of_two_is_half_of_pcgrad(mut j in gradients(&[Kind::Plain, Kind::NearStationary(0.1)], 2, 6.0)) {
        let again = j.rows[0].iter().map(|x| 1.0 - x).collect();
        j.rows.resize(2, again);
        let (v, w) = (weights(&named("upgrad"), &j).0, weights(&named("pcgrad"), &j).0);
        for (v, w) in v.iter().zip(&w) {
            prop_assert!((2.0 * v - w).abs() <= noise(&j) * w.abs(), "{} {}", 2.0 * v, w);
        }
    }

    #[test]
    fn the_unit_of_the_gradients_is_free(j in gradients(&KINDS, 8, 3.0)) {
        for power in [-498, 490] {
            let scaled = j.scaled(2f64.powi(power));
            for rule in by_gradients() {
                let (v, first) = weights(&rule, &j);
                let (w, second) = weights(&rule, &scaled);
                prop_assert!(w.iter().all(|w| w.is_finite()), "{rule:?}: {w:?}");
                if first.outcome != Outcome::Regular {
                    continue;
                }
                prop_assert_eq!(second.outcome, Outcome::Regular);
                // Weights go with the power -2 / (1 + beta) of the unit, else they do not know it.
                let beta = match &rule {
                    Balance::NashMtl(_) => 1.0,
                    Balance::FairGrad(rule) => 1.0 / rule.alpha,
                    _ => {
                        prop_assert_eq!(v, w);
                        continue;
                    }
                };
                let factor = 2f64.powf(-2.0 / (1.0 + beta) * f64::from(power));
                for (v, w) in v.iter().zip(&w) {
                    // By way of logarithms of up to 500 ln 2.
                    prop_assert!((factor * v - w).abs() <= 4096.0 * f64::EPSILON * w.abs());
                }
            }
        }
    }

    #[test]
    fn nothing_breaks(j in gradients(&KINDS, 20, 15.0), zero in any::<bool>(), coarse in any::<bool>(), seed in any::<u64>()) {
        let mut j = j;
        if zero {
            let last = j.tasks() - 1;
            j.rows[last].fill(0.0);
        }
        let (losses, mut gram) = (vec![1.0; j.tasks()], j.gram());
        let precision = if coarse { f64::from(f32::EPSILON) } else { f64::EPSILON };
        if coarse {
            let mut random = cognate::rng::rng(seed, "noise", 0);
            gram.iter_mut().for_each(|x| *x *= 1.0 + precision * random.uniform_in(-1.0, 1.0));
        }
        for rule in by_gradients() {
            let (mut state, mut w) = (rule.start(j.tasks()).unwrap(), vec![f64::NAN; j.tasks()]);
            let signals = Signals::new(&losses).with_gram(&gram).with_precision(precision);
            for _ in 0..3 {
                let said = rule.weights(&mut state, &signals, &mut w).unwrap();
                prop_assert!(w.iter().all(|w| w.is_finite()), "{rule:?}: {w:?}");
                prop_assert!((0.0..=1e-3).contains(&said.certificate), "{rule:?}: {said:?}");
                prop_assert!(!zero || said.outcome != Outcome::Regular);
            }
        }
    }
}

/// UPGrad by trying every set of free coordinates for each task.
fn upgrad_by_enumeration(gram: &[f64], tasks: usize) -> Vec<f64> {
    let mut w = vec![0.0; tasks];
    for i in 0..tasks {
        let row = |k: usize, z: &[f64]| gram[k * tasks + i] + dot(&gram[k * tasks..][..tasks], z);
        let z = (0..1u32 << tasks).find_map(|set| {
            let free: Vec<usize> = (0..tasks).filter(|k| set >> k & 1 == 1).collect();
            let z = solve(gram, tasks, i, &free);
            let feasible = (0..tasks).all(|k| z[k] >= 0.0 && row(k, &z) >= -1e-12);
            feasible.then_some(z)
        });
        for (k, z) in z.expect("a solution").iter().enumerate() {
            w[k] += (z + f64::from(k == i)) / tasks as f64;
        }
    }
    w
}

/// `G_FF z_F = -G_Fi` by Gaussian elimination.
fn solve(gram: &[f64], tasks: usize, i: usize, free: &[usize]) -> Vec<f64> {
    let n = free.len();
    let row = |&a: &usize| {
        let left = free.iter().map(|&b| gram[a * tasks + b]);
        left.chain([-gram[a * tasks + i]]).collect::<Vec<f64>>()
    };
    let mut m: Vec<Vec<f64>> = free.iter().map(row).collect();
    for p in 0..n {
        for r in (0..n).filter(|&r| r != p) {
            let factor = m[r][p] / m[p][p];
            for c in p..=n {
                m[r][c] -= factor * m[p][c];
            }
        }
    }
    let mut z = vec![0.0; tasks];
    for (p, &a) in free.iter().enumerate() {
        z[a] = m[p][n] / m[p][p];
    }
    z
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn upgrad_is_the_mean_of_projections(j in gradients(&[Kind::Plain], 5, 0.5)) {
        let (w, _) = weights(&named("upgrad"), &j);
        let wanted = upgrad_by_enumeration(&j.gram(), j.tasks());
        same(&w, &wanted, 1.0, DIRECTION * wanted.iter().fold(1.0, |m, w| w.abs().max(m)))?;
    }
}

#[test]
fn agreement_adds_up_to_what_the_page_says() {
    let j = Jacobian {
        rows: vec![vec![1.0, 2.0]; 4],
    };
    for rule in by_gradients() {
        let sum: f64 = weights(&rule, &j).0.iter().sum();
        let wanted = match &rule {
            Balance::PcGrad(_) | Balance::GradVac(_) | Balance::ConFig(_) => 4.0,
            Balance::CaGrad(rule) => 1.0 + rule.c,
            Balance::NashMtl(_) => 2.0 / 5f64.sqrt(),
            Balance::FairGrad(rule) => {
                let beta = 1.0 / rule.alpha;
                4.0 * 20f64.powf(-1.0 / (1.0 + beta))
            }
            _ => 1.0,
        };
        assert!(
            (sum - wanted).abs() <= 1e-14,
            "{rule:?}: {sum}, not {wanted}"
        );
    }
}
