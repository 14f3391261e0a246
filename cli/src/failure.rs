//! Why the command stopped: one line on stderr and an exit code.
//!
//! ```text
//! 0     done (also when the reader of our output went away)
//! 1     the data, a file or the machine is at fault
//! 2     the command line is at fault
//! 130   interrupted (see `crate::signal`)
//! ```

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

/// A reason to stop.
#[derive(Debug)]
pub enum Failure {
    /// The command line asks for something that there is not.
    Usage(String),
    /// Anything else: names the file, line and column.
    Other(String),
    /// Whoever read our output has closed it: nothing is left to say.
    ClosedPipe,
}

/// `Result` with a [`Failure`].
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// Something about `place` (a file's name) is wrong.
    pub fn at(place: impl Display, what: impl Display) -> Self {
        Self::Other(format!("{place}: {what}"))
    }

    /// Reading from `place` failed.
    pub fn reading(place: impl Display, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::at(place, "there is no such file"),
            io::ErrorKind::IsADirectory => Self::at(place, "is a folder, not a file"),
            _ => Self::at(place, format_args!("cannot be read: {error}")),
        }
    }

    /// Writing to `place` failed.
    pub fn writing(place: impl Display, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::at(place, format_args!("cannot be written: {error}")),
        }
    }

    /// Says it, and gives the exit code.
    pub fn report(self) -> ExitCode {
        match self {
            Self::ClosedPipe => ExitCode::SUCCESS,
            Self::Usage(line) => say(&line, 2),
            Self::Other(line) => say(&line, 1),
        }
    }
}

fn say(line: &str, code: u8) -> ExitCode {
    // A column's name may hold a line break; the message stays one line.
    eprintln!("cognate: {}", line.replace(['\n', '\r'], " "));
    ExitCode::from(code)
}
