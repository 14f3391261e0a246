//! Cross-stitch networks (Misra et al. 2016): a tower a task, and behind each hidden layer a learned combination of all of them.
//!
//! ```text
//! x_t = act(h_t W_t + 1 b_t')        h_t <- sum over s of a_ts x_s        (layer by layer, h_t = x at first)        y_t = h_t V_t + 1 c_t'
//! ```
//! The `T x T` numbers `a` of a layer say how much each task takes of each other: a relation that is learned with the network. They start
//! near the identity (see [`Mix`]); at the identity the towers are independent networks.

use alloc::{format, vec, vec::Vec};

use cognate_kernels::Activation;

use super::Output;
use super::graph::{Columns, Source};
use super::mix::Mix;
use super::network::{Begin, Builder, Network, check_widths};
use super::part::Part;
use crate::check;
use crate::error::Result;

/// Towers that are stitched together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossStitch {
    /// Widths of every tower's layers, `task.NAME.0` and so on, at least one; behind each stands `stitch.0` and so on.
    pub tower: Vec<usize>,
    /// Of hidden units.
    pub activation: Activation,
}

impl CrossStitch {
    /// The network of `inputs` inputs for `heads`.
    ///
    /// # Errors
    /// If a width is 0 or there is none, or as the heads' names say.
    #[inline]
    pub fn build(&self, inputs: usize, heads: &[Output]) -> Result<Network> {
        let mut builder = Builder::new(inputs, heads, self.activation)?;
        check::not_empty("tower", self.tower.len())?;
        check_widths("tower", &self.tower)?;
        let mut from = vec![Source::Inputs; heads.len()];
        for l in 0..self.tower.len() {
            let mixed = self.add_level(&mut builder, heads, l, &from);
            from = (0..heads.len())
                .map(|t| mixed.block(t, self.tower[l]).into())
                .collect();
        }
        let mut links = Vec::new();
        for (t, (head, &from)) in heads.iter().zip(&from).enumerate() {
            links.push(builder.links(head, from, Some(t)));
        }
        Ok(builder.finish(links))
    }

    /// Layer `l` of all towers and the stitch behind it: what the tasks then have, side by side.
    #[inline]
    fn add_level(
        &self,
        builder: &mut Builder,
        heads: &[Output],
        l: usize,
        from: &[Source],
    ) -> Columns {
        let width = self.tower[l];
        let unit = builder.unit(width);
        let mut layer = |(head, &from): (&Output, &Source)| {
            let name = format!("task.{}.{l}", head.name);
            // Every task's loss reaches every tower, through the stitches.
            let task = None;
            builder.dense(&Begin { name, from, task }, unit)
        };
        let layers = heads.iter().zip(from).map(&mut layer);
        let layers = layers.reduce(Columns::through).expect("at least one task");
        let tasks = heads.len();
        let weight = builder.span(&format!("stitch.{l}"), tasks, tasks);
        let mix = Part::Mix(Mix { weight, width });
        builder.graph.add(mix, layers.into(), None)
    }
}
