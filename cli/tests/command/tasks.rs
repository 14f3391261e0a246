//! Models of several tasks: a table in the long or wide form, a file, another process.

use std::ops::ControlFlow;

use cognate::compare::Set;
use cognate::data::datasets::load;
use cognate::data::encode::EncoderConfig;
use cognate::data::levels::Levels;
use cognate::pipeline::tasks::{
    Form, Response, Task, TaskLearner, TaskPipeline, TaskRecipe, TaskTraining, linear_method,
    linear_methods,
};
use serde_json::Value;

use crate::support::Place;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Fits in this process what `fit METHOD --standardize` fits.
fn in_process(set: &Set, method: &str, lambda: f64) -> TaskPipeline {
    let features: Vec<&str> = set.features.iter().map(String::as_str).collect();
    let mut rows: Vec<usize> = set.tasks.iter().flat_map(|t| t.rows.clone()).collect();
    rows.sort_unstable();
    rows.dedup();
    let training = TaskTraining {
        table: &set.table,
        features: &features,
        form: &set.form,
        tasks: &set.tasks,
        rows: &rows,
        weights: None,
    };
    let method = linear_method(method, None).unwrap().at(lambda);
    let recipe = TaskRecipe {
        learner: TaskLearner::Linear {
            method: &*method,
            choose: false,
        },
        encoder: &set.encoder,
        standardize: true,
        seed: 0,
    };
    recipe
        .fit(&training, &mut |_| ControlFlow::Continue(()))
        .unwrap()
        .0
}

/// Life expectancy by country.
fn gapminder() -> Set {
    let data = load("gapminder").unwrap();
    let target = data.table.column("lifeExp").unwrap().as_numbers().unwrap();
    let column = data.table.column("country").unwrap();
    let levels = Levels::fit(column);
    let codes = levels.known_codes(column).unwrap();
    let task = |(name, code): (&String, u32)| {
        let rows: Vec<usize> = (0..codes.len()).filter(|&row| codes[row] == code).collect();
        Task {
            name: name.clone(),
            response: Response::Number,
            labels: rows.iter().map(|&row| target[row]).collect(),
            rows,
        }
    };
    Set {
        name: "gapminder".to_owned(),
        features: ["continent", "year", "pop", "gdpPercap"]
            .map(str::to_owned)
            .to_vec(),
        encoder: EncoderConfig::default(),
        form: Form::Long {
            task: "country".to_owned(),
            target: "lifeExp".to_owned(),
        },
        tasks: levels.names().iter().zip(0..).map(task).collect(),
        groups: None,
        weights: None,
        relation: None,
        table: data.table,
    }
}

/// The cells of the column called `name`.
fn column(text: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let place = reader.headers().unwrap().iter().position(|n| n == name);
    let place = place.unwrap_or_else(|| panic!("no column {name:?}"));
    let cells = reader
        .records()
        .map(|record| record.unwrap()[place].to_owned());
    cells.collect()
}

fn numbers(csv: &str, name: &str) -> Vec<f64> {
    column(csv, name)
        .iter()
        .map(|cell| cell.parse().unwrap())
        .collect()
}

#[test]
fn a_long_table_in_another_process_gives_the_same_bits() {
    let place = Place::new("tasks_long");
    place.ok("datasets gapminder -o data.csv");
    let set = gapminder();
    for method in ["mean-regularised", "shared-specific", "independent"] {
        place.ok(&format!("fit {method} data.csv --target lifeExp --task country --standardize --lambda 0.5 -o model.st"));
        let said = place.ok("predict model.st data.csv");
        assert_eq!(said.lines().next(), Some("country,prediction"));
        let expected = in_process(&set, method, 0.5).predict(&set.table).unwrap();
        assert_eq!(numbers(&said, "prediction"), expected[0].values, "{method}");
        assert_eq!(column(&said, "country")[12], "Albania");
    }
}

#[test]
fn the_scores_of_tasks() {
    let place = Place::new("tasks_scores");
    place.ok("datasets gapminder -o data.csv");
    let fit = "fit mean-regularised data.csv --target lifeExp --task country --standardize --lambda 0.5 --test-size 0.25 -o model.st --json";
    let fit = json(&place.ok(fit));
    assert_eq!(
        (&fit["tasks"], &fit["train_rows"]),
        (&Value::from(142), &Value::from(1278))
    );
    assert_eq!(fit["fit"]["lambda"], 0.5);
    assert_eq!(fit["fit"]["lambda_chosen"], false);
    assert_eq!(fit["fit"]["converged"], true);
    assert!(fit["fit"]["gap"].as_f64().unwrap() >= 0.0);
    assert_eq!(fit["held_out"]["rows"], 426);
    // Each task has its share on both sides: 3 of 12 rows.
    let tasks = fit["held_out"]["tasks"].as_object().unwrap();
    assert_eq!(tasks.len(), 142);
    assert!(tasks.values().all(|task| task["rows"] == 3));

    let all = json(&place.ok("evaluate model.st data.csv --json"));
    let tasks = all["tasks"].as_object().unwrap();
    let mean = |key: &str| {
        tasks
            .values()
            .map(|t| t[key].as_f64().unwrap())
            .sum::<f64>()
            / 142.0
    };
    // Tasks have as many rows as one another.
    let together = all["metrics"]["mse"].as_f64().unwrap();
    assert!((mean("mse") - together).abs() < 1e-12 * together);
    assert_eq!(
        (&all["rows"], &tasks["Chile"]["rows"]),
        (&Value::from(1704), &Value::from(12))
    );
    let table = place.ok("evaluate model.st data.csv");
    assert_eq!(table.lines().count(), 144, "{table}");
}

#[test]
fn a_task_never_seen() {
    let place = Place::new("tasks_unseen");
    place.write("data.csv", "shop,x,y\na,0,1\na,1,2\nb,0,2\nb,1,3.5\n");
    place.write("new.csv", "shop,x,y\nb,1,3.5\nnew,1,3\n");
    place.ok("fit mean-regularised data.csv --target y --task shop --lambda 1 -o shared.st");
    let said = place.ok("predict shared.st new.csv");
    assert_eq!(column(&said, "shop"), ["b", "new"]);
    let scores = json(&place.ok("evaluate shared.st new.csv --json"));
    assert_eq!(scores["tasks"]["new"]["rows"], 1);
    assert_eq!(
        json(&place.ok("info shared.st --json"))["predicts_unseen"],
        true
    );
    place.ok("fit independent data.csv --target y --task shop --lambda 1 -o own.st");
    let parts = [
        "new.csv, line 3, column 1 (shop)",
        "\"new\" is a task never seen",
    ];
    place.fails("predict own.st new.csv -o out.csv", 1, &parts);
    place.fails("evaluate own.st new.csv", 1, &parts);
    place.write("empty.csv", "shop,x\nb,1\n,1\n");
    place.fails(
        "predict shared.st empty.csv",
        1,
        &["empty.csv, line 3, column 1 (shop)", "is empty"],
    );
    place.write("without.csv", "x\n1\n");
    place.fails(
        "predict shared.st without.csv",
        1,
        &["without.csv", "no column \"shop\""],
    );
    assert!(!place.files().contains(&"out.csv".to_owned()));
}

/// Labels that are missing are no labels: the same as each target's own rows.
#[test]
fn a_wide_table_with_missing_labels() {
    let place = Place::new("tasks_wide");
    place.ok("datasets penguins -o data.csv");
    let options = "--drop species,island,year --impute mean --standardize --lambda 1";
    let options = options.replace(',', " --drop ");
    place.ok(&format!(
        "fit independent data.csv --targets body_mass_g,sex {options} -o two.st"
    ));
    let said = place.ok("predict two.st data.csv --proba");
    let header = "prediction_body_mass_g,prediction_sex,proba_sex_female,proba_sex_male";
    assert_eq!(said.lines().next(), Some(header));
    assert_eq!(said.lines().count(), 345);
    let (female, male) = (
        numbers(&said, "proba_sex_female"),
        numbers(&said, "proba_sex_male"),
    );
    for ((f, m), class) in female
        .iter()
        .zip(&male)
        .zip(column(&said, "prediction_sex"))
    {
        assert!((f + m - 1.0).abs() < 1e-15);
        assert_eq!(class, if m > f { "male" } else { "female" });
    }
    let scores = json(&place.ok("evaluate two.st data.csv --json"));
    let rows = |task: &str| scores["tasks"][task]["rows"].as_u64().unwrap();
    assert_eq!((rows("body_mass_g"), rows("sex")), (342, 333));
    assert_eq!(scores["rows"], 675);
    assert!(scores["metrics"]["r2"].as_f64().unwrap() > 0.7);
    assert!(scores["metrics"]["accuracy"].as_f64().unwrap() > 0.8);
    assert_eq!(
        scores["metrics"]["mse"],
        scores["tasks"]["body_mass_g"]["mse"]
    );
    assert!(scores["tasks"]["sex"].get("mse").is_none());
    let info = place.ok("info two.st");
    assert!(info.contains("classes of sex female, male"), "{info}");
}

#[test]
fn a_network_of_tasks_of_all_kinds() {
    let place = Place::new("tasks_network");
    place.ok("datasets penguins -o data.csv");
    let options = "--targets body_mass_g,sex,species --impute mean --standardize --hidden 8 --max-iter 20 --learning-rate 0.05";
    for method in [
        "hard-sharing",
        "cross-stitch",
        "mmoe",
        "ple",
        "mtan",
        "task-dag",
    ] {
        place.ok(&format!(
            "fit {method} data.csv {options} --balance pcgrad -o one.st"
        ));
        place.ok(&format!(
            "fit {method} data.csv {options} --balance pcgrad -o two.st"
        ));
        assert_eq!(place.read("one.st"), place.read("two.st"), "{method}");
        let said = place.ok("predict one.st data.csv --proba");
        assert_eq!(said.lines().count(), 345, "{method}");
        assert_eq!(numbers(&said, "proba_species_Gentoo").len(), 344);
        let scores = json(&place.ok("evaluate one.st data.csv --json"));
        let accuracy = scores["tasks"]["species"]["accuracy"].as_f64().unwrap();
        // The largest class is 152 of 344.
        assert!(accuracy > 0.45, "{method}: {accuracy}");
    }
    place.fails(
        &format!("fit mtan data.csv {options} --balance mgdb"),
        2,
        &["--balance", "\"mgdb\"", "mgda"],
    );
    // A file whose layers do not fit its weights.
    let whole = place.read("one.st");
    let from = b"\"hidden\":\"[8]\"";
    let at = whole.windows(from.len()).position(|w| w == from).unwrap();
    let mut other = whole.clone();
    other[at..at + from.len()].copy_from_slice(b"\"hidden\":\"[9]\"");
    place.write("other.st", other);
    place.fails("info other.st", 1, &["other.st", "another shape"]);
}

/// The estimates are those of the raw table, whatever was scaled.
#[test]
fn random_effects_are_told_on_the_scale_of_the_table() {
    let place = Place::new("tasks_effects");
    let mut csv = String::from("shop,x,y\n");
    for shop in 0..12 {
        for i in 0..8 {
            let (x, s) = (1000.0 + 10.0 * f64::from(i), f64::from(shop * 7 % 12) - 5.5);
            let noise = f64::from((i * 37 + shop * 53) % 11) - 5.0;
            csv += &format!("s{shop},{x},{}\n", 50.0 * s + (2.0 + 0.3 * s) * x + noise);
        }
    }
    place.write("data.csv", csv);
    let learned = |options: &str| {
        place.ok(&format!(
            "fit random-effects data.csv --target y --task shop {options} -o model.st"
        ));
        let info = json(&place.ok("info model.st --json"));
        let tables = info["learned"].as_array().unwrap().clone();
        let table = |name: &str| {
            let found = tables.iter().find(|t| t["name"] == name).unwrap();
            let values = found["values"].as_array().unwrap().iter();
            let row = |r: &Value| r.as_array().unwrap().clone();
            values
                .flat_map(row)
                .map(|x| x.as_f64().unwrap())
                .collect::<Vec<f64>>()
        };
        (
            table("covariance"),
            table("noise_variance"),
            place.ok("predict model.st data.csv"),
        )
    };
    let (raw, scaled) = (learned(""), learned("--standardize"));
    assert_eq!(raw.0.len(), 4);
    let close = |a: &[f64], b: &[f64]| {
        let size = a.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * size)
    };
    assert!(close(&raw.0, &scaled.0), "{:?} {:?}", raw.0, scaled.0);
    assert!(close(&raw.1, &scaled.1), "{:?} {:?}", raw.1, scaled.1);
    let (a, b) = (
        numbers(&raw.2, "prediction"),
        numbers(&scaled.2, "prediction"),
    );
    assert!(close(&a, &b));
    place.fails(
        "fit random-effects data.csv --target y --task shop --classify",
        2,
        &["random-effects predicts numbers"],
    );
}

/// Whatever a method learned beside its coefficients is found again in its file.
#[test]
fn every_linear_method_is_fitted_written_and_read() {
    let place = Place::new("tasks_methods");
    let mut csv = String::from("shop,x,z,y\n");
    for (shop, slope) in [("a", 1.0), ("b", 1.5), ("c", -1.0), ("d", -1.2)] {
        for i in 0..10_u32 {
            let (x, z) = (f64::from(i), f64::from(i * 7 % 5));
            let noise = f64::from(i * 13 % 7) / 10.0;
            csv += &format!("{shop},{x},{z},{}\n", slope * x + 0.1 * z + noise);
        }
    }
    place.write("data.csv", csv);
    place.write(
        "tree.csv",
        "node,parent,lambda\na,up,1\nb,up,1\nc,down,1\nd,down,2\nup,,1\ndown,,1\n",
    );
    place.write("graph.csv", "a,b,weight\na,b,1\nc,d,0.5\n");
    let covariance = "task,a,b,c,d\na,1,0.8,0,0\nb,0.8,1,0,0\nc,0,0,1,0.5\nd,0,0,0.5,1\n";
    place.write("icm.csv", covariance);
    let told = [
        ("tree", "tree"),
        ("tree-lasso", "tree"),
        ("graph", "graph"),
        ("icm", "icm"),
    ];
    let told = told.map(|(method, file)| (method, format!("--relation {file}.csv")));
    let free = linear_methods(&[]).map(|method| (method, String::new()));
    let mut fitted = 0;
    for (method, relation) in free.chain(told) {
        let words = format!(
            "fit {method} data.csv --target y --task shop --standardize {relation} --json -o model.st"
        );
        let fit = json(&place.ok(&words));
        let certified = ["gap", "residual"]
            .iter()
            .any(|key| fit["fit"][key].is_f64());
        assert!(
            certified && fit["fit"]["lambda"].is_f64(),
            "{method}: {fit}"
        );
        let info = json(&place.ok("info model.st --json"));
        assert_eq!(info["kind"], method);
        let scores = json(&place.ok("evaluate model.st data.csv --json"));
        assert_eq!(scores["rows"], 40, "{method}");
        fitted += 1;
    }
    assert!(fitted >= 17, "{fitted}");
}
