//! `compare`: its JSON, its tables, the same numbers on any number of threads.

use serde_json::Value;

use crate::support::Place;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn names(methods: &Value) -> Vec<&str> {
    methods
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["name"].as_str().unwrap())
        .collect()
}

/// The report without its times.
fn timeless(text: &str) -> Value {
    let mut report = json(text);
    for set in report["sets"].as_array_mut().unwrap() {
        for method in set["methods"].as_array_mut().unwrap() {
            for key in ["fit_seconds", "predict_ns_per_row"] {
                assert!(method[key].as_f64().unwrap() >= 0.0, "{key}");
                method[key] = Value::Null;
            }
        }
    }
    report
}

#[test]
fn one_target() {
    let place = Place::new("compare_one");
    place.ok("make classification --n-samples 120 --n-features 5 -o data.csv");
    let one = timeless(&place.ok("compare data.csv --target y --folds 3 --json --threads 1"));
    let two = timeless(&place.ok("compare data.csv --target y --folds 3 --json --threads 2"));
    assert_eq!(one, two);
    let set = &one["sets"][0];
    assert_eq!(
        (&set["name"], &set["metric"]),
        (&Value::from("data.csv"), &Value::from("log_loss"))
    );
    assert_eq!(set["lower_is_better"], true);
    assert_eq!(
        names(&set["methods"]),
        ["majority", "logistic", "mlp-32", "mlp-128"]
    );
    for method in set["methods"].as_array().unwrap() {
        let folds: Vec<f64> = method["folds"]
            .as_array()
            .unwrap()
            .iter()
            .map(|x| x.as_f64().unwrap())
            .collect();
        assert_eq!(folds.len(), 3);
        let mean = folds.iter().sum::<f64>() / 3.0;
        assert!((mean - method["mean"].as_f64().unwrap()).abs() < 1e-12);
        assert!(method["se"].as_f64().unwrap() >= 0.0);
        assert!(method["parameters"].as_f64() < method["bytes"].as_f64());
    }
    let winner = set["verdict"]["winner"].as_str().unwrap();
    assert!(names(&set["methods"]).contains(&winner));
    assert!(set["verdict"]["text"].as_str().unwrap().starts_with(winner));
    assert_eq!(
        (&set["tasks"][0]["name"], &set["tasks"][0]["rows"]),
        (&Value::from("y"), &Value::from(120))
    );
}

#[test]
fn tasks_in_a_column() {
    let place = Place::new("compare_long");
    // Two shops of opposite slopes, and a third with two rows.
    let mut csv = String::from("shop,x,y\n");
    for i in 0..30 {
        let x = f64::from(i) / 10.0;
        csv += &format!(
            "a,{x},{}\nb,{x},{}\n",
            2.0 * x + 0.01 * f64::from(i % 3),
            9.0 - 2.0 * x
        );
    }
    csv += "c,1,5\nc,2,5.5\n";
    place.write("data.csv", csv);
    let report = json(&place.ok("compare data.csv --task shop --target y --json"));
    let set = &report["sets"][0];
    assert_eq!(set["metric"], "mse");
    let expected = [
        "mean",
        "pooled",
        "independent",
        "mean-regularised",
        "shared-specific",
        "random-effects",
        "mtrl",
        "clustered",
        "l21",
        "l1",
        "elastic",
        "trace",
        "dirty",
        "robust",
        "pooled-mlp-32",
        "independent-mlp-32",
        "pooled-mlp-128",
        "independent-mlp-128",
        "hard-sharing",
        "cross-stitch",
        "mmoe",
        "ple",
        "mtan",
    ];
    assert_eq!(names(&set["methods"]), expected);
    let mean = |i: usize| set["methods"][i]["mean"].as_f64().unwrap();
    assert!(
        mean(2) < 0.1 * mean(1),
        "own slopes: {} against {}",
        mean(2),
        mean(1)
    );
    let tasks = set["tasks"].as_array().unwrap();
    assert_eq!(
        tasks
            .iter()
            .map(|t| t["rows"].as_i64().unwrap())
            .collect::<Vec<_>>(),
        [30, 30, 2]
    );
    let table = place.ok("compare data.csv --task shop --target y");
    assert!(
        table.contains("independent-mlp-128") && table.contains("3 tasks (a, b, c)"),
        "{table}"
    );
}

#[test]
fn targets_of_different_kinds() {
    let place = Place::new("compare_mixed");
    place.ok("datasets penguins -o data.csv");
    let words = "compare data.csv --targets body_mass_g,sex,species --impute mean --folds 3 --json";
    let report = json(&place.ok(words));
    let set = &report["sets"][0];
    assert_eq!(set["metric"], "relative_loss");
    let expected = [
        "constant",
        "independent",
        "l21",
        "l1",
        "elastic",
        "trace",
        "dirty",
        "robust",
        "independent-mlp-32",
        "independent-mlp-128",
        "hard-sharing",
        "cross-stitch",
        "mmoe",
        "ple",
        "mtan",
    ];
    assert_eq!(names(&set["methods"]), expected);
    assert!((set["methods"][0]["mean"].as_f64().unwrap() - 1.0).abs() < 1e-12);
    assert!(set["methods"][1]["mean"].as_f64().unwrap() < 0.5);
    let rows: Vec<i64> = set["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["rows"].as_i64().unwrap())
        .collect();
    assert_eq!(rows, [342, 333, 344]);
}

/// Rows of a group are copies of each other: only folds that tear groups apart could predict the noise.
#[test]
fn groups_are_kept_whole() {
    let place = Place::new("compare_groups");
    let mut csv = String::from("g,w,x,y\n");
    for i in 0..40_u64 {
        let noise = (i * 2_654_435_761 % 1000) as f64 / 100.0;
        csv += &format!("{i},1,{i},{noise}\n{i},2,{i},{noise}\n");
    }
    place.write("data.csv", csv);
    let words = "compare data.csv --target y --group g --weights w --folds 4 --json";
    let report = json(&place.ok(words));
    let methods = &report["sets"][0]["methods"];
    let mean = |i: usize| methods[i]["mean"].as_f64().unwrap();
    assert!(mean(1) > 0.8 * mean(0), "{} {}", mean(1), mean(0));
    place.fails(
        "compare data.csv --target y --group g --folds 41",
        2,
        &["folds", "groups"],
    );
}

/// A fold without the one positive row knows a single class of that target, which is no task like the number beside it.
#[test]
fn a_target_of_one_positive_row() {
    let place = Place::new("compare_rare");
    let mut csv = String::from("x,a,b\n");
    (0..30).for_each(|i| csv += &format!("{i},{},{}\n", 3 * i, if i == 7 { "yes" } else { "no" }));
    place.write("data.csv", csv);
    let report = json(&place.ok("compare data.csv --targets a,b --folds 3 --json"));
    let methods = report["sets"][0]["methods"].as_array().unwrap();
    assert!(methods.len() > 2);
    for method in methods {
        assert!(
            method["mean"].as_f64().is_some_and(f64::is_finite),
            "{method}"
        );
    }
}
