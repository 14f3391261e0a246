//! Value, gradient and Hessian product of every loss equal the dual-number reference to rounding, with weights, masks and strides.
//!
//! What has no weight holds NaN, in outputs, targets and directions: none of it may be seen.

mod harness;
mod support;

use cognate::loss::{Huber, Logistic, Loss, Squared, Targets};
use cognate::workspace::Workspace;
use cognate::{Level, MatRef, Real};
use harness::labels::Labels;
use harness::{Block, Twice, close, config, coordinates, inner, length, levels};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use support::scalar::sum;
use support::{Random, Scalar};

/// One case, all of its numbers exact in `f32`.
#[derive(Clone, Debug)]
struct Case {
    labels: Labels,
    scale: f64,
    z: Vec<f64>,
    rz: Vec<f64>,
    /// Columns of others beside each matrix.
    beside: usize,
    seed: u64,
}

impl Case {
    fn any() -> impl Strategy<Value = Self> {
        (length(), length(), any::<u64>()).prop_map(|(n, k, seed)| Self::new(n, k, seed))
    }

    fn new(n: usize, k: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let labels = Labels::any(n, k, &mut random);
        let spread = [1.0, 4.0, 64.0][random.below(3)];
        let mut case = Self {
            labels,
            scale: random.number(),
            z: random.numbers(n * k).iter().map(|z| z * spread).collect(),
            rz: random.numbers(n * k),
            beside: random.below(3),
            seed,
        };
        for cell in (0..n * k).filter(|&cell| case.labels.weight(cell / k, cell % k) == 0.0) {
            (case.z[cell], case.rz[cell]) = (f64::NAN, f64::NAN);
        }
        case
    }

    /// Whether each output has weight.
    fn seen(&self) -> Vec<bool> {
        self.z.iter().map(|z| !z.is_nan()).collect()
    }

    /// The reference along `direction` and the case's own.
    fn reference(&self, direction: &[f64]) -> Twice {
        let k = self.labels.k;
        let row = |i: usize| {
            let outputs = i * k..(i + 1) * k;
            let z = |o: usize| Twice::twice(self.z[o], direction[o], self.rz[o]);
            self.labels
                .loss_of_row(i, &outputs.map(z).collect::<Vec<_>>())
        };
        Twice::exact(self.scale) * sum((0..self.labels.n).map(row))
    }
}

struct Results {
    value: f64,
    value_alone: f64,
    dz: Vec<f64>,
    rdz: Vec<f64>,
}

fn run<T: Real>(case: &Case, level: Level) -> Results {
    let loss = case.labels.ours::<T>();
    let (n, k) = (case.labels.n, case.labels.k);
    let z = Block::<T>::new(&case.z, k, case.beside);
    let rz = Block::<T>::new(&case.rz, k, case.beside);
    let (typed, scale) = (case.labels.typed(case.beside), T::from_f64(case.scale));
    let y = typed.targets();
    let mut workspace = Workspace::<T>::with_level(level, loss.need(n, k));
    let mut slabs = workspace.slabs();
    slabs.saved.fill(T::NAN);
    let w = &mut slabs.work;
    w.scratch().fill(T::NAN);
    let mut dz = Block::filled(T::NAN, n, k, case.beside);
    let mut rdz = dz.clone();
    let value_alone = loss.value_grad(z.view(), &y, scale, None, slabs.saved, w);
    let value = loss.value_grad(z.view(), &y, scale, Some(dz.view_mut()), slabs.saved, w);
    w.scratch().fill(T::NAN);
    loss.hvp(
        z.view(),
        &y,
        scale,
        slabs.saved,
        rz.view(),
        rdz.view_mut(),
        w,
    );
    Results {
        value: value.to_f64(),
        value_alone: value_alone.to_f64(),
        dz: dz.numbers(),
        rdz: rdz.numbers(),
    }
}

fn check<T: Real>(case: &Case) -> Result<(), TestCaseError> {
    let results: Vec<Results> = levels()
        .into_iter()
        .map(|level| run::<T>(case, level))
        .collect();
    let seen = case.seen();
    for r in &results {
        for cell in (0..seen.len()).filter(|&cell| !seen[cell]) {
            prop_assert_eq!((r.dz[cell], r.rdz[cell]), (0.0, 0.0));
        }
        prop_assert_eq!(r.value, r.value_alone);
    }
    for (mut u, _) in coordinates(seen.len(), &mut Random::new(case.seed ^ 2)) {
        for cell in (0..seen.len()).filter(|&cell| !seen[cell]) {
            u[cell] = 0.0;
        }
        let expected = case.reference(&u);
        for r in &results {
            close::<T>("value", r.value, expected.value.value)?;
            close::<T>("dz", inner(&r.dz, &u), expected.slope.value)?;
            close::<T>("rdz", inner(&r.rdz, &u), expected.slope.slope)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(200))]
    #[test]
    fn losses(case in Case::any()) {
        check::<f64>(&case)?;
        check::<f32>(&case)?;
    }
}

/// Three hundred thousand equal terms in `f32`, which a running sum in `f32` would get wrong in the third digit.
#[test]
fn many_small_terms_are_not_lost() {
    let n = 300_000;
    let (z, y, classes) = (vec![0.0_f32; n], vec![0.3_f32; n], vec![1_u32; n]);
    let zeros = MatRef::planned(&z, n, 1);
    let values = Targets::values(MatRef::planned(&y, n, 1));
    let labels = Targets::classes(&classes);
    let terms: [(&dyn Loss<f32>, _, f64); 3] = [
        (&Squared, values, 0.5 * f64::from(0.3_f32).powi(2)),
        (
            &Huber { delta: 0.25 },
            values,
            0.25 * (f64::from(0.3_f32) - 0.125),
        ),
        (&Logistic, labels, std::f64::consts::LN_2),
    ];
    for (loss, targets, term) in terms {
        let mut workspace = Workspace::new(loss.need(n, 1));
        let mut slabs = workspace.slabs();
        let (saved, w) = (slabs.saved, &mut slabs.work);
        let total = f64::from(loss.value_grad(zeros, &targets, 1.0, None, saved, w));
        let exact = n as f64 * term;
        // A term is rounded a few times, the sum once.
        let tolerance = 4.0 * f64::from(f32::EPSILON) * exact;
        assert!((total - exact).abs() < tolerance, "{total}, not {exact}");
    }
}
