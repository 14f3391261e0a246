//! Architectures by name, from one outline; and what cannot be built.

use std::slice;

use cognate::layer::{Ctx, Mode};
use cognate::mtl::Kind;
use cognate::mtl::net::{Architecture, Built, CrossStitch, Depths, Mmoe, Network, Outline, Output};
use cognate::workspace::Workspace;
use cognate::{MatMut, MatRef};

use crate::cases::heads;
use crate::identities::{ACT, INPUTS, ROWS, dag, inputs};

/// What the command calls them.
pub const NAMED: [&str; 6] = [
    "hard-sharing",
    "cross-stitch",
    "mmoe",
    "ple",
    "mtan",
    "task-dag",
];

fn built(
    architecture: &Architecture,
    hidden: &[usize],
    outputs: &[Output],
) -> cognate::Result<Built<f64>> {
    let outline = Outline {
        features: INPUTS,
        hidden,
        activation: ACT,
        outputs,
    };
    architecture.build(&outline, 4)
}

#[test]
fn every_architecture_has_a_name_and_a_start() {
    let heads = heads(3);
    for name in NAMED {
        let architecture = Architecture::named(name, 3).unwrap();
        let built = built(&architecture, &[6, 4], &heads).unwrap();
        assert_eq!(built.net.width(), (INPUTS, 5), "{name}");
        assert_eq!(built.start.len(), built.layout.view().len(), "{name}");
        assert!(
            built.start.iter().all(|number| number.is_finite()),
            "{name}"
        );
        for head in ["head.red.weight", "head.green.bias", "head.blue.weight"] {
            assert!(built.layout.view().find(head).is_some(), "{name}: {head}");
        }
    }
    assert_eq!(Architecture::named("soft-sharing", 3), None);
    let flat = built(&Architecture::CrossStitch, &[], &heads).unwrap_err();
    assert_eq!(flat.to_string(), "hidden_layer_sizes is empty");
}

#[test]
fn heads_at_one_depth_are_hard_sharing() {
    let heads = heads(3);
    let stack = built(&Architecture::HardSharing, &[6, 4], &heads).unwrap();
    let graph = built(&Architecture::Depths(vec![2; 3]), &[6, 4], &heads).unwrap();
    assert_eq!(stack.layout, graph.layout);
    assert_eq!(stack.start, graph.start);
    let outputs = |built: &Built<f64>| {
        let mut workspace = Workspace::new(built.net.need(Mode::Predict, ROWS, 1));
        let (x, mut y) = (inputs(), vec![f64::NAN; ROWS * 5]);
        let (x, into) = (
            MatRef::planned(&x, ROWS, INPUTS),
            MatMut::planned(&mut y, ROWS, 5),
        );
        let work = &mut workspace.slabs().work;
        built
            .net
            .forward(&Ctx::PREDICT, &built.start, x, into, &mut [], work);
        y
    };
    assert_eq!(outputs(&stack), outputs(&graph));
}

#[test]
fn what_cannot_be_built_says_why() {
    let two = heads(2);
    let message = |net: cognate::Result<Network>| net.unwrap_err().to_string();
    let ring = dag(vec![vec![1], vec![0]]).build(INPUTS, &two);
    assert_eq!(
        message(ring),
        "task \"red\" reads itself, through others or at once"
    );
    let absent = dag(vec![vec![], vec![2]]).build(INPUTS, &two);
    assert_eq!(
        message(absent),
        "task \"green\" reads a task that is not there"
    );
    let twice = dag(vec![vec![], vec![0, 0]]).build(INPUTS, &two);
    assert_eq!(message(twice), "task \"green\" reads a task twice");
    let few = dag(vec![vec![]]).build(INPUTS, &two);
    assert_eq!(message(few), "reads is 1 x 1, but 2 x 1 is needed");
    let high = Depths {
        trunk: vec![4],
        depths: vec![1, 2],
        tower: vec![],
        activation: ACT,
    };
    assert_eq!(
        message(high.build(INPUTS, &two)),
        "task \"green\" hangs higher than the trunk reaches"
    );
    let none = Mmoe {
        experts: 0,
        expert: vec![4],
        tower: vec![],
        activation: ACT,
    };
    assert_eq!(
        message(none.build(INPUTS, &two)),
        "experts must be at least 1, not 0"
    );
    let narrow = CrossStitch {
        tower: vec![4, 0],
        activation: ACT,
    };
    assert_eq!(
        message(narrow.build(INPUTS, &two)),
        "tower must be at least 1, not 0"
    );
    let lines = Output {
        name: "two\nlines".into(),
        kind: Kind::Number,
    };
    let named = CrossStitch {
        tower: vec![4],
        activation: ACT,
    };
    assert_eq!(
        message(named.build(INPUTS, slice::from_ref(&lines))),
        "task \"two\\nlines\" has a name of several lines"
    );
    assert_eq!(
        message(named.build(INPUTS, &[two[0].clone(), two[0].clone()])),
        "task \"red\" is the name of two tasks"
    );
    assert_eq!(message(named.build(0, &two)), "inputs is empty");
    assert_eq!(message(named.build(INPUTS, &[])), "heads is empty");
}
