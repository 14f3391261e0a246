//! Output: results to stdout or to a file, which is written beside its place and renamed when it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::signal::{begin_temporary, end_temporary};

/// Writes by `write` to `path`, or to stdout where there is none. A file appears only once all of it is written.
pub fn write_to(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    match path {
        Some(path) => replace(path, write),
        None => print(write),
    }
}

/// Writes by `write` to stdout.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(|e| Failure::writing("stdout", &e))
}

/// Prints a JSON value and a line's end.
pub fn print_json(value: &serde_json::Value) -> Result<()> {
    print(|out| writeln!(out, "{value:#}"))
}

fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let fault = |e: io::Error| Failure::writing(path.display(), &e);
    // The file that a link leads to is replaced, not the link; a pipe or a device is written as it is.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&place).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        let device = OpenOptions::new().write(true).open(&place);
        return device.and_then(|d| fill(d, write)).map_err(fault);
    }
    if place.is_dir() || place.file_name().is_none() {
        return Err(Failure::at(path.display(), "is a folder, not a file"));
    }
    let beside = beside(&place);
    let file = begin_temporary(&beside, || create(&beside));
    let written = file.and_then(|file| {
        fill(&file, write)?;
        file.sync_all()
    });
    end_temporary(&beside, || {
        let renamed = written.and_then(|()| fs::rename(&beside, &place));
        if renamed.is_err() {
            let _ = fs::remove_file(&beside);
        }
        renamed
    })
    .map_err(fault)
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

fn fill(file: impl Write, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.flush()
}

/// A hidden new name in the same folder, so that the rename stays on one file system.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A run that was killed may have left one: names are tried until one is free.
    let process = std::process::id();
    let hidden = |n| path.with_file_name(format!(".{name}.{process}.{n}"));
    let mut names = (0_u32..).map(hidden);
    names.find(|p| !p.exists()).unwrap_or_else(|| hidden(0))
}

/// What went wrong below a CSV writer, so that a closed pipe is known for one.
pub fn csv_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
