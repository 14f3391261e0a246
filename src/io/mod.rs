//! Model files: safetensors, read and written without `std`.
//!
//! A file is a length, a header and the numbers:
//! ```text
//! n: u64   header: n bytes of JSON   data: the tensors, one behind the other        (little-endian throughout)
//! header = {"__metadata__": {"kind": "logistic", ..}, "coef": {"dtype": "F64", "shape": [3, 4], "data_offsets": [0, 96]}, ..}
//! ```
//! It holds numbers and text alone, nothing in it is executed, and PyTorch, NumPy and JAX read and write it.
//!
//! **Reading** copies nothing and needs no heap: [`File::parse`] checks the whole file once, strictly, and lists what is in it in memory
//! of the caller's ([`entries`] says how much). Whatever bytes come in, the answer is the content or an [`Error::File`] that says what
//! is wrong and at which byte. Refused, beside broken JSON: names that occur twice, data that do not tile the rest of the file exactly,
//! a shape that does not agree with its bytes, text that is not UTF-8, more than [`MAX_HEADER`] bytes of header.
//!
//! **Parameters** are a [`Layout`] and its flat vector: [`read_parameters`] and [`Writer::parameters`] know nothing else of a model.
//! A part that memory holds `in x out` is `out x in` in the file, as PyTorch has it; a `1 x n` part that both hold alike is a vector.
//!
//! Source: the format's description in huggingface/safetensors, against whose crate `tests/files.rs` checks both directions.

mod json;
mod reader;
mod tensor;
#[cfg(feature = "alloc")]
mod writer;

#[cfg(feature = "alloc")]
pub(crate) use json::Json;
pub use json::Text;
pub use reader::{Entry, File, MAX_HEADER, entries};
pub use tensor::{Dtype, MAX_RANK, Shape, Tensor};
#[cfg(feature = "alloc")]
pub use writer::Writer;
#[cfg(feature = "alloc")]
pub(crate) use writer::push_text;

use crate::error::{Error, Result};
use crate::params::{Layout, Order, Span};
use cognate_kernels::Real;

/// The error of a damaged file: `what` is wrong at byte `offset`.
fn bad<T>(what: &'static str, offset: usize) -> Result<T> {
    Err(Error::File { what, offset })
}

/// Fills the flat vector `p` from the tensors that `layout` names. Tensors that it does not name stay unread.
///
/// # Errors
/// [`Error::File`] if a part is missing, has another shape, or holds numbers that `T` cannot hold exactly (only `F32` widens to
/// `f64`). `p` may then be filled in part.
///
/// # Panics
/// If `p` is shorter than the layout.
#[track_caller]
pub fn read_parameters<T: Real>(
    file: &File<'_, '_>,
    layout: Layout<'_>,
    p: &mut [T],
) -> Result<()> {
    for (name, span) in layout.iter() {
        let Some(tensor) = file.tensor(name) else {
            return bad("a parameter of the model is missing", 0);
        };
        if tensor.shape() != file_shape(span) {
            return bad(
                "a parameter has another shape than the model",
                tensor.offset(),
            );
        }
        match span.order {
            Order::Same => tensor.read_into(span.of_mut(p))?,
            Order::Transposed => tensor.read_transposed(span.mat_mut(p))?,
        }
    }
    Ok(())
}

/// The shape that files give a part.
fn file_shape(span: Span) -> Shape {
    match span.order {
        Order::Transposed => Shape::new(&[span.cols, span.rows]),
        Order::Same if span.rows == 1 => Shape::new(&[span.cols]),
        Order::Same => Shape::new(&[span.rows, span.cols]),
    }
}
