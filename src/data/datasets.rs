//! Real sets that come with the library, decoded on use: the same raw tables that reading their CSV would give.
//!
//! | name | rows | target | what |
//! |---|---|---|---|
//! | `iris` | 150 | 3 classes | flowers of three species, four measures |
//! | `wine` | 178 | 3 classes | wines of three growers, 13 analyses |
//! | `breast_cancer` | 569 | 2 classes | tumours, 30 measures of cell nuclei |
//! | `digits` | 1797 | 10 classes | handwritten digits, 8 x 8 pixels from 0 to 16 |
//! | `diabetes` | 442 | a number | progression of the disease after a year, ten measures (as they were taken, not scaled) |
//! | `gapminder` | 1704 | a number | life expectancy in 142 countries, a task each, from 1952 to 2007 |
//! | `penguins` | 344 | a number, 2 and 3 classes | mass, sex and species of penguins, some labels and measures missing |
//!
//! The first five are the copies that scikit-learn distributes. Sources, authors and licences are in [`Dataset::about`], and lie
//! beside the data in `src/data/sets`, where `make.py` says how they are packed (116 KB in all).

use alloc::{borrow::ToOwned, vec::Vec};

use super::table::{Column, EMPTY, Table, Values};

/// A set: its raw table and what its columns are for.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The set's name.
    pub name: &'static str,
    /// Its columns, features and targets.
    pub table: Table,
    /// The columns to be predicted. One of text is a class.
    pub targets: &'static [&'static str],
    /// The column that names each row's task, if there is one.
    pub task: Option<&'static str>,
    /// What the set is, where it comes from, and its licence, as Markdown.
    pub about: &'static str,
}

struct Packed {
    name: &'static str,
    bytes: &'static [u8],
    targets: &'static [&'static str],
    task: Option<&'static str>,
    about: &'static str,
}

const TARGET: &[&str] = &["target"];

static SETS: [Packed; 7] = [
    Packed {
        name: "iris",
        bytes: include_bytes!("sets/iris.bin"),
        targets: TARGET,
        task: None,
        about: include_str!("sets/iris.md"),
    },
    Packed {
        name: "wine",
        bytes: include_bytes!("sets/wine.bin"),
        targets: TARGET,
        task: None,
        about: include_str!("sets/wine.md"),
    },
    Packed {
        name: "breast_cancer",
        bytes: include_bytes!("sets/breast_cancer.bin"),
        targets: TARGET,
        task: None,
        about: include_str!("sets/breast_cancer.md"),
    },
    Packed {
        name: "digits",
        bytes: include_bytes!("sets/digits.bin"),
        targets: TARGET,
        task: None,
        about: include_str!("sets/digits.md"),
    },
    Packed {
        name: "diabetes",
        bytes: include_bytes!("sets/diabetes.bin"),
        targets: TARGET,
        task: None,
        about: include_str!("sets/diabetes.md"),
    },
    Packed {
        name: "gapminder",
        bytes: include_bytes!("sets/gapminder.bin"),
        targets: &["lifeExp"],
        task: Some("country"),
        about: include_str!("sets/gapminder.md"),
    },
    Packed {
        name: "penguins",
        bytes: include_bytes!("sets/penguins.bin"),
        targets: &["body_mass_g", "sex", "species"],
        task: None,
        about: include_str!("sets/penguins.md"),
    },
];

/// The names of the sets.
pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
    SETS.iter().map(|set| set.name)
}

/// The set called `name`, `None` if there is none.
pub fn load(name: &str) -> Option<Dataset> {
    let set = SETS.iter().find(|set| set.name == name)?;
    Some(Dataset {
        name: set.name,
        table: unpack(set.bytes).expect("a bundled set is well formed"),
        targets: set.targets,
        task: set.task,
        about: set.about,
    })
}

/// Decodes the format of `sets/make.py`; `None` if `bytes` are not in it.
fn unpack(bytes: &[u8]) -> Option<Table> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let mut lines = core::str::from_utf8(&bytes[..end]).ok()?.lines();
    let rows = lines.next()?.parse().ok()?;
    let mut bits = Bits {
        bytes: &bytes[end + 2..],
        next: 0,
    };
    let columns = lines.map(|line| unpack_column(line, rows, &mut bits));
    Table::new(columns.collect::<Option<Vec<_>>>()?).ok()
}

fn unpack_column(line: &str, rows: usize, bits: &mut Bits<'_>) -> Option<Column> {
    let mut fields = line.split('\t');
    let (kind, name, third) = (fields.next()?, fields.next()?, fields.next()?);
    let base: i64 = fields.next()?.parse().ok()?;
    let width: u32 = fields.next()?.parse().ok()?;
    let common = match fields.next()? {
        "none" => None,
        "empty" => Some(None),
        whole => Some(Some(whole.parse::<i64>().ok()?)),
    };
    let cell = |_| match common {
        Some(cell) if bits.take(1)? == 0 => Some(cell),
        _ => Some(Some(base + bits.take(width)? as i64)),
    };
    let cells: Vec<Option<i64>> = (0..rows).map(cell).collect::<Option<_>>()?;
    let values = match kind {
        "number" => {
            let unit = (0..third.parse().ok()?).fold(1.0, |unit, _| unit * 10.0);
            let number = |cell: Option<i64>| cell.map_or(f64::NAN, |whole| whole as f64 / unit);
            Values::Numbers(cells.into_iter().map(number).collect())
        }
        _ => Values::Levels {
            names: third.split('|').map(str::to_owned).collect(),
            codes: cells
                .into_iter()
                .map(|c| c.map_or(EMPTY, |c| c as u32))
                .collect(),
        },
    };
    Some(Column {
        name: name.to_owned(),
        values,
    })
}

/// A string of bits, lowest bit of a byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    next: usize,
}

impl Bits<'_> {
    /// The next `width` bits as a whole number, `None` past the end.
    fn take(&mut self, width: u32) -> Option<u64> {
        let mut whole = 0;
        for place in 0..width {
            let byte = self.bytes.get(self.next / 8)?;
            whole |= u64::from(byte >> (self.next % 8) & 1) << place;
            self.next += 1;
        }
        Some(whole)
    }
}
