//! Progressive layered extraction (Tang et al. 2020): experts of the tasks' own beside shared ones, level after level.
//!
//! Below level 1 every task's `h_t` and the shared `h_0` are the inputs. At each level, with `own` experts a task and `shared` ones,
//! ```text
//! e_tk = expert_tk(h_t)         e_0k = expert_0k(h_0)
//! h_t <- mixture of e_t1 .. and e_01 ..    by softmax(h_t G_t)         (its own and the shared ones)
//! h_0 <- mixture of all experts            by softmax(h_0 G_0)         (not at the last level, where nothing would read it)
//! y_t = tower_t(h_t) V_t + 1 c_t'
//! ```
//! One level is customised gate control (CGC). Without shared experts the tasks are independent networks; without own ones a level is
//! MMoE.

use alloc::{format, string::String, vec, vec::Vec};

use cognate_kernels::Activation;

use super::Output;
use super::experts::{Gate, Level, add_level};
use super::graph::Source;
use super::network::{Begin, Builder, Network, check_positive, check_widths};
use crate::check;
use crate::error::Result;

/// Own and shared experts in levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ple {
    /// Experts of each task at each level, `level.L.task.NAME.K`.
    pub own: usize,
    /// Shared experts at each level, `level.L.shared.K`.
    pub shared: usize,
    /// For each level, at least one, the widths of its experts' layers, at least one.
    pub levels: Vec<Vec<usize>>,
    /// Widths of the layers that each task has above the last level.
    pub tower: Vec<usize>,
    /// Of hidden units.
    pub activation: Activation,
}

/// What a level reads: each task's own, and the shared.
struct Streams {
    own: Vec<Source>,
    shared: Source,
}

impl Ple {
    /// The network of `inputs` inputs for `heads`.
    ///
    /// # Errors
    /// If there are neither own nor shared experts, there is no level, one has no layers, a width is 0, or as the heads' names say.
    #[inline]
    pub fn build(&self, inputs: usize, heads: &[Output]) -> Result<Network> {
        let mut builder = Builder::new(inputs, heads, self.activation)?;
        check_positive("experts", self.own + self.shared)?;
        check::not_empty("levels", self.levels.len())?;
        for widths in &self.levels {
            check::not_empty("levels", widths.len())?;
            check_widths("levels", widths)?;
        }
        check_widths("tower", &self.tower)?;
        let mut streams = Streams {
            own: vec![Source::Inputs; heads.len()],
            shared: Source::Inputs,
        };
        for l in 0..self.levels.len() {
            let level = self.level(heads, l, &streams);
            let mut mixtures = add_level(&mut builder, &level);
            if mixtures.len() > heads.len() {
                streams.shared = mixtures.remove(heads.len());
            }
            streams.own = mixtures;
        }
        let mut links = Vec::new();
        for (t, (head, &mixture)) in heads.iter().zip(&streams.own).enumerate() {
            let top = builder.task_tower(head, mixture, &self.tower, Some(t));
            links.push(builder.links(head, top, Some(t)));
        }
        Ok(builder.finish(links))
    }

    /// Whether level `l` has a shared mixture, for the shared experts of the next.
    fn has_shared_gate(&self, l: usize) -> bool {
        self.shared > 0 && l + 1 < self.levels.len()
    }

    /// Level `l`: every task's own experts, then the shared ones; every task's gate, then the shared one.
    fn level(&self, heads: &[Output], l: usize, streams: &Streams) -> Level<'_> {
        let begin = |name: String, from, task| Begin {
            name: format!("level.{l}.{name}"),
            from,
            task,
        };
        // What a shared mixture reads, at once or through the next level's own experts, every task's loss reaches.
        let expert_owner = |t| (!self.has_shared_gate(l)).then_some(t);
        let mixture_owner = |t| (!self.has_shared_gate(l + 1)).then_some(t);
        let (mut experts, mut gates) = (Vec::new(), Vec::new());
        let all = heads.len() * self.own + self.shared;
        for (t, (head, &from)) in heads.iter().zip(&streams.own).enumerate() {
            let first = experts.len();
            for k in 0..self.own {
                experts.push(begin(
                    format!("task.{}.{k}", head.name),
                    from,
                    expert_owner(t),
                ));
            }
            let gate = Gate {
                begin: begin(format!("gate.task.{}", head.name), from, mixture_owner(t)),
                experts: (first..experts.len())
                    .chain(all - self.shared..all)
                    .collect(),
            };
            gates.push(gate);
        }
        for k in 0..self.shared {
            experts.push(begin(format!("shared.{k}"), streams.shared, None));
        }
        if self.has_shared_gate(l) {
            gates.push(Gate {
                begin: begin("gate.shared".into(), streams.shared, None),
                experts: (0..all).collect(),
            });
        }
        Level {
            experts,
            widths: &self.levels[l],
            gates,
        }
    }
}
