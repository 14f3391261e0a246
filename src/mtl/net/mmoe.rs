//! Multi-gate mixture of experts (Ma et al. 2018): every task its own mixture of shared networks.
//!
//! ```text
//! e_k = expert_k(x)        s_t = softmax(x G_t)        y_t = tower_t(sum over k of s_tk e_k) V_t + 1 c_t'
//! ```
//! The gates are linear and have no bias. With one expert its weight is 1 for every task: hard sharing.

use alloc::{format, vec::Vec};

use cognate_kernels::Activation;

use super::Output;
use super::experts::{Gate, Level, add_level};
use super::graph::Source;
use super::network::{Begin, check_positive};
use super::network::{Builder, Network, check_widths};
use crate::check;
use crate::error::Result;

/// Shared experts and a gate a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mmoe {
    /// Number of experts, `expert.0` and so on.
    pub experts: usize,
    /// Widths of every expert's layers, at least one.
    pub expert: Vec<usize>,
    /// Widths of the layers that each task has above its mixture.
    pub tower: Vec<usize>,
    /// Of hidden units.
    pub activation: Activation,
}

impl Mmoe {
    /// The network of `inputs` inputs for `heads`.
    ///
    /// # Errors
    /// If there is no expert, an expert has no layer, a width is 0, or as the heads' names say.
    #[inline]
    pub fn build(&self, inputs: usize, heads: &[Output]) -> Result<Network> {
        let mut builder = Builder::new(inputs, heads, self.activation)?;
        check_positive("experts", self.experts)?;
        check::not_empty("expert", self.expert.len())?;
        check_widths("expert", &self.expert)?;
        check_widths("tower", &self.tower)?;
        let expert = |k| Begin {
            name: format!("expert.{k}"),
            from: Source::Inputs,
            task: None,
        };
        let gate = |(t, head): (usize, &Output)| Gate {
            begin: Begin {
                name: format!("gate.{}", head.name),
                from: Source::Inputs,
                task: Some(t),
            },
            experts: (0..self.experts).collect(),
        };
        let level = Level {
            experts: (0..self.experts).map(expert).collect(),
            widths: &self.expert,
            gates: heads.iter().enumerate().map(gate).collect(),
        };
        let mixtures = add_level(&mut builder, &level);
        let mut links = Vec::new();
        for (t, (head, mixture)) in heads.iter().zip(mixtures).enumerate() {
            let top = builder.task_tower(head, mixture, &self.tower, Some(t));
            links.push(builder.links(head, top, Some(t)));
        }
        Ok(builder.finish(links))
    }
}
