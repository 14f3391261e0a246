//! Models that start from another model: drawn to its weights, or fine-tuned.

use serde_json::Value;

use crate::support::Place;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A CSV of these rows' features and a target made of them.
fn table(rows: std::ops::Range<usize>, target: impl Fn(usize, f64, f64) -> String) -> String {
    let mut text = "x0,x1,y\n".to_owned();
    for i in rows {
        let (a, b) = (
            (i * 37 % 101) as f64 / 50.0 - 1.0,
            (i * 53 % 97) as f64 / 48.0 - 1.0,
        );
        text.push_str(&format!("{a},{b},{}\n", target(i, a, b)));
    }
    text
}

/// A place with many rows of numbers and of classes, and few of others that are like them.
fn place(name: &str) -> Place {
    let place = Place::new(name);
    let noise = |i: usize| (i * 29 % 31) as f64 / 31.0 - 0.5;
    place.write(
        "many.csv",
        table(0..200, |i, a, b| {
            (3.0 * a - 2.0 * b + 0.1 * noise(i)).to_string()
        }),
    );
    place.write(
        "few.csv",
        table(200..208, |i, a, b| {
            (3.1 * a - 2.0 * b + 5.0 + noise(i)).to_string()
        }),
    );
    place.write(
        "rest.csv",
        table(300..400, |_, a, b| (3.1 * a - 2.0 * b + 5.0).to_string()),
    );
    let class = |v: f64| {
        if v > 0.3 {
            "up"
        } else if v < -0.3 {
            "down"
        } else {
            "flat"
        }
    };
    place.write("classes.csv", table(0..200, |_, a, b| class(a - b).into()));
    place.write(
        "few_classes.csv",
        table(200..230, |_, a, b| class(a - 0.9 * b).into()),
    );
    place.write(
        "rest_classes.csv",
        table(300..400, |_, a, b| class(a - 0.9 * b).into()),
    );
    place.write(
        "two.csv",
        table(200..230, |_, a, _| {
            if a > 0.0 { "yes" } else { "no" }.into()
        }),
    );
    place
}

fn mse(place: &Place, model: &str) -> f64 {
    let scores = json(&place.ok(&format!("evaluate {model} rest.csv --json")));
    scores["metrics"]["mse"].as_f64().unwrap()
}

fn accuracy(place: &Place, model: &str) -> f64 {
    let scores = json(&place.ok(&format!("evaluate {model} rest_classes.csv --json")));
    scores["metrics"]["accuracy"].as_f64().unwrap()
}

#[test]
fn a_linear_model_towards_another() {
    let place = place("transfer_biased");
    for (fit, standardize) in [("ridge", "--standardize"), ("linear", "")] {
        place.ok(&format!(
            "fit {fit} many.csv --target y {standardize} -o source.st"
        ));
        place.ok("fit ridge few.csv --target y -o alone.st");
        let done = json(&place.ok("fit biased few.csv --from source.st -o biased.st --json"));
        assert_eq!(
            (&done["method"], &done["from"]),
            (&"biased".into(), &"source.st".into())
        );
        assert_eq!(done["fit"]["lambda_chosen"], true);
        assert!(done["fit"]["leave_one_out"].as_f64().unwrap() > 0.0);
        let (alone, biased, source) = (
            mse(&place, "alone.st"),
            mse(&place, "biased.st"),
            mse(&place, "source.st"),
        );
        assert!(
            biased < 0.5 * alone && biased < 0.1 * source,
            "{fit}: {alone} {biased} {source}"
        );
        assert_eq!(json(&place.ok("info biased.st --json"))["kind"], "linear");
        // As lambda grows only the intercept, which is free, is left to learn.
        place.ok("fit biased few.csv --from source.st --lambda 1e12 -o near.st");
        let coef = |model: &str| -> Vec<f64> {
            let text = place.ok(&format!("predict {model} few.csv"));
            let all: Vec<f64> = text.lines().skip(1).map(|l| l.parse().unwrap()).collect();
            all.iter().map(|x| x - all[0]).collect()
        };
        for (near, source) in coef("near.st").iter().zip(coef("source.st")) {
            assert!((near - source).abs() < 1e-9, "{near} and {source}");
        }
    }
    place.ok("fit logistic classes.csv --target y --standardize -o source.st");
    let done = json(
        &place.ok("fit biased few_classes.csv --target y --from source.st -o biased.st --json"),
    );
    assert_eq!(done["fit"]["converged"], true);
    assert_eq!(json(&place.ok("info biased.st --json"))["kind"], "logistic");
    assert!(accuracy(&place, "biased.st") > 0.8);
    let text = place
        .ok("fit biased few_classes.csv --target y --from source.st --lambda 3 --test-size 0.3");
    assert!(
        text.contains("lambda 3") && text.contains("accuracy"),
        "{text}"
    );
}

#[test]
fn fine_tuning_a_network() {
    let place = place("transfer_tuned");
    place.ok("fit mlp classes.csv --target y --standardize --hidden 16,8 --learning-rate 0.01 -o source.st");
    let few = "few_classes.csv --from source.st";
    for method in ["mlp", "l2-sp", "lp-ft"] {
        let done = json(&place.ok(&format!("fit {method} {few} --target y -o tuned.st --json")));
        assert_eq!(done["fit"]["new_head"], false);
        assert_eq!(
            done["fit"]["probe"] == Value::Null,
            method != "lp-ft",
            "{done}"
        );
        assert!(accuracy(&place, "tuned.st") > 0.85, "{method}");
        assert_eq!(
            json(&place.ok("info tuned.st --json"))["kind"],
            "mlp-classifier"
        );
    }
    // Without a pull L2-SP is a warm start; without epochs to speak of, a warm start is the source.
    place.ok(&format!("fit mlp {few} -o a.st"));
    place.ok(&format!("fit l2-sp {few} --lambda 0 -o b.st"));
    assert_eq!(place.read("a.st"), place.read("b.st"));
    place.ok(&format!(
        "fit mlp {few} --learning-rate 1e-300 --max-iter 1 -o c.st"
    ));
    assert_eq!(
        place.ok("predict c.st few_classes.csv --proba"),
        place.ok("predict source.st few_classes.csv --proba")
    );
    // Other classes, and numbers, get a head of their own.
    for (data, kind) in [("two.csv", "mlp-classifier"), ("few.csv", "mlp-regressor")] {
        for method in ["mlp", "l2-sp", "lp-ft"] {
            let done = place.run(&format!("fit {method} {data} --target y --from source.st --learning-rate 0.01 --max-iter 400 -o new.st"));
            assert_eq!(done.code(), 0, "{}", done.errors());
            assert!(
                done.errors().contains(
                    "from source.st: its columns, scaled as there; its hidden layers and a new head"
                ),
                "{}",
                done.errors()
            );
            assert_eq!(json(&place.ok("info new.st --json"))["kind"], kind);
            let data = data.split(' ').next().unwrap();
            let scores = json(&place.ok(&format!("evaluate new.st {data} --json")));
            let score = scores["metrics"]["accuracy"]
                .as_f64()
                .or(scores["metrics"]["r2"].as_f64());
            assert!(score.unwrap() > 0.8, "{method} {data}: {scores}");
        }
    }
    place.ok("fit mlp many.csv --target y --standardize --hidden 16 --learning-rate 0.01 --precision f64 -o numbers.st");
    place.ok("fit lp-ft few.csv --target y --from numbers.st -o tuned.st");
    place.ok("fit ridge few.csv --target y -o alone.st");
    assert!(mse(&place, "tuned.st") < mse(&place, "alone.st"));
    assert_eq!(json(&place.ok("info tuned.st --json"))["precision"], "f64");
}

#[test]
fn wrong_input() {
    let place = place("transfer_wrong");
    place.ok("fit ridge many.csv --target y -o ridge.st");
    place.ok("fit logistic classes.csv --target y -o logistic.st");
    place.ok("fit mlp classes.csv --target y --hidden 4 --max-iter 2 -o mlp.st");
    place.fails(
        "fit ridge few.csv --target y --from ridge.st",
        2,
        &["--from", "ridge", "biased", "lp-ft"],
    );
    place.fails(
        "fit pooled few.csv --target y --from ridge.st",
        2,
        &["--from", "pooled"],
    );
    place.fails(
        "fit maml few.csv --target y --from ridge.st",
        2,
        &["--from", "maml"],
    );
    place.fails(
        "fit biased few.csv --target y",
        2,
        &["biased", "--from MODEL"],
    );
    place.fails(
        "fit biased few_classes.csv --target y --from mlp.st",
        1,
        &["mlp.st", "mlp-classifier", "biased"],
    );
    place.fails(
        "fit lp-ft few.csv --target y --from ridge.st",
        1,
        &["ridge.st", "linear", "lp-ft"],
    );
    place.fails(
        "fit mlp few.csv --target y --from none.st",
        1,
        &["none.st", "no such file"],
    );
    place.fails(
        "fit biased two.csv --target y --from logistic.st",
        1,
        &["two.csv", "3 classes", "new head"],
    );
    place.fails(
        "fit biased few.csv --target y --classify --from ridge.st",
        1,
        &["few.csv", "a number"],
    );
    place.fails(
        "fit biased few.csv --target y --from ridge.st --lambda 0",
        2,
        &["penalty", "above 0"],
    );
    place.fails(
        "fit biased few.csv --target y --from ridge.st --alpha 1",
        2,
        &["--alpha", "biased"],
    );
    place.fails(
        "fit lp-ft few.csv --target y --from mlp.st --lambda 1",
        2,
        &["--lambda", "lp-ft"],
    );
    for option in [
        "--hidden 4",
        "--activation tanh",
        "--standardize",
        "--impute mean",
        "--early-stopping",
    ] {
        let name = option.split(' ').next().unwrap();
        place.fails(
            &format!("fit mlp few_classes.csv --target y --from mlp.st {option}"),
            2,
            &[name, "--from"],
        );
    }
    place.fails(
        "fit mlp few_classes.csv --from mlp.st --precision f64",
        2,
        &["--precision", "f32"],
    );
    place.fails(
        "fit mlp few_classes.csv --from mlp.st --shots 3",
        2,
        &["--shots"],
    );
    place.fails(
        "fit mlp few_classes.csv --from mlp.st --task x0",
        2,
        &["--task"],
    );
    place.fails(
        "fit mlp few_classes.csv --from mlp.st -o no/model.st",
        1,
        &["no/model.st"],
    );

    let text = String::from_utf8(place.read("few_classes.csv")).unwrap();
    place.write("missing.csv", text.replace("x1", "z"));
    place.fails(
        "fit mlp missing.csv --target y --from mlp.st",
        1,
        &["missing.csv", "\"x1\""],
    );
    let more = |line: &str| match line.starts_with("x0") {
        true => format!("z,{line}"),
        false => format!("1,{line}"),
    };
    let more: Vec<String> = text.lines().map(more).collect();
    place.write("more.csv", more.join("\n") + "\n");
    place.fails(
        "fit mlp more.csv --target y --from mlp.st",
        1,
        &["more.csv", "\"z\"", "mlp.st", "--drop z"],
    );
    place.ok("fit mlp more.csv --target y --from mlp.st --drop z --max-iter 2");
    place.fails(
        "fit mlp few_classes.csv --target y --from mlp.st --drop x0",
        1,
        &["\"x0\"", "mlp.st"],
    );
    place.write("word.csv", text.replacen("\n", "\n1,b,up\n", 1));
    place.fails(
        "fit mlp word.csv --target y --from mlp.st",
        1,
        &["word.csv", "line 2", "x1"],
    );
    place.write("one.csv", "x0,x1,y\n1,2,up\n3,4,up\n");
    place.fails(
        "fit mlp one.csv --target y --from mlp.st",
        1,
        &["one.csv", "one class only"],
    );
    place.write(
        "single.csv",
        "x0,x1,y\n1,2,up\n3,4,up\n1,1,flat\n1,1,flat\n0,1,down\n",
    );
    place.fails(
        "fit biased single.csv --target y --from logistic.st",
        1,
        &["single.csv", "\"down\"", "1 row"],
    );
    place.ok("fit biased single.csv --target y --from logistic.st --lambda 1");
    place.ok("make sinusoid --tasks 4 --rows 20 -o long.csv");
    place.ok("fit pooled long.csv --task task --target y -o tasks.st");
    place.fails(
        "fit biased few.csv --from tasks.st",
        1,
        &["tasks.st", "several tasks"],
    );
    let files = place.files();
    assert!(files.iter().all(|name| !name.starts_with('.')), "{files:?}");
}
