//! One flat parameter vector and the names of its parts.
//!
//! A model's parameters are one contiguous slice; a [`Span`] is the place and shape of one part of it (a weight, a bias), a [`Layout`]
//! the list of all spans with their names. Layers hold spans, never arrays, so that whatever works on parameters (optimisers,
//! meta-gradients, penalties, files) is algebra on flat slices.

use core::ops::Range;

use cognate_kernels::{MatMut, MatRef};

use crate::rng::hash_name;

#[cfg(feature = "alloc")]
use alloc::{string::String, vec::Vec};

/// How a matrix lies in memory against how files hold it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Memory and files agree.
    #[default]
    Same,
    /// Memory holds `in x out`, so that a forward pass runs along the outputs; files hold `out x in`.
    Transposed,
}

/// Place and shape of one named part of a flat parameter vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Index of its first number.
    pub start: usize,
    /// Rows of the matrix (1 for a vector).
    pub rows: usize,
    /// Columns of the matrix.
    pub cols: usize,
    /// Memory order against file order.
    pub order: Order,
    /// Hash of the name: keys the part's random streams.
    pub key: u64,
}

impl Span {
    /// A `rows x cols` part called `name` at `start`.
    pub const fn new(name: &str, start: usize, rows: usize, cols: usize) -> Self {
        Self {
            start,
            rows,
            cols,
            order: Order::Same,
            key: hash_name(name),
        }
    }

    /// The same part, transposed in files.
    pub const fn transposed(self) -> Self {
        Self {
            order: Order::Transposed,
            ..self
        }
    }

    /// Number of parameters.
    pub const fn len(&self) -> usize {
        self.rows * self.cols
    }

    /// Whether the part has no parameters.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its indices in the flat vector.
    pub const fn range(&self) -> Range<usize> {
        self.start..self.start + self.len()
    }

    /// The part's numbers in `p`.
    ///
    /// # Panics
    /// If `p` ends before the part does.
    #[track_caller]
    pub fn of<'a, T>(&self, p: &'a [T]) -> &'a [T] {
        &p[self.range()]
    }

    /// The part's numbers in `p`, writable.
    #[track_caller]
    pub fn of_mut<'a, T>(&self, p: &'a mut [T]) -> &'a mut [T] {
        &mut p[self.range()]
    }

    /// The part as a matrix, `rows x cols`.
    #[track_caller]
    pub fn mat<'a, T>(&self, p: &'a [T]) -> MatRef<'a, T> {
        MatRef::planned(self.of(p), self.rows, self.cols)
    }

    /// The part as a writable matrix, `rows x cols`.
    #[track_caller]
    pub fn mat_mut<'a, T>(&self, p: &'a mut [T]) -> MatMut<'a, T> {
        MatMut::planned(self.of_mut(p), self.rows, self.cols)
    }

    /// The same part in a slice that begins at `base` of the old one (a body or a head cut off).
    pub const fn rebased(self, base: usize) -> Self {
        Self {
            start: self.start - base,
            ..self
        }
    }
}

/// All spans of a flat parameter vector, in order, with their names.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    /// The parts, in the order of their places.
    pub spans: &'a [Span],
    /// Their names, one a line.
    pub names: &'a str,
}

impl<'a> Layout<'a> {
    /// Length of the flat vector.
    pub fn len(&self) -> usize {
        self.spans.iter().map(|s| s.range().end).max().unwrap_or(0)
    }

    /// Whether there are no parameters.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names and spans, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Span)> + use<'a> {
        self.names.split('\n').zip(self.spans.iter().copied())
    }

    /// The span called `name`.
    pub fn find(&self, name: &str) -> Option<Span> {
        self.iter().find(|(n, _)| *n == name).map(|(_, span)| span)
    }
}

/// A [`Layout`] under construction: each part added lies behind the last.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayoutBuf {
    spans: Vec<Span>,
    names: String,
}

#[cfg(feature = "alloc")]
impl LayoutBuf {
    /// No parts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a `rows x cols` part behind the last one. `name` must be new and on one line.
    ///
    /// # Panics
    /// If the name holds a line break or is taken.
    #[track_caller]
    #[inline]
    pub fn add(&mut self, name: &str, rows: usize, cols: usize) -> Span {
        self.push(name, Span::new(name, self.view().len(), rows, cols))
    }

    /// Adds an `in x out` weight that files hold `out x in`.
    ///
    /// # Panics
    /// As [`LayoutBuf::add`].
    #[track_caller]
    #[inline]
    pub fn add_weight(&mut self, name: &str, inputs: usize, outputs: usize) -> Span {
        let span = Span::new(name, self.view().len(), inputs, outputs);
        self.push(name, span.transposed())
    }

    #[track_caller]
    #[inline]
    fn push(&mut self, name: &str, span: Span) -> Span {
        assert!(
            !name.contains('\n') && self.view().find(name).is_none(),
            "parameter name {name:?} is taken or not one line"
        );
        if !self.spans.is_empty() {
            self.names.push('\n');
        }
        self.names.push_str(name);
        self.spans.push(span);
        span
    }

    /// The layout so far.
    pub fn view(&self) -> Layout<'_> {
        Layout {
            spans: &self.spans,
            names: &self.names,
        }
    }
}
