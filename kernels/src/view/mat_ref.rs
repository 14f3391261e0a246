//! The read-only view.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;

use super::{Shape, ViewError};

/// A read-only `rows x cols` matrix over a slice.
pub struct MatRef<'a, T> {
    data: *const T,
    shape: Shape,
    life: PhantomData<&'a [T]>,
}

impl<T> Clone for MatRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for MatRef<'_, T> {}

// SAFETY: a MatRef is a shared borrow of a slice of T.
unsafe impl<T: Sync> Send for MatRef<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for MatRef<'_, T> {}
impl<'a, T> MatRef<'a, T> {
    /// The row-major `rows x cols` matrix at the start of `data`.
    ///
    /// # Errors
    /// [`ViewError`] if `data` has fewer than `rows * cols` elements.
    pub fn new(data: &'a [T], rows: usize, cols: usize) -> Result<Self, ViewError> {
        Self::with_strides(data, rows, cols, cols, 1)
    }

    /// Element `(i, j)` at `data[i * row_stride + j * col_stride]`; strides of 0 repeat a row or a column.
    ///
    /// # Errors
    /// [`ViewError`] if the last element lies outside `data`.
    pub fn with_strides(
        data: &'a [T],
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
        Ok(Self::from_parts(data.as_ptr(), shape))
    }

    /// As [`MatRef::new`], for shapes that the caller has planned.
    ///
    /// # Panics
    /// If `data` is too short.
    #[track_caller]
    pub fn planned(data: &'a [T], rows: usize, cols: usize) -> Self {
        assert!(rows * cols <= data.len(), "planned matrix outside its slab");
        Self::from_parts(data.as_ptr(), Shape::row_major(rows, cols))
    }

    /// The view of a kernel that has proved what the constructors check.
    pub(crate) fn from_parts(data: *const T, shape: Shape) -> Self {
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
    pub fn as_ptr(&self) -> *const T {
        self.data
    }

    /// The transposed view; nothing moves.
    #[inline]
    pub fn t(self) -> Self {
        Self::from_parts(self.data, self.shape.t())
    }

    /// Rows `range` of the view.
    ///
    /// # Panics
    /// If the range leaves the matrix.
    #[inline]
    #[track_caller]
    pub fn rows_range(self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.rows());
        let rows = range.end - range.start;
        // An empty block keeps the first address: an offset could lie outside the slice.
        let skip = if rows == 0 || self.cols() == 0 {
            0
        } else {
            range.start * self.row_stride()
        };
        let shape = Shape { rows, ..self.shape };
        // SAFETY: row `range.start` exists, so its first element lies inside the slice.
        Self::from_parts(unsafe { self.data.add(skip) }, shape)
    }

    /// Columns `range` of the view.
    ///
    /// # Panics
    /// If the range leaves the matrix.
    #[inline]
    #[track_caller]
    pub fn cols_range(self, range: Range<usize>) -> Self {
        self.t().rows_range(range).t()
    }

    /// The first `at` rows and the rest.
    #[inline]
    #[track_caller]
    pub fn split_rows(self, at: usize) -> (Self, Self) {
        (self.rows_range(0..at), self.rows_range(at..self.rows()))
    }

    /// The first `at` columns and the rest.
    #[inline]
    #[track_caller]
    pub fn split_cols(self, at: usize) -> (Self, Self) {
        (self.cols_range(0..at), self.cols_range(at..self.cols()))
    }

    /// Row `i` as a slice.
    ///
    /// # Panics
    /// If `i` is no row, or if the row is not contiguous (`col_stride != 1` and more than one column).
    #[inline]
    #[track_caller]
    pub fn row(&self, i: usize) -> &'a [T] {
        assert!(i < self.rows() && (self.col_stride() == 1 || self.cols() <= 1));
        if self.cols() == 0 {
            return &[];
        }
        // SAFETY: row i exists and its elements lie side by side inside the slice.
        unsafe { core::slice::from_raw_parts(self.data.add(i * self.row_stride()), self.cols()) }
    }

    /// The whole matrix as one slice, row after row, if it lies so.
    #[inline]
    pub fn as_slice(&self) -> Option<&'a [T]> {
        let contiguous = (self.cols() <= 1 || self.col_stride() == 1)
            && (self.rows() <= 1 || self.row_stride() == self.cols());
        // SAFETY: the elements are the first rows * cols of the slice behind the view.
        contiguous
            .then(|| unsafe { core::slice::from_raw_parts(self.data, self.rows() * self.cols()) })
    }
}

impl<T: Copy> MatRef<'_, T> {
    /// Element `(i, j)`.
    ///
    /// # Panics
    /// If it lies outside the matrix.
    #[inline]
    #[track_caller]
    pub fn at(&self, i: usize, j: usize) -> T {
        assert!(
            i < self.rows() && j < self.cols(),
            "element ({i}, {j}) of a {} x {} matrix",
            self.rows(),
            self.cols()
        );
        // SAFETY: the constructor proved that every element lies inside the slice.
        unsafe { *self.data.add(i * self.row_stride() + j * self.col_stride()) }
    }
}

impl<T> fmt::Debug for MatRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatRef {:?}", self.shape)
    }
}
