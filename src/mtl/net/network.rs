//! A network of tasks: a graph of layers, the names of its parameters, and which of them the tasks share.

use alloc::{format, string::String, vec::Vec};

use cognate_kernels::{Activation, Real};

use super::Output;
use super::graph::{Columns, Graph, Source};
use super::part::Part;
use super::softmax::Softmax;
use super::sum::Sum;
use crate::error::{Error, Result};
use crate::layer::{Dense, Init};
use crate::mtl::Kind;
use crate::params::{Layout, LayoutBuf, Span};

/// A graph of layers with the layout of its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    graph: Graph,
    layout: LayoutBuf,
}

impl Network {
    /// The layer: `d` inputs, the tasks' links side by side.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Its parameters and their names.
    pub fn layout(&self) -> Layout<'_> {
        self.layout.view()
    }

    /// The layer, and its parameters and their names.
    pub fn into_parts(self) -> (Graph, LayoutBuf) {
        (self.graph, self.layout)
    }

    /// Where training starts: dense layers by `init`, cross-stitch units near the identity. A span's numbers depend on the seed and its
    /// name alone.
    pub fn init<T: Real>(&self, init: Init, seed: u64, p: &mut [T]) {
        for node in self.graph.nodes() {
            node.part.init(init, seed, p);
        }
    }

    /// The parameters that more than one task's loss depends on.
    pub fn shared(&self) -> Vec<Span> {
        self.spans(None)
    }

    /// The parameters that the loss of task `t` alone depends on.
    pub fn own(&self, t: usize) -> Vec<Span> {
        self.spans(Some(t))
    }

    fn spans(&self, task: Option<usize>) -> Vec<Span> {
        let mut spans = Vec::new();
        for node in self.graph.nodes().iter().filter(|node| node.task == task) {
            node.part.each_span(&mut |span| spans.push(span));
        }
        spans
    }

    /// The weights of dense layers: what weight decay holds down.
    pub fn weights(&self) -> Vec<Span> {
        let weight = |part: &Part| match part {
            Part::Dense(layer) => Some(layer.weight),
            _ => None,
        };
        let nodes = self.graph.nodes().iter();
        nodes.filter_map(|node| weight(&node.part)).collect()
    }
}

/// A dense layer to be: how wide, what applies to it, whether it has a bias.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub width: usize,
    pub activation: Activation,
    pub bias: bool,
}

impl Unit {
    /// Linear outputs with a bias.
    pub fn linear(width: usize) -> Self {
        Self {
            width,
            activation: Activation::Identity,
            bias: true,
        }
    }

    /// The same without a bias.
    pub fn without_bias(self) -> Self {
        Self {
            bias: false,
            ..self
        }
    }
}

/// A part of a network that begins: its name, what it reads, the task that it belongs to.
#[derive(Clone, Debug)]
pub(super) struct Begin {
    pub name: String,
    pub from: Source,
    pub task: Option<usize>,
}

/// A network under construction.
pub(super) struct Builder {
    pub graph: Graph,
    layout: LayoutBuf,
    activation: Activation,
}

impl Builder {
    /// A network of `inputs` inputs for `heads`, its hidden units with `activation`.
    ///
    /// # Errors
    /// If there are no inputs or no heads, or a name is there twice or not on one line.
    #[inline]
    pub fn new(inputs: usize, heads: &[Output], activation: Activation) -> Result<Self> {
        crate::check::not_empty("inputs", inputs)?;
        crate::check::not_empty("heads", heads.len())?;
        for (t, head) in heads.iter().enumerate() {
            if head.name.contains('\n') {
                return Err(Error::task(&head.name, "has a name of several lines"));
            }
            if heads[..t].iter().any(|other| other.name == head.name) {
                return Err(Error::task(&head.name, "is the name of two tasks"));
            }
        }
        Ok(Self {
            graph: Graph::new(inputs),
            layout: LayoutBuf::new(),
            activation,
        })
    }

    /// The network whose outputs are `links`, those of every task in turn.
    pub fn finish(mut self, links: impl IntoIterator<Item = Columns>) -> Network {
        for links in links {
            self.graph.add_links(links);
        }
        Network {
            graph: self.graph,
            layout: self.layout,
        }
    }

    /// A hidden unit.
    pub fn unit(&self, width: usize) -> Unit {
        Unit {
            activation: self.activation,
            ..Unit::linear(width)
        }
    }

    /// A new part of the parameters.
    #[inline]
    pub fn span(&mut self, name: &str, rows: usize, cols: usize) -> Span {
        self.layout.add(name, rows, cols)
    }

    /// A dense layer, its parameters `NAME.weight` and `NAME.bias`.
    #[inline]
    pub fn dense(&mut self, begin: &Begin, unit: Unit) -> Columns {
        let name = &begin.name;
        let inputs = self.graph.width_of(begin.from);
        let weight = self
            .layout
            .add_weight(&format!("{name}.weight"), inputs, unit.width);
        let bias = unit
            .bias
            .then(|| self.layout.add(&format!("{name}.bias"), 1, unit.width));
        let layer = Dense {
            weight,
            bias,
            activation: unit.activation,
        };
        self.graph.add(Part::Dense(layer), begin.from, begin.task)
    }

    /// Hidden layers of `widths` one after the other, `NAME.0`, `NAME.1` and so on; what they give, or `begin`'s own source if there
    /// are none.
    #[inline]
    pub fn tower(&mut self, begin: &Begin, widths: &[usize]) -> Source {
        let towers = self.towers(core::slice::from_ref(begin), widths);
        towers.map_or(begin.from, Source::Board)
    }

    /// Towers of `widths`, whose last layers lie side by side; `None` if there are no towers or no layers.
    #[inline]
    pub fn towers(&mut self, begins: &[Begin], widths: &[usize]) -> Option<Columns> {
        let mut towers = begins.to_vec();
        let mut side_by_side = None;
        for (l, &width) in widths.iter().enumerate() {
            side_by_side = None;
            for (tower, begin) in towers.iter_mut().zip(begins) {
                let layer = Begin {
                    name: format!("{}.{l}", begin.name),
                    ..tower.clone()
                };
                let columns = self.dense(&layer, self.unit(width));
                tower.from = columns.into();
                side_by_side = Some(joined(side_by_side, columns));
            }
        }
        side_by_side
    }

    /// The sum of adjacent blocks of columns, activated as hidden units are.
    #[inline]
    pub fn sum(&mut self, from: Columns, width: usize, task: Option<usize>) -> Columns {
        let blocks = from.width / width;
        self.sum_with(self.activation, from, blocks, task)
    }

    #[inline]
    fn sum_with(
        &mut self,
        activation: Activation,
        from: Columns,
        blocks: usize,
        task: Option<usize>,
    ) -> Columns {
        let sum = Sum {
            width: from.width / blocks,
            blocks,
            activation,
        };
        self.graph.add(Part::Sum(sum), from.into(), task)
    }

    /// The same columns once more, to lie beside others.
    #[inline]
    pub fn copy(&mut self, from: Columns, task: Option<usize>) -> Columns {
        self.sum_with(Activation::Identity, from, 1, task)
    }

    /// A softmax of the columns.
    #[inline]
    pub fn softmax(&mut self, from: Columns, task: Option<usize>) -> Columns {
        let softmax = Softmax { width: from.width };
        self.graph.add(Part::Softmax(softmax), from.into(), task)
    }

    /// What links say: a number as it is, the probability of class 1 of two, or that of every class.
    #[inline]
    pub fn outcome(&mut self, kind: Kind, links: Columns, task: Option<usize>) -> Columns {
        match kind {
            Kind::Number => links,
            Kind::Classes(2) => self.sum_with(Activation::Logistic, links, 1, task),
            Kind::Classes(_) => self.softmax(links, task),
        }
    }

    /// Hidden layers `task.NAME.0` and so on for one task.
    #[inline]
    pub fn task_tower(
        &mut self,
        head: &Output,
        from: Source,
        widths: &[usize],
        task: Option<usize>,
    ) -> Source {
        let name = format!("task.{}", head.name);
        self.tower(&Begin { name, from, task }, widths)
    }

    /// The links of a task, `head.NAME`.
    #[inline]
    pub fn links(&mut self, head: &Output, from: Source, task: Option<usize>) -> Columns {
        let name = format!("head.{}", head.name);
        let unit = Unit::linear(head.kind.links());
        self.dense(&Begin { name, from, task }, unit)
    }
}

/// `before` and the columns behind it.
pub(super) fn joined(before: Option<Columns>, columns: Columns) -> Columns {
    before.map_or(columns, |before| before.through(columns))
}

/// # Errors
/// [`Error::Setting`] called `name` if `found` is 0.
pub(super) fn check_positive(name: &'static str, found: usize) -> Result<()> {
    let must = "at least 1";
    match found {
        0 => Err(Error::Setting {
            name,
            must,
            found: 0.0,
        }),
        _ => Ok(()),
    }
}

/// # Errors
/// [`Error::Setting`] called `name` if one of `widths` is 0.
pub(super) fn check_widths(name: &'static str, widths: &[usize]) -> Result<()> {
    widths
        .iter()
        .try_for_each(|&width| check_positive(name, width))
}
