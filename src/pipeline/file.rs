//! Pipelines in files: the model's numbers are tensors, everything else is text of the metadata.
//!
//! ```text
//! format_version  1                                          kind       which model the tensors are
//! precision       f32 or f64                                 seed       of the fit
//! targets         ["species"]                                classes    ["Adelie", "Gentoo"], where classes are predicted
//! features        ["island", "bill"]: the raw columns        categories {"island": ["Biscoe", "Dream"]}
//! imputation      {"bill": [43.9, 1]}: fill value, whether there is an indicator
//! scaler          [[shift of each encoded column], [scale]]  target_scaler  the same for targets that are numbers
//! ```
//! All but the plain words are JSON.

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use cognate_kernels::Real;

use super::meta::{META, MetaPipeline};
use super::model::Model;
use super::tasks::{LINEAR, NETWORK, TaskPipeline};
use super::{Pipeline, Target};
use crate::data::encode::{Empty, Encoder, Feature, Kind};
use crate::data::levels::Levels;
use crate::data::scale::Scaler;
use crate::error::{Error, Result};
use crate::io::{Entry, File, Json, Shape, Tensor, Text, Writer, entries, push_text};

const VERSION: &str = "1";

/// A pipeline out of a file, in the precision that it was fitted in.
#[derive(Clone, Debug)]
pub enum AnyPipeline {
    /// In `f32`.
    F32(Pipeline<f32>),
    /// In `f64`.
    F64(Pipeline<f64>),
    /// Of several tasks.
    Tasks(TaskPipeline),
    /// Of what a new task starts from.
    Meta(Box<MetaPipeline>),
}

impl AnyPipeline {
    /// Reads a model file that [`Pipeline::to_file`] or [`TaskPipeline::to_file`] made.
    ///
    /// # Errors
    /// [`Error::File`] if the bytes are no safetensors file, one of something else, of a later format, or damaged.
    #[inline]
    pub fn from_file(bytes: &[u8]) -> Result<Self> {
        let mut index = vec![Entry::default(); entries(bytes)?];
        let file = File::parse(bytes, &mut index)?;
        let meta = Meta(&file);
        match meta.text("format_version") {
            Err(_) => return meta.bad("a safetensors file, but not one of Cognate's models"),
            Ok(version) if version != VERSION => {
                return meta.bad("the model file is of a format that this version does not read");
            }
            Ok(_) => {}
        }
        if [LINEAR, NETWORK].contains(&meta.text("kind")?.as_str()) {
            return Ok(Self::Tasks(TaskPipeline::read(&meta)?));
        }
        if meta.text("kind")? == META {
            return Ok(Self::Meta(Box::new(MetaPipeline::read(&meta)?)));
        }
        match meta.text("precision")?.as_str() {
            "f32" => Ok(Self::F32(meta.pipeline()?)),
            "f64" => Ok(Self::F64(meta.pipeline()?)),
            _ => meta.bad("the model file has an unknown precision"),
        }
    }
}

impl<T: Real> Pipeline<T> {
    /// The whole pipeline as a safetensors file.
    pub fn to_file(&self) -> Vec<u8> {
        let mut file = write_start(self.model.kind(), T::NAME, self.seed)
            .text("targets", &strings(self.target.names()));
        if let Target::Classes { levels, .. } = &self.target {
            file = file.text("classes", &strings(levels.names()));
        }
        file = write_encoder(file, &self.encoder);
        file = write_scalers(file, self.scaler.as_ref(), self.target_scaler.as_ref());
        self.model.write(file).finish()
    }
}

/// A file that says what it is.
pub(super) fn write_start(kind: &str, precision: &str, seed: u64) -> Writer {
    Writer::new()
        .text("format_version", VERSION)
        .text("kind", kind)
        .text("precision", precision)
        .text("seed", &seed.to_string())
}

#[inline]
pub(super) fn write_scalers(
    file: Writer,
    features: Option<&Scaler>,
    targets: Option<&Scaler>,
) -> Writer {
    let write = |file: Writer, (name, scaler): (&str, &Scaler)| {
        let pair = format!("[{},{}]", numbers(scaler.shift()), numbers(scaler.scale()));
        file.text(name, &pair)
    };
    let features = features.map(|scaler| ("scaler", scaler));
    let targets = targets.map(|scaler| ("target_scaler", scaler));
    features.into_iter().chain(targets).fold(file, write)
}

#[inline]
pub(super) fn write_encoder(file: Writer, encoder: &Encoder) -> Writer {
    let features = encoder.features();
    let names: Vec<String> = features.iter().map(|f| f.name.clone()).collect();
    let categories = features.iter().filter_map(|f| match &f.kind {
        Kind::Category(levels) => Some((&f.name, strings(levels.names()))),
        Kind::Number => None,
    });
    let imputation = features.iter().filter_map(|f| match f.empty {
        Empty::Fill { value, indicator } => {
            Some((&f.name, format!("[{value:?},{}]", u8::from(indicator))))
        }
        Empty::Refuse => None,
    });
    file.text("features", &strings(&names))
        .text("categories", &object(categories))
        .text("imputation", &object(imputation))
}

#[inline]
pub(super) fn strings(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|t| quote(t)).collect();
    format!("[{}]", quoted.join(","))
}

/// The shortest decimals that read back as the same numbers, which must be finite.
fn numbers(numbers: &[f64]) -> String {
    let decimals: Vec<String> = numbers.iter().map(|x| format!("{x:?}")).collect();
    format!("[{}]", decimals.join(","))
}

pub(super) fn object<'a>(members: impl Iterator<Item = (&'a String, String)>) -> String {
    let members: Vec<String> = members
        .map(|(name, value)| format!("{}:{value}", quote(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn quote(text: &str) -> String {
    let mut json = String::new();
    push_text(&mut json, text);
    json
}

/// The metadata of a file, and its tensors.
pub(super) struct Meta<'f, 'a, 'i>(pub &'f File<'a, 'i>);

impl Meta<'_, '_, '_> {
    pub(super) fn bad<R>(&self, what: &'static str) -> Result<R> {
        Err(Error::File { what, offset: 0 })
    }

    /// The plain text under `name`.
    #[inline]
    pub(super) fn text(&self, name: &str) -> Result<String> {
        match self.0.text(name) {
            Some(text) => Ok(text.to_string()),
            None => self.bad("the model file's metadata lack a text"),
        }
    }

    /// The JSON under `name`, read by `read` to its end.
    pub(super) fn json<R>(
        &self,
        name: &str,
        read: impl FnOnce(&mut Json<'_>) -> Result<R>,
    ) -> Result<R> {
        let text = self.text(name)?;
        let mut json = Json::new(&text, 0);
        let value = read(&mut json)?;
        json.end()?;
        Ok(value)
    }

    /// The tensor called `name`, which must have these sizes.
    fn tensor(&self, name: &str, sizes: &[usize]) -> Result<Tensor<'_>> {
        match self.0.tensor(name) {
            Some(tensor) if tensor.shape().sizes() == sizes => Ok(tensor),
            Some(_) => self.bad("a tensor of the model has an unexpected shape"),
            None => self.bad("a tensor of the model is missing"),
        }
    }

    /// The vector of `length` numbers called `name`.
    pub(super) fn vector<T: Real>(&self, name: &str, length: usize) -> Result<Vec<T>> {
        let mut numbers = vec![T::ZERO; length];
        self.tensor(name, &[length])?.read_into(&mut numbers)?;
        Ok(numbers)
    }

    /// The matrix with `rows` rows called `name`, row-major, and its columns.
    pub(super) fn matrix<T: Real>(&self, name: &str, rows: usize) -> Result<(Vec<T>, usize)> {
        let shape = self.0.tensor(name).map(|t| t.shape());
        let columns = match shape.as_ref().map(Shape::sizes) {
            Some(&[found, columns]) if found == rows => columns,
            _ => return self.bad("a matrix of the model is missing or has an unexpected shape"),
        };
        let mut numbers = vec![T::ZERO; rows * columns];
        self.tensor(name, &[rows, columns])?
            .read_into(&mut numbers)?;
        Ok((numbers, columns))
    }

    fn pipeline<T: Real>(&self) -> Result<Pipeline<T>> {
        let target = self.target()?;
        let encoder = self.encoder()?;
        let model = Model::read(self, &target)?;
        if model.features().is_some_and(|d| d != encoder.width()) {
            return self.bad("the model has other features than the metadata say");
        }
        Ok(Pipeline {
            scaler: self.scaler("scaler", encoder.width())?,
            target_scaler: self.scaler("target_scaler", target.width())?,
            encoder,
            model,
            target,
            seed: self.seed()?,
        })
    }

    #[inline]
    pub(super) fn seed(&self) -> Result<u64> {
        let seed = self.text("seed")?.parse();
        seed.or_else(|_| self.bad("the model file's seed is no integer"))
    }

    /// The rows of the matrix called `name`.
    pub(super) fn rows(&self, name: &str) -> Option<usize> {
        self.0.tensor(name)?.shape().sizes().first().copied()
    }

    #[inline]
    pub(super) fn target(&self) -> Result<Target> {
        let mut names = self.json("targets", read_strings)?;
        if self.0.text("classes").is_none() {
            return match names.is_empty() {
                false => Ok(Target::Numbers(names)),
                true => self.bad("the model file names no target"),
            };
        }
        let levels = Levels::from_names(self.json("classes", read_strings)?)?;
        match names.pop() {
            Some(name) if names.is_empty() && levels.len() > 1 => {
                Ok(Target::Classes { name, levels })
            }
            _ => self.bad("classes are those of one target, at least two"),
        }
    }

    #[inline]
    pub(super) fn encoder(&self) -> Result<Encoder> {
        let names = self.json("features", read_strings)?;
        let mut categories = self.json("categories", |json| read_object(json, read_strings))?;
        let mut fills = self.json("imputation", |json| read_object(json, read_numbers))?;
        let features = names.into_iter().map(|name| {
            let kind = match categories.remove(&name) {
                Some(levels) => Kind::Category(Levels::from_names(levels)?),
                None => Kind::Number,
            };
            let empty = match fills.remove(&name).as_deref() {
                None => Empty::Refuse,
                Some(&[value, indicator]) if value.is_finite() => Empty::Fill {
                    value,
                    indicator: indicator != 0.0,
                },
                Some(_) => return self.bad("the model file's imputation is no pair of numbers"),
            };
            Ok(Feature { name, kind, empty })
        });
        Encoder::from_features(features.collect::<Result<_>>()?)
    }

    /// The scaler of `width` columns under `name`, if there is one.
    #[inline]
    pub(super) fn scaler(&self, name: &str, width: usize) -> Result<Option<Scaler>> {
        if self.0.text(name).is_none() {
            return Ok(None);
        }
        let mut columns = self.json(name, |json| read_list(json, read_numbers))?;
        match (columns.pop(), columns.pop(), columns.is_empty()) {
            (Some(scale), Some(shift), true) if scale.len() == width && shift.len() == width => {
                Ok(Some(Scaler::new(shift, scale)?))
            }
            _ => self.bad("the model file's scaler does not fit its features or targets"),
        }
    }
}

pub(super) fn read_list<R>(
    json: &mut Json<'_>,
    mut item: impl FnMut(&mut Json<'_>) -> Result<R>,
) -> Result<Vec<R>> {
    let mut items = Vec::new();
    json.array(|json| {
        items.push(item(json)?);
        Ok(())
    })?;
    Ok(items)
}

#[inline]
pub(super) fn read_strings(json: &mut Json<'_>) -> Result<Vec<String>> {
    read_list(json, |json| json.text().map(|t: Text<'_>| t.to_string()))
}

pub(super) fn read_numbers(json: &mut Json<'_>) -> Result<Vec<f64>> {
    read_list(json, |json| json.number())
}

pub(super) fn read_object<R>(
    json: &mut Json<'_>,
    mut value: impl FnMut(&mut Json<'_>) -> Result<R>,
) -> Result<BTreeMap<String, R>> {
    let mut members = BTreeMap::new();
    json.object(|json, name| {
        members.insert(name.to_string(), value(json)?);
        Ok(())
    })?;
    Ok(members)
}

/// How many numbers the file's tensors hold: what no size that it names may go beyond.
pub(super) fn count_numbers(meta: &Meta<'_, '_, '_>) -> usize {
    let sizes = meta.0.tensors().map(|(_, tensor)| tensor.shape());
    sizes
        .map(|shape| shape.sizes().iter().product::<usize>())
        .sum()
}

/// The widths of the hidden layers, none larger than the file's weights allow: every architecture has a matrix between two layers.
#[inline]
pub(super) fn read_hidden(meta: &Meta<'_, '_, '_>, features: usize) -> Result<Vec<usize>> {
    let numbers = count_numbers(meta);
    let hidden = meta.json("hidden", read_numbers)?;
    let mut before = features as f64;
    for &width in &hidden {
        if !(width >= 1.0 && width % 1.0 == 0.0 && width * before <= numbers as f64) {
            return meta.bad("the hidden layers of the network do not fit its weights");
        }
        before = width;
    }
    Ok(hidden.into_iter().map(|width| width as usize).collect())
}
