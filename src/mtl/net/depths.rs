//! Nested tasks: heads at different depths of one trunk.
//!
//! ```text
//! h_0 = x        h_l = act(h_(l-1) W_l + 1 b_l')        y_t = tower_t(h_(depth_t)) V_t + 1 c_t'
//! ```
//! A simple task hangs off a lower layer, a hard one off a higher (Soegaard and Goldberg 2016): what the simple one needs is then part of
//! what the hard one builds upon. Hard sharing is the case of equal depths.

use alloc::{format, vec::Vec};

use cognate_kernels::Activation;

use super::Output;
use super::graph::Source;
use super::network::{Begin, Builder, Network, check_widths};
use crate::check;
use crate::error::{Error, Result};

/// Heads at different depths of a trunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depths {
    /// Widths of the trunk's layers, `trunk.0` and so on; those above all tasks are not built.
    pub trunk: Vec<usize>,
    /// For each task, how many of the trunk's layers lie below it; 0 for none.
    pub depths: Vec<usize>,
    /// Widths of the layers that each task has above them.
    pub tower: Vec<usize>,
    /// Of hidden units.
    pub activation: Activation,
}

impl Depths {
    /// The network of `inputs` inputs for `heads`.
    ///
    /// # Errors
    /// If a width is 0, there is not a depth a task, a depth is more than the trunk has, or as the heads' names say.
    #[inline]
    pub fn build(&self, inputs: usize, heads: &[Output]) -> Result<Network> {
        let mut builder = Builder::new(inputs, heads, self.activation)?;
        check_widths("trunk", &self.trunk)?;
        check_widths("tower", &self.tower)?;
        check::shape("depths", (self.depths.len(), 1), (heads.len(), 1))?;
        for (head, &depth) in heads.iter().zip(&self.depths) {
            if depth > self.trunk.len() {
                return Err(Error::task(
                    &head.name,
                    "hangs higher than the trunk reaches",
                ));
            }
        }
        let levels = self.trunk(&mut builder);
        let mut links = Vec::new();
        for (t, (head, &depth)) in heads.iter().zip(&self.depths).enumerate() {
            let top = builder.task_tower(head, levels[depth], &self.tower, Some(t));
            links.push(builder.links(head, top, Some(t)));
        }
        Ok(builder.finish(links))
    }

    /// The inputs and what each layer of the trunk gives, as far as a task hangs off it or higher.
    #[inline]
    fn trunk(&self, builder: &mut Builder) -> Vec<Source> {
        let mut levels = [Source::Inputs].to_vec();
        let deepest = self.depths.iter().copied().max().unwrap_or(0);
        for (l, &width) in self.trunk[..deepest].iter().enumerate() {
            // A layer below one of several tasks only is that task's own.
            let mut above = (0..self.depths.len()).filter(|&t| self.depths[t] > l);
            let lone = above.next().filter(|_| above.next().is_none());
            let layer = Begin {
                name: format!("trunk.{l}"),
                from: levels[l],
                task: lone.filter(|_| self.depths.len() > 1),
            };
            let unit = builder.unit(width);
            levels.push(builder.dense(&layer, unit).into());
        }
        levels
    }
}
