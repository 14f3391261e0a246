//! Whatever is wrong: the exit code, one line that says what and where, nothing half-written, no panic.

use crate::support::Place;

const GOOD: &str =
    "a,b,kind,y\n1,2,red,1\n2,1,blue,0\n3,5,red,1\n4,4,blue,0\n5,2,red,1\n6,0,blue,0\n";

#[test]
fn files_that_are_no_tables() {
    let place = Place::new("no_tables");
    place.write("empty.csv", "");
    place.write("blank.csv", "\n\n");
    place.write("header.csv", "a,b,y\n");
    place.write("ragged.csv", "a,b,y\n1,2,0\n1,2\n1,2,0,4\n");
    place.write("twice.csv", "a,b,a\n1,2,3\n");
    place.write("nameless.csv", "a,,y\n1,2,3\n");
    place.write("latin.csv", b"a,y\n1,2\n\xe9,3\n");
    let fit = |file| format!("fit ridge {file} --target y");
    place.fails(&fit("missing.csv"), 1, &["missing.csv", "no such file"]);
    place.fails(&fit("."), 1, &[".: is a folder"]);
    place.fails(&fit("empty.csv"), 1, &["empty.csv", "is empty"]);
    place.fails(&fit("blank.csv"), 1, &["blank.csv", "is empty"]);
    place.fails(&fit("header.csv"), 1, &["header.csv", "no rows"]);
    place.fails(
        &fit("ragged.csv"),
        1,
        &["ragged.csv, line 3", "2 cells", "header has 3"],
    );
    place.fails(
        &fit("twice.csv"),
        1,
        &["twice.csv, line 1, column 3", "\"a\" comes twice"],
    );
    place.fails(
        &fit("nameless.csv"),
        1,
        &["nameless.csv, line 1, column 2", "no name"],
    );
    place.fails(
        &fit("latin.csv"),
        1,
        &["latin.csv, line 3, column 1", "not UTF-8"],
    );
}

#[test]
fn cells_that_are_no_numbers() {
    let place = Place::new("no_numbers");
    let fit = |file| format!("fit ridge {file} --target y -o model");
    place.write("text.csv", "a,b,y\n1,2,3\n2,x,4\n\n3,4,5\n");
    place.fails(
        &fit("text.csv"),
        1,
        &[
            "text.csv, line 3, column 2 (b)",
            "\"x\" is text",
            "--categorical b",
            "--drop b",
        ],
    );
    place.write("nan.csv", "a,y\n1,2\nNaN,3\n2,2\n");
    place.fails(
        &fit("nan.csv"),
        1,
        &[
            "nan.csv, line 3, column 1 (a)",
            "NaN",
            "not a finite number",
        ],
    );
    place.write("inf.csv", "a,y\n1,2\n1e999,3\n2,2\n");
    place.fails(
        &fit("inf.csv"),
        1,
        &[
            "inf.csv, line 3, column 1 (a)",
            "1e999",
            "not a finite number",
        ],
    );
    place.write("hole.csv", "a,b,y\n1,2,3\n2,1,4\n3,,5\n");
    place.fails(
        &fit("hole.csv"),
        1,
        &[
            "hole.csv, line 4, column 2 (b)",
            "is empty",
            "--impute mean",
        ],
    );
    place.write("target.csv", "a,y\n1,2\n1,3\n2,none\n");
    place.fails(
        &fit("target.csv"),
        1,
        &["target.csv, line 4, column 2 (y)", "\"none\" is text"],
    );
    place.write("words.csv", "a,y\n1,red\n1,blue\n");
    place.fails(
        &fit("words.csv"),
        1,
        &["words.csv, line 2, column 2 (y)", "\"red\" is not a number"],
    );
    place.write("hollow.csv", "a,b,y\n1,,3\n2,,4\n");
    place.fails(
        &format!("{} --impute mean", fit("hollow.csv")),
        1,
        &["column 2 (b)", "no value"],
    );
    assert!(!place.files().contains(&"model".to_owned()));
}

/// Finite in the file, but not their squares, or not in f32.
#[test]
fn numbers_that_are_too_large() {
    let place = Place::new("too_large");
    place.write("x.csv", "a,b,y\n1,1e308,1\n2,-1e308,2\n3,1e300,3\n5,6,7\n");
    let parts = ["x.csv, column 2 (b)", "too large"];
    place.fails("fit ridge x.csv --target y --standardize", 1, &parts);
    place.fails("fit mlp x.csv --target y", 1, &parts);
    place.fails(
        "compare x.csv --target y --folds 2",
        1,
        &["x.csv: column \"b\"", "too large"],
    );
    place.write("y.csv", "a,y\n1,1e308\n2,-1e308\n3,1e300\n5,6\n");
    place.fails(
        "fit mlp y.csv --target y",
        1,
        &["y.csv, column 2 (y)", "too large"],
    );
}

#[test]
fn a_line_after_blank_and_quoted_lines_is_still_its_own() {
    let place = Place::new("lines");
    place.write(
        "gaps.csv",
        "a,b,y\n\n1,2,3\n\n\n1,\"two\nlines\",4\n1,2,5\n",
    );
    place.fails(
        "fit ridge gaps.csv --target y",
        1,
        &["gaps.csv, line 6, column 2 (b)"],
    );
    place.write("windows.csv", "a,y\r\n1,2\r\n2,3\r\nx,4\r\n");
    place.fails(
        "fit ridge windows.csv --target y",
        1,
        &["windows.csv, line 4, column 1"],
    );
}

#[test]
fn targets() {
    let place = Place::new("targets");
    place.write("good.csv", GOOD);
    place.write("none.csv", "a,y\n1,\n2,\n");
    place.write("one.csv", "a,y\n1,red\n2,red\n3,\n");
    place.fails(
        "fit logistic good.csv --target z",
        1,
        &["good.csv", "no column \"z\"", "a, b, kind, y"],
    );
    place.fails(
        "fit logistic none.csv --target y",
        1,
        &["none.csv", "no row has a label in \"y\""],
    );
    place.fails(
        "compare none.csv --target y",
        1,
        &["none.csv", "no row has a label in \"y\""],
    );
    place.fails(
        "fit logistic one.csv --target y",
        1,
        &["one.csv", "one class only, \"red\""],
    );
    place.fails(
        "compare one.csv --target y",
        1,
        &["one.csv", "one class only, \"red\""],
    );
    place.fails(
        "fit ridge good.csv --targets a,kind",
        1,
        &["column 3 (kind)", "\"red\" is not a number"],
    );
    place.fails(
        "fit logistic good.csv --targets y,kind",
        2,
        &["one target, not 2"],
    );
    place.fails(
        "fit ridge good.csv --target y --drop y",
        2,
        &["\"y\" is given two parts"],
    );
    place.fails(
        "fit ridge good.csv --target y --drop x",
        1,
        &["no column \"x\""],
    );
    place.fails(
        "fit ridge good.csv --target y --drop a --drop b --drop kind",
        1,
        &["no column is left"],
    );
    place.write("partly.csv", "a,y,z\n1,2,3\n2,,5\n3,4,5\n");
    place.fails(
        "fit mlp partly.csv --targets y,z",
        1,
        &["line 3, column 2 (y)", "all labels or none"],
    );
    place.write("weights.csv", "a,w,y\n1,1,2\n2,-1,3\n");
    place.fails(
        "fit ridge weights.csv --target y --weights w",
        1,
        &["line 3, column 2 (w)", "no weight"],
    );
}

#[test]
fn classes_without_rows_in_a_fold() {
    let place = Place::new("few");
    place.write(
        "few.csv",
        "a,y\n1,red\n2,red\n3,red\n4,red\n5,red\n6,blue\n7,blue\n",
    );
    place.fails(
        "compare few.csv --target y",
        1,
        &["few.csv", "class \"blue\" of y has 2 rows", "5 folds"],
    );
    place.fails("compare few.csv --target y --folds 1", 2, &["folds"]);
    place.write("lone.csv", "a,y\n1,red\n2,red\n3,blue\n");
    place.fails(
        "fit logistic lone.csv --target y --test-size 0.5",
        1,
        &["class \"blue\" of y has 1 row"],
    );
    place.fails(
        "fit logistic few.csv --target y --test-size 1.5",
        2,
        &["test_size"],
    );
    place.fails(
        "fit logistic few.csv --target y --test-size 7",
        2,
        &["test_size"],
    );
}

#[test]
fn command_lines() {
    let place = Place::new("usage");
    place.write("good.csv", GOOD);
    place.fails("", 2, &["--help"]);
    place.fails("fly", 2, &["fly"]);
    place.fails("fit", 2, &["<METHOD>", "<DATA>"]);
    place.fails(
        "fit forest good.csv --target y",
        2,
        &["\"forest\"", "logistic, linear, ridge, mlp"],
    );
    place.fails("fit ridge good.csv", 2, &["--target"]);
    place.fails(
        "fit ridge good.csv --target y --C 2",
        2,
        &["--C is a setting of logistic, not of ridge"],
    );
    place.fails(
        "fit ridge good.csv --target y --alpha x",
        2,
        &["--alpha", "x"],
    );
    place.fails(
        "fit ridge good.csv --target y --alpha=-1",
        2,
        &["alpha", "at least 0"],
    );
    place.fails(
        "fit ridge good.csv --target a --classify",
        2,
        &["--classify does not fit"],
    );
    place.fails(
        "fit logistic good.csv --target a --regression",
        2,
        &["--regression does not fit"],
    );
    place.fails(
        "fit ridge good.csv --target a --impute zero",
        2,
        &["--impute", "mean, median"],
    );
    place.fails(
        "fit ridge good.csv --target a --delimiter ab",
        2,
        &["--delimiter", "one character"],
    );
    place.fails("compare good.csv", 2, &["--target"]);
    place.fails("compare --target y", 2, &["need a CSV"]);
    place.fails("datasets irises", 2, &["\"irises\"", "iris, wine"]);
    place.fails(
        "make classification --n-informative 30",
        2,
        &["informative"],
    );
    place.fails(
        "fit ridge good.csv --target y --threads 0",
        2,
        &["at least one thread"],
    );
    assert!(place.ok("--help").contains("Usage: cognate"));
    assert!(place.ok("--version").starts_with("cognate "));
}
