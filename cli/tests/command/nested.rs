//! Nested labels: a tree of classes, labels that are inner nodes, a file, another process.

use std::ops::ControlFlow;

use cognate::data::datasets::load;
use cognate::data::encode::EncoderConfig;
use cognate::mtl::ClassTree;
use cognate::mtl::net::MultiTaskMlp;
use cognate::pipeline::tasks::{
    Form, Response, Task, TaskLearner, TaskPipeline, TaskRecipe, TaskTraining,
};
use serde_json::Value;

use crate::support::Place;

const TREE: &str = "node,parent\nvirginica,other\nother,\nsetosa,\nversicolor,other\n";

/// Iris, of whose second and third species every other row is known to be no more than "other".
fn iris() -> String {
    let place = Place::new("nested_iris");
    let text = place.ok("datasets iris");
    let line = |(i, line): (usize, &str)| match line.rsplit_once(',') {
        Some((x, class)) if i % 2 == 0 && ["versicolor", "virginica"].contains(&class) => {
            format!("{x},other\n")
        }
        _ => format!("{line}\n"),
    };
    text.lines().enumerate().map(line).collect()
}

/// A folder with the table, the tree and a fitted model, and what fitting said.
fn fitted(name: &str) -> (Place, Value) {
    let place = Place::new(name);
    place.write("iris.csv", iris());
    place.write("tree.csv", TREE);
    let fit = "fit nested-labels iris.csv --target target --relation tree.csv --standardize --hidden 8 --learning-rate 0.05 --test-size 0.2 -o model.st --json";
    let report = serde_json::from_str(&place.ok(fit)).unwrap();
    (place, report)
}

fn cells(csv: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let place = reader.headers().unwrap().iter().position(|n| n == name);
    let place = place.unwrap_or_else(|| panic!("no column {name:?}"));
    let records = reader.records();
    records.map(|r| r.unwrap()[place].to_owned()).collect()
}

fn numbers(csv: &str, name: &str) -> Vec<f64> {
    cells(csv, name)
        .iter()
        .map(|x| x.parse().unwrap())
        .collect()
}

#[test]
fn leaves_have_probabilities_that_sum_to_one_and_inner_labels_teach() {
    let (place, report) = fitted("nested_proba");
    // 150 rows, 30 held out, of which those known by an inner node alone are not scored.
    assert_eq!(report["train_rows"], 120);
    let scored = report["held_out"]["rows"].as_u64().unwrap();
    assert!((10..30).contains(&scored), "{scored}");
    let said = place.ok("predict model.st iris.csv --proba");
    let header = said.lines().next();
    let expected = "prediction,proba_virginica,proba_setosa,proba_versicolor";
    assert_eq!(header, Some(expected));
    let of = |class: &str| numbers(&said, &format!("proba_{class}"));
    let (a, b, c) = (of("virginica"), of("setosa"), of("versicolor"));
    for i in 0..150 {
        // Three exponentials of at most 4 rounded logarithms each, below 40 in size where they are not negligible.
        let error = 3.0 * 40.0 * 4.0 * f64::EPSILON;
        assert!((a[i] + b[i] + c[i] - 1.0).abs() < error, "row {i}");
    }
    let truth = cells(&Place::new("nested_truth").ok("datasets iris"), "target");
    let hits = cells(&said, "prediction").into_iter().zip(truth);
    let hits = hits.filter(|(said, truth)| said == truth).count();
    // Nearest-neighbour rules reach 144 of 150; with half of two species' labels coarse, 9 in 10 is far above chance.
    assert!(hits >= 135, "{hits}");
}

#[test]
fn scores_leave_out_what_is_known_to_be_an_inner_node() {
    let (place, _) = fitted("nested_scores");
    let scores: Value =
        serde_json::from_str(&place.ok("evaluate model.st iris.csv --json")).unwrap();
    let known = cells(&iris(), "target")
        .iter()
        .filter(|class| *class != "other")
        .count();
    assert_eq!(scores["tasks"]["target"]["rows"], known);
    assert!(scores["metrics"]["accuracy"].as_f64().unwrap() > 0.9);
    let info: Value = serde_json::from_str(&place.ok("info model.st --json")).unwrap();
    assert_eq!(info["kind"], "nested-labels");
    assert_eq!(info["tree"][0]["node"], "virginica");
    assert_eq!(info["tree"][0]["parent"], "other");
    assert_eq!(info["tree"][1]["parent"], Value::Null);
    let info = place.ok("info model.st");
    assert!(
        info.contains("below other a choice of virginica, versicolor"),
        "{info}"
    );
}

/// The same network in this process, with the labels of the file, through the bytes of a model file.
#[test]
fn another_process_gives_the_same_bits() {
    let place = Place::new("nested_bits");
    place.write("iris.csv", iris());
    place.write("tree.csv", TREE);
    place.ok("fit nested-labels iris.csv --target target --relation tree.csv --max-iter 20 --precision f64 -o model.st");
    let said = place.ok("predict model.st iris.csv --proba");
    let data = load("iris").unwrap();
    let names = ["virginica", "setosa", "versicolor", "other"].map(str::to_owned);
    let label = |class: String| names.iter().position(|name| *name == class).unwrap() as f64;
    let tasks = [Task {
        name: "target".to_owned(),
        rows: (0..150).collect(),
        labels: cells(&iris(), "target").into_iter().map(label).collect(),
        response: Response::Classes(
            cognate::data::levels::Levels::from_names(names.to_vec()).unwrap(),
        ),
    }];
    let features = data.table.columns().iter().map(|c| c.name.as_str());
    let features: Vec<&str> = features.filter(|name| *name != "target").collect();
    let tree = ClassTree::new(&[
        ("virginica", Some("other")),
        ("other", None),
        ("setosa", None),
        ("versicolor", Some("other")),
    ])
    .unwrap();
    let settings = MultiTaskMlp::default().with_max_iter(20);
    let learner = TaskLearner::Network {
        method: "nested-labels",
        settings: &settings,
        double: true,
    };
    let recipe = TaskRecipe {
        learner: TaskLearner::Nested {
            tree: &tree,
            learner: &learner,
        },
        encoder: &EncoderConfig::default(),
        standardize: false,
        seed: 0,
    };
    let training = TaskTraining {
        table: &data.table,
        features: &features,
        form: &Form::Wide,
        tasks: &tasks,
        rows: &(0..150).collect::<Vec<usize>>(),
        weights: None,
    };
    let (pipeline, _): (TaskPipeline, _) = recipe
        .fit(&training, &mut |_| ControlFlow::Continue(()))
        .unwrap();
    assert_eq!(pipeline.to_file(), place.read("model.st"));
    let expected = pipeline.predict(&data.table).unwrap();
    let setosa: Vec<f64> = expected[0].rows().map(|row| row[1]).collect();
    assert_eq!(numbers(&said, "proba_setosa"), setosa);
}

#[test]
fn what_is_no_tree_of_the_classes() {
    let place = Place::new("nested_wrong");
    place.write("iris.csv", iris());
    place.write("tree.csv", TREE);
    let fit = "fit nested-labels iris.csv --target target";
    place.fails(fit, 2, &["--relation"]);
    let fit = format!("{fit} --relation tree.csv");
    place.fails(&format!("{fit} --regression"), 2, &["--regression"]);
    place.fails(&format!("{fit} --lambda 1"), 2, &["--lambda"]);
    let two = "fit nested-labels iris.csv --targets target,petal_length --relation tree.csv";
    place.fails(two, 2, &["one target"]);
    place.write("tree.csv", "node,parent\nsetosa,\nversicolor,\n");
    place.fails(&fit, 1, &["tree.csv", "\"other\"", "no node"]);
    place.write("tree.csv", "node,parent\nsetosa,other\nother,setosa\n");
    place.fails(&fit, 1, &["tree.csv", "circle"]);
    place.write("tree.csv", "node,parent,lambda\nsetosa,,1\n");
    place.fails(&fit, 1, &["line 1", "node,parent"]);
}

/// Labels have places among all nodes of the tree, of which there may be more than rows.
#[test]
fn a_tree_may_be_larger_than_the_table() {
    let place = Place::new("nested_large");
    let mut tree = String::from("node,parent\ntop,\nlow,top\nhigh,top\n");
    (0..40).for_each(|i| tree += &format!("leaf{i},{}\n", if i < 20 { "low" } else { "high" }));
    place.write("tree.csv", tree);
    let mut data = String::from("x,y\n");
    for i in 0..12 {
        let label = ["low", "high", "leaf0", "leaf30"][i % 4];
        data += &format!("{i},{label}\n");
    }
    place.write("data.csv", data);
    place.ok("fit nested-labels data.csv --target y --relation tree.csv --hidden 2 --max-iter 2 --test-size 4");
}
