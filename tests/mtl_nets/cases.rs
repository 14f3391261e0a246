//! Random networks of every architecture, each with the reference's form of it.

use cognate::Activation;
use cognate::mtl::Kind as TaskKind;
use cognate::mtl::net::{CrossStitch, Depths, Mmoe, Mtan, Network, Output, Ple, TaskDag};

use crate::harness::build::activation;
use crate::support::Random;
use crate::support::layers::Act;
use crate::support::nets::{Kind, Named, Net, Outcome};

pub const NAMES: [&str; 4] = ["red", "green", "blue", "grey"];

pub const KINDS: [TaskKind; 3] = [TaskKind::Number, TaskKind::Classes(2), TaskKind::Classes(3)];

/// The first `tasks` heads, of all kinds in turn.
pub fn heads(tasks: usize) -> Vec<Output> {
    let head = |t: usize| Output {
        name: NAMES[t].into(),
        kind: KINDS[t % KINDS.len()],
    };
    (0..tasks).map(head).collect()
}

/// The architectures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Which {
    Depths,
    Dag,
    CrossStitch,
    Mmoe,
    Ple,
    Mtan,
}

impl Which {
    pub const ALL: [Self; 6] = [
        Self::Depths,
        Self::Dag,
        Self::CrossStitch,
        Self::Mmoe,
        Self::Ple,
        Self::Mtan,
    ];
}

/// A network of ours and the reference's form of it.
pub struct Case {
    pub net: Network,
    pub theirs: Net,
    pub tasks: usize,
}

/// Up to `most` widths from 1 to 4, at least `least`.
fn widths(random: &mut Random, least: usize, most: usize) -> Vec<usize> {
    let layers = least + random.below(most - least + 1);
    (0..layers).map(|_| 1 + random.below(4)).collect()
}

/// A random network of up to three tasks.
pub fn case(which: Which, inputs: usize, act: Act, random: &mut Random) -> Case {
    let heads = heads(1 + random.below(3));
    let (net, kind) = build(which, inputs, activation(act), &heads, random);
    Case {
        tasks: heads.len(),
        theirs: reference(&net, kind, act, &heads),
        net,
    }
}

fn build(
    which: Which,
    inputs: usize,
    activation: Activation,
    heads: &[Output],
    random: &mut Random,
) -> (Network, Kind) {
    let tasks = heads.len();
    match which {
        Which::Depths => {
            let trunk = widths(random, 0, 3);
            let depths: Vec<usize> = (0..tasks).map(|_| random.below(trunk.len() + 1)).collect();
            let tower = widths(random, 0, 1);
            let kind = Kind::Depths(depths.clone());
            let config = Depths {
                trunk,
                depths,
                tower,
                activation,
            };
            (config.build(inputs, heads).unwrap(), kind)
        }
        Which::Dag => {
            let (trunk, tower) = (widths(random, 0, 1), widths(random, 1, 2));
            // Later tasks are read by earlier ones: the order of work is not that of the tasks.
            let reads: Vec<Vec<usize>> = (0..tasks)
                .map(|t| (t + 1..tasks).filter(|_| !random.one_in(3)).collect())
                .collect();
            let kind = Kind::Dag(reads.clone());
            let config = TaskDag {
                trunk,
                tower,
                reads,
                activation,
            };
            (config.build(inputs, heads).unwrap(), kind)
        }
        Which::CrossStitch => {
            let config = CrossStitch {
                tower: widths(random, 1, 2),
                activation,
            };
            (config.build(inputs, heads).unwrap(), Kind::CrossStitch)
        }
        Which::Mmoe => {
            let (experts, expert) = (1 + random.below(3), widths(random, 1, 2));
            let config = Mmoe {
                experts,
                expert,
                tower: widths(random, 0, 1),
                activation,
            };
            (config.build(inputs, heads).unwrap(), Kind::Mmoe(experts))
        }
        Which::Ple => {
            let own = random.below(3);
            let shared = usize::from(own == 0) + random.below(2);
            let levels: Vec<_> = (0..1 + random.below(3))
                .map(|_| widths(random, 1, 2))
                .collect();
            let kind = Kind::Ple(own, shared, levels.len());
            let config = Ple {
                own,
                shared,
                levels,
                tower: widths(random, 0, 1),
                activation,
            };
            (config.build(inputs, heads).unwrap(), kind)
        }
        Which::Mtan => {
            let (trunk, attention) = (widths(random, 1, 3), 1 + random.below(3));
            let config = Mtan {
                trunk,
                attention,
                activation,
            };
            (config.build(inputs, heads).unwrap(), Kind::Mtan)
        }
    }
}

/// The reference that reads the parameters of `net` by their names.
pub fn reference(net: &Network, kind: Kind, act: Act, heads: &[Output]) -> Net {
    let named = net.layout().iter().map(|(name, span)| Named {
        name: name.to_string(),
        start: span.start,
        rows: span.rows,
        cols: span.cols,
    });
    let task = |head: &Output| {
        let outcome = match head.kind {
            TaskKind::Number => Outcome::Number,
            TaskKind::Classes(2) => Outcome::Binary,
            TaskKind::Classes(_) => Outcome::Classes,
        };
        (head.name.clone(), outcome)
    };
    Net {
        kind,
        act,
        tasks: heads.iter().map(task).collect(),
        params: named.collect(),
    }
}
