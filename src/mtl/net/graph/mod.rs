//! A graph of layers, itself a layer: the body and the heads of a network of tasks.
//!
//! The values of all nodes lie side by side in one matrix, the board: `n x width`. A node is a layer that reads adjacent columns of the
//! board, or the graph's inputs, and writes the next free ones. So nodes stand in topological order, and a node that takes what several
//! others wrote reads across their columns: a concatenation copies nothing. Task `t`'s links are some columns; the graph's outputs are
//! all tasks' links side by side.
//! ```text
//! forward     node by node                    board_to  = f(board_from)
//! backward    d = 0 but for the links' dy     node by node, last first: d_from += J' d_to       d: dL/d board, way after way
//! r_forward   node by node                    r_to = J r_from + J_p rp
//! r_backward  rd = 0 but for the links' rdy   node by node, last first: rd_from += derivative of J' d_to
//! ```
//! What several nodes read collects what each of them sends back. With the slabs
//! ```text
//! saved     board, the nodes'        deltas    d, the nodes'        rsaved    r, the nodes'        scratch   rd, one node's
//! ```
//! (a pass that predicts has its board in scratch).
//!
//! A node may belong to a task: no other task's loss depends on what it writes. Where tasks bring their own rows, such a node works on its
//! task's rows only (its columns are 0 elsewhere); where there is a way a task, it goes back its task's way only. Where tasks have
//! weights, the tasks' own nodes get their gradients from cotangents without them, in a pass that goes no further than these nodes, and
//! the shared ones from a second pass, with them.

mod back;
mod verbs;

use alloc::vec::Vec;
use core::ops::Range;

use cognate_kernels::{MatMut, MatRef, Real};

use super::part::Part;
use crate::layer::{Ctx, Forward, Out};
use crate::workspace::Need;

/// Adjacent columns of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    start: usize,
    /// How many.
    pub width: usize,
}

impl Columns {
    /// These columns and all up to the last of `other`, which lies behind.
    pub fn through(self, other: Self) -> Self {
        Self {
            width: other.end() - self.start,
            ..self
        }
    }

    /// The `k`-th `width` columns of these.
    ///
    /// # Panics
    /// If there are not as many.
    #[track_caller]
    pub fn block(self, k: usize, width: usize) -> Self {
        let start = self.start + k * width;
        assert!(start + width <= self.end(), "no such block of columns");
        Self { start, width }
    }

    fn end(self) -> usize {
        self.start + self.width
    }

    fn of<'a, T: Real>(self, board: MatRef<'a, T>) -> MatRef<'a, T> {
        board.cols_range(self.start..self.end())
    }

    fn of_mut<T: Real>(self, board: MatMut<'_, T>) -> MatMut<'_, T> {
        self.split(board).1
    }

    /// All columns before these, and these.
    fn split<T: Real>(self, board: MatMut<'_, T>) -> (MatMut<'_, T>, MatMut<'_, T>) {
        let (before, behind) = board.split_cols(self.start);
        (before, behind.split_cols(self.width).0)
    }
}

/// What a node reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The graph's inputs.
    Inputs,
    /// What others wrote.
    Board(Columns),
}

impl From<Columns> for Source {
    fn from(columns: Columns) -> Self {
        Self::Board(columns)
    }
}

impl Source {
    /// Whether `columns` are among what is read.
    fn reads(self, columns: Columns) -> bool {
        match self {
            Self::Inputs => false,
            Self::Board(read) => read.start < columns.end() && columns.start < read.end(),
        }
    }

    fn of<'a, T: Real>(self, inputs: MatRef<'a, T>, board: MatRef<'a, T>) -> MatRef<'a, T> {
        match self {
            Self::Inputs => inputs,
            Self::Board(columns) => columns.of(board),
        }
    }

    /// The direction in which what is read moves.
    fn direction<'a, T: Real>(
        self,
        inputs: Option<MatRef<'a, T>>,
        board: MatRef<'a, T>,
    ) -> Option<MatRef<'a, T>> {
        match self {
            Self::Inputs => inputs,
            Self::Board(columns) => Some(columns.of(board)),
        }
    }

    /// Where a node adds its `dx`: on the board `before` its own columns, or with the inputs', if they are wanted.
    fn collect<'a, T: Real>(
        self,
        inputs: &'a mut Option<MatMut<'_, T>>,
        before: MatMut<'a, T>,
        rows: Range<usize>,
    ) -> Out<MatMut<'a, T>> {
        match (self, inputs) {
            (Self::Board(columns), _) => Out::Add(columns.of_mut(before).rows_range(rows)),
            (Self::Inputs, Some(dx)) => Out::Add(dx.rb_mut().rows_range(rows)),
            (Self::Inputs, None) => Out::Skip,
        }
    }
}

/// A layer at its place in the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The layer.
    pub part: Part,
    /// What it reads.
    pub from: Source,
    /// What it writes.
    pub to: Columns,
    /// The task that it belongs to.
    pub task: Option<usize>,
    /// Whether a node that belongs to a task wrote what it reads, or what led to it.
    above_own: bool,
}

/// Nodes in topological order, and the columns that are the tasks' links.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    inputs: usize,
    width: usize,
    nodes: Vec<Node>,
    links: Vec<Columns>,
}

/// The part of a pass that a node sees.
struct View<'a> {
    c: Ctx<'a>,
    /// Its rows of inputs and outputs.
    rows: Range<usize>,
    /// Its rows of cotangents.
    ways: Range<usize>,
    need: Need,
}

impl Graph {
    /// A graph of `inputs` inputs and no nodes.
    pub fn new(inputs: usize) -> Self {
        Self {
            inputs,
            width: 0,
            nodes: Vec::new(),
            links: Vec::new(),
        }
    }

    /// A node that reads `from`, of `task` if it belongs to one; returns the columns that it writes.
    ///
    /// # Panics
    /// If the layer is not as wide as what it reads.
    #[track_caller]
    #[inline]
    pub fn add(&mut self, part: Part, from: Source, task: Option<usize>) -> Columns {
        let (inputs, outputs) = Forward::<f64>::width(part.verbs::<f64>());
        let found = self.width_of(from);
        assert_eq!(inputs, found, "a layer and what it reads differ in width");
        let to = Columns {
            start: self.width,
            width: outputs,
        };
        self.width += outputs;
        let leads = |node: &Node| from.reads(node.to) && (node.task.is_some() || node.above_own);
        let above_own = self.nodes.iter().any(leads);
        self.nodes.push(Node {
            part,
            from,
            to,
            task,
            above_own,
        });
        to
    }

    /// Makes `links` those of the next task.
    pub fn add_links(&mut self, links: Columns) {
        self.links.push(links);
    }

    /// How many columns `source` has.
    pub fn width_of(&self, source: Source) -> usize {
        match source {
            Source::Inputs => self.inputs,
            Source::Board(columns) => columns.width,
        }
    }

    /// The nodes, in the order of a forward pass.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The links of each task.
    pub fn links(&self) -> impl Iterator<Item = usize> + '_ {
        self.links.iter().map(|links| links.width)
    }

    /// What `node` sees of a pass over `n` rows.
    #[track_caller]
    fn view<'c, T: Real>(&self, node: &Node, c: &Ctx<'c>, n: usize) -> View<'c> {
        let (c, (rows, ways)) = match node.task {
            None => (*c, (0..n, 0..c.ways * n)),
            Some(task) => {
                let (rows, ways) = self.rows_of(c, task, n);
                let c = Ctx {
                    groups: &[],
                    weights: &[],
                    ways: 1,
                    row_ids: c.row_ids.get(rows.clone()).unwrap_or_default(),
                    first_id: c.first_id.wrapping_add(rows.start as u32),
                    ..*c
                };
                (c, (rows, ways))
            }
        };
        View {
            need: node.part.verbs::<T>().need(c.mode, n, c.ways),
            c,
            rows,
            ways,
        }
    }

    /// The rows of task `t`, and of its cotangents, in a pass over `n` rows.
    #[track_caller]
    fn rows_of(&self, c: &Ctx<'_>, t: usize, n: usize) -> (Range<usize>, Range<usize>) {
        let tasks = self.links.len();
        let fits = |count: usize| count == tasks;
        assert!(
            (c.ways == 1 || (fits(c.ways) && c.groups.is_empty()))
                && (c.groups.is_empty() || fits(c.groups.len())),
            "one way or one a task, no groups or one a task"
        );
        let rows = c.groups.get(t).cloned().unwrap_or(0..n);
        let way = if c.ways == 1 { 0 } else { t * n };
        (rows.clone(), way + rows.start..way + rows.end)
    }
}
