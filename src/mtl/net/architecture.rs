//! How a network is laid out between its tasks.
//!
//! One outline, a few hidden layers, is enough for every architecture:
//! ```text
//! hard-sharing    the hidden layers are a trunk                       task-dag    the last hidden layer is each task's own, below is a trunk
//! cross-stitch    each task has them, stitched layer by layer         mmoe        each expert has them
//! ple             each is a level of experts                          mtan        they are a trunk, each task with a mask on each
//! ```
//! Links are linear in what the tasks have at the top. Other shapes (towers above, experts of several layers a level) are made by the
//! architectures' own types.

use alloc::{boxed::Box, format, string::String, sync::Arc, vec, vec::Vec};

use cognate_kernels::{Activation, Real};

use super::{CrossStitch, Depths, LinearHeads, Mmoe, Mtan, Network, Ple, TaskDag, TaskNet};
use crate::layer::{Dense, Init, Stack};
use crate::mtl::Kind;
use crate::params::{LayoutBuf, Span};
use crate::{Error, Result, check};

/// What a network predicts for one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The task's name, which the names of its parameters contain.
    pub name: String,
    /// What it predicts.
    pub kind: Kind,
}

/// What every architecture starts from.
#[derive(Clone, Copy, Debug)]
pub struct Outline<'a> {
    /// Number of features, `d`.
    pub features: usize,
    /// Units of each hidden layer that tasks share.
    pub hidden: &'a [usize],
    /// Of hidden units.
    pub activation: Activation,
    /// The tasks.
    pub outputs: &'a [Output],
}

/// How tasks share a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Architecture {
    /// One trunk, `trunk.0` and so on, and a linear head a task, `head.NAME` (Caruana 1993).
    #[default]
    HardSharing,
    /// One trunk whose simpler tasks hang off lower layers: see [`Depths`].
    Depths(
        /// For each task, how many hidden layers lie below it.
        Vec<usize>,
    ),
    /// A later task reads what earlier ones know: see [`TaskDag`].
    TaskDag(
        /// For each task, the places of the tasks that it reads.
        Vec<Vec<usize>>,
    ),
    /// A tower a task, mixed layer by layer: see [`CrossStitch`].
    CrossStitch,
    /// Shared experts and a gate a task: see [`Mmoe`].
    Mmoe {
        /// Number of experts.
        experts: usize,
    },
    /// Own and shared experts: see [`Ple`].
    Ple {
        /// Experts of each task at each level.
        own: usize,
        /// Shared experts at each level.
        shared: usize,
    },
    /// A trunk and a mask a task on each of its layers: see [`Mtan`].
    Mtan {
        /// Hidden units between a layer and each task's mask on it.
        attention: usize,
    },
}

/// A network as an architecture builds it.
#[derive(Clone, Debug)]
pub struct Built<T> {
    /// The layer.
    pub net: Arc<dyn TaskNet<T>>,
    /// Names and places of its parameters.
    pub layout: LayoutBuf,
    /// The weights that a penalty holds down.
    pub weights: Vec<Span>,
    /// Where training starts. A span's numbers depend on the seed, its name and its shape alone.
    pub start: Vec<T>,
}

impl Architecture {
    /// The network for an outline, with the start of `seed`.
    ///
    /// # Errors
    /// If there are no features or tasks, a layer has no units, or names are no names of parameters; as the architectures' own types say.
    pub fn build<T: Real>(&self, outline: &Outline<'_>, seed: u64) -> Result<Built<T>> {
        outline.check()?;
        if !matches!(self, Self::HardSharing | Self::Depths(_)) {
            check::not_empty("hidden_layer_sizes", outline.hidden.len())?;
        }
        let network = match self {
            // Heads on one trunk: a stack, which is faster than a graph.
            Self::HardSharing => return Ok(hard_sharing(outline, seed)),
            Self::Depths(depths) => outline.depths(depths),
            Self::TaskDag(reads) => outline.task_dag(reads),
            Self::CrossStitch => outline.cross_stitch(),
            &Self::Mmoe { experts } => outline.mmoe(experts),
            &Self::Ple { own, shared } => outline.ple(own, shared),
            &Self::Mtan { attention } => outline.mtan(attention),
        };
        Ok(Built::new(network?, seed))
    }

    /// The one that the command calls `name`, for `tasks` tasks: four experts, or one a task and a shared one a level; 16 units of
    /// attention; a chain of tasks, each of which reads the one before it; for nested labels one trunk below the choices.
    pub fn named(name: &str, tasks: usize) -> Option<Self> {
        Some(match name {
            "hard-sharing" | "nested-labels" => Self::HardSharing,
            "cross-stitch" => Self::CrossStitch,
            "mmoe" => Self::Mmoe { experts: 4 },
            "ple" => Self::Ple { own: 1, shared: 1 },
            "mtan" => Self::Mtan { attention: 16 },
            "task-dag" => {
                let before = |t: usize| t.checked_sub(1).into_iter().collect();
                Self::TaskDag((0..tasks).map(before).collect())
            }
            _ => return None,
        })
    }
}

/// The outline in the form of each architecture.
impl Outline<'_> {
    #[inline]
    fn depths(&self, depths: &[usize]) -> Result<Network> {
        let depths = Depths {
            trunk: self.hidden.to_vec(),
            depths: depths.to_vec(),
            tower: Vec::new(),
            activation: self.activation,
        };
        depths.build(self.features, self.outputs)
    }

    #[inline]
    fn task_dag(&self, reads: &[Vec<usize>]) -> Result<Network> {
        let (trunk, tower) = self.hidden.split_at(self.hidden.len() - 1);
        let dag = TaskDag {
            trunk: trunk.to_vec(),
            tower: tower.to_vec(),
            reads: reads.to_vec(),
            activation: self.activation,
        };
        dag.build(self.features, self.outputs)
    }

    #[inline]
    fn cross_stitch(&self) -> Result<Network> {
        let stitched = CrossStitch {
            tower: self.hidden.to_vec(),
            activation: self.activation,
        };
        stitched.build(self.features, self.outputs)
    }

    #[inline]
    fn mmoe(&self, experts: usize) -> Result<Network> {
        let mixture = Mmoe {
            experts,
            expert: self.hidden.to_vec(),
            tower: Vec::new(),
            activation: self.activation,
        };
        mixture.build(self.features, self.outputs)
    }

    #[inline]
    fn ple(&self, own: usize, shared: usize) -> Result<Network> {
        let extraction = Ple {
            own,
            shared,
            levels: self.hidden.iter().map(|&width| vec![width]).collect(),
            tower: Vec::new(),
            activation: self.activation,
        };
        extraction.build(self.features, self.outputs)
    }

    #[inline]
    fn mtan(&self, attention: usize) -> Result<Network> {
        let attentive = Mtan {
            trunk: self.hidden.to_vec(),
            attention,
            activation: self.activation,
        };
        attentive.build(self.features, self.outputs)
    }
}

impl<T: Real> Built<T> {
    fn new(network: Network, seed: u64) -> Self {
        let mut start = vec![T::ZERO; network.layout().len()];
        network.init(Init::ScikitLearn, seed, &mut start);
        let weights = network.weights();
        let (graph, layout) = network.into_parts();
        Self {
            net: Arc::new(graph),
            layout,
            weights,
            start,
        }
    }
}

impl Outline<'_> {
    #[inline]
    fn check(&self) -> Result<()> {
        check::not_empty("features", self.features)?;
        check::not_empty("tasks", self.outputs.len())?;
        if self.hidden.contains(&0) {
            return Err(Error::Setting {
                name: "hidden_layer_sizes",
                must: "at least 1",
                found: 0.0,
            });
        }
        for output in self.outputs {
            if output.name.contains('\n') {
                return Err(Error::task(&output.name, "has a name of several lines"));
            }
        }
        Ok(())
    }
}

fn hard_sharing<T: Real>(outline: &Outline<'_>, seed: u64) -> Built<T> {
    let mut layout = LayoutBuf::new();
    let mut dense = |name: String, inputs, outputs, activation| Dense {
        weight: layout.add_weight(&format!("{name}.weight"), inputs, outputs),
        bias: Some(layout.add(&format!("{name}.bias"), 1, outputs)),
        activation,
    };
    let (mut layers, mut width) = (Vec::new(), outline.features);
    for (l, &units) in outline.hidden.iter().enumerate() {
        layers.push(dense(
            format!("trunk.{l}"),
            width,
            units,
            outline.activation,
        ));
        width = units;
    }
    let head = |output: &Output| {
        let name = format!("head.{}", output.name);
        dense(name, width, output.kind.links(), Activation::Identity)
    };
    let heads: Vec<Dense> = outline.outputs.iter().map(head).collect();
    let mut start = vec![T::ZERO; layout.view().len()];
    let mut weights = Vec::new();
    for layer in layers.iter().chain(&heads) {
        layer.init(Init::ScikitLearn, seed, &mut start);
        weights.push(layer.weight);
    }
    let heads: Box<dyn TaskNet<T>> = Box::new(LinearHeads(heads));
    let trunk = (!layers.is_empty()).then(|| -> Box<dyn TaskNet<T>> { Box::new(Stack(layers)) });
    let parts: Vec<Box<dyn TaskNet<T>>> = trunk.into_iter().chain([heads]).collect();
    Built {
        net: Arc::new(Stack(parts)),
        layout,
        weights,
        start,
    }
}
