//! What comes from outside: Ctrl-C, full disks, places that cannot be written, readers that go away. Nothing half-written stays.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Done, Place};

/// Sends SIGINT to a child.
fn interrupt(process: u32) {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -INT {process}")])
        .status();
    assert!(sent.unwrap().success());
}

/// Waits until `ready`, at most ten seconds.
fn wait_until(ready: impl Fn() -> bool) {
    let start = Instant::now();
    while !ready() {
        assert!(start.elapsed() < Duration::from_secs(10), "waited in vain");
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn ctrl_c_while_writing_leaves_nothing() {
    let place = Place::new("ctrl_c_writing");
    let mut command = place.command("make classification --n-samples 100000 -o out.csv");
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    wait_until(|| !place.files().is_empty());
    interrupt(child.id());
    let done = Done(child.wait_with_output().unwrap());
    assert_eq!(
        (done.code(), done.failure().as_str()),
        (130, "cognate: interrupted")
    );
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn ctrl_c_while_fitting() {
    let place = Place::new("ctrl_c_fitting");
    place.ok("make classification --n-samples 3000 -o data.csv");
    place.ok("fit mlp data.csv --target y --hidden 400,400 --max-iter 1 -o source.st");
    place.write("model.st", "what was there");
    let long = "--max-iter 100000 --tol 0 -o model.st";
    for words in [
        "fit mlp data.csv --target y --hidden 400,400",
        "fit l2-sp data.csv --target y --from source.st",
        "distill source.st data.csv --hidden 400,400",
    ] {
        let child = place
            .command(&format!("{words} {long}"))
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(300));
        interrupt(child.id());
        let done = Done(child.wait_with_output().unwrap());
        assert_eq!(
            (done.code(), done.failure().as_str()),
            (130, "cognate: interrupted")
        );
        assert_eq!(place.files(), ["data.csv", "model.st", "source.st"]);
        assert_eq!(place.read("model.st"), b"what was there");
    }
}

/// Runs `line` in a shell, where `cognate` is the command.
fn shell(place: &Place, line: &str) -> Done {
    let line = line.replace("cognate", env!("CARGO_BIN_EXE_cognate"));
    let mut shell = Command::new("sh");
    Done(
        shell
            .args(["-c", &line])
            .current_dir(place.path(""))
            .output()
            .unwrap(),
    )
}

#[test]
fn a_full_disk() {
    let place = Place::new("full_disk");
    let done = shell(
        &place,
        "ulimit -f 8; exec cognate datasets digits -o out.csv",
    );
    assert_eq!(done.code(), 1);
    assert!(
        done.failure().contains("out.csv: cannot be written"),
        "{}",
        done.failure()
    );
    assert_eq!(place.files(), [""; 0]);
    if std::path::Path::new("/dev/full").exists() {
        let done = shell(&place, "exec cognate datasets digits > /dev/full");
        assert_eq!(done.code(), 1);
        assert!(
            done.failure().contains("stdout: cannot be written"),
            "{}",
            done.failure()
        );
        place.fails(
            "datasets digits -o /dev/full",
            1,
            &["/dev/full: cannot be written"],
        );
    }
}

#[test]
fn places_that_cannot_be_written() {
    let place = Place::new("unwritable");
    place.fails(
        "datasets iris -o missing/out.csv",
        1,
        &["missing/out.csv: cannot be written"],
    );
    place.fails("datasets iris -o .", 1, &[".: is a folder"]);
    place.write("iris.csv", place.ok("datasets iris"));
    place.fails(
        "fit logistic iris.csv --target target -o missing/model.st",
        1,
        &["missing/model.st: cannot be written"],
    );
    assert_eq!(place.files(), ["iris.csv"]);
}

#[test]
fn a_file_is_replaced_whole_and_links_stay() {
    let place = Place::new("replaced");
    place.write("out.csv", "old");
    std::os::unix::fs::symlink("out.csv", place.path("link.csv")).unwrap();
    place.ok("datasets iris -o link.csv");
    assert!(place.path("link.csv").is_symlink());
    assert_eq!(
        place.read("out.csv"),
        place.ok("datasets iris").into_bytes()
    );
    assert_eq!(place.files(), ["link.csv", "out.csv"]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new("pipe");
    let mut command = place.command("make classification --n-samples 20000");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("x0,"));
    let done = Done(child.wait_with_output().unwrap());
    assert_eq!((done.code(), done.errors().as_str()), (0, ""));
}
