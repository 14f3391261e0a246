//! The bundled sets, cell by cell, against scikit-learn's arrays and the other sets' CSV.

use cognate::data::datasets::{load, names};
use cognate::data::encode::{Encoder, EncoderConfig, Impute};
use cognate::data::table::{Column, Values};
use serde_json::Value;

fn known() -> Value {
    serde_json::from_str(include_str!("data/datasets.json")).unwrap()
}

fn fnv(bytes: impl Iterator<Item = u8>) -> String {
    let step = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    format!("{:016x}", bytes.fold(0xcbf2_9ce4_8422_2325, step))
}

/// Every cell of a column: a number's eight bytes (one NaN for all empty cells), or a text's bytes and a line feed.
fn hash(column: &Column) -> String {
    let rows = 0..column.rows();
    match &column.values {
        Values::Numbers(x) => {
            let bits = |x: &f64| if x.is_nan() { f64::NAN } else { *x }.to_le_bytes();
            fnv(x.iter().flat_map(bits))
        }
        Values::Levels { .. } => {
            let text = |row| column.cell(row).unwrap_or_default().into_owned() + "\n";
            fnv(rows.flat_map(|row| text(row).into_bytes()))
        }
    }
}

fn assert_column(ours: &Column, theirs: &Value) {
    let name = &ours.name;
    assert_eq!(name, theirs["name"].as_str().unwrap());
    let empty = (0..ours.rows())
        .filter(|&row| ours.is_empty_at(row))
        .count();
    assert_eq!(empty as u64, theirs["empty"].as_u64().unwrap(), "{name}");
    match &ours.values {
        Values::Numbers(x) => {
            let filled = || x.iter().filter(|x| !x.is_nan());
            let (sum, size) = (
                filled().sum::<f64>(),
                filled().map(|x| x.abs()).sum::<f64>(),
            );
            // A sum of n terms in any order is within n eps of the sum of their sizes.
            let limit = x.len() as f64 * f64::EPSILON * size;
            let error = sum - theirs["sum"].as_f64().unwrap();
            assert!(error.abs() <= limit, "{name}: sum off by {error}");
        }
        Values::Levels { names, codes } => {
            let counts = theirs["counts"].as_object().unwrap();
            assert_eq!(names.len(), counts.len(), "{name}");
            for (code, level) in (0..).zip(names) {
                let count = codes.iter().filter(|&&c| c == code).count() as u64;
                assert_eq!(Some(count), counts[level].as_u64(), "{name}={level}");
            }
        }
    }
    assert_eq!(hash(ours), theirs["hash"].as_str().unwrap(), "{name}");
}

#[test]
fn every_cell_is_the_source_s() {
    let known = known();
    assert_eq!(names().len(), 7);
    for name in names() {
        let (set, theirs) = (load(name).unwrap(), &known[name]);
        assert_eq!(set.name, name);
        assert_eq!(set.table.rows() as u64, theirs["rows"].as_u64().unwrap());
        let columns = theirs["columns"].as_array().unwrap();
        assert_eq!(set.table.columns().len(), columns.len());
        for (ours, theirs) in set.table.columns().iter().zip(columns) {
            assert_column(ours, theirs);
        }
    }
}

#[test]
fn targets_and_tasks_are_columns_of_the_right_kind() {
    for name in names() {
        let set = load(name).unwrap();
        let classes = |target: &&str| set.table.column(target).unwrap().reads_as_classes();
        let kinds: Vec<bool> = set.targets.iter().map(classes).collect();
        let expected: &[bool] = match name {
            "diabetes" | "gapminder" => &[false],
            "penguins" => &[false, true, true],
            _ => &[true],
        };
        assert_eq!(kinds, expected, "{name}");
        assert!(set.task.is_none_or(|task| set.table.column(task).is_ok()));
        assert!(set.about.contains("## Source") && set.about.contains("## Licence"));
    }
    assert_eq!(load("gapminder").unwrap().task, Some("country"));
    assert_eq!(load("nothing"), None);
}

/// The texts that a CSV of the set would hold read back as the same columns.
#[test]
fn the_texts_of_a_set_spell_it() {
    for name in names() {
        let set = load(name).unwrap();
        for column in set.table.columns() {
            let cells: Vec<_> = (0..column.rows()).map(|row| column.cell(row)).collect();
            let texts = cells.iter().map(Option::as_deref);
            let back = Column::parse(&column.name, texts).unwrap();
            if (name, column.name.as_str()) != ("digits", "target") {
                assert_eq!(hash(&back), hash(column), "{name}: {}", column.name);
            }
        }
    }
}

#[test]
fn penguins_are_encoded_with_their_gaps() {
    let set = load("penguins").unwrap();
    let config = EncoderConfig::default().with_impute(Impute::Mean);
    let features = ["island", "bill_length_mm", "year"];
    let encoder = Encoder::fit(&set.table, &features, &config).unwrap();
    let names = [
        "island=Biscoe",
        "island=Dream",
        "island=Torgersen",
        "bill_length_mm",
        "bill_length_mm is empty",
        "year",
    ];
    assert_eq!(encoder.names(), names);
    let encoded = encoder.transform(&set.table).unwrap();
    let empty: f64 = encoded.iter().skip(4).step_by(6).sum();
    assert_eq!(empty, 2.0);
}
