//! Matrix views: the checked door from slices to the kernels.
//!
//! A view is a pointer with a shape and two non-negative strides; element `(i, j)` lies at `i * row_stride + j * col_stride`.
//! A constructor proves once that every element lies inside the slice (and, for [`MatMut`], that no two elements share a place),
//! so kernels behind the door need no further checks. Two types, two dimensions, nothing else.

use core::fmt;

mod mat_mut;
mod mat_ref;

pub use mat_mut::MatMut;
pub use mat_ref::MatRef;

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
