//! Several targets whose labels are missing here and there.

use crate::support::Place;

/// 40 rows of two features and two targets that they explain; every third `y` and every fourth `z` is missing, both in row 0.
fn table() -> (String, [String; 2]) {
    let (mut all, mut of_y, mut of_z) = (String::new(), String::new(), String::new());
    for (text, header) in [
        (&mut all, "a,b,y,z\n"),
        (&mut of_y, "a,b,y\n"),
        (&mut of_z, "a,b,z\n"),
    ] {
        text.push_str(header);
    }
    for i in 0..40_i32 {
        let (a, b) = (f64::from(i * 7 % 11), f64::from(i * 5 % 13));
        let noise = f64::from(i * i % 5) / 4.0;
        let (y, z) = (2.0 * a - b + noise, a + 0.5 * b - noise);
        let cell = |x: f64, there: bool| if there { x.to_string() } else { String::new() };
        let (has_y, has_z) = (i % 3 > 0, i % 4 > 0);
        all.push_str(&format!("{a},{b},{},{}\n", cell(y, has_y), cell(z, has_z)));
        if has_y {
            of_y.push_str(&format!("{a},{b},{y}\n"));
        }
        if has_z {
            of_z.push_str(&format!("{a},{b},{z}\n"));
        }
    }
    (all, [of_y, of_z])
}

fn column(text: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let place = reader.headers().unwrap().iter().position(|n| n == name);
    let place = place.unwrap_or_else(|| panic!("no column {name:?} in {text}"));
    let records = reader.records();
    records.map(|r| r.unwrap()[place].to_owned()).collect()
}

/// A missing label is a row that its target does not have: each has the model, to the bit, that it has alone on its own rows.
#[test]
fn each_target_learns_from_its_own_rows() {
    let place = Place::new("missing_rows");
    let (all, own) = table();
    place.write("all.csv", &all);
    for method in ["ridge", "linear"] {
        place.ok(&format!("fit {method} all.csv --targets y,z -o both.st"));
        let both = place.ok("predict both.st all.csv");
        for (name, rows) in ["y", "z"].into_iter().zip(&own) {
            place.write("own.csv", rows);
            place.ok(&format!("fit {method} own.csv --target {name} -o own.st"));
            let alone = place.ok("predict own.st all.csv");
            let (a, b) = (
                column(&both, &format!("prediction_{name}")),
                column(&alone, "prediction"),
            );
            assert_eq!(a.len(), 40);
            assert_eq!(a, b, "{method} {name}");
        }
    }
}

/// Scores are over the labels that there are; rows without any are no rows.
#[test]
fn scores_of_what_is_known() {
    let place = Place::new("missing_scores");
    place.write("all.csv", table().0);
    let fit = "fit ridge all.csv --targets y,z --standardize --test-size 0.3 -o both.st --json";
    let fit: serde_json::Value = serde_json::from_str(&place.ok(fit)).unwrap();
    // Rows 0, 12, 24 and 36 have no label at all; 0.3 of 36 rows are 11.
    assert_eq!(
        (&fit["train_rows"], &fit["held_out"]["rows"]),
        (&25.into(), &11.into())
    );
    assert!(fit["held_out"]["metrics"]["r2"].as_f64().unwrap() > 0.9);
    let scores = place.ok("evaluate both.st all.csv --json");
    let scores: serde_json::Value = serde_json::from_str(&scores).unwrap();
    assert_eq!(
        (&scores["tasks"]["y"]["rows"], &scores["tasks"]["z"]["rows"]),
        (&26.into(), &30.into())
    );
    place.write("none.csv", "a,y,z\n1,2,\n2,3,\n4,4,\n");
    place.fails(
        "fit ridge none.csv --targets y,z",
        1,
        &["no row has a label in \"z\""],
    );
}

/// Kinds may differ too where each task has a model of its own, and networks mask what is missing.
#[test]
fn kinds_may_differ() {
    let place = Place::new("missing_kinds");
    place.ok("datasets penguins -o penguins.csv");
    let targets = "--targets body_mass_g,sex,species --drop year --impute mean --standardize";
    for method in ["independent --lambda 1", "hard-sharing --max-iter 5"] {
        place.ok(&format!("fit {method} penguins.csv {targets} -o model.st"));
        let scores = place.ok("evaluate model.st penguins.csv --json");
        let scores: serde_json::Value = serde_json::from_str(&scores).unwrap();
        assert_eq!(scores["tasks"]["sex"]["rows"], 333, "{method}");
        assert_eq!(scores["tasks"]["species"]["rows"], 344, "{method}");
    }
    place.fails(
        &format!("fit logistic penguins.csv {targets}"),
        2,
        &["independent"],
    );
}

/// A column that is not there is named before what is wrong in one that is.
#[test]
fn an_unknown_task_column_comes_first() {
    let place = Place::new("missing_task");
    place.write("bad.csv", "a,shop,y\n1,p,2\n2,q,some\n3,p,4\n");
    place.fails(
        "fit l21 bad.csv --target y --task store",
        1,
        &["no column \"store\""],
    );
    place.fails(
        "fit l21 bad.csv --target y --task shop",
        1,
        &["line 3", "\"some\""],
    );
}
