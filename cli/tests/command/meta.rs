//! Meta-models: tasks made, learned from, scored, adapted to.

use serde_json::Value;

use crate::support::Place;

/// A place with tasks of sines to learn from, and others.
fn sines(name: &str) -> Place {
    let place = Place::new(name);
    place.ok("make sinusoid --tasks 60 --rows 20 --seed 1 -o train.csv");
    place.ok("make sinusoid --tasks 20 --rows 20 --seed 2 -o test.csv");
    place
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The mean squared error after a number of steps (none for a head in closed form).
fn mse(scores: &Value, steps: Option<u64>) -> f64 {
    let all = scores["steps"].as_array().unwrap();
    let own = |score: &&Value| score["steps"].as_u64() == steps;
    all.iter().find(own).unwrap()["mean"].as_f64().unwrap()
}

#[test]
fn adapting_helps() {
    let place = sines("meta_adapting");
    place.ok("fit ridge-head train.csv --task task --target y --meta-steps 600 -o ridge.st");
    let scores = json(&place.ok("evaluate ridge.st test.csv --shots 10 --json"));
    assert_eq!(scores["shots"], 10);
    // Without adapting the best answer is 0, whose error is the sines' variance, about 2.9.
    assert!(mse(&scores, None) < 1.0, "{scores}");
    assert_eq!(
        scores["metrics"]["mse"].as_f64().unwrap(),
        mse(&scores, None)
    );
    place.ok(
        "fit cavia train.csv --task task --target y --meta-steps 600 --inner-steps 2 -o cavia.st",
    );
    let scores = json(&place.ok("evaluate cavia.st test.csv --json"));
    let steps: Vec<u64> = scores["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["steps"].as_u64().unwrap())
        .collect();
    assert_eq!(steps, [0, 1, 2, 5, 10]);
    assert!(
        mse(&scores, Some(2)) < 0.5 * mse(&scores, Some(0)),
        "{scores}"
    );
    assert_eq!(
        scores["metrics"]["mse"].as_f64().unwrap(),
        mse(&scores, Some(2))
    );
}

#[test]
fn every_method_trains_and_adapts() {
    let place = sines("meta_methods");
    // The first task's rows, 20 of them, with the header.
    let all = String::from_utf8(place.read("test.csv")).unwrap();
    let support: Vec<&str> = all.lines().take(21).collect();
    place.write("support.csv", support.join("\n") + "\n");
    let numbers = "maml fomaml reptile anil boil meta-sgd lslr cavia imaml ridge-head baseline";
    for method in numbers.split(' ') {
        place.ok(&format!(
            "fit {method} train.csv --task task --target y --shots 5 --meta-steps 5 --hidden 8,8 -o {method}.st"
        ));
        place.ok(&format!("evaluate {method}.st test.csv --shots 5"));
        place.ok(&format!("info {method}.st"));
        place.ok(&format!("adapt {method}.st support.csv -o adapted.st"));
        let predictions = place.ok("predict adapted.st test.csv");
        assert_eq!(predictions.lines().count(), 401, "{method}");
        assert_eq!(
            json(&place.ok("info adapted.st --json"))["kind"],
            "mlp-regressor"
        );
    }
}

#[test]
fn classes_are_a_tasks_own() {
    let place = Place::new("meta_classes");
    place.ok("make subspace --tasks 60 --rows 40 --seed 1 -o train.csv");
    place.ok("make subspace --tasks 20 --rows 40 --seed 2 -o test.csv");
    let fit = "train.csv --task task --target y --classify --shots 5 --queries 20 --ways 5";
    for method in ["protonet", "ridge-head", "logistic-head", "baseline"] {
        place.ok(&format!(
            "fit {method} {fit} --hidden 16 --meta-steps 800 --learning-rate 0.01 -o {method}.st"
        ));
        let scores = json(&place.ok(&format!("evaluate {method}.st test.csv --shots 5 --json")));
        // Chance is 0.2, raw inputs give 0.25.
        assert!(
            scores["metrics"]["accuracy"].as_f64().unwrap() > 0.4,
            "{method}: {scores}"
        );
    }
    // A task with three classes of other names: an ordinary classifier of these three.
    let all = String::from_utf8(place.read("test.csv")).unwrap();
    let named = |line: &str| {
        let (cells, class) = line.rsplit_once(',').unwrap();
        let class = ["cat", "dog", "eel", "", ""].get(class.parse::<usize>().ok()?)?;
        (!class.is_empty()).then(|| format!("{cells},{class}"))
    };
    let header = all.lines().next().unwrap().to_owned();
    let rows: Vec<String> = all.lines().skip(1).take(40).filter_map(named).collect();
    place.write("support.csv", format!("{header}\n{}\n", rows.join("\n")));
    for method in ["protonet", "ridge-head"] {
        place.ok(&format!("adapt {method}.st support.csv -o adapted.st"));
        let scores = json(&place.ok("evaluate adapted.st support.csv --json"));
        assert!(
            scores["metrics"]["accuracy"].as_f64().unwrap() > 0.8,
            "{scores}"
        );
        let header = place.ok("predict adapted.st support.csv --proba");
        assert!(
            header.starts_with("prediction,proba_cat,proba_dog,proba_eel\n"),
            "{header}"
        );
    }
}

#[test]
fn each_task_has_its_score() {
    let place = sines("meta_tasks");
    for (method, steps) in [("cavia", Some(1)), ("ridge-head", None)] {
        place.ok(&format!(
            "fit {method} train.csv --task task --target y --standardize --meta-steps 50 -o model.st"
        ));
        let scores = json(&place.ok("evaluate model.st test.csv --shots 12 --json"));
        let tasks = scores["tasks"].as_object().unwrap();
        assert_eq!((tasks.len(), &scores["task_count"]), (20, &20.into()));
        assert_eq!(scores["rows"], 20 * 8);
        let mut sum = 0.0;
        for (name, task) in tasks {
            assert_eq!(task["rows"], 8, "{name}");
            sum += task["mse"].as_f64().unwrap();
        }
        let mean = mse(&scores, steps);
        assert!((sum / 20.0 - mean).abs() < 1e-12 * mean, "{sum} {mean}");
    }
}

#[test]
fn episodes_of_some_classes() {
    let place = Place::new("meta_ways");
    place.ok("make subspace --tasks 60 --rows 60 --seed 1 -o train.csv");
    place.ok("make subspace --tasks 20 --rows 60 --seed 2 -o test.csv");
    // Three of each task's five classes: a gradient method then has three logits.
    let fit = "train.csv --task task --target y --classify --meta-steps 20 --hidden 16";
    place.ok(&format!("fit maml {fit} --ways 3 --shots 6 -o maml.st"));
    let few = String::from_utf8(place.read("test.csv")).unwrap();
    let low = |line: &&str| !line.ends_with(",3") && !line.ends_with(",4");
    let low: Vec<&str> = few.lines().filter(low).collect();
    place.write("low.csv", low.join("\n") + "\n");
    let scores = json(&place.ok("evaluate maml.st low.csv --shots 6 --json"));
    assert_eq!(scores["task_count"], 20);
    place.fails(
        "evaluate maml.st test.csv",
        1,
        &["test.csv", "task \"0\"", "more classes"],
    );
    // A task of just as many rows as an episode takes, its classes of different sizes.
    place.ok("make subspace --tasks 9 --rows 23 -o odd.csv");
    place.ok("fit protonet odd.csv --task task --target y --classify --ways 5 --shots 5 --queries 18 --meta-steps 5");
    // Without --ways, five.
    place.ok(&format!("fit maml {fit} --shots 5 -o all.st"));
    place.ok("evaluate all.st test.csv");

    // The classes of a table without tasks: digits 0 to 5 to learn from, 6 to 9 to be judged by.
    place.ok("datasets digits -o digits.csv");
    let digits = String::from_utf8(place.read("digits.csv")).unwrap();
    let of = |classes: std::ops::Range<u32>| -> String {
        let some = |line: &&str| {
            let class = line.rsplit_once(',').unwrap().1.parse();
            class.map_or(true, |class: u32| classes.contains(&class))
        };
        digits
            .lines()
            .filter(some)
            .map(|l| format!("{l}\n"))
            .collect()
    };
    place.write("train.csv", of(0..6));
    place.write("test.csv", of(6..10));
    for method in ["protonet", "baseline", "anil"] {
        let text = place.ok(&format!(
            "fit {method} train.csv --target target --ways 3 --shots 15 --meta-steps 300 --tasks-per-step 4 --hidden 32 --standardize --learning-rate 0.003 -o pool.st"
        ));
        assert!(text.contains("tasks of 3 of 6 classes"), "{text}");
        let scores = json(&place.ok("evaluate pool.st test.csv --shots 15 --json"));
        assert_eq!(
            (&scores["task_count"], &scores["rows"]),
            (&600.into(), &(600 * 45).into())
        );
        assert_eq!(scores["tasks"], serde_json::json!({}));
        // Chance is a third.
        assert!(
            scores["metrics"]["accuracy"].as_f64().unwrap() > 0.6,
            "{method}: {scores}"
        );
        place.ok("info pool.st");
        assert_eq!(json(&place.ok("info pool.st --json"))["task"], Value::Null);
    }
    let rows: Vec<&str> = digits
        .lines()
        .take(1)
        .chain(
            digits
                .lines()
                .skip(1)
                .filter(|l| l.ends_with(",7") || l.ends_with(",9"))
                .take(12),
        )
        .collect();
    place.write("support.csv", rows.join("\n") + "\n");
    place.ok("adapt pool.st support.csv -o adapted.st");
    place.ok("evaluate adapted.st support.csv");

    let pool = "fit protonet train.csv --target target --meta-steps 2";
    place.fails(pool, 2, &["--task COL", "--ways"]);
    place.fails(
        &format!("{pool} --ways 7"),
        1,
        &["train.csv", "fewer classes than ways"],
    );
    place.fails(&format!("{pool} --ways 1"), 2, &["ways", "at least 2"]);
    place.fails(
        &format!("{pool} --ways 4 --shots 3"),
        2,
        &["shots", "at least ways"],
    );
    place.fails(
        &format!("{pool} --ways 3 --shots 600"),
        1,
        &["train.csv", "fewer rows"],
    );
    place.fails(
        &format!("{pool} --ways 3 --regression"),
        2,
        &["--regression"],
    );
}

#[test]
fn wrong_input() {
    let place = sines("meta_wrong");
    place.ok("fit maml train.csv --task task --target y --meta-steps 2 -o maml.st");
    place.fails("fit maml train.csv --target y", 2, &["maml", "--task COL"]);
    place.fails(
        "fit maml train.csv --task task --target y --ways 3",
        2,
        &["--ways", "number"],
    );
    place.fails(
        "fit maml train.csv --task task --target y --C 3",
        2,
        &["--C"],
    );
    place.fails(
        "fit maml train.csv --task task --target y --weights x0",
        2,
        &["maml", "--weights"],
    );
    place.fails(
        "fit ridge-head train.csv --task task --target y --inner-steps 3",
        2,
        &["--inner-steps", "ridge-head"],
    );
    place.fails(
        "fit ridge train.csv --target y --shots 3",
        2,
        &["--shots", "meta-learners"],
    );
    place.fails(
        "fit maml train.csv --task task --target y --shots 15",
        1,
        &["task \"0\"", "fewer rows"],
    );
    place.fails(
        "fit protonet train.csv --task task --target y --regression",
        2,
        &["protonet", "--regression"],
    );
    place.fails(
        "evaluate maml.st test.csv --shots 20",
        1,
        &["task", "shots"],
    );
    place.fails("predict maml.st test.csv", 1, &["maml.st", "cognate adapt"]);
    place.write("gap.csv", "task,x0,y\n0,1,2\n0,2,\n");
    place.fails(
        "adapt maml.st gap.csv",
        1,
        &["gap.csv, line 3, column 3 (y)"],
    );
    place.ok("fit ridge train.csv --target y -o ridge.st");
    place.fails("adapt ridge.st test.csv", 1, &["ridge.st", "no meta-model"]);
}
