//! Value, gradient and Hessian product of every loss equal the dual-number reference to rounding, with weights, masks and strides.
//!
//! What has no weight holds NaN, in outputs, targets and directions: none of it may be seen.

mod support;
mod verbs;

use cognate::loss::{Huber, Logistic, Loss, Softmax, Squared, Target, Targets};
use cognate::workspace::Workspace;
use cognate::{Level, Real};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use support::losses::RowLoss;
use support::scalar::sum;
use support::{Bounded, Random, Scalar};
use verbs::{Block, Twice, close, config, inner, length, levels, typed};

/// One case, all of its numbers exact in `f32`.
#[derive(Clone, Debug)]
struct Case {
    loss: RowLoss,
    n: usize,
    k: usize,
    scale: f64,
    z: Vec<f64>,
    rz: Vec<f64>,
    y: Vec<f64>,
    /// A row's.
    weights: Option<Vec<f64>>,
    /// A cell's.
    mask: Option<Vec<bool>>,
    /// Columns of others beside each matrix.
    beside: usize,
    /// Logistic targets as labels.
    labels: bool,
    seed: u64,
}

impl Case {
    fn any() -> impl Strategy<Value = Self> {
        let losses = [
            RowLoss::Squared,
            RowLoss::Huber(0.75),
            RowLoss::Logistic,
            RowLoss::Softmax(0.0),
            RowLoss::Softmax(0.125),
        ];
        let loss = proptest::sample::select(losses.to_vec());
        (loss, length(), length(), any::<[bool; 4]>(), any::<u64>())
            .prop_map(|(loss, n, k, options, seed)| Self::new(loss, n, k, options, seed))
    }

    fn new(loss: RowLoss, n: usize, k: usize, options: [bool; 4], seed: u64) -> Self {
        let [weighted, masked, wide, labels] = options;
        let mut random = Random::new(seed);
        let labels = labels && matches!(loss, RowLoss::Logistic);
        let k = if labels { 1 } else { k };
        let cells = n * loss.cells(k);
        let spread = [1.0, 4.0, 64.0][random.below(3)];
        let mut case = Self {
            loss,
            n,
            k,
            scale: random.number(),
            z: random.numbers(n * k).iter().map(|z| z * spread).collect(),
            rz: random.numbers(n * k),
            y: (0..cells)
                .map(|_| target(loss, k, labels, &mut random))
                .collect(),
            weights: weighted.then(|| (0..n).map(|_| weight(&mut random)).collect()),
            mask: masked.then(|| (0..cells).map(|_| !random.one_in(4)).collect()),
            beside: if wide { 2 } else { 0 },
            labels,
            seed,
        };
        case.poison();
        case
    }

    /// The weights of row `i`'s cells.
    fn row_weights(&self, i: usize) -> Vec<f64> {
        let cells = self.loss.cells(self.k);
        let row = self.weights.as_ref().map_or(1.0, |weights| weights[i]);
        let seen = |j| self.mask.as_ref().is_none_or(|mask| mask[i * cells + j]);
        (0..cells)
            .map(|j| if seen(j) { row } else { 0.0 })
            .collect()
    }

    /// The weight of output `(i, j)`.
    fn weight(&self, i: usize, j: usize) -> f64 {
        let weights = self.row_weights(i);
        weights[j.min(weights.len() - 1)]
    }

    /// NaN wherever there is no weight.
    fn poison(&mut self) {
        for i in 0..self.n {
            for j in 0..self.k {
                if self.weight(i, j) == 0.0 {
                    self.z[i * self.k + j] = f64::NAN;
                    self.rz[i * self.k + j] = f64::NAN;
                }
            }
        }
        let cells = self.loss.cells(self.k);
        for cell in 0..self.y.len() {
            if self.weight(cell / cells, cell % cells) == 0.0 {
                self.y[cell] = f64::NAN;
            }
        }
    }
}

fn weight(random: &mut Random) -> f64 {
    if random.one_in(4) {
        0.0
    } else {
        1.0 + random.number()
    }
}

fn target(loss: RowLoss, k: usize, labels: bool, random: &mut Random) -> f64 {
    match loss {
        RowLoss::Softmax(_) => random.below(k) as f64,
        RowLoss::Logistic if labels || !random.one_in(4) => random.below(2) as f64,
        RowLoss::Logistic => random.number().abs(),
        _ => random.number(),
    }
}

fn ours<T: Real>(loss: RowLoss) -> Box<dyn Loss<T>> {
    match loss {
        RowLoss::Squared => Box::new(Squared),
        RowLoss::Huber(delta) => Box::new(Huber { delta }),
        RowLoss::Logistic => Box::new(Logistic),
        RowLoss::Softmax(smoothing) => Box::new(Softmax { smoothing }),
    }
}

struct Results {
    value: f64,
    value_alone: f64,
    dz: Vec<f64>,
    rdz: Vec<f64>,
}

fn run<T: Real>(case: &Case, level: Level) -> Results {
    let loss = ours::<T>(case.loss);
    let (n, k) = (case.n, case.k);
    let block = |numbers: &[f64], cols| Block::<T>::new(numbers, cols, case.beside);
    let (z, rz) = (block(&case.z, k), block(&case.rz, k));
    let values = block(&case.y, case.loss.cells(k));
    let labels: Vec<u32> = case.y.iter().map(|&y| y as u32).collect();
    let weights = case.weights.as_ref().map(|weights| typed::<T>(weights));
    let classes = case.labels || matches!(case.loss, RowLoss::Softmax(_));
    let y = Targets {
        target: if classes {
            Target::Classes(&labels)
        } else {
            Target::Values(values.view())
        },
        weights: weights.as_deref(),
        mask: case.mask.as_deref(),
    };
    let scale = T::from_f64(case.scale);
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

/// Every coordinate of up to 200, else three random directions; 0 where there is no weight.
fn directions(case: &Case) -> Vec<Vec<f64>> {
    let size = case.n * case.k;
    let mut random = Random::new(case.seed ^ 2);
    let seen = |cell: usize| case.weight(cell / case.k, cell % case.k) != 0.0;
    let blank = |direction: Vec<f64>| -> Vec<f64> {
        let cells = direction.into_iter().enumerate();
        cells
            .map(|(cell, u)| if seen(cell) { u } else { 0.0 })
            .collect()
    };
    let unit = |cell| blank((0..size).map(|k| f64::from(u8::from(k == cell))).collect());
    match size {
        0..=200 => (0..size).map(unit).collect(),
        _ => (0..3).map(|_| blank(random.numbers(size))).collect(),
    }
}

/// The reference along `direction` and the case's own.
fn reference(case: &Case, direction: &[f64]) -> Twice {
    let (k, cells) = (case.k, case.loss.cells(case.k));
    let row = |i: usize| {
        let outputs = i * k..(i + 1) * k;
        let z: Vec<Twice> = outputs
            .map(|o| Twice::twice(case.z[o], direction[o], case.rz[o]))
            .collect();
        case.loss
            .row(&z, &case.y[i * cells..][..cells], &case.row_weights(i))
    };
    Twice::exact(case.scale) * sum((0..case.n).map(row))
}

fn check<T: Real>(case: &Case) -> Result<(), TestCaseError> {
    let results: Vec<Results> = levels()
        .into_iter()
        .map(|level| run::<T>(case, level))
        .collect();
    for r in &results {
        let all =
            (0..case.n * case.k).map(|cell| (cell, case.weight(cell / case.k, cell % case.k)));
        for (cell, _) in all.filter(|&(_, weight)| weight == 0.0) {
            prop_assert_eq!((r.dz[cell], r.rdz[cell]), (0.0, 0.0));
        }
        prop_assert_eq!(r.value, r.value_alone);
    }
    for direction in directions(case) {
        let expected: Twice = reference(case, &direction);
        for r in &results {
            let value: Bounded = expected.value.value;
            close::<T>("value", r.value, value)?;
            close::<T>("dz", inner(&r.dz, &direction), expected.slope.value)?;
            close::<T>("rdz", inner(&r.rdz, &direction), expected.slope.slope)?;
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
