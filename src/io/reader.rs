//! The reader: the frame, then one walk over the header, then the checks that need all entries.
//!
//! Sorting the caller's list settles both of those in `n log n` steps: by place, neighbours must meet; by name, neighbours must differ.

use core::cmp::Ordering;

use super::bad;
use super::json::{Json, Text};
use super::tensor::{Dtype, Shape, Tensor};
use crate::error::Result;

/// The longest header that is read, in bytes.
pub const MAX_HEADER: usize = 100_000_000;

const PREFIX: usize = 8;

/// A named piece of a file: a tensor, or a text of the metadata.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry<'a> {
    name: Text<'a>,
    value: Value<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Tensor(Tensor<'a>),
    Text(Text<'a>),
}

impl Default for Value<'_> {
    fn default() -> Self {
        Self::Text(Text::default())
    }
}

impl<'a> Entry<'a> {
    fn tensor(&self) -> Option<Tensor<'a>> {
        match self.value {
            Value::Tensor(tensor) => Some(tensor),
            Value::Text(_) => None,
        }
    }

    /// Tensors by name, then texts by name.
    fn by_name(&self, other: &Self) -> Ordering {
        let kind = |e: &Self| e.tensor().is_none();
        kind(self)
            .cmp(&kind(other))
            .then_with(|| self.name.cmp(&other.name))
    }
}

/// How many entries a file has: what [`File::parse`] needs room for.
///
/// # Errors
/// [`crate::Error::File`] if the header is not sound.
#[inline]
pub fn entries(bytes: &[u8]) -> Result<usize> {
    let mut count = 0;
    walk(bytes, |_| count += 1)?;
    Ok(count)
}

/// A checked file: its tensors and the texts of its metadata, by name.
#[derive(Clone, Copy, Debug)]
pub struct File<'a, 'i> {
    tensors: &'i [Entry<'a>],
    texts: &'i [Entry<'a>],
}

impl<'a, 'i> File<'a, 'i> {
    /// Reads `bytes`, a whole file, listing what it holds in `index`.
    ///
    /// ```
    /// # use cognate::io::{Entry, File, Writer, entries};
    /// # let bytes = Writer::new().text("kind", "mlp").tensor("w", &[2], &[1.0_f32, 2.0]).finish();
    /// let mut index = vec![Entry::default(); entries(&bytes)?];
    /// let file = File::parse(&bytes, &mut index)?;
    /// assert!(file.text("kind").unwrap() == *"mlp");
    /// assert_eq!(file.tensor("w").unwrap().shape().sizes(), [2]);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::File`] says what is wrong with the file, and where.
    ///
    /// # Panics
    /// If `index` is shorter than [`entries`] of the same bytes.
    #[track_caller]
    #[inline]
    pub fn parse(bytes: &'a [u8], index: &'i mut [Entry<'a>]) -> Result<Self> {
        let mut used = 0;
        let data = walk(bytes, |entry| {
            index[used] = entry;
            used += 1;
        })?;
        let index = &mut index[..used];
        check_tiling(index, data, bytes.len())?;
        index.sort_unstable_by(Entry::by_name);
        check_names(index)?;
        let tensors = index.partition_point(|e| e.tensor().is_some());
        let (tensors, texts) = index.split_at(tensors);
        Ok(Self { tensors, texts })
    }

    /// The tensor called `name`.
    pub fn tensor(&self, name: &str) -> Option<Tensor<'a>> {
        find(self.tensors, name)?.tensor()
    }

    /// All tensors, by name.
    pub fn tensors(&self) -> impl Iterator<Item = (Text<'a>, Tensor<'a>)> + use<'a, 'i> {
        let named = |e: &Entry<'a>| Some((e.name, e.tensor()?));
        self.tensors.iter().filter_map(named)
    }

    /// The metadata's text under `name`.
    pub fn text(&self, name: &str) -> Option<Text<'a>> {
        match find(self.texts, name)?.value {
            Value::Text(text) => Some(text),
            Value::Tensor(_) => None,
        }
    }
}

fn find<'i, 'a>(entries: &'i [Entry<'a>], name: &str) -> Option<&'i Entry<'a>> {
    let found = entries.binary_search_by(|e| e.name.chars().cmp(name.chars()));
    found.ok().map(|i| &entries[i])
}

/// Calls `visit` for each entry, in the header's order; returns the byte where the data begin.
fn walk<'a>(bytes: &'a [u8], mut visit: impl FnMut(Entry<'a>)) -> Result<usize> {
    let (header, start) = frame(bytes)?;
    let mut json = Json::new(header, PREFIX);
    let mut metadata_seen = false;
    json.object(|json, name| {
        if name != *"__metadata__" {
            let value = Value::Tensor(tensor(json, bytes, start)?);
            visit(Entry { name, value });
            return Ok(());
        }
        if metadata_seen {
            return bad("the metadata occur twice", json.offset());
        }
        metadata_seen = true;
        json.object(|json, name| {
            let value = Value::Text(json.text()?);
            visit(Entry { name, value });
            Ok(())
        })
    })?;
    json.end()?;
    Ok(start)
}

/// The header and the byte where the data begin.
fn frame(bytes: &[u8]) -> Result<(&str, usize)> {
    let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX>() else {
        return bad("not a safetensors file: shorter than 8 bytes", bytes.len());
    };
    let length = u64::from_le_bytes(*prefix);
    if length > MAX_HEADER as u64 {
        return bad(
            "not a safetensors file: its header would be longer than 100 MB",
            0,
        );
    }
    let Some(header) = rest.get(..length as usize) else {
        return bad(
            "not a safetensors file, or cut off: the header goes beyond its end",
            bytes.len(),
        );
    };
    if header.first() != Some(&b'{') {
        return bad(
            "not a safetensors file: the header must begin with {",
            PREFIX,
        );
    }
    match core::str::from_utf8(header) {
        Ok(text) => Ok((text, PREFIX + header.len())),
        Err(e) => bad("the header is not UTF-8", PREFIX + e.valid_up_to()),
    }
}

/// One tensor's description, checked for itself.
#[inline]
fn tensor<'a>(json: &mut Json<'a>, bytes: &'a [u8], start: usize) -> Result<Tensor<'a>> {
    let at = json.offset();
    let (mut dtype, mut shape, mut offsets) = (None, None, None);
    json.object(|json, name| {
        let place = json.offset();
        let twice = if name == *"dtype" {
            dtype.replace(Dtype::read(json)?).is_some()
        } else if name == *"shape" {
            shape.replace(Shape::read(json)?).is_some()
        } else if name == *"data_offsets" {
            offsets.replace(offset_pair(json)?).is_some()
        } else {
            return bad("a tensor has dtype, shape and data_offsets only", place);
        };
        if twice {
            return bad("a tensor's property occurs twice", place);
        }
        Ok(())
    })?;
    let (Some(dtype), Some(shape), Some((from, to))) = (dtype, shape, offsets) else {
        return bad("a tensor needs dtype, shape and data_offsets", at);
    };
    let data = &bytes[start..];
    let Some(own) = data.get(from..to) else {
        return bad("a tensor's data go beyond the end of the file", at);
    };
    let size = shape.elements().and_then(|n| n.checked_mul(dtype.size()));
    if size != Some(own.len()) {
        return bad("a tensor's shape does not agree with its bytes", at);
    }
    Ok(Tensor {
        dtype,
        shape,
        bytes: own,
        offset: start + from,
    })
}

fn offset_pair(json: &mut Json<'_>) -> Result<(usize, usize)> {
    let at = json.offset();
    let (mut pair, mut count) = ([0; 2], 0);
    json.array(|json| {
        let value = json.integer()?;
        if let Some(slot) = pair.get_mut(count) {
            *slot = value;
        }
        count += 1;
        Ok(())
    })?;
    if count != 2 {
        return bad("data_offsets must be two integers", at);
    }
    Ok((pair[0], pair[1]))
}

/// The tensors' data follow each other without gap or overlap, from byte `start` to byte `end` of the file.
fn check_tiling(index: &mut [Entry<'_>], start: usize, end: usize) -> Result<()> {
    let place = |e: &Entry<'_>| e.tensor().map(|t| (t.offset, t.bytes.len()));
    index.sort_unstable_by_key(place);
    let mut reached = start;
    for (offset, length) in index.iter().filter_map(place) {
        if offset != reached {
            return bad("a gap or an overlap between the tensors' data", offset);
        }
        reached += length;
    }
    if reached != end {
        return bad("data that belong to no tensor", reached);
    }
    Ok(())
}

/// No two entries of a kind share their name.
fn check_names(index: &[Entry<'_>]) -> Result<()> {
    for pair in index.windows(2) {
        if pair[0].by_name(&pair[1]) == Ordering::Equal {
            return bad(
                "a name occurs twice",
                pair[1].tensor().map_or(0, |t| t.offset),
            );
        }
    }
    Ok(())
}
