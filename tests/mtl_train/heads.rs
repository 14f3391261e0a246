//! Heads side by side: every verb.

use cognate::layer::{Ctx, Dense, Forward};
use cognate::mtl::net::Heads;
use cognate::params::Span;
use cognate::workspace::Workspace;
use cognate::{Activation, MatMut, MatRef};
use proptest::prelude::*;

use crate::harness::{Pass, config, verbs};
use crate::nets::Net;
use crate::support::Random;

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
