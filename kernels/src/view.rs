//! Matrix views: the checked door from slices to the kernels.
//!
//! A view is a pointer with a shape and two non-negative strides; element `(i, j)` lies at `i * row_stride + j * col_stride`.
//! A constructor proves once that every element lies inside the slice (and, for [`MatMut`], that no two elements share a place),
//! so kernels behind the door need no further checks. Two types, two dimensions, nothing else.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;

/// Why a slice cannot be seen as the matrix asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewError {
    /// The slice has `found` elements, the shape and strides need `needed`.
    TooShort {
        /// Elements that the last element's place asks for.
        needed: usize,
        /// Elements that the slice has.
        found: usize,
    },
    /// Two elements of a mutable view would share a place.
    Overlap,
    /// The place of the last element does not fit a `usize`.
    TooLarge,
}

impl fmt::Display for ViewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { needed, found } => {
                write!(
                    f,
                    "the matrix needs {needed} elements, the slice has {found}"
                )
            }
            Self::Overlap => write!(f, "two elements of a mutable matrix share a place"),
            Self::TooLarge => write!(f, "the matrix does not fit the address space"),
        }
    }
}

impl core::error::Error for ViewError {}

/// Rows, columns and the two strides of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub rows: usize,
    pub cols: usize,
    pub row_stride: usize,
    pub col_stride: usize,
}

impl Shape {
    /// Elements from the first to the last one, both included; 0 for an empty matrix.
    fn extent(&self) -> Result<usize, ViewError> {
        if self.rows == 0 || self.cols == 0 {
            return Ok(0);
        }
        let down = (self.rows - 1).checked_mul(self.row_stride);
        let along = (self.cols - 1).checked_mul(self.col_stride);
        let last = down.and_then(|d| along.and_then(|a| d.checked_add(a)));
        last.and_then(|l| l.checked_add(1))
            .ok_or(ViewError::TooLarge)
    }

    fn check(&self, found: usize) -> Result<(), ViewError> {
        let needed = self.extent()?;
        if needed > found {
            return Err(ViewError::TooShort { needed, found });
        }
        Ok(())
    }

    /// Whether the strides are nested: one dimension steps over the whole of the other.
    fn distinct(&self) -> bool {
        let (r, c) = (self.rows, self.cols);
        if r == 0 || c == 0 {
            return true;
        }
        let alone = |n: usize, stride: usize| n == 1 || stride > 0;
        let steps_over = |outer: usize, n: usize, stride: usize| outer > (n - 1) * stride;
        (r == 1 && alone(c, self.col_stride))
            || (c == 1 && alone(r, self.row_stride))
            || (self.col_stride > 0 && steps_over(self.row_stride, c, self.col_stride))
            || (self.row_stride > 0 && steps_over(self.col_stride, r, self.row_stride))
    }

    fn t(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    fn row_major(rows: usize, cols: usize) -> Self {
        Self {
            rows,
            cols,
            row_stride: cols,
            col_stride: 1,
        }
    }
}

/// A read-only `rows x cols` matrix over a slice.
pub struct MatRef<'a, T> {
    data: *const T,
    shape: Shape,
    life: PhantomData<&'a [T]>,
}

/// A writable `rows x cols` matrix over a slice; no two elements share a place.
pub struct MatMut<'a, T> {
    data: *mut T,
    shape: Shape,
    life: PhantomData<&'a mut [T]>,
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
// SAFETY: a MatMut is a unique borrow of its elements, which no other view shares.
unsafe impl<T: Send> Send for MatMut<'_, T> {}
// SAFETY: through a shared MatMut elements can only be read.
unsafe impl<T: Sync> Sync for MatMut<'_, T> {}

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

    fn from_parts(data: *const T, shape: Shape) -> Self {
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

    fn from_parts(data: *mut T, shape: Shape) -> Self {
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
        for i in 0..self.rows() {
            for j in 0..self.cols() {
                self.set(i, j, from.at(i, j));
            }
        }
    }
}

impl<T> fmt::Debug for MatRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatRef {:?}", self.shape)
    }
}

impl<T> fmt::Debug for MatMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatMut {:?}", self.shape)
    }
}
