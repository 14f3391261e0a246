//! The writer: tensors and texts are collected, then laid out.
//!
//! The header is padded with spaces so that the data begin at a multiple of 8, and 8-byte elements come before 4-byte ones, so that
//! every tensor is aligned to its elements. The same content gives the same bytes.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use crate::params::{Layout, Order};
use cognate_kernels::Real;

/// A file under construction.
///
/// ```no_run
/// use cognate::io::Writer;
/// let bytes = Writer::new()
///     .text("kind", "logistic")
///     .tensor("coef", &[1, 3], &[0.5_f64, -1.0, 2.0])
///     .finish();
/// std::fs::write("model.safetensors", bytes)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Writer {
    texts: Vec<(String, String)>,
    tensors: Vec<Pending>,
}

#[derive(Clone, Debug)]
struct Pending {
    name: String,
    dtype: &'static str,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Writer {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text to the metadata.
    ///
    /// # Panics
    /// If the metadata have one of that name.
    #[track_caller]
    pub fn text(mut self, name: &str, text: &str) -> Self {
        let taken = self.texts.iter().any(|(n, _)| n == name);
        assert!(!taken, "the metadata have a text {name:?} already");
        self.texts.push((name.to_string(), text.to_string()));
        self
    }

    /// Adds a tensor of `T`'s type, the last dimension fastest.
    ///
    /// # Panics
    /// If the name is taken or `values` are not as many as `shape` says.
    #[track_caller]
    pub fn tensor<T: Real>(mut self, name: &str, shape: &[usize], values: &[T]) -> Self {
        let taken = self.tensors.iter().any(|t| t.name == name);
        assert!(
            !taken && name != "__metadata__",
            "the name {name:?} is taken"
        );
        let elements: usize = shape.iter().product();
        assert_eq!(elements, values.len(), "elements of {name:?}");
        self.tensors.push(Pending {
            name: name.to_string(),
            dtype: if T::NAME == "f32" { "F32" } else { "F64" },
            shape: shape.to_vec(),
            bytes: values.iter().flat_map(|x| little_endian(*x)).collect(),
        });
        self
    }

    /// Adds the parts of a flat parameter vector, each in its file order.
    ///
    /// # Panics
    /// If `p` is shorter than the layout, or a name is taken.
    #[track_caller]
    pub fn parameters<T: Real>(self, layout: Layout<'_>, p: &[T]) -> Self {
        layout.iter().fold(self, |file, (name, span)| {
            let shape = super::file_shape(span);
            if span.order == Order::Same {
                return file.tensor(name, shape.sizes(), span.of(p));
            }
            let weights = span.mat(p).t();
            let row = |i: usize| (0..weights.cols()).map(move |j| weights.at(i, j));
            let values: Vec<T> = (0..weights.rows()).flat_map(row).collect();
            file.tensor(name, shape.sizes(), &values)
        })
    }

    /// The whole file.
    #[inline]
    pub fn finish(mut self) -> Vec<u8> {
        self.tensors.sort_by_key(|t| t.dtype == "F32");
        let mut header = self.header();
        while !header.len().is_multiple_of(8) {
            header.push(' ');
        }
        let mut file = Vec::new();
        file.extend_from_slice(&(header.len() as u64).to_le_bytes());
        file.extend_from_slice(header.as_bytes());
        for tensor in &self.tensors {
            file.extend_from_slice(&tensor.bytes);
        }
        file
    }

    #[inline]
    fn header(&self) -> String {
        let mut members = Vec::new();
        if !self.texts.is_empty() {
            let texts = self.texts.iter().map(|(name, text)| {
                let mut member = String::new();
                push_text(&mut member, name);
                member.push(':');
                push_text(&mut member, text);
                member
            });
            let texts: Vec<String> = texts.collect();
            members.push(alloc::format!("\"__metadata__\":{{{}}}", texts.join(",")));
        }
        let mut place = 0;
        for tensor in &self.tensors {
            let end = place + tensor.bytes.len();
            members.push(tensor.describe(place, end));
            place = end;
        }
        alloc::format!("{{{}}}", members.join(","))
    }
}

impl Pending {
    #[inline]
    fn describe(&self, from: usize, to: usize) -> String {
        let mut member = String::new();
        push_text(&mut member, &self.name);
        let shape: Vec<String> = self.shape.iter().map(ToString::to_string).collect();
        let (dtype, shape) = (self.dtype, shape.join(","));
        // Writing to a String cannot fail.
        let _ = write!(
            member,
            ":{{\"dtype\":\"{dtype}\",\"shape\":[{shape}],\"data_offsets\":[{from},{to}]}}"
        );
        member
    }
}

/// The bytes of an `f32` or `f64`.
fn little_endian<T: Real>(x: T) -> impl Iterator<Item = u8> {
    let (word, size) = if T::NAME == "f32" {
        (u64::from((x.to_f64() as f32).to_bits()), 4)
    } else {
        (x.to_f64().to_bits(), 8)
    };
    word.to_le_bytes().into_iter().take(size)
}

/// Appends `text` to `json` as a JSON string.
pub(crate) fn push_text(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\0'..'\u{20}' => {
                // Writing to a String cannot fail.
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            _ => json.push(c),
        }
    }
    json.push('"');
}
