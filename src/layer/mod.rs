//! Layers: maps from rows to rows, with four verbs over flat parameter vectors.
//!
//! Let `y = f(p, x)` with parameters `p` (flat), inputs `x: n x in` and outputs `y: n x out`. The verbs are
//!
//! | verb | computes |
//! |---|---|
//! | `forward` | `y` |
//! | `backward` | `dx = J_x' dy`, `dp = J_p' dy` for a cotangent `dy` |
//! | `r_forward` | `ry = J_x rx + J_p rp`: the derivative of `y` along `(rx, rp)` (Pearlmutter's R-operator, 1994) |
//! | `r_backward` | `rdx`, `rdp`: the derivatives of `dx`, `dp` along `(rx, rp, rdy)` |
//!
//! in three traits, so that a build that only predicts links no training. From them follow gradients, exact Hessian and Gauss-Newton
//! products and everything of second order, without a tape. Memory comes from the caller: `saved` is what forward keeps for backward,
//! `deltas` what backward leaves for `r_backward`, `rsaved` what `r_forward` keeps for `r_backward`; [`Forward::need`] sizes them.
//!
//! Every `need` includes the scratch of its verbs. Slabs longer than needed are allowed everywhere; `p` and each gradient in `dp` have
//! the same length. A layer writes the gradient of its own spans and leaves the others alone, so a span belongs to one layer.
//!
//! A layer of one's own needs the first verb to predict, the second to be trained, the others for Hessian products:
//! ```
//! use cognate::layer::{At, Backward, Ctx, Forward, Gradients, Mode, Out, Stack};
//! use cognate::params::Span;
//! use cognate::workspace::{Need, Work, Workspace};
//! use cognate::{MatMut, MatRef, Real};
//!
//! /// `y = x + b`.
//! struct Shift(Span);
//!
//! impl<T: Real> Forward<T> for Shift {
//!     fn width(&self) -> (usize, usize) {
//!         (self.0.len(), self.0.len())
//!     }
//!     fn need(&self, _: Mode, _rows: usize, _ways: usize) -> Need {
//!         Need::default() // nothing to keep
//!     }
//!     fn forward(&self, _: &Ctx, p: &[T], x: MatRef<T>, mut y: MatMut<T>, _: &mut [T], _: &mut Work<T>) {
//!         let b = self.0.of(p);
//!         for i in 0..x.rows() {
//!             for j in 0..x.cols() {
//!                 y.set(i, j, x.at(i, j) + b[j]);
//!             }
//!         }
//!     }
//! }
//!
//! impl<T: Real> Backward<T> for Shift {
//!     fn backward(&self, c: &Ctx, p: &[T], at: At<T>, dy: MatRef<T>, _: &mut [T], dx: Out<MatMut<T>>, dp: Out<&mut [T]>, w: &mut Work<T>) {
//!         if let Some(mut dp) = Gradients::new(dp, p.len()) {
//!             for block in c.blocks(at.x.rows()) {
//!                 dp.put_col_sums(&block, self.0, dy, w.level()); // db = 1' dy
//!             }
//!         }
//!         dx.put(|i, j| dy.at(i, j));
//!     }
//! }
//!
//! let shift = Stack(vec![Shift(Span::new("first", 0, 1, 2)), Shift(Span::new("second", 2, 1, 2))]);
//! let mut workspace = Workspace::<f32>::new(Forward::<f32>::need(&shift, Mode::Predict, 1, 1));
//! let (x, mut y) = (MatRef::new(&[1.0, 2.0], 1, 2)?, [0.0; 2]);
//! let into = MatMut::new(&mut y, 1, 2)?;
//! shift.forward(&Ctx::PREDICT, &[10.0, 20.0, 100.0, 200.0], x, into, &mut [], &mut workspace.slabs().work);
//! assert_eq!(y, [111.0, 222.0]);
//! # Ok::<(), cognate::ViewError>(())
//! ```

mod context;
mod dense;
mod dropout;
mod gram;
mod init;
mod norm;
mod stack;
mod through;

pub use context::Contextual;
pub use dense::Dense;
pub use dropout::Dropout;
pub use gram::{Gram, TaskGram};
pub use init::Init;
pub use norm::LayerNorm;
pub use stack::Stack;

use core::ops::Range;

use cognate_kernels::{Level, MatMut, MatRef, Real, col_sums};

use crate::params::Span;
use crate::workspace::{Need, Work};

/// What a forward pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Outputs only: nothing is saved, dropout is off.
    Predict,
    /// A gradient may follow.
    Train,
}

/// What the rows of a pass are, beside their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    /// What the pass is for.
    pub mode: Mode,
    /// Seed of this step: dropout's mask is a function of it, the layer's key, the row's id and the column.
    pub seed: u64,
    /// Ids of the rows, which make masks independent of batches and order; counted from `first_id` where empty.
    pub row_ids: &'a [u32],
    /// Id of the first row where `row_ids` is empty: a piece of a batch says where it begins.
    pub first_id: u32,
    /// Ranges of rows, one a task; where not empty, `dp` holds one gradient a group, one behind the other, unless they are `merged`.
    pub groups: &'a [Range<usize>],
    /// `dp` holds one gradient a way, the sum over the groups.
    pub merged: bool,
    /// How much the groups or ways count: a factor a task on what passes from its own layers to those that tasks share; all 1 where empty.
    /// What has no layers of a task's own does not look at it.
    pub weights: &'a [f64],
    /// Cotangents over one forward pass: `dy`, `dx`, `deltas` have `ways * n` rows, way after way, and `dp` one gradient a way
    /// (a way's groups lie together).
    pub ways: usize,
}

impl<'a> Ctx<'a> {
    /// A pass that predicts.
    pub const PREDICT: Ctx<'static> = Ctx {
        mode: Mode::Predict,
        seed: 0,
        row_ids: &[],
        first_id: 0,
        groups: &[],
        merged: false,
        weights: &[],
        ways: 1,
    };

    /// A pass that trains on one task, with the step's `seed`.
    pub const fn train(seed: u64) -> Self {
        Self {
            mode: Mode::Train,
            seed,
            ..Ctx::PREDICT
        }
    }

    /// The id of row `i`.
    pub fn row_id(&self, i: usize) -> u32 {
        let counted = self.first_id.wrapping_add(i as u32);
        self.row_ids.get(i).copied().unwrap_or(counted)
    }

    /// Groups that have a gradient of their own; none where all rows share one.
    fn apart(&self) -> &'a [Range<usize>] {
        if self.merged { &[] } else { self.groups }
    }

    /// Gradients that `dp` holds.
    pub fn gradients(&self) -> usize {
        self.ways * self.apart().len().max(1)
    }

    /// The pieces of a pass over `rows` rows that have a gradient of their own, in the order of `dp`.
    pub fn blocks(&self, rows: usize) -> impl Iterator<Item = Block> + use<'a> {
        let groups = self.apart();
        let group = move |g: usize| groups.get(g).cloned().unwrap_or(0..rows);
        let per_way = groups.len().max(1);
        (0..self.gradients()).map(move |gradient| {
            let rows_before = gradient / per_way * rows;
            let x = group(gradient % per_way);
            Block {
                gradient,
                dy: rows_before + x.start..rows_before + x.end,
                x,
            }
        })
    }
}

impl Ctx<'_> {
    /// The rows that share a direction, with that direction, `len` numbers of `rp`: all rows of all ways where `rp` holds but one, else a
    /// way's groups after the other's; `rows` is the number of inputs.
    pub fn directions<'r, T>(
        &self,
        rp: &'r [T],
        len: usize,
        rows: usize,
    ) -> impl Iterator<Item = (Range<usize>, &'r [T])> {
        let shared = rp.len() == len;
        let groups = self.groups.len().max(1);
        let own = move |block: Block| {
            let start = block.gradient % groups * len;
            (block.dy, &rp[start..start + len])
        };
        let all = shared.then_some((0..self.ways * rows, rp));
        let each = (!shared).then(|| self.blocks(rows).map(own));
        all.into_iter().chain(each.into_iter().flatten())
    }
}

/// The rows of one way and group: they share a gradient.
#[derive(Clone, Debug)]
pub struct Block {
    /// Which of the gradients in `dp`.
    pub gradient: usize,
    /// Rows of inputs and outputs.
    pub x: Range<usize>,
    /// Rows of cotangents.
    pub dy: Range<usize>,
}

/// Where `dp` goes: as many gradients of `len` numbers as [`Ctx::gradients`], one behind the other.
#[derive(Debug)]
pub struct Gradients<'a, T> {
    dp: &'a mut [T],
    len: usize,
    /// Factor on what is there: 0 to overwrite, 1 to add.
    pub beta: T,
}

impl<'a, T: Real> Gradients<'a, T> {
    /// The gradients by `len` parameters in `dp`, if they are wanted.
    pub fn new(dp: Out<&'a mut [T]>, len: usize) -> Option<Self> {
        let (dp, beta) = dp.place()?;
        Some(Self { dp, len, beta })
    }

    /// The column sums of `dy`'s rows into `span` of the block's gradient: what a bias wants.
    pub fn put_col_sums(&mut self, block: &Block, span: Span, dy: MatRef<'_, T>, level: Level) {
        let (dy, beta) = (dy.rows_range(block.dy.clone()), self.beta);
        col_sums(level, dy, beta, span.of_mut(self.of(block)));
    }

    /// The gradient of `block`.
    #[track_caller]
    pub fn of(&mut self, block: &Block) -> &mut [T] {
        &mut self.dp[block.gradient * self.len..][..self.len]
    }
}

/// A point that forward has visited: inputs, outputs and what it saved.
#[derive(Clone, Copy, Debug)]
pub struct At<'a, T> {
    /// Inputs, `n x in`.
    pub x: MatRef<'a, T>,
    /// Outputs, `n x out`.
    pub y: MatRef<'a, T>,
    /// What forward saved.
    pub saved: &'a [T],
}

/// A direction that `r_forward` has followed from a point.
#[derive(Clone, Copy, Debug)]
pub struct RAt<'a, T> {
    /// Direction of the inputs, `n x in`; `None` for zero.
    pub rx: Option<MatRef<'a, T>>,
    /// Derivative of the outputs, `n x out`.
    pub ry: MatRef<'a, T>,
    /// What `r_forward` saved.
    pub rsaved: &'a [T],
}

/// Where a result goes.
#[derive(Debug)]
pub enum Out<V> {
    /// Not wanted: not computed.
    Skip,
    /// Overwritten; what was there is not read.
    Set(V),
    /// Added to what is there.
    Add(V),
}

impl<V> Out<V> {
    /// The place, and the factor on what is there (0 to overwrite, 1 to add); `None` where nothing is wanted.
    pub fn place<T: Real>(self) -> Option<(V, T)> {
        match self {
            Self::Skip => None,
            Self::Set(place) => Some((place, T::ZERO)),
            Self::Add(place) => Some((place, T::ONE)),
        }
    }
}

impl<T: Real> Out<MatMut<'_, T>> {
    /// Puts `value(i, j)` at each place `(i, j)`.
    pub fn put(self, value: impl Fn(usize, usize) -> T) {
        if let Some((mut out, beta)) = self.place() {
            for i in 0..out.rows() {
                put_row(&mut out, i, beta, |j| value(i, j));
            }
        }
    }
}

impl<T> Out<&mut [T]> {
    /// A shorter borrow of the same place.
    pub fn rb_mut(&mut self) -> Out<&mut [T]> {
        match self {
            Self::Skip => Out::Skip,
            Self::Set(place) => Out::Set(place),
            Self::Add(place) => Out::Add(place),
        }
    }
}

/// Row `i` of `out = beta out + row`.
fn put_row<T: Real>(out: &mut MatMut<'_, T>, i: usize, beta: T, row: impl Fn(usize) -> T) {
    for j in 0..out.cols() {
        let before = if beta == T::ZERO {
            T::ZERO
        } else {
            out.at(i, j)
        };
        out.set(i, j, before + row(j));
    }
}

/// The verb that predicts.
pub trait Forward<T: Real> {
    /// Inputs and outputs a row.
    fn width(&self) -> (usize, usize);

    /// Memory for passes of up to `rows` rows and `ways` cotangents.
    fn need(&self, mode: Mode, rows: usize, ways: usize) -> Need;

    /// What [`Forward::need`] says but for the scratch, which can cost more to know than the rest.
    fn kept(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        self.need(mode, rows, ways)
    }

    /// `y = f(p, x)`; `x: n x in`, `y: n x out`.
    fn forward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        x: MatRef<'_, T>,
        y: MatMut<'_, T>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    );
}

/// The verb that trains.
pub trait Backward<T: Real>: Forward<T> {
    /// `dx = J_x' dy`, `dp = J_p' dy` at the point that forward visited. `dp` has the length of `p` times [`Ctx::gradients`].
    #[expect(clippy::too_many_arguments, reason = "the verb's inputs and outputs")]
    fn backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        deltas: &mut [T],
        dx: Out<MatMut<'_, T>>,
        dp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    );
}

/// The verbs that differentiate once more.
///
/// `rp` has the length of `p`. Where the pass has groups and the layer works [`Tangent::by_group`], it may instead hold a direction a
/// group, one behind the other ([`Ctx::directions`]): tasks that share `p` go each its own way.
pub trait Tangent<T: Real>: Backward<T> {
    /// Whether `rp` may hold a direction a group. Not unless a layer says so.
    fn by_group(&self) -> bool {
        false
    }

    /// `ry = J_x rx + J_p rp`; `rx` of `None` is zero.
    #[expect(clippy::too_many_arguments, reason = "the verb's inputs and outputs")]
    fn r_forward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        rp: &[T],
        at: At<'_, T>,
        rx: Option<MatRef<'_, T>>,
        ry: MatMut<'_, T>,
        rsaved: &mut [T],
        w: &mut Work<'_, T>,
    );

    /// The derivatives of backward's `dx` and `dp` along `(rx, rp, rdy)`, `dy` and `deltas` being backward's.
    #[expect(clippy::too_many_arguments, reason = "the verb's inputs and outputs")]
    fn r_backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        rp: &[T],
        at: At<'_, T>,
        r: RAt<'_, T>,
        dy: MatRef<'_, T>,
        deltas: &[T],
        rdy: MatRef<'_, T>,
        rdx: Out<MatMut<'_, T>>,
        rdp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    );
}
