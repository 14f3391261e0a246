//! Experts and gates: what MMoE has once and PLE level after level.
//!
//! ```text
//! e_k = expert_k(its source)        s_g = softmax(the gate's source G_g)        m_g = sum over k in E_g of s_gk e_k
//! ```

use alloc::vec::Vec;

use super::bilinear::{Bilinear, Blend};
use super::graph::{Columns, Source};
use super::network::{Begin, Builder, Unit, joined};
use super::part::Part;

/// A gate: where it begins, and the experts among which it chooses.
pub(super) struct Gate {
    pub begin: Begin,
    pub experts: Vec<usize>,
}

/// Experts of the same widths and the gates above them.
pub(super) struct Level<'a> {
    pub experts: Vec<Begin>,
    /// At least one.
    pub widths: &'a [usize],
    pub gates: Vec<Gate>,
}

/// Adds a level; what each gate makes of its experts.
#[inline]
pub(super) fn add_level(builder: &mut Builder, level: &Level<'_>) -> Vec<Source> {
    let mut logits = Vec::new();
    for gate in &level.gates {
        let unit = Unit::linear(gate.experts.len()).without_bias();
        logits.push(builder.dense(&gate.begin, unit));
    }
    let experts = builder.towers(&level.experts, level.widths);
    // The gates' weights lie behind the experts, so that the blend reads both as one.
    let mut read: Option<Columns> = experts;
    for (gate, &logits) in level.gates.iter().zip(&logits) {
        read = Some(joined(read, builder.softmax(logits, gate.begin.task)));
    }
    let read = read.expect("a level has experts and gates");
    let width = level.widths[level.widths.len() - 1];
    let blend = Part::Blend(Bilinear(Blend {
        width,
        experts: level.experts.len(),
        gates: level.gates.iter().map(|g| g.experts.clone()).collect(),
    }));
    let mixtures = builder.graph.add(blend, read.into(), None);
    let mixture = |g| mixtures.block(g, width).into();
    (0..level.gates.len()).map(mixture).collect()
}
