//! What the order of tasks, and one more of them, change: the place of their columns and nothing else.

use cognate::layer::Init;
use cognate::mtl::net::{CrossStitch, Depths, Mmoe, Mtan, Network, Output, Ple};

use crate::cases::{heads, reference};
use crate::harness::close;
use crate::identities::{ACT, INPUTS, ROWS, by_name, dag, inputs, links, run};
use crate::support::layers::{Act, RowMap};
use crate::support::{Bounded, Scalar, nets};

/// Every architecture on `heads`; what a task reads is said of the names, not of the places.
fn every(heads: &[Output]) -> Vec<(Network, nets::Kind)> {
    let places = |names: &[&str]| -> Vec<usize> {
        let place = |name: &&str| heads.iter().position(|head| head.name == *name);
        names.iter().filter_map(place).collect()
    };
    let depths: Vec<usize> = heads.iter().map(|head| head.name.len() % 3).collect();
    let reads = |head: &Output| match head.name.as_str() {
        "blue" => places(&["red"]),
        "green" => places(&["red", "blue"]),
        _ => vec![],
    };
    let reads: Vec<Vec<usize>> = heads.iter().map(reads).collect();
    let (activation, tower) = (ACT, vec![3]);
    let levels = vec![vec![4], vec![3]];
    let build = |net: cognate::Result<Network>, kind| (net.unwrap(), kind);
    vec![
        build(
            Depths {
                trunk: vec![4, 4],
                depths: depths.clone(),
                tower: tower.clone(),
                activation,
            }
            .build(INPUTS, heads),
            nets::Kind::Depths(depths),
        ),
        build(
            dag(reads.clone()).build(INPUTS, heads),
            nets::Kind::Dag(reads),
        ),
        build(
            CrossStitch {
                tower: tower.clone(),
                activation,
            }
            .build(INPUTS, heads),
            nets::Kind::CrossStitch,
        ),
        build(
            Mmoe {
                experts: 2,
                expert: vec![4],
                tower: tower.clone(),
                activation,
            }
            .build(INPUTS, heads),
            nets::Kind::Mmoe(2),
        ),
        build(
            Ple {
                own: 1,
                shared: 1,
                levels,
                tower,
                activation,
            }
            .build(INPUTS, heads),
            nets::Kind::Ple(1, 1, 2),
        ),
        build(
            Mtan {
                trunk: vec![4, 3],
                attention: 2,
                activation,
            }
            .build(INPUTS, heads),
            nets::Kind::Mtan,
        ),
    ]
}

#[test]
fn the_order_of_tasks_moves_columns_only() {
    let first = heads(3);
    let second: Vec<Output> = [2, 0, 1].map(|t| first[t].clone()).into();
    for ((net, kind), (moved, _)) in every(&first).into_iter().zip(every(&second)) {
        let p = by_name(&net);
        let mut q = by_name(&moved);
        let place = |t: usize| if t < 3 { [2, 0, 1][t] } else { t };
        let (from, to) = (net.layout(), moved.layout());
        // The matrices that have tasks for rows and columns, or tasks' experts for columns.
        if let (Some(a), Some(b)) = (from.find("stitch.0"), to.find("stitch.0")) {
            for (k, entry) in b.of_mut(&mut q).iter_mut().enumerate() {
                *entry = a.of(&p)[place(k / 3) * 3 + place(k % 3)];
            }
        }
        let gate = "level.0.gate.shared.weight";
        if let (Some(a), Some(b)) = (from.find(gate), to.find(gate)) {
            for (k, entry) in b.of_mut(&mut q).iter_mut().enumerate() {
                *entry = a.of(&p)[k / 4 * 4 + place(k % 4)];
            }
        }
        let theirs = reference(&net, kind.clone(), Act::Tanh, &first);
        let passed = run(&moved, &second, &q);
        let bounded = |numbers: &[f64]| -> Vec<Bounded> {
            numbers.iter().map(|&v| Bounded::exact(v)).collect()
        };
        let rows = inputs();
        let rows = rows.chunks(INPUTS).enumerate();
        let wanted: Vec<Bounded> = rows
            .flat_map(|(i, x)| theirs.row(i, &bounded(&p), &bounded(x)))
            .collect();
        for (place, t) in [2, 0, 1].into_iter().enumerate() {
            let before: usize = first[..t].iter().map(|head| head.kind.links()).sum();
            let k = first[t].kind.links();
            let wanted = (0..ROWS).flat_map(|i| wanted[i * 5 + before..][..k].to_vec());
            for (found, wanted) in links(&second, &passed, place).into_iter().zip(wanted) {
                close::<f64>("y", found, wanted).unwrap_or_else(|e| panic!("{kind:?}: {e}"));
            }
        }
    }
}

#[test]
fn a_task_more_starts_no_other_elsewhere() {
    for ((two, _), (three, kind)) in every(&heads(3)[..2]).into_iter().zip(every(&heads(3))) {
        let (mut p, mut q) = (
            vec![0.0; two.layout().len()],
            vec![0.0; three.layout().len()],
        );
        two.init(Init::GlorotUniform, 5, &mut p);
        three.init(Init::GlorotUniform, 5, &mut q);
        let mut compared = 0;
        for (name, span) in two.layout().iter() {
            let other = three.layout().find(name).unwrap();
            if (span.rows, span.cols) == (other.rows, other.cols) {
                assert_eq!(span.of(&p), other.of(&q), "{kind:?} {name}");
                compared += 1;
            }
        }
        assert!(compared > 4, "{kind:?}");
    }
}
