//! Value, gradient, Hessian and Gauss-Newton products of a whole network under a loss equal the dual-number reference to rounding.

mod harness;
mod support;

use cognate::layer::Stack;
use cognate::objective::net::NetObjective;
use cognate::{Level, Real};
use harness::build::Build;
use harness::objective::{Case, Results};
use harness::{Pass, config, levels};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use support::Random;
use support::layers::{Act, Layer};

/// A network and its case.
struct Net {
    build: Build,
    case: Case<Vec<Layer>>,
}

impl Net {
    /// A network that `grow` makes on `inputs` inputs, returning the number of its outputs.
    fn new(
        pass: Pass,
        inputs: usize,
        grow: impl FnOnce(&mut Build, &Pass, &mut Random) -> usize,
    ) -> Self {
        let mut build = Build::default();
        let outputs = grow(&mut build, &pass, &mut Random::new(pass.seed));
        let weights = build.weights().iter().map(|w| w.range()).collect();
        let (map, params) = (build.theirs.clone(), build.params());
        let case = Case::new(map, params, weights, (inputs, outputs), pass);
        Self { build, case }
    }

    fn run<T: Real>(&self, level: Level, threads: usize) -> Results {
        let case = &self.case;
        let (x, labels) = (case.x::<T>(), case.labels.typed::<T>(case.pass.beside));
        let (net, loss, weights) = (
            Stack(self.build.layers()),
            case.labels.ours(),
            self.build.weights(),
        );
        let objective = NetObjective {
            scale: T::from_f64(case.scale),
            l2: T::from_f64(case.l2),
            penalised: &weights,
            seed: case.pass.seed,
            ..NetObjective::new(net, loss, case.p.len(), x.view(), labels.targets())
        };
        case.run(&objective, level, threads)
    }

    fn check<T: Real>(&self) -> Result<(), TestCaseError> {
        let results = levels().into_iter().map(|level| self.run::<T>(level, 1));
        self.case.compare::<T>(&results.collect::<Vec<_>>())
    }
}

proptest! {
    #![proptest_config(config(60))]
    #[test]
    fn networks(pass in Pass::any(), inputs in 1..=20_usize, depth in 1..=4_usize) {
        let net = Net::new(pass, inputs, |build, pass, random| {
            (0..depth).fold(inputs, |width, _| build.any(width, pass, random))
        });
        net.check::<f64>()?;
        net.check::<f32>()?;
    }
}

/// More rows than a chunk has: the same reference, and the same bits on any number of threads.
#[test]
fn chunks_of_rows() {
    let net = Net::new(Pass::plain(2300, 3), 3, |build, pass, _| {
        build.dense(3, 4, Act::Tanh, true);
        build.dropout(4, 0.5, pass);
        build.dense(4, 2, Act::Identity, true);
        2
    });
    net.check::<f64>().unwrap();
    net.check::<f32>().unwrap();
    let level = levels()[0];
    let one = net.run::<f32>(level, 1);
    for threads in 2..=4 {
        assert_eq!(net.run::<f32>(level, threads), one);
    }
}
