//! The writable view.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;

use super::{MatRef, Shape, ViewError};

/// A writable `rows x cols` matrix over a slice; no two elements share a place.
pub struct MatMut<'a, T> {
    data: *mut T,
    shape: Shape,
    life: PhantomData<&'a mut [T]>,
}

// SAFETY: a MatMut is a unique borrow of its elements, which no other view shares.
unsafe impl<T: Send> Send for MatMut<'_, T> {}
// SAFETY: through a shared MatMut elements can only be read.
unsafe impl<T: Sync> Sync for MatMut<'_, T> {}

impl<'a, T> MatMut<'a, T> {
    /// The row-major `rows x cols` matrix at the start of `data`.
    ///
    /// # Errors
    /// [`ViewError`] if `data` has fewer than `rows * cols` elements.
    pub fn new(data: &'a mut [T], rows: usize, cols: usize) -> Result<Self, ViewError> {
        Self::with_strides(data, rows, cols, cols, 1)
    }

    /// Element `(i, j)` at `data[i * row_stride + j * col_stride]`.
    ///
    /// # Errors
    /// [`ViewError`] if the last element lies outside `data` or two elements could share a place.
    pub fn with_strides(
        data: &'a mut [T],
        rows: usize,
        cols: usize,
        row_stride: usize,
        col_stride: usize,
    ) -> Result<Self, ViewError> {
        let shape = Shape {
            rows,
            cols,
            row_stride,
            col_stride,
        };
        shape.check(data.len())?;
        if !shape.distinct() {
            return Err(ViewError::Overlap);
        }
        Ok(Self::from_parts(data.as_mut_ptr(), shape))
    }

    /// As [`MatMut::new`], for shapes that the caller has planned.
    ///
    /// # Panics
    /// If `data` is too short.
    #[track_caller]
    pub fn planned(data: &'a mut [T], rows: usize, cols: usize) -> Self {
        assert!(rows * cols <= data.len(), "planned matrix outside its slab");
        Self::from_parts(data.as_mut_ptr(), Shape::row_major(rows, cols))
    }

    /// The view of a kernel that has proved what the constructors check.
    pub(crate) fn from_parts(data: *mut T, shape: Shape) -> Self {
        Self {
            data,
            shape,
            life: PhantomData,
        }
    }

    /// Number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.shape.rows
    }

    /// Number of columns.
    #[inline]
    pub fn cols(&self) -> usize {
        self.shape.cols
    }

    /// Elements between a row and the next.
    #[inline]
    pub fn row_stride(&self) -> usize {
        self.shape.row_stride
    }

    /// Elements between a column and the next.
    #[inline]
    pub fn col_stride(&self) -> usize {
        self.shape.col_stride
    }

    /// The first element's address.
    #[inline]
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.data
    }

    /// A read-only view of the same elements.
    #[inline]
    pub fn rb(&self) -> MatRef<'_, T> {
        MatRef::from_parts(self.data, self.shape)
    }

    /// A shorter mutable borrow of the same elements.
    #[inline]
    pub fn rb_mut(&mut self) -> MatMut<'_, T> {
        MatMut::from_parts(self.data, self.shape)
    }

    /// The transposed view; nothing moves.
    #[inline]
    pub fn t(self) -> Self {
        Self::from_parts(self.data, self.shape.t())
    }

    /// The first `at` rows and the rest: disjoint, both writable.
    ///
    /// # Panics
    /// If there are fewer than `at` rows.
    #[inline]
    #[track_caller]
    pub fn split_rows(self, at: usize) -> (Self, Self) {
        let rest = self.rows().checked_sub(at).expect("split inside the rows");
        let (top, bottom) = (
            Shape {
                rows: at,
                ..self.shape
            },
            Shape {
                rows: rest,
                ..self.shape
            },
        );
        let skip = if rest == 0 || self.cols() == 0 {
            0
        } else {
            at * self.row_stride()
        };
        // SAFETY: row `at` exists where `skip` is not 0; elements are distinct, so the halves share none.
        let second = unsafe { self.data.add(skip) };
        (
            Self::from_parts(self.data, top),
            Self::from_parts(second, bottom),
        )
    }

    /// The first `at` columns and the rest: disjoint, both writable.
    #[inline]
    #[track_caller]
    pub fn split_cols(self, at: usize) -> (Self, Self) {
        let (left, right) = self.t().split_rows(at);
        (left.t(), right.t())
    }

    /// Rows `range`, given up by the view for the rest of its life.
    #[inline]
    #[track_caller]
    pub fn rows_range(self, range: Range<usize>) -> Self {
        let (head, _) = self.split_rows(range.end);
        head.split_rows(range.start).1
    }

    /// Row `i` as a slice.
    ///
    /// # Panics
    /// If `i` is no row, or if the row is not contiguous (`col_stride != 1` and more than one column).
    #[inline]
    #[track_caller]
    pub fn row_mut(&mut self, i: usize) -> &mut [T] {
        assert!(i < self.rows() && (self.col_stride() == 1 || self.cols() <= 1));
        if self.cols() == 0 {
            return &mut [];
        }
        // SAFETY: row i exists, lies side by side inside the slice, and self is borrowed uniquely.
        unsafe {
            core::slice::from_raw_parts_mut(self.data.add(i * self.row_stride()), self.cols())
        }
    }

    /// The whole matrix as one slice, row after row, if it lies so.
    #[inline]
    pub fn as_mut_slice(&mut self) -> Option<&mut [T]> {
        self.rb().as_slice()?;
        // SAFETY: `rb().as_slice()` proved the extent; self is borrowed uniquely.
        Some(unsafe { core::slice::from_raw_parts_mut(self.data, self.rows() * self.cols()) })
    }
}

impl<T: Copy> MatMut<'_, T> {
    /// Element `(i, j)`.
    #[inline]
    #[track_caller]
    pub fn at(&self, i: usize, j: usize) -> T {
        self.rb().at(i, j)
    }

    /// Writes element `(i, j)`.
    ///
    /// # Panics
    /// If it lies outside the matrix.
    #[inline]
    #[track_caller]
    pub fn set(&mut self, i: usize, j: usize, value: T) {
        assert!(i < self.rows() && j < self.cols());
        let place = i * self.row_stride() + j * self.col_stride();
        // SAFETY: the constructor proved that every element lies inside the slice; self is borrowed uniquely.
        unsafe { *self.data.add(place) = value }
    }

    /// Writes `value` everywhere.
    pub fn fill(&mut self, value: T) {
        for i in 0..self.rows() {
            for j in 0..self.cols() {
                self.set(i, j, value);
            }
        }
    }

    /// Copies `from`, of the same shape.
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn copy_from(&mut self, from: MatRef<'_, T>) {
        assert_eq!((self.rows(), self.cols()), (from.rows(), from.cols()));
        if let (Some(to), Some(from)) = (self.as_mut_slice(), from.as_slice()) {
            return to.copy_from_slice(from);
        }
        let side_by_side = self.col_stride() == 1 && from.col_stride() == 1;
        for i in 0..self.rows() {
            if side_by_side {
                self.row_mut(i).copy_from_slice(from.row(i));
                continue;
            }
            for j in 0..self.cols() {
                self.set(i, j, from.at(i, j));
            }
        }
    }
}

impl<T> fmt::Debug for MatMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatMut {:?}", self.shape)
    }
}
