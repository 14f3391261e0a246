//! Students: of a model, of a table of probabilities, of several teachers, and without labels.

use serde_json::Value;

use crate::support::Place;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A place with three classes in five dimensions, `data.csv`, and a network that knows them, `teacher.st`.
fn classes(name: &str) -> Place {
    let place = Place::new(name);
    place.ok("make blobs --n-samples 300 --n-features 5 --centers 3 --cluster-std 4 -o data.csv");
    place.ok("fit mlp data.csv --target y --classify --standardize --hidden 32 --learning-rate 0.01 -o teacher.st");
    place
}

/// The rows of a CSV, split at commas.
fn rows(text: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().map(cells).collect()
}

/// The file with the last cell of every row emptied but for each `keep`-th.
fn unlabelled(place: &Place, from: &str, to: &str, keep: usize) {
    let text = String::from_utf8(place.read(from)).unwrap();
    let empty = |(i, line): (usize, &str)| match i > 0 && i % keep != 1 {
        true => format!("{},", line.rsplit_once(',').unwrap().0),
        false => line.to_owned(),
    };
    let lines: Vec<String> = text.lines().enumerate().map(empty).collect();
    place.write(to, lines.join("\n") + "\n");
}

fn metric(scores: &Value, who: &str, name: &str) -> f64 {
    scores["held_out"][who]["metrics"][name].as_f64().unwrap()
}

#[test]
fn a_student_is_an_ordinary_model() {
    let place = classes("distill_ordinary");
    let done = json(&place.ok(
        "distill teacher.st data.csv --hidden 4,4 --learning-rate 0.01 --test-size 0.3 -o student.st --json",
    ));
    assert_eq!(
        (&done["method"], &done["train_rows"]),
        (&"distill".into(), &210.into())
    );
    assert_eq!(done["labelled_rows"], 210);
    assert_eq!(done["held_out"]["rows"], 90);
    // 5 x 4 + 4, 4 x 4 + 4, 4 x 3 + 3.
    assert_eq!(done["parameters"], 59);
    for who in ["student_alone", "distilled", "teacher"] {
        assert!(metric(&done, who, "accuracy") > 0.6, "{done}");
    }
    let info = json(&place.ok("info student.st --json"));
    assert_eq!(
        (&info["kind"], &info["parameters"]),
        (&"mlp-classifier".into(), &59.into())
    );
    assert_eq!(info["standardized"], true);
    let said = place.ok("predict student.st data.csv --proba");
    assert!(
        said.starts_with("prediction,proba_0,proba_1,proba_2\n"),
        "{said}"
    );
    place.ok("evaluate student.st data.csv");
    // The same command gives the same bits.
    place.ok("distill teacher.st data.csv --hidden 4,4 --learning-rate 0.01 --test-size 0.3 -o again.st --threads 2");
    assert_eq!(place.read("student.st"), place.read("again.st"));
}

#[test]
fn labels_alone_are_the_student_alone() {
    let place = classes("distill_alone");
    let done = json(&place.ok(
        "distill teacher.st data.csv --hidden 4 --alpha 1 --max-iter 50 --test-size 0.3 --json",
    ));
    assert_eq!(
        done["held_out"]["student_alone"],
        done["held_out"]["distilled"]
    );
}

#[test]
fn without_labels_the_teacher_alone_teaches() {
    let place = classes("distill_unlabelled");
    unlabelled(&place, "data.csv", "none.csv", 1000);
    let text = String::from_utf8(place.read("data.csv")).unwrap();
    let bare = |line: &str| line.rsplit_once(',').unwrap().0.to_owned();
    let bare: Vec<String> = text.lines().map(bare).collect();
    place.write("bare.csv", bare.join("\n") + "\n");
    let train = "--hidden 16 --learning-rate 0.01 --alpha 0";
    place.ok(&format!("distill teacher.st bare.csv {train} -o bare.st"));
    // One label that counts nothing.
    place.ok(&format!("distill teacher.st none.csv {train} -o none.st"));
    assert_eq!(place.read("bare.st"), place.read("none.st"));
    let first =
        |text: String| -> Vec<String> { rows(&text).into_iter().map(|r| r[0].clone()).collect() };
    let student = first(place.ok("predict bare.st data.csv"));
    let teacher = first(place.ok("predict teacher.st data.csv"));
    let same = student.iter().zip(&teacher).filter(|(a, b)| a == b).count();
    assert!(same > 290, "{same} of 301");
}

#[test]
fn few_labels_and_a_teacher() {
    let place = classes("distill_few");
    unlabelled(&place, "data.csv", "few.csv", 10);
    let done = json(
        &place
            .ok("distill teacher.st few.csv --hidden 8 --learning-rate 0.01 --test-size 9 --json"),
    );
    assert_eq!(
        (&done["train_rows"], &done["labelled_rows"]),
        (&291.into(), &21.into())
    );
}

#[test]
fn a_table_teaches_as_its_model_does() {
    let place = classes("distill_table");
    place.ok("predict teacher.st data.csv --proba -o said.csv");
    let train = "data.csv --hidden 8 --learning-rate 0.01 --test-size 0.3 --json";
    let model = json(&place.ok(&format!("distill teacher.st {train}")));
    let table = json(&place.ok(&format!(
        "distill said.csv {train} --target y -o student.st"
    )));
    // Logits out of probabilities are those of the model but for a number a row and rounding, over which training runs apart slowly.
    for who in ["student_alone", "distilled", "teacher"] {
        let (a, b) = (
            metric(&model, who, "log_loss"),
            metric(&table, who, "log_loss"),
        );
        assert!((a - b).abs() < 0.02, "{who}: {a} and {b}");
    }
    assert_eq!(
        json(&place.ok("info student.st --json"))["targets"],
        serde_json::json!(["y"])
    );
    // Without a target all columns are features, and nothing is known of the truth.
    let text = String::from_utf8(place.read("data.csv")).unwrap();
    let bare: Vec<&str> = text
        .lines()
        .map(|l| l.rsplit_once(',').unwrap().0)
        .collect();
    place.write("bare.csv", bare.join("\n") + "\n");
    place.ok("distill said.csv bare.csv --max-iter 20 -o bare.st");
    let info = json(&place.ok("info bare.st --json"));
    assert_eq!(info["targets"], serde_json::json!(["prediction"]));
}

#[test]
fn numbers() {
    let place = Place::new("distill_numbers");
    place.ok("make regression --n-samples 300 --n-features 4 --noise 1 -o data.csv");
    place.ok("fit ridge data.csv --target y -o teacher.st");
    let train = "--hidden 16 --learning-rate 0.01 --test-size 0.3 --json";
    let done = json(&place.ok(&format!(
        "distill teacher.st data.csv {train} -o student.st"
    )));
    assert!(metric(&done, "distilled", "r2") > 0.98, "{done}");
    assert_eq!(
        json(&place.ok("info student.st --json"))["kind"],
        "mlp-regressor"
    );
    place.ok("predict teacher.st data.csv -o said.csv");
    let table = json(&place.ok(&format!("distill said.csv data.csv {train} --target y")));
    assert!(metric(&table, "distilled", "r2") > 0.98, "{table}");
    // A linear student of a linear teacher becomes the teacher: on average as near as the loss, of scaled numbers, says.
    unlabelled(&place, "data.csv", "none.csv", 1000);
    let done = json(&place.ok("distill teacher.st none.csv --hidden 4 --activation identity --alpha 0 --learning-rate 0.003 --batch-size 300 --max-iter 5000 --tol 0 -o linear.st --json"));
    let loss = done["fit"]["loss"].as_f64().unwrap();
    assert!(loss < 1e-5, "{loss}");
    let said = |model: &str| -> Vec<f64> {
        let text = place.ok(&format!("predict {model} data.csv"));
        rows(&text)[1..]
            .iter()
            .map(|row| row[0].parse().unwrap())
            .collect()
    };
    let (student, teacher) = (said("linear.st"), said("teacher.st"));
    let mean_square = |v: Vec<f64>| v.iter().map(|x| x * x).sum::<f64>() / v.len() as f64;
    let apart = mean_square(student.iter().zip(&teacher).map(|(a, b)| a - b).collect());
    let mean = teacher.iter().sum::<f64>() / teacher.len() as f64;
    let variance = mean_square(teacher.iter().map(|x| x - mean).collect());
    // The loss is that before the last step, which moves it by less than itself.
    assert!(apart < 2.0 * 2.0 * loss * variance, "{apart}, loss {loss}");
}

#[test]
fn tasks_and_several_teachers() {
    let place = Place::new("distill_tasks");
    place.ok("datasets penguins -o wide.csv");
    let fit = "--impute mean --standardize --hidden 16 --learning-rate 0.01 --drop year";
    place.ok(&format!(
        "fit hard-sharing wide.csv --targets body_mass_g,sex,species {fit} -o wide.st"
    ));
    let train = "--hidden 16 --learning-rate 0.01 --test-size 0.3 --json";
    let done = json(&place.ok(&format!("distill wide.st wide.csv {train} -o student.st")));
    assert_eq!(
        done["held_out"]["distilled"]["tasks"]
            .as_object()
            .unwrap()
            .len(),
        3
    );
    assert!(metric(&done, "distilled", "accuracy") > 0.8, "{done}");
    assert!(metric(&done, "distilled", "r2") > 0.6, "{done}");
    assert_eq!(
        json(&place.ok("info student.st --json"))["kind"],
        "hard-sharing"
    );
    place.ok("evaluate student.st wide.csv");

    let drop = "--drop body_mass_g --drop sex --drop species --drop year --impute mean --standardize --hidden 16";
    for target in ["sex", "species"] {
        let others = drop.replace(&format!("--drop {target} "), "");
        place.ok(&format!(
            "fit mlp wide.csv --target {target} {others} -o {target}.st"
        ));
    }
    let done = json(&place.ok(&format!(
        "distill sex.st species.st wide.csv {} --anneal -o both.st",
        train.replace("--json", "--max-iter 100 --json")
    )));
    assert!(metric(&done, "distilled", "accuracy") > 0.8, "{done}");
    assert_eq!(
        (&done["fit"]["iterations"], &done["alpha"]),
        (&100.into(), &Value::Null)
    );
    let said = place.ok("predict both.st wide.csv");
    assert!(
        said.starts_with("prediction_sex,prediction_species\n"),
        "{said}"
    );

    place.ok("make sinusoid --tasks 4 --rows 60 -o long.csv");
    place.ok("fit hard-sharing long.csv --task task --target y --standardize --hidden 40 --learning-rate 0.01 --max-iter 1000 -o long.st");
    let done = json(&place.ok("distill long.st long.csv --hidden 40 --learning-rate 0.01 --alpha 0.2 --test-size 0.2 -o short.st --json"));
    assert!(metric(&done, "distilled", "r2") > 0.7, "{done}");
    assert_eq!(
        json(&place.ok("info short.st --json"))["kind"],
        "hard-sharing"
    );
    place.ok("evaluate short.st long.csv");
    // A task that the data do not have is none of the student's; one that is unknown to the teacher has nothing to learn.
    let text = String::from_utf8(place.read("long.csv")).unwrap();
    let two = |line: &&str| !line.starts_with("2,") && !line.starts_with("3,");
    let two: Vec<&str> = text.lines().filter(two).collect();
    place.write("two.csv", two.join("\n") + "\n");
    place.ok("distill long.st two.csv --max-iter 10 -o two.st");
    let info = json(&place.ok("info two.st --json"));
    assert_eq!(info["tasks"].as_array().unwrap().len(), 2);
    place.write("five.csv", two.join("\n").replace("\n1,", "\n5,") + "\n");
    place.fails(
        "distill long.st five.csv",
        1,
        &["five.csv", "line 62", "\"5\"", "never seen"],
    );
    place.fails(
        "distill long.st sex.st long.csv",
        1,
        &["long.st", "teaches alone"],
    );
    place.fails(
        "distill sex.st sex.st wide.csv",
        1,
        &["sex.st", "another teacher"],
    );
}

#[test]
fn wrong_input() {
    let place = classes("distill_wrong");
    place.ok("make sinusoid --tasks 20 --rows 20 -o sines.csv");
    place.ok("fit ridge-head sines.csv --task task --target y --shots 5 --meta-steps 2 -o meta.st");
    place.fails("distill meta.st data.csv", 1, &["meta.st", "cognate adapt"]);
    place.fails("distill none.st data.csv", 1, &["none.st", "no such file"]);
    place.fails(
        "distill data.csv data.csv",
        1,
        &["data.csv", "prediction", "proba_CLASS"],
    );
    place.fails("distill teacher.st sines.csv", 1, &["sines.csv", "\"x1\""]);
    place.fails("distill teacher.st data.csv --alpha 2", 2, &["alpha", "2"]);
    place.fails(
        "distill teacher.st data.csv --temperature 0",
        2,
        &["temperature", "0"],
    );
    place.fails("distill teacher.st data.csv --max-iter 0", 2, &["max_iter"]);
    place.fails(
        "distill teacher.st data.csv --hidden 0",
        2,
        &["hidden", "0"],
    );
    place.fails(
        "distill teacher.st data.csv --drop x0",
        2,
        &["--drop", "teacher"],
    );
    place.fails(
        "distill teacher.st data.csv --target z",
        1,
        &["data.csv", "\"z\""],
    );
    place.fails("distill teacher.st", 2, &["TEACHER"]);
    place.fails(
        "distill teacher.st data.csv -o no/student.st",
        1,
        &["no/student.st"],
    );

    let text = String::from_utf8(place.read("data.csv")).unwrap();
    let header = text.lines().next().unwrap();
    place.write(
        "other.csv",
        format!("{header}\n1,2,3,4,5,0\n1,2,3,4,5,dog\n"),
    );
    place.fails(
        "distill teacher.st other.csv",
        1,
        &["other.csv", "line 3", "\"dog\"", "teacher's classes"],
    );
    place.write("empty.csv", format!("{header}\n"));
    place.fails("distill teacher.st empty.csv", 1, &["empty.csv", "no rows"]);
    place.write("bare.csv", "x0,x1,x2,x3,x4\n1,2,3,4,5\n");
    place.fails(
        "distill teacher.st bare.csv --test-size 0.5",
        1,
        &["bare.csv", "--test-size", "label"],
    );
    let two = "prediction,proba_a,proba_b\na,0.9,0.1\nb,0.2,0.8\n";
    place.write("two.csv", two);
    place.fails(
        "distill two.csv data.csv",
        1,
        &["two.csv", "2 rows", "data.csv", "300"],
    );
    place.fails(
        "distill two.csv other.csv --target y",
        1,
        &["other.csv", "line 2", "teacher's classes"],
    );
    place.write("more.csv", two.replace("0.9", "1.9"));
    place.fails(
        "distill more.csv other.csv",
        1,
        &["more.csv", "line 2", "\"1.9\"", "probability"],
    );
    place.write("less.csv", two.replace("0.9", "0.5"));
    place.fails(
        "distill less.csv other.csv",
        1,
        &["less.csv", "line 2", "sum to 1"],
    );
    place.write("one.csv", "prediction,proba_a\na,1\na,1\n");
    place.fails(
        "distill one.csv other.csv",
        1,
        &["one.csv", "one class only"],
    );
    place.write("gap.csv", two.replace("0.9", ""));
    place.fails(
        "distill gap.csv other.csv",
        1,
        &["gap.csv", "line 2", "every row"],
    );
    let files = place.files();
    assert!(files.iter().all(|name| !name.starts_with('.')), "{files:?}");
}
