//! Heads side by side: every verb, rows of one's own, ways, weights.

use cognate::layer::{Dense, Stack, Tangent};
use cognate::mtl::net::Heads;
use cognate::{Activation, Real};
use proptest::prelude::*;

use crate::harness::build::Build;
use crate::harness::{Pass, config, verbs};
use crate::support::layers::{Act, Layer, RowMap};
use crate::support::{Random, Scalar};

/// Layers one after the other.
type Tower<'a, T> = Stack<Vec<&'a (dyn Tangent<T> + Sync)>>;

/// Heads of one or two layers on the same inputs, in both forms.
pub struct Both {
    pub build: Build,
    /// Layers of each head.
    pub cuts: Vec<std::ops::Range<usize>>,
}

impl Both {
    pub fn any(heads: usize, inputs: usize, random: &mut Random) -> Self {
        let (mut build, mut cuts) = (Build::default(), Vec::new());
        for _ in 0..heads {
            let first = build.ours.len();
            let mut width = inputs;
            for _ in 0..random.below(2) {
                build.dense(width, 5, Act::ALL[random.below(5)], true);
                width = 5;
            }
            build.dense(width, 1 + random.below(3), Act::Identity, !random.one_in(3));
            cuts.push(first..build.ours.len());
        }
        Self { build, cuts }
    }

    pub fn ours<T: Real>(&self) -> Heads<Vec<Tower<'_, T>>> {
        let layers = self.build.layers::<T>();
        Heads(
            self.cuts
                .iter()
                .map(|cut| Stack(layers[cut.clone()].to_vec()))
                .collect(),
        )
    }
}

impl RowMap for Both {
    fn row<S: Scalar>(&self, i: usize, p: &[S], x: &[S]) -> Vec<S> {
        let head = |cut: &std::ops::Range<usize>| {
            let layers: Vec<Layer> = self.build.theirs[cut.clone()].to_vec();
            layers.row(i, p, x)
        };
        self.cuts.iter().flat_map(head).collect()
    }
}

proptest! {
    #![proptest_config(config(40))]
    #[test]
    fn every_verb(pass in Pass::any(), heads in 1..=4_usize, inputs in 1..=12_usize) {
        let pass = Pass { ways: 1, groups: 0, ..pass };
        let both = Both::any(heads, inputs, &mut Random::new(pass.seed));
        verbs::check::<f64>(&both.ours::<f64>(), &both, both.build.params(), &pass)?;
        verbs::check::<f32>(&both.ours::<f32>(), &both, both.build.params(), &pass)?;
    }
}

#[test]
#[should_panic(expected = "one way, or one a task")]
fn ways_are_tasks() {
    use cognate::layer::{Ctx, Forward};
    let mut build = Build::default();
    build.dense(2, 1, Act::Identity, true);
    let crate::harness::build::Ours::Dense(head) = build.ours[0] else {
        unreachable!()
    };
    let head = Dense {
        activation: Activation::Identity,
        ..head
    };
    let c = Ctx {
        ways: 3,
        ..Ctx::train(0)
    };
    let mut workspace = cognate::workspace::Workspace::<f64>::new(Default::default());
    let x = cognate::MatRef::planned(&[0.0, 0.0], 1, 2);
    let mut y = [0.0; 2];
    let y = cognate::MatMut::planned(&mut y, 1, 2);
    Heads(vec![head, head]).forward(&c, &[0.0; 3], x, y, &mut [], &mut workspace.slabs().work);
}
