//! What an architecture is the same as, to the bit: a cut edge, one expert, identity stitches, no shared experts.

use std::slice;

use cognate::Activation;
use cognate::layer::{Ctx, Init};
use cognate::mtl::net::{CrossStitch, Depths, Mmoe, Network, Output, Ple, TaskDag};

use crate::cases::heads;
use crate::passes::{Passed, Point, assert_near, pass};
use crate::support::Random;

pub const INPUTS: usize = 5;
pub const ROWS: usize = 7;
pub const ACT: Activation = Activation::Tanh;

/// Numbers for every name, the same in every network.
pub fn by_name(net: &Network) -> Vec<f64> {
    let mut p = vec![f64::NAN; net.layout().len()];
    for (name, span) in net.layout().iter() {
        let seed = name
            .bytes()
            .fold(7, |h: u64, b| h.wrapping_mul(31) ^ u64::from(b));
        let numbers = Random::new(seed).numbers(span.len());
        span.of_mut(&mut p).copy_from_slice(&numbers);
    }
    p
}

/// The numbers of `from` under the names that `to` calls `rename` of its own.
fn renamed(from: &Network, p: &[f64], to: &Network, rename: impl Fn(&str) -> String) -> Vec<f64> {
    let mut q = vec![f64::NAN; to.layout().len()];
    for (name, span) in to.layout().iter() {
        let theirs = from.layout().find(&rename(name));
        let theirs = theirs.unwrap_or_else(|| panic!("{name} is {} nowhere", rename(name)));
        span.of_mut(&mut q).copy_from_slice(theirs.of(p));
    }
    q
}

pub fn inputs() -> Vec<f64> {
    Random::new(1).numbers(ROWS * INPUTS)
}

/// A pass with cotangents that depend on the task's name and the row alone.
pub fn run(net: &Network, heads: &[Output], p: &[f64]) -> Passed {
    let row = |i: usize| {
        let task = move |head: &Output| {
            let seed = head.name.len() as u64 * 1000 + i as u64;
            Random::new(seed).numbers(head.kind.links())
        };
        heads.iter().flat_map(task).collect::<Vec<f64>>()
    };
    let point = Point {
        rows: ROWS,
        p: p.to_vec(),
        x: inputs(),
        dy: (0..ROWS).flat_map(row).collect(),
    };
    pass(net, &Ctx::train(3), &point)
}

/// The outputs of task `t`, row after row.
pub fn links(heads: &[Output], passed: &Passed, t: usize) -> Vec<f64> {
    let before: usize = heads[..t].iter().map(|head| head.kind.links()).sum();
    let all: usize = heads.iter().map(|head| head.kind.links()).sum();
    let rows = passed.y.chunks(all);
    rows.flat_map(|row| row[before..before + heads[t].kind.links()].to_vec())
        .collect()
}

/// Fails unless what `net` calls a name has the gradient that `other` calls `rename` of it.
fn same_gradients(
    (net, passed): (&Network, &Passed),
    (other, theirs): (&Network, &Passed),
    rename: impl Fn(&str) -> String,
) {
    let wanted = renamed(other, &theirs.dp, net, rename);
    assert_eq!(passed.dp, wanted);
}

fn same(name: &str) -> String {
    name.into()
}

pub fn dag(reads: Vec<Vec<usize>>) -> TaskDag {
    TaskDag {
        trunk: vec![],
        tower: vec![6, 4],
        reads,
        activation: ACT,
    }
}

/// The network of `head` alone.
fn alone(head: &Output) -> Network {
    dag(vec![vec![]])
        .build(INPUTS, slice::from_ref(head))
        .unwrap()
}

#[test]
fn a_cut_edge_leaves_each_task_its_single_run() {
    let heads = heads(3);
    let cut = dag(vec![vec![]; 3]).build(INPUTS, &heads).unwrap();
    let mut p = vec![0.0; cut.layout().len()];
    cut.init(Init::HeUniform, 11, &mut p);
    let step = |net: &Network, heads: &[Output], p: &mut Vec<f64>| {
        let passed = run(net, heads, p);
        for (p, g) in p.iter_mut().zip(&passed.dp) {
            *p -= 0.1 * g;
        }
        passed
    };
    for _ in 0..5 {
        step(&cut, &heads, &mut p);
    }
    for (t, head) in heads.iter().enumerate() {
        let net = alone(head);
        let mut q = vec![0.0; net.layout().len()];
        net.init(Init::HeUniform, 11, &mut q);
        for _ in 0..5 {
            step(&net, slice::from_ref(head), &mut q);
        }
        assert_eq!(q, renamed(&cut, &p, &net, same), "{}", head.name);
        let (together, single) = (run(&cut, &heads, &p), run(&net, slice::from_ref(head), &q));
        assert_eq!(links(&heads, &together, t), single.y);
    }
}

#[test]
fn an_edge_of_zeros_is_no_edge() {
    let heads = heads(3);
    let tied = dag(vec![vec![], vec![0], vec![0, 1]]);
    let tied = tied.build(INPUTS, &heads).unwrap();
    let mut p = by_name(&tied);
    let edges = tied.layout();
    for (_, span) in edges.iter().filter(|(name, _)| name.contains(".from.")) {
        span.of_mut(&mut p).fill(0.0);
    }
    let cut = dag(vec![vec![]; 3]).build(INPUTS, &heads).unwrap();
    let q = renamed(&tied, &p, &cut, same);
    let (with, without) = (run(&tied, &heads, &p), run(&cut, &heads, &q));
    assert_eq!(with.y, without.y);
    same_gradients((&cut, &without), (&tied, &with), same);
    // And the edge would be used: its gradient is not 0.
    for (name, span) in edges.iter().filter(|(name, _)| name.contains(".from.")) {
        assert!(span.of(&with.dp).iter().any(|g| *g != 0.0), "{name}");
    }
}

#[test]
fn one_expert_is_hard_sharing() {
    let heads = heads(3);
    let (tower, activation) = (vec![3], ACT);
    let mmoe = Mmoe {
        experts: 1,
        expert: vec![6, 4],
        tower: tower.clone(),
        activation,
    };
    let mmoe = mmoe.build(INPUTS, &heads).unwrap();
    let hard = Depths {
        trunk: vec![6, 4],
        depths: vec![2; 3],
        tower,
        activation,
    };
    let hard = hard.build(INPUTS, &heads).unwrap();
    let p = by_name(&mmoe);
    let rename = |name: &str| name.replace("trunk.", "expert.0.");
    let q = renamed(&mmoe, &p, &hard, rename);
    let (mixed, shared) = (run(&mmoe, &heads, &p), run(&hard, &heads, &q));
    assert_eq!(mixed.y, shared.y);
    let wanted = renamed(&mmoe, &mixed.dp, &hard, rename);
    for task in 0..3 {
        for span in hard.own(task) {
            assert_eq!(span.of(&shared.dp), span.of(&wanted));
        }
    }
    // What the tasks send back is added up before their heads' products in the one, behind them in the other.
    assert_near("dp", &shared.dp, &wanted, 3 * (ROWS + INPUTS));
}

#[test]
fn identity_stitches_leave_networks_alone() {
    let heads = heads(3);
    let stitched = CrossStitch {
        tower: vec![6, 4],
        activation: ACT,
    };
    let stitched = stitched.build(INPUTS, &heads).unwrap();
    let mut p = by_name(&stitched);
    for (_, span) in stitched
        .layout()
        .iter()
        .filter(|(name, _)| name.starts_with("stitch"))
    {
        let identity = |k: usize| f64::from(u8::from(k / 3 == k % 3));
        let a: Vec<f64> = (0..9).map(identity).collect();
        span.of_mut(&mut p).copy_from_slice(&a);
    }
    let together = run(&stitched, &heads, &p);
    for (t, head) in heads.iter().enumerate() {
        let net = alone(head);
        let q = renamed(&stitched, &p, &net, same);
        let single = run(&net, slice::from_ref(head), &q);
        assert_eq!(links(&heads, &together, t), single.y);
        same_gradients((&net, &single), (&stitched, &together), same);
    }
}

#[test]
fn stitches_start_near_the_identity() {
    for tasks in 1..=4 {
        let heads = heads(tasks);
        let tower = vec![2];
        let net = CrossStitch {
            tower,
            activation: ACT,
        };
        let net = net.build(INPUTS, &heads).unwrap();
        let mut p = vec![0.0; net.layout().len()];
        net.init(Init::default(), 1, &mut p);
        let stitch = net.layout().find("stitch.0").unwrap();
        for (t, row) in stitch.of(&p).chunks(tasks).enumerate() {
            let (own, total) = (row[t], row.iter().sum::<f64>());
            assert_eq!(own, if tasks == 1 { 1.0 } else { 0.9 });
            assert!((total - 1.0).abs() < 4.0 * f64::EPSILON);
        }
    }
}

#[test]
fn no_shared_experts_are_independent_networks() {
    let heads = heads(3);
    let ple = |shared| Ple {
        own: 1,
        shared,
        levels: vec![vec![6], vec![4]],
        tower: vec![],
        activation: ACT,
    };
    let net = ple(0).build(INPUTS, &heads).unwrap();
    assert!(net.shared().is_empty());
    let p = by_name(&net);
    let together = run(&net, &heads, &p);
    for (t, head) in heads.iter().enumerate() {
        // Its layers are experts that a gate of one expert lets through.
        let single_net = alone(head);
        let rename = |name: &str| {
            let layer = |l| format!("task.{}.{l}.", head.name);
            let expert = |l| format!("level.{l}.task.{}.0.0.", head.name);
            name.replace(&layer(0), &expert(0))
                .replace(&layer(1), &expert(1))
        };
        let q = renamed(&net, &p, &single_net, rename);
        let single = run(&single_net, slice::from_ref(head), &q);
        assert_eq!(links(&heads, &together, t), single.y);
        same_gradients((&single_net, &single), (&net, &together), rename);
    }
    assert!(!ple(1).build(INPUTS, &heads).unwrap().shared().is_empty());
}

#[test]
fn a_level_without_own_experts_is_a_mixture_of_experts() {
    let heads = heads(3);
    let ple = Ple {
        own: 0,
        shared: 3,
        levels: vec![vec![6, 4]],
        tower: vec![2],
        activation: ACT,
    };
    let ple = ple.build(INPUTS, &heads).unwrap();
    let mmoe = Mmoe {
        experts: 3,
        expert: vec![6, 4],
        tower: vec![2],
        activation: ACT,
    };
    let mmoe = mmoe.build(INPUTS, &heads).unwrap();
    let rename = |name: &str| {
        let gate = name.replace("gate.", "level.0.gate.task.");
        gate.replace("expert.", "level.0.shared.")
    };
    let p = by_name(&ple);
    let q = renamed(&ple, &p, &mmoe, rename);
    let (left, right) = (run(&ple, &heads, &p), run(&mmoe, &heads, &q));
    assert_eq!(left.y, right.y);
    same_gradients((&mmoe, &right), (&ple, &left), rename);
}
