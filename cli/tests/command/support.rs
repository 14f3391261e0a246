//! Running the command as a user does.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A folder of a test's own, empty at the start.
pub struct Place(PathBuf);

impl Place {
    /// The folder called `name`, which no other test may use.
    pub fn new(name: &str) -> Self {
        let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        if place.exists() {
            std::fs::remove_dir_all(&place).unwrap();
        }
        std::fs::create_dir_all(&place).unwrap();
        Self(place)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The names of the files, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let name = |e: std::io::Result<std::fs::DirEntry>| e.unwrap().file_name();
        let mut names: Vec<String> = entries.map(|e| name(e).into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The command with `words` as arguments, in this folder.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cognate"));
        command.args(words.split_whitespace()).current_dir(&self.0);
        command
    }

    /// Runs it.
    pub fn run(&self, words: &str) -> Done {
        Done(self.command(words).output().unwrap())
    }

    /// Runs it with `input` on stdin.
    pub fn run_with(&self, words: &str, input: &str) -> Done {
        let mut command = self.command(words);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that refuses its arguments may have closed its stdin already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Done(child.wait_with_output().unwrap())
    }

    /// Runs it, which must succeed, and gives its stdout.
    pub fn ok(&self, words: &str) -> String {
        let done = self.run(words);
        assert_eq!(done.code(), 0, "{words}: {}", done.errors());
        done.output()
    }

    /// Runs it, which must fail with `code` and one line on stderr that has all of `parts`, and nothing on stdout.
    pub fn fails(&self, words: &str, code: i32, parts: &[&str]) {
        let done = self.run(words);
        let line = done.failure();
        assert_eq!(done.code(), code, "{words}: {line}");
        for part in parts {
            assert!(line.contains(part), "{words}: {line:?} lacks {part:?}");
        }
        assert_eq!(done.output(), "", "{words}");
    }
}

/// What a run left.
pub struct Done(pub Output);

impl Done {
    pub fn code(&self) -> i32 {
        self.0.status.code().expect("an exit code, not a signal")
    }

    pub fn output(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn errors(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// The line that says what went wrong, of which there is one. What the targets are may have been said before.
    pub fn failure(&self) -> String {
        let errors = self.errors();
        assert!(!errors.contains("panicked"), "{errors}");
        let said = |line: &&str| !line.starts_with("predicting ");
        let lines: Vec<&str> = errors.lines().filter(said).collect();
        assert_eq!(lines.len(), 1, "{errors}");
        assert!(lines[0].starts_with("cognate: "), "{errors}");
        lines[0].to_owned()
    }
}
