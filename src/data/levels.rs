//! The different values of a column and their codes: classes of a target, tasks, groups, categories.

use alloc::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

use super::table::{Column, EMPTY, Values};
use crate::{Error, Result};

/// The different values of a column, in order: by number if all of them are numbers, else by their text.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    names: Vec<String>,
}

impl Levels {
    /// The values that occur in `column`. A number's name is the shortest decimal that reads back as itself.
    #[inline]
    pub fn fit(column: &Column) -> Self {
        let mut names = present(column);
        names.sort_unstable();
        names.dedup();
        let number = |name: &String| name.parse().ok().filter(|x: &f64| x.is_finite());
        if let Some(numbers) = names.iter().map(number).collect::<Option<Vec<_>>>() {
            let mut pairs: Vec<_> = numbers.into_iter().zip(names).collect();
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            names = pairs.into_iter().map(|(_, name)| name).collect();
        }
        Self { names }
    }

    /// Levels known from elsewhere, such as a model file.
    ///
    /// # Errors
    /// [`Error::Column`] if a name comes twice.
    #[inline]
    pub fn from_names(names: Vec<String>) -> Result<Self> {
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Error::column(pair[0], None, None, "is a level twice")),
            None => Ok(Self { names }),
        }
    }

    /// The names; the place of a name is its code.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of levels.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no level.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The code of each row's level, `None` where the cell is empty or its level is not among these.
    #[inline]
    pub fn codes(&self, column: &Column) -> Vec<Option<u32>> {
        let places: BTreeMap<&str, u32> = self.names.iter().map(String::as_str).zip(0..).collect();
        match &column.values {
            Values::Numbers(numbers) => {
                let mut known: BTreeMap<u64, Option<u32>> = BTreeMap::new();
                let mut find = |x: f64| {
                    let place = || places.get(number_name(x).as_str()).copied();
                    *known.entry(x.to_bits()).or_insert_with(place)
                };
                let filled = |x: &f64| (!x.is_nan()).then_some(*x);
                numbers
                    .iter()
                    .map(|x| filled(x).and_then(&mut find))
                    .collect()
            }
            Values::Levels { names, codes } => {
                let of_name: Vec<_> = names.iter().map(|n| places.get(n.as_str())).collect();
                let find = |code: &u32| of_name.get(*code as usize).copied().flatten().copied();
                codes.iter().map(find).collect()
            }
        }
    }

    /// As [`Levels::codes`], for a column whose every cell must be one of these levels.
    ///
    /// # Errors
    /// [`Error::Column`] naming the first cell that is empty or unknown.
    #[inline]
    pub fn known_codes(&self, column: &Column) -> Result<Vec<u32>> {
        let codes = self.codes(column);
        match codes.iter().position(Option::is_none) {
            None => Ok(codes.into_iter().flatten().collect()),
            Some(row) => Err(match column.cell(row).map(Cow::into_owned) {
                found @ None => Error::column(&column.name, Some(row), found, "is empty"),
                found => {
                    Error::column(&column.name, Some(row), found, "was never seen in training")
                }
            }),
        }
    }
}

/// The names of the values that occur, in no order of meaning; -0 and 0 may both be there.
#[inline]
fn present(column: &Column) -> Vec<String> {
    match &column.values {
        Values::Numbers(numbers) => {
            let present = numbers.iter().filter(|x| !x.is_nan());
            let different: BTreeSet<u64> = present.map(|x| x.to_bits()).collect();
            different
                .into_iter()
                .map(f64::from_bits)
                .map(number_name)
                .collect()
        }
        Values::Levels { names, codes } => {
            let present = codes.iter().filter(|&&code| code != EMPTY);
            let different: BTreeSet<u32> = present.copied().collect();
            different
                .into_iter()
                .map(|code| names[code as usize].clone())
                .collect()
        }
    }
}

/// The shortest decimal that reads back as `x`.
fn number_name(x: f64) -> String {
    // -0 and 0 are one level.
    format!("{}", x + 0.0)
}
