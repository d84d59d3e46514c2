//! Bad rows for a person to look at: masked, and written to a file that a spreadsheet can open.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use super::Bad;
use crate::error::{Error, Result};
use crate::text::{mask, spreadsheet_safe, visible};

/// How much of a bad row is shown. The line number leads to the rest.
pub(super) const SHOWN: usize = 256;

/// A row as it may be shown: its shape stays, everything in it is masked.
pub fn mask_row(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(&raw[..raw.len().min(SHOWN)]);
    let mut shown = String::with_capacity(64);
    let mut word = String::new();
    for c in text.trim_end().chars() {
        if c.is_whitespace() || matches!(c, ',' | ';' | '|' | '"' | ':' | '{' | '}' | '[' | ']') {
            push_masked(&mut shown, &mut word);
            shown.push(if c.is_whitespace() { ' ' } else { c });
        } else {
            word.push(if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
        }
    }
    push_masked(&mut shown, &mut word);
    if raw.len() > SHOWN {
        shown.push('…');
    }
    shown
}

fn push_masked(shown: &mut String, word: &mut String) {
    if !word.is_empty() {
        shown.push_str(&mask(word));
        word.clear();
    }
}

/// The first line of a report.
pub const REJECT_HEADER: &str = "line,column,reason,row,file";

/// A CSV file with one line for each bad row. It is written as rows come, so an interrupted run leaves what it found.
#[derive(Debug)]
pub struct RejectReport {
    path: PathBuf,
    csv: csv::Writer<BufWriter<File>>,
}

impl RejectReport {
    /// Writes the header to an empty file: an empty report says that nothing was bad.
    ///
    /// # Errors
    ///
    /// Exit 10 when the disk takes no more.
    pub fn begin(path: &Path, file: File) -> Result<Self> {
        let csv = csv::Writer::from_writer(BufWriter::new(file));
        let mut report = Self { path: path.to_owned(), csv };
        report.write(REJECT_HEADER.split(','))?;
        report.flush()?;
        Ok(report)
    }

    /// # Errors
    ///
    /// Exit 10 when the disk takes no more.
    pub fn add(&mut self, bad: &Bad) -> Result<()> {
        let line = bad.line.to_string();
        self.write([&line, bad.column.as_deref().unwrap_or(""), &bad.reason, &bad.row, &bad.file])
    }

    /// # Errors
    ///
    /// Exit 10 when the disk takes no more.
    pub fn flush(&mut self) -> Result<()> {
        self.csv.flush().map_err(|error| write_failed(&self.path, &error))
    }

    fn write<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) -> Result<()> {
        // A bad row may hold anything; it stays one line.
        let shown: Vec<_> = cells.into_iter().map(visible).collect();
        let safe = shown.iter().map(|cell| spreadsheet_safe(cell));
        self.csv.write_record(safe.map(Cow::into_owned)).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => write_failed(&self.path, &error),
            _ => Error::internal("can't write a row of the reject report"),
        })
    }
}

fn write_failed(path: &Path, error: &io::Error) -> Error {
    Error::ledger(format!("can't write the reject report {}", path.display())).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_row_keeps_its_shape_and_hides_its_words() {
        for (raw, shown) in [
            ("12348141984909088,Anna\n", "1234…88,…(4)"),
            ("\"12348141984909088\";x", "\"1234…88\";…(1)"),
            ("{\"token\":\"12348141984909088\"", "{\"…(5)\":\"1234…88\""),
            ("a\u{1b}[31m", "…(2)[…(3)"),
            ("", ""),
        ] {
            assert_eq!(mask_row(raw.as_bytes()), shown);
        }
        let long = mask_row(&b"1234567890123456,".repeat(1000));
        assert!(long.ends_with('…') && long.len() < 400, "{long}");
        assert!(mask_row(b"\xff\xfe12348141984909088").contains("…88"));
    }

    #[test]
    fn the_report_is_safe_in_a_spreadsheet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.csv");
        let mut report = RejectReport::begin(&path, File::create(&path).unwrap()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "line,column,reason,row,file\n");
        report
            .add(&Bad {
                line: 7,
                column: Some("=cmd()".to_owned()),
                reason: "a\u{1b}b".to_owned(),
                row: "-x,\"y\"".to_owned(),
                file: "-".to_owned(),
            })
            .unwrap();
        drop(report);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "line,column,reason,row,file\n7,'=cmd(),a\\u{1b}b,\"'-x,\"\"y\"\"\",-\n");
    }
}
