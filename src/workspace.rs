//! Memory, asked for before the work: [`Need`] says how much, [`Workspace`] holds it, [`Work`] hands it out.
//!
//! Whatever computes (a layer, a loss, an objective) states its need for a given number of rows; the caller adds the needs up once,
//! makes the slabs once, and passes slices of them down. Nothing below allocates, so a training step costs no heap.

use cognate_kernels::{Level, MatMut, Product, Real, gemm};

#[cfg(feature = "alloc")]
use alloc::{vec, vec::Vec};

/// Elements of memory that a piece of work asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Kept from forward for backward (activations, statistics).
    pub saved: usize,
    /// Left by backward for `r_backward` (a layer's deltas).
    pub deltas: usize,
    /// Kept from `r_forward` for `r_backward`.
    pub rsaved: usize,
    /// Free again after each call.
    pub scratch: usize,
}

impl Need {
    /// Scratch alone.
    pub const fn scratch(scratch: usize) -> Self {
        Self {
            saved: 0,
            deltas: 0,
            rsaved: 0,
            scratch,
        }
    }

    /// Both, one after the other: what is kept adds up, scratch is shared.
    pub fn then(self, other: Self) -> Self {
        Self {
            saved: self.saved + other.saved,
            deltas: self.deltas + other.deltas,
            rsaved: self.rsaved + other.rsaved,
            scratch: self.scratch.max(other.scratch),
        }
    }

    /// Enough for either.
    pub fn most(self, other: Self) -> Self {
        Self {
            saved: self.saved.max(other.saved),
            deltas: self.deltas.max(other.deltas),
            rsaved: self.rsaved.max(other.rsaved),
            scratch: self.scratch.max(other.scratch),
        }
    }

    /// The same with `extra` more scratch, held while the rest runs.
    pub fn with_scratch(self, extra: usize) -> Self {
        Self {
            scratch: self.scratch + extra,
            ..self
        }
    }
}

/// The instruction set, the thread count and the scratch that a call may use.
#[derive(Debug)]
pub struct Work<'a, T> {
    level: Level,
    threads: usize,
    scratch: &'a mut [T],
}

impl<'a, T: Real> Work<'a, T> {
    /// Works on `level` with `scratch`, on one thread.
    pub fn new(level: Level, scratch: &'a mut [T]) -> Self {
        Self {
            level,
            threads: 1,
            scratch,
        }
    }

    /// The same on up to `threads` threads; results do not depend on it.
    pub fn with_threads(self, threads: usize) -> Self {
        Self {
            threads: threads.max(1),
            ..self
        }
    }

    /// The instruction set.
    pub fn level(&self) -> Level {
        self.level
    }

    /// How many threads the work may use.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Takes `n` elements; the second part works with what is left.
    ///
    /// # Panics
    /// If less is left: the caller sized the scratch by another [`Need`].
    #[track_caller]
    pub fn take(&mut self, n: usize) -> (&mut [T], Work<'_, T>) {
        assert!(n <= self.scratch.len(), "scratch smaller than planned");
        let (mine, rest) = self.scratch.split_at_mut(n);
        let work = Work {
            level: self.level,
            threads: self.threads,
            scratch: rest,
        };
        (mine, work)
    }

    /// A shorter borrow of the same work.
    pub fn rb(&mut self) -> Work<'_, T> {
        self.take(0).1
    }

    /// All that is left.
    pub fn scratch(&mut self) -> &mut [T] {
        self.scratch
    }

    /// `c = product`, with what is left as room to pack.
    #[track_caller]
    pub fn gemm(&mut self, product: Product<'_, T>, c: MatMut<'_, T>) {
        gemm(self.level, product, c, self.scratch);
    }
}

/// Pieces of the given sizes off the front of a slab, and the rest.
#[track_caller]
pub(crate) fn cut<T, const N: usize>(slab: &[T], sizes: [usize; N]) -> ([&[T]; N], &[T]) {
    let mut rest = slab;
    let pieces = sizes.map(|n| {
        let piece;
        (piece, rest) = rest.split_at(n);
        piece
    });
    (pieces, rest)
}

/// The same of a slab that is being written.
#[track_caller]
pub(crate) fn cut_mut<T, const N: usize>(
    slab: &mut [T],
    sizes: [usize; N],
) -> ([&mut [T]; N], &mut [T]) {
    let mut rest = slab;
    let pieces = sizes.map(|n| {
        let piece;
        (piece, rest) = core::mem::take(&mut rest).split_at_mut(n);
        piece
    });
    (pieces, rest)
}

/// Numbers to a cache line, of the shorter type: slabs start at lines, and pieces of them do whose sizes are multiples.
const LINE: usize = 16;

/// `n` rounded up, so that the piece behind starts at a line too.
pub(crate) fn whole_lines(n: usize) -> usize {
    n.next_multiple_of(LINE)
}

/// A slab of `n` numbers and what [`from_line`] may cut off.
#[cfg(feature = "alloc")]
fn with_line(n: usize) -> usize {
    if n == 0 { 0 } else { n + LINE - 1 }
}

/// The part of a slab that starts at a line.
#[cfg(feature = "alloc")]
fn from_line<T>(slab: &mut [T]) -> &mut [T] {
    let skip = slab.as_ptr().align_offset(64).min(slab.len());
    &mut slab[skip..]
}

/// The slabs for one [`Need`], made once. They start at cache lines, so that what they hold does not outlive a move to other memory: a clone,
/// or one that has grown, starts afresh.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
pub struct Workspace<T> {
    level: Level,
    threads: usize,
    saved: Vec<T>,
    deltas: Vec<T>,
    rsaved: Vec<T>,
    scratch: Vec<T>,
}

/// The slabs of a [`Workspace`], borrowed.
#[cfg(feature = "alloc")]
#[derive(Debug)]
pub struct Slabs<'a, T> {
    /// See [`Need::saved`].
    pub saved: &'a mut [T],
    /// See [`Need::deltas`].
    pub deltas: &'a mut [T],
    /// See [`Need::rsaved`].
    pub rsaved: &'a mut [T],
    /// Level, threads and scratch.
    pub work: Work<'a, T>,
}

#[cfg(feature = "alloc")]
impl<T: Real> Workspace<T> {
    /// Slabs for `need`, at this machine's widest level (or the one that `COGNATE_LEVEL` names, with `std`).
    pub fn new(need: Need) -> Self {
        Self::with_level(default_level(), need)
    }

    /// Slabs for `need` at `level`, one thread.
    pub fn with_level(level: Level, need: Need) -> Self {
        Self {
            level,
            threads: 1,
            saved: vec![T::ZERO; with_line(need.saved)],
            deltas: vec![T::ZERO; with_line(need.deltas)],
            rsaved: vec![T::ZERO; with_line(need.rsaved)],
            scratch: vec![T::ZERO; with_line(need.scratch)],
        }
    }

    /// The same, for up to `threads` threads.
    pub fn with_threads(self, threads: usize) -> Self {
        Self {
            threads: threads.max(1),
            ..self
        }
    }

    /// Grows the slabs, if `need` is larger than what they were made for; what they held is then lost.
    pub fn fit(&mut self, need: Need) {
        let grow = |slab: &mut Vec<T>, n: usize| {
            if slab.len() < with_line(n) {
                slab.resize(with_line(n), T::ZERO);
            }
        };
        grow(&mut self.saved, need.saved);
        grow(&mut self.deltas, need.deltas);
        grow(&mut self.rsaved, need.rsaved);
        grow(&mut self.scratch, need.scratch);
    }

    /// All slabs.
    pub fn slabs(&mut self) -> Slabs<'_, T> {
        Slabs {
            saved: from_line(&mut self.saved),
            deltas: from_line(&mut self.deltas),
            rsaved: from_line(&mut self.rsaved),
            work: Work::new(self.level, from_line(&mut self.scratch)).with_threads(self.threads),
        }
    }
}

/// This machine's widest level, or the lower one that the environment variable `COGNATE_LEVEL` names.
///
/// # Panics
/// If `COGNATE_LEVEL` names a level that this machine lacks: silence would measure or test the wrong path.
#[cfg(feature = "std")]
pub fn default_level() -> Level {
    use std::sync::OnceLock;
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| match std::env::var("COGNATE_LEVEL") {
        Ok(name) => Level::by_name(&name)
            .unwrap_or_else(|| panic!("COGNATE_LEVEL={name}: this machine has no such level")),
        Err(_) => Level::detect(),
    })
}

/// This machine's widest level.
#[cfg(not(feature = "std"))]
pub fn default_level() -> Level {
    Level::detect()
}
