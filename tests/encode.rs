//! Raw tables, levels and the encoder: what becomes of numbers, categories and empty cells.

use cognate::Error;
use cognate::data::encode::{Empty, Encoder, EncoderConfig, Feature, Impute, Kind};
use cognate::data::levels::Levels;
use cognate::data::table::{Column, Table, Values};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn parse(name: &str, cells: &[&str]) -> cognate::Result<Column> {
    let cells: Vec<Option<&str>> = cells
        .iter()
        .map(|c| (!c.is_empty()).then_some(*c))
        .collect();
    Column::parse(name, cells.into_iter())
}

fn table(columns: &[(&str, &[&str])]) -> Table {
    let parsed = columns.iter().map(|(name, cells)| parse(name, cells));
    Table::new(parsed.collect::<Result<_, _>>().unwrap()).unwrap()
}

fn told(error: Error) -> (String, Option<usize>, Option<String>, &'static str) {
    match error {
        Error::Column {
            name,
            row,
            found,
            problem,
        } => (name, row, found, problem),
        other => panic!("{other:?} names no column"),
    }
}

#[test]
fn a_column_is_numbers_or_text() {
    let numbers = parse("x", &["1", "", " -2.5e3 ", "+.5"]).unwrap();
    let Values::Numbers(x) = &numbers.values else {
        panic!("numbers")
    };
    assert_eq!((x[0], x[2], x[3]), (1.0, -2500.0, 0.5));
    assert!(x[1].is_nan() && numbers.is_empty_at(1) && numbers.cell(1).is_none());
    assert_eq!(numbers.cell(2).unwrap(), "-2500");

    let text = parse("t", &["b", "", "a", "b"]).unwrap();
    assert_eq!(
        text.values,
        Values::Levels {
            names: vec!["b".into(), "a".into()],
            codes: vec![0, u32::MAX, 1, 0]
        }
    );
    // A name that also reads as "not a number" is a name among names.
    assert!(matches!(
        parse("t", &["Nan", "Bob"]).unwrap().values,
        Values::Levels { .. }
    ));
    assert!(matches!(
        parse("e", &["", ""]).unwrap().values,
        Values::Numbers(_)
    ));
}

#[test]
fn a_mixed_column_names_the_first_text() {
    let error = parse("age", &["31", "", "old", "older"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column \"age\", row 2: \"old\" is text, in a column that also has numbers"
    );
    for bad in ["NaN", "inf", "1e999"] {
        let (name, row, found, problem) = told(parse("age", &["31", bad]).unwrap_err());
        assert_eq!(
            (name.as_str(), row, found.as_deref()),
            ("age", Some(1), Some(bad))
        );
        assert_eq!(problem, "is not a finite number");
    }
}

#[test]
fn a_target_reads_as_classes_if_text_or_of_two_values() {
    let reads = |cells: &[&str]| parse("y", cells).unwrap().reads_as_classes();
    assert!(reads(&["a", "b", "c"]));
    assert!(reads(&["0", "1", "1", ""]));
    assert!(!reads(&["0", "1", "2"]));
    assert!(!reads(&["3", "3"]));
    assert!(!reads(&["", ""]));
}

#[test]
fn a_table_refuses_ragged_and_repeated_columns() {
    let (a, b) = (
        parse("a", &["1"]).unwrap(),
        parse("b", &["1", "2"]).unwrap(),
    );
    assert!(matches!(
        Table::new(vec![a.clone(), b]),
        Err(Error::Shape { .. })
    ));
    let twice = Table::new(vec![a.clone(), a]).unwrap_err();
    assert_eq!(told(twice).3, "comes twice");
    assert!(matches!(Table::new(vec![]), Err(Error::Empty { .. })));
}

#[test]
fn levels_are_sorted_and_find_their_codes() {
    let names = |cells: &[&str]| Levels::fit(&parse("l", cells).unwrap()).names().to_vec();
    assert_eq!(names(&["b", "", "a", "b"]), ["a", "b"]);
    assert_eq!(
        names(&["10", "9", "-1", "9.0", "-0", "0"]),
        ["-1", "0", "9", "10"]
    );
    assert_eq!(names(&["", ""]), [""; 0]);

    let levels = Levels::from_names(vec!["a".into(), "7".into(), "NaN".into()]).unwrap();
    let codes = |cells: &[&str]| levels.codes(&parse("l", cells).unwrap());
    assert_eq!(
        codes(&["a", "", "new", "a"]),
        [Some(0), None, None, Some(0)]
    );
    assert_eq!(
        codes(&["7", "7.0", "8", ""]),
        [Some(1), Some(1), None, None]
    );
    assert_eq!(
        told(Levels::from_names(vec!["a".into(), "a".into()]).unwrap_err()).0,
        "a"
    );
}

#[test]
fn known_codes_name_the_first_stranger() {
    let levels = Levels::from_names(vec!["a".into(), "b".into()]).unwrap();
    let codes = |cells: &[&str]| levels.known_codes(&parse("shop", cells).unwrap());
    assert_eq!(codes(&["b", "a"]).unwrap(), [1, 0]);
    let (name, row, found, _) = told(codes(&["b", "c"]).unwrap_err());
    assert_eq!(
        (name.as_str(), row, found.as_deref()),
        ("shop", Some(1), Some("c"))
    );
    assert_eq!(told(codes(&["b", ""]).unwrap_err()).3, "is empty");
}

#[test]
fn one_hot_over_training_levels_and_zeros_for_a_new_one() {
    let train = table(&[("x", &["1", "2"]), ("c", &["red", "blue"])]);
    let encoder = Encoder::fit(&train, &["c", "x"], &EncoderConfig::default()).unwrap();
    assert_eq!(encoder.names(), ["c=blue", "c=red", "x"]);
    assert_eq!(
        encoder.transform(&train).unwrap(),
        [0.0, 1.0, 1.0, 1.0, 0.0, 2.0]
    );
    let later = table(&[("c", &["green"]), ("extra", &["?"]), ("x", &["5"])]);
    assert_eq!(encoder.transform(&later).unwrap(), [0.0, 0.0, 5.0]);
}

#[test]
fn empty_cells_are_refused_or_filled_with_an_indicator() {
    let cells: &[(&str, &[&str])] = &[
        ("x", &["1", "", "2", "9"]),
        ("c", &["a", "b", "", "a"]),
        ("whole", &["1", "2", "3", "4"]),
    ];
    let train = table(cells);
    let features = ["x", "c", "whole"];
    let refused = Encoder::fit(&train, &features, &EncoderConfig::default()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "column \"x\", row 1 is empty: choose how to fill it, by mean or median"
    );
    for (how, value) in [(Impute::Mean, 4.0), (Impute::Median, 2.0)] {
        let config = EncoderConfig::default().with_impute(how);
        let encoder = Encoder::fit(&train, &features, &config).unwrap();
        let names = ["x", "x is empty", "c=a", "c=b", "c is empty", "whole"];
        assert_eq!(encoder.names(), names);
        let encoded = encoder.transform(&train).unwrap();
        assert_eq!(encoded[6..12], [value, 1.0, 0.0, 1.0, 0.0, 2.0]);
        assert_eq!(encoded[12..18], [2.0, 0.0, 0.0, 0.0, 1.0, 3.0]);
        // A column without empty cells in training is filled all the same, without an indicator.
        let later = table(&[("x", &["1"]), ("c", &["a"]), ("whole", &[""])]);
        assert_eq!(encoder.transform(&later).unwrap()[5], 2.5);
    }
    assert_eq!(
        Encoder::fit(
            &table(&[("x", &["1", "2", "3", ""])]),
            &["x"],
            &EncoderConfig::default().with_impute(Impute::Median)
        )
        .unwrap()
        .features()[0]
            .empty,
        Empty::Fill {
            value: 2.0,
            indicator: true
        }
    );
}

#[test]
fn numbers_can_be_categories() {
    let train = table(&[("store", &["10", "9", "10"])]);
    let config = EncoderConfig::default().with_categorical(&["store"]);
    let encoder = Encoder::fit(&train, &["store"], &config).unwrap();
    assert_eq!(encoder.names(), ["store=9", "store=10"]);
    assert_eq!(
        encoder.transform(&train).unwrap(),
        [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]
    );
    let stray = EncoderConfig::default().with_categorical(&["shop"]);
    assert_eq!(
        told(Encoder::fit(&train, &["store"], &stray).unwrap_err()).0,
        "shop"
    );
}

#[test]
fn what_is_wrong_at_prediction_names_column_and_row() {
    let train = table(&[("x", &["1", "2"]), ("c", &["a", "b"])]);
    let encoder = Encoder::fit(&train, &["x", "c"], &EncoderConfig::default()).unwrap();
    let wrong = |columns: &[(&str, &[&str])]| {
        let (name, row, _, problem) = told(encoder.transform(&table(columns)).unwrap_err());
        (name, row, problem)
    };
    assert_eq!(
        wrong(&[("x", &["1"])]),
        ("c".into(), None, "is not in the table")
    );
    assert_eq!(
        wrong(&[("x", &["", "one"]), ("c", &["a", "a"])]),
        ("x".into(), Some(1), "is not a number")
    );
    let (name, row, problem) = wrong(&[("x", &["1", "2"]), ("c", &["a", ""])]);
    assert_eq!((name.as_str(), row), ("c", Some(1)));
    assert!(problem.starts_with("is empty"));
    let infinite = Table::new(vec![
        Column::numbers("x", vec![f64::INFINITY]),
        parse("c", &["a"]).unwrap(),
    ]);
    assert_eq!(
        told(encoder.transform(&infinite.unwrap()).unwrap_err()).3,
        "is not finite"
    );
    assert!(matches!(
        encoder.transform_into(&train, &mut [0.0; 5]),
        Err(Error::Shape { .. })
    ));
}

#[test]
fn nothing_to_learn_from_is_an_error() {
    let config = EncoderConfig::default().with_impute(Impute::Mean);
    let empty = table(&[("x", &["", ""])]);
    let error = Encoder::fit(&empty, &["x"], &config).unwrap_err();
    assert_eq!(told(error).3, "has no value in any training row");
    assert!(matches!(
        Encoder::fit(&empty, &[], &config),
        Err(Error::Empty { .. })
    ));
    assert!(matches!(
        Encoder::fit(&empty.take(&[]), &["x"], &config),
        Err(Error::Empty { .. })
    ));
    assert!(Encoder::from_features(vec![]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    /// Each row of a category without empty cells has exactly one 1; an encoder rebuilt from its parts encodes alike; rows are
    /// encoded one by one as together.
    #[test]
    fn rows_are_encoded_alone_as_together(codes in prop::collection::vec(0..5_usize, 1..40), x in prop::collection::vec(-1e3..1e3_f64, 40)) {
        let names = ["a", "b", "c", "d", "e"];
        let rows = codes.len();
        let category = Column::text("c", codes.iter().map(|&c| Some(names[c])));
        let table = Table::new(vec![category, Column::numbers("x", x[..rows].to_vec())]).unwrap();
        let fitted = Encoder::fit(&table, &["c", "x"], &EncoderConfig::default()).unwrap();
        let encoder = Encoder::from_features(fitted.features().to_vec()).unwrap();
        let encoded = encoder.transform(&table).unwrap();
        let width = encoder.width();
        prop_assert_eq!(encoder.names().len(), width);
        for row in 0..rows {
            let cells = &encoded[row * width..][..width];
            prop_assert_eq!(cells[..width - 1].iter().sum::<f64>(), 1.0);
            prop_assert_eq!(cells[width - 1], x[row]);
            prop_assert_eq!(&encoder.transform(&table.take(&[row])).unwrap()[..], cells);
        }
    }
}

#[test]
fn features_are_plain_data() {
    let feature = Feature {
        name: "c".into(),
        kind: Kind::Category(Levels::from_names(vec!["z".into(), "a".into()]).unwrap()),
        empty: Empty::Refuse,
    };
    let encoder = Encoder::from_features(vec![feature]).unwrap();
    // Levels keep the order in which a file gives them.
    assert_eq!(encoder.names(), ["c=z", "c=a"]);
    assert_eq!(
        encoder.transform(&table(&[("c", &["a"])])).unwrap(),
        [0.0, 1.0]
    );
}
