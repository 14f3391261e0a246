//! Fit in one process, predict from the file in another: the same bits as in one; tables in any shape that means the same.

use std::ops::ControlFlow;

use cognate::data::datasets::load;
use cognate::data::encode::{EncoderConfig, Impute};
use cognate::data::levels::Levels;
use cognate::data::table::Column;
use cognate::model::{LogisticRegression, MlpClassifier};
use cognate::pipeline::{Labels, Learner, Prediction, Recipe, Target, Training};
use cognate::{Activation, Real};

use crate::support::Place;

/// Fits `learner` to the labelled rows of a bundled set and predicts all rows, in this process.
fn in_process<T: Real>(set: &str, target: &str, learner: Learner) -> Prediction<T> {
    let set = load(set).unwrap();
    let column = set.table.column(target).unwrap();
    let rows: Vec<usize> = (0..column.rows())
        .filter(|&i| !column.is_empty_at(i))
        .collect();
    let levels = Levels::fit(column);
    let labels = levels.known_codes(&column.take(&rows)).unwrap();
    let other = |c: &&Column| c.name != target;
    let features: Vec<&str> = set
        .table
        .columns()
        .iter()
        .filter(other)
        .map(|c| c.name.as_str())
        .collect();
    let name = target.to_owned();
    let training = Training {
        table: &set.table.take(&rows),
        features: &features,
        target: &Target::Classes { name, levels },
        labels: Labels::Classes(&labels),
        weights: None,
    };
    let recipe = Recipe {
        learner,
        encoder: EncoderConfig::default().with_impute(Impute::Mean),
        standardize: true,
        seed: 3,
    };
    let (pipeline, _) = recipe
        .fit::<T>(&training, &mut |_| ControlFlow::Continue(()))
        .unwrap();
    pipeline.predict(&set.table).unwrap()
}

/// The numbers of `predict --proba`, read back.
fn probabilities<T: std::str::FromStr>(csv: &str) -> Vec<T> {
    let rows = csv.lines().skip(1);
    let cells = rows.flat_map(|row| row.split(',').skip(1));
    cells
        .map(|cell| cell.parse().ok().expect("a number"))
        .collect()
}

#[test]
fn a_file_in_another_process_gives_the_same_bits() {
    let place = Place::new("bits");
    let options = "--standardize --impute mean --seed 3 -o model.st";
    for (set, target) in [
        ("iris", "target"),
        ("breast_cancer", "target"),
        ("penguins", "sex"),
    ] {
        place.ok(&format!("datasets {set} -o data.csv"));
        place.ok(&format!(
            "fit logistic data.csv --target {target} {options}"
        ));
        let said: Vec<f64> = probabilities(&place.ok("predict model.st data.csv --proba"));
        let learner = Learner::Logistic(LogisticRegression::default());
        let expected = in_process::<f64>(set, target, learner);
        assert!(!said.is_empty());
        assert_eq!(said, expected.values, "{set}, logistic");

        place.ok(&format!(
            "fit mlp data.csv --target {target} --hidden 7,5 --activation tanh --max-iter 5 {options}"
        ));
        let said: Vec<f32> = probabilities(&place.ok("predict model.st data.csv --proba"));
        let mlp = MlpClassifier::default()
            .with_hidden_layer_sizes(&[7, 5])
            .with_activation(Activation::Tanh)
            .with_max_iter(5)
            .with_seed(3);
        let expected = in_process::<f32>(set, target, Learner::MlpClassifier(mlp));
        assert_eq!(said, expected.values, "{set}, mlp");
    }
}

#[test]
fn columns_are_found_by_name() {
    let place = Place::new("by_name");
    place.ok("datasets penguins -o data.csv");
    place.ok("fit ridge data.csv --target body_mass_g --impute median --standardize -o model.st");
    let expected = place.ok("predict model.st data.csv");
    assert_eq!(expected.lines().next(), Some("prediction"));
    assert_eq!(expected.lines().count(), 345);
    // The columns backwards, the target missing, another column added, another delimiter, a word for empty cells.
    let csv = String::from_utf8(place.read("data.csv")).unwrap();
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let target = header
        .iter()
        .position(|name| *name == "body_mass_g")
        .unwrap();
    let backwards = csv.lines().enumerate().map(|(i, line)| {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells.remove(target);
        cells.push(if i == 0 { "extra" } else { "?" });
        let cells = cells
            .iter()
            .map(|cell| if cell.is_empty() { "NA" } else { cell });
        cells.rev().collect::<Vec<_>>().join(";") + "\n"
    });
    place.write("other.csv", backwards.collect::<String>());
    assert_eq!(
        place.ok("predict model.st other.csv --delimiter ; --na NA,-"),
        expected
    );
    let done = place.run_with("predict model.st -", &csv);
    assert_eq!((done.code(), done.output()), (0, expected.clone()));
    place.ok("predict model.st data.csv -o said.csv");
    assert_eq!(place.read("said.csv"), expected.into_bytes());
}

/// An unknown level is all zeros, in one row and in all.
#[test]
fn an_unknown_level_is_no_level() {
    let place = Place::new("unknown_level");
    place.write(
        "data.csv",
        "k,z,y\nred,1,1\nblue,1,5\nred,2,2\nblue,2,6\ngreen,1,9\n",
    );
    place.ok("fit linear data.csv --target y -o model.st");
    place.write("new.csv", "k,z\nred,1\npurple,1\n");
    let said = place.ok("predict model.st new.csv");
    let said: Vec<f64> = said.lines().skip(1).map(|x| x.parse().unwrap()).collect();
    assert!((said[0] - 1.0).abs() < 1e-9, "{said:?}");
    assert!(said[1].is_finite() && said[1] != said[0]);
    let info = place.ok("info model.st");
    assert!(info.contains("blue, green, red"), "{info}");
}

#[test]
fn several_targets() {
    let place = Place::new("several");
    place.ok("make regression --n-samples 60 --n-features 4 --n-informative 3 --n-targets 2 --noise 1 -o data.csv");
    place.ok("fit ridge data.csv --targets y0,y1 --alpha 0.1 -o model.st");
    let said = place.ok("predict model.st data.csv");
    assert_eq!(said.lines().next(), Some("prediction_y0,prediction_y1"));
    let scores: serde_json::Value =
        serde_json::from_str(&place.ok("evaluate model.st data.csv --json")).unwrap();
    assert_eq!(scores["rows"], 120);
    assert_eq!(scores["tasks"]["y1"]["rows"], 60);
    assert!(scores["metrics"]["r2"].as_f64().unwrap() > 0.99);
    // Each alone is the same.
    place.ok("fit ridge data.csv --target y1 --drop y0 --alpha 0.1 -o one.st");
    let one = place.ok("predict one.st data.csv");
    for (pair, one) in said.lines().zip(one.lines()).skip(1) {
        let second: f64 = pair.split(',').nth(1).unwrap().parse().unwrap();
        let one: f64 = one.parse().unwrap();
        assert!(
            (second - one).abs() <= 1e-9 * (1.0 + one.abs()),
            "{second} {one}"
        );
    }
}

#[test]
fn kinds_of_targets() {
    let place = Place::new("kinds");
    place.write("data.csv", "a,b\n1,0\n2,1\n3,0\n4,1\n5,0\n6,1\n");
    let said = |words: &str| {
        let done = place.run(&format!("fit {words} --max-iter 2"));
        assert_eq!(done.code(), 0, "{}", done.errors());
        done.errors().lines().next().unwrap().to_owned()
    };
    assert_eq!(
        said("mlp data.csv --target b"),
        "predicting b: 2 classes (0, 1), since it has two values"
    );
    assert_eq!(
        said("mlp data.csv --target a"),
        "predicting a: a number, since its values are numbers, more than two"
    );
    assert_eq!(
        said("mlp data.csv --target b --regression"),
        "predicting b: a number, as asked"
    );
    assert!(
        said("mlp data.csv --target a --classify")
            .starts_with("predicting a: 6 classes (1, 2, 3, 4, 5, 6), as asked")
    );
    assert!(said("logistic data.csv --target a").starts_with("predicting a: 6 classes"));
    let done = place.run("fit ridge data.csv --target b --quiet");
    assert_eq!((done.code(), done.errors().as_str()), (0, ""));
}

#[test]
fn a_held_out_score_is_that_of_evaluate() {
    let place = Place::new("held_out");
    place.ok("datasets wine -o data.csv");
    let fit = place.ok("fit logistic data.csv --target target --standardize --test-size 0.25 --seed 5 -o model.st --json");
    let fit: serde_json::Value = serde_json::from_str(&fit).unwrap();
    assert_eq!(fit["held_out"]["rows"], 45);
    assert_eq!(fit["train_rows"], 133);
    assert!(fit["held_out"]["metrics"]["accuracy"].as_f64().unwrap() > 0.9);
    assert_eq!(fit["fit"]["converged"], true);
    let all: serde_json::Value =
        serde_json::from_str(&place.ok("evaluate model.st data.csv --json")).unwrap();
    assert_eq!(all["rows"], 178);
    let info: serde_json::Value = serde_json::from_str(&place.ok("info model.st --json")).unwrap();
    assert_eq!(info["seed"], 5);
    assert_eq!(info["parameters"], 42);
}

#[test]
fn a_byte_order_mark_is_no_name() {
    let place = Place::new("mark");
    place.write("data.csv", "\u{feff}a,y\n1,2\n2,3\n3,5\n");
    place.ok("fit ridge data.csv --target y -o model.st");
    place.write("plain.csv", "a\n1\n2\n3\n");
    assert_eq!(
        place.ok("predict model.st plain.csv"),
        place.ok("predict model.st data.csv")
    );
}
