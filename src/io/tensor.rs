//! One tensor of a file: element type, shape, bytes.

use super::bad;
use super::json::Json;
use crate::error::Result;
use cognate_kernels::{MatMut, Real};

/// The most dimensions that a tensor may have.
pub const MAX_RANK: usize = 8;

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // the format's own names
pub enum Dtype {
    Bool,
    U8,
    I8,
    U16,
    I16,
    F16,
    Bf16,
    U32,
    I32,
    F32,
    U64,
    I64,
    F64,
}

impl Dtype {
    const NAMES: [(&'static str, Self); 13] = [
        ("BOOL", Self::Bool),
        ("U8", Self::U8),
        ("I8", Self::I8),
        ("U16", Self::U16),
        ("I16", Self::I16),
        ("F16", Self::F16),
        ("BF16", Self::Bf16),
        ("U32", Self::U32),
        ("I32", Self::I32),
        ("F32", Self::F32),
        ("U64", Self::U64),
        ("I64", Self::I64),
        ("F64", Self::F64),
    ];

    /// Bytes an element.
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 | Self::Bf16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    pub(super) fn read(json: &mut Json<'_>) -> Result<Self> {
        let at = json.offset();
        let name = json.text()?;
        match Self::NAMES.iter().find(|(n, _)| name == **n) {
            Some((_, dtype)) => Ok(*dtype),
            None => bad("an element type that this build does not know", at),
        }
    }
}

/// Up to [`MAX_RANK`] dimensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    sizes: [usize; MAX_RANK],
    rank: usize,
}

impl Shape {
    pub(super) fn new(sizes: &[usize]) -> Self {
        let mut shape = Self::default();
        shape.sizes[..sizes.len()].copy_from_slice(sizes);
        shape.rank = sizes.len();
        shape
    }

    /// The sizes, outermost first.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }

    /// Number of elements, if it fits.
    pub(super) fn elements(&self) -> Option<usize> {
        let mut sizes = self.sizes().iter();
        sizes.try_fold(1_usize, |n, size| n.checked_mul(*size))
    }

    pub(super) fn read(json: &mut Json<'_>) -> Result<Self> {
        let mut shape = Self::default();
        json.array(|json| {
            if shape.rank == MAX_RANK {
                return bad("more than 8 dimensions", json.offset());
            }
            shape.sizes[shape.rank] = json.integer()?;
            shape.rank += 1;
            Ok(())
        })?;
        Ok(shape)
    }
}

/// One tensor of a file: type, shape and bytes.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    pub(super) dtype: Dtype,
    pub(super) shape: Shape,
    pub(super) bytes: &'a [u8],
    pub(super) offset: usize,
}

impl<'a> Tensor<'a> {
    /// The type of its elements.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Its bytes: little-endian, the last dimension fastest.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The byte of the file where it begins.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Copies its elements to `out`.
    ///
    /// # Errors
    /// [`crate::Error::File`] if they are not of a type that `T` holds exactly, or not as many as `out` has room for.
    pub fn read_into<T: Real>(&self, out: &mut [T]) -> Result<()> {
        self.check::<T>(out.len())?;
        for (i, slot) in out.iter_mut().enumerate() {
            *slot = self.element(i);
        }
        Ok(())
    }

    /// Copies its elements, `out.cols() x out.rows()`, to `out`, transposed.
    ///
    /// # Errors
    /// As [`Tensor::read_into`].
    pub fn read_transposed<T: Real>(&self, mut out: MatMut<'_, T>) -> Result<()> {
        let (rows, cols) = (out.rows(), out.cols());
        self.check::<T>(rows * cols)?;
        for j in 0..cols {
            for i in 0..rows {
                out.set(i, j, self.element(j * rows + i));
            }
        }
        Ok(())
    }

    fn check<T: Real>(&self, elements: usize) -> Result<()> {
        if self.dtype != Dtype::F32 && (self.dtype != Dtype::F64 || T::NAME != "f64") {
            return bad(
                "a tensor's element type does not fit the model's",
                self.offset,
            );
        }
        if self.bytes.len() / self.dtype.size() != elements {
            return bad("a tensor has another number of elements", self.offset);
        }
        Ok(())
    }

    fn element<T: Real>(&self, i: usize) -> T {
        let mut word = [0; 8];
        let size = self.dtype.size();
        word[..size].copy_from_slice(&self.bytes[i * size..][..size]);
        let bits = u64::from_le_bytes(word);
        T::from_f64(match self.dtype {
            Dtype::F32 => f64::from(f32::from_bits(bits as u32)),
            _ => f64::from_bits(bits),
        })
    }
}
