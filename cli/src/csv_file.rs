//! Reading a CSV: a header, then rows of as many cells, each kept with its line so that a fault can be named.
//!
//! A cell is empty if it has nothing but space, or one of the `--na` words. Which columns are numbers and which are text is decided by
//! `cognate::data::table`; here lines, columns and hints are added to what it says.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use cognate::data::datasets::names;
use cognate::data::table::{Column, Table};
use csv::{ReaderBuilder, StringRecord};

use crate::failure::{Failure, Result};

/// How the file is written.
#[derive(Clone, Debug, Default)]
pub struct Format {
    /// Between two cells.
    pub delimiter: Option<u8>,
    /// Words that mean an empty cell.
    pub empty_words: Vec<String>,
}

/// A whole file: the names of its columns and the texts of its cells.
#[derive(Debug)]
pub struct CsvFile {
    place: String,
    header: Vec<String>,
    records: Vec<StringRecord>,
    /// The line where each record begins.
    lines: Vec<u64>,
    format: Format,
}

/// What a message adds where a cell is at fault: how to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// The column is to be a feature.
    Feature,
    /// The column is the target.
    Target,
    /// There is nothing to choose.
    None,
}

impl CsvFile {
    /// Reads the file at `path`, or stdin for `-`.
    pub fn read(path: &Path, format: &Format) -> Result<Self> {
        let place = match path.to_str() {
            Some("-") => "stdin".to_owned(),
            _ => path.display().to_string(),
        };
        let bytes = match path.to_str() {
            Some("-") => read_stdin(),
            _ => fs::read(path),
        };
        let bytes = bytes.map_err(|e| match e.kind() {
            io::ErrorKind::NotFound if names().any(|name| place == name) => Failure::at(
                &place,
                format_args!("there is no such file; to have the bundled set: cognate datasets {place} -o {place}.csv"),
            ),
            _ => Failure::reading(&place, &e),
        })?;
        Self::parse(&bytes, &place, format)
    }

    fn parse(bytes: &[u8], place: &str, format: &Format) -> Result<Self> {
        let mut reader = ReaderBuilder::new()
            .delimiter(format.delimiter.unwrap_or(b','))
            .from_reader(bytes);
        let mut count = LineCount::new(bytes);
        let header = reader.headers().map_err(|e| fault(place, &mut count, &e))?;
        let header = column_names(header, place)?;
        let (mut records, mut lines) = (Vec::new(), Vec::new());
        for record in reader.records() {
            let record = record.map_err(|e| fault(place, &mut count, &e))?;
            lines.push(record.position().map_or(0, |p| count.line_at(p.byte())));
            records.push(record);
        }
        if records.is_empty() {
            return Err(Failure::at(place, "has a header, but no rows"));
        }
        Ok(Self {
            place: place.to_owned(),
            header,
            records,
            lines,
            format: format.clone(),
        })
    }

    /// The file's name, for messages.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The columns' names.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.records.len()
    }

    /// Where the column called `name` stands.
    pub fn find(&self, name: &str) -> Result<usize> {
        let place = self.header.iter().position(|n| n == name);
        place.ok_or_else(|| {
            let names = self.header.join(", ");
            Failure::at(
                &self.place,
                format_args!("there is no column {name:?}; there are {names}"),
            )
        })
    }

    /// Cells of one column, `None` where empty.
    fn cells(&self, column: usize) -> impl Iterator<Item = Option<&str>> + Clone {
        self.records.iter().map(move |record| {
            let cell = &record[column];
            let word = cell.trim();
            let empty = word.is_empty() || self.format.empty_words.iter().any(|w| w == word);
            (!empty).then_some(cell)
        })
    }

    /// The column called `name`, of numbers or of text as its cells say.
    pub fn column(&self, name: &str, hint: Hint) -> Result<Column> {
        let cells = self.cells(self.find(name)?);
        Column::parse(name, cells).map_err(|e| self.fault(&e, hint))
    }

    /// The column called `name` as text, whatever its cells hold.
    pub fn text_column(&self, name: &str) -> Result<Column> {
        Ok(Column::text(name, self.cells(self.find(name)?)))
    }

    /// A table of `columns` of this file.
    pub fn table(&self, columns: Vec<Column>) -> Result<Table> {
        Table::new(columns).map_err(|e| self.fault(&e, Hint::None))
    }

    /// The library's `error` with this file's name and line.
    pub fn fault(&self, error: &cognate::Error, hint: Hint) -> Failure {
        let cognate::Error::Column {
            name,
            row,
            found,
            problem,
        } = error
        else {
            return library_fault(&self.place, error);
        };
        let mut line = self.place.clone();
        if let Some(number) = row.and_then(|row| self.lines.get(row)) {
            line.push_str(&format!(", line {number}"));
        }
        if let Some(column) = self.header.iter().position(|n| n == name) {
            line.push_str(&format!(", column {}", column + 1));
        }
        line.push_str(&format!(" ({name}): "));
        if let Some(found) = found {
            line.push_str(&format!("{} ", quoted(found)));
        }
        line.push_str(problem);
        line.push_str(&hint.text(name, row.is_some(), found.as_deref()));
        Failure::Other(line)
    }

    /// As [`CsvFile::fault`], for an error about a table whose row `i` is row `rows[i]` of the file.
    pub fn fault_in(&self, rows: &[usize], error: &cognate::Error, hint: Hint) -> Failure {
        let mut error = error.clone();
        if let cognate::Error::Column { row: Some(row), .. } = &mut error {
            *row = rows[*row];
        }
        self.fault(&error, hint)
    }

    /// The failure of one cell that the command itself finds wrong.
    pub fn cell_fault(&self, name: &str, row: usize, problem: &'static str) -> Failure {
        let cell = self.header.iter().position(|n| n == name);
        let found = cell.map(|c| self.records[row][c].to_owned());
        let error = cognate::Error::Column {
            name: name.to_owned(),
            row: Some(row),
            found: found.filter(|f| !f.is_empty()),
            problem,
        };
        self.fault(&error, Hint::None)
    }
}

/// A cell's text in quotation marks, shortened.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(60) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}..", &text[..end]),
    }
}

impl Hint {
    /// For a column, or for a `cell` of it, with what it holds.
    fn text(self, name: &str, cell: bool, found: Option<&str>) -> String {
        let word = found.map(|text| quoted(text.trim()));
        match (self, word) {
            (Self::None, _) | (Self::Target, None) => String::new(),
            (Self::Target, Some(word)) => {
                format!(" (--na {word} if that is no label, --classify makes it a class)")
            }
            (Self::Feature, Some(word)) => format!(
                " (--na {word} if that is empty, --categorical {name} makes a category, --drop {name} leaves it out)"
            ),
            (Self::Feature, None) if cell => {
                format!(" (--impute mean or --impute median; --drop {name} leaves the column out)")
            }
            (Self::Feature, None) => format!(" (--drop {name} leaves it out)"),
        }
    }
}

/// The library's `error` about the file at `place`, or about the command line.
pub fn library_fault(place: &str, error: &cognate::Error) -> Failure {
    match error {
        cognate::Error::Setting { .. } => Failure::Usage(error.to_string()),
        _ => Failure::at(place, error),
    }
}

fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Counts lines from one record to the next. The reader's own count stands before the blank lines that it skips.
struct LineCount<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> LineCount<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            line: 1,
        }
    }

    /// The line of the first record that begins at `start` or behind blank lines there. `start` must not go back.
    fn line_at(&mut self, start: u64) -> u64 {
        while let Some(byte) = self.bytes.get(self.at) {
            if self.at as u64 >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

/// The names of the columns: there are some, each once.
fn column_names(record: &StringRecord, place: &str) -> Result<Vec<String>> {
    let names: Vec<String> = record.iter().map(|name| name.trim().to_owned()).collect();
    if names.is_empty() {
        return Err(Failure::at(place, "is empty: a header is needed"));
    }
    for (i, name) in names.iter().enumerate() {
        let fault = |what| {
            let column = i + 1;
            Err(Failure::Other(format!(
                "{place}, line 1, column {column}: {what}"
            )))
        };
        if name.is_empty() {
            return fault("the column has no name".to_owned());
        }
        if names[..i].contains(name) {
            return fault(format!("the name {name:?} comes twice"));
        }
    }
    Ok(names)
}

/// What the reader says of a record, with its line.
fn fault(place: &str, count: &mut LineCount<'_>, error: &csv::Error) -> Failure {
    let line = error.position().map_or(1, |p| count.line_at(p.byte()));
    match error.kind() {
        csv::ErrorKind::Utf8 { err, .. } => Failure::Other(format!(
            "{place}, line {line}, column {}: not UTF-8",
            err.field() + 1
        )),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => Failure::Other(format!(
            "{place}, line {line}: {len} cells, but the header has {expected_len}"
        )),
        _ => Failure::Other(format!("{place}, line {line}: {error}")),
    }
}
