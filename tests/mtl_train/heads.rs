//! Heads side by side: every verb.

use cognate::layer::{Ctx, Dense, Forward};
use cognate::mtl::net::{Heads, LinearHeads};
use cognate::params::Span;
use cognate::workspace::Workspace;
use cognate::{Activation, MatMut, MatRef};
use proptest::prelude::*;

use crate::harness::build::{Build, Ours};
use crate::harness::verbs::{self, Data};
use crate::harness::{Pass, config, levels};
use crate::nets::Net;
use crate::support::Random;
use crate::support::layers::Act;

proptest! {
    #![proptest_config(config(40))]
    #[test]
    fn every_verb(pass in Pass::any(), outputs in prop::collection::vec(1..=3_usize, 1..=4), inputs in 1..=12_usize) {
        let pass = Pass { ways: 1, groups: 0, ..pass };
        let net = Net::any(inputs, 0, &outputs, &pass, &mut Random::new(pass.seed));
        verbs::check::<f64>(&net.own::<f64>(), &net, net.build.params(), &pass)?;
        verbs::check::<f32>(&net.own::<f32>(), &net, net.build.params(), &pass)?;
    }
}

proptest! {
    #![proptest_config(config(60))]
    #[test]
    fn linear_heads_have_the_bits_of_single_ones(
        pass in Pass::any(), outputs in prop::collection::vec(1..=5_usize, 1..=6), inputs in 1..=40_usize, weighed: bool,
    ) {
        let pass = Pass { ways: 1, groups: 0, ..pass };
        let mut build = Build::default();
        outputs.iter().for_each(|&k| build.dense(inputs, k, Act::Identity, true));
        let heads: Vec<Dense> = build.ours.iter().filter_map(dense).collect();
        let data = Data::new(&pass, build.params(), (inputs, outputs.iter().sum()));
        let weights: Vec<f64> = (0..outputs.len()).map(|t| t as f64 / 3.0).collect();
        let c = Ctx { weights: if weighed { &weights } else { &[] }, ..Ctx::train(pass.seed) };
        for level in levels() {
            let one = verbs::run::<f32>(&Heads(&heads[..]), &pass, &c, &data, level);
            let all = verbs::run::<f32>(&LinearHeads(&heads[..]), &pass, &c, &data, level);
            prop_assert_eq!(&one.dp, &all.dp);
            prop_assert_eq!(&one.dx, &all.dx);
            prop_assert_eq!((&one.y, &one.ry, &one.rdx, &one.rdp), (&all.y, &all.ry, &all.rdx, &all.rdp));
        }
    }
}

fn dense(ours: &Ours) -> Option<Dense> {
    match ours {
        Ours::Dense(layer) => Some(*layer),
        _ => None,
    }
}

#[test]
#[should_panic(expected = "one way, or one a task")]
fn ways_are_tasks() {
    let head = Dense {
        weight: Span::new("weight", 0, 2, 1),
        bias: None,
        activation: Activation::Identity,
    };
    let c = Ctx {
        ways: 3,
        ..Ctx::train(0)
    };
    let mut workspace = Workspace::<f64>::new(Default::default());
    let (x, mut y) = (MatRef::planned(&[0.0, 0.0], 1, 2), [0.0; 2]);
    let y = MatMut::planned(&mut y, 1, 2);
    let w = &mut workspace.slabs().work;
    Heads(vec![head, head]).forward(&c, &[0.0; 2], x, y, &mut [], w);
}
