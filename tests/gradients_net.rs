//! Value, gradient, Hessian and Gauss-Newton products of a whole network under a loss equal the dual-number reference to rounding.

mod harness;
mod support;

use cognate::layer::Stack;
use cognate::objective::Objective;
use cognate::objective::net::NetObjective;
use cognate::workspace::Workspace;
use cognate::{Level, Real};
use harness::build::Build;
use harness::labels::Labels;
use harness::{Block, Pass, Twice, close, config, coordinates, doubles, inner, levels, typed};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use support::layers::{Act, RowMap};
use support::scalar::sum;
use support::{Random, Scalar};

/// A network, its rows and its loss.
struct Case {
    build: Build,
    pass: Pass,
    labels: Labels,
    inputs: usize,
    p: Vec<f64>,
    v: Vec<f64>,
    x: Vec<f64>,
    scale: f64,
    l2: f64,
}

impl Case {
    /// A network that `grow` makes on `inputs` inputs, returning the number of its outputs.
    fn new(
        pass: Pass,
        inputs: usize,
        grow: impl FnOnce(&mut Build, &Pass, &mut Random) -> usize,
    ) -> Self {
        let (mut build, mut random) = (Build::default(), Random::new(pass.seed));
        let outputs = grow(&mut build, &pass, &mut random);
        let params = build.params();
        Self {
            labels: Labels::any(pass.rows, outputs, &mut random),
            p: random.numbers(params),
            v: random.numbers(params),
            x: random.numbers(pass.rows * inputs),
            scale: random.number(),
            l2: random.number(),
            build,
            pass,
            inputs,
        }
    }

    /// Value, gradient and products of the reference along `u`; of the Gauss-Newton matrix if `linear`, else of the Hessian.
    fn reference(&self, u: &[f64], linear: bool) -> Twice {
        let numbers = self.p.iter().zip(u).zip(&self.v);
        let p: Vec<Twice> = numbers
            .map(|((&p, &u), &v)| Twice::twice(p, u, v))
            .collect();
        let row = |i: usize| {
            let inputs = &self.x[i * self.inputs..][..self.inputs];
            let x: Vec<Twice> = inputs.iter().map(|&x| Twice::exact(x)).collect();
            let mut z = self.build.theirs[..].row(i, &p, &x);
            if linear {
                // Gauss-Newton drops the network's own curvature.
                z.iter_mut()
                    .for_each(|z| z.slope.slope = Scalar::exact(0.0));
            }
            self.labels.loss_of_row(i, &z)
        };
        let loss = Twice::exact(self.scale) * sum((0..self.pass.rows).map(row));
        let weights = self.build.weights();
        let squares = weights.iter().flat_map(|w| w.range()).map(|k| p[k] * p[k]);
        loss + Twice::exact(0.5 * self.l2) * sum(squares)
    }
}

#[derive(Debug, PartialEq)]
struct Results {
    value: f64,
    g: Vec<f64>,
    hv: Vec<f64>,
    gv: Vec<f64>,
}

fn run<T: Real>(case: &Case, level: Level, threads: usize) -> Results {
    let x = Block::<T>::new(&case.x, case.inputs, case.pass.beside);
    let (p, v) = (typed::<T>(&case.p), typed::<T>(&case.v));
    let labels = case.labels.typed::<T>(case.pass.beside);
    let y = labels.targets();
    let weights = case.build.weights();
    let objective = NetObjective {
        scale: T::from_f64(case.scale),
        l2: T::from_f64(case.l2),
        penalised: &weights,
        seed: case.pass.seed,
        ..NetObjective::new(
            Stack(case.build.layers()),
            case.labels.ours(),
            p.len(),
            x.view(),
            y,
        )
    };
    let mut workspace = Workspace::with_level(level, objective.need()).with_threads(threads);
    let mut slabs = workspace.slabs();
    slabs.saved.fill(T::NAN);
    let w = &mut slabs.work;
    let mut outs = [(); 3].map(|()| vec![T::NAN; p.len()]);
    let [g, hv, gv] = &mut outs;
    let dirty = |w: &mut cognate::workspace::Work<'_, T>| w.scratch().fill(T::NAN);
    dirty(w);
    let value = objective.value_grad(&p, Some(g), slabs.saved, w);
    dirty(w);
    let elsewhere = vec![T::ZERO; p.len()];
    objective.value_grad(&elsewhere, None, slabs.saved, w);
    let again = objective.value_grad(&p, None, slabs.saved, w);
    assert_eq!(value, again, "a value alone is the same value");
    dirty(w);
    objective.hvp(&p, slabs.saved, &v, hv, w);
    dirty(w);
    objective.gnvp(&p, slabs.saved, &v, gv, w);
    Results {
        value: value.to_f64(),
        g: doubles(g),
        hv: doubles(hv),
        gv: doubles(gv),
    }
}

fn check<T: Real>(case: &Case) -> Result<(), TestCaseError> {
    let results: Vec<Results> = levels()
        .iter()
        .map(|&level| run::<T>(case, level, 1))
        .collect();
    for (u, _) in coordinates(case.p.len(), &mut Random::new(case.pass.seed ^ 2)) {
        let (exact, linear) = (case.reference(&u, false), case.reference(&u, true));
        for r in &results {
            close::<T>("value", r.value, exact.value.value)?;
            close::<T>("g", inner(&r.g, &u), exact.slope.value)?;
            close::<T>("H v", inner(&r.hv, &u), exact.slope.slope)?;
            close::<T>("G v", inner(&r.gv, &u), linear.slope.slope)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(60))]
    #[test]
    fn networks(pass in Pass::any(), inputs in 1..=20_usize, depth in 1..=4_usize) {
        let case = Case::new(pass, inputs, |build, pass, random| {
            (0..depth).fold(inputs, |width, _| build.any(width, pass, random))
        });
        check::<f64>(&case)?;
        check::<f32>(&case)?;
    }
}

/// More rows than a chunk has: the same reference, and the same bits on any number of threads.
#[test]
fn chunks_of_rows() {
    let case = Case::new(Pass::plain(2300, 3), 3, |build, pass, _| {
        build.dense(3, 4, Act::Tanh, true);
        build.dropout(4, 0.5, pass);
        build.dense(4, 2, Act::Identity, true);
        2
    });
    check::<f64>(&case).unwrap();
    check::<f32>(&case).unwrap();
    let level = levels()[0];
    let one = run::<f32>(&case, level, 1);
    for threads in 2..=4 {
        assert_eq!(run::<f32>(&case, level, threads), one);
    }
}
