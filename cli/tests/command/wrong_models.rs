//! Models and tables that do not fit each other, and model files that are damaged.

use crate::support::Place;

const GOOD: &str =
    "a,b,kind,y\n1,2,red,1\n2,1,blue,0\n3,5,red,1\n4,4,blue,0\n5,2,red,1\n6,0,blue,0\n";

#[test]
fn models_and_tables_that_do_not_fit() {
    let place = Place::new("no_fit");
    place.write("good.csv", GOOD);
    place.ok("fit ridge good.csv --target a -o number.st");
    place.fails(
        "predict number.st good.csv --proba",
        2,
        &["number.st", "numbers, not classes"],
    );
    place.write("less.csv", "b,y\n1,2\n");
    place.fails(
        "predict number.st less.csv",
        1,
        &["less.csv", "no column \"kind\""],
    );
    place.write("text.csv", "b,kind,y\n1,red,2\nx,red,2\n");
    place.fails(
        "predict number.st text.csv",
        1,
        &["text.csv, line 3, column 1 (b)", "\"x\""],
    );
    place.write("hole.csv", "b,kind,y\n1,red,2\n,red,2\n");
    place.fails(
        "predict number.st hole.csv",
        1,
        &["hole.csv, line 3, column 1 (b)", "is empty"],
    );
    place.fails("evaluate number.st less.csv", 1, &["less.csv", "no column"]);
    place.fails(
        "predict missing.st good.csv",
        1,
        &["missing.st", "no such file"],
    );
    place.fails("predict good.csv good.csv", 1, &["good.csv", "safetensors"]);
    place.ok("fit logistic good.csv --target kind -o class.st");
    place.write("new.csv", "a,b,y,kind\n1,2,1,green\n");
    place.fails(
        "evaluate class.st new.csv",
        1,
        &[
            "new.csv, line 2, column 4 (kind)",
            "\"green\"",
            "never seen",
        ],
    );
    place.write("bare.csv", "a,b,y,kind\n1,2,1,\n");
    place.fails(
        "evaluate class.st bare.csv",
        1,
        &["bare.csv", "no row has a label in \"kind\""],
    );
}

#[test]
fn damaged_models() {
    let place = Place::new("damaged");
    place.write("good.csv", GOOD);
    place.ok("fit ridge good.csv --target a -o model.st");
    let whole = place.read("model.st");
    place.write("cut.st", &whole[..whole.len() - 3]);
    place.fails("info cut.st", 1, &["cut.st", "byte"]);
    place.write("short.st", &whole[..5]);
    place.fails("info short.st", 1, &["short.st", "shorter than 8 bytes"]);
    let text = |from: &[u8], to: &[u8]| {
        let at = whole
            .windows(from.len())
            .position(|w| w == from)
            .expect("in the header");
        let mut other = whole.clone();
        other[at..at + from.len()].copy_from_slice(to);
        other
    };
    place.write(
        "later.st",
        text(b"\"format_version\":\"1\"", b"\"format_version\":\"2\""),
    );
    place.fails(
        "info later.st",
        1,
        &["later.st", "format that this version does not read"],
    );
    place.write(
        "other.st",
        text(b"\"kind\":\"linear\"", b"\"kind\":\"linaer\""),
    );
    place.fails("info other.st", 1, &["other.st", "kind of model"]);
    place.write(
        "foreign.st",
        text(b"\"format_version\"", b"\"format_Version\""),
    );
    place.fails(
        "predict foreign.st good.csv",
        1,
        &["foreign.st", "not one of Cognate's models"],
    );
    survives_every_byte(&place, &whole, 7, "predict byte.st good.csv");
}

/// Whatever single byte of the model changes, every `step`th in turn: an answer or an error, never a panic.
fn survives_every_byte(place: &Place, whole: &[u8], step: usize, command: &str) {
    let mut refused = 0;
    for at in (0..whole.len()).step_by(step) {
        let mut other = whole.to_vec();
        other[at] ^= 0x11;
        place.write("byte.st", other);
        let done = place.run(command);
        if done.code() != 0 {
            done.failure();
            refused += 1;
        }
    }
    assert!(refused > 10, "{command}: {refused} refused");
}

/// As above, for models of several tasks, linear and networks.
#[test]
fn damaged_models_of_tasks() {
    let place = Place::new("damaged_tasks");
    place.write(
        "good.csv",
        "k,a,b,y\nx,1,2,1\nx,2,1,3\nx,3,5,3\nz,4,4,8\nz,5,2,9\nz,6,0,9\n",
    );
    for fit in [
        "fit elastic good.csv --target y --task k --lambda 0.1 --standardize -o model.st",
        "fit ple good.csv --targets y,a --drop k --hidden 2 --max-iter 1 -o model.st",
    ] {
        place.ok(fit);
        let whole = place.read("model.st");
        survives_every_byte(&place, &whole, 11, "predict byte.st good.csv");
    }
}

/// As above, for meta-models; a size that the file's numbers cannot bear is refused before anything is allocated.
#[test]
fn damaged_meta_models() {
    let place = Place::new("damaged_meta");
    place.ok("make sinusoid --tasks 4 --rows 8 -o train.csv");
    place.ok("make sinusoid --tasks 1 --rows 4 --seed 1 -o good.csv");
    for method in ["cavia", "ridge-head"] {
        place.ok(&format!(
            "fit {method} train.csv --task task --target y --shots 3 --hidden 2,2 --meta-steps 1 -o model.st"
        ));
        let whole = place.read("model.st");
        let text = |from: &[u8], to: &[u8]| {
            let at = whole.windows(from.len()).position(|w| w == from);
            let mut other = whole.clone();
            let at = at.expect("in the header");
            other.splice(at..at + from.len(), to.iter().copied());
            let length = u64::from_le_bytes(other[..8].try_into().unwrap());
            let length = length + to.len() as u64 - from.len() as u64;
            other[..8].copy_from_slice(&length.to_le_bytes());
            other
        };
        place.write("wide.st", text(b"[2,2]", b"[900000000,900000000]"));
        place.fails("info wide.st", 1, &["wide.st", "do not fit its weights"]);
        survives_every_byte(&place, &whole, 13, "adapt byte.st good.csv -o adapted.st");
    }
}
